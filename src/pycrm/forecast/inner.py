"""How long records stood in the stages within a stage: in each of its regions, where they stand in several at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.raw import RawInstant
from pycrm.forecast.elapsed import EPOCH, StageTime, summed, whole
from pycrm.forecast.leaving import left_at
from pycrm.forecast.stage import entries, running, scanned

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
    pipeline: str | None = None,
) -> list[StageTime]:
    """See `Session.time_in_stage`."""
    asked, of = running(tx, cls, conditions, pipeline, key)
    begin = sa.literal(since or EPOCH, RawInstant())
    end = sa.literal(min(until or tx.moment, tx.moment), RawInstant())
    entry = entries(asked, of)
    left = sa.func.coalesce(left_at(entry, of), end, type_=RawInstant())
    start = sa.case((entry.at > begin, entry.at), else_=begin)
    stop = sa.case((left < end, left), else_=end)
    columns = [entry.stage, sa.func.count(), *summed(tx, stop - start)]
    statement = asked.select(*columns).where(stop > start).group_by(entry.stage)
    rows = scanned(asked, statement)
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
        for one in of.stages.values()
    ]
