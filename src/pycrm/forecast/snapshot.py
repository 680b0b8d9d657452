"""Forecasts written down, and how well they held (PIP-14)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawDate, RawInstant, RawKey
from pycrm.declare.raw import instant as instant_of
from pycrm.declare.row import layout
from pycrm.entities.opportunity import Opportunity
from pycrm.errors import InvalidError, Problem
from pycrm.forecast.amount import CERTAIN, weighted
from pycrm.forecast.book import ForecastLine, ForecastSnapshot
from pycrm.forecast.closing import closing, day, falls_in, opportunities, wins
from pycrm.forecast.outlook import open_in, probability_of, weights
from pycrm.forecast.period import Period
from pycrm.forecast.season import total
from pycrm.forecast.stage import in_versions, percent
from pycrm.forecast.whole import METHODS, Method, keep, totals
from pycrm.revision.sql import insert_text
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import halves, joined, money
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Accuracy", "Snapshot", "accuracy", "due", "snapshots", "take"]

_MONDAY = time(0, 5)


@attrs.frozen
class Snapshot:
    """The forecast of a period as it was written down, of what its reader sees today.

    `sums` is the weighted one, with one amount a currency; `count` opportunities are behind them. What history
    forecast, and the blended forecast, were written down as a whole: they are empty for who reaches less far
    than their writer did, where only some opportunities are asked for, and where there was no history.
    """

    id: UUID
    taken_at: datetime
    period: Period
    sums: tuple[Money, ...]
    count: int
    historic: tuple[Money, ...] = ()
    blended: tuple[Money, ...] = ()

    def by(self, method: Method) -> tuple[Money, ...]:
        """What one of the methods forecast, one amount a currency."""
        return self.sums if method == "weighted" else getattr(self, method)


@attrs.frozen
class Accuracy:
    """A forecast beside what was won in the end, in one currency."""

    snapshot: Snapshot
    forecast: Money
    actual: Money

    @property
    def bias(self) -> Decimal | None:
        """By how much the forecast lay above what was won, in percent to 2 places; None if nothing was won."""
        return percent(self.forecast.units - self.actual.units, self.actual.units)

    @property
    def error(self) -> Decimal | None:
        """The bias without its sign."""
        return None if self.bias is None else abs(self.bias)


def take(tx: Transaction, period: Period) -> Snapshot:
    """See `Session.snapshot`."""
    id, by = tx.crm.identifiers.new(), tx.actor.ref
    head = ForecastSnapshot(id=id, taken_at=tx.moment, by=by, since=period.since, until=period.until)
    tx.write_one(insert_text(tx, ForecastSnapshot), layout(ForecastSnapshot).dump[tx.dialect](head))
    likely = probability_of(tx, [], False)
    for asked, chance in (
        (open_in(tx, [], period), weights(tx, likely)),
        (_won_in(tx, period), sa.literal(CERTAIN)),
    ):
        if asked.nothing:
            continue
        table = asked.table.c
        asked.where.append(table.amount.is_not(None))
        columns = (sa.literal(id, RawKey()), table.id, table.stage, chance, table.amount)
        lines = asked.select(*columns, weighted(table.amount, chance), table.amount_currency)
        tx.execute(sa.insert(ForecastLine.__table__).from_select(list(layout(ForecastLine).names), lines))
    keep(tx, id, period)
    return next(one for one in snapshots(tx, period, []) if one.id == id)


def _won_in(tx: Transaction, period: Period) -> Any:
    asked = opportunities(tx, [])
    asked.where += [
        in_versions(tx, Opportunity, lambda stage: stage.kind == "won"),
        *falls_in(closing(tx), period),
    ]
    return asked


def snapshots(tx: Transaction, period: Period | None, conditions: Iterable[Any]) -> list[Snapshot]:
    """See `Session.snapshots`."""
    given, heads = list(conditions), _heads(tx, period)
    asked = opportunities(tx, given, archived=True)
    line = ForecastLine.__table__
    asked.source = asked.source.join(line, line.c.record_id == asked.table.c.id)
    asked.where.append(line.c.snapshot_id.in_([one[0] for one in heads]))
    by = (line.c.snapshot_id, line.c.currency)
    statement = asked.select(*by, sa.func.count(), *halves(line.c.weighted)).group_by(*by)
    sums: dict[UUID, dict[str, int]] = {}
    counts: dict[UUID, int] = {}
    for raw, currency, count, high, low in [] if asked.nothing or not heads else tx.fetch(statement):
        key = unkey(raw)
        assert key is not None
        sums.setdefault(key, {})[currency] = joined(high, low)
        counts[key] = counts.get(key, 0) + count
    # Of some of the opportunities nobody can say what the whole was.
    whole = totals(tx, [one[0] for one in heads]) if heads and not given else {}
    return [
        Snapshot(
            *(id, at, within),
            tuple(money(units, code) for code, units in sorted(sums.get(id, {}).items())),
            counts.get(id, 0),
            *(whole.get((id, method), ()) for method in METHODS[1:]),
        )
        for id, at, within in heads
    ]


def _heads(tx: Transaction, period: Period | None) -> list[tuple[UUID, datetime, Period]]:
    """The snapshots of the product and those that the reader took, the oldest first.

    What a colleague took holds what that colleague saw, and would be taken for the whole.
    """
    table = ForecastSnapshot.__table__.c
    whose: Any = table.by_id.is_(None)
    if tx.actor.id is not None:
        whose = sa.or_(whose, table.by_id == tx.actor.id)
    statement = sa.select(table.id, table.taken_at, table.since, table.until).where(whose)
    if period is not None:
        statement = statement.where(
            table.since == sa.literal(period.since, RawDate()),
            table.until == sa.literal(period.until, RawDate()),
        )
    rows = tx.fetch(statement.order_by(table.taken_at, table.since, table.until, table.id))
    found = []
    for raw, at, since, until in rows:
        id = unkey(raw)
        assert id is not None
        taken = at if isinstance(at, datetime) else instant_of(at)
        found.append((id, taken, Period(day(since), day(until))))
    return found


def accuracy(
    tx: Transaction, period: Period, conditions: Iterable[Any], method: Method = "weighted"
) -> list[Accuracy]:
    """See `Session.accuracy`."""
    given = list(conditions)
    if method not in METHODS:
        wrong = Problem("method", "rule", f"one of {', '.join(METHODS)}")
        raise InvalidError(wrong.message, fields=[wrong])
    if period.until >= tx.crm.calendar_day(tx.moment):
        return []
    taken, won = snapshots(tx, period, given), wins(tx, given, period)
    found = []
    for one in taken:
        predicted = {each.currency: each.units for each in one.by(method)}
        if method != "weighted" and not predicted:
            # It was not forecast by that method, or is not this reader's to see: not a forecast of nothing.
            continue
        for code in sorted({*predicted, *(win.currency for win in won)}):
            actual = total((win for win in won if win.currency == code), period)
            both = (money(units, code) for units in (predicted.get(code, 0), actual))
            found.append(Accuracy(one, *both))
    return found


def due(tx: Transaction) -> list[Period]:
    """The periods of which the product has written nothing down since Monday at 00:05."""
    local = tx.moment.astimezone(tx.crm.zone)
    monday = datetime.combine(local.date() - timedelta(days=local.weekday()), _MONDAY, tx.crm.zone)
    if monday > local:
        monday -= timedelta(days=7)
    table = ForecastSnapshot.__table__.c
    rows = tx.fetch(
        sa.select(table.since, table.until).where(
            table.by_id.is_(None), table.taken_at >= sa.literal(monday, RawInstant())
        )
    )
    taken = {(day(since), day(until)) for since, until in rows}
    today = local.date()
    quarter = (today.month + 2) // 3
    wanted = (Period.month(today.year, today.month), Period.quarter(today.year, quarter))
    return [one for one in wanted if (one.since, one.until) not in taken]
