"""A fair whose facts come by three plugins, any of which may be away, and what a score of it is by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from hypothesis import strategies as st

from pycrm import CRM, Customer, Field, Link, Plugin, Record, Session, field, link, through
from pycrm.scoring import (
    LAST_YEAR,
    YEAR,
    Feed,
    Indicator,
    Linear,
    OnNone,
    Percentile,
    Supply,
    as_of,
    average,
    count,
    days_between,
    greatest,
    one,
    percent,
    total,
    zero,
)

__all__ = [
    "CODES",
    "GUIDES",
    "KINDS",
    "TODAY",
    "Drawn",
    "Fair",
    "entered",
    "facts",
    "filed",
    "lacking",
    "mean",
    "opened",
]

TODAY = date(2026, 6, 30)
KINDS = ("visits", "orders", "calls")
FEEDS = {kind: Feed(f"fair_{kind}", f"One of the {kind}", on=date, amount=int) for kind in KINDS}
# Of one row a customer, offered by two plugins.
SIZE = Feed("fair_size", "How large a customer is", single=True, size=int)


class Fact(Record, table="fair_fact", scope=through("customer")):
    """Something that happened on a day."""

    customer: Link[Customer] = link("Customer")
    kind: Field[str] = field("Kind", longest=20)
    on: Field[date] = field("On")
    amount: Field[int] = field("Amount")


class Fair(Plugin):
    """Fair

    Facts, which others tell of.
    """

    name = "fair"
    records = (Fact,)


def _rows(kind: str) -> Any:
    fact = Fact.__table__.c
    return sa.select(fact.customer_id.label("customer"), fact.on, fact.amount).where(fact.kind == kind)


def _size(of: Any) -> Any:
    fact = Fact.__table__.c
    return sa.select(fact.customer_id.label("customer"), of(fact.amount).label("size")).group_by(
        fact.customer_id
    )


def _indicators(letter: str, feed: Feed) -> tuple[Indicator, ...]:
    values: tuple[tuple[Any, Any, OnNone, str], ...] = (
        (zero(count(feed)), Linear(0, 5), OnNone.SKIP, "T"),
        (total(feed.amount, within=YEAR), Linear(0, 300), OnNone.ZERO, "F"),
        (days_between(greatest(feed.on), as_of()), Linear(400, 0), OnNone.SKIP, "C"),
        (average(feed.amount, within=LAST_YEAR), Percentile(), OnNone.NEUTRAL, "S"),
    )
    return tuple(
        Indicator(f"{letter}{90 + at}", f"{letter}{at}", letter, aspect, "x", value, scale, on_none=none)
        for at, (value, scale, none, aspect) in enumerate(values)
    )


class Guide(Plugin):
    """Guide

    What is told of customers, whoever knows it.
    """

    name = "guide"
    indicators = (
        *_indicators("V", FEEDS["visits"]),
        *_indicators("O", FEEDS["orders"]),
        *_indicators("L", FEEDS["calls"]),
        Indicator(
            *("O99", "Orders of visits", "成交率", "T", "%"),
            percent(zero(count(FEEDS["orders"])), count(FEEDS["visits"])),
            Linear(0, 100),
        ),
        Indicator("S99", "Size", "规模", "C", "x", one(SIZE.size), Linear(0, 100)),
    )


class Visits(Plugin):
    """Visits

    Visits to the fair, and how large a visitor is.
    """

    name = "visits"
    supplies = (Supply(FEEDS["visits"], lambda: _rows("visits")), Supply(SIZE, lambda: _size(sa.func.max)))


class Orders(Plugin):
    """Orders

    Orders at the fair, and another opinion of how large somebody is.
    """

    name = "orders"
    supplies = (Supply(FEEDS["orders"], lambda: _rows("orders")), Supply(SIZE, lambda: _size(sa.func.min)))


class Calls(Plugin):
    """Calls

    Calls after the fair, some of which are told as visits too.
    """

    name = "calls"
    supplies = (
        Supply(FEEDS["calls"], lambda: _rows("calls")),
        Supply(FEEDS["visits"], lambda: _rows("calls")),
    )


GUIDES: dict[str, type[Plugin]] = {"guide": Guide, "visits": Visits, "orders": Orders, "calls": Calls}
CODES = tuple(one.code for one in Guide.indicators)
_ASPECTS = {one.code: one.aspect.value for one in Guide.indicators}
# Whose facts an indicator speaks of, by its letter; of each it is enough that one offers it.
_OFFERED = {"V": ("visits", "calls"), "O": ("orders",), "L": ("calls",), "S": ("visits", "orders")}


def lacking(present: Iterable[str]) -> set[str]:
    """The indicators of whose facts nobody tells when only these are there."""
    there = set(present)
    dark = {letter for letter, names in _OFFERED.items() if not there & set(names)}
    return {code for code in CODES if code[0] in dark or (code == "O99" and "V" in dark)}


class Drawn(NamedTuple):
    """A fact of one of three customers, so many days ago; fewer than none is yet to come."""

    customer: int
    kind: str
    ago: int
    amount: int


def facts(ago: st.SearchStrategy[int], most: int = 12) -> st.SearchStrategy[list[Drawn]]:
    """Some facts of that age."""
    one = st.builds(Drawn, st.integers(0, 2), st.sampled_from(KINDS), ago, st.integers(0, 120))
    return st.lists(one, max_size=most)


def opened(make: Callable[..., CRM], names: Iterable[str]) -> CRM:
    """A CRM with the fair and these plugins, in this order."""
    return make(plugins=(Fair, *(GUIDES[name] for name in names)))


def filed(session: Session) -> list[Customer]:
    """Three customers."""
    return [session.add(Customer.organization(f"Guest {at}", source="fair", phone="1")) for at in range(3)]


def entered(session: Session, guests: Sequence[Customer], some: Iterable[Drawn]) -> None:
    """Enter what happened."""
    session.add_all(
        [
            Fact(customer=guests[at], kind=kind, on=TODAY - timedelta(ago), amount=amount)
            for at, kind, ago, amount in some
        ]
    )


def mean(
    points: Mapping[str, float | None], weights: Mapping[str, float], items: Mapping[str, float]
) -> float | None:
    """VAL-4 in plain arithmetic: of aspects, which are means of what has points."""
    over = under = 0.0
    for aspect, weight in weights.items():
        mine = [(items[code], points[code]) for code in items if _ASPECTS[code] == aspect]
        there = [(much, value) for much, value in mine if value is not None]
        if there and weight:
            over += weight * sum(much * value for much, value in there) / sum(much for much, _ in there)
            under += weight
    return over / under if under else None
