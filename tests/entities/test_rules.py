"""What may be entered and changed: the rules of the core's nouns (DOMAIN 1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from revision.world import CLOSE, World, lead_of, line

from pycrm import (
    CRM,
    Activity,
    Commitment,
    ConflictError,
    Contact,
    CRMError,
    Customer,
    FixedClock,
    InvalidError,
    Lead,
    LeadContactPoint,
    Money,
    MoveError,
    Opportunity,
    Party,
    Session,
    Task,
    User,
)
from pycrm.declare.codec import load
from pycrm.entities.activity import ActivityKind, TaskState
from pycrm.entities.customer import ActivityState, Department, Lifecycle
from pycrm.entities.party import ContactPointKind, PartyKind
from pycrm.entities.product import ProductState

from .asking import places, refused


def call(session: Session, w: World, **values: Any) -> Activity:
    """An activity with a customer."""
    given: dict[str, Any] = {"kind": ActivityKind.CALL, "customer": w.pump, "started_at": session.now}
    return Activity(**(given | {"summary": "Asked for a quotation"} | values))


def deal(w: World, **values: Any) -> Opportunity:
    """An opportunity of the customer."""
    return Opportunity(**({"customer": w.pump, "name": "Deal", "expected_close": CLOSE} | values))


def test_anyone_heard_of_is_filed(crm: CRM, made: World) -> None:
    """Name, one way of contact and source are enough for a prospect with a code (COR-1, COR-2)."""
    with crm.session("rep_a") as session:
        found = session.add(Customer.person("Zhao", phone="0574 8712 3456", source="exhibition"))
    assert (found.lifecycle, found.activity_state, found.kind) == (
        Lifecycle.PROSPECT,
        ActivityState.ACTIVE,
        PartyKind.PERSON,
    )
    assert len(found.code) == 8
    assert found.code != made.pump.code
    assert found.owner == made.cast.people["rep_a"].ref
    assert found.owner_unit == made.cast.units["East"].ref


def test_nobody_is_filed_without_a_way_of_contact(crm: CRM, made: World) -> None:
    """A customer or a lead without a way of contact is refused at that field (COR-E1)."""
    with pytest.raises(InvalidError) as draft:
        Customer.organization("Silent", source="exhibition")
    assert places(draft.value) == ["contact_points"]

    def silent(session: Session) -> object:
        party = session.add(Party(kind=PartyKind.ORGANIZATION, name="Silent"))
        return session.add(Customer(party=party, source=made.pump.source))

    for act in (silent, lambda s: s.add(Lead(name="Silent", source=made.pump.source))):
        assert places(refused(crm, act, InvalidError)) == ["contact_points"]
    with crm.session("rep_a") as session:
        assert session.count(Customer, Customer.name == "Silent") == 0


@pytest.mark.parametrize(
    ("kind", "value", "is_good"),
    [
        ("mobile", "138 0013 8001", True),
        ("mobile", "+86 138-0013-8001", True),
        ("mobile", "+44 7700 900123", True),
        ("mobile", "1380013800", False),
        ("mobile", "138001380011", False),
        ("mobile", "+44 77", False),
        ("mobile", "call me", False),
        ("email", "zhao@example.com", True),
        ("email", "wang@", False),
        ("email", "wang", False),
        ("email", "wang@example", False),
        ("email", "wang li@example.com", False),
        ("phone", "ext. 12", True),
    ],
)
def test_ways_of_contact_are_checked_in_their_row(
    crm: CRM, made: World, kind: str, value: str, is_good: bool
) -> None:
    """A mobile of a wrong length or an email without domain is refused at its row only (COR-E2)."""
    rows = [
        LeadContactPoint(kind=ContactPointKind.PHONE, value="0574 1"),
        LeadContactPoint(kind=ContactPointKind(kind), value=value),
    ]

    def act(session: Session) -> object:
        return session.add(Lead(name="Zhao", source=made.pump.source, contact_points=rows))

    if not is_good:
        assert places(refused(crm, act, InvalidError)) == ["contact_points/1"]
        return
    with crm.session("rep_a") as session:
        act(session)
        # As typed: only comparing normalises (COR-5).
        draft = Customer.organization("Li", source="exhibition", **{kind: value})
        assert session.get(session.add(draft).party).contact_points[0].value == value


def test_a_contact_has_a_department(crm: CRM, made: World) -> None:
    """A contact without a department is refused at that field (COR-8, COR-E3)."""
    person = made.contact.person
    with pytest.raises(InvalidError) as typed:
        Contact(person=person, customer=made.pump, department=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidError) as posted:
        load(Contact, {"person": str(person.id), "customer": str(made.pump.id)})
    assert places(typed.value) == places(posted.value) == ["department"]


def test_a_party_is_one_customer_with_one_primary_contact(crm: CRM, made: World) -> None:
    """A party cannot be filed as a customer twice, nor a customer have two primary contacts (COR-7)."""
    refused(crm, lambda s: s.add(Customer(party=made.pump.party, source=made.pump.source)), ConflictError)
    with crm.session("rep_a") as session:
        second = session.add(
            Contact.named("Zhou", customer=made.pump, department=Department.FINANCE, mobile="13600000009")
        )
    error = refused(crm, lambda s: s.change(second, is_primary=True), ConflictError)
    assert places(error) == ["is_primary"]
    with crm.session("rep_a") as session:
        session.change(made.contact, is_primary=False)
        assert session.change(second, is_primary=True).is_primary


def test_the_amount_is_the_sum_of_rounded_lines(crm: CRM, made: World) -> None:
    """Each line is rounded half up and the amount is their sum, not the rounded sum (COR-12)."""
    # 1.5 x 0.33 = 0.495 -> 0.50; 2.5 x 0.13 = 0.325 -> 0.33; 3 x 9.99 less 12.5 % = 26.22375 -> 26.22.
    # Together 27.05, where the sum before rounding, 27.04375, would give 27.04.
    lines = [
        line(made.product, "1.5", "0.33"),
        line(made.product, "2.5", "0.13"),
        line(made.product, "3", "9.99", "12.5"),
    ]
    assert [str(one.amount.amount) for one in lines] == ["0.50", "0.33", "26.22"]
    with crm.session("rep_a") as session:
        found = session.add(deal(made, lines=lines, amount=Money("1", "CNY")))
        assert found.amount == Money("27.05", "CNY")
        assert session.change(found, amount=Money("9", "CNY")).amount == Money("27.05", "CNY")
        less = session.change(session.get(found.ref), lines=found.lines[:2])
        assert less.amount == Money("0.83", "CNY")
        typed = session.add(deal(made, amount=Money("86000", "CNY")))
        assert session.change(typed, amount=Money("90000", "CNY")).amount == Money("90000", "CNY")


def test_a_retired_product_stays_on_old_lines_only(crm: CRM, made: World) -> None:
    """A product that was retired keeps its old lines and gets no new one (COR-13)."""
    with crm.session(crm.system("catalogue")) as session:
        product = session.change(made.product, state=ProductState.RETIRED)
    with crm.session("rep_a") as session:
        kept = session.change(
            made.deal, lines=[made.deal.lines[0], load_line(made.deal.lines[1], qty=Decimal(5))]
        )
        assert kept.amount == Money("45", "CNY")
    for act in (
        lambda s: s.change(s.get(made.deal.ref), lines=[*s.get(made.deal.ref).lines, line(product)]),
        lambda s: s.change(
            s.get(made.deal.ref), lines=[load_line(s.get(made.deal.ref).lines[0], product=made.retired)]
        ),
    ):
        assert places(refused(crm, act, InvalidError))[0].endswith("/product")


def load_line(old: Any, **values: Any) -> Any:
    """A stored line with other values, as a form sends it back."""
    from pycrm.declare.codec import dump, load_patch

    row = dump(old) | {
        name: str(value.id) if hasattr(value, "id") else str(value) for name, value in values.items()
    }
    return load_patch(Opportunity, {"lines": [row]})["lines"][0]


def test_an_activity_is_entered_within_a_week(crm: CRM, made: World) -> None:
    """Staff enter what happened in the last 7 days, a leader what is older, nobody the future (COR-E4)."""
    week = timedelta(days=7)
    for after in (timedelta(minutes=1), timedelta(days=30)):
        error = refused(crm, lambda s, a=after: s.add(call(s, made, started_at=s.now + a)), InvalidError)
        assert places(error) == ["started_at"]
    late = lambda s: s.add(call(s, made, started_at=s.now - week - timedelta(seconds=1)))  # noqa: E731
    error = refused(crm, late, InvalidError)
    assert (places(error), "7 days" in error.message) == (["started_at"], True)
    with crm.session("rep_a") as session:
        entered = session.add(call(session, made, started_at=session.now - week))
    refused(crm, lambda s: s.change(entered, started_at=s.now - timedelta(days=8)), InvalidError)
    with crm.session("lead_e") as session:
        late(session)


def test_an_activity_says_what_happened(crm: CRM, made: World) -> None:
    """A summary of "ok", or of ten blanks, is too short, and it is with somebody (COR-14, COR-E5)."""
    for summary in ("ok", " " * 12, "  short   "):
        error = refused(crm, lambda s, t=summary: s.add(call(s, made, summary=t)), InvalidError)
        assert places(error) == ["summary"]
    assert "10 characters" in refused(crm, lambda s: s.add(call(s, made, summary="ok")), InvalidError).message
    assert places(refused(crm, lambda s: s.add(call(s, made, customer=None)), InvalidError)) == ["customer"]


def test_an_activity_closes_after_a_day(crm: CRM, made: World, clock: FixedClock) -> None:
    """For 24 hours an entry can be corrected, then it stays as it is (COR-14)."""
    clock.advance(hours=24)
    with crm.session("rep_a") as session:
        corrected = session.change(made.activity, summary="Asked for two quotations")
    clock.advance(seconds=1)
    refused(crm, lambda s: s.change(corrected, summary="Asked for nothing at all"), ConflictError)
    with crm.session("rep_a") as session:
        assert session.get(corrected.ref).summary == "Asked for two quotations"


def test_a_commitment_has_owner_text_and_date(crm: CRM, made: World) -> None:
    """A promise names its text, its date and whom it was made to; its owner is who promised (COR-15)."""
    with crm.session("rep_a") as session:
        found = session.add(Commitment(customer=made.pump, text="Send the offer", due_on=date(2026, 7, 3)))
        assert found.owner == made.cast.people["rep_a"].ref
    for values, place in (
        ({"text": " "}, "text"),
        ({"due_on": None}, "due_on"),
        ({"customer": None}, "customer"),
        ({"kept_on": date(2026, 7, 1)}, "kept_on"),
    ):
        given: dict[str, Any] = {"customer": made.pump, "text": "Call", "due_on": CLOSE} | values
        assert places(refused(crm, lambda s, g=given: s.add(Commitment(**g)), InvalidError)) == [place]


def test_a_cancelled_task_says_why(crm: CRM, made: World) -> None:
    """A task is cancelled with a reason only (appendix A)."""
    with crm.session("rep_a") as session:
        task = session.add(Task(title="Call back", due_at=session.now, customer=made.pump))
    error = refused(crm, lambda s: s.move(task, TaskState.CANCELLED), MoveError)
    assert [one["name"] for one in error.data["missing"]] == ["reason"]
    with crm.session("rep_a") as session:
        session.move(task, TaskState.CANCELLED, reason="they called us")


def test_every_owned_record_has_one_holder_at_a_time(crm: CRM, made: World) -> None:
    """From the moment it is filed a record has exactly one interval of ownership, without end (COR-23)."""
    with crm.view("rep_a") as session:
        for record in (made.pump, made.deal, made.lead):
            (interval,) = session.owners(record)
            assert (interval.user, interval.unit) == (record.owner, record.owner_unit)
            assert (interval.since, interval.until) == (record.created_at, None)
            assert interval.by == made.cast.people["rep_a"].ref
            assert interval.reason


def test_amounts_and_dates_of_deals_are_possible(crm: CRM, made: World) -> None:
    """A negative amount or a close before the day of filing is refused at its field (PIP-E6)."""
    error = refused(crm, lambda s: s.add(deal(made, amount=Money("-0.01", "CNY"))), InvalidError)
    assert places(error) == ["amount"]
    today = date(2026, 6, 30)
    for name in ("expected_close", "closed_on"):
        values = {name: today - timedelta(days=1)}
        assert places(refused(crm, lambda s, v=values: s.add(deal(made, **v)), InvalidError)) == [name]
        assert places(refused(crm, lambda s, v=values: s.change(made.deal, **v), InvalidError)) == [name]
    with crm.session("rep_a") as session:
        session.add(deal(made, expected_close=today, closed_on=today))


def test_what_is_imported_may_be_older_than_its_row(crm: CRM, made: World) -> None:
    """Deals of former years are imported with their dates: they were filed elsewhere (COR-24)."""
    from pycrm.scope.actor import Source

    with crm.session("rep_a", source=Source.IMPORT) as session:
        old = session.add(deal(made, expected_close=date(1996, 7, 4), closed_on=date(1996, 7, 4)))
    assert old.closed_on == date(1996, 7, 4)


@pytest.mark.parametrize("name", ["name", "text", "login"])
def test_a_required_text_is_more_than_blanks(crm: CRM, made: World, name: str) -> None:
    """A name of spaces is no name."""
    given: dict[str, Callable[[], object]] = {
        "name": lambda: lead_of(" \t ", made.pump.source),
        "text": lambda: Commitment(customer=made.pump, text="\u3000", due_on=CLOSE),
        "login": lambda: User(login=" ", name="x", home_unit=made.cast.units["East"]),
    }
    with pytest.raises(InvalidError) as found:
        given[name]()
    assert places(found.value) == [name]


RULES = {
    "pycrm.app.rules.refuse_late_correction": test_an_activity_closes_after_a_day,
    "pycrm.app.rules.refuse_retired_product": test_a_retired_product_stays_on_old_lines_only,
    "pycrm.app.rules.refuse_second_primary": test_a_party_is_one_customer_with_one_primary_contact,
    "pycrm.app.rules.refuse_early_close": test_amounts_and_dates_of_deals_are_possible,
}


@pytest.mark.parametrize("rule", RULES)
def test_a_forgotten_rule_is_seen(
    crm: CRM, made: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Each of the tests above goes red when the rule that it guards is left out."""
    monkeypatch.setattr(rule, lambda *_: None)
    needed = {"crm": crm, "made": made, "clock": clock}
    test = RULES[rule]
    names = test.__code__.co_varnames[: test.__code__.co_argcount]
    with pytest.raises((AssertionError, pytest.fail.Exception, CRMError)):
        test(**{name: needed[name] for name in names})
