"""The risk that a customer is lost, from the customer's own intervals between purchases."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import attrs

from pycrm.plugins.customer_value.clv.exact import two_places

__all__ = ["Churn", "churn_risk"]

_FEWEST = 3
# A history of some purchases cannot prove more regularity than this, and the sum stays short.
_MOST_REGULAR = 20


@attrs.frozen
class Churn:
    """How unusual the silence of a customer is, beside the intervals before it.

    Args:
        purchases: different days of purchase up to the day that was asked for.
        silence: days since the last of them; None where there is none.
        interval: mean days between purchases, to 2 places; None where there are too few.
        regularity: 1 for purchases at random times, more for regular ones; None where there are too few.
        risk: percent, to 2 places; None where there are too few.
    """

    purchases: int
    silence: int | None
    interval: Decimal | None = None
    regularity: int | None = None
    risk: Decimal | None = None

    @property
    def is_too_few(self) -> bool:
        """Whether fewer than 3 purchases are known, of which nothing is said."""
        return self.risk is None


def churn_risk(days: Iterable[date], as_of: date) -> Churn:
    """100 % less the probability that one of the customer's intervals is as long as the silence or longer.

    Intervals are taken to be Erlang-k distributed with the customer's own mean m (Chatfield and
    Goodhardt, A Consumer Purchasing Model with Erlang Inter-Purchase Times, Journal of the American
    Statistical Association 68 (1973), page 828; Platzer and Reutterer, Ticking Away the Moments,
    Marketing Science 35 (2016), page 779). An interval lasts e days or longer with the probability
    exp(-y) * (1 + y + y^2/2! + ... + y^(k-1)/(k-1)!), where y = k * e / m. The regularity k is m^2 / s^2
    rounded down, with s^2 the sample variance; it is at least 1 (no memory), and at most the number of
    intervals and 20, since few intervals prove little.

    Args:
        days: of purchases; one day counts once, days after `as_of` do not count.
        as_of: the day on which the customer has been silent since the last purchase.

    Returns:
        The risk and what it was made of; of fewer than 3 purchases no risk.

    >>> monthly = [date(2026, 1, 10), date(2026, 2, 9), date(2026, 3, 11), date(2026, 4, 10)]
    >>> churn_risk(monthly, date(2026, 6, 30)).risk
    Decimal('98.73')
    """
    known = sorted({day for day in days if day <= as_of})
    silence = (as_of - known[-1]).days if known else None
    if silence is None or len(known) < _FEWEST:
        return Churn(len(known), silence)
    gaps = [(later - earlier).days for earlier, later in pairwise(known)]
    mean = Fraction(sum(gaps), len(gaps))
    regularity = _regularity(gaps, mean)
    risk = 1 - _lasts(float(silence / mean * regularity), regularity)
    return Churn(
        len(known), silence, two_places(mean), regularity, two_places(Fraction(max(0.0, risk)) * 100)
    )


def _regularity(gaps: list[int], mean: Fraction) -> int:
    most = min(len(gaps), _MOST_REGULAR)
    spread = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1)
    return max(1, min(most, math.floor(mean**2 / spread))) if spread else most


def _lasts(y: float, k: int) -> float:
    """The survival function of the Erlang distribution, at y in units of its rate."""
    term = math.exp(-y)
    kept = term
    for number in range(1, k):
        term *= y / number
        kept += term
    return kept
