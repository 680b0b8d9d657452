"""Aspect T, transactions (交易情况): what a customer buys, how much, how often and how steadily.

A purchase is an origin (an order, a bill) whose lines come to more than nothing; returns take from amounts
and are no purchases.
"""

from __future__ import annotations

import sqlalchemy as sa

from pycrm.scoring import (
    LAST_YEAR,
    YEAR,
    Bands,
    Indicator,
    Linear,
    Percentile,
    as_of,
    clip,
    count,
    days_between,
    deviation,
    first_of_month,
    greatest,
    let,
    month_ago,
    month_number,
    months,
    named,
    one,
    percent,
    ratio,
    smallest,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    assortment,
    bought_categories,
    bought_months,
    bought_products,
    intervals,
    novelties,
    purchases,
    transactions,
    wallets,
)

__all__ = ["INDICATORS", "amount", "number"]

SELF_SERVICE = ("portal", "interface")

_bought = purchases.net > 0
_ever = count(purchases, where=_bought)
_first, _last = smallest(purchases.on, where=_bought), greatest(purchases.on, where=_bought)
number = let(zero(count(purchases, where=_bought, within=YEAR)))
_number_before = zero(count(purchases, where=_bought, within=LAST_YEAR))
amount = let(zero(total(transactions.net, within=YEAR)))
_amount_before = zero(total(transactions.net, within=LAST_YEAR))

HOW_MUCH = (
    Indicator("T01", "Number of purchases", "采购次数", "T", "count", number, Linear(0, 24)),
    Indicator("T02", "Purchase amount", "交易额", "T", "money", amount, Percentile()),
    Indicator(
        *("T03", "Amount since the first transaction", "累计交易额", "T", "money"),
        zero(total(transactions.net)),
        Percentile(),
    ),
    Indicator(
        *("T04", "Average purchase value", "平均每次采购额", "T", "money", ratio(amount, number)),
        Percentile(),
        "zero",
    ),
    Indicator(
        *("T05", "Largest purchase", "最大单次采购额", "T", "money"),
        greatest(purchases.net, where=_bought, within=YEAR),
        Percentile(),
        "zero",
    ),
    Indicator(
        *("T22", "Quantity of the lead category", "主力品类采购量", "T", "units"),
        zero(total(transactions.qty, where=transactions.is_lead, within=YEAR)),
        Percentile(),
    ),
)

_gap = intervals.days
_gaps = count(intervals, where=_gap.is_not(None))
_days = total(_gap)
_spread = deviation(_gaps, _days, total(_gap * _gap))
_lapses = count(intervals, where=_gap * 2 > intervals.twice_median * 2)
# A month counts by its first purchase, the one before which lies in another month.
_opens_month = sa.or_(
    intervals.before_on.is_(None), first_of_month(intervals.before_on) < first_of_month(intervals.on)
)

HOW_OFTEN = (
    Indicator(
        *("T06", "Recency", "最近采购距今天数", "T", "days", days_between(_last, as_of())),
        Bands((0, 100), (31, 80), (61, 60), (121, 40), (241, 20), (366, 0)),
        "zero",
    ),
    Indicator("T07", "Monthly frequency", "月均采购次数", "T", "per month", ratio(number, 12), Linear(0, 2)),
    Indicator(
        *("T08", "Mean interval", "平均采购间隔", "T", "days", ratio(days_between(_first, _last), _ever - 1)),
        Linear(180, 15),
    ),
    Indicator(
        *("T09", "Regularity", "采购间隔波动", "T", "ratio"),
        # All on one day is as regular as can be.
        sa.case((_gaps < 2, None), (_days == 0, 0.0), else_=ratio(_spread, ratio(_days, _gaps))),
        Linear(1, 0),
    ),
    Indicator(
        *("T10", "Overdue ratio of the next purchase", "采购逾期比", "T", "ratio"),
        ratio(named("T06"), named("T08")),
        Linear(3, 1),
    ),
    Indicator(
        *("T39", "Active months", "活跃月数", "T", "count"),
        zero(count(intervals, where=sa.and_(_opens_month, intervals.on >= month_ago(11)))),
        Linear(0, 12),
    ),
    Indicator(
        *("T40", "Lapses", "采购中断次数", "T", "count", sa.case((_gaps >= 3, _lapses))),
        Linear(4, 0),
    ),
)

# Of x = 0 to 5 the mean is 5/2 and the squares of what deviates from it are 35/2, so the slope is the sum
# of (2x - 5) times the month's amount, over 35. Months of nothing add nothing to it.
_month = month_number(transactions.on) - month_number(month_ago(6))
_half_year = total(transactions.net, within=months(6))
_rise = total(transactions.net * (_month * 2 - 5), within=months(6))
_months_net = bought_months.net
_since = bought_months.on >= month_ago(11)
_of_months = total(_months_net, where=_since)

WHITHER = (
    Indicator(
        *("T11", "Growth of amount", "交易额增长率", "T", "%"),
        percent(amount - _amount_before, _amount_before),
        Linear(-50, 50),
    ),
    Indicator(
        *("T12", "Growth of count", "采购次数增长率", "T", "%"),
        percent(number - _number_before, _number_before),
        Linear(-50, 50),
    ),
    Indicator(
        *("T13", "Six-month trend", "近六个月走势", "T", "% per month"),
        percent(_rise * 6, _half_year * 35),
        Linear(-10, 10),
    ),
    Indicator(
        *("T38", "Share of the peak month", "旺月占比", "T", "%"),
        sa.case((_of_months > 0, percent(greatest(_months_net, where=_since), _of_months))),
        Linear(60, 10),
    ),
)

_product = bought_products
_products_ever = count(_product, where=_product.first_on.is_not(None))
_new = count(novelties, where=novelties.on > novelties.begun_on, within=YEAR)
_price = sa.case(
    (sa.and_(wallets.bought > 0, wallets.net > 0), ratio(wallets.net, wallets.bought)),
    else_=wallets.list_price,
)
# More than is used counts as all of it (RET-2).
_own_share = total(clip(zero(wallets.bought), 0.0, wallets.used) * _price)
_sales = sa.and_(number > 0, amount > 0)

WHAT = (
    Indicator(
        *("T14", "Categories bought", "采购品类数", "T", "count", zero(count(bought_categories))),
        Linear(0, 8),
    ),
    Indicator(
        *("T15", "Products bought", "采购产品数", "T", "count"),
        zero(count(_product, within=YEAR, by=_product.last_on)),
        Linear(0, 30),
    ),
    Indicator(
        *("T16", "Breadth", "品类覆盖率", "T", "%"),
        zero(percent(named("T14"), one(assortment.categories))),
        Linear(0, 60),
    ),
    Indicator(
        *("T17", "Share of wallet", "钱包份额", "T", "%"),
        percent(_own_share, total(wallets.used * _price)),
        Linear(0, 80),
    ),
    Indicator("T18", "New products tried", "尝试新产品数", "T", "count", zero(_new), Linear(0, 5)),
    Indicator(
        *("T19", "Cross-buying", "交叉采购率", "T", "%"),
        percent(count(purchases, where=sa.and_(_bought, purchases.is_mixed), within=YEAR), number),
        Linear(0, 60),
    ),
    Indicator(
        *("T20", "Repeated products", "产品复购率", "T", "%"),
        percent(count(_product, where=_product.is_repeated), _products_ever),
        Linear(0, 80),
    ),
    Indicator(
        *("T21", "Concentration", "产品集中度", "T", "%"),
        sa.case((_sales, percent(greatest(_product.net_of_year), amount))),
        Linear(100, 30),
    ),
)

_gross = transactions.gross
_delivered = total(_gross, where=_gross > 0, within=YEAR)
_returned = zero(total(-_gross, where=transactions.is_return, within=YEAR))
_priced = total(_gross, within=YEAR)
_paid = total(transactions.net, where=_gross.is_not(None), within=YEAR)

HOW = (
    Indicator(
        *("T32", "Depth of discount", "折扣深度", "T", "%", percent(_priced - _paid, _priced)),
        Linear(30, 0),
    ),
    Indicator("T33", "Return rate", "退货率", "T", "%", percent(_returned, _delivered), Linear(10, 0)),
    Indicator(
        *("T37", "Self-service share", "自助采购占比", "T", "%"),
        percent(
            count(purchases, where=sa.and_(_bought, purchases.channel.in_(SELF_SERVICE)), within=YEAR), number
        ),
        Linear(0, 80),
    ),
)

INDICATORS = (*HOW_MUCH, *HOW_OFTEN, *WHITHER, *WHAT, *HOW)
