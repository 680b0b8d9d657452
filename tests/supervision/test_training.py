"""Training of new people, whom to send, and teams for a time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from pycrm import (
    ConflictError,
    Customer,
    ForbiddenError,
    InvalidError,
    Money,
    Opportunity,
    Role,
    RoleAssignment,
    Session,
    Task,
    User,
)
from pycrm.plugins.supervision import Passing, TrainingPlan, TrainingRecord, TrainingResult, TrainingStep
from pycrm.plugins.supervision.teamwork import Candidate, Member, form_team, rank, suggest
from pycrm.plugins.supervision.training import intakes, pass_step, passed

from .test_appraisals import allow
from .world import World, shanghai

BEGAN = date(2026, 6, 29)
STEPS = [
    TrainingStep(title="How we sell", article="sales", due_day=1),
    TrainingStep(title="Pumps", due_day=7, has_test=True),
    TrainingStep(title="A visit with a colleague", due_day=14),
]


def _newcomers(world: World) -> TrainingPlan:
    """A plan for staff who begin from June 29 on, and two who do: new_a in the East, new_w in the West."""
    allow(world)
    plan: TrainingPlan = world.act(
        "dir",
        lambda s: s.add(TrainingPlan(name="Basics", for_role="staff", since=date(2026, 6, 1), steps=STEPS)),
    )

    def begin(session: Session) -> None:
        role = session.find(Role, Role.name == "staff")[0]
        for login, colleague in (("new_a", "rep_a"), ("new_w", "rep_w")):
            unit = world.user(colleague).home_unit
            user = session.add(User(login=login, name=login.title(), home_unit=unit))
            session.add(RoleAssignment(user=user, role=role, unit=unit, since=BEGAN))

    world.crm.run(world.crm.system("newcomers"), begin)
    world._users.clear()
    assert (world.job("trainings"), world.job("trainings")) == (2, 0)
    return plan


def _record(world: World, who: str) -> TrainingRecord:
    found: TrainingRecord = world.see(who, lambda s: s.find(TrainingRecord)[0])
    return found


def _score(percent: str) -> dict[str, Any]:
    return {"how": Passing.TEST, "score": Decimal(percent)}


def test_new_people_are_trained(world: World) -> None:
    """Whoever begins in a role gets its plan; a step is passed by reading, a test of 80 % or a signature (SUP-18)."""
    plan = _newcomers(world)
    read, test, visit = world.see("dir", lambda s: s.get(plan.ref)).steps
    record = _record(world, "new_a")
    assert (record.begun_on, world.see("rep_a", lambda s: s.count(TrainingRecord))) == (BEGAN, 0)

    def enter(who: str, *given: Any, **more: Any) -> tuple[int, int]:
        world.act(who, lambda s: pass_step(s, record, *given, **more))
        return world.see(who, lambda s: passed(s, s.get(record.ref)))  # type: ignore[no-any-return]

    assert enter("new_a", read, Passing.READ) == (1, 3)
    assert enter("lead_e", test, **_score("79.99")) == (1, 3)
    assert enter("lead_e", test, **_score("80")) == (2, 3)
    assert enter("lead_e", visit, Passing.SIGNED_OFF) == (3, 3)
    stored = world.see("lead_e", lambda s: s.get(record.ref)).results
    assert [(one.how, one.score, one.by) for one in stored] == [
        (Passing.READ, None, world.user("new_a").ref),
        (Passing.TEST, Decimal("79.99"), world.user("lead_e").ref),
        (Passing.TEST, Decimal("80.00"), world.user("lead_e").ref),
        (Passing.SIGNED_OFF, None, world.user("lead_e").ref),
    ]
    assert {one.at for one in stored} == {shanghai("06-30 09:00")}
    # Tests and signatures are a leader's to enter, reading the person's, and nothing is written by hand.
    for who, step, more in (
        ("new_a", test, _score("100")),
        ("new_a", visit, {"how": Passing.SIGNED_OFF}),
        ("lead_e", read, {"how": Passing.READ}),
    ):
        with pytest.raises(ForbiddenError):
            world.act(who, lambda s, step=step, more=more: pass_step(s, record, step, **more))
    for who, step, more in (
        ("new_a", test, {"how": Passing.READ}),
        ("lead_e", test, {"how": Passing.TEST}),
        ("lead_e", uuid4(), {"how": Passing.SIGNED_OFF}),
    ):
        with pytest.raises(InvalidError):
            world.act(who, lambda s, step=step, more=more: pass_step(s, record, step, **more))
    row = TrainingResult(step=test.id, how=Passing.SIGNED_OFF, at=shanghai("06-30 09:00"))
    with pytest.raises(ConflictError):
        world.act("new_a", lambda s: s.change(record, results=[row]))
    with pytest.raises(ForbiddenError):
        world.act("new_a", lambda s: s.add(TrainingRecord(plan=plan.ref, begun_on=BEGAN, results=[row])))


def test_intakes_say_how_far_people_are(world: World) -> None:
    """Of those who began in a month the share of steps passed and the days to the first contract are told (SUP-18)."""
    plan = _newcomers(world)
    read = world.see("dir", lambda s: s.get(plan.ref)).steps[0]
    for who in ("new_a", "new_w"):
        one = _record(world, who)
        world.act(who, lambda s, one=one: pass_step(s, one, read, Passing.READ))
    world.at("07-09 12:00")
    hongda = world.customer("new_a")
    deal = _deal(world, "new_a", hongda, "100", "won")
    assert deal.closed_on == date(2026, 7, 9)
    found = world.see("dir", intakes)
    # 2 of 6 steps; from June 29 to July 9 are 10 days.
    assert [(one.month, one.people, one.passed, one.first_contracts, one.days) for one in found] == [
        (date(2026, 6, 1), 2, Decimal("33.33"), 1, Decimal("10.00"))
    ]
    assert [(one.people, one.first_contracts, one.days) for one in world.see("lead_w", intakes)] == [
        (1, 0, None)
    ]
    assert world.see("rep_a", intakes) == []


def _deal(world: World, who: str, customer: Customer, amount: str, end: str | None = None) -> Opportunity:
    return _deals(world, who, customer, (amount, end))[0]


def _deals(world: World, who: str, customer: Customer, *ends: tuple[str, str | None]) -> list[Opportunity]:
    """Opportunities of these amounts, each won, lost or still open."""

    def enter(session: Session) -> list[Opportunity]:
        return [_ended(session, customer, amount, end) for amount, end in ends]

    made: list[Opportunity] = world.act(who, enter)
    return made


def _ended(session: Session, customer: Customer, amount: str, end: str | None) -> Opportunity:
    deal = Opportunity(
        customer=customer,
        name=f"{amount} {end}",
        expected_close=date(2026, 12, 1),
        amount=Money(amount, "CNY"),
    )
    made = session.move(session.add(deal), to="contacted")
    if end == "won":
        return session.move(made, to="won", closed_on=session.crm.calendar_day(session.now))
    return session.move(made, to="lost", lost_reason="price") if end == "lost" else made


def candidates(world: World) -> list[Candidate]:
    """Three people with win rates of 8/16, 3/4 and 6/15 (SUP-S8)."""
    people = [world.user(login) for login in ("rep_a", "rep_b", "rep_c")]
    return [
        Candidate(person, won, closed, 0, False, 0)
        for person, (won, closed) in zip(people, ((8, 16), (3, 4), (6, 15)), strict=True)
    ]


def test_a_rate_of_too_few_comes_last(world: World) -> None:
    """8 of 16 come before 6 of 15, and 3 of 4 after both, as too few (SUP-S8)."""
    found = rank(candidates(world))
    assert [(one.person.login, one.reasons[0]) for one in found] == [
        ("rep_a", "won 8 of 16: 50.00 %"),
        ("rep_c", "won 6 of 15: 40.00 %"),
        ("rep_b", "too few (4)"),
    ]


def test_whom_to_send(world: World) -> None:
    """Deals of the same industry and size speak for people of the scope, load, training and contacts too (SUP-9)."""
    steel = {"industry": "steel"}
    target = world.customer("lead_e", "Target", **steel)
    deal = _deal(world, "lead_e", target, "300000")
    for who, ends in (("rep_a", ["won", "won", "lost", "lost", "lost"]), ("rep_b", ["won"] * 5)):
        customer = world.customer(who, f"Steel of {who}", **steel)
        _deals(world, who, customer, *(("200000", end) for end in ends))
    # Another industry, another size, and what is still open do not count.
    other = world.customer("rep_a", "Shoes", industry="shoes")
    _deal(world, "rep_a", other, "300000", "won")
    more = world.customer("rep_a", "More steel", **steel)
    _deals(world, "rep_a", more, ("199999", "won"), ("1000000", "won"), ("300000", None))
    found = world.see("lead_e", lambda s: suggest(s, deal))
    assert [(one.person.login, one.rate, one.open_deals) for one in found[:2]] == [
        ("rep_b", Decimal("100.00"), 0),
        ("rep_a", Decimal("40.00"), 1),
    ]
    # The others have no such deals; lead_e has the open one.
    assert {(one.person.login, one.is_too_few, one.open_deals) for one in found[2:4]} == {
        ("rep_c", True, 0),
        ("lead_e2", True, 0),
    }
    assert (found[4].person.login, found[4].open_deals) == ("lead_e", 1)


def test_a_team_sees_its_customer_and_nothing_else(world: World) -> None:
    """A leader lets several work on one customer, with a part and a task each, and opens no list (SUP-8)."""
    hongda = world.customer("rep_a")
    world.customer("rep_a", "Another")
    due = shanghai("07-02 18:00")
    members = {
        world.user("rep_b"): Member("drawings", "draw the pump", due),
        world.user("rep_c"): Member("prices", "work out a price", due),
    }
    made = world.act("lead_e", lambda s: form_team(s, hongda, members, because="a large tender"))
    assert ([one.title for one in made.tasks], len(made.shares)) == (["draw the pump", "work out a price"], 2)
    for who, task in (("rep_b", "draw the pump"), ("rep_c", "work out a price")):
        assert [one.name for one in world.see(who, lambda s: s.find(Customer))] == ["Hongda"]
        own = world.see(who, lambda s: s.find(Task, Task.owner == s.actor.id))
        assert [one.title for one in own] == [task]
    parts = {one.part for one in world.see("lead_e", lambda s: s.team(hongda))}
    assert parts == {None, "drawings", "prices"}
    with pytest.raises(ForbiddenError):
        world.act("rep_a", lambda s: form_team(s, hongda, members, because="a large tender"))
