"""Customers that nobody cares for: not contacted for long, or held by somebody who does nothing (SUP-19)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

import attrs

from pycrm import Activity, Customer, Session
from pycrm.plugins.supervision.hours import Hours, hours_of
from pycrm.plugins.supervision.limits import Limits, limits_of

__all__ = ["Neglect", "Uncared", "next_contact", "uncared"]

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


def uncared(session: Session) -> list[Uncared]:
    """The customers in sight that are uncared for, the longest first.

    One is that had no contact for twice its cadence, or whose owner has recorded no activity for five
    working days.
    """
    limits = limits_of(session)
    customers = [one for one in session.find(Customer, Customer.stage.not_in(_GONE)) if one.owner is not None]
    owners = {one.owner.id for one in customers if one.owner is not None}
    hours = hours_of(session, owners)
    idle = {id for id in owners if _is_idle(session, id, hours[id], limits)}
    found = []
    for one in customers:
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
    """Whether the last working days have passed without any activity of a person who worked on them."""
    day, left = hours.day(session.now), limits.idle_days
    while left:
        day -= _DAY
        left -= hours.is_working(day)
    since = datetime.combine(day, time(), hours.zone(day))
    own = (Activity.owner == owner, Activity.started_at >= since)
    return session.count(Activity, *own, limit=1) == 0
