"""Aspect F, financial contribution (财务贡献): what a customer owes, how it pays, and what that costs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.plugins.customer_value.finance import above, margin, revenue
from pycrm.plugins.customer_value.transactions import amount
from pycrm.scoring import (
    YEAR,
    Bands,
    Indicator,
    Linear,
    Percentile,
    Window,
    as_of,
    count,
    days_between,
    let,
    month_ended,
    month_number,
    one,
    percent,
    ratio,
    smallest,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    credit_limit,
    exposures,
    holds,
    items,
    prepaid,
    receipts,
    receivables,
    settlements,
)

__all__ = ["FINANCING_RATE", "INDICATORS", "LOSS_RATES"]

FINANCING_RATE = 0.06
"""The interest of a year on what customers owe (F29)."""

LOSS_RATES = ((90, 0.106), (60, 0.066), (30, 0.036), (0, 0.016), (None, 0.003))
"""What share of an open item is lost, by how many days it is past due: more than 90, 60, 30, 0, or not due.

The provision matrix of IFRS 9 Financial Instruments, Illustrative Examples, Example 12, IE74-IE77.
"""

_open = sa.case((items.open > 0, items.open))
_overdue = sa.and_(items.open > 0, items.due_on < as_of())
_late = days_between(items.due_on, as_of())

balance = let(zero(total(_open)))
overdue = let(zero(total(items.open, where=_overdue)))


def _expected_loss() -> Any:
    """Open items by their loss rates, summed in thousandths so that they stay whole numbers."""
    steps = [(_late > days, round(rate * 1000)) for days, rate in LOSS_RATES if days is not None]
    return ratio(zero(total(_open * sa.case(*steps, else_=round(LOSS_RATES[-1][1] * 1000)))), 1000)


def _over_month_ends(feed: Any) -> Any:
    """What the feed adds up to at the last twelve ends of months, all twelve together.

    An entry counts at each end of a month from its own month on; so nothing is summed twelve times.
    """
    held = month_ended() - month_number(feed.on) + 1
    times = sa.case((held > 12, 12), (held > 0, held), else_=0)
    return zero(total(feed.amount * times))


_mean_balance = let(ratio(_over_month_ends(receivables) - _over_month_ends(settlements), 12))
_financing = let(_mean_balance * FINANCING_RATE)

_fell_due = {"within": YEAR, "by": items.due_on}
_due = sa.case((items.due > 0, items.due), else_=0)
# What a credit note took off after it was paid is no longer due, and so no longer paid.
_in_time = sa.case((items.in_time > _due, _due), else_=items.in_time)
_paid = sa.case((items.paid > _due, _due), else_=items.paid)
_is_due = items.due_on <= as_of()

_payment: Any = {"where": settlements.kind == "payment", "within": YEAR, "by": settlements.paid_on}
_delay = days_between(settlements.due_on, settlements.paid_on)
_waited = settlements.amount * sa.case((_delay > 0, _delay), else_=0)

_written_off = zero(total(settlements.amount, where=settlements.kind == "loss", within=Window(3 * 365)))


def _received(where: Any) -> Any:
    return zero(total(receipts.amount, where=where, within=YEAR))


INDICATORS = (
    Indicator(
        *("F15", "Receivable balance", "应收余额", "F", "money", balance),
        Percentile(falling=True),
    ),
    Indicator("F16", "Overdue balance", "逾期余额", "F", "money", overdue, Percentile(falling=True)),
    Indicator(
        *("F17", "Overdue ratio", "逾期率", "F", "%", zero(percent(overdue, balance))),
        Linear(50, 0),
    ),
    Indicator(
        *("F18", "Oldest overdue", "最长逾期天数", "F", "days"),
        zero(days_between(smallest(items.due_on, where=_overdue), as_of())),
        Linear(90, 0),
    ),
    Indicator(
        *("F19", "Days sales outstanding", "应收账款周转天数", "F", "days"),
        ratio(_mean_balance, above(revenue)) * 365,
        Linear(120, 15),
    ),
    Indicator(
        *("F20", "Paid on time", "按期付款率", "F", "%"),
        percent(total(_in_time, **_fell_due), total(_due, **_fell_due)),
        Linear(50, 100),
    ),
    Indicator(
        *("F21", "Mean delay", "平均付款延迟", "F", "days"),
        ratio(total(_waited, **_payment), above(total(settlements.amount, **_payment))),
        Linear(60, 0),
    ),
    Indicator(
        *("F22", "Collection rate", "回款率", "F", "%"),
        percent(
            total(_paid, where=_is_due, within=YEAR),
            total(_due, where=_is_due, within=YEAR),
        ),
        Linear(50, 100),
    ),
    Indicator(
        *("F23", "Use of credit limit", "信用额度使用率", "F", "%"),
        percent(balance + zero(total(exposures.amount)), above(one(credit_limit.amount))),
        Linear(120, 30),
    ),
    Indicator(
        *("F24", "Credit holds", "信用冻结次数", "F", "count", zero(count(holds, within=YEAR))),
        Linear(5, 0),
    ),
    Indicator(
        *("F25", "Written off", "坏账核销", "F", "money"),
        sa.case((_written_off > 0, _written_off), else_=0),
        Bands((0, 100), (1, 0)),
    ),
    Indicator(
        *("F26", "Advance share", "预付款占比", "F", "%"),
        percent(_received(receipts.is_advance.is_(True)), above(amount)),
        Linear(0, 50),
    ),
    Indicator(
        *("F29", "Financing cost", "资金占用成本", "F", "money", _financing),
        Percentile(falling=True),
    ),
    Indicator(
        *("F30", "Risk-adjusted margin", "风险调整后毛利", "F", "money"),
        margin - _financing - _expected_loss(),
        Percentile(),
    ),
    Indicator(
        *("F33", "Refund ratio", "退款率", "F", "%"),
        percent(-_received(receipts.is_refund.is_(True)), above(_received(receipts.is_refund.is_(False)))),
        Linear(10, 0),
    ),
    Indicator("F36", "Prepaid balance", "预付余额", "F", "money", zero(total(prepaid.amount)), Percentile()),
)
