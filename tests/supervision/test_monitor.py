"""The leader's desk: what everybody is doing, and which customers nobody cares for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pycrm import (
    ActivityKind,
    Commitment,
    ConflictError,
    Customer,
    Money,
    MoveError,
    Opportunity,
    Session,
    SigningGrade,
    Target,
    Task,
)
from pycrm.plugins.supervision import CheckIn, CustomerSite, Leave, LogState, VisitPlan
from pycrm.plugins.supervision.care import Neglect, uncared
from pycrm.plugins.supervision.directing import issue
from pycrm.plugins.supervision.monitor import Presence, Watch, monitor
from pycrm.plugins.supervision.people import people
from pycrm.plugins.supervision.today import my_day
from pycrm.plugins.supervision.visits import marks, plan_week

from .world import World, shanghai

TODAY = date(2026, 6, 30)


def watch(world: World, login: str = "rep_a", who: str = "lead_e") -> Watch:
    """What the desk of a leader says of somebody."""
    found: list[Watch] = world.see(who, monitor)
    return next(one for one in found if one.person.login == login)


def six_visits(world: World) -> None:
    """rep_a plans 6 visits on 06-30 and makes 4, the last at 13:20 (SUP-S2)."""
    world.at("06-29 09:00")
    customers = world.customers("rep_a", *(f"C{at}" for at in range(6)))
    world.act(
        "rep_a",
        lambda s: plan_week(s, [VisitPlan(customer=one, on=TODAY, purpose="offer") for one in customers]),
    )
    for customer, hour in zip(customers, ("09:30", "11:00", "12:10", "13:20"), strict=False):
        world.at(f"06-30 {hour}")
        world.visit("rep_a", customer, f"06-30 {hour}")


def test_the_monitor_counts_visits_and_minutes(world: World) -> None:
    """4 of 6 are made, 100 minutes at 15:00; marked at 15:21 and not at 15:20 (SUP-S2)."""
    six_visits(world)
    world.at("06-30 15:00")
    found = watch(world)
    assert (found.done, found.planned, found.skipped) == (4, 6, 0)
    assert (found.minutes, found.is_quiet, found.last_at) == (100, False, shanghai("06-30 13:20"))
    last = world.see("rep_a", lambda s: s.find(Customer, Customer.name == "C3")[0])
    assert (found.last_customer, found.presence) == (last.ref, Presence.IN_OFFICE)
    world.at("06-30 15:20")
    assert (watch(world).minutes, watch(world).is_quiet) == (120, False)
    world.at("06-30 15:21")
    assert (watch(world).minutes, watch(world).is_quiet) == (121, True)
    # A check-in is a sign as well, and outside business hours nobody is marked.
    world.check_in("rep_a")
    assert (watch(world).minutes, watch(world).is_quiet) == (0, False)
    world.at("06-30 18:01")
    assert watch(world).is_quiet is False


def test_presence_follows_the_last_sign(world: World) -> None:
    """Somebody is visiting after a check-in at a customer, away on leave, and else gives no sign (SUP-6)."""
    hongda = world.customer("rep_a")
    world.at("06-30 11:00")
    assert (watch(world).presence, watch(world).minutes) == (Presence.NO_SIGN, 120)
    world.check_in("rep_a", hongda)
    assert watch(world).presence is Presence.VISITING
    world.at("06-30 12:00")
    world.visit("rep_a", hongda, "06-30 11:30", kind=ActivityKind.CALL)
    assert watch(world).presence is Presence.IN_OFFICE
    world.visit("rep_a", hongda, "06-30 11:50", duration_min=30)
    assert watch(world).presence is Presence.VISITING
    world.at("06-30 12:20")
    assert watch(world).presence is Presence.IN_OFFICE
    world.give("lead_e", Leave(since=TODAY, until=TODAY), "rep_b")
    away = watch(world, "rep_b")
    assert (away.presence, away.minutes, away.is_quiet, away.log) == (Presence.ON_LEAVE, None, False, None)


def test_what_is_overdue_is_counted(world: World) -> None:
    """Contacts by grade, commitments and tasks past their date are counted for each person (SUP-6)."""
    world.at("06-20 09:00")
    # Every 3, 7, 15 days: due on 06-23, 06-27 and 07-05.
    for grade in (SigningGrade.A, SigningGrade.B, SigningGrade.C, None):
        world.customer("rep_a", f"Grade {grade}", signing_grade=grade)
    hongda = world.customer("rep_a")
    promises = [Commitment(customer=hongda, text="a sample", due_on=date(2026, 6, day)) for day in (29, 30)]
    tasks = [Task(title="call", due_at=shanghai(f"06-30 {hour}")) for hour in ("08:59", "09:01")]
    world.act("rep_a", lambda s: (s.add_all(promises), s.add_all(tasks)))
    world.at("06-30 09:00")
    found = watch(world)
    assert (found.overdue_contacts, found.overdue_commitments, found.overdue_tasks) == (2, 1, 1)
    assert (found.log, watch(world, "lead_e2").log) == (LogState.OPEN, None)
    assert found.targets == ()
    world.at("06-27 09:00")
    assert watch(world).overdue_contacts == 1


def test_everybody_is_reminded_of_the_own_day(world: World) -> None:
    """Whoever looks at the own day finds what is due by one's own clock, and nothing of a colleague's."""
    world.at("06-27 09:00")
    for grade in (SigningGrade.A, SigningGrade.B):
        world.customer("rep_a", f"Grade {grade}", signing_grade=grade)
    hongda = world.customer("rep_a")
    promises = [Commitment(customer=hongda, text=f"by {day}", due_on=date(2026, 6, day)) for day in (30, 29)]
    tasks = [Task(title=day, due_at=shanghai(f"{day} 00:00")) for day in ("07-01", "06-30")]
    plan = VisitPlan(customer=hongda, on=TODAY, purpose="offer")
    world.act("rep_a", lambda s: (s.add_all([*promises]), s.add_all(tasks), s.add(plan)))
    world.at("06-29 20:01")
    world.job("logs")
    world.at("06-30 09:00")
    world.act("lead_e", lambda s: issue(s, hongda, "call them"))
    found = world.see("rep_a", my_day)
    assert (found.on, found.log, [one.on for one in found.behind]) == (
        TODAY,
        LogState.OPEN,
        [date(2026, 6, 29)],
    )
    assert ([one.name for one in found.contacts], found.banner.count) == (["Grade A"], 1)
    assert [one.text for one in found.commitments] == ["by 29", "by 30"]
    assert ([one.title for one in found.tasks], len(found.sheet.visits)) == (["06-30"], 1)
    other = world.see("rep_b", my_day)
    assert (other.contacts, other.commitments, other.tasks, other.banner.count) == ((), (), (), 0)
    assert [one.on for one in other.behind] == [date(2026, 6, 29)]
    with world.crm.view(world.crm.system("test")) as session:
        assert my_day(session) is None


def test_the_desk_shows_targets(world: World) -> None:
    """What somebody is to reach these days stands on the desk, with what was won towards it (SUP-6)."""
    hongda = world.customer("rep_a")

    def sell(session: Session) -> None:
        deal = Opportunity(
            customer=hongda, name="Pumps", expected_close=TODAY, amount=Money("250", "CNY"), closed_on=TODAY
        )
        session.move(session.move(session.add(deal), to="contacted"), to="won")

    world.act("rep_a", sell)
    for first, last in ((1, 30), (1, 29)):
        target = Target(since=date(2026, 6, first), until=date(2026, 6, last), amount=Money("1000", "CNY"))
        world.give("lead_e", target, "rep_a")
    found = [(one.target.until, one.won, one.percent) for one in watch(world).targets]
    assert found == [(TODAY, Money("250", "CNY"), Decimal("25.00"))]
    assert watch(world, "rep_b").targets == ()


def test_the_desk_shows_the_scope_and_no_more(world: World) -> None:
    """A leader's desk shows the people of the own unit and below, a colleague's only that person."""

    def shown(who: str) -> list[str]:
        return [one.person.login for one in world.see(who, monitor)]

    assert shown("lead_e") == ["lead_e", "lead_e2", "rep_a", "rep_b", "rep_c"]
    assert shown("lead_e2") == ["lead_e2", "rep_c"]
    assert shown("lead_w") == ["rep_w"]
    assert (shown("rep_a"), shown("tech_1")) == (["rep_a"], [])
    assert len(shown("dir")) == 6
    unit = world.see("dir", lambda s: s.get(world.user("rep_c").home_unit))
    assert [one.login for one in world.see("lead_e", lambda s: people(s, unit=unit))] == ["lead_e2", "rep_c"]


def test_a_member_overseas_has_a_day_of_their_own(world: World) -> None:
    """At 15:00 in Shanghai it is 09:00 in Berlin, and nobody there is quiet yet."""
    hongda = world.customer("rep_w")
    world.act("rep_w", lambda s: s.add(VisitPlan(customer=hongda, on=TODAY, purpose="offer")))
    world.at("06-30 17:00")
    found = watch(world, "rep_w", "lead_w")
    assert (found.minutes, found.is_quiet, found.planned) == (120, False, 1)
    # 01:30 of 07-01 in Shanghai is the evening of 06-30 in Berlin.
    world.at("07-01 01:30")
    found = watch(world, "rep_w", "lead_w")
    assert (found.planned, found.log, found.is_quiet) == (1, LogState.OPEN, False)


def test_a_visit_entered_late_is_marked_and_saved(world: World) -> None:
    """A visit at 10:00, entered at 16:30 without a check-in, has two marks and is saved (SUP-S7)."""
    hongda = world.customer("rep_a")
    world.at("06-30 16:30")
    visit = world.visit("rep_a", hongda, "06-30 10:00")
    found = world.see("lead_e", lambda s: marks(s, visit))
    assert [str(one) for one in found] == ["entered 6.5 h later", "no check-in"]
    # Two hours are not more than two hours; and a call has no marks.
    exact = world.visit("rep_a", hongda, "06-30 14:30")
    assert [str(one) for one in world.see("lead_e", lambda s: marks(s, exact))] == ["no check-in"]
    call = world.visit("rep_a", hongda, "06-30 10:00", kind=ActivityKind.CALL)
    assert world.see("lead_e", lambda s: marks(s, call)) == []


def test_a_check_in_far_away_is_marked(world: World) -> None:
    """A visit is marked whose nearest check-in is more than 1,000 m from the customer (SUP-7)."""
    hongda = world.customer("rep_a")
    site = CustomerSite(of=hongda, latitude=Decimal("31.230000"), longitude=Decimal("121.470000"))
    world.act("rep_a", lambda s: s.add(site))
    world.at("06-30 10:00")
    # One degree of latitude is 111,195 m on this sphere: 0.0108 degrees are 1,201 m, 0.0089 are 990 m.
    far = world.check_in("rep_a", hongda, latitude=Decimal("31.2408"), longitude=Decimal("121.47"))
    assert far.distance_m == 1201
    visit = world.visit("rep_a", hongda, "06-30 10:00")
    assert [str(one) for one in world.see("lead_e", lambda s: marks(s, visit))] == ["1201 m away"]
    near = world.check_in("rep_a", hongda, latitude=Decimal("31.2389"), longitude=Decimal("121.47"))
    assert near.distance_m == 990
    assert world.see("lead_e", lambda s: marks(s, visit)) == []
    for who, number in (("rep_a", 2), ("lead_e", 2), ("dir", 2), ("rep_b", 0), ("lead_w", 0)):
        assert (who, world.see(who, lambda s: s.count(CheckIn))) == (who, number)
    # Nobody moves a check-in afterwards, or checks in for a colleague.
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.change(far, latitude=None, longitude=None))


def test_positions_are_kept_for_90_days(world: World) -> None:
    """After 90 days a position is gone from the check-in and from its history; its distance stays (SUP-7)."""
    hongda = world.customer("rep_a")
    site = CustomerSite(of=hongda, latitude=Decimal("31.23"), longitude=Decimal("121.47"))
    world.act("rep_a", lambda s: s.add(site))
    world.at("06-30 10:00")
    made = world.check_in(
        "rep_a", hongda, latitude=Decimal("31.2408"), longitude=Decimal("121.4747"), accuracy_m=17
    )
    world.at("09-28 10:00")
    assert world.job("positions") == 0
    world.at("09-28 10:01")
    assert (world.job("positions"), world.job("positions")) == (1, 0)
    found = world.see("lead_e", lambda s: s.get(made.ref))
    assert (found.latitude, found.longitude, found.accuracy_m) == (None, None, None)
    assert found.distance_m == made.distance_m
    past = str(world.see("lead_e", lambda s: s.history(made)))
    assert str(made.distance_m) in past
    assert not any(mark in past for mark in ("31.2408", "121.4747", "17)"))


def test_a_planned_visit_is_kept_by_its_activity(world: World) -> None:
    """A visit keeps the plan of its day; skipping needs a reason, and what was left out is skipped in the end."""
    hongda = world.customer("rep_a")
    days = [TODAY + timedelta(days=at) for at in range(3)]
    plans = world.act(
        "rep_a", lambda s: plan_week(s, [VisitPlan(customer=hongda, on=day, purpose="offer") for day in days])
    )
    visit = world.visit("rep_a", hongda, "06-30 08:00")
    assert [(one.stage, one.activity) for one in _plans(world)] == [
        ("done", visit.ref),
        ("planned", None),
        ("planned", None),
    ]
    with pytest.raises(MoveError):
        world.act("rep_a", lambda s: s.move(plans[1], to="skip"))
    with pytest.raises(MoveError):
        world.act("rep_a", lambda s: s.move(plans[1], to="visit"))
    world.act("rep_a", lambda s: s.move(plans[1], to="skip", because="they are closed"))
    world.at("07-09 23:59")
    assert world.job("visits") == 0
    # Until 07-09 a visit of 07-02 may be entered.
    world.at("07-10 00:00")
    assert world.job("visits") == 1
    assert [one.stage for one in _plans(world)] == ["done", "skipped", "skipped"]


def _plans(world: World) -> Any:
    return world.see("rep_a", lambda s: s.find(VisitPlan, order=VisitPlan.on))


def test_customers_that_nobody_cares_for(world: World) -> None:
    """Twice the cadence without a contact, or an owner idle for 5 working days, puts one on the list (SUP-19)."""
    world.at("06-10 09:00")
    graded = world.customer("rep_a", "B", signing_grade=SigningGrade.B)
    plain = world.customer("rep_b", "plain")
    busy = world.customer("rep_a", "busy")
    world.at("06-16 12:00")
    world.visit("rep_b", plain, "06-16 11:00", kind=ActivityKind.CALL)
    world.at("06-23 09:00")
    world.visit("rep_a", busy, "06-23 08:00", kind=ActivityKind.CALL)
    # Five working days before 06-24 begin with 06-16, since 06-19 is a holiday.
    world.at("06-24 09:00")
    assert world.see("lead_e", uncared) == []
    # 14 days are twice 7, and the 15th is more.
    world.at("06-25 09:00")
    found = world.see("lead_e", uncared)
    assert [(one.customer.id, one.days, one.why) for one in found] == [
        (graded.id, 15, (Neglect.NO_CONTACT,)),
        (plain.id, 9, (Neglect.IDLE_OWNER,)),
    ]
    assert [one.customer.id for one in world.see("rep_a", uncared)] == [graded.id]
    assert world.see("lead_w", uncared) == []
