"""Planned visits and those that took place: how they meet, and what is remarkable about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

import attrs

from pycrm import Activity, ActivityKind, Session
from pycrm.plugins.supervision.hours import hours_of, span_of
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.model import CheckIn, VisitPlan, VisitState

__all__ = ["Mark", "MarkKind", "due_visits", "keep_plan", "marks", "plan_week", "skip_passed"]

_HOUR = timedelta(hours=1)


class MarkKind(StrEnum):
    """What is remarkable about a visit."""

    ENTERED_LATE = "entered_late"
    NO_CHECK_IN = "no_check_in"
    FAR = "far"


@attrs.frozen
class Mark:
    """Something remarkable about a visit, which refuses nothing (SUP-7).

    `amount` is hours of a late entry, metres of a check-in that is far away.
    """

    kind: MarkKind
    amount: Decimal | int | None = None

    def __str__(self) -> str:
        if self.kind is MarkKind.ENTERED_LATE:
            return f"entered {self.amount} h later"
        return "no check-in" if self.kind is MarkKind.NO_CHECK_IN else f"{self.amount} m away"


def marks(session: Session, visit: Activity) -> list[Mark]:
    """What is remarkable about a visit: entered late, without a check-in, far from the customer.

    Other activities have no marks. The check-in is the person's nearest to the customer on that day.
    """
    if visit.kind is not ActivityKind.VISIT or visit.owner is None:
        return []
    limits, found = limits_of(session), []
    later = visit.created_at - visit.started_at
    if later > limits.late_entry_hours * _HOUR:
        hours = (Decimal(int(later.total_seconds())) / 3600).quantize(Decimal("0.1"), ROUND_HALF_UP)
        found.append(Mark(MarkKind.ENTERED_LATE, hours))
    seen = _check_ins(session, visit)
    if not seen:
        found.append(Mark(MarkKind.NO_CHECK_IN))
    far = [one.distance_m for one in seen if one.distance_m is not None]
    if far and min(far) > limits.far_m:
        found.append(Mark(MarkKind.FAR, min(far)))
    return found


def _check_ins(session: Session, visit: Activity) -> list[CheckIn]:
    if visit.owner is None or visit.customer is None:
        return []
    hours = hours_of(session, [visit.owner])[visit.owner.id]
    since, until = span_of(hours, hours.day(visit.started_at))
    return session.find(
        CheckIn,
        CheckIn.owner == visit.owner.id,
        CheckIn.customer == visit.customer.id,
        CheckIn.at >= since,
        CheckIn.at < until,
    )


def plan_week(session: Session, visits: Iterable[VisitPlan]) -> list[VisitPlan]:
    """Plan several visits of one's own, all or none."""
    return session.add_all(list(visits))


def keep_plan(session: Session, visit: Activity) -> None:
    """A visit that took place keeps what its person planned for that day at that customer."""
    if visit.kind is not ActivityKind.VISIT or visit.customer is None or visit.owner is None:
        return
    hours = hours_of(session, [visit.owner])[visit.owner.id]
    planned = session.find(
        VisitPlan,
        VisitPlan.owner == visit.owner.id,
        VisitPlan.customer == visit.customer.id,
        VisitPlan.on == hours.day(visit.started_at),
        VisitPlan.stage == VisitState.PLANNED,
        limit=1,
    )
    for one in planned:
        session.move(one, "visit", activity=visit.ref)


def due_visits(session: Session) -> list[UUID]:
    """The visits whose day has passed for their person, and that nobody has made or skipped."""
    # No clock is more than a day behind that of the enterprise.
    latest = session.crm.calendar_day(session.now)
    open_ = session.find(VisitPlan, VisitPlan.stage == VisitState.PLANNED, VisitPlan.on < latest)
    hours = hours_of(session, {one.owner.id for one in open_ if one.owner is not None})
    return [
        one.id for one in open_ if one.owner and _has_passed(one.on, hours[one.owner.id].day(session.now))
    ]


# A visit may be entered within 7 days (COR-14).
_ENTERED_WITHIN = timedelta(days=7)


def _has_passed(on: date, today: date) -> bool:
    return on + _ENTERED_WITHIN < today


def skip_passed(session: Session, visit: UUID) -> None:
    """Skip a visit that can be entered no more."""
    session.move(session.get(VisitPlan, visit), "skip", because="not visited on its day")
