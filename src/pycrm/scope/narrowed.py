"""Pages of a list that conditions of a caller narrow.

Left to itself PostgreSQL walks the list in its order until enough rows meet scope and conditions, which
takes as long as the list where those in reach stand at its end, and SQLite reads all that is in reach.
So a reach of few units is merged on PostgreSQL, and one of many walks a bounded way on SQLite.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.scope.fields import view_of
from pycrm.scope.gateway import Query
from pycrm.scope.listing import REST
from pycrm.scope.streams import Breadth, Order, Streams, along, breadth, step

__all__ = ["narrowed"]

# How many rows of a list are walked along, of which few may meet the conditions.
_FAR = 10_001


def narrowed(asked: Query, order: Order, limit: int, place: Any) -> list[Any]:
    """The first records in that order; `place` is the condition of where they begin."""
    meeting = sa.and_(*asked.where)
    asked.where.append(place)
    own = not asked.joined and not asked.archived and not asked.nothing
    rows = None
    if own and Streams.serve(asked.cls, asked.scope, order, limit):
        broad = breadth(asked.tx, asked.scope)
        if asked.tx.dialect == "postgresql":
            rows = _merged(asked, order, limit, sa.and_(place, meeting), broad)
        elif not broad.is_narrow(limit):
            rows = _walked(asked, order, limit, place, meeting)
    if rows is None:
        return asked.ordered_records(order.by(asked.table), limit)
    made: list[Any] = view_of(asked.tx, asked.cls).build(rows)
    return made


def _merged(asked: Query, order: Order, limit: int, both: Any, broad: Breadth) -> list[Any] | None:
    """The page by a merge of units, None where these are many."""
    scope, most = asked.scope, step(limit)
    if len(scope.paths) == 1 and not broad.is_narrow(limit):
        # Several ways of reach are no range of the list at all.
        return None
    # Rows that meet conditions are dear to find, so a few more of each unit are read first for a nearer bound.
    each = broad.each(most * 6 // 5)
    streams = Streams(asked.table, scope, asked.tx.dialect, most, lambda: both, each)
    names = view_of(asked.tx, asked.cls).names
    return list(asked.tx.fetch(streams.listed(names, order), {"row_limit": limit}))


def _walked(asked: Query, order: Order, limit: int, place: Any, meeting: Any) -> list[Any] | None:
    """The page by a walk along a part of the list, None where that holds too few or was in vain lately."""
    plans, memo = asked.scope.plans, ("walk", asked.cls, order.shape)
    rest = plans.get(memo, 0)
    plans[memo] = max(0, rest - 1)
    if rest:
        return None
    columns = [asked.table.c[name] for name in view_of(asked.tx, asked.cls).names]
    walk = along(asked.table, columns, asked.scope, order, _FAR, lambda: place).where(meeting)
    rows = list(asked.tx.fetch(walk, {"row_limit": limit}))
    if len(rows) >= limit:
        return rows
    plans[memo] = REST
    return None
