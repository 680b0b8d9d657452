"""What happens at the invented centre: customers are filed, booked, examined, or do not come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import product
from random import Random

import attrs
from pycrm import CRM, Address, ConflictError, Customer, FixedClock, Money, Opportunity, Session

from medical_exam_center.booking import Booking, Identity, Place
from medical_exam_center.desk import places_for
from medical_exam_center.examinee import ExamineeProfile
from medical_exam_center.package import ExamPackage
from medical_exam_center.sample.people import OWNED
from medical_exam_center.sample.words import CAPACITY, FIRMS, GIVEN, SOURCES, SURNAMES
from medical_exam_center.slot import Half, Slot

__all__ = ["Book", "file_customers", "open_desk"]

_INVENTED = "invented for demonstration"
_MANAGED = "rep_a"
_PER_DAY = (2, 3)


@attrs.define
class Book:
    """What later acts refer to, each as it was last written."""

    packages: dict[str, ExamPackage]
    firms: list[Customer] = attrs.field(factory=list)
    people: list[tuple[Customer, str, date]] = attrs.field(factory=list)

    def slots(self, session: Session, first: date, last: date) -> None:
        """Open the places of every working day."""
        days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        session.add_all(
            [
                Slot(day=day, half=half, resource=resource, capacity=capacity)
                for day in days
                if day.weekday() < 5
                for half in Half
                for resource, capacity in CAPACITY.items()
            ]
        )


def file_customers(crm: CRM, book: Book, chance: Random) -> None:
    """Each seller files the own customers: the three firms are rep_a's, whose people work for them."""
    number = 0
    for login, count in OWNED.items():
        with crm.session(login) as session:
            for at in range(count):
                number += 1
                if login == _MANAGED and at < len(FIRMS):
                    book.firms.append(_firm(session, number, *FIRMS[at]))
                else:
                    employer = book.firms[at % len(FIRMS)] if login == _MANAGED else None
                    _person(session, book, number, chance, employer)


def _firm(session: Session, number: int, english: str, chinese: str) -> Customer:
    firm = session.add(
        Customer.organization(
            f"{english} {chinese}",
            phone=f"0210000{number:04}",
            source=SOURCES[0],
            channel=_INVENTED,
            addresses=[Address(text="1 Harbour Road, Yunze", city="Yunze")],
        )
    )
    closes = session.crm.calendar_day(session.now) + timedelta(days=20 + 15 * number)
    deal = session.add(
        Opportunity(
            customer=firm,
            name=f"Yearly examination of {english}",
            amount=Money(str(45_000 * number), "CNY"),
            expected_close=closes,
        )
    )
    if number > 1:
        session.move(deal, "contacted")
    return firm


def _person(session: Session, book: Book, number: int, chance: Random, employer: Customer | None) -> None:
    surname, written = SURNAMES[number % len(SURNAMES)]
    given, sign, gender = GIVEN[number % len(GIVEN)]
    born = date(chance.randint(1958, 2002), chance.randint(1, 12), chance.randint(1, 28))
    customer = session.add(
        Customer.person(
            f"{surname} {given} {written}{sign}",
            mobile=f"1380000{number:04}",
            source=SOURCES[0] if employer else chance.choice(SOURCES[1:]),
            channel=_INVENTED,
            gender=gender,
            birth_date=born,
        )
    )
    if employer is not None:
        session.add(ExamineeProfile(of=customer, employer=employer, employee_no=f"E{number:04}"))
    book.people.append((customer, gender, born))


def open_desk(crm: CRM, clock: FixedClock, book: Book, chance: Random, first: date, today: date) -> None:
    """The front desk books people for each day in turn; those before today came, or did not."""
    waiting = list(book.people)
    chance.shuffle(waiting)
    for day in _working_days(first + timedelta(days=2), today + timedelta(days=10)):
        number = chance.randint(*_PER_DAY)
        some, waiting = waiting[:number], waiting[number:]
        if not some:
            return
        # Booked two days ahead, and never after today.
        clock.set(datetime.combine(min(day - timedelta(days=2), today), time(9), crm.zone))
        with crm.session("desk") as session:
            made = [_book(session, book, chance, day, *one) for one in some]
        if day < today:
            _receive(crm, clock, chance, day, made)
        elif day == today:
            _admit(crm, clock, day, made[:1])


def _working_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def _book(
    session: Session, book: Book, chance: Random, day: date, customer: Customer, gender: str, born: date
) -> Booking:
    fitting = [one for one in book.packages.values() if not one.unfit(gender, born, day)]
    wanted = chance.choice(fitting), chance.choice((Half.MORNING, Half.MORNING, Half.AFTERNOON))
    package, places = _with_places(session, day, [wanted, *product(fitting, Half)])
    profile = session.facet(customer, ExamineeProfile)
    payer = profile.employer if profile is not None else None
    return session.add(Booking(customer=customer, package=package, payer=payer, places=places))


def _with_places(
    session: Session, day: date, wanted: Iterable[tuple[ExamPackage, Half]]
) -> tuple[ExamPackage, tuple[Place, ...]]:
    """The first package for which there are places left in that half of the day, as a desk would offer it."""
    for package, half in wanted:
        with suppress(ConflictError):
            return package, places_for(session, package, day, half)
    raise ConflictError(f"nothing has a place left on {day}")


def _receive(crm: CRM, clock: FixedClock, chance: Random, day: date, made: Sequence[Booking]) -> None:
    """A day that is over: most came and were examined, some left, cancelled or never showed up."""
    fates = [chance.random() for _ in made]
    clock.set(datetime.combine(day, time(8, 10), crm.zone))
    with crm.session("desk") as session:
        came = []
        for booking, fate in zip(made, fates, strict=True):
            if fate < 0.1:
                session.move(booking, "cancelled", because="asked by telephone for another month")
            elif fate < 0.92:
                came.append(session.move(booking, "checked_in", identity=Identity.ID_CARD))
    clock.set(datetime.combine(day, time(18, 30), crm.zone))
    with crm.session("desk") as session:
        for at, booking in enumerate(came):
            if at or day.day % 5:
                session.move(booking, "examined")
            else:
                session.move(booking, "broken_off", because="called away before the last item")
        for booking, fate in zip(made, fates, strict=True):
            if fate >= 0.92:
                session.move(booking, "no_show")


def _admit(crm: CRM, clock: FixedClock, day: date, made: Sequence[Booking]) -> None:
    """Today has begun: the first is here."""
    clock.set(datetime.combine(day, time(8, 5), crm.zone))
    with crm.session("desk") as session:
        for booking in made:
            session.move(booking, "checked_in", identity=Identity.ID_CARD)
