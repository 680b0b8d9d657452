"""How long records stood in the stages within a stage: in each of its regions, where they stand in several at once.

Nothing is written when a stage is left from outside. So a stay within ends with the next entry of its own
region, or of one that holds it, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.raw import RawInstant
from pycrm.errors import InvalidError, Problem
from pycrm.forecast.elapsed import EPOCH, StageTime, summed, whole
from pycrm.forecast.stage import entries, staged, versions
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.model import Stage
from pycrm.pipeline.tree import Tree

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["time_within"]


def time_within(
    tx: Transaction,
    cls: Any,
    key: str,
    conditions: Iterable[Any],
    since: datetime | None,
    until: datetime | None,
) -> list[StageTime]:
    """See `Session.time_in_stage`."""
    asked = staged(tx, cls, conditions)
    inside, regions, outer = _within(tx, cls, key)
    begin = sa.literal(since or EPOCH, RawInstant())
    end = sa.literal(min(until or tx.moment, tx.moment), RawInstant())
    entry = entries(asked, regions)
    left = sa.func.coalesce(_left(entry, outer), end, type_=RawInstant())
    start = sa.case((entry.at > begin, entry.at), else_=begin)
    stop = sa.case((left < end, left), else_=end)
    columns = [entry.stage, sa.func.count(), *summed(tx, stop - start)]
    statement = asked.select(*columns).where(stop > start).group_by(entry.stage)
    rows = [] if asked.nothing else tx.fetch(statement)
    found = {stage: (number, whole(tx, passed)) for stage, number, *passed in rows}
    none = (0, 0)
    return [
        StageTime(
            one.key,
            one.label,
            one.kind,
            timedelta(microseconds=found.get(one.key, none)[1]),
            found.get(one.key, none)[0],
        )
        for one in inside.values()
    ]


def _left(entry: Any, outer: Iterable[str]) -> Any:
    """When a stay ended, nothing where it lasts."""
    later = StageEntry.__table__.alias("later")
    ends = sa.or_(later.c.region == entry.region, later.c.region.in_(list(outer)))
    found = sa.select(sa.func.min(later.c.at)).where(
        later.c.record_id == entry.record_id,
        later.c.pipeline == entry.pipeline,
        later.c.seq > entry.seq,
        ends,
    )
    return found.correlate(StageEntry.__table__).scalar_subquery()


def _within(tx: Transaction, cls: Any, key: str) -> tuple[dict[str, Stage], list[str], set[str]]:
    """The stages directly within a stage over all versions, their regions, and the regions around."""
    inside: dict[str, Stage] = {}
    regions: list[str] = []
    outer: set[str] = set()
    for pipeline in versions(tx, cls):
        holder = pipeline.stage(key) if pipeline.has_stage(key) else None
        for region in () if holder is None else holder.stages if holder.parallel else (holder,):
            regions.append(region.key)
            for one in region.stages:
                inside.setdefault(one.key, one)
        if holder is not None:
            tree = Tree(pipeline)
            outer |= {found for one in tree.path(key) if (found := tree.region(one)) is not None}
    if not inside:
        wrong = Problem("within", "unknown", f"no stage {key!r} that holds others")
        raise InvalidError(wrong.message, fields=[wrong])
    return inside, list(dict.fromkeys(regions)), outer
