"""What surrounds a customer: what it needs, who else supplies it, whom it knows and what speaks against it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.function import floor

__all__ = ["demands", "estimates", "flags", "relations", "rivals", "ties"]

demands = Feed(
    "demands",
    "What a customer is thought to need of a category in a year, as estimated on a day; the latest counts",
    on=date,
    category=str,
    qty=float,
    list_price=int,
)

rivals = Feed(
    "rivals",
    "Other suppliers of a customer, since when and, where it is over, until which day",
    on=date,
    rival=str,
    until=date,
)

flags = Feed(
    "flags",
    "What speaks against a customer: a lawsuit, a blacklist, a dispute; and the day on which it was over",
    on=date,
    kind=str,
    closed_on=date,
)

relations = Feed(
    "relations",
    "Ties from a customer to another one: relative_of, referred, employs and others, each told once",
    on=date,
    other=UUID,
    kind=str,
    until=date,
)

_everybody = relations.of_everybody()


def _estimates() -> sa.Select[tuple[object, ...]]:
    demand = demands
    order = (demand.on.desc(), demand.qty.desc(), demand.list_price.desc())
    latest = sa.func.row_number().over(partition_by=[demand.customer, demand.category], order_by=order)
    # Half up by hand: databases round halves each in its own way.
    amount = floor(demand.qty * demand.list_price + 0.5)
    ranked = sa.select(
        demand.customer, demand.category, amount.label("amount"), latest.label("place")
    ).subquery()
    found = sa.select(ranked.c.customer, ranked.c.category, ranked.c.amount)
    return found.where(ranked.c.place == 1)


estimates = Feed.derived(
    "estimates",
    "The latest estimate of each category, at its list price",
    _estimates,
    of=(demands,),
    category=str,
    amount=int,
)


def _ties() -> sa.CompoundSelect[tuple[object, ...]]:
    there, back = relations, _everybody
    return sa.union_all(
        sa.select(there.customer, there.on, there.other, there.kind, there.until),
        sa.select(back.other.label("customer"), back.on, back.customer.label("other"), back.kind, back.until),
    )


ties = Feed.derived(
    "ties",
    "Ties between two customers, told of both",
    _ties,
    of=(relations,),
    on=date,
    other=UUID,
    kind=str,
    until=date,
)
