"""The leader's desk: what each person of the scope is doing now (员工监督)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import attrs

from pycrm import (
    Activity,
    ActivityKind,
    Attainment,
    Commitment,
    Customer,
    InvalidError,
    OrgUnit,
    Ref,
    Session,
    Target,
    Task,
    User,
)
from pycrm.plugins.supervision.care import is_late, next_contact
from pycrm.plugins.supervision.entries import Entry, entries
from pycrm.plugins.supervision.hours import Hours, by_owner, hours_of, key_of, span_of
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.logs import state_now
from pycrm.plugins.supervision.model import CheckIn, LogState, VisitPlan, VisitState
from pycrm.plugins.supervision.people import people

__all__ = ["Presence", "Watch", "Work", "monitor", "work"]

_DAY = timedelta(days=1)


class Presence(StrEnum):
    """Where somebody is, as far as signs tell."""

    VISITING = "visiting"
    IN_OFFICE = "in_office"
    ON_LEAVE = "on_leave"
    NO_SIGN = "no_sign"


@attrs.frozen
class Watch:
    """One person on the desk of a leader (SUP-6).

    Args:
        planned, done, skipped: the visits of today by the person's own clock, `planned` in all.
        last_at, last_customer: of the last activity of today.
        minutes: business minutes since the last sign, an activity or a check-in, or since the
            day's work began; None on a day on which the person does not work.
        is_quiet: these are more than they may be, in business hours.
        overdue_contacts: customers that were to be contacted before today; `overdue_commitments` and
            `overdue_tasks` those still open past their date.
        log: how the log of today stands; None where none is expected.
        targets: what the person is to reach by now, each with what was won towards it.
    """

    person: User
    presence: Presence
    planned: int
    done: int
    skipped: int
    last_at: datetime | None
    last_customer: Ref[Customer] | None
    minutes: int | None
    is_quiet: bool
    overdue_contacts: int
    overdue_commitments: int
    overdue_tasks: int
    log: LogState | None
    targets: tuple[Attainment, ...] = ()


@attrs.frozen
class Work:
    """One recorded fact, and whose."""

    person: User
    entry: Entry


def work(
    session: Session,
    first: date,
    last: date,
    *,
    unit: OrgUnit | Ref[OrgUnit] | None = None,
    person: object | None = None,
    customer: object | None = None,
    kind: str | None = None,
) -> list[Work]:
    """What people of the scope did from the first day to the last, by time; each by the own clock (SUP-3).

    Args:
        unit: only what people of it and of units below did; `person`, `customer`, `kind` likewise.
    """
    found = [one for one in people(session, unit=unit) if person is None or one.id == key_of(person)]
    made = [
        Work(one, entry)
        for one in found
        for entry in entries(session, one, first, last, customer=customer, kind=kind)
    ]
    return sorted(made, key=lambda one: (one.entry.at, one.entry.record.id))


def monitor(session: Session, *, unit: OrgUnit | Ref[OrgUnit] | None = None) -> list[Watch]:
    """What each person of the scope is doing at ``session.now``, by name; a few statements for all."""
    found = people(session, unit=unit)
    return _Desk(session, found).watches() if found else []


class _Desk:
    """What is read once for everybody."""

    def __init__(self, session: Session, found: list[User]) -> None:
        self._session, self._people, self._now = session, found, session.now
        self._limits = limits_of(session)
        ids = [one.id for one in found]
        self._hours = hours_of(session, ids)
        starts = [span_of(hours, hours.day(self._now))[0] for hours in self._hours.values()]
        since = min(starts)
        self._activities = by_owner(
            session.find(Activity, Activity.owner.in_(ids), Activity.started_at >= since)
        )
        self._check_ins = by_owner(session.find(CheckIn, CheckIn.owner.in_(ids), CheckIn.at >= since))
        today = session.crm.calendar_day(self._now)
        near = (VisitPlan.on >= today - _DAY, VisitPlan.on <= today + _DAY)
        self._visits = by_owner(session.find(VisitPlan, VisitPlan.owner.in_(ids), *near))
        # Those of every clock, of which `next_contact` says by the person's own.
        self._customers = by_owner(
            session.find(Customer, Customer.owner.in_(ids), is_late(self._limits, self._now + _DAY))
        )
        late = (Commitment.owner.in_(ids), Commitment.stage == "open", Commitment.due_on <= today + _DAY)
        self._commitments = by_owner(session.find(Commitment, *late))
        pending = (Task.owner.in_(ids), Task.stage.in_(["open", "in_progress"]), Task.due_at < self._now)
        self._tasks = by_owner(session.find(Task, *pending))
        self._logs = state_now(session, self._hours)
        self._targets: list[Attainment] = []
        # Whoever is not shown what targets count is shown the rest.
        with suppress(InvalidError):
            theirs = (Target.owner.in_(ids), Target.unit.is_(None))
            lasting = (Target.since <= today + _DAY, Target.until >= today - _DAY)
            self._targets = session.attainments(*theirs, *lasting)

    def watches(self) -> list[Watch]:
        return [self._watch(one) for one in self._people]

    def _watch(self, person: User) -> Watch:
        hours = self._hours[person.id]
        today = hours.day(self._now)
        begins, _ = span_of(hours, today)
        done = [one for one in self._activities.get(person.id, ()) if begins <= one.started_at <= self._now]
        seen = [one for one in self._check_ins.get(person.id, ()) if begins <= one.at <= self._now]
        visits = [one for one in self._visits.get(person.id, ()) if one.on == today]
        last = max(done, key=lambda one: one.started_at, default=None)
        signs = [*(one.started_at for one in done), *(one.at for one in seen)]
        minutes = self._minutes(hours, max(signs, default=None))
        is_quiet = minutes is not None and minutes > self._limits.quiet_minutes and self._is_open(hours)
        return Watch(
            person=person,
            presence=_presence(hours.is_away(today), done, seen, self._now),
            planned=len(visits),
            done=sum(one.stage == VisitState.DONE for one in visits),
            skipped=sum(one.stage == VisitState.SKIPPED for one in visits),
            last_at=None if last is None else last.started_at,
            last_customer=None if last is None else last.customer,
            minutes=minutes,
            is_quiet=is_quiet,
            overdue_contacts=sum(
                next_contact(one, hours, self._limits) < today for one in self._customers.get(person.id, ())
            ),
            overdue_commitments=sum(one.due_on < today for one in self._commitments.get(person.id, ())),
            overdue_tasks=len(self._tasks.get(person.id, ())),
            log=self._logs.get(person.id),
            targets=tuple(
                one
                for one in self._targets
                if one.target.owner == person.ref and one.target.since <= today <= one.target.until
            ),
        )

    def _minutes(self, hours: Hours, last: datetime | None) -> int | None:
        """Whole business minutes since the last sign, or since the day began; none on a free day."""
        today = hours.day(self._now)
        if not hours.is_working(today):
            return None
        since = datetime.combine(today, time(), hours.zone(today)) if last is None else last
        return int(hours.clock(today).between(since, self._now).total_seconds() // 60)

    def _is_open(self, hours: Hours) -> bool:
        at = self._now.astimezone(hours.zone(hours.day(self._now))).time()
        return hours.calendar.opens <= at <= hours.calendar.closes


def _presence(is_away: bool, done: list[Activity], seen: list[CheckIn], now: datetime) -> Presence:
    """Where the last sign of the day says that somebody is."""
    if is_away:
        return Presence.ON_LEAVE
    lasting = [one for one in done if one.kind is ActivityKind.VISIT and now < _end(one)]
    last = max(seen, key=lambda one: one.at, default=None)
    later = [one for one in done if last is not None and one.started_at > last.at]
    if lasting or (last is not None and last.customer is not None and not later):
        return Presence.VISITING
    return Presence.IN_OFFICE if done or seen else Presence.NO_SIGN


def _end(activity: Activity) -> datetime:
    return activity.started_at + timedelta(minutes=activity.duration_min or 0)
