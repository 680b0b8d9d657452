"""Handing over with supervision: what goes, what stays, and what the receiver has to know."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pycrm import (
    ActivityKind,
    Commitment,
    ConflictError,
    Contact,
    Customer,
    Department,
    ForbiddenError,
    HandoverReceiver,
    HandoverRule,
    InvalidError,
    Money,
    NotFoundError,
    Opportunity,
    OpportunityLine,
    Product,
    ProductCategory,
    SigningGrade,
    Task,
    UserState,
)
from pycrm.plugins.supervision import Directive, DirectiveKind, VisitPlan, WorkLog
from pycrm.plugins.supervision.brief import Brief, brief, briefs, handover_page
from pycrm.plugins.supervision.directing import answer, banner, issue
from pycrm.plugins.supervision.logs import submit

from .world import World, shanghai

TODAY = date(2026, 6, 30)


def _filled(world: World) -> Customer:
    """A customer of rep_a with all that a brief tells."""
    world.at("06-26 09:00")
    hongda = world.customer("rep_a", signing_grade=SigningGrade.B)

    def enter(session: Any) -> None:
        session.add(
            Contact.named("Li", customer=hongda, department=Department.DECISION, mobile="13800000001")
        )
        for day in (30, 29):
            session.add(Commitment(customer=hongda, text=f"until {day}", due_on=date(2026, 6, day)))

    def sell(session: Any) -> None:
        category = session.add(ProductCategory(name="Pumps"))
        session.add(Product(code="P1", name="Pump", category=category, unit="piece"))

    world.act("rep_a", enter)
    world.act("dir", sell)
    for day in (26, 27, 28, 29):
        world.at(f"06-{day} 12:00")
        kind = ActivityKind.CALL if day == 27 else ActivityKind.VISIT
        world.visit("rep_a", hongda, f"06-{day} 10:00", kind=kind, summary=f"it was the {day}th")

    def offer(session: Any) -> None:
        line = OpportunityLine(
            product=session.named(Product, "P1"), qty=Decimal(2), unit_price=Money("900", "CNY")
        )
        for name in ("Big", "Small"):
            deal = session.add(
                Opportunity(
                    customer=hongda,
                    name=name,
                    expected_close=date(2026, 9, 1),
                    lines=[line] if name == "Big" else [],
                    next_step="drawing" if name == "Big" else None,
                )
            )
            deal = session.move(deal, to="contacted")
            if name == "Small":
                session.move(deal, to="lost", lost_reason="price")

    world.act("rep_a", offer)
    return hongda


def test_a_brief_tells_what_there_is_to_know(world: World) -> None:
    """Whoever takes over reads contacts, the last 3 activities, open promises and deals, and prices (SUP-13)."""
    hongda = _filled(world)
    found: Brief = world.see("rep_a", lambda s: brief(s, hongda))
    assert (found.customer.name, found.grade, found.party.name) == ("Hongda", SigningGrade.B, "Hongda")
    assert [(one.name, one.department) for one in found.contacts] == [("Li", Department.DECISION)]
    assert [one.summary for one in found.activities] == [f"it was the {day}th" for day in (29, 28, 27)]
    assert [one.text for one in found.commitments] == ["until 29", "until 30"]
    assert [(one.record.name, one.stage, one.next_step) for one in found.deals] == [
        ("Big", "Contacted", "drawing")
    ]
    assert [one.unit_price for one in found.prices] == [Money("900", "CNY")]
    assert found.unavailable == ("complaints", "receivables")
    with pytest.raises(NotFoundError):
        world.see("rep_b", lambda s: brief(s, hongda))


def test_what_belongs_to_a_customer_goes_and_what_belongs_to_a_day_stays(world: World) -> None:
    """Planned visits and the tasks of instructions go to the receiver; logs and words stay with their person."""
    hongda = world.customer("rep_a")
    world.act("rep_a", lambda s: s.add(VisitPlan(customer=hongda, on=TODAY, purpose="offer")))
    due = shanghai("07-02 18:00")
    words = world.act(
        "lead_e", lambda s: issue(s, hongda, "call them", kind=DirectiveKind.INSTRUCTION, due_at=due)
    )
    log = world.act("rep_a", submit)
    personal = world.act("lead_e", lambda s: issue(s, log, "you are always late"))
    page = world.see("lead_e", lambda s: handover_page(s, world.user("rep_a"), "rep_b"))
    assert [one.login for one in page.receivers] == ["lead_e", "lead_e2", "rep_b", "rep_c"]
    assert page.preview.counts() == {
        ("Customer", "active"): 1,
        ("Task", "open"): 1,
        ("VisitPlan", "planned"): 1,
    }
    assert page.done == ()
    world.at("06-30 10:00")
    done = world.act("lead_e", lambda s: s.hand_over("rep_a", "rep_b", because="goes abroad"))
    assert world.see("rep_b", lambda s: (s.count(VisitPlan), s.count(Task), s.count(WorkLog))) == (1, 1, 0)
    assert world.see("rep_a", lambda s: (s.count(VisitPlan), s.count(WorkLog), s.count(Customer))) == (
        0,
        1,
        0,
    )
    # What was said about the customer is read with it; what was said about the person is not.
    assert world.see("rep_b", lambda s: [one.id for one in s.find(Directive)]) == [words[0].id]
    assert world.see("rep_b", banner).count == 0
    with pytest.raises(ForbiddenError):
        world.act("rep_b", lambda s: answer(s, words[0], "done"))
    assert {one.id for one in world.see("rep_a", banner).items} == {words[0].id, personal[0].id}
    again = world.see("lead_e", lambda s: handover_page(s, world.user("rep_a")))
    assert ([one.id for one in again.done], again.preview) == ([done.id], None)
    with pytest.raises(ForbiddenError):
        world.see("rep_b", lambda s: handover_page(s, world.user("rep_a"), "rep_b"))


def test_a_handover_that_cannot_be_is_refused(world: World) -> None:
    """Records without a receiver are listed, and nobody who has left receives any (SUP-E3, SUP-E4)."""
    hongda = world.customer("rep_a")
    plan = world.act("rep_a", lambda s: s.add(VisitPlan(customer=hongda, on=TODAY, purpose="offer")))
    rule = HandoverReceiver(receiver=world.user("rep_b"), rule=HandoverRule.GRADE, value="A")
    page = world.see("lead_e", lambda s: handover_page(s, world.user("rep_a"), [rule]))
    assert not page.preview.is_possible
    with pytest.raises(InvalidError) as refused:
        world.act("lead_e", lambda s: s.hand_over("rep_a", [rule], because="goes abroad"))
    assert refused.value.data["records"] == {"Customer": [str(hongda.id)], "VisitPlan": [str(plan.id)]}
    for state in (UserState.SUSPENDED, UserState.LEFT):
        with world.crm.session(world.crm.system("staff office")) as session:
            session.change(session.get(world.user("rep_b").ref), state=state)
        with pytest.raises(InvalidError):
            world.act("lead_e", lambda s: s.hand_over("rep_a", "rep_b", because="goes abroad"))
    # Whoever still holds something does not leave (SUP-S9).
    with pytest.raises(ConflictError) as held, world.crm.session(world.crm.system("staff office")) as session:
        session.change(session.get(world.user("rep_a").ref), state=UserState.LEFT)
    assert held.value.data["holds"] == {"Customer": 1}


def test_each_receiver_is_briefed_on_what_came(world: World) -> None:
    """A receiver gets a brief of each customer of the handover, not of those held before (SUP-13)."""
    world.customer("rep_b", "Old")
    for name in ("Hongda", "Huali"):
        world.customer("rep_a", name)
    world.at("06-30 10:00")
    done = world.act("lead_e", lambda s: s.hand_over("rep_a", "rep_b", because="goes abroad"))
    for who in ("rep_b", "lead_e"):
        found: list[Brief] = world.see(who, lambda s: briefs(s, done))
        assert [one.customer.name for one in found] == ["Hongda", "Huali"]
    with pytest.raises(NotFoundError):
        world.see("rep_c", lambda s: briefs(s, done))
