"""The day as of which is asked, and windows of time that end at it.

Each is a parameter of the statement, so that one statement serves every day.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare.raw import RawDate, RawInstant
from pycrm.values import currency_digits

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = [
    "LAST_YEAR",
    "LIFE",
    "YEAR",
    "Window",
    "as_of",
    "currency",
    "days_ago",
    "minor_units",
    "moments_in",
    "month_ago",
    "month_ended",
    "months",
    "value_of",
]


@attrs.frozen
class Window:
    """The dates d with ``as_of - days < d <= as_of - ending``; without `days` all until then.

    Args:
        days: how many days before the day as of which is asked it begins; None where it never began.
        ending: how many days before it ends.
        whole_months: instead of days, this many whole calendar months that ended before the day.
    """

    days: int | None = None
    ending: int = 0
    whole_months: int = 0

    def holds(self, on: Any, *, is_past: bool = False) -> Any:
        """The condition that a column of days or instants falls within the window.

        Args:
            is_past: whether nothing of the column lies beyond the day as of which is asked.
        """
        if self.whole_months:
            return sa.and_(on >= month_ago(self.whole_months), on < month_ago(0))
        by_instant = isinstance(on.type, RawInstant)
        found = []
        if self.days is not None:
            found.append(on >= _instant(self.days) if by_instant else on > days_ago(self.days))
        if self.ending or self.days is None or not is_past:
            found.append(on < _instant(self.ending) if by_instant else on <= days_ago(self.ending))
        return sa.and_(*found)


YEAR = Window(365)
LAST_YEAR = Window(730, ending=365)
LIFE = Window()


def months(number: int) -> Window:
    """The last so many whole calendar months."""
    return Window(whole_months=number)


def as_of() -> Any:
    """The day as of which is asked, as a date."""
    return days_ago(0)


def days_ago(number: int) -> Any:
    """The date so many days before the day as of which is asked."""
    return sa.bindparam(f"moment_day_{number}", type_=RawDate())


def month_ago(number: int) -> Any:
    """The first day of the month so many months before that of the day as of which is asked."""
    return sa.bindparam(f"moment_month_{number}", type_=RawDate())


def month_ended() -> Any:
    """The number of the last month that has ended by the day as of which is asked, that day being over."""
    return sa.bindparam("moment_ended", type_=sa.BigInteger())


def currency() -> Any:
    """The currency of the CRM, in which all amounts of feeds are."""
    return sa.bindparam("moment_currency", type_=sa.Text())


def minor_units() -> Any:
    """How many minor units the CRM's currency has in one: 100 fen in a yuan."""
    return sa.bindparam("moment_minor", type_=sa.BigInteger())


def _instant(number: int) -> Any:
    """The instant at which the day so many days before ends."""
    return sa.bindparam(f"moment_end_{number}", type_=RawInstant())


def moments_in(statement: Any) -> set[str]:
    """The names of a statement's parameters that depend on the day."""
    names = {part.key for part in visitors.iterate(statement) if isinstance(part, sa.BindParameter)}
    return {name for name in names if name.startswith("moment_")}


def value_of(crm: CRM, name: str, day: date) -> Any:
    """The value of a parameter of that name as of a day."""
    _, kind, *rest = name.split("_")
    if kind == "zone":
        return round(crm.zone.utcoffset(None).total_seconds())
    if kind == "currency":
        return crm.currency
    if kind == "minor":
        return int(10 ** currency_digits(crm.currency))
    if kind == "ended":
        following = day + timedelta(1)
        return following.year * 12 + following.month - 1
    number = int(rest[0])
    if kind == "end":
        return datetime.combine(day - timedelta(number - 1), time(), crm.zone)
    if kind == "month":
        counted = day.year * 12 + day.month - 1 - number
        return date(counted // 12, counted % 12 + 1, 1)
    return day - timedelta(number)
