"""What each customer is expected to bring within some time, discounted."""

from __future__ import annotations

import numpy as np

from pycrm.plugins.customer_value.clv.bgnbd import BgNbd
from pycrm.plugins.customer_value.clv.exact import invalid
from pycrm.plugins.customer_value.clv.gammagamma import GammaGamma
from pycrm.plugins.customer_value.clv.history import Counts, Histories, Spending

__all__ = ["lifetime_values"]


def lifetime_values(
    purchases: BgNbd,
    amounts: GammaGamma,
    histories: Histories,
    spending: Spending,
    *,
    periods: int,
    length: float = 1.0,
    rate: float = 0.0,
) -> Counts:
    """The expected amount of a purchase times the purchases expected in each period, discounted to today.

    The sum over k = 1 to `periods` of m * (E(k) - E(k - 1)) / (1 + rate)^k, where m is the expected amount
    and E(k) are the purchases expected until the end of the k-th period (Fader, Hardie and Lee, RFM and CLV,
    Journal of Marketing Research 42 (2005), page 415, with the horizon cut off).

    Args:
        purchases, amounts: the fitted models.
        histories, spending: one row a customer each, in the same order.
        periods: how many periods to look ahead.
        length: of a period, in the unit of time of the histories; 52 / 12 for months where it is weeks.
        rate: of discount by the period; 0.01 is 1 %.

    Returns:
        Minor units, rounded once, one value a row.

    Raises:
        InvalidError: the rows do not belong together, a number is out of its range, or a row has no expectation.
    """
    if len(histories) != len(spending) or np.any(histories.frequency != spending.frequency):
        raise invalid(
            "spending", "histories and spending have the same rows, with the same frequency", "rule"
        )
    if periods < 1:
        raise invalid("periods", f"a value is expected over one period at least, not {periods}")
    if not 0 < length < np.inf:
        raise invalid("length", f"a period has a length above 0, not {length}")
    if not -1 < rate < np.inf:
        raise invalid("rate", f"a rate of discount lies above -1, not at {rate}")
    found = np.zeros(len(histories))
    until_now = np.zeros(len(histories))
    for number in range(1, periods + 1):
        until_then = purchases.expected_purchases(histories, number * length)
        found += (until_then - until_now) / (1 + rate) ** number
        until_now = until_then
    return np.floor(found * amounts.expected_amount(spending) + 0.5).astype(np.int64)
