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
from pycrm.errors import InvalidError, Problem
from pycrm.forecast.closing import local_day
from pycrm.forecast.leaving import departing, places
from pycrm.forecast.stage import part, percent, running, scanned
from pycrm.pipeline.model import Kind
from pycrm.scope.aggregate import halves, joined, money
from pycrm.scope.gateway import bounded
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.forecast.stage import Course
    from pycrm.scope.gateway import Query
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
    pipeline: str | None = None,
    within: str | None = None,
) -> list[FunnelStage]:
    """See `Session.funnel`."""
    given = list(conditions)
    asked, of = running(tx, cls, given, pipeline, within)
    now = _standing(asked, of, amount)
    gone = _departures(*running(tx, cls, given, pipeline, within), since, until)
    found = []
    for key, stage in of.stages.items():
        held = now.get(key, _Held())
        sums = tuple(money(units, code) for code, units in sorted(held.sums.items()))
        days = part(held.days, held.count)
        found.append(
            FunnelStage(*(key, stage.label, stage.kind, held.count, sums, days, held.stalled, *gone[key]))
        )
    return found


@attrs.define
class _Held:
    """What stands in a stage."""

    count: int = 0
    days: int = 0
    stalled: int = 0
    sums: Counter[str] = attrs.field(factory=Counter)


def _standing(asked: Query, of: Course, amount: Any) -> dict[str, _Held]:
    tx, place = asked.tx, places(asked, of)
    by: list[Any] = [place.stage]
    units: Any = sa.literal(0)
    if amount is not None:
        if not isinstance(amount, MoneyColumn):
            raise InvalidError("only amounts of money are summed")
        by.append(asked.column(amount.currency))
        units = asked.column(amount.units)
    late = sa.func.sum(sa.case((place.late, 1), else_=0))
    days = sa.func.sum(_days(tx, place.at))
    columns = [sa.func.count(), days, late, *halves(units), *by]
    statement = asked.select(*columns).group_by(*by)
    found: dict[str, _Held] = {}
    for count, passed, late_ones, most, least, key, *currency in scanned(asked, statement):
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
    asked: Query, of: Course, since: datetime | None, until: datetime | None
) -> dict[str, tuple[int, int]]:
    """Of each stage, how many records left it, and how many of them forward."""
    made = departing(asked, of, since, until)
    # Counted and not grouped: to group them SQLite sorts them all, which takes longer than to read them.
    counts = [
        sa.func.count().filter(made.of(of, key, forward=is_forward))
        for key in of.stages
        for is_forward in (False, True)
    ]
    numbers = iter((scanned(asked, asked.select(*counts)) or [[0] * len(counts)])[0])
    return {key: (left, forward) for key, left, forward in zip(of.stages, numbers, numbers, strict=False)}


def behind(
    tx: Transaction,
    cls: Any,
    stage: str,
    number: str,
    conditions: Iterable[Any],
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    pipeline: str | None = None,
    within: str | None = None,
) -> list[Any]:
    """See `Session.behind`."""
    asked, of = running(tx, cls, conditions, pipeline, within)
    key = of.named(stage).key
    if number not in NUMBERS:
        wrong = Problem("number", "rule", f"one of {', '.join(NUMBERS)}")
        raise InvalidError(wrong.message, fields=[wrong])
    if number in ("standing", "stalled"):
        place = places(asked, of)
        asked.where.append(place.stage == key)
        if number == "stalled":
            asked.where.append(place.late)
    else:
        left = departing(asked, of, since, until)
        asked.where.append(left.of(of, key, forward=number == "forward"))
    return asked.ordered_records([asked.table.c.id], bounded(limit))
