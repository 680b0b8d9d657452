"""Lists as they were at a moment: what has not changed since is read as it is, the rest is undone.

A record in the reader's present scope that was changed after the moment is taken back change by change.
Whether it then met the conditions is asked of the database, over the rows as they were, so that a text
or an empty value compares as it always does. Everything else is the list of now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare.field import MoneyColumn
from pycrm.declare.table import key_column
from pycrm.errors import InvalidError, Problem
from pycrm.revision.inline import inline
from pycrm.revision.log import flush
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.revision.redaction import ruled_then, shown_then
from pycrm.revision.undo import Later, renamed, undone
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import class_of, only
from pycrm.scope.children import with_children
from pycrm.scope.condition import direction
from pycrm.scope.fields import whole
from pycrm.scope.gateway import bounded, query
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Former", "former_total"]

_AT_ONCE = 500


class Former:
    """A scoped reading of one class as of a moment; `records` and `count` carry it out.

    Raises:
        InvalidError: a condition or an order names something unknown or hidden, now or then, or a field
            of another record; the moment has no zone.
    """

    def __init__(
        self, tx: Transaction, cls: Any, conditions: Sequence[Any], moment: datetime, archived: bool = False
    ) -> None:
        self.tx, self.cls, self.moment, self.archived = tx, cls, moment, archived
        if tx.write:
            flush(tx)
        self._conditions = conditions
        self._found: dict[str, dict[UUID, list[Later]]] = {}
        self._asked = query(tx, cls, conditions, archived)
        with ruled_then(tx, moment):
            query(tx, cls, conditions, archived)
        self._facets = [one for one in self._asked.joined if one.__facet_of__ == cls.__name__]
        self._refuse_others()
        self._refuse_unkept(self._named(cls))

    def _refuse_unkept(self, columns: Sequence[str]) -> None:
        """Refuse what has no history, as an unknown field of the list."""
        for name in self.cls.keeps_latest:
            if name in columns:
                problem = Problem(name, "unknown", "unknown field of a list of the past")
                raise InvalidError(f"{self.cls.__name__}: {name}: {problem.message}", fields=[problem])

    def _refuse_others(self) -> None:
        others = [one.__name__ for one in self._asked.joined if one.__facet_of__ != self.cls.__name__]
        if others:
            raise InvalidError(f"a list of the past names no fields of {others[0]}")

    def _admit(self, order: Sequence[Any]) -> None:
        for one in order:
            self._asked.ordering(one)
            with ruled_then(self.tx, self.moment):
                query(self.tx, self.cls).ordering(one)
        self._refuse_others()
        if any(_owner(one) is not self.cls for one in order):
            raise InvalidError("a list of the past is sorted by fields of its own class")
        self._refuse_unkept([_plain(direction(one)[0]).name for one in order])

    def records(
        self, order: Sequence[Any] = (), limit: int | None = None, children: bool = False
    ) -> list[Any]:
        """The records as they were, in order and then by id."""
        limit = bounded(limit)
        self._admit(order)
        later = self._later(self.cls)
        changed = self._changed(later)
        most = None if limit is None else limit + len(changed)
        now = [one for one in self._asked.records(order, most) if one.id not in changed]
        now = with_children(self.tx, now) if children and now else now
        then = self._then(changed, later, children)
        found = _sorted([*now, *then], order)[:limit]
        return [shown_then(self.tx, one, self.moment) for one in found]

    def count(self, distinct: Any = None, limit: int | None = None) -> int:
        """How many they were, or how many different values of a field they held."""
        limit = bounded(limit)
        if distinct is None:
            found = len(self.records(limit=limit))
        else:
            values = (_place(one, _plain(distinct)) for one in self.records([distinct]))
            found = len({value for value in values if value is not None})
        return found if limit is None else min(found, limit)

    def _changed(self, later: Mapping[UUID, Any]) -> set[UUID]:
        """The ids of records of which something has changed since, in the actor's present scope."""
        found = set(later)
        for facet in self._facets:
            found |= self._later(facet).keys()
        for link in set(self.cls.mirrors.values()):
            found |= self._later_names(link).keys()
        return found

    # --- what has changed since ----------------------------------------------------------------

    def _later(self, of: Any) -> dict[UUID, list[Later]]:
        """The later changes of the records, or of a facet of theirs, newest first."""
        return self._read(of.__name__, self.cls.__table__.c[key_column(self.cls)])

    def _later_names(self, link: str) -> dict[UUID, list[Later]]:
        """The later changes of what a record repeats fields of."""
        spec = self.cls.__specs__[link]
        return self._read(spec.target, self.cls.__table__.c[spec.columns[0]])

    def _read(self, entity: str, column: Any) -> dict[UUID, list[Later]]:
        if entity not in self._found:
            self._found[entity] = self._changes(entity, column)
        return self._found[entity]

    def _changes(self, entity: str, column: Any) -> dict[UUID, list[Later]]:
        change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
        asked = query(self.tx, self.cls, (), archived=True)
        if asked.nothing:
            return {}
        asked.source = asked.source.join(
            ChangeRow.__table__, sa.and_(change.record_id == column, change.entity == entity)
        ).join(RevisionRow.__table__, revision.id == change.revision_id)
        key = self.cls.__table__.c[key_column(self.cls)]
        statement = (
            asked.select(key, change.version, change.act, change.changes)
            .where(revision.at > sa.bindparam(None, self.moment, type_=revision.at.type, unique=True))
            .order_by(key, change.version.desc())
        )
        found: dict[UUID, list[Later]] = {}
        for id, version, act, text in self.tx.fetch(statement):
            before = {path: old for path, (old, _) in json.loads(text).items()}
            found.setdefault(unkey(id), []).append(Later(version, act, before))  # type: ignore[arg-type]
        return found

    # --- taking it back ------------------------------------------------------------------------

    def _then(self, changed: set[UUID], later: dict[UUID, list[Later]], children: bool) -> Iterator[Any]:
        """The changed records that were in the list, as they were."""
        names = [(link, self._later_names(link)) for link in set(self.cls.mirrors.values())]
        ids = sorted(changed)
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            stamps = self._stamps([one for one in some if later.get(one)])
            made = []
            for record in self._whole(some, children):
                then = undone(record, later.get(record.id, []), stamps.get(record.id))
                if then is not None:
                    made.append(renamed(then, names))
            if not self.archived and "archived_at" in self.cls.__specs__:
                made = [one for one in made if one.archived_at is None]
            meeting = self._meeting(made) if made and self._conditions else {one.id for one in made}
            yield from (one for one in made if one.id in meeting)

    def _whole(self, ids: list[UUID], children: bool) -> list[Any]:
        key = self.cls.__table__.c[key_column(self.cls)]
        with whole(self.tx):
            found = query(self.tx, self.cls, [key.in_(ids)], archived=True).records()
            return with_children(self.tx, found) if children else found

    def _stamps(self, ids: list[UUID]) -> dict[UUID, tuple[Any, Any]]:
        """When and by whom each record was last changed before the moment, as the driver gives it."""
        change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
        statement = (
            sa.select(change.record_id, revision.at, revision.by_id)
            .select_from(ChangeRow.__table__.join(RevisionRow.__table__, revision.id == change.revision_id))
            .where(change.record_id.in_(ids), change.entity == self.cls.__name__)
            .where(revision.at <= sa.bindparam(None, self.moment, type_=revision.at.type, unique=True))
            .order_by(change.version)
        )
        rows = self.tx.fetch(statement) if ids else []
        return {unkey(id): (at, by) for id, at, by in rows}  # type: ignore[misc]

    # --- whether it met the conditions ---------------------------------------------------------

    def _meeting(self, records: list[Any]) -> set[UUID]:
        """Those of the records that met the conditions as they were."""
        held: list[tuple[Any, list[Any]]] = [(self.cls, records)]
        for facet in self._facets:
            held.append((facet, self._facets_then(facet, [one.id for one in records])))
        found: set[UUID] = set()
        tables: dict[Any, Any] = {}
        for cls, rows in held:
            tables[cls.__table__] = inline(self.tx, cls, rows, self._named(cls))
        main = tables.pop(self.cls.__table__)
        source = main
        for table, then in tables.items():
            key = table.info["record"]
            source = source.outerjoin(then, then.c[key_column(key)] == main.c[key_column(self.cls)])
        tables[self.cls.__table__] = main
        where = [_moved(one, tables) for one in self._conditions]
        rows = self.tx.fetch(sa.select(main.c[key_column(self.cls)]).select_from(source).where(*where))
        found.update(unkey(id) for (id,) in rows)  # type: ignore[misc]
        return found

    def _facets_then(self, facet: Any, ids: list[UUID]) -> list[Any]:
        later = self._later(facet)
        table = facet.__table__.c
        with whole(self.tx):
            now = query(self.tx, facet, [table[key_column(facet)].in_(ids)]).records()
        then = (undone(one, later.get(one.id, []), None) for one in now)
        return [one for one in then if one is not None]

    def _named(self, cls: Any) -> list[str]:
        """The columns of a class that the conditions name, its key first."""
        found = {key_column(cls): None}
        for condition in self._conditions:
            for part in visitors.iterate(condition):
                if isinstance(part, sa.Column) and part.table is cls.__table__:
                    found[part.name] = None
        return list(found)


def _sorted(records: list[Any], order: Sequence[Any]) -> list[Any]:
    """In order and then by id, what is empty last, as the gateway sorts."""
    found = sorted(records, key=lambda one: one.id)
    for one in reversed(order):
        field, falling = direction(one)
        column = _plain(field)
        full = [record for record in found if _place(record, column) is not None]
        empty = [record for record in found if _place(record, column) is None]
        full.sort(key=lambda record, column=column: _place(record, column), reverse=falling)  # type: ignore[misc]
        found = full + empty
    return found


def _owner(order: Any) -> Any:
    """The class of the field that an order names."""
    table: Any = _plain(direction(order)[0]).table
    return table.info["record"]


def _plain(field: Any) -> Any:
    return field.units if isinstance(field, MoneyColumn) else field


def _place(record: Any, column: Any) -> Any:
    """What a record sorts by in the order of a column."""
    specs = type(record).__specs__.values()
    spec = next(one for one in specs if column.name in one.columns)
    value = getattr(record, spec.name)
    if value is None:
        return None
    if len(spec.columns) == 2:
        return value.units if column.name == spec.columns[0] else value.currency
    return getattr(value, "id", getattr(value, "value", value))


def former_total(tx: Transaction, amount: Any, conditions: Sequence[Any], moment: datetime) -> Money:
    """The sum of a money field over a list as it was at a moment; see `Session.sum`."""
    cls = class_of(amount)
    sums: dict[str, Money] = {}
    for record in Former(tx, cls, conditions, moment).records([amount]):
        spec = next(one for one in cls.__specs__.values() if one.columns[:1] == (amount.units.name,))
        value = getattr(record, spec.name)
        if value is not None:
            sums[value.currency] = sums[value.currency] + value if value.currency in sums else value
    return only(tx, sums)


def _moved(condition: Any, tables: Mapping[Any, Any]) -> Any:
    """The condition over the rows as they were."""

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.Column) and element.table in tables:
            return tables[element.table].c[element.name]
        return None

    return visitors.replacement_traverse(condition, {}, replace)
