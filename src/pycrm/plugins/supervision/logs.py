"""Logs of days: built from what was recorded, written by their person, submitted in time or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import attrs

from pycrm import ConflictError, InvalidError, NotFoundError, Problem, Ref, Session, User
from pycrm.plugins.supervision.entries import Entry, entries
from pycrm.plugins.supervision.hours import Hours, hours_of, key_of
from pycrm.plugins.supervision.model import LogState, VisitPlan, VisitState, WorkLog, Workplace

__all__ = [
    "CLOSED",
    "DaySheet",
    "Discipline",
    "WeekReport",
    "day_sheet",
    "discipline",
    "due_logs",
    "log_states",
    "settle_log",
    "share",
    "state_now",
    "submit",
    "week_report",
    "write",
]

CLOSED = (LogState.SUBMITTED, LogState.SUBMITTED_LATE)
_IN_TIME = {LogState.SUBMITTED: "submit", LogState.SUBMITTED_LATE: "submit_late", LogState.MISSING: "miss"}
_AGED = {LogState.LATE: "lapse", LogState.MISSING: "miss"}
_WEEK = 7


def write(
    session: Session, on: date | None = None, *, remark: str | None = None, plan: Sequence[str] | None = None
) -> WorkLog:
    """Write a remark or tomorrow's plan into one's own log; what is None stays as it is.

    Args:
        on: the day; today by one's own clock without it.

    Raises:
        ConflictError: the log is submitted, or the day has not come.
    """
    hours = _own_hours(session)
    log = _own_log(session, hours, hours.day(session.now) if on is None else on)
    given: dict[str, Any] = {"remark": remark, "plan": None if plan is None else tuple(plan)}
    return session.change(log, **{name: value for name, value in given.items() if value is not None})


def submit(session: Session, on: date | None = None) -> WorkLog:
    """Submit one's own log: in time, late, or too late, by one's own clock (SUP-2).

    A log that is missing stays so, whatever is written into it.

    Raises:
        ConflictError: it is submitted already, or the day has not come.
    """
    hours = _own_hours(session)
    log = _own_log(session, hours, hours.day(session.now) if on is None else on)
    if log.stage == LogState.MISSING:
        return log
    if log.stage in CLOSED:
        raise ConflictError("the log is submitted already", data={"state": log.stage})
    return session.move(log, _IN_TIME[hours.state(log.on, session.now, submitted=True)])


def how_to_submit(session: Session, log: WorkLog) -> str | None:
    """By which way the actor's own log goes when it is submitted now; None where it cannot be."""
    if log.stage == LogState.MISSING or log.stage in CLOSED:
        return None
    hours = _own_hours(session)
    if log.on > hours.day(session.now):
        return None
    return _IN_TIME.get(hours.state(log.on, session.now, submitted=True))


def _own_hours(session: Session) -> Hours:
    me = session.actor.ref
    if me is None:
        raise NotFoundError("the product itself writes no log")
    return hours_of(session, [me])[me.id]


def _own_log(session: Session, hours: Hours, day: date) -> WorkLog:
    found = session.find(WorkLog, WorkLog.owner == session.actor.id, WorkLog.on == day)
    return found[0] if found else session.add(WorkLog(on=day))


# --- what the clock does ---------------------------------------------------------------------------------


def due_logs(session: Session) -> list[tuple[UUID, date]]:
    """The people and days whose log is late or missing by now, and does not say so."""
    places = session.find(Workplace, Workplace.keeps_log.is_(True))
    people = {one.owner.id for one in places if one.owner is not None}
    active = {one.id for one in session.find(User, User.state == "active")}
    found: list[tuple[UUID, date]] = []
    for id, hours in hours_of(session, people & active).items():
        days = _expected(hours, _look_back(session, hours), hours.day(session.now))
        logs = _logs(session, id, days[0], days[-1]) if days else {}
        for day in days:
            state, log = hours.state(day, session.now), logs.get(day)
            if state in _AGED and (log is None or log.stage not in (*CLOSED, LogState.MISSING, state)):
                found.append((id, day))
    return found


# How far back a run that was left out is made up for.
_LOOK_BACK = 31


def _look_back(session: Session, hours: Hours) -> date:
    return hours.day(session.now) - timedelta(days=_LOOK_BACK)


def settle_log(session: Session, due: tuple[UUID, date]) -> WorkLog:
    """Let the log of a person and a day be late or missing, as the clock says."""
    person, day = due
    hours = hours_of(session, [person])[person]
    log = _logs(session, person, day, day).get(day)
    if log is None:
        log = session.add(WorkLog(on=day), owner=Ref("User", person))
    key = _AGED.get(hours.state(day, session.now))
    return log if key is None or log.stage in (*CLOSED, LogState.MISSING) else session.move(log, key)


def _logs(session: Session, person: UUID, first: date, last: date) -> dict[date, WorkLog]:
    own = (WorkLog.owner == person, WorkLog.on >= first, WorkLog.on <= last)
    return {one.on: one for one in session.find(WorkLog, *own)}


def _expected(hours: Hours, first: date, last: date) -> list[date]:
    every = (first + timedelta(days=at) for at in range((last - first).days + 1))
    return [day for day in every if hours.needs_log(day)]


# --- how well logs are kept ------------------------------------------------------------------------------


@attrs.frozen
class Discipline:
    """How many logs of a period were expected, and how they came (SUP-2).

    Days whose log may still be submitted in time count as soon as it is.
    """

    expected: int
    on_time: int
    late: int
    missing: int

    @property
    def on_time_share(self) -> Decimal | None:
        """The share that came in time, in percent to 2 places; None where none was expected."""
        return share(self.on_time, self.expected)

    @property
    def submitted_share(self) -> Decimal | None:
        """The share that came at all, likewise."""
        return share(self.on_time + self.late, self.expected)


def share(part: int, whole: int) -> Decimal | None:
    """A share in percent to 2 places, half up; None of nothing.

    >>> share(19, 21), share(0, 0)
    (Decimal('90.48'), None)
    """
    if not whole:
        return None
    return (Decimal(100) * part / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def discipline(session: Session, person: object, first: date, last: date) -> Discipline:
    """How a person kept the logs of the days from the first to the last.

    Leave and holidays need none, whatever was entered when.
    """
    id = key_of(person)
    hours = hours_of(session, [id])[id]
    states = [one for _, one in _states(session, id, hours, first, last) if one is not LogState.OPEN]
    late = states.count(LogState.SUBMITTED_LATE)
    on_time = states.count(LogState.SUBMITTED)
    still_late = states.count(LogState.LATE)
    return Discipline(len(states), on_time, late, len(states) - on_time - late - still_late)


def log_states(session: Session, person: object, first: date, last: date) -> list[tuple[date, LogState]]:
    """The calendar of a person's logs: how that of each day stands that needs one."""
    id = key_of(person)
    return _states(session, id, hours_of(session, [id])[id], first, last)


def _states(
    session: Session, person: UUID, hours: Hours, first: date, last: date
) -> list[tuple[date, LogState]]:
    """How the log of each day stands that needs one; the clock decides where no job has run yet."""
    logs = _logs(session, person, first, last)
    found = []
    for day in _expected(hours, first, last):
        log = logs.get(day)
        written = None if log is None else LogState(log.stage)
        is_final = written in (*CLOSED, LogState.MISSING)
        state = written if written is not None and is_final else hours.state(day, session.now)
        found.append((day, state))
    return found


def state_now(session: Session, people: Mapping[UUID, Hours]) -> dict[UUID, LogState]:
    """How the log of today stands, by each person's own clock, for those who keep one."""
    found: dict[UUID, LogState] = {}
    days = {hours.day(session.now) for hours in people.values()}
    own = WorkLog.owner.in_(list(people))
    logs = {
        (one.owner.id, one.on): one for one in session.find(WorkLog, own, WorkLog.on.in_(days)) if one.owner
    }
    for id, hours in people.items():
        today = hours.day(session.now)
        log = logs.get((id, today))
        if log is not None and log.stage in (*CLOSED, LogState.MISSING):
            found[id] = LogState(log.stage)
        elif hours.needs_log(today):
            found[id] = hours.state(today, session.now)
    return found


# --- a day, and a week -----------------------------------------------------------------------------------


@attrs.frozen
class DaySheet:
    """A person's day as leaders look at it: the log, what was recorded, and what is planned.

    Args:
        state: of the log by the clock; None where no log of the day is expected or written.
    """

    on: date
    state: LogState | None
    log: WorkLog | None
    entries: tuple[Entry, ...]
    visits: tuple[VisitPlan, ...]


def day_sheet(session: Session, person: object, on: date) -> DaySheet:
    """A day of a person, as far as the actor sees what it is made of (SUP-1, SUP-3)."""
    id = key_of(person)
    hours = hours_of(session, [id])[id]
    log = _logs(session, id, on, on).get(on)
    state = dict(_states(session, id, hours, on, on)).get(on, LogState(log.stage) if log else None)
    plans = session.find(VisitPlan, VisitPlan.owner == id, VisitPlan.on == on, order=VisitPlan.on)
    return DaySheet(on, state, log, tuple(entries(session, id, on, on)), tuple(plans))


@attrs.frozen
class WeekReport:
    """A week of a person by the person's own clock, from Monday to Sunday (周报).

    Args:
        first, last: the days; `logs` says of each that needs a log how it stands.
        counts: how many entries of each kind, such as ``visit``, ``call`` or ``stage``.
        visits: how many planned visits were done, skipped, or stand as planned.
        remarks: what the person wrote, by day.
        plan: what the last log of the week says of the next days.
    """

    person: Ref[User]
    zone: str
    first: date
    last: date
    logs: tuple[tuple[date, LogState], ...]
    counts: dict[str, int]
    visits: dict[VisitState, int]
    remarks: tuple[tuple[date, str], ...]
    plan: tuple[str, ...]


def week_report(session: Session, person: object, on: date) -> WeekReport:
    """The week in which a day lies, of a person, as far as the actor sees what it is made of.

    Raises:
        InvalidError: no such person is in sight.
    """
    id = key_of(person)
    if session.find_one(User, id) is None:
        wrong = Problem("person", "unknown", "no such user")
        raise InvalidError(wrong.message, fields=[wrong])
    first = on - timedelta(days=on.weekday())
    last = first + timedelta(days=_WEEK - 1)
    hours = hours_of(session, [id])[id]
    counts: dict[str, int] = {}
    for entry in entries(session, id, first, last):
        counts[entry.kind] = counts.get(entry.kind, 0) + 1
    plans = session.find(VisitPlan, VisitPlan.owner == id, VisitPlan.on >= first, VisitPlan.on <= last)
    visits = {state: sum(one.stage == state for one in plans) for state in VisitState}
    logs = sorted(_logs(session, id, first, last).items())
    return WeekReport(
        person=Ref("User", id),
        zone=str(hours.zone(last)),
        first=first,
        last=last,
        logs=tuple(_states(session, id, hours, first, last)),
        counts=counts,
        visits=visits,
        remarks=tuple((day, one.remark) for day, one in logs if one.remark),
        plan=logs[-1][1].plan if logs else (),
    )
