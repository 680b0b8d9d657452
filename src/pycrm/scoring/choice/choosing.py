"""Choosing customers by an expression: the reader's own, and how many there are in all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.raw import RawInstant
from pycrm.entities.customer import Customer
from pycrm.entities.grade import GradeOverride
from pycrm.entities.org import Action
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import query
from pycrm.scoring.choice.checking import Checked, checked
from pycrm.scoring.choice.clause import Clause, graded
from pycrm.scoring.choice.syntax import Node
from pycrm.scoring.measure import as_of, everybody, may, refuse_without, run
from pycrm.scoring.moment import LIFE

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Chosen", "choose", "grades"]


@attrs.frozen
class Chosen:
    """The customers of whom an expression is true as of a day.

    Args:
        customers: those in the reader's sight, by rising ids.
        everybody: how many there are in all; None for who may not read ``scores``.
    """

    as_of: date
    customers: tuple[Ref[Customer], ...]
    everybody: int | None


def choose(tx: Transaction, expression: str | Node, day: date | None, segments: Collection[str]) -> Chosen:
    """See `Session.choose`."""
    asked, day = checked(tx, expression, segments), as_of(tx, day)
    reading = query(tx, Customer)
    if reading.nothing:
        return Chosen(day, (), _everybody(tx, asked, day))
    key = reading.table.c.id
    if reading.scope.where is None:
        clause = _clause(tx, asked, everybody(), whole=True)
        found = _ids(run(tx, clause.statement(key).order_by(key), day))
        return Chosen(day, found, len(found) if may(tx, Action.READ) else None)
    created = sa.type_coerce(reading.table.c.created_at, RawInstant())
    mine = reading.select(key.label("customer")).where(LIFE.holds(created))
    clause = _clause(tx, asked, mine, whole=False)
    statement = clause.statement(key)
    if clause.layers.overall:
        # What is compared with everybody is worked out over everybody.
        statement = _clause(tx, asked, everybody(), whole=True).statement(key).where(key.in_(mine))
    found = _ids(run(tx, statement.order_by(key), day))
    return Chosen(day, found, _everybody(tx, asked, day))


def _clause(tx: Transaction, asked: Checked, population: Any, *, whole: bool) -> Clause:
    return Clause(tx.crm, asked, population, whole=whole, set_grades=_sees_set_grades(tx))


def _sees_set_grades(tx: Transaction) -> bool:
    """Whether the reader may see the grades that people set; else those of the scores alone count."""
    return field_rights(tx, GradeOverride).closed.isdisjoint(("grade", "until"))


def _ids(rows: list[Any]) -> tuple[Ref[Customer], ...]:
    ids = (unkey(row[0]) for row in rows)
    return tuple(Ref(Customer.__name__, id) for id in ids if id is not None)


def _everybody(tx: Transaction, asked: Checked, day: date) -> int | None:
    if not may(tx, Action.READ):
        return None
    clause = _clause(tx, asked, everybody(), whole=True)
    return int(run(tx, clause.statement(sa.func.count()), day)[0][0])


def grades(tx: Transaction, day: date | None, model: str | None) -> dict[Ref[Customer], str]:
    """See `Session.grades`."""
    refuse_without(tx, Action.READ, "reading the grades of all customers")
    found = graded(model=model, set_grades=_sees_set_grades(tx)).subquery("graded")
    rows = run(tx, sa.select(found.c.customer, found.c.grade), as_of(tx, day))
    ids = ((unkey(key), grade) for key, grade in rows)
    return {Ref(Customer.__name__, id): grade for id, grade in ids if id is not None}
