"""Measuring: the values of indicators of many customers as of a day, by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.raw import RawInstant, RawKey
from pycrm.entities.customer import Customer
from pycrm.entities.org import Action
from pycrm.entities.party import PartyKind
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.scope.actor import Actor, may_function, unkey
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.moment import Window, moments_in, value_of
from pycrm.scoring.plan import Plan, planned
from pycrm.scoring.statement import CUSTOMER, Layers

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Measure",
    "chosen",
    "everybody",
    "may",
    "measure",
    "moments",
    "plan",
    "refuse_without",
    "run",
    "some",
]

RIGHT = "scores"


def may(tx: Transaction, action: str) -> bool:
    """Whether the actor holds a right over scores as a whole."""
    actor: Actor = tx.actor
    if actor.is_system:
        return any(grant in ("*", RIGHT, f"{RIGHT}.{action}") for grant in actor.grants)
    return may_function(actor, RIGHT, action)


def refuse_without(tx: Transaction, action: str, doing: str) -> None:
    """Refuse who holds no right over scores as a whole.

    Raises:
        ForbiddenError: no grant names ``scores`` and the action.
    """
    if not may(tx, action):
        raise ForbiddenError(f"{doing} is not granted: entity {RIGHT}, action {action}")


class Measure(NamedTuple):
    """One indicator of one customer as of a day.

    Args:
        value: a number, a name, or None; amounts are whole minor units.
        state: ``ok``; ``none`` where there is no basis; ``unavailable`` where nobody offers the facts.
        points: 0 to 100 by the indicator's own scale; None where it would be left out of a score.
    """

    value: Any
    state: Literal["ok", "none", "unavailable"]
    points: float | None


_UNAVAILABLE = Measure(None, "unavailable", None)


def measure(
    tx: Transaction,
    codes: Sequence[str],
    customers: Iterable[Any] | None,
    day: date | None,
    engine: str = "database",
) -> dict[Ref[Customer], dict[str, Measure]]:
    """See `Session.measure`."""
    refuse_without(tx, Action.READ, "measuring customers")
    indicators = chosen(tx, codes)
    day = as_of(tx, day)
    there = [one for one in indicators if tx.crm.catalog.is_available(one)]
    codes = [one.code for one in there]
    lacking = {one.code: _UNAVAILABLE for one in indicators} if len(there) < len(indicators) else {}
    wanted = None if customers is None else {one.id for one in customers}
    found: dict[Ref[Customer], dict[str, Measure]] = {}
    for customer, *row in _found(tx, there, day, engine):
        id = unkey(customer)
        if id is not None and (wanted is None or id in wanted):
            found[Ref(Customer.__name__, id)] = lacking | dict(zip(codes, _measures(row), strict=True))
    return found


def _found(tx: Transaction, indicators: list[Indicator], day: date, engine: str) -> list[Any]:
    """Of each customer its key, and value and points of each indicator."""
    if engine == "database":
        return plan(tx, tuple(one.code for one in indicators)).rows(tx, day)
    if engine != "duckdb":
        wrong = Problem("engine", "unknown", f"there is no engine {engine}: it is database or duckdb")
        raise InvalidError(wrong.message, fields=[wrong])
    from pycrm.scoring.duck import duck

    layers, statement = _statement(tx, indicators, apart=True)
    with duck(tx.crm, day) as beside:
        beside.load(tx, layers.facts())
        return beside.rows(statement)


def plan(tx: Transaction, codes: tuple[str, ...]) -> Plan:
    """The statement that measures these indicators, each of which is available, said once."""

    def made() -> Any:
        return _statement(tx, [tx.crm.catalog.indicators[code] for code in codes], apart=False)[1]

    return planned(tx, ("measure", codes), made)


def _statement(tx: Transaction, indicators: list[Indicator], *, apart: bool) -> tuple[Layers, Any]:
    layers = Layers(tx.crm.catalog, everybody(), whole=True, apart=apart)
    layers.measure(indicators)
    layers.judge({one.code: one.scale for one in indicators}, {one.code: one.on_none for one in indicators})
    shown: list[Any] = [sa.column(name) for one in indicators for name in (one.code, f"p:{one.code}")]
    return layers, layers.statement(CUSTOMER, *shown)


def _measures(row: Sequence[Any]) -> Iterator[Measure]:
    values = row[::2]
    states: list[Any] = ["none" if value is None else "ok" for value in values]
    return map(Measure, values, states, row[1::2])


def chosen(tx: Transaction, codes: Iterable[str]) -> list[Indicator]:
    """The indicators of these codes.

    Raises:
        InvalidError: there is none of a code.
    """
    known, found = tx.crm.catalog.indicators, []
    for index, code in enumerate(codes):
        if code not in known:
            wrong = Problem(f"codes/{index}", "unknown", f"there is no indicator {code}")
            raise InvalidError(wrong.message, fields=[wrong])
        found.append(known[code])
    return found


def as_of(tx: Transaction, day: date | None) -> date:
    """The day as of which is asked: today, or one that has come.

    Raises:
        InvalidError: the day has not come yet.
    """
    today: date = tx.crm.calendar_day(tx.moment)
    if day is not None and day > today:
        wrong = Problem("as_of", "range", "that day has not come yet")
        raise InvalidError(wrong.message, fields=[wrong])
    return day or today


def run(tx: Transaction, statement: Any, day: date) -> list[Any]:
    """The rows of a statement as of a day."""
    return tx.fetch(statement, moments(tx, statement, day))


def moments(tx: Transaction, statement: Any, day: date) -> dict[str, Any]:
    """The values of a statement's parameters that depend on the day."""
    return {name: value_of(tx.crm, name, day) for name in moments_in(statement)}


def everybody(of: PartyKind | None = None) -> Any:
    """All customers that there are and were filed by the day, or only persons or organisations."""
    table = Customer.__table__.c
    created = sa.type_coerce(table.created_at, RawInstant())
    found = sa.select(table.id.label("customer")).where(table.archived_at.is_(None))
    if of is not None:
        found = found.where(table.kind == of)
    return found.where(Window().holds(created))


def some(ids: Sequence[UUID], of: PartyKind | None = None) -> Any:
    """These customers, as far as they are there."""
    # One parameter, so that the statement is the same for any number of them.
    those = sa.bindparam("crm_those", list(ids), expanding=True, type_=RawKey())
    return everybody(of).where(Customer.__table__.c.id.in_(those))
