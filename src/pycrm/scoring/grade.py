"""The grade in force: what runs came to, or for a time what people set in its place (VAL-7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawDate, RawKey
from pycrm.entities.customer import Customer
from pycrm.entities.grade import GradeOverride
from pycrm.errors import InvalidError, Problem
from pycrm.scope.fields import field_rights
from pycrm.scoring.book import GradeChange
from pycrm.scoring.model import ScoreModel
from pycrm.scoring.shelf import all_in_force, rows

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Override",
    "changes",
    "lasting",
    "read_override",
    "refuse_unfounded_grade",
    "today",
    "told_of",
]


@attrs.frozen
class Override:
    """A grade that people set, which lasts until a day and that day still.

    Args:
        reason: None where it is hidden from the reader.
    """

    grade: str
    until: date
    reason: str | None


def today(tx: Transaction) -> date:
    """The day of which a grade is asked."""
    found: date = tx.crm.calendar_day(tx.moment)
    return found


def lasting(tx: Transaction, model: ScoreModel | None = None, *, day: Any = None) -> Any:
    """The overrides of today, as a table of customers and what is told; with a model those over its scores.

    A grade that the model does not know is none of its grades. Nobody learns of an override by the
    grade who may not see it: for such a reader there are none.

    Args:
        day: the parameter of a statement that is kept, in the place of today.
    """
    table, closed = GradeOverride.__table__.c, field_rights(tx, GradeOverride).closed
    day = sa.literal(today(tx), RawDate()) if day is None else day
    reason = sa.cast(sa.null(), sa.Text()) if "reason" in closed else table.reason
    found = sa.select(table.of_id, table.grade, table.until, reason.label("reason"))
    if not closed.isdisjoint(("grade", "until")):
        return found.where(sa.false()).subquery("crm_lasting")
    known = [] if model is None else [table.grade.in_(model.grades)]
    return found.where(table.until >= day, *known).subquery("crm_lasting")


def told_of(found: Any) -> list[Any]:
    """The columns of `lasting` that `read_override` reads."""
    return [found.c[name] for name in ("grade", "until", "reason")]


def read_override(row: Sequence[Any]) -> Override | None:
    """What the columns of `lasting` say of one customer."""
    grade, until, reason = row
    if grade is None:
        return None
    return Override(grade, _day(until), reason)


def changes(tx: Transaction, customer: Any, model: str | None) -> list[GradeChange]:
    """See `Session.grade_changes`."""
    table = GradeChange.__table__.c
    of = [] if model is None else [table.model == sa.literal(model, sa.Text())]
    order = (table.at.desc(), table.run_id.desc())
    return rows(tx, GradeChange, table.customer_id == sa.literal(customer.id, RawKey()), *of, order=order)


def refuse_unfounded_grade(tx: Transaction, override: GradeOverride, after: Mapping[str, Any]) -> None:
    """A grade is one of a model in force that scores such customers, and is not set for days that have passed.

    One that lasts is ended on whatever day.

    Args:
        after: the fields that change; of a new override all.

    Raises:
        InvalidError: another grade, or a day that has passed.
    """
    if "grade" not in after:
        return
    known = _grades(tx, override.id)
    if after["grade"] not in known:
        said = f"expected one of {', '.join(known)}" if known else "no score model is published"
        raise InvalidError(said, fields=[Problem("grade", "unknown", said)])
    if (after.get("until") or _until(tx, override.id)) < tx.crm.calendar_day(tx.moment):
        wrong = Problem("until", "range", "that day has passed")
        raise InvalidError(wrong.message, fields=[wrong])


def _grades(tx: Transaction, customer: UUID) -> list[str]:
    table = Customer.__table__.c
    kind = tx.fetch(sa.select(table.kind).where(table.id == sa.literal(customer, RawKey())))[0][0]
    of_kind = [one for one in all_in_force(tx) if one.of in (None, kind)]
    return list(dict.fromkeys(grade for one in of_kind for grade in one.grades))


def _until(tx: Transaction, customer: UUID) -> date:
    table = GradeOverride.__table__.c
    found = tx.fetch(sa.select(table.until).where(table.of_id == sa.literal(customer, RawKey())))
    return _day(found[0][0])


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
