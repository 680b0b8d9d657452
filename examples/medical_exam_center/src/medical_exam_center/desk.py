"""The rules of the booking desk: who may take which package, and that no place is given twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from pycrm import (
    ConflictError,
    Customer,
    InvalidError,
    MoveError,
    Party,
    Person,
    Problem,
    Session,
)

from medical_exam_center.booking import Booking, Place
from medical_exam_center.package import ExamPackage
from medical_exam_center.slot import Half, Slot

__all__ = ["free", "places_for", "refuse_early", "refuse_late", "refuse_unfit", "take"]

_NOON, _EVENING = time(12), time(18)


def places_for(session: Session, package: ExamPackage, day: date, half: Half) -> tuple[Place, ...]:
    """A place of everything that a package needs in half a day, for a new booking or one that moves.

    Raises:
        ConflictError: the centre does not open then, or something has no place left; it says when there is.
    """
    found = {one.resource: one for one in session.find(Slot, Slot.day == day, Slot.half == half)}
    for resource in package.resources:
        if resource not in found:
            raise ConflictError(f"there are no places of {resource.value} on {day} in the {half.value}")
        _refuse_full(session, found[resource])
    return tuple(Place(slot=found[resource]) for resource in package.resources)


def take(session: Session, places: Iterable[Place]) -> None:
    """Take the places: a slot that somebody else changed meanwhile is refused by its version (EXM-5)."""
    for place in places:
        slot = session.get(Slot, place.slot.id)
        _refuse_full(session, slot)
        session.change(slot, taken=slot.taken + 1)


def free(session: Session, places: Iterable[Place]) -> None:
    """Give the places back (EXM-6)."""
    for place in places:
        slot = session.get(Slot, place.slot.id)
        session.change(slot, taken=slot.taken - 1)


def _refuse_full(session: Session, slot: Slot) -> None:
    if slot.free > 0:
        return
    later = session.find(
        Slot,
        Slot.resource == slot.resource,
        Slot.day > slot.day,
        Slot.taken < Slot.capacity,
        order=Slot.day,
        limit=1,
    )
    told = f"; the next free one is on {later[0].day} in the {later[0].half.value}" if later else ""
    text = f"no place of {slot.resource.value} is left on {slot.day} in the {slot.half.value}{told}"
    raise ConflictError(text)


def refuse_unfit(session: Session, booking: Booking) -> None:
    """Nobody is booked for the past, or for a package of the other sex or of another age (EXM-2).

    Raises:
        InvalidError: naming the examinee and every reason.
    """
    problems = []
    if booking.day < session.crm.calendar_day(session.now):
        problems.append(Problem("places", "range", f"{booking.day} has gone by"))
    package = session.get(ExamPackage, booking.package.id)
    person = _person(session, booking)
    if person is not None:
        problems += [
            Problem("package", "rule", f"{booking.name}: {reason}")
            for reason in package.unfit(person.gender, person.birth_date, booking.day)
        ]
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _person(session: Session, booking: Booking) -> Person | None:
    customer = session.get(Customer, booking.customer.id)
    return session.facet(session.get(Party, customer.party.id), Person)


def refuse_early(session: Session, booking: Booking) -> None:
    """Whoever is booked for another day is not checked in: the booking is moved first (EXM-7).

    Raises:
        MoveError: with the day.
    """
    if session.crm.calendar_day(session.now) != booking.day:
        text = f"the booking is for {booking.day}"
        raise MoveError(f"Not yet: {text}.", data={"missing": [{"kind": "rule", "message": text}]})


def refuse_late(session: Session, booking: Booking) -> None:
    """Nobody is written down as absent before the half-day is over (EXM-20).

    Raises:
        MoveError: with the hour.
    """
    ends = _NOON if booking.half is Half.MORNING else _EVENING
    over = datetime.combine(booking.day, ends, session.crm.zone)
    if session.now < over:
        text = f"the half-day ends at {ends:%H:%M} on {booking.day}"
        raise MoveError(f"Not yet: {text}.", data={"missing": [{"kind": "rule", "message": text}]})
