"""The one maker of reading statements: every condition is walked, every row is scoped.

`find(Cls, *conditions)` takes columns of the class, of its facets and of records reached by
exactly one link; each of those is joined with its own scope. Everything else (a select, raw text,
a foreign table, a function) is refused as an unknown field, before SQL is sent; see
`pycrm.scope.condition`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.entities.org import Action
from pycrm.errors import InvalidError, NotFoundError
from pycrm.scope.actor import key, unkey
from pycrm.scope.comparison import Comparisons, compared, padded, sorting
from pycrm.scope.condition import Grammar, direction, unknown_field
from pycrm.scope.fields import field_rights, view_of
from pycrm.scope.listing import Listing
from pycrm.scope.predicate import renamed, scope_of
from pycrm.scope.streams import Order, Streams, are_merged, step
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Query",
    "bounded",
    "fetch_one",
    "fetch_some",
    "in_sight",
    "listing",
    "not_in_sight",
    "query",
    "unknown_field",
]

# In seconds, many times what a database takes to look at one row.
_LONGEST_PAUSE = 0.0001
# So many records and fewer are fetched by a statement that is compiled once.
_PREPARED = 512


class Query:
    """A scoped reading of one class: its table, the joins its conditions need, its conditions."""

    def __init__(
        self,
        tx: Transaction,
        cls: Any,
        conditions: Iterable[Any],
        archived: bool = False,
        action: str = Action.READ,
    ) -> None:
        scope = scope_of(tx, cls, action)
        self.tx, self.cls = tx, cls
        self.archived = archived
        self.is_plain = True
        self.table: Any = cls.__table__
        self.source: Any = self.table
        self._joined: set[Any] = {self.table}
        # Of each class that a link leads to the column of that link.
        self.links: dict[Any, str] = {}
        self.where: list[Any] = []
        grammar = Grammar(self._admit)
        for condition in conditions:
            self.is_plain = False
            grammar.truth(condition)
            self.where.append(condition)
        self.scope, self.nothing = scope, scope.nothing
        if action != Action.READ:
            # Whatever else is asked for, nobody is shown what they may not read.
            self.is_plain = False
            self._only_readable()

    @property
    def joined(self) -> list[Any]:
        """The classes besides its own that the conditions have joined."""
        return [table.info["record"] for table in self._joined if table is not self.table]

    def column(self, field: Any) -> Any:
        """The column of a field to select, sort or sum by, admitted like those of conditions."""
        found = field.units if isinstance(field, MoneyColumn) else field
        self._admit(found)
        return found

    def _only_readable(self) -> None:
        readable = scope_of(self.tx, self.cls)
        self.nothing = self.nothing or readable.nothing
        if readable.where is not None:
            # Two scopes in one statement must not share the names of their parameters.
            self.is_plain = False
            self.where.append(renamed(readable.where, "readable_"))

    def _admit(self, column: Any) -> None:
        """Take a column whose record may be read, joining the record's table with its scope."""
        if type(column) is not sa.Column:
            raise unknown_field(type(column).__name__.lower())
        table: Any = column.table
        if table is None or table.c.get(column.key) is not column:
            raise unknown_field(column.name)
        cls = getattr(table, "info", {}).get("record") if isinstance(table, sa.Table) else None
        if cls is None or cls.__dict__.get("__slot_table__") is not table:
            raise unknown_field(column.name)
        if column.name in field_rights(self.tx, cls).closed:
            raise unknown_field(column.name)
        if table in self._joined:
            return
        if not self.tx.crm.is_registered(cls):
            raise unknown_field(f"{cls.__name__}.{column.name}")
        if cls.__facet_of__ == self.cls.__name__:
            on = table.c.of_id == self.table.c[key_column(self.cls)]
        else:
            link = self.links[cls] = self._link_to(cls, column)
            on = self.table.c[link] == table.c[key_column(cls)]
            scope = scope_of(self.tx, cls)
            if scope.where is not None:
                # Two scopes in one statement must not share the names of their parameters.
                on = sa.and_(on, renamed(scope.where, f"{cls.__tablename__}_"))
        self.source = self.source.outerjoin(table, on)
        self._joined.add(table)

    def _link_to(self, cls: Any, column: Any) -> str:
        closed = field_rights(self.tx, self.cls).closed
        found = [
            spec.columns[0]
            for spec in self.cls.__specs__.values()
            if spec.target == cls.__name__ and not spec.derived and spec.columns[0] not in closed
        ]
        if len(found) != 1:
            raise unknown_field(f"{cls.__name__}.{column.name}")
        return str(found[0])

    def select(self, *columns: Any) -> Any:
        """The statement for these columns."""
        return self._selected(columns, self.where)

    def _selected(self, columns: Iterable[Any], conditions: Iterable[Any]) -> Any:
        # The scope first: what is compared with rows that it drops would tell of them by the time.
        where = [*conditions] if self.scope.where is None else [self.scope.where, *conditions]
        if not self.archived and "archived_at" in self.cls.__specs__:
            where.append(self.table.c.archived_at.is_(None))
        return sa.select(*columns).select_from(self.source).where(*where)

    def records(self, order: Sequence[Any] = (), limit: int | None = None) -> list[Any]:
        """The records, in order and then by id."""
        limit = bounded(limit)
        key = self.table.c[key_column(self.cls)]
        if self.is_plain and len(order) <= 1:
            column, falling = direction(order[0]) if order else (key, False)
            column = self.column(column)
            # Equal values come by rising ids here, and so fall in no index.
            if column.table is self.table and not falling and not self.may_be_empty(column):
                return self.listing(Order.of(self.cls, column)).records(self.tx, limit)
        return self.ordered_records([*(self.ordering(one) for one in order), key], limit)

    def ordered_records(self, ordering: Sequence[Any], limit: int | None) -> list[Any]:
        """The records in that order."""
        made = view_of(self.tx, self.cls)
        if self.nothing:
            return []
        rows = self._alike(made, ordering, limit)
        if rows is None:
            statement = self.select(*(self.table.c[name] for name in made.names)).order_by(*ordering)
            rows = self.tx.fetch(statement if limit is None else statement.limit(limit))
        return made.build(rows)

    def _alike(self, made: Any, ordering: Sequence[Any], limit: int | None) -> list[Any] | None:
        """The rows by a statement that is kept for all readings alike; None where conditions say more."""
        asked, order = self.comparisons(), sorting(self.table, ordering)
        if asked is None or order is None:
            return None

        def statement() -> Any:
            found = self._selected([self.table.c[name] for name in made.names], asked.where())
            found = found.order_by(*ordering)
            return found if limit is None else found.limit(sa.bindparam("row_limit", type_=sa.Integer()))

        cached = ("find", self.cls, made, self.archived, self.scope.shape, asked.key, order, limit is None)
        return self.run(cached, statement, asked.bound(self.tx.store.engine.dialect) | {"row_limit": limit})

    def comparisons(self) -> Comparisons | None:
        """All conditions as comparisons of fields with values; None where they are more than that."""
        return compared(self.table, self.where) if self.source is self.table else None

    def listing(self, order: Order) -> Listing:
        """The list without conditions of a caller in that order, as this reader always reads it."""
        made = view_of(self.tx, self.cls)
        memo = ("listing", made, order.shape, self.archived)
        found: Listing | None = self.scope.plans.get(memo)
        if found is None:
            found = self.scope.plans[memo] = Listing(self.cls, self.scope, made, order, self.archived)
        return found

    def plain_count(self, limit: int) -> int | None:
        """The number of records counted to a limit; None where conditions do more than compare with values."""
        tx, asked = self.tx, self.comparisons()
        if self.nothing:
            return 0
        if asked is None:
            return None
        most = step(limit) if self.is_plain and not self.archived and are_merged(self.scope) else 0

        def statement() -> Any:
            if most:
                return Streams(self.table, self.scope, tx.dialect, most).counted()
            one = self._selected([sa.literal_column("1").label("one")], asked.where())
            one = one.limit(sa.bindparam("row_limit", type_=sa.Integer()))
            return sa.select(sa.func.count()).select_from(one.subquery())

        cached = ("count", self.cls, self.archived, self.scope.shape, asked.key, most)
        given = asked.bound(tx.store.engine.dialect) | {"row_limit": limit}
        return min(limit, int(self.run(cached, statement, given)[0][0]))

    def run(self, cached: Any, statement: Callable[[], Any], values: Mapping[str, Any]) -> list[Any]:
        """The rows of a statement that is compiled once for its key, with the scope's parameters."""
        tx, scope = self.tx, self.scope.values
        text, names, constants = tx.store.prepared(cached, statement)
        given = {**constants, **values}
        rows: list[Any] = tx.run(
            text, [key(tx, scope[name]) if name in scope else given[name] for name in names]
        ).fetchall()
        return rows

    def ordering(self, field: Any) -> Any:
        """A field, or a field with a direction, to sort by; what is empty comes last."""
        plain, falling = direction(field)
        column = self.column(plain)
        ordered = column.desc() if falling else column.asc()
        # The two databases put empty values at different ends.
        return ordered.nulls_last() if self.may_be_empty(column) else ordered

    def may_be_empty(self, column: Any) -> bool:
        """Whether rows of the reading may have nothing in a column."""
        return column.table is not self.table or column.name not in _filled(self.cls)


@per_class
def _filled(cls: Any) -> frozenset[str]:
    """The columns of a class that are never empty."""
    return frozenset(name for spec in cls.__specs__.values() if not spec.nullable for name in spec.columns)


def bounded(limit: Any) -> int | None:
    """The most rows to read, None for all.

    Raises:
        InvalidError: no whole number, or a negative one.
    """
    if limit is None or (type(limit) is int and 0 <= limit < 2**31):
        return limit
    raise InvalidError("a limit is a whole number of records")


def query(tx: Transaction, cls: Any, conditions: Iterable[Any] = (), archived: bool = False) -> Query:
    """A scoped reading; see `Query`.

    Raises:
        InvalidError: a condition names something that the reader may not use.
    """
    return Query(tx, cls, conditions, archived)


def listing(tx: Transaction, cls: Any, column: Any, falling: bool) -> Listing:
    """The list of a class without conditions in the order of one of its columns, as this reader reads it.

    Raises:
        InvalidError: no record of this CRM, or a column that the reader may not use.
    """
    memo = ("listing", tx.crm, cls, column.name, falling, tx.whole > 0)
    plans: dict[Any, Any] = tx.actor._bounds if tx.actor is not None else {}
    found: Listing | None = plans.get(memo)
    if found is None:
        asked = query(tx, cls)
        asked.column(column)
        found = plans[memo] = asked.listing(Order.of(cls, column, falling))
    return found


def fetch_one(tx: Transaction, cls: Any, id: UUID, action: str = Action.READ, lock: bool = False) -> Any:
    """The record of that id if the actor's reach for the action covers it, else None.

    One statement, so that a hidden record takes no other time than a missing one. What still differs
    is that the database compares the owner of a row that is there: a microsecond or two, which a
    random pause covers.
    """
    scope = scope_of(tx, cls, action, True)
    made = view_of(tx, cls)
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

    text, names = tx.store.text(("one", cls, scope.shape, made, lock), statement)
    values = scope.values
    rows = tx.run(text, [key(tx, id if name == "key" else values[name]) for name in names]).fetchall()
    if rows:
        return made.build(rows)[0]
    _pause()
    return None


def _pause() -> None:
    time.sleep(_LONGEST_PAUSE * random.random())


def fetch_some(
    tx: Transaction, cls: Any, ids: Iterable[UUID], action: str = Action.READ, lock: bool = False
) -> list[Any]:
    """Those of the records that the actor's reach for the action covers, by rising ids; see `fetch_one`."""
    wanted = sorted(set(ids))
    if len(wanted) == 1:
        found = fetch_one(tx, cls, wanted[0], action, lock)
        return [] if found is None else [found]
    made, key_of = view_of(tx, cls), cls.__table__.c[key_column(cls)]
    if 0 < len(wanted) <= _PREPARED and not lock and action == Action.READ:
        return _fetch_few(tx, cls, wanted)
    records: list[Any] = []
    for some in pieces(wanted):
        asked = Query(tx, cls, archived=True, conditions=(), action=action)
        if asked.nothing:
            return []
        asked.where.append(key_of.in_(some))
        statement = asked.select(*(asked.table.c[name] for name in made.names)).order_by(key_of)
        if lock and tx.dialect == "postgresql":
            statement = statement.with_for_update()
        records += made.build(tx.fetch(statement))
    return records


def _fetch_few(tx: Transaction, cls: Any, wanted: list[UUID]) -> list[Any]:
    """`fetch_some` of a page and less, by statements that are compiled once for twos, fours, eights and so on."""
    made = view_of(tx, cls)
    return made.build(_rows_of(tx, cls, wanted, made.names))


def _rows_of(tx: Transaction, cls: Any, wanted: list[UUID], columns: tuple[str, ...]) -> list[Any]:
    """These columns of those of the records that the actor may read."""
    scope, key_of = scope_of(tx, cls), cls.__table__.c[key_column(cls)]
    # What is asked for twice comes once.
    given = padded(wanted)
    names = [f"key_{at}" for at in range(len(given))]

    def statement() -> Any:
        keys = [sa.bindparam(name, type_=key_of.type) for name in names]
        found = sa.select(*(cls.__table__.c[name] for name in columns)).where(key_of.in_(keys))
        return (found if scope.where is None else found.where(scope.where)).order_by(key_of)

    if scope.nothing:
        return []
    text, order = tx.store.text(("some", cls, scope.shape, columns, len(given)), statement)
    values = {**scope.values, **dict(zip(names, given, strict=True))}
    found: list[Any] = tx.run(text, [key(tx, values[name]) for name in order]).fetchall()
    return found


def in_sight(tx: Transaction, cls: Any, ids: Iterable[UUID]) -> list[UUID]:
    """Those of the records that the actor may read, archived ones too, by rising ids."""
    found: list[UUID] = []
    for some in pieces(sorted(set(ids))):
        found += [id for (one,) in _rows_of(tx, cls, some, (key_column(cls),)) if (id := unkey(one))]
    return found


def not_found(cls: Any) -> NotFoundError:
    """The one answer for a record that is missing and for one that is hidden."""
    return NotFoundError(f"no such {cls.__name__.lower()}")


def not_in_sight(cls: Any) -> NotFoundError:
    """The same where a statement of one's own found no record in its scope, after the pause of `fetch_one`."""
    _pause()
    return not_found(cls)
