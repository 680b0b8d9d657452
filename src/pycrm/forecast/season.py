"""How much of a year falls on one of its quarters, by what was won in the years before (PIP-11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import attrs

from pycrm.forecast.closing import Win
from pycrm.forecast.period import Period

__all__ = ["Season", "season", "total"]

_DAY = timedelta(days=1)
_EVEN = Decimal("1.00")


@attrs.frozen
class Season:
    """A seasonal index to 2 places: 1.00 where all periods of a year are alike, or nothing is known."""

    index: Decimal
    years: int

    @property
    def note(self) -> str:
        """Of what it was made, in words."""
        if not self.years:
            return "fewer than one full year of history: no season is known"
        return f"of {self.years} year{'' if self.years == 1 else 's'}"


def total(won: Iterable[Win], period: Period) -> int:
    """What was won in a period, in minor units of the one currency."""
    return sum(one.units for one in won if one.on in period)


def season(won: Sequence[Win], period: Period, years: int) -> Season:
    """The mean part that the same period had in each year before it, times their number in a year.

    A year is twelve months that end before the period of a later year begins; it counts where
    history began with it or before. Periods that do not divide a year have no season.
    """
    months = period.months
    if not won or months is None or 12 % months:
        return Season(_EVEN, 0)
    begun, number = min(one.on for one in won), 12 // months
    shares = []
    for ago in range(1, years + 1):
        same = period.before(ago * number)
        year = Period(same.since, period.before((ago - 1) * number).since - _DAY)
        whole = total(won, year)
        if begun <= year.since and whole:
            shares.append(Fraction(total(won, same), whole))
    if not shares:
        return Season(_EVEN, 0)
    index = sum(shares, Fraction()) / len(shares) * number
    exact = Decimal(index.numerator) / Decimal(index.denominator)
    return Season(exact.quantize(_EVEN, ROUND_HALF_UP), len(shares))
