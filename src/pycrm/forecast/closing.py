"""On which day opportunities were won or lost: the day that was entered, else that of the move."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.entities.opportunity import Opportunity
from pycrm.forecast.period import Period
from pycrm.forecast.stage import in_versions, staged
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import halves, joined
from pycrm.scope.gateway import Query

if TYPE_CHECKING:
    from uuid import UUID

    from pycrm.store import Transaction

__all__ = ["Win", "closing", "day", "falls_in", "local_day", "opportunities", "wins"]


def opportunities(tx: Transaction, conditions: Iterable[Any], *, archived: bool = False) -> Query:
    """A scoped reading of opportunities by a reader who is shown their amounts and days.

    Raises:
        InvalidError: one of these fields is not the reader's to read, or a condition is wrong.
    """
    asked = staged(tx, Opportunity, conditions)
    asked.archived = archived
    for column in (Opportunity.amount.units, Opportunity.amount.currency):
        asked.column(column)
    asked.column(Opportunity.expected_close)
    asked.column(Opportunity.closed_on)
    return asked


def closing(tx: Transaction) -> Any:
    """The day on which a closed opportunity was closed, as a column."""
    table = Opportunity.__table__.c
    return sa.func.coalesce(table.closed_on, local_day(tx, table.stage_at), type_=RawDate())


def local_day(tx: Transaction, at: Any) -> Any:
    """The business day of an instant, as a column."""
    offset = tx.crm.zone.utcoffset(None)
    if tx.dialect == "postgresql":
        return sa.cast(sa.func.timezone(sa.literal(offset, sa.Interval()), at), sa.Date())
    seconds = sa.type_coerce(at, sa.BigInteger()) // 1_000_000 + round(offset.total_seconds())
    return sa.func.date(seconds, "unixepoch")


def day(value: Any) -> date:
    """A day as the driver gave it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def falls_in(on: Any, period: Period) -> list[Any]:
    """The conditions that a column of days falls in a period."""
    return [on >= sa.literal(period.since, RawDate()), on <= sa.literal(period.until, RawDate())]


@attrs.frozen
class Win:
    """What was won on one day in one currency, of one owner where owners are told apart."""

    on: date
    currency: str
    units: int
    owner: UUID | None = None
    unit: UUID | None = None


def wins(
    tx: Transaction, conditions: Iterable[Any], within: Period | None = None, *, owners: bool = False
) -> list[Win]:
    """What was won by day and currency, of all that the reader sees."""
    asked = opportunities(tx, conditions)
    table, on = asked.table.c, closing(tx)
    by = [on, table.amount_currency]
    if owners:
        by += [asked.column(Opportunity.owner), asked.column(Opportunity.owner_unit)]
    asked.where += [
        in_versions(tx, Opportunity, lambda stage: stage.kind == "won"),
        table.amount.is_not(None),
    ]
    if within is not None:
        asked.where += falls_in(on, within)
    statement = asked.select(*halves(table.amount), *(one.label(f"by_{at}") for at, one in enumerate(by)))
    statement = statement.group_by(*(sa.literal_column(f"by_{at}") for at in range(len(by))))
    found = []
    for high, low, when, currency, *owner in [] if asked.nothing else tx.fetch(statement):
        found.append(Win(day(when), currency, joined(high, low), *map(unkey, owner)))
    return found
