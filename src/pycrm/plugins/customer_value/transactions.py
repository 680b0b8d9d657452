"""Aspect T, transactions (交易情况): what a customer buys, how often and how steadily."""

from __future__ import annotations

from pycrm.scoring import (
    YEAR,
    Bands,
    Indicator,
    Linear,
    Percentile,
    as_of,
    count,
    days_between,
    greatest,
    let,
    named,
    ratio,
    smallest,
    total,
    zero,
)
from pycrm.scoring.feeds import purchases, transactions

__all__ = ["INDICATORS"]

_bought = purchases.net > 0
amount = let(zero(total(transactions.net, within=YEAR)))
number = let(zero(count(purchases, where=_bought, within=YEAR)))
_first, _last = smallest(purchases.on, where=_bought), greatest(purchases.on, where=_bought)
_ever = count(purchases, where=_bought)

INDICATORS = (
    Indicator("T01", "Number of purchases", "采购次数", "T", "count", number, Linear(0, 24)),
    Indicator("T02", "Purchase amount", "交易额", "T", "money", amount, Percentile()),
    Indicator(
        "T04",
        "Average purchase value",
        "平均采购额",
        "T",
        "money",
        ratio(amount, number),
        Percentile(),
        "zero",
    ),
    Indicator(
        *("T06", "Recency", "最近采购距今", "T", "days", days_between(_last, as_of())),
        Bands((0, 100), (31, 80), (61, 60), (121, 40), (241, 20), (366, 0)),
        "zero",
    ),
    Indicator(
        *("T08", "Mean interval", "平均间隔", "T", "days", ratio(days_between(_first, _last), _ever - 1)),
        Linear(180, 15),
    ),
    Indicator(
        *("T10", "Overdue ratio of next purchase", "逾期比", "T", "ratio", ratio(named("T06"), named("T08"))),
        Linear(3, 1),
    ),
)
