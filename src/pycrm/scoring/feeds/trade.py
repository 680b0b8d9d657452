"""What customers buy, line by line, and what follows from the lines.

Each derived feed is one grouping of the lines, which all indicators share. None of them counts distinct
values: of a million customers that would sort every line once more, and the least and the greatest tell
as well whether there are several.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.function import days_between, first_of_month
from pycrm.scoring.moment import YEAR, month_ago

__all__ = [
    "assortment",
    "bought_categories",
    "bought_months",
    "bought_products",
    "intervals",
    "novelties",
    "purchases",
    "transactions",
]

transactions = Feed(
    "transactions",
    "Lines of what was sold: each counts once, by its origin (an order, a bill); cancelled ones are not here. "
    "Quantities are in the category's base unit; is_lead marks the category in whose units the house counts",
    on=date,
    origin=str,
    product=str,
    category=str,
    qty=float,
    gross=int,
    net=int,
    cost=int,
    list_value=int,
    margin_class=str,
    channel=str,
    is_return=bool,
    is_lead=bool,
)

assortment = Feed(
    "assortment",
    "What a customer can choose from: in how many categories there are active products",
    single=True,
    categories=int,
)

_line = transactions
_sold = _line.net > 0


def _sum(amount: Any) -> Any:
    # PostgreSQL sums whole numbers to numerics, which are slow and no plain numbers.
    return sa.cast(sa.func.sum(amount), sa.BigInteger())


def _if_sold(column: Any) -> Any:
    return sa.case((_sold, column))


def _are_several(column: Any) -> Any:
    return sa.func.min(_if_sold(column)) < sa.func.max(_if_sold(column))


def _purchases() -> Any:
    return sa.select(
        _line.customer,
        _line.origin,
        sa.func.min(_line.on).label("on"),
        _sum(_line.net).label("net"),
        _are_several(_line.category).label("is_mixed"),
        sa.func.max(_line.channel).label("channel"),
    ).group_by(_line.customer, _line.origin)


purchases = Feed.derived(
    "purchases",
    "Origins with their lines taken together: what a customer bought at once, and whether in several categories",
    _purchases,
    of=(transactions,),
    on=date,
    origin=str,
    net=int,
    is_mixed=bool,
    channel=str,
)


def _bought_products() -> Any:
    within_year = sa.case((YEAR.holds(_line.on), _line.net))
    return (
        sa.select(
            _line.customer,
            _line.product,
            sa.func.min(_if_sold(_line.on)).label("first_on"),
            sa.func.max(_if_sold(_line.on)).label("last_on"),
            _are_several(_line.origin).label("is_repeated"),
            _sum(within_year).label("net_of_year"),
        )
        .where(_line.product.is_not(None))
        .group_by(_line.customer, _line.product)
    )


bought_products = Feed.derived(
    "bought_products",
    "Products with a customer's lines of them taken together, whether bought more than once, and the last year's net",
    _bought_products,
    of=(transactions,),
    product=str,
    first_on=date,
    last_on=date,
    is_repeated=bool,
    net_of_year=int,
)


def _novelties() -> Any:
    product = bought_products
    begun = sa.func.min(product.first_on).over(partition_by=product.customer)
    return sa.select(product.customer, product.first_on.label("on"), begun.label("begun_on")).where(
        product.first_on.is_not(None)
    )


novelties = Feed.derived(
    "novelties",
    "Products on the day a customer first bought them, beside the day on which it first bought anything",
    _novelties,
    of=(bought_products,),
    on=date,
    begun_on=date,
)


def _bought_categories() -> Any:
    return (
        sa.select(_line.customer, _line.category)
        .where(_line.category.is_not(None), _sold, YEAR.holds(_line.on))
        .group_by(_line.customer, _line.category)
    )


bought_categories = Feed.derived(
    "bought_categories",
    "Categories of which a customer bought something in the last year",
    _bought_categories,
    of=(transactions,),
    category=str,
)


def _bought_months() -> Any:
    month = first_of_month(_line.on)
    return (
        sa.select(_line.customer, month.label("on"), _sum(_line.net).label("net"))
        .where(_line.on >= month_ago(12))
        .group_by(_line.customer, month)
    )


bought_months = Feed.derived(
    "bought_months",
    "Calendar months of the last year, and the present one, by their first days; months of nothing are not here",
    _bought_months,
    of=(transactions,),
    on=date,
    net=int,
)


def _intervals() -> Any:
    """Twice a median is twice the middle interval, or the sum of both middle ones: each is found by its place.

    What is asked of the same rows in the same order, up to the last of them, is asked in one pass.
    """
    one, customer = purchases, purchases.customer
    whole: dict[str, Any] = {"rows": (None, None)}
    falling: dict[str, Any] = {"partition_by": customer, "order_by": [one.on.desc(), one.origin.desc()]}
    before = sa.func.lead(one.on).over(**falling)
    number = sa.func.count().over(**falling, **whole) - 1
    bought = sa.select(customer, one.on, before.label("before_on"), number.label("number"))
    each = bought.where(one.net > 0).subquery("each").c
    days = days_between(each.before_on, each.on)
    gap = sa.select(each.customer, each.on, each.before_on, days.label("days"), each.number).subquery("gap").c
    # The first purchase ends no interval: it comes last, and alone where there is no other.
    order = [sa.case((gap.days.is_(None), 1), else_=0), gap.days]
    halves = (gap.number + 1).bitwise_rshift(1), gap.number.bitwise_rshift(1) + 1
    middle = [
        sa.func.nth_value(gap.days, sa.cast(place, sa.Integer()), type_=sa.BigInteger()).over(
            partition_by=gap.customer, order_by=order, **whole
        )
        for place in (sa.case((gap.number > 0, halves[0]), else_=1), halves[1])
    ]
    return sa.select(
        gap.customer, gap.on, gap.before_on, gap.days, (middle[0] + middle[1]).label("twice_median")
    )


intervals = Feed.derived(
    "intervals",
    "Purchases beside the one before, the days between them, and twice the median of the customer's days",
    _intervals,
    of=(purchases,),
    on=date,
    before_on=date,
    days=int,
    twice_median=int,
)
