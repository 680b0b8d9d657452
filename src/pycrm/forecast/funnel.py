"""Funnels: what stands in each stage, and which part of what left it went forward (PIP-9, PIP-17).

A record counts once for a stage that it left in the period, by where it went when it left for the
last time; whatever came back before the period ended is still in the stage, and counts in neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.declare.raw import RawInstant
from pycrm.errors import InvalidError, Problem
from pycrm.forecast.closing import local_day
from pycrm.forecast.stage import entries, named, part, percent, staged, stages, versions
from pycrm.forecast.standing import stalled
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.model import Kind, Pipeline
from pycrm.scope.aggregate import halves, joined, money
from pycrm.scope.gateway import Query, bounded
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["NUMBERS", "FunnelStage", "behind", "funnel"]

NUMBERS = ("standing", "stalled", "left", "forward")


@attrs.frozen
class FunnelStage:
    """One stage of a funnel.

    Args:
        count: how many records stand in it now.
        sums: their amounts, one sum a currency.
        days: how many days they have stood there, on average, to 2 places; None of none.
        stalled: how many of them are stalled.
        left: how many left it in the period for good.
        forward: how many of those went forward or were won.
    """

    stage: str
    label: str
    kind: Kind
    count: int
    sums: tuple[Money, ...]
    days: Decimal | None
    stalled: int
    left: int
    forward: int

    @property
    def conversion(self) -> Decimal | None:
        """Forward or won among those that left, in percent to 2 places; None where none left."""
        return percent(self.forward, self.left)


def funnel(
    tx: Transaction,
    cls: Any,
    conditions: Iterable[Any],
    amount: Any,
    since: datetime | None,
    until: datetime | None,
) -> list[FunnelStage]:
    """See `Session.funnel`."""
    given = list(conditions)
    now = _standing(tx, cls, given, amount)
    left, forward = _departures(tx, cls, given, since, until)
    found = []
    for key, stage in stages(tx, cls).items():
        held = now.get(key, _Held())
        sums = tuple(money(units, code) for code, units in sorted(held.sums.items()))
        days = part(held.days, held.count)
        found.append(
            FunnelStage(
                *(key, stage.label, stage.kind, held.count, sums, days, held.stalled, left[key], forward[key])
            )
        )
    return found


@attrs.define
class _Held:
    """What stands in a stage."""

    count: int = 0
    days: int = 0
    stalled: int = 0
    sums: Counter[str] = attrs.field(factory=Counter)


def _standing(tx: Transaction, cls: Any, conditions: list[Any], amount: Any) -> dict[str, _Held]:
    asked = staged(tx, cls, conditions)
    by: list[Any] = [asked.table.c.stage]
    units: Any = sa.literal(0)
    if amount is not None:
        if not isinstance(amount, MoneyColumn):
            raise InvalidError("only amounts of money are summed")
        by.append(asked.column(amount.currency))
        units = asked.column(amount.units)
    late = sa.func.sum(sa.case((stalled(tx, cls), 1), else_=0))
    days = sa.func.sum(_days(tx, asked.table.c.stage_at))
    columns = [sa.func.count(), days, late, *halves(units), *by]
    statement = asked.select(*columns).group_by(*by)
    found: dict[str, _Held] = {}
    for count, passed, late_ones, most, least, key, *currency in [] if asked.nothing else tx.fetch(statement):
        held = found.setdefault(key, _Held())
        held.count += count
        held.days += int(passed)
        held.stalled += int(late_ones)
        if currency and currency[0] is not None:
            held.sums[currency[0]] += joined(most, least)
    return found


_DAY = 86_400_000_000


def _days(tx: Transaction, at: Any) -> Any:
    """How many business days lie between an instant and today, as `Standing.days` counts them."""
    today = tx.crm.calendar_day(tx.moment)
    if tx.dialect == "postgresql":
        return sa.literal(today, sa.Date()) - local_day(tx, at)
    offset = round(tx.crm.zone.utcoffset(None).total_seconds() * 1_000_000)
    shifted = sa.type_coerce(at, sa.BigInteger()) + offset
    return (today.toordinal() - _ORDINAL) - shifted // _DAY


_ORDINAL = datetime(1970, 1, 1).toordinal()


def _departures(
    tx: Transaction, cls: Any, conditions: list[Any], since: datetime | None, until: datetime | None
) -> tuple[Counter[str], Counter[str]]:
    """Of each stage, how many records left it, and how many of them forward."""
    asked = staged(tx, cls, conditions)
    entry = _departing(asked, since, until)
    by = (entry.version, entry.source, entry.stage)
    statement = asked.select(*by, sa.func.count()).group_by(*by)
    left, forward = Counter[str](), Counter[str]()
    by_version = {one.version: one for one in versions(tx, cls)}
    for version, source, target, number in [] if asked.nothing else tx.fetch(statement):
        pipeline = by_version[version]
        if not pipeline.has_stage(source):
            # It was taken over from an older version; nobody moved it.
            continue
        left[source] += number
        forward[source] += number if target in _ahead(pipeline, source) else 0
    return left, forward


def _departing(asked: Query, since: datetime | None, until: datetime | None) -> Any:
    """Join the moves by which records left a stage in a period without coming back in it."""
    entry = entries(asked)
    later = StageEntry.__table__.alias("later")
    back = [
        later.c.record_id == entry.record_id,
        later.c.pipeline == entry.pipeline,
        later.c.region == entry.region,
        later.c.stage == entry.source,
        later.c.seq > entry.seq,
    ]
    if until is not None:
        back.append(later.c.at < sa.literal(until, RawInstant()))
        asked.where.append(entry.at < sa.literal(until, RawInstant()))
    asked.where += [entry.source.is_not(None), entry.source != entry.stage, ~sa.exists().where(*back)]
    if since is not None:
        asked.where.append(entry.at >= sa.literal(since, RawInstant()))
    return entry


def _ahead(pipeline: Pipeline, source: str) -> list[str]:
    """The stages that lie forward of one: later in the order and alive, or won."""
    keys = [stage.key for stage in pipeline.stages]
    later = pipeline.stages[keys.index(source) + 1 :]
    won = [stage.key for stage in pipeline.stages if stage.kind == "won"]
    return list(dict.fromkeys([*(stage.key for stage in later if stage.kind == "open"), *won]))


def behind(
    tx: Transaction,
    cls: Any,
    stage: str,
    number: str,
    conditions: Iterable[Any],
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
) -> list[Any]:
    """See `Session.behind`."""
    asked = staged(tx, cls, conditions)
    key = named(tx, cls, stage).key
    if number not in NUMBERS:
        wrong = Problem("number", "rule", f"one of {', '.join(NUMBERS)}")
        raise InvalidError(wrong.message, fields=[wrong])
    if number in ("standing", "stalled"):
        asked.where.append(asked.table.c.stage == key)
        if number == "stalled":
            asked.where.append(stalled(tx, cls))
    else:
        entry = _departing(asked, since, until)
        asked.where.append(_from(tx, cls, entry, key, number == "forward"))
    return asked.ordered_records([asked.table.c.id], bounded(limit))


def _from(tx: Transaction, cls: Any, entry: Any, source: str, is_forward: bool) -> Any:
    """That a move left a stage, perhaps forward, by the version under which it was made."""
    options = []
    for pipeline in versions(tx, cls):
        if pipeline.has_stage(source):
            options.append(sa.and_(entry.version == pipeline.version, entry.source == source))
            if is_forward:
                options[-1] &= entry.stage.in_(_ahead(pipeline, source))
    return sa.or_(*options)
