"""Pages of a list that conditions of a caller narrow.

Left to itself PostgreSQL walks the list in its order until enough rows meet scope and conditions, which
takes as long as the list where those in reach stand at its end, and SQLite reads all that is in reach.
So a reach of few units is merged on PostgreSQL, and one of many walks a bounded way on SQLite. Where
conditions speak of facets, either would begin with all rows that hold a value, whoever has them: they are
looked up by the rows in reach, along a bounded way where that is much or all of the list.
"""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.sql.visitors import replacement_traverse

from pycrm.declare.table import key_column
from pycrm.scope.fields import view_of
from pycrm.scope.gateway import Query
from pycrm.scope.listing import REST
from pycrm.scope.streams import Breadth, Order, Streams, along, are_merged, breadth, step

__all__ = ["narrowed"]

# How many rows of a list are walked along, of which few may meet the conditions.
_FAR = 10_001


def narrowed(asked: Query, order: Order, limit: int, place: Any) -> list[Any]:
    """The first records in that order; `place` is the condition of where they begin."""
    given = list(asked.where)
    asked.where.append(place)
    rows = None
    if not asked.archived and not asked.nothing and Streams.fit(asked.cls, order, limit):
        facets = _facets(asked)
        if facets is not None:
            rows = _listed(asked, order, limit, place, Meeting(sa.and_(*given), asked, facets))
    if rows is None:
        return asked.ordered_records(order.by(asked.table), limit)
    made: list[Any] = view_of(asked.tx, asked.cls).build(rows)
    return made


def _facets(asked: Query) -> list[Any] | None:
    """The facets that conditions speak of; None where these take records by their links too."""
    found = [cls.__table__ for cls in asked.joined if cls.__facet_of__ == asked.cls.__name__]
    return found if len(found) == len(asked.joined) else None


@attrs.frozen
class Meeting:
    """Conditions as they are asked of each row of a list.

    A facet's field is looked up by the row's key, so that whoever reads begins with the rows in reach.
    """

    condition: Any
    asked: Query
    facets: list[Any]

    def of(self, source: Any) -> Any:
        """The conditions over the rows of a source that has the list's columns."""
        table = self.asked.table
        if not self.facets and source is table:
            return self.condition
        key = source.c[key_column(self.asked.cls)]

        def looked_up(element: Any, **_: Any) -> Any:
            held = getattr(element, "table", None)
            if held is not None and held in self.facets:
                one = held.alias()
                found = sa.select(one.c[element.key]).where(one.c.of_id == key)
                return found.correlate(source).scalar_subquery()
            return source.c[element.key] if held is table else None

        return replacement_traverse(self.condition, {}, looked_up)


def _listed(asked: Query, order: Order, limit: int, place: Any, meeting: Meeting) -> list[Any] | None:
    """The rows of the page, None where they are left to the database."""
    scope, is_server = asked.scope, asked.tx.dialect == "postgresql"
    rows = None
    if not are_merged(scope):
        # Whoever reaches all would else begin with all rows that have a facet's value.
        is_walked = scope.where is None and bool(asked.joined)
    else:
        broad = breadth(asked.tx, scope)
        rows = _merged(asked, order, limit, place, meeting, broad) if is_server else None
        is_walked = rows is None and not broad.is_narrow(limit) and bool(asked.joined or not is_server)
        if rows is None and not is_walked and asked.joined:
            return _read(asked, order, limit, place, meeting)
    if is_walked:
        rows = _walked(asked, order, limit, place, meeting)
        if rows is None and asked.joined and _is_short(asked, order):
            rows = _read(asked, order, limit, place, meeting)
    return rows


def _is_short(asked: Query, order: Order) -> bool:
    """Whether a list ends before a walk along it does."""
    table = asked.table
    last: Any = (
        sa.select(sa.literal_column("1")).where(table.c.archived_at.is_(None)).order_by(*order.by(table))
    )
    return not asked.tx.fetch(last.limit(1).offset(_FAR - 1))


def _merged(
    asked: Query, order: Order, limit: int, place: Any, meeting: Meeting, broad: Breadth
) -> list[Any] | None:
    """The page by a merge of units, None where these are many."""
    scope, most = asked.scope, step(limit)
    if len(scope.paths) == 1 and not broad.is_narrow(limit):
        # Several ways of reach are no range of the list at all.
        return None
    # Rows that meet conditions are dear to find, so a few more of each unit are read first for a nearer bound.
    each = broad.each(most * 6 // 5)
    both = sa.and_(place, meeting.of(asked.table))
    streams = Streams(asked.table, scope, asked.tx.dialect, most, lambda: both, each)
    names = view_of(asked.tx, asked.cls).names
    return list(asked.tx.fetch(streams.listed(names, order), {"row_limit": limit}))


def _read(asked: Query, order: Order, limit: int, place: Any, meeting: Meeting) -> list[Any]:
    """The page by reading what is in reach, and looking up the facets of each."""
    columns = [asked.table.c[name] for name in view_of(asked.tx, asked.cls).names]
    reached = [] if asked.scope.where is None else [asked.scope.where]
    found = sa.select(*columns).where(*reached, asked.table.c.archived_at.is_(None), place)
    found = found.where(meeting.of(asked.table))
    return list(asked.tx.fetch(found.order_by(*order.by(asked.table)).limit(limit)))


def _walked(asked: Query, order: Order, limit: int, place: Any, meeting: Meeting) -> list[Any] | None:
    """The page by a walk along a part of the list, None where that holds too few or was in vain lately."""
    plans, memo = asked.scope.plans, ("walk", asked.cls, order.shape)
    rest = plans.get(memo, 0)
    plans[memo] = max(0, rest - 1)
    if rest:
        return None
    walk = _walk(asked, order, place, meeting)
    rows = list(asked.tx.fetch(walk, {"row_limit": limit}))
    if len(rows) >= limit:
        return rows
    plans[memo] = REST
    return None


def _walk(asked: Query, order: Order, place: Any, meeting: Meeting) -> Any:
    table, names = asked.table, view_of(asked.tx, asked.cls).names
    if asked.tx.dialect != "postgresql" or asked.scope.where is not None:
        columns = [table.c[name] for name in names]
        found = along(table, columns, asked.scope, order, _FAR, lambda: place)
        return found.where(meeting.of(table))
    # PostgreSQL takes what is looked up for rare, and would look at all of that part before it sorts.
    part = sa.select(table).where(table.c.archived_at.is_(None), place).order_by(*order.by(table))
    rows = part.limit(sa.literal_column(str(_FAR))).subquery("part")
    found = sa.select(*(rows.c[name] for name in names)).where(meeting.of(rows)).order_by(*order.by(rows))
    return found.limit(sa.bindparam("row_limit", type_=sa.Integer()))
