"""What customers buy."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from pycrm.scoring.feed import Feed

__all__ = ["purchases", "transactions"]

transactions = Feed(
    "transactions",
    "Lines of what was sold: each counts once, by its origin (an order, a bill); cancelled ones are not here",
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
)


def _purchases() -> sa.Select[tuple[object, ...]]:
    line = transactions
    return sa.select(
        line.customer,
        line.origin,
        sa.func.min(line.on).label("on"),
        sa.cast(sa.func.sum(line.net), sa.BigInteger()).label("net"),
        sa.func.count(line.category.distinct()).label("categories"),
        sa.func.max(line.channel).label("channel"),
    ).group_by(line.customer, line.origin)


purchases = Feed.derived(
    "purchases",
    "Origins with their lines taken together: what a customer bought at once",
    _purchases,
    of=(transactions,),
    on=date,
    origin=str,
    net=int,
    categories=int,
    channel=str,
)
