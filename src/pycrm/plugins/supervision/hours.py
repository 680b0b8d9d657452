"""Days and hours by the clock of each person, and how a log of a day stands by it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from pycrm import BusinessCalendar, Record, Session
from pycrm.plugins.supervision.limits import Limits, limits_of
from pycrm.plugins.supervision.model import Leave, LogState, Workplace

T = TypeVar("T", bound=Record)

__all__ = ["Hours", "by_owner", "hours_of", "key_of", "span_of"]

_DAY = timedelta(days=1)
# Whoever is away for longer is asked for a log all the same.
_LONGEST_LEAVE = timedelta(days=3660)


def key_of(person: object) -> UUID:
    """The id of a user, given as such, as a reference or as a record."""
    found = getattr(person, "id", person)
    assert isinstance(found, UUID)
    return found


@attrs.frozen
class Hours:
    """The clock and the working days of one person.

    Args:
        calendar: that of the enterprise.
        away: the days of leave.
        places: where the person works, the latest first, as far as the actor sees.
    """

    calendar: BusinessCalendar
    limits: Limits
    away: tuple[Leave, ...] = ()
    places: tuple[Workplace, ...] = ()

    def place(self, day: date) -> Workplace | None:
        """Where the person works on a day, if somebody has entered that."""
        return next((one for one in self.places if one.since <= day), None)

    def zone(self, day: date) -> tzinfo:
        """The time zone of the person on a day."""
        place = self.place(day)
        return self.calendar.zone if place is None or place.zone is None else ZoneInfo(place.zone)

    def clock(self, day: date) -> BusinessCalendar:
        """The business calendar by the clock that the person has on a day."""
        return attrs.evolve(self.calendar, zone=self.zone(day))

    def day(self, moment: datetime) -> date:
        """The day of the person at an instant."""
        return moment.astimezone(self.zone(moment.astimezone(self.calendar.zone).date())).date()

    def is_away(self, day: date) -> bool:
        """Whether the person is on leave."""
        return any(one.since <= day <= one.until for one in self.away)

    def is_working(self, day: date) -> bool:
        """Whether the person works on that day."""
        return self.calendar.is_working(day) and not self.is_away(day)

    def needs_log(self, day: date) -> bool:
        """Whether a log of that day is expected (SUP-2)."""
        place = self.place(day)
        return place is not None and place.keeps_log and self.is_working(day)

    def late_at(self, day: date) -> datetime:
        """After this instant the log of a working day is late."""
        return datetime.combine(day, self.limits.late_at, self.zone(day))

    def missing_at(self, day: date) -> datetime:
        """After this instant, on the next working day of the person, it is missing."""
        following = day + _DAY
        while not self.is_working(following) and following - day < _LONGEST_LEAVE:
            following += _DAY
        return datetime.combine(following, self.limits.missing_at, self.zone(following))

    def state(self, day: date, moment: datetime, submitted: bool = False) -> LogState:
        """How a log stands at an instant, or what submitting it then makes of it.

        The log of a day that needs none is never late.
        """
        if not self.is_working(day) or moment <= self.late_at(day):
            return LogState.SUBMITTED if submitted else LogState.OPEN
        if moment <= self.missing_at(day):
            return LogState.SUBMITTED_LATE if submitted else LogState.LATE
        return LogState.MISSING


def span_of(hours: Hours, first: date, last: date | None = None) -> tuple[datetime, datetime]:
    """The instants from which and before which the days of a person lie, from the first to the last."""
    ending = (first if last is None else last) + _DAY
    return tuple(datetime.combine(day, time(), hours.zone(day)) for day in (first, ending))  # type: ignore[return-value]


def hours_of(session: Session, people: Iterable[object]) -> dict[UUID, Hours]:
    """The hours of people, by their ids, as far as the actor sees where they work and when they are away."""
    ids = [key_of(one) for one in people]
    places = by_owner(session.find(Workplace, Workplace.owner.in_(ids)))
    leaves = by_owner(session.find(Leave, Leave.owner.in_(ids)))
    calendar, limits = session.calendar, limits_of(session)
    return {
        id: Hours(
            calendar,
            limits,
            tuple(leaves.get(id, ())),
            tuple(sorted(places.get(id, ()), key=lambda one: one.since, reverse=True)),
        )
        for id in ids
    }


def by_owner(records: Iterable[T]) -> dict[UUID, list[T]]:
    """Records by the ids of their owners; those of nobody are left out."""
    found: dict[UUID, list[T]] = {}
    for one in records:
        owner = one.owner
        if owner is not None:
            found.setdefault(owner.id, []).append(one)
    return found
