"""Funnels, marks and time in stage are those of the catalogue, worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from house import enterprise

from pycrm import CRM, FixedClock, InvalidError, Lead, Money, Move, Opportunity, OrgUnit, Stage
from pycrm.app.core import Core
from pycrm.pipeline import SALES

from .conftest import Desk


def stage(found: list[Any], key: str) -> Any:
    """One stage of an answer."""
    return next(one for one in found if one.stage == key)


def test_a_deal_is_stalled_from_the_day_after_its_time(crm: CRM, desk: Desk) -> None:
    """A card quoted on 1 June with 14 days is not stalled on the 15th, and is on the 16th (PIP-S5)."""
    desk.at("2026-03-01")
    deals = desk.deals("rep_a", "100000")
    desk.at("2026-06-01")
    (quoted,) = desk.move("rep_a", deals, "quoted")
    for day, days, is_stalled in (("2026-06-15", 14, False), ("2026-06-16", 15, True)):
        desk.at(day)
        with crm.view("lead_e") as session:
            mark = session.standing(quoted)
            found = session.find(Opportunity, session.stalled(Opportunity))
            assert (mark.stage, mark.days, mark.is_stalled) == ("quoted", days, is_stalled)
            assert [one.id for one in found] == ([quoted.id] if is_stalled else [])
            assert session.count(Opportunity, session.stalled(Opportunity), limit=5) == len(found)
            (now,) = [one for one in session.funnel(Opportunity) if one.count]
            assert (now.days, now.stalled) == (Decimal(days), len(found))


def test_a_deal_is_overdue_after_its_expected_close(crm: CRM, desk: Desk) -> None:
    """A card is overdue from the day after its expected close on, and a closed one never."""
    desk.at("2026-06-01")
    kept, won = desk.deals("rep_a", "1000", "1000", close=date(2026, 6, 10))
    desk.move("rep_a", [won], "won")
    for day, late in (("2026-06-10", []), ("2026-06-11", [kept.id])):
        desk.at(day)
        with crm.view("rep_a") as session:
            assert [one.id for one in session.find(Opportunity, session.overdue(Opportunity))] == late
            marks = {one.id: session.standing(one).is_overdue for one in session.find(Opportunity)}
            assert [id for id, is_late in marks.items() if is_late] == late


def test_conversion_is_that_of_the_catalogue(crm: CRM, desk: Desk) -> None:
    """Of 40 that left "contacted" in a quarter 26 went forward and 2 were won: 70.00 % (PIP-S6)."""
    desk.at("2026-04-02")
    deals = desk.move("rep_a", desk.deals("rep_a", *["100"] * 55), "contacted")
    desk.at("2026-05-05")
    forward = desk.move("rep_a", deals[:20], "quoted")
    desk.move("rep_a", deals[20:26], "need_confirmed")
    desk.move("rep_a", deals[26:28], "won")
    desk.move("rep_a", deals[28:40], "lost")
    quarter = {"since": date(2026, 4, 1), "until": date(2026, 6, 30)}
    desk.at("2026-07-01")
    # Moved in the next quarter: in the second it is still there.
    desk.move("rep_a", deals[40:41], "quoted")
    with crm.view("lead_e") as session:
        found = stage(session.funnel(Opportunity, amount=Opportunity.amount, **quarter), "contacted")
        assert (found.left, found.forward, found.conversion) == (40, 28, Decimal("70.00"))
        assert (found.count, found.sums) == (14, (Money("1400", "CNY"),))
        behind = {
            number: {one.id for one in session.behind(Opportunity, "contacted", number, **quarter)}
            for number in ("standing", "left", "forward")
        }
        assert behind["forward"] == {one.id for one in deals[:28]}
        assert behind["left"] == {one.id for one in deals[:40]}
        assert behind["standing"] == {one.id for one in deals[41:]}
        assert stage(session.funnel(Opportunity, since=date(2026, 7, 1)), "contacted").left == 1
        assert stage(session.funnel(Opportunity, until=date(2026, 4, 1)), "contacted").conversion is None
        assert len(session.behind(Opportunity, "contacted", "left", limit=3, **quarter)) == 3
    with crm.view("rep_b") as session:
        assert {(one.count, one.left) for one in session.funnel(Opportunity)} == {(0, 0)}
        assert session.behind(Opportunity, "contacted", "left") == []
    assert len(forward) == 20


def test_what_comes_back_counts_by_its_last_way_out(crm: CRM, desk: Desk) -> None:
    """A deal that went back is still there, and one that left twice counts once, as it left at last."""
    back, twice, _ = deals = desk.deals("rep_a", "1", "1", "1")
    desk.move("rep_a", deals, "contacted")
    desk.move("rep_a", [back, twice], "need_confirmed")
    desk.move("rep_a", [back, twice], "back")
    desk.move("rep_a", [twice], "lost")
    with crm.view("rep_a") as session:
        found = session.funnel(Opportunity)
        contacted, confirmed = stage(found, "contacted"), stage(found, "need_confirmed")
        assert (contacted.count, contacted.left, contacted.forward) == (2, 1, 0)
        assert (confirmed.count, confirmed.left, confirmed.forward) == (0, 2, 0)


@pytest.fixture
def paused(open_crm: Any, monkeypatch: pytest.MonkeyPatch) -> CRM:
    """A CRM whose sales pipeline has a pause besides, in a second version."""
    wider = attrs.evolve(
        SALES,
        version=2,
        stages=(*SALES.stages, Stage("paused", "Paused", kind="hold")),
        moves=(
            *SALES.moves,
            Move("pause", "quoted", "paused", "Pause"),
            Move("resume", "paused", "need_confirmed", "Resume"),
        ),
    )
    monkeypatch.setattr(Core, "pipelines", (*Core.pipelines, wider))
    crm: CRM = open_crm()
    crm.migrate()
    enterprise(crm)
    return crm


def test_time_in_stage_is_that_of_the_hand_case(paused: CRM, clock: FixedClock) -> None:
    """Minutes in each stage, with a stay that a change of fields does not end, add up by hand."""
    crm, desk = paused, Desk(paused, clock)
    (deal,) = desk.deals("rep_a", "100")
    begun = desk.clock.now()
    stages = {"s1": "filed", "s2": "contacted", "s3": "need_confirmed", "s4": "quoted", "none": "paused"}

    def go(to: str) -> None:
        nonlocal deal
        with crm.session("rep_a") as session:
            deal = session.move(session.get(deal.ref), to)

    for minutes, to in (
        *((5, "s2"), (10, ""), (50, "s3"), (50, "s4"), (20, "s2")),
        *((55, "s4"), (200, "none"), (30, "s3"), (20, "")),
    ):
        desk.clock.advance(minutes=minutes)
        if (deal.stage, to) == ("quoted", "s2"):
            # It goes back stage by stage, and takes no time in the one between.
            go("back")
        if (deal.stage, to) == ("lost", "s3"):
            # It is reopened where it was lost, and taken back from there at once.
            go("reopen")
            go("back")
        elif to:
            go(stages[to])
        else:
            with crm.session("rep_a") as session:
                deal = session.change(session.get(deal.ref), next_step=f"call after {minutes}")
    with crm.view("rep_a") as session:
        found = {one.stage: one for one in session.time_in_stage(Opportunity)}
        totals = {name: found[key].total for name, key in stages.items()}
        minutes = {name: total / timedelta(minutes=1) for name, total in totals.items()}
        assert minutes == {"s1": 5, "s2": 115, "s3": 70, "s4": 220, "none": 30}
        assert sum(totals.values(), timedelta()) == session.now - begun
        assert found["contacted"].stays == 2
        assert found["contacted"].mean == timedelta(minutes=57, seconds=30)
        # From minute 100 to minute 200: 15 of s3, 20 of s4, 55 of s2, 10 of s4.
        part = {"since": begun + timedelta(minutes=100), "until": begun + timedelta(minutes=200)}
        some = {
            one.stage: one.total / timedelta(minutes=1) for one in session.time_in_stage(Opportunity, **part)
        }
        assert [some[key] for key in stages.values()] == [0, 55, 15, 30, 0]


def test_two_readers_get_two_funnels(crm: CRM, desk: Desk) -> None:
    """Each reader's numbers are those of the own records: of rep_a, of East, of all."""
    for who, number in (("rep_a", 2), ("rep_c", 3), ("rep_w", 4)):
        desk.move(who, desk.deals(who, *["100"] * number), "contacted")
    desk.clock.advance(hours=1)
    for login, number in (("rep_a", 2), ("rep_b", 0), ("lead_e", 5), ("lead_w", 4), ("dir", 9)):
        with crm.view(login) as session:
            found = stage(session.funnel(Opportunity, amount=Opportunity.amount), "contacted")
            hours = stage(session.time_in_stage(Opportunity), "contacted")
            assert (found.count, hours.stays, hours.total) == (number, number, number * timedelta(hours=1))
            assert found.sums == ((Money(100 * number, "CNY"),) if number else ())
            assert stage(session.funnel(Opportunity), "filed").left == number


def test_what_has_no_pipeline_has_no_funnel(crm: CRM, desk: Desk) -> None:
    """Whoever asks for the funnel of units, an unknown stage or number, or a day that is none is refused."""
    with crm.view("dir") as session:
        for ask in (
            lambda: session.funnel(OrgUnit),
            lambda: session.time_in_stage(OrgUnit),
            lambda: session.stalled(OrgUnit),
            lambda: session.behind(Opportunity, "nowhere", "left"),
            lambda: session.behind(Opportunity, "filed", "most"),  # type: ignore[arg-type]
            lambda: session.funnel(Opportunity, amount=Opportunity.version),
            lambda: session.funnel(Opportunity, since="yesterday"),  # type: ignore[arg-type]
        ):
            with pytest.raises(InvalidError):
                ask()  # type: ignore[no-untyped-call]
        assert [one.stage for one in session.funnel(Lead)][:2] == ["new", "assigned"]
        assert session.find(Lead, session.stalled(Lead)) == session.find(Lead, session.overdue(Lead)) == []


def test_a_handover_changes_no_figure(crm: CRM, desk: Desk) -> None:
    """When 6 open and 8 closed deals pass to a colleague, stages and days stay as they are (PIP-S9)."""
    desk.at("2026-06-01")
    deals = desk.deals("rep_a", *["100"] * 14)
    desk.move("rep_a", deals[:8], "lost")
    desk.move("rep_a", deals[8:10], "contacted")
    desk.at("2026-06-20")
    with crm.view("lead_e") as session:
        before = session.funnel(Opportunity), session.time_in_stage(Opportunity)
    with crm.session("lead_e") as session:
        session.hand_over("rep_a", "rep_b", because="moves on")
    for login in ("rep_b", "lead_e"):
        with crm.view(login) as session:
            assert (session.funnel(Opportunity), session.time_in_stage(Opportunity)) == before
    assert [one.count for one in before[0]] == [4, 2, 0, 0, 0, 0, 8]
