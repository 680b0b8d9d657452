"""A list without conditions of a caller: how one reader reads it is found out once, and then repeated.

Reach and rights of a reader do not change, so neither does the statement, and of its values only the
place in the list and the number of rows. What is one range of an index is read as it is. What is several
is merged, see `pycrm.scope.streams`, unless so much of the list is in reach that walking along it finds
enough rows sooner. A walk is short: where it finds too few, because those in reach lie together at
another place, the merge answers, and the list is not walked for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.scope.actor import key
from pycrm.scope.predicate import Scope
from pycrm.scope.streams import Order, Streams, along, breadth, step

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["REST", "Listing"]

# How many pages are merged after a walk in vain.
REST = 50


@attrs.frozen
class _Way:
    """How the first rows are read: up to `most` of each stream, nought for no streams; rows to walk along."""

    most: int = 0
    each: tuple[int, ...] = ()
    ahead: int = 0


@attrs.frozen
class _Ready:
    """A statement for the driver, the order of its parameters, and the values that stay."""

    text: str
    names: tuple[str, ...]
    fixed: dict[str, Any]


@attrs.frozen(eq=False)
class Listing:
    """One reader's list of a class in one order; `made` are the columns that the reader is shown."""

    cls: Any
    scope: Scope
    made: Any
    order: Order
    archived: bool
    _ways: dict[int | None, _Way] = attrs.field(factory=dict, init=False, repr=False)
    _ready: dict[Any, _Ready] = attrs.field(factory=dict, init=False, repr=False)
    # By whether a page is a later one: for how many pages more the list is not walked.
    _rests: dict[bool, int] = attrs.field(factory=dict, init=False, repr=False)

    def records(
        self,
        tx: Transaction,
        limit: int | None,
        beyond: Callable[[], Any] | None = None,
        place: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """The first records, or those that come after a place.

        `beyond` is the condition over the parameters that `place` gives in the driver's form; of one
        order it is always the same.
        """
        if self.scope.nothing:
            return []
        way = self._ways.get(limit)
        if way is None:
            way = self._ways[limit] = self._way(tx, limit)
        given: dict[str, Any] = {"row_limit": limit} if place is None else {"row_limit": limit, **place}
        rows = self._walked(tx, way, beyond, given) if way.ahead else None
        if rows is None:
            rows = self._run(tx, "plain", way.most, way.each, beyond, given)
            if way.ahead and place is not None and limit is not None and len(rows) < limit:
                # The walk came to the end of the list, and so did the merge.
                self._rests.pop(True, None)
        found: list[Any] = self.made.build(rows)
        return found

    def _way(self, tx: Transaction, limit: int | None) -> _Way:
        if limit is None or self.archived or not Streams.serve(self.cls, self.scope, self.order, limit):
            return _Way()
        most, broad = step(limit), breadth(tx, self.scope)
        return _Way(most, broad.each(most), 0 if broad.is_narrow(limit) else broad.ahead(limit))

    def _walked(
        self, tx: Transaction, way: _Way, beyond: Callable[[], Any] | None, given: Mapping[str, Any]
    ) -> list[Any] | None:
        """As many rows as are wanted, by a walk along the list; None where it found fewer or was not tried."""
        is_later = beyond is not None
        rest = self._rests.get(is_later, 0)
        if rest:
            self._rests[is_later] = rest - 1
            return None
        rows = self._run(tx, "along", way.ahead, (), beyond, given)
        if len(rows) >= given["row_limit"]:
            return rows
        self._rests[is_later] = REST
        return None

    def _run(
        self,
        tx: Transaction,
        how: str,
        most: int,
        each: tuple[int, ...],
        beyond: Callable[[], Any] | None,
        given: Mapping[str, Any],
    ) -> list[Any]:
        shape = (how, most, each, beyond is None, given["row_limit"] is None)
        ready = self._ready.get(shape)
        if ready is None:
            ready = self._ready[shape] = self._prepared(tx, shape, beyond)
        values = {**ready.fixed, **given}
        rows: list[Any] = tx.run(ready.text, [values[name] for name in ready.names]).fetchall()
        return rows

    def _prepared(self, tx: Transaction, shape: Any, beyond: Callable[[], Any] | None) -> _Ready:
        how, most, each, _, is_whole = shape
        table, order, scope = self.cls.__table__, self.order, self.scope

        def statement() -> Any:
            columns = [table.c[name] for name in self.made.names]
            after = beyond or (lambda: order.beginning(tx.dialect))
            if how == "along":
                return along(table, columns, scope, order, most, after)
            if most:
                streams = Streams(table, scope, tx.dialect, most, beyond, each)
                return streams.listed(self.made.names, order)
            found = sa.select(*columns).where(after()).order_by(*order.by(table))
            found = found if scope.where is None else found.where(scope.where)
            if not self.archived and "archived_at" in self.cls.__specs__:
                found = found.where(table.c.archived_at.is_(None))
            return found if is_whole else found.limit(sa.bindparam("row_limit", type_=sa.Integer()))

        cached = ("plain", self.cls, self.archived, scope.shape, self.made, order.shape, shape)
        text, names, constants = tx.store.prepared(cached, statement)
        reach = {name: key(tx, value) for name, value in scope.values.items()}
        return _Ready(text, names, {**constants, **reach})
