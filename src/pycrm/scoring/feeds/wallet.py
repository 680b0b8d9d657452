"""What customers really use, whoever they buy it from (实际使用量)."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.trade import transactions
from pycrm.scoring.moment import Window

__all__ = ["consumption", "wallets"]

consumption = Feed(
    "consumption",
    "What a customer uses of a category in a period, in its base unit, as known on a day; list_price is of one unit",
    at="asked_on",
    asked_on=date,
    category=str,
    since=date,
    until=date,
    used=float,
    list_price=int,
)

# An older profile is stale (RET-2).
_VALID = Window(180)


def _wallets() -> Any:
    profile, line = consumption, transactions
    newest = sa.func.row_number().over(
        partition_by=[profile.customer, profile.category],
        order_by=[profile.asked_on.desc(), profile.until.desc()],
    )
    ordered = (
        sa.select(profile.table, newest.label("age"))
        .where(_VALID.holds(profile.asked_on))
        .subquery("ordered")
    )
    known = sa.select(ordered).where(ordered.c.age == 1, ordered.c.used > 0).subquery("known")
    meant = sa.and_(
        line.customer == known.c.customer,
        line.category == known.c.category,
        line.on >= known.c.since,
        line.on <= known.c.until,
    )
    return (
        sa.select(
            known.c.customer,
            known.c.asked_on,
            known.c.category,
            known.c.used,
            known.c.list_price,
            sa.func.sum(line.qty).label("bought"),
            sa.cast(sa.func.sum(line.net), sa.BigInteger()).label("net"),
        )
        .select_from(known.outerjoin(line.table, meant))
        .group_by(known.c.customer, known.c.asked_on, known.c.category, known.c.used, known.c.list_price)
    )


wallets = Feed.derived(
    "wallets",
    "What a customer uses of a category by the newest valid profile, and what it bought in that period",
    _wallets,
    of=(consumption, transactions),
    at="asked_on",
    asked_on=date,
    category=str,
    used=float,
    list_price=int,
    bought=float,
    net=int,
)
