"""Customers that nobody cares for: not contacted for long, or held by somebody who does nothing (SUP-19)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm import Activity, Customer, Session
from pycrm.plugins.supervision.hours import Hours, hours_of
from pycrm.plugins.supervision.limits import Limits, limits_of
from pycrm.plugins.supervision.people import people

__all__ = ["Neglect", "Uncared", "is_late", "next_contact", "uncared"]

_DAY = timedelta(days=1)
# The activity state of a customer with whom work goes on.
_GONE = ("lost", "closed")


class Neglect(StrEnum):
    """Why a customer counts as uncared for."""

    NO_CONTACT = "no_contact"
    IDLE_OWNER = "idle_owner"


@attrs.frozen
class Uncared:
    """A customer on the leader's list, and why; `days` since it was contacted or filed."""

    customer: Customer
    days: int
    why: tuple[Neglect, ...]


def next_contact(customer: Customer, hours: Hours, limits: Limits) -> date:
    """The day on which a customer is to be contacted again, by its signing grade (COR-4).

    Without a grade it has no such day, which is the last there is.
    """
    if customer.signing_grade is None:
        return date.max
    return hours.day(customer.active_at) + timedelta(days=limits.cadence[customer.signing_grade])


def is_late(limits: Limits, moment: datetime, times: int = 1) -> Any:
    """The condition that a customer was not contacted for so many times its cadence before an instant.

    Cadences are whole days: the last contact lies more than that many times 24 hours back.
    """
    return sa.or_(
        *(
            sa.and_(
                Customer.signing_grade == grade, Customer.active_at < moment - timedelta(days=days * times)
            )
            for grade, days in limits.cadence.items()
        )
    )


def uncared(session: Session) -> list[Uncared]:
    """The customers of the actor's people that are uncared for, the longest first.

    One is that had no contact for twice its cadence, or whose owner has recorded no activity for five
    working days, away or not.
    """
    limits = limits_of(session)
    owners = [one.id for one in people(session)]
    if not owners:
        return []
    hours = hours_of(session, owners)
    idle = {id for id in owners if _is_idle(session, id, hours[id], limits)}
    late = is_late(limits, session.now + _DAY, limits.uncared_times)
    wanted = sa.or_(late, Customer.owner.in_(sorted(idle))) if idle else late
    found = []
    for one in session.find(Customer, Customer.owner.in_(owners), Customer.stage.not_in(_GONE), wanted):
        assert one.owner is not None
        clock = hours[one.owner.id]
        days = (clock.day(session.now) - clock.day(one.active_at)).days
        why = []
        if one.signing_grade and days > limits.uncared_times * limits.cadence[one.signing_grade]:
            why.append(Neglect.NO_CONTACT)
        if one.owner.id in idle:
            why.append(Neglect.IDLE_OWNER)
        if why:
            found.append(Uncared(one, days, tuple(why)))
    return sorted(found, key=lambda one: (-one.days, one.customer.id))


def _is_idle(session: Session, owner: UUID, hours: Hours, limits: Limits) -> bool:
    """Whether the last working days have passed without any activity of a person."""
    day, left = hours.day(session.now), limits.idle_days
    while left:
        day -= _DAY
        left -= hours.calendar.is_working(day)
    since = datetime.combine(day, time(), hours.zone(day))
    own = (Activity.owner == owner, Activity.started_at >= since)
    return session.count(Activity, *own, limit=1) == 0
