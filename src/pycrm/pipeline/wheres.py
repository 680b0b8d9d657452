"""Comparisons as data: asked of a value in Python, and of records within the database."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.codec import from_json
from pycrm.declare.field import Spec
from pycrm.declare.record import child_class
from pycrm.declare.reference import per_class
from pycrm.errors import InvalidError, NotReadError
from pycrm.pipeline.facts import is_filled
from pycrm.pipeline.gate import Need, Where
from pycrm.scope.aggregate import count
from pycrm.scope.fields import field_rights
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["condition", "counted", "meets"]

_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def meets(record: Any, wheres: Iterable[Where]) -> bool:
    """Whether all comparisons hold of a record, or of a row of a list; what is hidden holds of none."""
    return all(_holds(record, where) for where in wheres)


def _holds(record: Any, where: Where) -> bool:
    try:
        value = getattr(record, where.field)
    except NotReadError:
        return False
    if where.op in ("filled", "empty"):
        return is_filled(value) == (where.op == "filled")
    wanted = _wanted(type(record), where)
    if where.op == "in":
        return value in wanted
    if where.op in ("=", "!="):
        return bool(_COMPARED[where.op](value, wanted))
    if value is None or (isinstance(value, Money) and value.currency != wanted.currency):
        return False
    return bool(_COMPARED[where.op](value, wanted))


def _wanted(cls: Any, where: Where) -> Any:
    """The value that a field is compared with, as the field has it."""
    spec = cls.__specs__[where.field]
    if where.op == "in":
        return [from_json(spec, one) for one in where.value]
    return from_json(spec, where.value)


@per_class
def _lists(cls: Any) -> Mapping[str, Spec]:
    """The lists of child rows by the class of their rows; of several the first."""
    return {spec.child: spec for spec in reversed(cls.__specs__.values()) if spec.child is not None}


def counted(tx: Transaction, record: Any, values: Mapping[str, Any], need: Need) -> int:
    """How many records meet a need, counted no further than it asks.

    Records hidden from the actor do not count, and where the actor may not read a field that is
    compared, none does: an answer would tell of it.
    """
    spec = _lists(type(record)).get(need.entity)
    if spec is not None:
        rights = field_rights(tx, child_class(type(record), spec))
        if any(where.field in rights.covered for where in need.where):
            return 0
        return sum(meets(row, need.where) for row in values.get(spec.name) or ())
    masked = field_rights(tx, type(record)).masked
    matched = {other: record.id if own == "id" else values.get(own) for other, own in need.match.items()}
    if None in matched.values() or not masked.isdisjoint(need.match.values()):
        return 0
    cls = tx.crm.record(need.entity)
    conditions: list[Any] = [getattr(cls, other) == value for other, value in matched.items()]
    conditions += [condition(cls, where) for where in need.where]
    try:
        return count(tx, cls, conditions, None, need.least)
    except InvalidError:
        return 0


def condition(cls: Any, where: Where) -> Any:
    """A comparison as a part of a statement over the class."""
    column = getattr(cls, where.field)
    if where.op == "filled":
        return column.is_not(None)
    if where.op == "empty":
        return column.is_(None)
    wanted = _wanted(cls, where)
    if where.op == "in":
        return sa.or_(*(column == one for one in wanted))
    return _COMPARED[where.op](column, wanted)
