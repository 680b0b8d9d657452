"""Facts that were entered after a run and are dated before its day: a run never changes, but may be made anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import elements, visitors

from pycrm.declare.raw import RawInstant
from pycrm.entities.org import Action
from pycrm.scoring.book import ScoreRun
from pycrm.scoring.feed import Supply
from pycrm.scoring.measure import moments, refuse_without
from pycrm.scoring.moment import LIFE
from pycrm.scoring.shelf import measurable

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["late_facts"]


def late_facts(tx: Transaction, run: ScoreRun) -> int:
    """See `Session.late_facts`."""
    refuse_without(tx, Action.READ, "asking for late facts")
    catalog, model = tx.crm.catalog, measurable(tx, run.model, run.model_version)
    feeds = catalog.feeds_of(item.indicator for item in model.items)
    found = 0
    for name in sorted(feeds):
        for supply in catalog.supplies.get(name, ()):
            for statement in _late(supply, run):
                found += int(tx.fetch(statement, moments(tx, statement, run.as_of))[0][0])
    return found


def _late(supply: Supply, run: ScoreRun) -> Iterator[Any]:
    """The statement that counts them; a supply without a record that says when it was entered has none."""
    feed, rows = supply.feed, supply.statement
    if feed.at is None or not isinstance(rows, sa.Select):
        return
    column = rows.selected_columns[feed.at]
    for part in visitors.iterate(column):
        table = part.table if isinstance(part, elements.ColumnClause) else None
        if table is not None and "created_at" in table.c:
            dated = LIFE.holds(sa.type_coerce(column, feed.table.c[feed.at].type))
            late = table.c.created_at > sa.literal(run.began_at, RawInstant())
            yield sa.select(sa.func.count()).select_from(rows.where(dated, late).subquery())
            return
