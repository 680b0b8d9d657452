"""Periods of a forecast: some days, such as a quarter, and the same length of time before it."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.revision.inquiry import instant

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Period", "midnight", "span"]

_DAY = timedelta(days=1)
_MONTHS = 12


@attrs.frozen
class Period:
    """The days from `since` to `until`, both counted.

    Raises:
        InvalidError: it ends before it begins.

    >>> Period.quarter(2026, 3).before(1)
    Period(since=datetime.date(2026, 4, 1), until=datetime.date(2026, 6, 30))
    """

    since: date
    until: date

    def __attrs_post_init__(self) -> None:
        days = all(
            isinstance(one, date) and not isinstance(one, datetime) for one in (self.since, self.until)
        )
        if not days or self.until < self.since:
            wrong = Problem("until", "range", "a period begins and ends on days, and not before it begins")
            raise InvalidError(wrong.message, fields=[wrong])

    @classmethod
    def of_months(cls, year: int, month: int, number: int) -> Period:
        """So many whole months from the first of that month on."""
        first = _first(year * _MONTHS + month - 1)
        return cls(first, _first(_index(first) + number) - _DAY)

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """A calendar month."""
        return cls.of_months(year, month, 1)

    @classmethod
    def quarter(cls, year: int, quarter: int) -> Period:
        """A calendar quarter, 1 to 4."""
        return cls.of_months(year, 3 * quarter - 2, 3)

    @classmethod
    def year(cls, year: int) -> Period:
        """A calendar year."""
        return cls.of_months(year, 1, _MONTHS)

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until

    @property
    def months(self) -> int | None:
        """How many whole calendar months it is, None where it is no such number."""
        last = calendar.monthrange(self.until.year, self.until.month)[1]
        is_whole = self.since.day == 1 and self.until.day == last
        return _index(self.until) - _index(self.since) + 1 if is_whole else None

    def before(self, number: int) -> Period:
        """The period of the same length so many before this one."""
        if self.months is not None:
            start = _first(_index(self.since) - number * self.months)
            return Period.of_months(start.year, start.month, self.months)
        length = self.until - self.since + _DAY
        return Period(self.since - number * length, self.until - number * length)


def _index(day: date) -> int:
    return day.year * _MONTHS + day.month - 1


def _first(index: int) -> date:
    if not _MONTHS <= index < _MONTHS * date.max.year:
        wrong = Problem("since", "range", "lies outside the calendar")
        raise InvalidError(wrong.message, fields=[wrong])
    return date(index // _MONTHS, index % _MONTHS + 1, 1)


def midnight(tx: Transaction, day: date) -> datetime:
    """The instant at which a business day begins."""
    return datetime.combine(day, time(), tx.crm.zone)


def span(tx: Transaction, since: Any, until: Any) -> tuple[datetime | None, datetime | None]:
    """The two instants between which something is asked for; a day stands for all of it.

    Raises:
        InvalidError: neither day nor instant, or an instant without a zone.
    """
    return _bound(tx, since, "since", 0), _bound(tx, until, "until", 1)


def _bound(tx: Transaction, value: Any, path: str, days: int) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return midnight(tx, value + timedelta(days=days))
    return instant(value, path)
