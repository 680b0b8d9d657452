"""The one maker of reading statements: every condition is walked, every row is scoped.

`find(Cls, *conditions)` takes columns of the class, of its facets and of records reached by
exactly one link; each of those is joined with its own scope. Everything else (a select, raw text,
a foreign table, an unknown function) is refused as an unknown field, before SQL is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import elements, operators, visitors

from pycrm.declare.field import MoneyColumn
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.entities.org import Action
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.scope.actor import key
from pycrm.scope.predicate import scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Query", "fetch_one", "query"]

_ALLOWED = (
    elements.BindParameter,
    elements.BinaryExpression,
    elements.BooleanClauseList,
    elements.ClauseList,
    elements.ExpressionClauseList,
    elements.UnaryExpression,
    elements.Grouping,
    elements.Null,
    elements.True_,
    elements.False_,
    elements.Tuple,
)


# Patterns of the database's own kind can cost minutes; operators as text can hold anything.
_REFUSED = (operators.regexp_match_op, operators.not_regexp_match_op, operators.match_op)


def _is_refused(operator: Any) -> bool:
    return isinstance(operator, operators.custom_op) or operator in _REFUSED


def unknown_field(text: str) -> InvalidError:
    """The refusal of anything that a reader may not name; equal for hidden and for unknown."""
    return InvalidError(f"unknown field: {text}", fields=[Problem(text, "unknown", "unknown field")])


class Query:
    """A scoped reading of one class: its table, the joins its conditions need, its conditions."""

    def __init__(self, tx: Transaction, cls: Any, conditions: Iterable[Any], archived: bool = False) -> None:
        self.tx, self.cls = tx, cls
        self.table: Any = cls.__table__
        self.source: Any = self.table
        self._joined: set[Any] = {self.table}
        self.where: list[Any] = []
        for condition in conditions:
            self.where.append(self.walked(condition))
        scope = scope_of(tx, cls)
        self.nothing = scope.nothing
        if scope.where is not None:
            self.where.append(scope.where)
        if not archived and "archived_at" in cls.__specs__:
            self.where.append(self.table.c.archived_at.is_(None))

    def walked(self, condition: Any) -> Any:
        """The condition, once every part of it was found to be allowed; joins what it needs."""
        if not isinstance(condition, elements.ColumnElement):
            raise unknown_field(type(condition).__name__)
        for part in visitors.iterate(condition):
            if isinstance(part, sa.Column):
                self._admit(part)
            elif not isinstance(part, _ALLOWED) or _is_refused(getattr(part, "operator", None)):
                raise unknown_field(type(part).__name__.lower())
        return condition

    def column(self, field: Any) -> Any:
        """The column of a field to select, sort or sum by, admitted like those of conditions."""
        found = field.units if isinstance(field, MoneyColumn) else field
        self.walked(found)
        return found

    def _admit(self, column: sa.Column[Any]) -> None:
        table = column.table
        if table in self._joined:
            return
        cls = getattr(table, "info", {}).get("record") if isinstance(table, sa.Table) else None
        if cls is None or cls.__dict__.get("__slot_table__") is not table:
            raise unknown_field(column.name)
        if not self.tx.crm.is_registered(cls):
            raise unknown_field(f"{cls.__name__}.{column.name}")
        if cls.__facet_of__ == self.cls.__name__:
            on = table.c.of_id == self.table.c[key_column(self.cls)]
        else:
            on = self.table.c[self._link_to(cls, column)] == table.c[key_column(cls)]
            scope = scope_of(self.tx, cls)
            if scope.where is not None:
                # Two scopes in one statement must not share the names of their parameters.
                on = sa.and_(on, _renamed(scope.where, f"{cls.__tablename__}_"))
        self.source = self.source.outerjoin(table, on)
        self._joined.add(table)

    def _link_to(self, cls: Any, column: Any) -> str:
        found = [
            spec.columns[0]
            for spec in self.cls.__specs__.values()
            if spec.target == cls.__name__ and not spec.derived
        ]
        if len(found) != 1:
            raise unknown_field(f"{cls.__name__}.{column.name}")
        return str(found[0])

    def select(self, *columns: Any) -> Any:
        """The statement for these columns."""
        return sa.select(*columns).select_from(self.source).where(*self.where)

    def records(self, order: Sequence[Any] = (), limit: int | None = None) -> list[Any]:
        """The records, in order and then by id."""
        made = layout(self.cls)
        if self.nothing:
            return []
        names = self.table.c
        statement = self.select(*(names[name] for name in made.names))
        ordered = [self.ordering(one) for one in order]
        statement = statement.order_by(*ordered, names[key_column(self.cls)])
        if limit is not None:
            statement = statement.limit(limit)
        return made.build(self.tx.fetch(statement))

    def ordering(self, field: Any) -> Any:
        """A column, or a column with a direction, to sort by."""
        plain = field.element if isinstance(field, elements.UnaryExpression) else field
        admitted = self.column(plain)
        return field if isinstance(field, elements.UnaryExpression) else admitted


def _renamed(where: Any, prefix: str) -> Any:
    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, elements.BindParameter) and element.key.startswith("scope_"):
            return sa.bindparam(prefix + element.key, element.value, type_=element.type)
        return None

    return visitors.replacement_traverse(where, {}, replace)


def query(tx: Transaction, cls: Any, conditions: Iterable[Any] = (), archived: bool = False) -> Query:
    """A scoped reading; see `Query`.

    Raises:
        InvalidError: a condition names something that the reader may not use.
    """
    return Query(tx, cls, conditions, archived)


def fetch_one(tx: Transaction, cls: Any, id: UUID, action: str = Action.READ, lock: bool = False) -> Any:
    """The record of that id if the actor's reach for the action covers it, else None.

    One statement, so that a hidden record takes no other time than a missing one.
    """
    scope = scope_of(tx, cls, action)
    made = layout(cls)
    lock = lock and tx.dialect == "postgresql"

    def statement() -> Any:
        columns = cls.__table__.c
        found = sa.select(*(columns[name] for name in made.names))
        found = found.where(
            columns[key_column(cls)] == sa.bindparam("key", type_=columns[key_column(cls)].type)
        )
        if scope.where is not None:
            found = found.where(scope.where)
        return found.with_for_update() if lock else found

    text, names = tx.store.text(("one", cls, scope.shape, lock), statement)
    values = scope.values
    rows = tx.run(text, [key(tx, id if name == "key" else values[name]) for name in names]).fetchall()
    return made.build(rows)[0] if rows else None


def not_found(cls: Any) -> NotFoundError:
    """The one answer for a record that is missing and for one that is hidden."""
    return NotFoundError(f"no such {cls.__name__.lower()}")
