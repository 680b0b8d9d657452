"""Faults to plant in merged lists and in walks, each of which the comparison with the reference must see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm.scope import listing, narrowed, streams
from pycrm.scope.fields import view_of

Plant = Callable[[pytest.MonkeyPatch], None]


def stream_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The last way by which somebody reaches rows is left out."""
    numbered = streams.Streams._numbered
    patch.setattr(
        streams.Streams, "_numbered", lambda self: numbered(self)[: max(1, len(numbered(self)) - 1)]
    )


def streams_added_up(patch: pytest.MonkeyPatch) -> None:
    """What is reached in two ways comes twice."""
    patch.setattr(streams.sa, "union", sa.union_all)


def archived_listed(patch: pytest.MonkeyPatch) -> None:
    """Pages hold what was archived."""

    def rows(self: Any, columns: Any, *conditions: Any) -> Any:
        found = sa.select(*columns).where(*conditions)
        return found if self.beyond is None else found.where(self.beyond())

    patch.setattr(streams.Streams, "_rows", rows)


def cursor_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Each page begins at the beginning."""
    listed = streams.Streams.listed
    patch.setattr(
        streams.Streams, "listed", lambda self, *given: listed(attrs.evolve(self, beyond=None), *given)
    )


def one_unit_alone(patch: pytest.MonkeyPatch) -> None:
    """Of several paths the first alone is ordered; the others give any rows."""
    ordered = streams.Streams._ordered

    def some(self: Any, path: Any, order: Any, number: int) -> Any:
        return ordered(self, path, order.reversed if number else order, number)

    patch.setattr(streams.Streams, "_ordered", some)


def _bound(patch: pytest.MonkeyPatch, back: str) -> None:
    def bound(self: Any, nearest: Any, order: streams.Order) -> Any:
        found = sa.select(*order.among(nearest)).order_by(*order.by(nearest))
        place = sa.bindparam("row_limit", type_=sa.Integer()) - sa.literal_column(back)
        last = found.limit(sa.literal_column("1")).offset(sa.func.greatest(place, sa.literal_column("0")))
        backwards = found.order_by(None).order_by(*order.reversed.by(nearest)).limit(sa.literal_column("1"))
        either = sa.union_all(sa.select(last.subquery()), sa.select(backwards.subquery())).subquery()
        return sa.select(either).limit(sa.literal_column("1")).scalar_subquery()

    patch.setattr(streams.Streams, "_bound", bound)


def bound_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """The bound is the first row of the unit before the last."""
    _bound(patch, "2")


def bound_of_too_few(patch: pytest.MonkeyPatch) -> None:
    """Where there are fewer units than rows are wanted, the last of them is the bound."""
    _bound(patch, "1")


def tie_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Rows of the same name as the bound count as beyond it, whatever their ids."""

    def reaches(self: Any, bound: Any) -> Any:
        within = sa.tuple_(*self.columns)
        names = sa.tuple_(self.columns[0], sa.cast(sa.literal_column("NULL"), sa.Uuid()))
        return sa.and_(within <= bound, names < bound) if not self.falling else within >= bound

    patch.setattr(streams.Order, "reaches", reaches)


def unit_counted_twice(patch: pytest.MonkeyPatch) -> None:
    """A unit below two roots takes the place of another among the nearest."""

    def members(self: Any, path: Any, number: int) -> Any:
        (column,) = path.members.selected_columns
        found = path.members.with_only_columns(column.label("member")).subquery(f"members_{number}")
        return found, found.c.member

    patch.setattr(streams.Streams, "_members", members)


def read_on_in_no_unit(patch: pytest.MonkeyPatch) -> None:
    """Of each unit the first rows alone are taken."""
    unread = streams.Streams._unread
    patch.setattr(streams.Streams, "_unread", lambda self, *given: unread(self, *given).where(sa.false()))


def first_rows_read_again(patch: pytest.MonkeyPatch) -> None:
    """A unit is read on from its beginning, not from the last row that was read."""
    patch.setattr(streams.Order, "passes", lambda self, place: sa.true())


def units_left_too_soon(patch: pytest.MonkeyPatch) -> None:
    """Of a few units none is read on of which more than one row was read."""
    unread = streams.Streams._unread

    def alone(self: Any, nearest: Any, each: int, order: Any) -> Any:
        return unread(self, nearest, each + (each > 1), order)

    patch.setattr(streams.Streams, "_unread", alone)


def _walk(patch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    along = streams.along
    names = ("table", "columns", "scope", "order", "ahead", "beyond")
    for room in (listing, narrowed):
        patch.setattr(room, "along", lambda *given: along(**change(dict(zip(names, given, strict=True)))))


def walking(patch: pytest.MonkeyPatch) -> None:
    """Whoever reaches any units counts as reaching much of the list, of which few rows are looked at."""
    patch.setattr(streams, "_PATIENCE", 1)
    patch.setattr(narrowed, "_FAR", 3)
    patch.setattr(streams.Breadth, "is_narrow", lambda self, limit: not self.most)


def walk_without_scope(patch: pytest.MonkeyPatch) -> None:
    """Whoever walks along the list is given all rows that come by."""
    _walk(patch, lambda given: given | {"scope": attrs.evolve(given["scope"], where=sa.true())})


def walk_from_the_beginning(patch: pytest.MonkeyPatch) -> None:
    """A walk for a later page begins at the beginning."""
    _walk(patch, lambda given: given | {"beyond": sa.true})


def walk_by_one_way(patch: pytest.MonkeyPatch) -> None:
    """A walk knows the first way by which rows are reached alone."""

    def first(given: dict[str, Any]) -> dict[str, Any]:
        scope = given["scope"]
        return given | {"scope": attrs.evolve(scope, where=scope.paths[0].where)}

    _walk(patch, first)


def walk_taken_for_the_list(patch: pytest.MonkeyPatch) -> None:
    """What a walk has found is the answer, be it fewer rows than are wanted."""

    def walked(self: Any, tx: Any, way: Any, beyond: Any, given: Any) -> Any:
        return self._run(tx, "along", way.ahead, (), beyond, given)

    patch.setattr(listing.Listing, "_walked", walked)


def filtered_walk_taken_for_the_list(patch: pytest.MonkeyPatch) -> None:
    """What a walk has found of a list with conditions is the answer."""

    def walked(asked: Any, order: Any, limit: int, place: Any, meeting: Any) -> Any:
        columns = [asked.table.c[name] for name in view_of(asked.tx, asked.cls).names]
        walk = streams.along(asked.table, columns, asked.scope, order, 3, lambda: place)
        return asked.tx.fetch(walk.where(meeting.of(asked.table)), {"row_limit": limit})

    patch.setattr(narrowed, "_walked", walked)


def filtered_walk_without_conditions(patch: pytest.MonkeyPatch) -> None:
    """A walk for a list with conditions forgets these."""
    walked = narrowed._walked
    patch.setattr(
        narrowed, "_walked", lambda *given: walked(*given[:4], narrowed.Meeting(sa.true(), given[0], []))
    )


EVERYWHERE = (stream_forgotten, streams_added_up, archived_listed, cursor_forgotten, one_unit_alone)
WALKED = (walk_without_scope, walk_from_the_beginning, walk_by_one_way, walk_taken_for_the_list)
FILTERED = (filtered_walk_taken_for_the_list, filtered_walk_without_conditions)
BOUNDED = (
    *(bound_off_by_one, bound_of_too_few, tie_forgotten, unit_counted_twice),
    *(read_on_in_no_unit, first_rows_read_again, units_left_too_soon),
)
