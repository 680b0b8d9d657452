"""Lists of what contains some words: from the index where it gives few, else along the list itself.

The index knows neither scope nor field rights, so its hits choose the plan and nothing else: each row
is reached by the scope and looked at again in the fields that its reader reads. The list is read on
piece by piece, each by the ordered streams of the scope, and the more of its rows have been passed in
vain, the more hits of the index are worth a look: they are counted up to a bound, and if there are
no more they are filtered and sorted in the same statement. So a page takes a few times what the better
of both ways would take, wherever in the list the words stand. Who may read much is not led along the
list before the index has been asked for a few hits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import sqlalchemy as sa

from pycrm.declare.search import search_table
from pycrm.scope.fields import view_of
from pycrm.scope.gateway import Query
from pycrm.scope.hits import LOOKS, MANY, Hits, Look, row_limit, shown_at, sorted_by
from pycrm.scope.listing import REST
from pycrm.scope.sought import Sought
from pycrm.scope.streams import Order, Streams, breadth

__all__ = ["Search"]

# How long the first piece of a list is.
FIRST = 101
# How many rows a match makes up for that were passed in vain.
_SPARSE = 50
# How long the pieces of a list are after the first.
_PIECES = (101, 201, 401, 801, 1000)
# The same where the list is one range of an index and not merged.
_LONG_PIECES = (*_PIECES, 2000, 4000)
# Under which a reader's plans say that the reach is no longer than one piece.
_SHORT = "short"
_ONE: Any = sa.literal_column("1")


@attrs.define(eq=False)
class Search:
    """One list of what contains the words: what it reads, in which order, and how to go on after a place.

    `beyond` makes the condition for what comes after the parameters ``at_value`` and ``at_id``.
    """

    asked: Query
    sought: Sought
    order: Order
    beyond: Callable[[], Any]

    def records(self, limit: int, place: Mapping[str, Any] | None) -> list[Any]:
        """The first records after that place in the driver's form, or from the beginning."""
        if self.asked.nothing:
            return []
        if self._is_short():
            return self._built(self._run("short", lambda: self._short(place is not None), 0, limit, place))
        rows: list[Any] = []
        is_first = place is None
        most, passed, looks = FIRST, 0, self._looks()
        while True:
            while looks and looks[0].after <= passed:
                looks, found = self._looked(looks, limit - len(rows), place)
                if found is not None:
                    return self._built(rows + found)
            found, place, seen = self._walked(most, limit - len(rows), place)
            rows += found
            if is_first and seen < most:
                self._keep_short()
            is_first = False
            if len(rows) >= limit or seen < most:
                return self._built(rows)
            assert place is not None
            passed = max(0, passed + seen - _SPARSE * len(found))
            most = self._next(most, len(found), limit - len(rows))

    def _is_short(self) -> bool:
        """Whether all that is in reach was lately no more than one piece: then it is read as it is."""
        plans, memo = self.asked.scope.plans, (_SHORT, self.asked.cls)
        rest = plans.get(memo, 0)
        if rest:
            plans[memo] = rest - 1
        return bool(rest)

    def _keep_short(self) -> None:
        """Remember so: SQLite takes longer to keep a piece for several uses than to look at a hundred texts."""
        if self.asked.tx.dialect == "sqlite" and not self._is_merged:
            self.asked.scope.plans[_SHORT, self.asked.cls] = REST

    def _short(self, is_later: bool) -> Any:
        asked, texts = self.asked, search_table(self.asked.cls)
        found = asked.select(*(asked.table.c[name] for name in view_of(asked.tx, asked.cls).names))
        found = found.select_from(asked.source.join(texts, texts.c.of_id == self.order.columns[-1]))
        found = found.where(self.sought.within(texts, asked.tx.dialect))
        found = found.where(self.beyond()) if is_later else found
        return found.order_by(*self.order.by(asked.table)).limit(row_limit())

    def _built(self, rows: list[Any]) -> list[Any]:
        return list(view_of(self.asked.tx, self.asked.cls).build(rows))

    def _looks(self) -> tuple[Look, ...]:
        """When the index is asked: at once by the reach alone, of an own list after its first piece."""
        if not self.sought.shape[-1]:
            return ()
        looks, scope = LOOKS[self.asked.tx.dialect], self.asked.scope
        if scope.where is None:
            return looks
        if breadth(self.asked.tx, scope).is_narrow(FIRST):
            # Most of so many hits would be out of reach.
            looks = tuple(one for one in looks if one.most <= MANY)
        if self._is_merged and any(path.members is not None for path in scope.paths):
            return looks
        return tuple(attrs.evolve(one, after=max(1, one.after)) for one in looks if not one.is_gated)

    def _looked(
        self, looks: tuple[Look, ...], limit: int, place: Any
    ) -> tuple[tuple[Look, ...], list[Any] | None]:
        """The matching rows among the hits of the index if these are few, and what looks remain if not."""
        look, *later = looks
        width = len(view_of(self.asked.tx, self.asked.cls).names)
        rows = self._run(("hits", look), lambda: self._hits(place is not None).few(look), 0, limit, place)
        number = rows[0][-1]
        if 0 <= number <= look.most:
            return (), [row[:width] for row in rows if row[width] is not None]
        return tuple(one for one in later if number < 0 or one.most > look.most), None

    def _hits(self, is_later: bool) -> Hits:
        return Hits(self.asked, self.sought, self.order, self.beyond if is_later else None)

    def conditioned(self, limit: int) -> list[Any]:
        """The first records that meet conditions of the caller too, left to the planner."""
        asked = self.asked
        if asked.nothing:
            return []
        values = self.sought.values(asked.tx.dialect)
        texts = search_table(asked.cls)
        id = self.order.columns[-1]
        if self.sought.shape[-1]:
            index = self._hits(False)
            hits, number = index.counted(MANY)
            if asked.tx.fetch(sa.select(number), values)[0][0] <= MANY:
                asked.where.append(id.in_(sa.select(hits.c.of_id).where(index.contain(hits.c.of_id, hits))))
                return self._ordered(limit, values)
        within = self.sought.within(texts, asked.tx.dialect)
        asked.where.append(sa.exists(_ONE).where(texts.c.of_id == id, within))
        return self._ordered(limit, values)

    def _ordered(self, limit: int, values: Mapping[str, Any]) -> list[Any]:
        asked, made = self.asked, view_of(self.asked.tx, self.asked.cls)
        listed = asked.select(*(asked.table.c[name] for name in made.names))
        listed = listed.order_by(*self.order.by(asked.table)).limit(limit)
        return list(made.build(asked.tx.fetch(listed, dict(values))))

    def _next(self, most: int, matched: int, missing: int) -> int:
        """How long the next piece of the list is: what the last one promises, but not much longer than it."""
        longest = most * (4 if most < _PIECES[-1] else 2)
        wanted = min(longest, most * missing * 3 // (2 * matched)) if matched else longest
        pieces = _PIECES if self._is_merged else _LONG_PIECES
        return next((one for one in pieces if one >= wanted), pieces[-1])

    @property
    def _is_merged(self) -> bool:
        """Whether the pieces of the list are merged from streams; their places alone are read, be they many."""
        return Streams.serve(self.asked.cls, self.asked.scope, self.order, FIRST)

    def _each(self, most: int) -> tuple[int, ...]:
        return breadth(self.asked.tx, self.asked.scope).each(most) if most and self._is_merged else ()

    def _walked(self, most: int, limit: int, place: Any) -> tuple[list[Any], Any, int]:
        """Of the next rows of the list those that match, the place of the last one, and their number."""
        asked, columns = self.asked, len(self.order.columns)
        width = len(view_of(asked.tx, asked.cls).names)
        rows = self._run("walk", lambda: self._walk(most, place is not None), most, limit, place)
        if not rows:
            return [], place, 0
        *last, seen = rows[0][width + columns :]
        found = [row[:width] for row in rows if row[width] is not None]
        return found, {"at_value": last[0], "at_id": last[-1]}, seen

    def _run(
        self, plan: Any, statement: Callable[[], Any], most: int, limit: int, place: Mapping[str, Any] | None
    ) -> list[Any]:
        asked = self.asked
        made = view_of(asked.tx, asked.cls)
        shape = (*self.order.shape, place is None, most, self._each(most), self.sought.shape)
        cached = ("search", plan, asked.cls, asked.scope.shape, made, shape)
        values = {"row_limit": limit, **self.sought.values(asked.tx.dialect), **(place or {})}
        return asked.run(cached, statement, values)

    def _walk(self, most: int, is_later: bool) -> Any:
        asked, order = self.asked, self.order
        beyond = self.beyond if is_later else None
        if self._is_merged:
            streams = Streams(asked.table, asked.scope, asked.tx.dialect, most, beyond, self._each(most))
            places = streams.places(order)
        else:
            places = asked.select(*order.columns).order_by(*order.by(asked.table))
            places = places if beyond is None else places.where(beyond())
            places = places.limit(sa.literal_column(str(most)))
        piece = places.cte("piece").prefix_with("MATERIALIZED")
        key, texts = order.columns[-1].name, search_table(asked.cls).alias("texts")
        within = self.sought.within(texts, asked.tx.dialect)
        looked = sa.select(_ONE.label("one")).where(texts.c.of_id == piece.c[key], within)
        if asked.tx.dialect == "postgresql":
            # One look for each row, whatever the planner believes of their number.
            match = looked.limit(_ONE).correlate(piece).lateral("looked")
            matching = sa.select(*order.among(piece)).join_from(piece, match, sa.true())
        else:
            matching = sa.select(*order.among(piece)).where(sa.exists(looked.correlate(piece)))
        matching = matching.order_by(*order.by(piece)).limit(row_limit())
        first = matching.subquery("matching")
        shown = shown_at(asked, order, first)
        last = sa.select(*order.among(piece)).order_by(*order.reversed.by(piece)).limit(_ONE).subquery("last")
        seen = sa.select(sa.func.count()).select_from(piece).scalar_subquery()
        found = sa.select(*shown.c, *last.c, seen).join_from(last, shown, sa.true(), isouter=True)
        return found.order_by(*sorted_by(order, shown))
