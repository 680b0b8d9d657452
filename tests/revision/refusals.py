"""Acts that must be refused, each with the error that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from pycrm import (
    Activity,
    AmendmentRequiredError,
    ConflictError,
    Contact,
    ContactPoint,
    Customer,
    ForbiddenError,
    InvalidError,
    Money,
    MoveError,
    NotFoundError,
    Opportunity,
    OpportunityLine,
    OrgUnit,
    Session,
    StaleError,
)
from pycrm.entities.activity import ActivityKind
from pycrm.entities.customer import Department
from pycrm.entities.party import ContactPointKind
from revision.world import CLOSE, World, lead_of, line, organization

Act = Callable[[Session, World], object]


def _customer(**values: Any) -> Any:
    given = {"mobile": "13100000001", "source": "exhibition"} | values
    return Customer.organization("New", **given)


def _call(session: Session, w: World, **values: Any) -> Activity:
    given = {"kind": ActivityKind.CALL, "customer": w.pump, "started_at": session.now}
    return Activity(**(given | {"summary": "Asked for a quotation"} | values))


def _deal(w: World, **values: Any) -> Opportunity:
    return Opportunity(**({"customer": w.pump, "name": "New", "expected_close": CLOSE} | values))


def _dollars(w: World) -> OpportunityLine:
    return OpportunityLine(product=w.product, qty=Decimal(1), unit_price=Money(1, "USD"))


_BAD_MAIL = [ContactPoint(kind=ContactPointKind.EMAIL, value="nowhere")]

REFUSED: dict[str, tuple[Act, type[Exception]]] = {
    # Key fields and what nobody writes.
    "a key field": (lambda s, w: s.change(w.pump, strategic=True), AmendmentRequiredError),
    "a key field among others": (
        lambda s, w: s.change(w.pump, channel="fair", strategic=True),
        AmendmentRequiredError,
    ),
    "a tax id": (lambda s, w: s.change(organization(s, w.pump), tax_id="T2"), AmendmentRequiredError),
    "an unknown field": (lambda s, w: s.change(w.pump, colour="red"), InvalidError),
    "a computed field": (lambda s, w: s.change(w.pump, name="Other"), InvalidError),
    "the stage": (lambda s, w: s.change(w.deal, stage="won"), InvalidError),
    "the owner": (lambda s, w: s.change(w.pump, owner=w.cast.people["rep_b"]), InvalidError),
    "the version": (lambda s, w: s.change(w.pump, version=7), InvalidError),
    # Amendments.
    "an amendment without reason": (lambda s, w: s.amend(w.pump, strategic=True), InvalidError),
    "a reason too short": (lambda s, w: s.amend(w.pump, strategic=True, because=" ok "), InvalidError),
    "a reason with NUL": (
        lambda s, w: s.amend(w.pump, strategic=True, because="good\x00 reason"),
        InvalidError,
    ),
    "an amendment of nothing known": (
        lambda s, w: s.amend(w.pump, colour="red", because="because I say so"),
        InvalidError,
    ),
    "an amendment to a held tax id": (
        lambda s, w: s.amend(w.pump, tax_id="t-hidden", because="licence renewed"),
        ConflictError,
    ),
    # What is hidden or not granted.
    "changing a hidden record": (lambda s, w: s.change(w.hidden, channel="x"), NotFoundError),
    "amending a hidden record": (
        lambda s, w: s.amend(w.hidden, strategic=True, because="I want it"),
        NotFoundError,
    ),
    "archiving a hidden record": (lambda s, w: s.archive(w.hidden), NotFoundError),
    "moving a hidden record": (lambda s, w: s.move(w.hidden_deal, to="contacted"), NotFoundError),
    "linking to a hidden record": (lambda s, w: s.add(_deal(w, customer=w.hidden)), NotFoundError),
    "linking to no record": (
        lambda s, w: s.change(w.deal, source_lead=type(w.lead.ref)("Lead", uuid4())),
        NotFoundError,
    ),
    "changing a link to a hidden record": (
        lambda s, w: s.change(w.deal, source_lead=w.hidden_lead),
        NotFoundError,
    ),
    "adding a unit": (lambda s, w: s.add(OrgUnit(name="Mine", code="mine")), ForbiddenError),
    "changing a unit": (lambda s, w: s.change(w.cast.units["East"], name="Mine"), ForbiddenError),
    "archiving a unit": (lambda s, w: s.archive(w.cast.units["Service"]), ForbiddenError),
    "changing a product": (lambda s, w: s.change(w.product, name="Mine"), ForbiddenError),
    "giving a record away": (lambda s, w: s.add(_customer(), owner=w.cast.people["rep_b"]), ForbiddenError),
    # Values held elsewhere.
    "a mobile held elsewhere": (lambda s, w: s.add(_customer(mobile="+86-138-0013-8000")), ConflictError),
    "a mobile of one's own": (lambda s, w: s.add(_customer(mobile="139 0000 0001")), ConflictError),
    "an email of one's own": (lambda s, w: s.add(_customer(email="WANG@example.com")), ConflictError),
    "a tax id held elsewhere": (lambda s, w: s.add(_customer(tax_id="T-HIDDEN")), ConflictError),
    "a second customer of a party": (
        lambda s, w: s.add(Customer(party=w.pump.party, source=w.pump.source)),
        ConflictError,
    ),
    "a second primary contact": (
        lambda s, w: s.add(
            Contact.named(
                "Zhao", customer=w.pump, department=Department.USER, mobile="13600000009", is_primary=True
            )
        ),
        ConflictError,
    ),
    # Rules of the nouns.
    "a retired product": (lambda s, w: s.add(_deal(w, lines=[line(w.retired)])), InvalidError),
    "a retired product on a new line": (
        lambda s, w: s.change(w.deal, lines=[*w.deal.lines, line(w.retired)]),
        InvalidError,
    ),
    "two currencies": (
        lambda s, w: s.change(w.deal, lines=[*w.deal.lines, _dollars(w)]),
        InvalidError,
    ),
    "a row of another deal": (lambda s, w: s.change(w.deal, lines=[w.second.lines[0]]), InvalidError),
    "a row twice": (lambda s, w: s.change(w.deal, lines=[w.deal.lines[0]] * 2), InvalidError),
    "a negative amount": (lambda s, w: s.add(_deal(w, amount=Money("-1", "CNY"))), InvalidError),
    "a close before the beginning": (
        lambda s, w: s.change(w.deal, expected_close=CLOSE.replace(year=2025)),
        InvalidError,
    ),
    "a lead of the future": (
        lambda s, w: s.add(lead_of("Late", w.pump.source, received_at=s.now + timedelta(minutes=1))),
        InvalidError,
    ),
    "an activity of the future": (
        lambda s, w: s.add(_call(s, w, started_at=s.now + timedelta(minutes=1))),
        InvalidError,
    ),
    "an activity of last month": (
        lambda s, w: s.add(_call(s, w, started_at=s.now - timedelta(days=8))),
        InvalidError,
    ),
    "an email without domain": (
        lambda s, w: s.change(s.get(w.pump.party), contact_points=_BAD_MAIL),
        InvalidError,
    ),
    "no way of contact": (lambda s, w: s.change(s.get(w.pump.party), contact_points=[]), InvalidError),
    # Stages and versions.
    "an undeclared move": (lambda s, w: s.move(w.deal, to="filed"), ConflictError),
    "a won deal without a date": (lambda s, w: s.move(w.deal, to="won"), MoveError),
    "a loss without reason": (lambda s, w: s.move(w.deal, to="lost"), MoveError),
    "reopening without a word": (lambda s, w: s.move(w.lost, to="reopen"), MoveError),
    "a stale change": (lambda s, w: s.change(w.stale, channel="mail"), StaleError),
    "a stale amendment": (
        lambda s, w: s.amend(w.stale, strategic=True, because="now important"),
        StaleError,
    ),
    "a stale archive": (lambda s, w: s.archive(w.stale), StaleError),
    "a stale move": (lambda s, w: s.move(w.stale_deal, to="contacted"), StaleError),
    "a stale change of rows": (
        lambda s, w: s.change(w.stale_deal, lines=[line(w.product, "9")]),
        StaleError,
    ),
    "archiving twice": (lambda s, w: s.archive(w.archived), ConflictError),
    "restoring what is there": (lambda s, w: s.restore(w.pump), ConflictError),
}
