"""Good and bad uses of pycrm, read by mypy and pyright and never run.

A line that both must refuse ends in ``# E:`` and mypy's code for it; every other line is good.
"""

# ruff: noqa: B015, B018

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, assert_type
from uuid import UUID

from sqlalchemy.sql.elements import ColumnElement

from pycrm import (
    CRM,
    Amendment,
    AmendmentRequiredError,
    Child,
    Children,
    Contact,
    Customer,
    Facet,
    Field,
    FieldChange,
    Link,
    Money,
    Opportunity,
    OwnershipInterval,
    Page,
    Record,
    Ref,
    Revision,
    Session,
    StaleError,
    User,
    children,
    field,
    ge,
    link,
    through,
)


class Sample(Child, table="exam_sample"):
    """A sample that was taken."""

    code: Field[str] = field("Code")
    volume: Field[Decimal] = field("Volume", scale=1)


class Booking(Record, table="exam_booking", scope=through("customer")):
    """A visit that a customer has booked."""

    customer: Link[Customer] = link("Customer")
    repeats: Link[Booking | None] = link("Repeats", default=None)
    on: Field[date] = field("Date", order=True)
    headcount: Field[int] = field("People", default=1, validator=ge(1))
    fee: Field[Money | None] = field("Fee", default=None)
    price: Field[Money] = field("Price", default=Money(0, "CNY"))
    remark: Field[str | None] = field("Remark", default=None)
    samples: Children[Sample] = children("Samples", default=())


class Profile(Facet, table="exam_profile", of=Customer):
    """What the examination centre knows of a customer."""

    blood_type: Field[str] = field("Blood type")


def on_the_class(today: date) -> None:
    assert_type(Booking.on >= today, ColumnElement[bool])
    assert_type(Booking.on == today, ColumnElement[bool])
    assert_type(Booking.fee >= Money("1", "CNY"), ColumnElement[bool])
    assert_type(Booking.price < Money("1", "CNY"), ColumnElement[bool])
    assert_type(Booking.fee.is_(None), ColumnElement[bool])
    conditions: list[ColumnElement[bool]] = [Booking.on >= today, Booking.remark.is_(None)]
    conditions.append(Booking.customer == UUID(int=1))
    assert_type(Opportunity.stage == "won", ColumnElement[bool])
    assert_type(Sample.position > 1, ColumnElement[bool])
    conditions.append(Booking.owner == UUID(int=1))
    Booking.fee >= 5  # E: operator


def on_the_instance(booking: Booking, customer: Customer) -> None:
    assert_type(booking.on, date)
    assert_type(booking.headcount, int)
    assert_type(booking.fee, Money | None)
    assert_type(booking.price, Money)
    assert_type(booking.remark, str | None)
    assert_type(booking.customer, Ref[Customer])
    assert_type(booking.repeats, Ref[Booking] | None)
    assert_type(booking.samples, tuple[Sample, ...])
    assert_type(booking.samples[0].volume, Decimal)
    assert_type(booking.ref, Ref[Booking])
    assert_type((booking.id, booking.version, booking.created_at), tuple[UUID, int, datetime])
    assert_type(customer.source.id, UUID)
    assert_type((customer.owner, booking.created_by), tuple[Ref[User] | None, Ref[User] | None])
    assert_type(customer.archived_at, datetime | None)
    booking.on.nothing  # E: attr-defined
    booking.fee.units  # E: union-attr
    booking.repeats.id  # E: union-attr
    booking.remark + "x"  # E: operator
    booking.colour  # E: attr-defined


def construction(customer: Customer, contact: Contact, booking: Booking, today: date) -> None:
    Booking(customer=customer, on=today)
    Booking(customer=customer.ref, on=today, headcount=3, repeats=booking, fee=Money(1, "CNY"))
    Booking(customer=customer, on=today, repeats=None, samples=[Sample(code="a", volume=Decimal(1))])
    Profile(of=customer, blood_type="A")
    Booking(customer=customer, on="2026-06-30")  # E: arg-type
    Booking(customer=contact, on=today)  # E: arg-type
    Booking(customer=contact.ref, on=today)  # E: arg-type
    Booking(customer=customer, on=today, headcount=None)  # E: arg-type
    Booking(customer=customer, on=today, samples=[contact])  # E: list-item
    Booking(customer=customer, on=today, colour="red")  # E: call-arg
    Booking(customer=customer, on=today, version=3)  # E: call-arg
    Booking(customer=customer)  # E: call-arg
    Booking(customer, today)  # E: call-arg
    Customer.organization("Ningbo Pump")  # E: call-arg


def assignment(booking: Booking, today: date) -> None:
    booking.on = today  # E: misc
    booking.customer = booking.customer  # E: misc
    booking.samples = ()  # E: misc


def reading(session: Session, booking: Booking, ref: Ref[Booking], today: date) -> None:
    assert_type(session.get(Booking, booking.id), Booking)
    assert_type(session.get(ref), Booking)
    assert_type(session.get(booking.customer), Customer)
    assert_type(session.find(Booking, Booking.on == today), list[Booking])
    assert_type(session.find_one(Booking, booking.id), Booking | None)
    assert_type(session.page(Booking, order=Booking.on.desc()), Page[Booking])
    assert_type(session.page(Booking).items[0], Booking)
    assert_type(session.facet(booking.customer, Profile), Profile | None)
    assert_type(session.count(Booking, Booking.on > today), int)
    assert_type(session.sum(Booking.fee), Money)
    assert_type(session.history(booking), list[Revision])
    assert_type(session.history(booking)[0].changes, tuple[FieldChange, ...])
    assert_type(session.as_of(booking, session.now), Booking | None)
    assert_type(session.owners(booking), list[OwnershipInterval])
    session.find(Booking, booking.on == today)  # E: arg-type
    session.find(Booking, booking.headcount)  # E: arg-type
    session.find(Booking, Booking.on == today, order=Booking.on, limit="5")  # E: arg-type
    session.get(booking)  # E: call-overload
    session.facet(booking, Booking)  # E: type-var


def writing(session: Session, booking: Booking, customer: Customer, today: date) -> None:
    assert_type(session.add(Customer.organization("Ningbo Pump", mobile="1", source="fair")), Customer)
    assert_type(session.add(Customer.person("Wang", mobile="1", source="fair")), Customer)
    assert_type(session.add(Booking(customer=customer, on=today)), Booking)
    assert_type(session.add(Profile(of=customer, blood_type="A")), Profile)
    assert_type(session.add_all([booking]), list[Booking])
    assert_type(session.change(booking, headcount=3, because="more came"), Booking)
    assert_type(session.amend(customer, tax_id="91", because="new licence"), Customer | Amendment)
    assert_type(session.archive(booking), Booking)
    assert_type(
        session.move(Opportunity(customer=customer, name="x", expected_close=today), "won"), Opportunity
    )
    session.add("Ningbo Pump")  # E: call-overload
    session.add(booking.samples[0])  # E: call-overload
    session.change(booking, because=5)  # E: arg-type
    session.archive(booking.customer)  # E: type-var


def running(crm: CRM) -> None:
    def count(session: Session) -> int:
        return session.count(Customer)

    assert_type(crm.run("ana", count, operation="key"), int)
    with crm.view("ana") as session:
        assert_type(session, Session)
    try:
        count(session)
    except (StaleError, AmendmentRequiredError) as refused:
        assert_type(refused.data, Mapping[str, Any])
