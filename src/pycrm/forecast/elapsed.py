"""How long records stood in each stage, over any period and within what a reader may see.

Each row of the history says which stage was entered, and which was left, at that instant. So the time
in a stage is the sum of the instants at which it was left less the sum of those at which it was
entered, each drawn to the period, and whatever was not left is left at its end. One pass over the
history without sorting it; looking up the next row of each record (`LEAD`) takes three times as long
on PostgreSQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawInstant, micros
from pycrm.forecast.stage import entries, running, scanned
from pycrm.pipeline.model import Kind
from pycrm.scope.aggregate import halves, joined

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["EPOCH", "StageTime", "summed", "time_in_stage", "whole"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class StageTime:
    """How long records stood in a stage.

    `total` is the time of all of them together, `stays` the number of times that one stood there for
    some part of the period.
    """

    stage: str
    label: str
    kind: Kind
    total: timedelta
    stays: int

    @property
    def mean(self) -> timedelta | None:
        """The time of one stay; None where there was none."""
        return self.total / self.stays if self.stays else None


def time_in_stage(
    tx: Transaction,
    cls: Any,
    conditions: Iterable[Any],
    since: datetime | None,
    until: datetime | None,
    pipeline: str | None = None,
) -> list[StageTime]:
    """See `Session.time_in_stage`."""
    asked, of = running(tx, cls, conditions, pipeline)
    begin, end = since or EPOCH, min(until or tx.moment, tx.moment)
    entry = entries(asked, of)
    early: Any = sa.literal(0)
    if since is not None:
        early = sa.func.sum(sa.case((entry.at <= _bound(begin), 1), else_=0))
    statement = asked.select(entry.source, entry.stage, sa.func.count(), early, *_passed(tx, entry.at, begin))
    # What was entered at this very moment is a stay, as short as it is.
    statement = statement.where(entry.at <= _bound(end) if end == tx.moment else entry.at < _bound(end))
    statement = statement.group_by(entry.source, entry.stage)
    total, open_, stays = Counter[str](), Counter[str](), Counter[str]()
    for source, stage, number, before, *passed in scanned(asked, statement):
        elapsed = whole(tx, passed)
        total[stage] -= elapsed
        open_[stage] += number
        stays[stage] += number
        if source is not None:
            total[source] += elapsed
            open_[source] -= number
            stays[source] -= int(before)
    length = max(0, micros(end) - micros(begin))
    return [
        StageTime(
            *(key, stage.label, stage.kind),
            timedelta(microseconds=total[key] + open_[key] * length),
            stays[key] if length else 0,
        )
        for key, stage in of.stages.items()
    ]


def _bound(moment: datetime) -> Any:
    return sa.literal(moment, RawInstant())


def summed(tx: Transaction, passed: Any) -> list[Any]:
    """The sum of times that have passed, as columns for `whole`."""
    if tx.dialect == "postgresql":
        # A numeric, and so exact; a sum of intervals overflows at 2**31 days.
        return [sa.func.sum(sa.cast(sa.extract("epoch", passed), sa.Numeric()))]
    return halves(sa.type_coerce(passed, sa.BigInteger()))


def _passed(tx: Transaction, at: Any, begin: datetime) -> list[Any]:
    """The sum of what had passed of the period at these instants, as columns for `whole`."""
    passed = at - _bound(begin)
    if begin == EPOCH:
        return summed(tx, passed)
    if tx.dialect == "postgresql":
        seconds = sa.cast(sa.extract("epoch", passed), sa.Numeric())
        return [sa.func.sum(sa.case((at > _bound(begin), seconds), else_=0))]
    return halves(sa.case((at > _bound(begin), sa.type_coerce(passed, sa.BigInteger())), else_=0))


def whole(tx: Transaction, passed: list[Any]) -> int:
    """A sum in microseconds."""
    if tx.dialect == "postgresql":
        return int(passed[0] * 1_000_000)
    return joined(*passed)
