"""Lists as they were at a moment: the list of now, with what has changed since taken back.

A record in the reader's present scope of which something changed that the list is filtered or sorted by
is taken back first, change by change. Whether it then met the conditions is asked of the database, over the
rows as they were, so that a text or an empty value compares as it always does. All others stand where
they stand now, and only those that are handed out are taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.errors import InvalidError, Problem
from pycrm.revision.conditions import Conditions, fields_of
from pycrm.revision.log import flush
from pycrm.revision.part import STAMPS, owners_of, reached, repeated
from pycrm.revision.redaction import is_ruled_otherwise, ruled_then, shown_then
from pycrm.revision.since import Changes, later_all
from pycrm.revision.touched import End, touched
from pycrm.revision.undo import kinds_of, taken_back
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
# A long list reads all changes since, up to so many a record, rather than those of its records.
_EACH = 4


class Former:
    """A scoped reading of one class as of a moment; `records` and `count` carry it out.

    Raises:
        InvalidError: a condition or an order names something unknown or hidden, now or then, or
            something that has no history; the moment has no zone.
    """

    def __init__(
        self, tx: Transaction, cls: Any, conditions: Sequence[Any], moment: datetime, archived: bool = False
    ) -> None:
        self.tx, self.cls, self.moment, self.archived = tx, cls, moment, archived
        if tx.write:
            flush(tx)
        self._keys = layout(cls).keys[tx.dialect]
        self._given = conditions
        self._asked = query(tx, cls, conditions, archived)
        self._ruled_otherwise = is_ruled_otherwise(tx, moment)
        if self._ruled_otherwise:
            with ruled_then(tx, moment):
                query(tx, cls, conditions, archived)
        # Of some kinds all changes since, as far as they have been read.
        self._known: Changes = {}

    def _sorting(self, order: Sequence[Any]) -> Conditions:
        """The conditions, and what the list is sorted by besides."""
        columns = [self._asked.column(direction(one)[0]) for one in order]
        if self._ruled_otherwise:
            with ruled_then(self.tx, self.moment):
                for column in columns:
                    query(self.tx, self.cls).column(column)
        found = Conditions(self.tx, self._asked, self._given, columns, self.moment)
        for column in found.columns:
            cls: Any = column.table.info["record"]
            if column.name in getattr(cls, "keeps_latest", ()):
                # As an unknown field of the list: it has no history.
                problem = Problem(column.name, "unknown", "unknown field of a list of the past")
                raise InvalidError(f"{cls.__name__}: {column.name}: {problem.message}", fields=[problem])
        return found

    def records(
        self,
        order: Sequence[Any] = (),
        limit: int | None = None,
        children: bool = False,
        progress: Told | None = None,
    ) -> list[Any]:
        """The records as they were, in order and then by id."""
        limit = bounded(limit)
        self._conditions = self._sorting(order)
        found, then = self._found(order, limit, children)
        keys = [*map(self._key, found)]
        known = {self._key(one): one for one in then}
        rest = [one for key, one in zip(keys, found, strict=True) if key not in known]
        if len(rest) > _AT_ONCE:
            kinds = kinds_of(self.tx, self.cls)
            self._known = later_all(self.tx, kinds, self.moment, _EACH * len(rest)) or self._known
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
            self._conditions = self._sorting(())
            gone, then, partly = self._changed(None, children=False)
            found = len(then) + len(partly) + self._number() - sum(map(self._number, pieces(gone)))
        else:
            records = self.records([distinct])
            # Ten yuan and ten dollars are two amounts.
            is_money = isinstance(distinct, MoneyColumn)
            parts = (distinct.units, distinct.currency) if is_money else (distinct,)
            places = [self._conditions.place(part, records) for part in parts]
            held = {tuple(place(one) for place in places) for one in records}
            found = sum(one[0] is not None for one in held)
        return found if limit is None else min(found, limit)

    # --- who stays in place, and who does not ----------------------------------------------------

    def _found(self, order: Sequence[Any], limit: int | None, children: bool) -> tuple[list[Any], list[Any]]:
        """The list with its records as they are now, but for some that are as they were, which come once more."""
        now = self._asked.records(order, limit)
        is_cut = limit is not None and 0 < limit == len(now)
        end = self._end(now[-1], order) if is_cut else None
        gone, then, partly = self._changed(end, children)
        staying = self._without(now, gone)
        if limit is not None and is_cut and len(staying) < limit:
            # Too few of the page of now stood there then: whatever was changed since may have.
            if end is not None:
                gone, then, partly = self._changed(None, children)
            staying = self._staying(order, limit, gone)
        if not then and not partly:
            return staying[:limit], then
        found = self._sorted([*staying, *then, *partly], order)[:limit]
        return self._completed(found, {self._key(one) for one in partly}), then

    def _changed(self, end: End | None, children: bool) -> tuple[set[Any], list[Any], list[Any]]:
        """The keys of records in reach whose place may have changed, and those that were in the list, as they were.

        The last are read in part, with what decides about the list alone.
        """
        tx, cls = self.tx, self.cls
        fields = self._conditions.fields | fields_of(cls, [] if self.archived else ["archived_at"])
        parts = self._conditions.parts(fields)
        met = touched(tx, cls, parts, fields, self.moment, end)
        if met is None:
            return (*self._among(reached(tx, cls, parts, self.moment), children), [])
        # Where everything that is repeated of a kind decides, it is told whether anything of it changed.
        told = {part.entity for part in repeated(tx, cls) if part in parts}
        self._known = {kind: {} for kind in told - met.others.keys()}
        keys = owners_of(tx, parts, met.others)
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
        if self._asked.may_be_empty(column):
            return None
        (name,) = fields_of(self.cls, [column.name])
        if name in STAMPS:
            return None
        return End(column.name, name, falling, self._conditions.place(column, ())(last))

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
            then += self._listed([one for _, one in taken_back(self.tx, now, self.moment, self._known)])
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
        return dict(taken_back(self.tx, records, self.moment, self._known))

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
            places = list(map(self._conditions.place(_plain(field), found), found))
            full = [at for at, place in enumerate(places) if place is not None]
            full.sort(key=places.__getitem__, reverse=falling)
            empty = [at for at, place in enumerate(places) if place is None]
            found = [found[at] for at in (*full, *empty)]
        return found

    def _key(self, record: Any) -> Any:
        return self._keys(record)[0]


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
