"""Recency, frequency and money in points of 1 to 5 by bands (VAL-13).

The bands follow Hughes, Strategic Database Marketing (1994): what a customer did last, how often and
for how much, each cut into five.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

import attrs

from pycrm.plugins.customer_value.clv.exact import invalid

__all__ = ["Band", "Bands", "Dimension", "Rfm"]


class Dimension(StrEnum):
    """What a band cuts."""

    RECENCY = "R"
    FREQUENCY = "F"
    MONEY = "M"


@attrs.frozen
class Band:
    """The points of whoever lies above `above` and not above `up_to`.

    Args:
        dimension: recency in days since the last purchase, frequency in purchases, money in minor units.
        points: 1 (worst) to 5 (best).
        above: the bound that lies outside; the lowest band begins at 0 and holds 0 and less, too.
        up_to: the bound that lies inside; None for the highest band.
        channel: through which was bought; None is for every channel without bands of its own.
    """

    dimension: Dimension
    points: int
    above: int
    up_to: int | None = None
    channel: str | None = None


@attrs.frozen
class Rfm:
    """Points of 1 to 5 for recency, frequency and money."""

    recency: int
    frequency: int
    money: int

    @property
    def code(self) -> str:
        """The three digits side by side, such as ``345``."""
        return f"{self.recency}{self.frequency}{self.money}"


Place = tuple[Dimension, str | None]


@attrs.frozen
class Bands:
    """A whole set of bands, and the points that they give.

    Args:
        bands: for each dimension and channel without gap or overlap from 0 upward without end.

    Raises:
        InvalidError: bands overlap, leave a gap, do not begin at 0 or end; points lie outside 1 to 5;
            a channel has no bands for a dimension, neither its own nor those of every channel.

    >>> days = [(0, 30, 5), (30, 60, 4), (60, 120, 3), (120, 240, 2), (240, None, 1)]
    >>> cut = [(Dimension.RECENCY, *one) for one in days]
    >>> cut += [(Dimension.FREQUENCY, 0, 2, 1), (Dimension.FREQUENCY, 2, None, 4)]
    >>> cut += [(Dimension.MONEY, 0, 1_000_000, 1), (Dimension.MONEY, 1_000_000, None, 5)]
    >>> bands = Bands(Band(which, points, low, high) for which, low, high, points in cut)
    >>> bands.points(recency=81, frequency=4, money=2_000_000).code
    '345'
    """

    bands: tuple[Band, ...] = attrs.field(converter=tuple)
    _ladders: Mapping[Place, list[Band]] = attrs.field(init=False, eq=False, repr=False)

    @_ladders.default
    def _checked(self) -> Mapping[Place, list[Band]]:
        ladders: dict[Place, list[Band]] = {}
        for band in sorted(self.bands, key=lambda one: one.above):
            ladders.setdefault((band.dimension, band.channel), []).append(band)
        for place, ladder in ladders.items():
            _check(place, ladder)
        for channel in {None} | {band.channel for band in self.bands}:
            for which in Dimension:
                if (which, channel) not in ladders and (which, None) not in ladders:
                    raise invalid(
                        f"bands/{which}", f"there are no bands {_name((which, channel))}", "required"
                    )
        return ladders

    def points(self, *, recency: int | None, frequency: int, money: int, channel: str | None = None) -> Rfm:
        """The points of one customer; 1, 1, 1 for one who has bought nothing.

        Args:
            recency: days since the last purchase, or None where there is none.
            frequency: purchases.
            money: net sales in minor units; less than nothing where more came back than was bought.
            channel: through which was bought.

        Raises:
            InvalidError: recency or frequency is negative, or there are purchases and no last one.
        """
        if frequency < 0:
            raise invalid("frequency", f"a number of purchases is not negative: {frequency}")
        if frequency == 0:
            return Rfm(1, 1, 1)
        if recency is None or recency < 0:
            raise invalid("recency", f"the last of {frequency} purchases was not {recency} days ago")
        values = zip(Dimension, (recency, frequency, money), strict=True)
        return Rfm(*(self._of(which, channel, value) for which, value in values))

    def _of(self, which: Dimension, channel: str | None, value: int) -> int:
        ladder = self._ladders.get((which, channel)) or self._ladders[which, None]
        return next(band.points for band in ladder if band.up_to is None or value <= band.up_to)


def _name(place: Place) -> str:
    dimension, channel = place
    return f"of {dimension.name.lower()} for {'every channel' if channel is None else channel}"


def _check(place: Place, ladder: list[Band]) -> None:
    """One dimension of one channel, its bands from low to high."""
    path, name = f"bands/{place[0]}", _name(place)
    for band in ladder:
        if not 1 <= band.points <= 5:
            raise invalid(path, f"points are 1 to 5, not {band.points}: bands {name}")
        if band.up_to is not None and band.up_to <= band.above:
            raise invalid(path, f"the band above {band.above} up to {band.up_to} holds nothing: bands {name}")
    if ladder[0].above != 0:
        raise invalid(path, f"the lowest of the bands {name} begins at {ladder[0].above}, not at 0")
    for lower, upper in pairwise(ladder):
        if lower.up_to is None or lower.up_to > upper.above:
            raise invalid(path, f"bands {name} overlap above {upper.above}")
        if lower.up_to < upper.above:
            raise invalid(path, f"bands {name} leave a gap from {lower.up_to} to {upper.above}")
    if ladder[-1].up_to is not None:
        raise invalid(path, f"the highest of the bands {name} ends at {ladder[-1].up_to}")
