"""An invented centre with 40 customers and its bookings: last week, today, and in the days to come.

Everything is written by whoever would have written it, at the moment when that would have been, and
through the verbs that anybody uses: so histories, owners and counts of places are real.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from pycrm import (
    CRM,
    Action,
    ConflictError,
    FieldRule,
    Grant,
    OrgUnit,
    Reach,
    Role,
    RoleAssignment,
    Session,
    Source,
    User,
)
from pycrm.entities.org import RoleLevel, UnitKind

from medical_exam_center.sample.course import Book, file_customers, open_desk
from medical_exam_center.sample.people import PEOPLE, STAFF, UNITS
from medical_exam_center.sample.words import SOURCES, packages

__all__ = ["PEOPLE", "add"]

_DAYS_BEFORE, _DAYS_AFTER = 12, 14


def add(crm: CRM, *, seed: int = 5, today: date | None = None) -> None:
    """Add the sample centre, its 40 customers and the bookings around `today`.

    While it loads, the CRM's clock stands in the past and its identifiers come from the seed, so
    nobody else should use the CRM; both are put back at the end.

    Args:
        seed: equal seeds and days give equal data, down to the ids.
        today: the CRM's own day if not given.

    Raises:
        ConflictError: the database has an organisation already.
    """
    now = crm.clock.now()
    day = today or crm.calendar_day(now)
    begins = datetime.combine(day - timedelta(days=_DAYS_BEFORE), time(8), crm.zone)
    # Two sources: what is chosen does not depend on how many identifiers an act takes.
    chance = Random(seed)
    with crm.replay(begins, Random(seed)) as clock:
        with crm.session(crm.system("sample data")) as session:
            book = _centre(session, begins.date())
            book.slots(session, begins.date(), day + timedelta(days=_DAYS_AFTER))
        file_customers(crm, book, chance)
        open_desk(crm, clock, book, chance, begins.date(), day)


def _centre(session: Session, since: date) -> Book:
    """Units, roles, people, and what is common knowledge."""
    if session.count(OrgUnit):
        raise ConflictError("the database has an organisation already; sample data go into an empty one")
    roles = {role.name: role for role in session.find(Role)} | _roles(session)
    units: dict[str, OrgUnit] = {}
    for name, above in UNITS:
        kind = UnitKind.COMPANY if above is None else UnitKind.TEAM
        units[name] = session.add(
            OrgUnit(name=name, code=name.lower()[:20], kind=kind, parent=units.get(above or ""))
        )
    for one in STAFF:
        user = session.add(
            User(
                login=one.login,
                name=one.name,
                home_unit=units[one.unit],
                email=f"{one.login}@example.com",
            )
        )
        for role in one.roles:
            session.add(RoleAssignment(user=user, role=roles[role], unit=units[one.unit], since=since))
    book = Book(packages={one.code: one for one in session.add_all(packages())})
    session.add_all([Source(name=name) for name in SOURCES])
    return book


def _roles(session: Session) -> dict[str, Role]:
    """What the front desk may do, and that whoever books may count places."""
    desk = [
        Grant(entity=entity, action=action, reach=Reach.ALL)
        for entity in ("Customer", "Booking", "Activity", "Task")
        for action in (Action.READ, Action.CREATE, Action.UPDATE)
    ]
    desk += [Grant(entity=entity, action=Action.READ, reach=Reach.ALL) for entity in ("OrgUnit", "User")]
    # The desk has to know what to mind; each look at it is recorded.
    health = FieldRule(entity="ExamineeProfile", field_name="health_note", write=True)
    places = [Grant(entity="Slot", action=Action.UPDATE, reach=Reach.ALL)]
    return {
        "reception": session.add(Role(name="reception", level=RoleLevel.STAFF, grants=desk, rules=[health])),
        "booking": session.add(Role(name="booking", level=RoleLevel.STAFF, grants=places)),
    }
