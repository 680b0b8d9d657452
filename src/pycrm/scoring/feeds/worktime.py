"""Business time: how much of it had passed by an instant, worked out for many instants at once.

Of every day of the last ten years is known how much business time lay before it. So the business time
between two instants is a difference of two look-ups, and agrees with `pycrm.BusinessCalendar`.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.scoring.feed import Feed
from pycrm.scoring.function import clip, day_after, days_between, seconds_of_day
from pycrm.scoring.moment import as_of, days_ago
from pycrm.worktime import BusinessCalendar

__all__ = ["holidays", "looked_back", "work_days", "worked"]

_MONDAY = date(1970, 1, 5)
_LOOKED_BACK = 3660
_CALENDAR = BusinessCalendar(UTC)
_OPENS, _CLOSES = (
    timedelta(hours=at.hour, minutes=at.minute) // timedelta(seconds=1)
    for at in (_CALENDAR.opens, _CALENDAR.closes)
)

holidays = Feed(
    "holidays",
    "Days on which the business calendar differs from its week: nobody works, or a weekend is made up for",
    shared=True,
    on=date,
    is_working=bool,
)


def _work_days() -> sa.Select[Any]:
    first = sa.select(days_ago(_LOOKED_BACK).label("on")).cte("crm_days", recursive=True)
    days = first.union_all(sa.select(day_after(first.c.on)).where(first.c.on < as_of()))
    weekday = days_between(sa.literal(_MONDAY, RawDate()), days.c.on) % 7
    is_working = sa.case((holidays.is_working.is_(None), weekday < 5), else_=holidays.is_working)
    spans = sa.case((is_working, _CLOSES - _OPENS), else_=0)
    until_then = sa.func.sum(spans).over(order_by=days.c.on) - spans
    return sa.select(
        days.c.on,
        sa.cast(until_then, sa.BigInteger()).label("before"),
        spans.label("spans"),
    ).join_from(days, holidays.table, holidays.on == days.c.on, isouter=True)


work_days = Feed.derived(
    "work_days",
    "Days of the last ten years: seconds of business time since the first of them, and on the day itself",
    _work_days,
    of=(holidays,),
    shared=True,
    on=date,
    before=int,
    spans=int,
)


def looked_back(on: Any) -> Any:
    """The condition that a date lies within the days of which business time is known."""
    return on >= days_ago(_LOOKED_BACK)


def worked(days: Any, instant: Any) -> Any:
    """The seconds of business time that had passed by an instant, from the row of `work_days` of its day.

    Args:
        days: an alias of that feed's table, joined by ``days.c.on == day_of(instant)``.
    """
    return days.c.before + clip(seconds_of_day(instant) - _OPENS, 0.0, days.c.spans)
