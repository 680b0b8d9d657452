"""Appraisals: values from recorded facts, points, ranks, and who may see and say what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pycrm import (
    CRM,
    Action,
    Activity,
    ActivityKind,
    ConflictError,
    ForbiddenError,
    Grant,
    InvalidError,
    Money,
    MoveError,
    NotFoundError,
    Opportunity,
    Outcome,
    Plugin,
    Reach,
    Role,
    Session,
)
from pycrm.plugins.supervision import (
    Appraisal,
    AppraisalItem,
    AppraisalMeasure,
    AppraisalPlan,
    Supervision,
    TrainingPlan,
    TrainingStep,
    VisitPlan,
)
from pycrm.plugins.supervision.appraisal import points_of, result_of
from pycrm.plugins.supervision.appraising import close_period, low, measure
from pycrm.plugins.supervision.measures import measured
from pycrm.scoring import Indicator, Linear, one, zero
from pycrm.scoring.feeds import profile

from .world import World, shanghai

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
END = date(2026, 6, 30)
# Weight, target, value and points of SUP-S6.
S6 = (
    ("new_customers", 20, "10", "12", "120.00"),
    ("visits", 20, "40", "36", "90.00"),
    ("sales", 40, "250000", "275000", "110.00"),
    ("collections", 10, "200000", "180000", "90.00"),
    ("log", 10, "100", "95", "95.00"),
)
PLAN = AppraisalPlan(
    role="staff",
    measures=[
        AppraisalMeasure(measure="new_customers", weight=60, target=Decimal(2)),
        AppraisalMeasure(measure="visits", weight=40, target=Decimal(2)),
    ],
)


def s6() -> Decimal | None:
    """The result of SUP-S6, each of whose points is as the catalogue says."""
    items = []
    for name, weight, target, value, points in S6:
        found = points_of(Decimal(value), Decimal(target), 120)
        assert (name, found) == (name, Decimal(points))
        items.append(
            AppraisalItem(
                measure=name, weight=weight, target=Decimal(target), points=found, value=Decimal(value)
            )
        )
    return result_of(tuple(items))


def test_points_and_result() -> None:
    """Values of 12, 36, 275,000, 180,000 and 95 % give 104.50 by their weights (SUP-S6)."""
    assert s6() == Decimal("104.50")
    # 20 of 10 are 200 %, and give 120 unless the measure says otherwise.
    assert points_of(Decimal(20), Decimal(10), 120) == Decimal("120.00")
    assert points_of(Decimal(20), Decimal(10), 150) == Decimal("150.00")
    assert points_of(None, Decimal(10), 120) is None


def test_what_has_no_basis_is_left_out() -> None:
    """A measure without a value is not nought: the other weights keep their ratio."""
    half = AppraisalItem(measure="a", weight=30, target=Decimal(1), points=Decimal("80.00"))
    other = AppraisalItem(measure="b", weight=30, target=Decimal(1), points=Decimal("100.00"))
    nothing = AppraisalItem(measure="c", weight=40, target=Decimal(1))
    assert result_of((half, other, nothing)) == Decimal("90.00")
    assert result_of((nothing,)) is None


def test_weights_sum_to_100() -> None:
    """A plan whose weights do not sum to 100, or that measures something twice, is refused (SUP-E5)."""

    def plan(*measures: tuple[str, int]) -> None:
        rows = [AppraisalMeasure(measure=name, weight=weight, target=Decimal(1)) for name, weight in measures]
        AppraisalPlan(role="staff", measures=rows).check(None)  # type: ignore[arg-type]

    plan(("visits", 60), ("log", 40))
    for wrong in ((("visits", 60), ("log", 39)), (("visits", 60), ("log", 41)), (("log", 50), ("log", 50))):
        with pytest.raises(InvalidError):
            plan(*wrong)


def allow(world: World) -> None:
    """Let the top level keep plans, and put that of staff and a training in place."""

    def grant(session: Session) -> None:
        role = session.find(Role, Role.name == "top", children=True)[0]
        given = [
            Grant(entity=entity, action=action, reach=Reach.ALL)
            for entity in ("AppraisalPlan", "TrainingPlan")
            for action in (Action.CREATE, Action.UPDATE)
        ]
        session.change(role, grants=[*role.grants, *given])

    world.crm.run(world.crm.system("rights"), grant)


def _june(world: World) -> None:
    """In June rep_a files 3 customers and keeps 1 visit, rep_b files 2 and keeps 2, rep_c files 1."""
    day = date(2026, 6, 15)
    world.at("06-15 09:00")
    for who, filed, kept in (("rep_a", 3, 1), ("rep_b", 2, 2), ("rep_c", 1, 0), ("rep_w", 1, 0)):
        made = world.customers(who, *(f"{who} {at}" for at in range(filed)))[:kept]
        plans = [VisitPlan(customer=customer, on=day, purpose="offer") for customer in made]
        visits = [
            Activity(
                kind=ActivityKind.VISIT,
                customer=customer,
                started_at=shanghai("06-15 08:30"),
                summary="looked at the pumps",
            )
            for customer in made
        ]
        world.act(who, lambda s, plans=plans, visits=visits: (s.add_all(plans), s.add_all(visits)))


def _opened(world: World) -> None:
    allow(world)
    world.act("dir", lambda s: s.add(PLAN))
    _june(world)
    world.at("07-01 02:00")
    # Seven people are staff.
    assert world.job("appraisals") == 7


def _of(world: World, login: str, who: str = "dir") -> Appraisal:
    person = world.user(login).id
    found: Appraisal = world.see(
        who, lambda s: s.find(Appraisal, Appraisal.owner == person, Appraisal.first == JUNE, children=True)[0]
    )
    return found


def test_a_month_is_measured_ranked_and_closed(world: World) -> None:
    """Everybody of the role is appraised for the month that has passed, and sees the own result alone (SUP-15)."""
    _opened(world)
    first = _of(world, "rep_a")
    assert [(one.measure, one.value, one.points) for one in first.items] == [
        ("new_customers", Decimal("3.00"), Decimal("120.00")),
        ("visits", Decimal("1.00"), Decimal("50.00")),
    ]
    # 0.6 x 120 + 0.4 x 50, 0.6 x 100 + 0.4 x 100, 0.6 x 50.
    assert [_of(world, who).result for who in ("rep_a", "rep_b", "rep_c")] == [
        Decimal("92.00"),
        Decimal("100.00"),
        Decimal("30.00"),
    ]
    closed = world.act("lead_e", lambda s: close_period(s, JUNE, "staff"))
    assert [(one.owner, one.rank, one.ranked) for one in closed] == [
        (world.user("rep_b").ref, 1, 3),
        (world.user("rep_a").ref, 2, 3),
        (world.user("rep_c").ref, 3, 3),
    ]
    with pytest.raises(ConflictError, match="no appraisal"):
        world.act("lead_e", lambda s: close_period(s, JUNE, "staff"))
    assert _of(world, "rep_w").stage == "open"
    # The second run opens nothing anew, and measures nothing that is closed.
    world.at("07-02 02:00")
    assert (world.job("appraisals"), world.job("measures")) == (0, 4)
    assert _of(world, "rep_b").rank == 1
    # Values, points, rank and number are the person's to see, and no other's (SUP-16).
    mine = world.see("rep_a", lambda s: s.find(Appraisal))
    assert [(one.rank, one.ranked) for one in mine] == [(2, 3)]
    with pytest.raises(NotFoundError):
        world.see("rep_a", lambda s: s.get(Appraisal, _of(world, "rep_b").id))
    counts = {who: world.see(who, lambda s: s.count(Appraisal)) for who in ("lead_e", "lead_e2", "lead_w")}
    assert counts == {"lead_e": 3, "lead_e2": 1, "lead_w": 1}


def test_the_person_states_and_leaders_judge_until_it_is_closed(world: World) -> None:
    """Nobody writes values, points or ranks; the person makes a statement, leaders judge, and then it is fixed."""
    _opened(world)
    own, other = _of(world, "rep_a"), _of(world, "rep_b")
    own = world.act("rep_a", lambda s: s.change(own, statement="I was ill"))
    own = world.act("lead_e", lambda s: s.change(own, leader_text="a good month", leader_points=Decimal(90)))
    for who, values, refusal in (
        ("rep_a", {"leader_text": "the best"}, ForbiddenError),
        ("lead_e", {"statement": "he was lazy"}, ForbiddenError),
        ("rep_a", {"result": Decimal(120)}, ConflictError),
        ("lead_e", {"rank": 1}, ConflictError),
        ("dir", {"items": []}, ConflictError),
        ("lead_e", {"last": date(2026, 7, 31)}, ConflictError),
    ):
        with pytest.raises(refusal):
            world.act(who, lambda s, values=values: s.change(own, **values))
    with pytest.raises(NotFoundError):
        world.act("rep_a", lambda s: s.change(other, statement="mine"))
    with pytest.raises(ForbiddenError):
        world.act("rep_a", lambda s: close_period(s, JUNE, "staff"))
    with pytest.raises((ConflictError, MoveError)):
        world.act("lead_e", lambda s: s.move(own, to="close"))
    with pytest.raises(ForbiddenError):
        world.act("rep_a", lambda s: s.add(Appraisal(role="staff", first=MAY, last=MAY, items=[])))
    world.act("lead_e", lambda s: close_period(s, JUNE, "staff"))
    closed = _of(world, "rep_a")
    assert (closed.result, closed.statement, closed.leader_text) == (
        Decimal("92.00"),
        "I was ill",
        "a good month",
    )
    for who, values in (("rep_a", {"statement": "more"}), ("lead_e", {"leader_text": "worse"})):
        with pytest.raises(ConflictError, match="closed"):
            world.act(who, lambda s, values=values: s.change(closed, **values))
    with pytest.raises(ConflictError, match="closed"):
        world.crm.run(world.crm.system("test"), lambda s: measure(s, closed.id))


def _month(session: Session, person: Any, first: date, result: int) -> None:
    items = [AppraisalItem(measure="visits", weight=100, target=Decimal(1), points=Decimal(result))]
    last = first.replace(day=28)
    session.add(
        Appraisal(role="staff", first=first, last=last, items=items, result=Decimal(result)), owner=person
    )


def test_two_low_results_in_a_row_need_a_plan(world: World) -> None:
    """Below 60 twice in a row puts somebody on the leader's list, with the training of the role (SUP-17)."""
    allow(world)
    step = TrainingStep(title="Pumps", due_day=7)
    plan = world.act(
        "dir",
        lambda s: s.add(TrainingPlan(name="Basics", for_role="staff", since=date(2027, 1, 1), steps=[step])),
    )

    def enter(session: Session) -> None:
        for login, results in (
            ("rep_a", (59, 59)),
            ("rep_b", (59, 60)),
            ("rep_c", (80, 59)),
            ("rep_w", (0, 0)),
        ):
            for first, result in zip((MAY, JUNE), results, strict=True):
                _month(session, world.user(login), first, result)

    world.crm.run(world.crm.system("former months"), enter)
    assert world.see("lead_e", low) == []
    closed = [
        world.act("dir", lambda s, first=first: close_period(s, first, "staff")) for first in (MAY, JUNE)
    ]
    # 80, 59, 59 and 0 points: equals share a rank, and the next one is counted on.
    assert sorted(one.rank for one in closed[0]) == [1, 2, 2, 4]
    assert {one.rank for one in closed[0] if one.result == 59} == {2}
    found = world.see("lead_e", low)
    assert [(one.person.login, one.proposed) for one in found] == [("rep_a", (plan,))]
    assert [one.person.login for one in world.see("dir", low)] == ["rep_a", "rep_w"]
    assert world.see("rep_a", low) == []


SIZE = Indicator(
    "size.staff", "Employees", "员工", "C", "count", zero(one(profile.employees)), Linear(0, 100)
)


class Size(Plugin):
    """Size

    How many people work for a customer.
    """

    name = "size"
    indicators = (SIZE,)


def test_every_measure_counts_recorded_facts(open_crm: Callable[..., CRM]) -> None:
    """Each measure counts what its person recorded in the period, and an indicator the person's customers."""
    world = World(open_crm(plugins=[Supervision, Size]))
    world.at("05-31 12:00")
    old = world.customer("rep_a", "old", employees=7)
    world.at("06-10 12:00")
    new = world.customer("rep_a", "new", employees=5)
    world.customer("rep_b", "other", employees=100)
    for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.NO_ANSWER, None):
        world.visit("rep_a", new, "06-10 10:00", kind=ActivityKind.CALL, outcome=outcome)

    def sell(session: Session) -> None:
        for name, amount in (("won", Money("100", "CNY")), ("moved", None), ("still", None)):
            deal = session.add(
                Opportunity(customer=old, name=name, expected_close=date(2026, 9, 1), amount=amount)
            )
            if name != "still":
                deal = session.move(deal, to="contacted")
            if name == "won":
                session.move(deal, to="won", closed_on=date(2026, 6, 10))

    world.act("rep_a", sell)
    world.at("07-01 12:00")
    person, product = world.user("rep_a").id, world.crm.system("measuring")

    def value(name: str) -> Decimal | None:
        with world.crm.view(product) as session:
            return measured(session, name, person, JUNE, END)

    assert {name: value(name) for name in ("new_customers", "contacts", "moves", "contracts", "visits")} == {
        "new_customers": Decimal("1.00"),
        "contacts": Decimal("2.00"),
        "moves": Decimal("2.00"),
        "contracts": Decimal("1.00"),
        "visits": Decimal("0.00"),
    }
    # No log came; whoever keeps none has no basis.
    assert value("log") == Decimal("0.00")
    with world.crm.view(product) as session:
        assert measured(session, "log", world.user("lead_e").id, JUNE, END) is None
        assert measured(session, "size.staff", world.user("lead_w").id, JUNE, END) is None
    assert value("size.staff") == Decimal("12.00")
    with pytest.raises(InvalidError):
        value("nosuch")
