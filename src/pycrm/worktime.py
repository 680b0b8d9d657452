"""Business time: the days and hours on which people work, and how far hours of them reach."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta, tzinfo

import attrs

from pycrm.values import utc

__all__ = ["BusinessCalendar"]

_DAY = timedelta(days=1)
# A calendar in which nobody works for years is a mistake, and would be searched without end.
_FURTHEST = 3660


@attrs.frozen
class BusinessCalendar:
    """Monday to Friday from 09:00 to 18:00, without holidays and with the days that make up for them.

    Args:
        zone: of the business day.
        holidays: days of the week's working days on which nobody works.
        makeup: days at a weekend on which people work.
        opens, closes: of each working day.

    >>> from datetime import timezone
    >>> shanghai = timezone(timedelta(hours=8))
    >>> june = BusinessCalendar(shanghai, holidays={date(2026, 6, 19)})
    >>> june.working_days(date(2026, 6, 1), date(2026, 6, 30))
    21
    >>> friday = datetime(2026, 6, 26, 16, tzinfo=shanghai)
    >>> june.after(friday, hours=16).astimezone(shanghai).isoformat()
    '2026-06-30T14:00:00+08:00'
    >>> str(june.between(friday, datetime(2026, 6, 29, 10, tzinfo=shanghai)))
    '3:00:00'
    """

    zone: tzinfo
    holidays: Collection[date] = attrs.field(default=frozenset(), converter=frozenset)
    makeup: Collection[date] = attrs.field(default=frozenset(), converter=frozenset)
    opens: time = time(9)
    closes: time = time(18)

    def is_working(self, day: date) -> bool:
        """Whether people work on that day."""
        return day in self.makeup or (day.weekday() < 5 and day not in self.holidays)

    def working_days(self, first: date, last: date) -> int:
        """How many working days lie from the first to the last day, both counted."""
        days = (last - first).days + 1
        return sum(self.is_working(first + timedelta(days=at)) for at in range(days))

    def after(self, moment: datetime, hours: float) -> datetime:
        """The instant by which so many business hours have passed, in UTC.

        Hours outside business time do not count. Hours that are used up at closing time end there.

        Raises:
            ValueError: the instant has no time zone, the hours are negative, or nobody ever works.
        """
        left = timedelta(hours=hours)
        if left < timedelta(0):
            raise ValueError("hours are not negative")
        local = utc(moment).astimezone(self.zone)
        day = local.date()
        for _ in range(_FURTHEST):
            if self.is_working(day):
                begins, ends = (self._at(day, hour) for hour in (self.opens, self.closes))
                begins = max(begins, local)
                if begins <= ends and begins + left <= ends:
                    return utc(begins + left)
                left -= max(ends - begins, timedelta(0))
            day += _DAY
        raise ValueError("nobody works within ten years")

    def between(self, since: datetime, until: datetime) -> timedelta:
        """How much business time passes from one instant to the other; nothing where the second is the earlier.

        Raises:
            ValueError: an instant has no time zone.
        """
        first, last = (utc(one).astimezone(self.zone) for one in (since, until))
        passed = timedelta(0)
        for at in range((last.date() - first.date()).days + 1):
            day = first.date() + timedelta(days=at)
            if self.is_working(day):
                begins, ends = (self._at(day, hour) for hour in (self.opens, self.closes))
                passed += max(min(ends, last) - max(begins, first), timedelta(0))
        return passed

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone)
