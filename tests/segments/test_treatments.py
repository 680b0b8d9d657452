"""Treatments and experiments: what each customer gets, who is told, and whether it worked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pycrm import (
    AmendmentRequiredError,
    AmendmentState,
    ConflictError,
    Customer,
    FixedClock,
    ForbiddenError,
    InvalidError,
    Money,
    Organization,
    Task,
)
from pycrm.plugins.segments import (
    Arm,
    Experiment,
    ExperimentMember,
    Segment,
    SegmentKind,
    Serving,
    Treatment,
    TreatmentState,
)
from pycrm.plugins.segments.membership import import_members
from pycrm.plugins.segments.serving import serve
from pycrm.plugins.segments.treating import add_defaults, effective
from pycrm.plugins.segments.trial import arm_of, arms, compared, effect, enrol

from .world import World, customers

PUBLISHED, WHY = TreatmentState.PUBLISHED, "You buy often, and so we come often."
TODAY = date(2026, 6, 30)


def treatment(world: World, name: str, priority: int, **values: Any) -> Treatment:
    """A treatment of that priority, published unless said otherwise."""
    given = {"reason": WHY, "state": PUBLISHED, "since": date(2026, 1, 1)} | values
    made: Treatment = world.act(lambda s: s.add(Treatment(name=name, priority=priority, **given)))
    return made


def _values(found: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    return {name: (one.value, one.treatment.name) for name, one in found.items()}


def test_one_treatment_holds_for_each_dimension(world: World) -> None:
    """The highest priority comes first, then the narrower, then the newer; each dimension by itself (SEG-S2)."""
    chain = world.act(lambda s: s.add(Segment(code="chain", name="Hospital chain", kind=SegmentKind.STATIC)))
    world.act(lambda s: add_defaults(s, since=date(2026, 1, 1)))
    treatment(world, "Chains", 20, segment=chain, first_response_hours=2)
    treatment(world, "B chains", 10, segment=chain, grade="B", sla_class="gold", contact_days=10)
    treatment(world, "All chains", 10, segment=chain, contact_days=12, sla_class="silver", offer="old")
    treatment(world, "Lower", 5, segment=chain, offer="low", dedicated_person="Ms Li")
    east = world.act(lambda s: s.add(Segment(code="east", name="East", kind=SegmentKind.STATIC)))
    treatment(world, "Newer", 5, segment=east, dedicated_person="Mr Wu", since=date(2026, 2, 1))
    treatment(world, "Draft", 99, grade="B", contact_days=1, state=TreatmentState.DRAFT, reason=None)
    treatment(world, "Ended", 99, grade="B", contact_days=1, until=TODAY)
    treatment(world, "To come", 99, grade="B", contact_days=1, since=date(2026, 7, 1))
    with world.crm.view("rep_a") as session:
        every = session.find(Treatment)
    assert _values(effective(every, "B", {chain.id, east.id}, TODAY)) == {
        "first_response_hours": (2, "Chains"),
        "price_tier": (2, "Grade B"),
        "account_days": (45, "Grade B"),
        "contact_days": (10, "B chains"),
        "sla_class": ("gold", "B chains"),
        "offer": ("old", "All chains"),
        "dedicated_person": ("Mr Wu", "Newer"),
    }
    # What a grade gets to begin with (SEG-8): days of contact, hours, tier, account days.
    defaults = {"A": (7, 1, 1, 60), "B": (14, 4, 2, 45), "C": (30, 8, 3, 30), "D": (90, 24, 0, 0)}
    names = ("contact_days", "first_response_hours", "price_tier", "account_days")
    for grade, expected in defaults.items():
        found = effective(every, grade, (), TODAY)
        assert tuple(found[name].value for name in names) == expected
    assert effective(every, "unrated", (), TODAY) == {}
    _refuse_unfounded(world, chain)


def _refuse_unfounded(world: World, chain: Segment) -> None:
    """None is published without a reason (SEG-7), nor beside its equal (SEG-E2)."""
    for reason in (None, "", "so be it"):
        with pytest.raises(InvalidError, match="a sentence that a customer could be told"):
            treatment(world, "Silent", 1, segment=chain, offer="x", reason=reason)
    with pytest.raises(InvalidError, match="name a grade, a segment or both"):
        treatment(world, "Nobody", 1, offer="x")
    with pytest.raises(ConflictError) as refused:
        treatment(world, "Again", 20, segment=chain, first_response_hours=3, offer="y")
    assert refused.value.data["treatment"] == "Chains"
    assert [one.path for one in refused.value.fields] == ["first_response_hours"]
    draft = treatment(world, "Again", 20, segment=chain, first_response_hours=3, state=TreatmentState.DRAFT)
    with pytest.raises(ConflictError, match="Chains has the same priority"):
        world.act(lambda s: s.change(draft, state=PUBLISHED))
    # At other times, and for other customers, there is room.
    before = {"since": date(2025, 1, 1), "until": date(2026, 1, 1)}
    treatment(world, "Before", 20, segment=chain, first_response_hours=3, **before)
    treatment(world, "B only", 20, segment=chain, grade="B", first_response_hours=3)


def test_the_owner_is_told_once_and_terms_wait(world: World, clock: FixedClock) -> None:
    """When a grade falls, its owner has one notice, and a price tier waits for an amendment (SEG-S5)."""
    (one,) = customers(world, "rep_a", [70])
    for grade, days, hours, tier in (("B", 14, 4, 2), ("C", 30, 8, 3)):
        terms = {"contact_days": days, "first_response_hours": hours, "price_tier": tier}
        treatment(world, f"Grade {grade}", 10, grade=grade, **terms)
    world.score()
    system = world.crm.system("serving customers")
    served = world.act(serve, system)
    assert (served.new, served.changed, served.amendments, served.unasked, served.notices) == (1, 0, 1, (), 0)
    _approve(world)
    with world.crm.view("rep_a") as session:
        now = session.facet(one, Serving)
    assert now is not None
    assert (now.contact_days, now.first_response_hours, now.price_tier) == (14, 4, 2)
    with pytest.raises(AmendmentRequiredError):
        world.act(lambda s: s.change(now, price_tier=1), "rep_a")
    for values in ({"contact_days": 1}, {"wanted_price_tier": 1}, {"sources": "{}"}):
        with pytest.raises(ForbiddenError, match="what customers get"):
            world.act(lambda s, values=values: s.change(now, **values), "rep_a")
    (other,) = customers(world, "rep_b", [None])
    with pytest.raises(ForbiddenError, match="what customers get"):
        world.act(lambda s: s.add(Serving(of=other, contact_days=1)), "rep_b")
    with pytest.raises(AmendmentRequiredError, match="price_tier"):
        world.act(lambda s: s.add(Serving(of=other, price_tier=1)), "rep_b")
    company = world.act(lambda s: s.get(Organization, one.party.id), "rep_a")
    world.act(lambda s: s.change(company, employees=50), "rep_a")
    for day in ("2026-07-01", "2026-08-01"):
        # Two runs lie below before a grade falls.
        clock.set(f"{day}T09:00:00+08:00")
        world.score()
        served = world.act(serve, system)
    assert (served.new, served.changed, served.amendments, served.notices) == (0, 1, 1, 1)
    again = world.act(serve, system)
    assert (again.new, again.changed, again.amendments, again.notices) == (0, 0, 0, 0)
    with world.crm.view("rep_a") as session:
        (notice,) = session.find(Task)
        now = session.facet(one, Serving)
    assert notice.title == "contact 14 -> 30 days, response 4 -> 8 h; price tier 2 -> 3 waits for amendment"
    assert (notice.reason, notice.owner) == ("grade B -> C", one.owner)
    assert now is not None
    assert (now.contact_days, now.price_tier) == (30, 2)
    # While that waits no other tier is asked for, and nobody is told of what was not done.
    world.act(lambda s: s.change(s.find(Treatment, Treatment.name == "Grade C")[0], price_tier=1))
    for _ in range(2):
        served = world.act(serve, system)
        assert (served.changed, served.amendments, served.notices) == (0, 0, 0)
        assert [id for id, _ in served.unasked] == [one.id]
    _approve(world)
    served = world.act(serve, system)
    assert (served.changed, served.amendments, served.unasked, served.notices) == (1, 1, (), 1)
    with world.crm.view("rep_a") as session:
        titles = [task.title for task in session.find(Task, Task.title != notice.title)]
        now = session.facet(one, Serving)
    assert titles == ["price tier 3 -> 1 waits for amendment"]
    assert now is not None
    assert now.price_tier == 3


def _approve(world: World) -> None:
    def approve(session: Any) -> None:
        (one,) = session.inbox()
        assert session.approve(one).state is AmendmentState.APPLIED

    world.act(approve, "lead_e")


def _listed(world: World, some: list[Customer]) -> Segment:
    segment = world.act(lambda s: s.add(Segment(code="some", name="Some", kind=SegmentKind.STATIC)))
    world.act(lambda s: import_members(s, segment, [one.code for one in some]))
    made: Segment = segment
    return made


def test_an_experiment_keeps_its_sides(world: World, clock: FixedClock) -> None:
    """Sides follow from the seed and never change, control is served as before, and none is told early (SEG-10)."""
    some = customers(world, "rep_a", [90] * 12)
    segment = _listed(world, some)
    treatment(world, "Before", 1, segment=segment, contact_days=30)
    new = treatment(world, "New", 9, segment=segment, contact_days=7)
    given = {"segment": segment, "treatment": new, "seed": "s", "measure": "XE01"}
    given |= {"since": date(2026, 6, 1), "until": date(2026, 8, 1)}
    for share in (0, 100, -5, 101):
        with pytest.raises(InvalidError, match="treated_share: lies between 1 and 99"):
            world.act(lambda s, share=share: s.add(Experiment(name="x", treated_share=share, **given)))
    with pytest.raises(InvalidError, match="there is no indicator X9"):
        world.act(lambda s: s.add(Experiment(name="x", treated_share=50, **(given | {"measure": "X9"}))))
    with pytest.raises(ForbiddenError, match="what customers get"):
        world.act(lambda s: s.add(Experiment(name="x", treated_share=50, **given)), "rep_a")
    trial = world.act(lambda s: s.add(Experiment(name="x", treated_share=50, **given)))
    assert world.act(serve, world.crm.system("serving customers")).new == 12
    treated = {one.id for one in some if arm_of("s", 50, one.id) is Arm.TREATED}
    assert 0 < len(treated) < 12
    with world.crm.view("rep_a") as session:
        days = {one.of.id: one.contact_days for one in session.find(Serving)}
        assert session.find(ExperimentMember) == []
    assert days == {one.id: 7 if one.id in treated else 30 for one in some}
    with world.crm.view("dir") as session, pytest.raises(ConflictError, match="ends on 2026-08-01"):
        arms(session, trial)
    assert world.act(lambda s: enrol(s, trial)) == 0
    clock.set("2026-08-01T09:00:00+08:00")
    with world.crm.view("dir") as session:
        assert {one.id for one in arms(session, trial)[Arm.TREATED]} == treated
        found = effect(session, trial)
    assert (found.treated, found.control, found.effect) == (len(treated), 12 - len(treated), Decimal("0.00"))
    assert found.is_too_few


def test_sides_are_drawn_in_their_share() -> None:
    """Of many customers the share is treated, another seed draws others, and a larger share keeps who was."""
    ids = [UUID(int=at) for at in range(4000)]
    drawn = {share: {id for id in ids if arm_of("a", share, id) is Arm.TREATED} for share in (20, 50)}
    # Four standard deviations of a binomial draw: 4 * sqrt(4000 * 0.2 * 0.8) = 101, and 126.
    assert abs(len(drawn[20]) - 800) < 101
    assert abs(len(drawn[50]) - 2000) < 127
    assert drawn[20] < drawn[50]
    assert {id for id in ids if arm_of("b", 50, id) is Arm.TREATED} != drawn[50]


def test_the_effect_of_the_catalogue() -> None:
    """100 treated with 300 each against 100 with 240, cost 2,000: 60.00 and 200.00 % (SEG-S3); 19 are too few."""
    found = compared([Decimal(300)] * 100, [Decimal(240)] * 100, Money("2000", "CNY"), "money")
    assert (found.effect, found.roi, found.is_too_few) == (Decimal("60.00"), Decimal("200.00"), False)
    bought = [[Decimal(100)] * part + [Decimal(0)] * (100 - part) for part in (18, 12)]
    points = compared(*bought, Money("2000", "CNY"), "%")
    assert (points.mean_treated, points.mean_control) == (Decimal("18.00"), Decimal("12.00"))
    assert (points.effect, points.roi) == (Decimal("6.00"), None)
    few = compared([Decimal(1)] * 19, [Decimal(1)] * 300, None, "count")
    assert (few.treated, few.control, few.effect, few.is_too_few) == (19, 300, Decimal("0.00"), True)
    assert not compared([Decimal(1)] * 30, [Decimal(1)] * 30, None, "count").is_too_few
    nobody = compared([], [Decimal(1)], None, "count")
    assert (nobody.mean_treated, nobody.effect, nobody.is_too_few) == (None, None, True)
