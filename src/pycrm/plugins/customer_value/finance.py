"""Aspect F, financial contribution (财务贡献): what is earned by a customer, and what it costs.

What is owed and how it is paid stands in `collection`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.plugins.customer_value.clv.expectation import INTEREST, RETENTION, years_ahead
from pycrm.plugins.customer_value.transactions import amount
from pycrm.scoring import (
    LAST_YEAR,
    LIFE,
    YEAR,
    Indicator,
    Linear,
    Percentile,
    Window,
    as_of,
    count,
    days_between,
    let,
    month_number,
    named,
    one,
    overall,
    percent,
    ratio,
    root,
    smallest,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    attainment,
    costs,
    earnings,
    invoices,
    purchases,
    rebates,
    spending,
    swings,
    transactions,
)
from pycrm.scoring.feeds.ledger import SERVING
from pycrm.scoring.value import Value

__all__ = ["INDICATORS", "above", "margin", "revenue"]

# The retention is that of everybody: that of a grade would hang on the score, which hangs on this.
_FIVE_YEARS = float(years_ahead(RETENTION, INTEREST, 5))

_YEAR_BEFORE_LAST = Window(1095, ending=730)


def _sum(column: Any, within: Window, where: Any = None) -> Any:
    return zero(total(column, where=where, within=within))


def _margin(within: Window) -> Any:
    return _sum(transactions.net, within) - _sum(transactions.cost, within)


def _serving(within: Window) -> Any:
    return _sum(costs.amount, within, costs.kind.in_(SERVING))


def above(value: Any) -> Value:
    """The value where it is above nought, else none: what shares are taken of."""
    return let(sa.case((value > 0, value)))


revenue = let(_sum(invoices.amount, YEAR))
margin = let(amount - _sum(transactions.cost, YEAR))
_served = let(_serving(YEAR))
_contribution = let(margin - _served)
_last_year = let(_margin(LAST_YEAR) - _serving(LAST_YEAR))
_before_last = let(_margin(_YEAR_BEFORE_LAST) - _serving(_YEAR_BEFORE_LAST))
_sold = above(amount)

# A first year is full when the day of the first purchase and the day as of which is asked make it so.
_first = smallest(purchases.on, where=purchases.net > 0)
_days = let(days_between(_first, as_of()) + 1)
_yearly = sa.case(
    (_days >= 3 * 365, ratio(_contribution + _last_year + _before_last, 3)),
    (_days >= 2 * 365, ratio(_contribution + _last_year, 2)),
    (_days >= 365, ratio(_contribution, 1)),
)

_acquired = let(total(spending.amount, where=spending.is_winning.is_(True)))
_months = month_number(smallest(earnings.on, where=earnings.so_far >= 0)) - month_number(_first)
# Where it is not known what was spent, nothing is paid back.
_payback = sa.case((_acquired.is_(None), None), (_months > 0, _months), (_months <= 0, 0))

_listed = transactions.list_value.is_not(None)

# Months without a purchase count as nought, each as far from the mean as the mean itself is.
_swing: Any = sa.cast(swings.swing, sa.Double())
_of_months = let(total(swings.net))
_whole: Any = sa.cast(_of_months, sa.Double())
_squares = total(_swing * _swing) + (12 - count(swings)) * _whole * _whole

INDICATORS = (
    Indicator("F01", "Revenue", "开票收入", "F", "money", revenue, Percentile()),
    Indicator("F02", "Gross margin", "毛利", "F", "money", margin, Percentile()),
    Indicator("F03", "Margin rate", "毛利率", "F", "%", percent(margin, _sold), Linear(0, 40)),
    Indicator("F04", "Profit contribution", "利润贡献", "F", "money", _contribution, Percentile()),
    Indicator(
        *("F05", "Share of company contribution", "占公司利润贡献的比重", "F", "%"),
        percent(_contribution, overall(sa.case((_contribution > 0, _contribution), else_=0))),
        Percentile(),
    ),
    Indicator(
        *("F06", "Change of contribution", "利润贡献变化", "F", "money"),
        sa.case((zero(count(transactions, within=Window(730))) > 0, _contribution - _last_year)),
        Percentile(),
    ),
    Indicator(
        *("F07", "Contribution since first transaction", "首次交易以来的累计贡献", "F", "money"),
        sa.case((_first.is_not(None), _margin(LIFE) - zero(total(spending.amount))), else_=-zero(_acquired)),
        Percentile(),
    ),
    Indicator(
        *("F08", "Expected lifetime value", "预期终身价值", "F", "money", _yearly * _FIVE_YEARS),
        Percentile(),
    ),
    Indicator(
        *("F09", "High-margin share", "高毛利产品占比", "F", "%"),
        percent(_sum(transactions.net, YEAR, transactions.margin_class == "high"), _sold),
        Linear(0, 60),
    ),
    Indicator("F10", "Cost to serve", "服务成本", "F", "money", _served, Percentile(falling=True)),
    Indicator(
        *("F11", "Cost-to-serve ratio", "服务成本率", "F", "%", percent(_served, _sold), Linear(20, 0)),
        # What was spent on a customer that bought nothing is the worst there is.
        zero_where=sa.and_(amount <= 0, _served > 0),
    ),
    Indicator("F12", "Acquisition cost", "获客成本", "F", "money", _acquired, Percentile(falling=True)),
    Indicator(
        *("F13", "Payback", "获客成本回收期", "F", "months", _payback, Linear(24, 1)),
        # It has not earned yet what was spent on it; where that is not known, nothing can be said.
        zero_where=_acquired.is_not(None),
    ),
    Indicator(
        *("F14", "Maintenance cost per month", "月均维护成本", "F", "money", ratio(_served, 12)),
        Percentile(falling=True),
    ),
    Indicator(
        *("F27", "Price realisation", "价格实现率", "F", "%"),
        percent(_sum(transactions.net, YEAR, _listed), above(_sum(transactions.list_value, YEAR))),
        Linear(70, 100),
    ),
    Indicator(
        *("F28", "Rebate ratio", "返利率", "F", "%", percent(_sum(rebates.amount, YEAR), _sold)),
        Linear(10, 0),
    ),
    Indicator(
        *("F31", "Revenue per active month", "活跃月均收入", "F", "money", ratio(revenue, named("T39"))),
        Percentile(),
        "zero",
    ),
    Indicator(
        *("F32", "Invoice corrections", "发票冲红率", "F", "%"),
        percent(
            count(invoices, where=invoices.is_credit_note.is_(True), within=YEAR),
            count(invoices, where=invoices.is_credit_note.is_(False), within=YEAR),
        ),
        Linear(20, 0),
    ),
    Indicator(
        *("F34", "Volatility", "采购波动", "F", "ratio"),
        ratio(root(ratio(_squares, 12)), above(_of_months)),
        Linear(2, 0),
    ),
    Indicator(
        *("F35", "Target attainment", "目标达成率", "F", "%"),
        percent(one(attainment.bought), above(one(attainment.amount))),
        Linear(50, 120),
    ),
)
