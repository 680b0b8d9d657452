"""Lists as they were at a moment: the list of now, with what has changed since taken back.

A record in the reader's present scope of which something changed that the list is filtered or sorted by
is taken back first, change by change. Whether it then met the conditions is asked of the database, over the
rows as they were, so that a text or an empty value compares as it always does. All others stand where
they stand now, and only those that are handed out are taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare.field import MoneyColumn
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.errors import InvalidError, Problem
from pycrm.revision.inline import inline
from pycrm.revision.log import flush
from pycrm.revision.redaction import ruled_then, shown_then
from pycrm.revision.since import Part, later, moved, stamps
from pycrm.revision.undo import Later, renamed, undone
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import class_of, only
from pycrm.scope.children import with_children
from pycrm.scope.condition import direction
from pycrm.scope.fields import view_of, whole
from pycrm.scope.gateway import bounded, query
from pycrm.store.pieces import pieces
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Former", "Told", "former_total"]

# Is told how many records of how many are as they were.
Told = Callable[[int, int], object]
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
        self._keys = layout(cls).keys[tx.dialect]
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
        self,
        order: Sequence[Any] = (),
        limit: int | None = None,
        children: bool = False,
        progress: Told | None = None,
    ) -> list[Any]:
        """The records as they were, in order and then by id."""
        limit = bounded(limit)
        self._admit(order)
        gone, then = self._moved(order, children)
        found = self._sorted([*self._staying(order, limit, gone), *then], order)[:limit]
        known = {self._key(one): one for one in then}
        rest = [one for one in found if self._key(one) not in known]
        for at in range(0, len(rest), _AT_ONCE):
            some = rest[at : at + _AT_ONCE]
            known |= self._taken_back(some, children)
            if progress is not None:
                progress(len(found) - len(rest) + at + len(some), len(found))
        there = (known[key] for key in map(self._key, found) if key in known)
        return shown_then(self.tx, there, self.moment)

    def count(self, distinct: Any = None, limit: int | None = None) -> int:
        """How many they were, or how many different values of a field they held."""
        limit = bounded(limit)
        if distinct is None:
            gone, then = self._moved((), children=False)
            found = len(then) + self._number() - sum(map(self._number, pieces(gone)))
        else:
            place = self._place(_plain(distinct))
            found = len({place(one) for one in self.records([distinct])} - {None})
        return found if limit is None else min(found, limit)

    # --- who stays in place, and who does not ----------------------------------------------------

    def _parts(self, order: Sequence[Any]) -> list[Part]:
        """What decides about the list: fields of its class, of its facets, and of what it repeats."""
        cls = self.cls
        columns = [*self._named(cls), *(_plain(direction(one)[0]).name for one in order)]
        own = _fields(cls, [*columns, *([] if self.archived else ["archived_at"])])
        parts = [Part(cls.__name__, key_column(cls), own)]
        parts += [
            Part(facet.__name__, key_column(cls), _fields(facet, self._named(facet)))
            for facet in self._facets
        ]
        for link in _links(cls):
            repeated = frozenset(name for name in own if cls.mirrors.get(name) == link)
            if repeated:
                parts.append(Part(cls.__specs__[link].target, cls.__specs__[link].columns[0], repeated))
        return parts

    def _moved(self, order: Sequence[Any], children: bool) -> tuple[set[Any], list[Any]]:
        """The keys of records in reach whose place may have changed, and those that were in the list, as they were."""
        gone: set[Any] = set()
        then: list[Any] = []
        for some in pieces(moved(self.tx, self.cls, self._parts(order), self.moment)):
            now = self._whole(some, children)
            gone |= set(map(self._key, now))
            made = list(self._undone(now))
            if not self.archived and "archived_at" in self.cls.__specs__:
                made = [one for one in made if one.archived_at is None]
            if made and self._conditions:
                meeting = self._meeting(made)
                made = [one for one in made if self._key(one) in meeting]
            then += made
        return gone, then

    def _staying(self, order: Sequence[Any], limit: int | None, gone: Collection[Any]) -> list[Any]:
        """The list of now without those whose place may have changed; of a limited one its beginning."""
        most = limit
        while True:
            now = self._asked.records(order, most)
            found = [one for one in now if self._key(one) not in gone]
            if limit is None or most is None or len(found) >= limit or len(now) < most:
                return found
            most = min(2 * most, limit + len(gone))

    def _number(self, among: Sequence[Any] | None = None) -> int:
        """How many are in the list of now, of all or of these."""
        if self._asked.nothing:
            return 0
        counted = self._asked.select(sa.func.count())
        if among is not None:
            counted = counted.where(
                self.cls.__table__.c[key_column(self.cls)].in_([unkey(one) for one in among])
            )
        return int(self.tx.fetch(counted)[0][0])

    # --- taking it back ------------------------------------------------------------------------

    def _taken_back(self, records: list[Any], children: bool) -> dict[Any, Any]:
        """Records of the list of now as they were, by their keys."""
        if children or view_of(self.tx, self.cls) is not layout(self.cls):
            keys = map(self._key, records)
            records = [one for some in pieces(keys) for one in self._whole(some, children)]
        return {self._key(one): one for one in self._undone(records)}

    def _undone(self, records: Sequence[Any]) -> Iterator[Any]:
        """The records as they were, without those that were not there yet."""
        tx, cls = self.tx, self.cls
        changes = later(tx, cls.__name__, map(self._key, records), self.moment)
        stamped = stamps(tx, cls.__name__, changes, self.moment)
        linked = [(link, *self._linked(link, records)) for link in _links(cls)]
        for record in records:
            key = self._key(record)
            then = undone(record, changes.get(key, ()), stamped.get(key))
            if then is not None:
                yield renamed(then, [(link, names.get(to(record), ())) for link, to, names in linked])

    def _linked(self, link: str, records: Sequence[Any]) -> tuple[Any, dict[Any, list[Later]]]:
        """What gives the key that the link of a record leads to, and the later changes by these keys."""
        to = self._driven(link, 0)
        entity = self.cls.__specs__[link].target
        return to, later(self.tx, entity, dict.fromkeys(map(to, records)), self.moment)

    def _whole(self, keys: Iterable[Any], children: bool) -> list[Any]:
        key = self.cls.__table__.c[key_column(self.cls)]
        with whole(self.tx):
            found = query(self.tx, self.cls, [key.in_([unkey(one) for one in keys])], archived=True).records()
            return with_children(self.tx, found) if children else found

    # --- in which order ------------------------------------------------------------------------

    def _sorted(self, records: list[Any], order: Sequence[Any]) -> list[Any]:
        """In order and then by id, what is empty last, as the gateway sorts."""
        found = sorted(records, key=self._key)
        for one in reversed(order):
            field, falling = direction(one)
            places = list(map(self._place(_plain(field)), found))
            full = [at for at, place in enumerate(places) if place is not None]
            full.sort(key=places.__getitem__, reverse=falling)
            empty = [at for at, place in enumerate(places) if place is None]
            found = [found[at] for at in (*full, *empty)]
        return found

    def _place(self, column: Any) -> Callable[[Any], Any]:
        """What gives the value by which a record stands in the order of a column, None where it is empty."""
        specs = self.cls.__specs__.values()
        spec = next(one for one in specs if column.name in one.columns)
        return self._driven(spec.name, spec.columns.index(column.name))

    def _driven(self, name: str, at: int) -> Callable[[Any], Any]:
        """What gives a column of a field as the driver has it."""
        dump = layout(self.cls).dump_of((name,), self.tx.dialect)
        return lambda record: dump(record)[at]

    def _key(self, record: Any) -> Any:
        return self._keys(record)[0]

    # --- whether it met the conditions ---------------------------------------------------------

    def _meeting(self, records: list[Any]) -> set[Any]:
        """The keys of the records that met the conditions as they were."""
        held: list[tuple[Any, list[Any]]] = [(self.cls, records)]
        for facet in self._facets:
            held.append((facet, self._facets_then(facet, records)))
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
        return {id for (id,) in rows}

    def _facets_then(self, facet: Any, records: list[Any]) -> list[Any]:
        changes = later(self.tx, facet.__name__, map(self._key, records), self.moment)
        key, dialect = facet.__table__.c[key_column(facet)], self.tx.dialect
        with whole(self.tx):
            now = query(self.tx, facet, [key.in_([one.id for one in records])]).records()
        then = (undone(one, changes.get(layout(facet).key(one, dialect), ()), None) for one in now)
        return [one for one in then if one is not None]

    def _named(self, cls: Any) -> list[str]:
        """The columns of a class that the conditions name, its key first."""
        found = {key_column(cls): None}
        for condition in self._conditions:
            for part in visitors.iterate(condition):
                if isinstance(part, sa.Column) and part.table is cls.__table__:
                    found[part.name] = None
        return list(found)


def _fields(cls: Any, columns: Collection[str]) -> frozenset[str]:
    """The fields of a class that some columns belong to."""
    return frozenset(
        spec.name for spec in cls.__specs__.values() if any(name in columns for name in spec.columns)
    )


def _links(cls: Any) -> list[str]:
    """The links to what records of the class repeat fields of."""
    return sorted(set(cls.mirrors.values()))


def _owner(order: Any) -> Any:
    """The class of the field that an order names."""
    table: Any = _plain(direction(order)[0]).table
    return table.info["record"]


def _plain(field: Any) -> Any:
    return field.units if isinstance(field, MoneyColumn) else field


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
