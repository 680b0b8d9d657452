"""What people do at their desks: each act is planned without a database and done through a session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import attrs
from pycrm import (
    Activity,
    Commitment,
    Contact,
    Customer,
    Lead,
    Money,
    Opportunity,
    OpportunityLine,
    Product,
    Ref,
    Region,
    Session,
    Source,
    Task,
    User,
)
from pycrm.entities.activity import ActivityKind, CommitmentState, Outcome, TaskState
from pycrm.entities.customer import Department
from pycrm.plugins.projects import ProjectFile

from b2b_project_sales.buyer import BuyerProfile
from b2b_project_sales.sample.words import WHERE_FOUND

__all__ = [
    "Act",
    "Book",
    "FileCustomer",
    "FinishTask",
    "Keep",
    "MoveDeal",
    "OpenDeal",
    "PlanTask",
    "Somebody",
    "Tell",
]


@attrs.define
class Book:
    """Everything that later acts refer to, each as it was last written."""

    people: dict[str, User] = attrs.field(factory=dict)
    cities: dict[str, Region] = attrs.field(factory=dict)
    sources: dict[str, Source] = attrs.field(factory=dict)
    products: dict[str, Product] = attrs.field(factory=dict)
    customers: dict[int, Customer] = attrs.field(factory=dict)
    deals: dict[int, Opportunity] = attrs.field(factory=dict)
    files: dict[int, Ref[ProjectFile]] = attrs.field(factory=dict)
    tasks: dict[int, Task] = attrs.field(factory=dict)
    leads: dict[int, Lead] = attrs.field(factory=dict)
    promises: dict[int, Commitment] = attrs.field(factory=dict)


class Act(Protocol):
    """Something that somebody does in a session."""

    def do(self, session: Session, book: Book) -> None:
        """Do it, and note in the book what it left behind."""
        ...


@attrs.frozen
class Somebody:
    """A person at a customer."""

    name: str
    department: Department
    mobile: str


@attrs.frozen
class FileCustomer:
    """A customer is filed, with its people and perhaps with how it buys."""

    number: int
    name: str
    city: str
    source: str
    details: Mapping[str, Any]
    people: tuple[Somebody, ...]
    buying: Mapping[str, Any]

    def do(self, session: Session, book: Book) -> None:
        draft = Customer.organization(
            self.name,
            source=book.sources[self.source],
            region=book.cities[self.city],
            channel="invented for demonstration",
            **self.details,
        )
        customer = book.customers[self.number] = session.add(draft)
        for place, one in enumerate(self.people):
            session.add(
                Contact.named(
                    one.name,
                    customer=customer,
                    department=one.department,
                    mobile=one.mobile,
                    is_primary=place == 0,
                )
            )
        if self.buying:
            session.add(BuyerProfile(of=customer, **self.buying))


@attrs.frozen
class OpenDeal:
    """An opportunity is filed, for oneself or for a colleague."""

    number: int
    customer: int
    name: str
    expected_close: date
    amount: Money | None
    lines: tuple[tuple[str, int, int], ...]
    owner: str | None = None

    def do(self, session: Session, book: Book) -> None:
        lines = [
            OpportunityLine(product=book.products[code], qty=Decimal(qty), unit_price=Money(price, "CNY"))
            for code, qty, price in self.lines
        ]
        deal = Opportunity(
            customer=book.customers[self.customer],
            name=self.name,
            expected_close=self.expected_close,
            amount=self.amount,
            lines=lines,
        )
        owner = book.people[self.owner] if self.owner else None
        book.deals[self.number] = session.add(deal, owner=owner)


@attrs.frozen
class MoveDeal:
    """An opportunity moves to a stage."""

    number: int
    to: str
    values: Mapping[str, Any]
    because: str | None = None

    def do(self, session: Session, book: Book) -> None:
        deal = book.deals[self.number]
        book.deals[self.number] = session.move(deal, self.to, because=self.because, **self.values)


@attrs.frozen
class Tell:
    """What was said and done; some of it is a promise."""

    customer: int
    deal: int
    kind: str
    summary: str
    hours_ago: int
    outcome: Outcome
    next_on: date | None = None
    promise: str | None = None
    due_on: date | None = None

    def do(self, session: Session, book: Book) -> None:
        customer = book.customers[self.customer]
        activity = session.add(
            Activity(
                kind=ActivityKind(self.kind),
                customer=customer,
                opportunity=book.deals[self.deal],
                started_at=session.now - timedelta(hours=self.hours_ago),
                summary=self.summary,
                outcome=self.outcome,
                next_on=self.next_on,
                location=WHERE_FOUND[self.kind],
            )
        )
        if self.promise is not None and self.due_on is not None:
            book.promises[self.deal] = session.add(
                Commitment(activity=activity, customer=customer, text=self.promise, due_on=self.due_on)
            )


@attrs.frozen
class Keep:
    """A promise was kept."""

    deal: int
    on: date

    def do(self, session: Session, book: Book) -> None:
        promise = book.promises[self.deal]
        session.move(promise, CommitmentState.KEPT, kept_on=self.on)


@attrs.frozen
class PlanTask:
    """Something is to be done for an opportunity."""

    deal: int
    title: str
    due_at: datetime

    def do(self, session: Session, book: Book) -> None:
        task = Task(title=self.title, due_at=self.due_at, opportunity=book.deals[self.deal])
        book.tasks[self.deal] = session.add(task)


@attrs.frozen
class FinishTask:
    """It was done."""

    deal: int

    def do(self, session: Session, book: Book) -> None:
        begun = session.move(book.tasks[self.deal], TaskState.IN_PROGRESS)
        session.move(begun, TaskState.DONE)
