"""Lists as they were at a moment: the list of now, with what has changed since taken back.

A record in the reader's present scope of which something changed that the list is filtered or sorted by
is taken back first, change by change. Whether it then met the conditions is asked of the database, over the
rows as they were, so that a text or an empty value compares as it always does. All others stand where
they stand now, and only those that are handed out are taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.errors import InvalidError, Problem
from pycrm.revision.conditions import Conditions, fields_of
from pycrm.revision.log import flush
from pycrm.revision.redaction import is_ruled_otherwise, ruled_then, shown_then
from pycrm.revision.since import STAMPS, Part, later, owners_of, reached, stamps
from pycrm.revision.touched import End, touched
from pycrm.revision.undo import Later, renamed, undone
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import class_of, only
from pycrm.scope.children import with_children
from pycrm.scope.condition import direction
from pycrm.scope.fields import view_of, whole
from pycrm.scope.gateway import bounded, fetch_some, query
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
        self._keys = layout(cls).keys[tx.dialect]
        self._asked = query(tx, cls, conditions, archived)
        self._ruled_otherwise = is_ruled_otherwise(tx, moment)
        if self._ruled_otherwise:
            with ruled_then(tx, moment):
                query(tx, cls, conditions, archived)
        facets = [one for one in self._asked.joined if one.__facet_of__ == cls.__name__]
        self._conditions = Conditions(tx, cls, conditions, facets, moment)
        # Of what kinds nothing that the class repeats has changed.
        self._still: frozenset[str] = frozenset()
        self._refuse_others()
        self._refuse_unkept(self._conditions.named(cls))

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
            if self._ruled_otherwise:
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
        found, then = self._found(order, limit, children)
        keys = [*map(self._key, found)]
        known = {self._key(one): one for one in then}
        rest = [one for key, one in zip(keys, found, strict=True) if key not in known]
        for at in range(0, len(rest), _AT_ONCE):
            some = rest[at : at + _AT_ONCE]
            known |= self._taken_back(some, children)
            if progress is not None:
                progress(len(found) - len(rest) + at + len(some), len(found))
        return shown_then(self.tx, [known[key] for key in keys if key in known], self.moment)

    def count(self, distinct: Any = None, limit: int | None = None) -> int:
        """How many they were, or how many different values of a field they held."""
        limit = bounded(limit)
        if distinct is None:
            gone, then, partly = self._changed(self._fields(()), None, children=False)
            found = len(then) + len(partly) + self._number() - sum(map(self._number, pieces(gone)))
        else:
            place = self._place(_plain(distinct))
            found = len({place(one) for one in self.records([distinct])} - {None})
        return found if limit is None else min(found, limit)

    # --- who stays in place, and who does not ----------------------------------------------------

    def _fields(self, order: Sequence[Any]) -> frozenset[str]:
        """The fields of the class that the list is filtered and sorted by."""
        columns = [*self._conditions.named(self.cls), *(_plain(direction(one)[0]).name for one in order)]
        return fields_of(self.cls, [*columns, *([] if self.archived else ["archived_at"])])

    def _parts(self, own: frozenset[str]) -> list[Part]:
        """What decides about the list: fields of its class, of its facets, and of what it repeats."""
        cls, key, named = self.cls, key_column(self.cls), self._conditions.named
        # The key of a record stays, and of what it repeats its own changes say nothing.
        parts = [Part(cls.__name__, key, own - fields_of(cls, [key]) - cls.mirrors.keys())]
        parts += [
            Part(facet.__name__, key, fields_of(facet, named(facet))) for facet in self._conditions.facets
        ]
        for link in _links(cls):
            repeated = frozenset(name for name in own if cls.mirrors.get(name) == link)
            if repeated:
                parts.append(Part(cls.__specs__[link].target, cls.__specs__[link].columns[0], repeated))
        return parts

    def _told_by(self, parts: Sequence[Part]) -> set[str]:
        """The kinds of what the class repeats of which these parts tell every change that it repeats."""
        fields = {(part.entity, name) for part in parts[1:] for name in part.fields}
        specs, mirrors = self.cls.__specs__, self.cls.mirrors
        told = {specs[link].target for link in _links(self.cls)}
        return told - {
            specs[link].target for name, link in mirrors.items() if (specs[link].target, name) not in fields
        }

    def _found(self, order: Sequence[Any], limit: int | None, children: bool) -> tuple[list[Any], list[Any]]:
        """The list with its records as they are now, but for some that are as they were, which come once more."""
        fields = self._fields(order)
        now = self._asked.records(order, limit)
        is_cut = limit is not None and 0 < limit == len(now)
        end = self._end(now[-1], order) if is_cut else None
        gone, then, partly = self._changed(fields, end, children)
        staying = self._without(now, gone)
        if limit is not None and is_cut and len(staying) < limit:
            # Too few of the page of now stood there then: whatever was changed since may have.
            if end is not None:
                gone, then, partly = self._changed(fields, None, children)
            staying = self._staying(order, limit, gone)
        if not then and not partly:
            return staying[:limit], then
        found = self._sorted([*staying, *then, *partly], order)[:limit]
        return self._completed(found, {self._key(one) for one in partly}), then

    def _changed(
        self, fields: frozenset[str], end: End | None, children: bool
    ) -> tuple[set[Any], list[Any], list[Any]]:
        """The keys of records in reach whose place may have changed, and those that were in the list, as they were.

        The last are read in part, with what decides about the list alone.
        """
        tx, cls, parts = self.tx, self.cls, self._parts(fields)
        met = touched(tx, cls, parts, fields, self.moment, end)
        if met is None:
            return (*self._among(reached(tx, cls, parts, self.moment), children), [])
        self._still = frozenset(self._told_by(parts) - met.others.keys())
        keys = owners_of(tx, cls, parts, met.others)
        if not STAMPS.isdisjoint(fields):
            # By whom and when it was changed last stands with the change before.
            return (*self._among(keys | met.records.keys(), children), [])
        gone, then = self._among(keys, children)
        partly = [one for key, one in met.records.items() if one is not None and key not in gone]
        return gone | met.records.keys(), then, self._listed(partly)

    def _end(self, last: Any, order: Sequence[Any]) -> End | None:
        """Where the list of now ends with this record; None where what is behind it may come before it."""
        field, falling = direction(order[0]) if order else (self.cls.__table__.c[key_column(self.cls)], False)
        column = _plain(field)
        (name,) = fields_of(self.cls, [column.name])
        if self._asked.may_be_empty(column) or name in STAMPS:
            return None
        return End(column.name, name, falling, self._place(column)(last))

    def _completed(self, found: list[Any], keys: Collection[Any]) -> list[Any]:
        """The same records, of which those with these keys were read in part, as they are now."""
        there = [(self._key(one), one) for one in found]
        wanted = [key for key, _ in there if key in keys]
        whole = {self._key(one): one for some in pieces(wanted) for one in self._whole(some, False)}
        return [whole.get(key, one) for key, one in there if key in whole or key not in keys]

    def _among(self, keys: Iterable[Any], children: bool) -> tuple[set[Any], list[Any]]:
        """Of these keys those in reach, and the records that were in the list, as they were."""
        gone: set[Any] = set()
        then: list[Any] = []
        for some in pieces(keys):
            now = self._whole(some, children)
            gone |= set(map(self._key, now))
            then += self._listed([one for _, one in self._undone(now)])
        return gone, then

    def _listed(self, made: list[Any]) -> list[Any]:
        """Those that were in the list, of records as they were."""
        if not self.archived and "archived_at" in self.cls.__specs__:
            made = [one for one in made if one.archived_at is None]
        return self._conditions.met(made)

    def _staying(self, order: Sequence[Any], limit: int, gone: Collection[Any]) -> list[Any]:
        """The beginning of the list of now without those whose place may have changed."""
        most = limit
        while True:
            most = min(4 * most, limit + len(gone))
            now = self._asked.records(order, most)
            found = self._without(now, gone)
            if len(found) >= limit or len(now) < most:
                return found

    def _without(self, records: list[Any], gone: Collection[Any]) -> list[Any]:
        return [one for one in records if self._key(one) not in gone] if gone else records

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
        return dict(self._undone(records))

    def _undone(self, records: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """The records as they were by their keys, without those that were not there yet."""
        tx, cls = self.tx, self.cls
        keys = [*map(self._key, records)]
        changes = later(tx, cls.__name__, keys, self.moment)
        links = [link for link in _links(cls) if cls.__specs__[link].target not in self._still]
        linked = [one for link in links for one in [(link, *self._linked(link, records))] if one[2]]
        if not changes and not linked:
            yield from zip(keys, records, strict=True)
            return
        stamped = stamps(tx, cls.__name__, changes, self.moment)
        for key, record in zip(keys, records, strict=True):
            then = undone(record, changes[key], stamped.get(key)) if key in changes else record
            if then is not None and linked:
                then = renamed(then, [(link, names.get(to(record), ())) for link, to, names in linked])
            if then is not None:
                yield key, then

    def _linked(self, link: str, records: Sequence[Any]) -> tuple[Any, dict[Any, list[Later]]]:
        """What gives the key that the link of a record leads to, and the later changes by these keys."""
        to = self._driven(link, 0)
        entity = self.cls.__specs__[link].target
        return to, later(self.tx, entity, dict.fromkeys(map(to, records)), self.moment)

    def _whole(self, keys: Iterable[Any], children: bool) -> list[Any]:
        with whole(self.tx):
            found = fetch_some(self.tx, self.cls, [id for id in map(unkey, keys) if id is not None])
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
