"""Logs of days: what stands in them, when they are late, and who reads them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pycrm import (
    ActivityKind,
    ConflictError,
    ForbiddenError,
    JobDone,
    NotFoundError,
    Opportunity,
    Task,
)
from pycrm.plugins.supervision import Leave, LogState, WorkLog, Workplace
from pycrm.plugins.supervision.entries import entries
from pycrm.plugins.supervision.hours import hours_of
from pycrm.plugins.supervision.logs import day_sheet, discipline, log_states, submit, week_report, write
from pycrm.plugins.supervision.monitor import work

from .world import World, shanghai

JUNE = date(2026, 6, 1), date(2026, 6, 30)
TODAY = date(2026, 6, 30)


def _submit_on(world: World, days: list[date], hour: str, who: str = "rep_a") -> None:
    for day in days:
        world.at(f"{day:%m-%d} {hour}")
        world.act(who, submit)


def june(world: World) -> None:
    """19 logs of rep_a in time, that of 06-04 late, that of 06-10 missing (SUP-S1)."""
    world.give("lead_e", Workplace(since=JUNE[0]), "rep_a")
    days = world.days(*JUNE)
    assert len(days) == 21
    _submit_on(world, [day for day in days if day.day not in (4, 10)], "20:00")
    # The next working day, one minute before it would be missing.
    world.at("06-05 09:59")
    world.act("rep_a", lambda s: submit(s, date(2026, 6, 4)))
    world.at("07-01 10:01")


def test_a_month_of_logs(world: World) -> None:
    """Of 21 working days 19 came in time and one late; a day of leave is not asked for (SUP-S1)."""
    june(world)
    found = world.see("lead_e", lambda s: discipline(s, world.user("rep_a"), *JUNE))
    assert (found.expected, found.on_time, found.late, found.missing) == (21, 19, 1, 1)
    assert (found.on_time_share, found.submitted_share) == (Decimal("90.48"), Decimal("95.24"))
    tenth = date(2026, 6, 10)
    world.give("lead_e", Leave(since=tenth, until=tenth), "rep_a")
    found = world.see("lead_e", lambda s: discipline(s, world.user("rep_a"), *JUNE))
    assert (found.expected, found.on_time_share) == (20, Decimal("95.00"))
    calendar = dict(world.see("lead_e", lambda s: log_states(s, world.user("rep_a"), *JUNE)))
    assert (len(calendar), calendar[date(2026, 6, 4)]) == (20, LogState.SUBMITTED_LATE)


def test_the_clock_makes_logs_late_and_missing(world: World) -> None:
    """Exactly at 20:00 a log is open, after it late, and after 10:00 of the next working day missing (SUP-2)."""
    # Thursday 06-18; Friday is a holiday, so the next working day is Monday.
    world.at("06-18 09:00")
    world.act("rep_a", lambda s: write(s, remark="at the fair"))
    for moment, state in (
        ("06-18 20:00", LogState.OPEN),
        ("06-18 20:01", LogState.LATE),
        ("06-22 10:00", LogState.LATE),
        ("06-22 10:01", LogState.MISSING),
    ):
        world.at(moment)
        world.job("logs")
        sheet = world.see("rep_a", lambda s: day_sheet(s, s.actor.ref, date(2026, 6, 18)))
        assert (moment, sheet.state, sheet.log.stage) == (moment, state, state.value)
    # It stays missing even when it is written later.
    world.act("rep_a", lambda s: write(s, date(2026, 6, 18), remark="written later"))
    late = world.act("rep_a", lambda s: submit(s, date(2026, 6, 18)))
    assert (late.stage, late.remark) == ("missing", "written later")


def test_the_night_writes_down_who_wrote_nothing(world: World) -> None:
    """Of everybody who keeps a log and wrote none there is a late one, once; leave and free days need none."""
    world.at("06-29 09:00")
    world.give("lead_e", Leave(since=date(2026, 6, 1), until=date(2026, 6, 28)), "rep_a")
    world.at("06-29 20:01")
    # From 06-15 to 06-29 lie 10 working days; rep_a has one, and in Berlin the tenth is not over.
    assert JobDone("supervision.logs", 10 + 10 + 1 + 9) in world.crm.run_jobs().plugins
    assert world.crm.run_jobs().plugins == ()
    logs = world.see("lead_e", lambda s: s.find(WorkLog))
    mine = [(one.on, one.stage) for one in logs if one.owner == world.user("rep_a").ref]
    assert mine == [(date(2026, 6, 29), "late")]
    theirs = {one.on: one.stage for one in logs if one.owner == world.user("rep_b").ref}
    assert set(theirs) == set(world.days(date(2026, 6, 15), date(2026, 6, 29)))
    # That of Friday is missing since Monday at 10:00.
    assert (theirs[date(2026, 6, 26)], theirs[date(2026, 6, 29)]) == ("missing", "late")
    world.at("06-30 09:30")
    assert world.act("rep_a", lambda s: submit(s, date(2026, 6, 29))).stage == "submitted_late"


def test_a_member_overseas_has_a_clock_of_their_own(world: World) -> None:
    """Whoever works in Berlin is late after 20:00 there, six hours after Shanghai, and not before."""
    berlin = world.user("rep_w")
    hours = world.see("dir", lambda s: hours_of(s, [berlin])[berlin.id])
    assert hours.late_at(TODAY) == datetime.fromisoformat("2026-06-30T20:00:00+02:00")
    # In December it is seven hours: there is no summer time.
    assert hours.late_at(date(2026, 12, 15)) == datetime.fromisoformat("2026-12-15T20:00:00+01:00")
    # 01:30 of 07-01 in Shanghai is the evening of 06-30 in Berlin.
    world.at("07-01 01:30")
    assert world.act("rep_w", submit).on == TODAY
    with pytest.raises(ConflictError, match="submitted already"):
        world.act("rep_w", lambda s: submit(s, TODAY))
    world.at("07-02 02:01")
    assert world.act("rep_w", submit).stage == "submitted_late"
    # Shanghai's people were late six hours before.
    world.at("07-02 20:01")
    assert world.act("rep_a", submit).stage == "submitted_late"


def test_whoever_moves_takes_the_clock_along(world: World) -> None:
    """From the day on which somebody works elsewhere the clock of that place counts, before it the former."""
    world.give("lead_e", Workplace(zone="America/New_York", since=date(2026, 6, 29)), "rep_a")
    person = world.user("rep_a")
    hours = world.see("lead_e", lambda s: hours_of(s, [person])[person.id])
    assert hours.late_at(date(2026, 6, 26)) == shanghai("06-26 20:00")
    assert hours.late_at(date(2026, 6, 29)) == datetime.fromisoformat("2026-06-29T20:00:00-04:00")


def test_no_log_is_submitted_twice_or_ahead(world: World) -> None:
    """Neither a future day nor a log that is in can be submitted, by the function or by the move (SUP-E2)."""
    world.act("rep_a", submit)
    with pytest.raises(ConflictError, match="submitted already"):
        world.act("rep_a", submit)
    with pytest.raises(ConflictError, match="has not come"):
        world.act("rep_a", lambda s: submit(s, date(2026, 7, 1)))
    assert world.see("rep_a", lambda s: s.count(WorkLog)) == 1
    log = world.see("rep_a", lambda s: s.find(WorkLog)[0])
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.move(log, "submit"))
    ahead = world.act("rep_a", lambda s: s.add(WorkLog(on=date(2026, 7, 1))))
    with pytest.raises(ConflictError, match="has not come"):
        world.act("rep_a", lambda s: s.move(ahead, "submit"))
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.add(WorkLog(on=date(2026, 7, 1))))


def test_facts_cannot_be_written_into_a_log(world: World) -> None:
    """A log holds what was recorded; its person adds a remark and a plan, and takes nothing away (SUP-1)."""
    world.at("06-30 08:00")
    hongda = world.customer("rep_a")
    world.at("06-30 18:00")
    world.visit("rep_a", hongda, "06-30 10:00")
    call = world.visit(
        "rep_a", hongda, "06-30 11:00", kind=ActivityKind.CALL, summary="asked for the drawing"
    )
    task = world.act("rep_a", lambda s: s.add(Task(title="Send it", due_at=s.now, customer=hongda)))
    task = world.act("rep_a", lambda s: s.move(task, to="start"))
    world.act("rep_a", lambda s: s.move(task, to="finish"))
    deal = world.act(
        "rep_a",
        lambda s: s.add(Opportunity(customer=hongda, name="Pumps", expected_close=date(2026, 9, 1))),
    )
    world.at("06-30 18:30")
    world.act("rep_a", lambda s: s.move(deal, to="contacted"))
    world.act("rep_a", lambda s: s.archive(call))
    world.act("rep_a", lambda s: write(s, remark="a good day", plan=["quote"]))
    sheet = world.see("lead_e", lambda s: day_sheet(s, world.user("rep_a"), TODAY))
    assert [(one.kind, one.title, one.is_withdrawn) for one in sheet.entries] == [
        ("visit", "looked at the pumps", False),
        ("call", "asked for the drawing", True),
        ("task", "Send it", False),
        ("stage", "Pumps: Contacted", False),
    ]
    assert (sheet.log.remark, sheet.log.plan, sheet.state) == ("a good day", ("quote",), LogState.OPEN)
    world.act("rep_a", submit)
    log = world.see("rep_a", lambda s: s.find(WorkLog)[0])
    for change in ({"remark": "better"}, {"on": date(2026, 6, 29)}):
        with pytest.raises(ConflictError):
            world.act("rep_a", lambda s, values=change: s.change(log, **values))
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.archive(log))


def test_what_was_recorded_stays_with_who_recorded_it(world: World) -> None:
    """When a customer has gone to a colleague, the day on which it was visited is still the visitor's."""
    hongda = world.customer("rep_a")
    world.at("06-30 11:00")
    world.visit("rep_a", hongda, "06-30 10:00")
    world.at("06-30 12:00")
    world.act("lead_e", lambda s: s.hand_over("rep_a", "rep_b", because="goes abroad"))
    one, other = world.user("rep_a"), world.user("rep_b")
    assert [it.kind for it in world.see("lead_e", lambda s: entries(s, one, TODAY, TODAY))] == ["visit"]
    assert world.see("lead_e", lambda s: entries(s, other, TODAY, TODAY)) == []


def test_leaders_read_the_logs_below_them(world: World) -> None:
    """A leader reads the logs of the own unit and below, a member the own, colleagues never each other's (SUP-3)."""
    for login in ("rep_a", "rep_b", "rep_c", "rep_w"):
        world.act(login, lambda s: write(s, remark="done"))
    people = {world.user(login).ref: login for login in ("rep_a", "rep_b", "rep_c", "rep_w")}

    def read(who: str) -> set[str]:
        return world.see(who, lambda s: {people[one.owner] for one in s.find(WorkLog)})  # type: ignore[no-any-return]

    assert read("lead_e") == {"rep_a", "rep_b", "rep_c"}
    assert read("lead_e2") == {"rep_c"}
    assert read("lead_w") == {"rep_w"}
    assert read("dir") == {"rep_a", "rep_b", "rep_c", "rep_w"}
    assert (read("rep_a"), read("rep_b")) == ({"rep_a"}, {"rep_b"})
    theirs = world.see("lead_e", lambda s: s.find(WorkLog, WorkLog.owner == world.user("rep_a").id)[0])
    with pytest.raises(NotFoundError):
        world.see("rep_b", lambda s: s.get(theirs.ref))
    # Nobody writes another's log, whoever leads.
    with pytest.raises(ForbiddenError):
        world.act("lead_e", lambda s: s.change(theirs, remark="lazy"))
    with pytest.raises(ForbiddenError):
        world.give("lead_e", WorkLog(on=date(2026, 6, 29)), "rep_a")


def test_leaders_filter_what_was_done(world: World) -> None:
    """Leaders look at a period of a person, by customer and by kind; a colleague is shown nothing (SUP-3)."""
    world.at("06-29 08:00")
    hongda, huali = world.customer("rep_a"), world.customer("rep_a", "Huali")
    world.at("06-30 18:00")
    world.visit("rep_a", hongda, "06-29 10:00")
    world.visit("rep_a", huali, "06-30 10:00")
    world.visit("rep_a", huali, "06-30 12:00", kind=ActivityKind.CALL)
    person, monday = world.user("rep_a"), date(2026, 6, 29)

    def count(who: str, *days: date, **by: Any) -> int:
        return len(world.see(who, lambda s: entries(s, person, *days, **by)))

    assert count("lead_e", monday, TODAY) == 3
    assert count("lead_e", TODAY, TODAY) == 2
    assert count("lead_e", monday, TODAY, customer=huali) == 2
    assert count("lead_e", monday, TODAY, kind="call") == 1
    assert count("rep_b", monday, TODAY) == count("lead_w", monday, TODAY) == 0
    # The whole scope at once, by unit, by person, and within one's own.
    world.visit("rep_c", world.customer("rep_c"), "06-30 11:00")
    unit = world.user("rep_c").home_unit

    def done(who: str, **by: Any) -> list[str]:
        return [one.person.login for one in world.see(who, lambda s: work(s, monday, TODAY, **by))]

    assert done("lead_e") == ["rep_a", "rep_a", "rep_c", "rep_a"]
    assert (done("lead_e", unit=unit), done("lead_e", person=person, kind="call")) == (["rep_c"], ["rep_a"])
    assert (done("lead_e2"), done("rep_a", unit=unit), done("lead_w")) == (["rep_c"], [], [])


def test_only_leaders_say_where_people_work_and_when_they_are_away(world: World) -> None:
    """Nobody enters the own leave or clock, or that of a colleague (SUP-2)."""
    leave = Leave(since=TODAY, until=TODAY)
    for who, owner in (("rep_a", "rep_a"), ("lead_e", "lead_e"), ("rep_b", "rep_a"), ("lead_w", "rep_a")):
        for one in (leave, Workplace(since=TODAY)):
            with pytest.raises(ForbiddenError):
                world.give(who, one, owner)
    place = world.see("rep_a", lambda s: s.find(Workplace)[0])
    with pytest.raises(ForbiddenError):
        world.act("rep_a", lambda s: s.change(place, keeps_log=False))


def test_the_week_of_a_member_overseas(world: World) -> None:
    """A weekly report counts by the clock of its person, from Monday to Sunday."""
    world.at("06-22 12:00")
    hongda = world.customer("rep_w")
    # 04:00 on Monday 06-29 in Shanghai is 22:00 on Sunday in Berlin.
    world.at("06-29 04:30")
    world.visit("rep_w", hongda, "06-29 04:00", kind=ActivityKind.CALL)
    world.at("06-29 20:00")
    world.visit("rep_w", hongda, "06-29 16:00")
    world.act("rep_w", lambda s: write(s, remark="Hannover", plan=["offer", "call"]))
    world.act("rep_w", submit)
    world.at("07-01 17:00")
    person = world.user("rep_w")
    week = world.see("lead_w", lambda s: week_report(s, person, TODAY))
    assert (week.zone, week.first, week.last) == ("Europe/Berlin", date(2026, 6, 29), date(2026, 7, 5))
    assert week.counts == {"visit": 1}
    assert dict(week.logs) == {
        date(2026, 6, 29): LogState.SUBMITTED,
        date(2026, 6, 30): LogState.MISSING,
        date(2026, 7, 1): LogState.OPEN,
        date(2026, 7, 2): LogState.OPEN,
        date(2026, 7, 3): LogState.OPEN,
    }
    assert (week.remarks, week.plan) == (((date(2026, 6, 29), "Hannover"),), ("offer", "call"))
    before = world.see("lead_w", lambda s: week_report(s, person, date(2026, 6, 28)))
    assert before.counts == {"call": 1}
