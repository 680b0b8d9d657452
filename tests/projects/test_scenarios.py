"""The scenarios of the catalogue, with its figures (DOMAIN 15)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pycrm import HeldError, MoveError, NotFoundError
from pycrm.plugins.projects import (
    Block,
    CostEntry,
    GoDecision,
    Light,
    ProgressReport,
    ProjectFile,
    RevenueKind,
    RevenueLine,
    SurveyForm,
    SurveyItem,
    blocks,
    completeness,
    costs,
    decide,
    figures,
    health,
    support,
    total,
    visits,
)

from .world import SCORES, World, criteria, evaluation, yuan


def test_prj_s1_an_evaluation_is_counted_up_and_may_be_vetoed(world: World) -> None:
    """Scores 4, 5, 3, 2, 4, 3 make 72.00 and go; competition at its veto makes 69.00 and no go."""
    assert (total(criteria()), decide(criteria())) == (Decimal("72.00"), GoDecision.GO)
    vetoed = criteria((4, 5, 3, 1, 4, 3), veto_at=1)
    assert (total(vetoed), decide(vetoed)) == (Decimal("69.00"), GoDecision.NO_GO)
    with world.as_("rep_a") as session:
        project = world.project(session)
        go = session.add(evaluation(project, SCORES))
        no = session.add(evaluation(project, (4, 5, 3, 1, 4, 3), veto_at=1))
    assert (go.total, go.verdict, go.decision, go.turn) == (Decimal("72.00"), "go", "go", 1)
    assert (no.total, no.verdict, no.decision, no.turn) == (Decimal("69.00"), "no_go", "no_go", 2)


def test_prj_s2_support_is_weighed_by_influence(world: World) -> None:
    """Stances 2, 1, -1, 0 of influence 3, 4, 3, 5 make 23.33, and 6.67 when the decider turns against us."""
    with world.view() as session:
        assert support(world.picture(session)).index == Decimal("23.33")
    with world.as_("tech_1") as session:
        session.change(
            world.stakeholder(session, "decision"), stance=-1, stance_evidence="said so on the phone"
        )
        assert support(world.picture(session)).index == Decimal("6.67")
    for department in ("user", "technical", "decision"):
        world.meet(department, "2026-06-20")
    world.meet("procurement", "2026-06-10")
    shares = []
    for day in ("2026-06-30", "2026-08-08", "2026-08-09"):
        world.on(day)
        with world.view("tech_1") as session:
            shares.append(support(world.picture(session)).coverage)
    assert shares == [Decimal("100.00"), Decimal("100.00"), Decimal("75.00")]


def test_prj_s3_a_budget_warns_and_then_holds(world: World) -> None:
    """Of 120,000 are 98,400 82.00 % and yellow; 22,000 more would make 120,400 and are refused."""
    world.decide()
    world.allow(120_000)
    world.spend("rep_a", 60_000)
    world.spend("tech_1", 38_400)
    with world.view() as session:
        travel, together = costs(session, world.project(session))
        assert (travel.kind, travel.budget, travel.spent) == ("travel", yuan(120_000), yuan(98_400))
        assert travel.used == together.used == Decimal("82.00")
        found = [(one.what, one.light) for one in health(world.picture(session)).causes]
        assert ("costs", Light.YELLOW) in found
    with pytest.raises(HeldError) as held:
        world.spend("rep_a", 22_000)
    assert held.value.data == {
        **{"kind": "travel", "budget": "120,000.00 CNY", "spent": "120,400.00 CNY", "used": "100.33"},
        "release": "a leader of the project",
    }
    with pytest.raises(HeldError) as told:
        world.spend("tech_1", 22_000)
    # Who sees the own costs alone is told no sum of all.
    assert told.value.data == {"kind": "travel", "release": "a leader of the project"}
    world.spend("lead_e", 22_000, approved_by=world.people["lead_e"])
    with world.view() as session:
        assert costs(session, world.project(session))[0].used == Decimal("100.33")
        assert health(world.picture(session)).light is Light.RED


def test_prj_s4_a_contribution_is_what_is_left_of_the_contract(world: World) -> None:
    """Contract 2,000,000 less goods 1,500,000 less pursuit 98,400 leaves 401,600.00, 20.08 %."""
    world.decide()
    world.spend("rep_a", 60_000, on=date(2026, 5, 31))
    world.spend("rep_a", 38_400, kind="bid")
    with world.as_("rep_a") as session:
        project = world.project(session)
        for kind, amount in (("contract", 2_000_000), ("goods", 1_500_000), ("receipt", 600_000)):
            day, money = date(2026, 6, 30), yuan(amount)
            session.add(
                RevenueLine(project=project, kind=RevenueKind(kind), amount=money, on=day, origin="K-1")
            )
        found = figures(session, project)
    assert (found.contribution, found.percent) == (yuan("401600.00"), Decimal("20.08"))
    assert (found.pursuit, found.received) == (yuan(98_400), yuan(600_000))
    assert found.by_kind == {"travel": yuan(60_000), "bid": yuan(38_400)}
    assert found.by_month == {"2026-05": yuan(60_000), "2026-06": yuan(38_400)}


def test_prj_s5_a_gate_names_the_department_in_which_nobody_is_known(world: World) -> None:
    """Without a stakeholder in procurement 87.50 % is known, and initiating asks for one."""
    world.know()
    world.decide()
    with world.as_("lead_e") as session:
        session.archive(world.stakeholder(session, "procurement"))
    with world.as_("rep_a") as session:
        assert completeness(world.picture(session)) == Decimal("87.50")
        with pytest.raises(MoveError) as refused:
            session.move(world.project(session), "initiate")
    assert [one["message"] for one in refused.value.data["missing"]] == ["stakeholder: procurement"]


def test_prj_s6_a_project_of_which_nobody_tells_turns_yellow_and_red(world: World) -> None:
    """A report of 06-20 is enough on 06-27, makes it yellow on 06-28 and red on 07-05."""
    world.on("2026-06-20")
    with world.as_("mkt_1") as session:
        session.add(ProgressReport(project=world.project(session), text="They asked for a drawing."))
    lights = {}
    for day in ("2026-06-27", "2026-06-28", "2026-07-04", "2026-07-05"):
        world.on(day)
        with world.view() as session:
            lights[day[5:]] = health(world.picture(session)).light.value
    assert lights == {"06-27": "green", "06-28": "yellow", "07-04": "yellow", "07-05": "red"}


def test_prj_s7_a_stakeholder_is_due_by_influence(world: World) -> None:
    """Influence 4, met on 06-10: due on 06-24, six days overdue on 06-30, with who is in charge."""
    world.meet("technical", "2026-06-10")
    world.on("2026-06-30")
    with world.view("mkt_1") as session:
        (found,) = [one for one in visits(world.picture(session)) if one.stakeholder.name == "Technical"]
    assert (found.met_on, found.due_on, found.overdue) == (date(2026, 6, 10), date(2026, 6, 24), 6)
    assert found.stakeholder.our_person == world.people["rep_a"].ref


def test_prj_s8_a_report_has_the_day_of_its_writer_and_the_time_of_its_reader(world: World) -> None:
    """Written at 23:30 at UTC+1 on 06-29 it is read in Shanghai as of 06:30 on 06-30, week of 06-29."""
    world.clock.set("2026-06-29T23:30:00+01:00")
    with world.as_("rep_w") as session:
        session.add(ProgressReport(project=world.project(session), text="Met the consultant in Lagos."))
    with world.view() as session:
        (report,) = session.find(ProgressReport, ProgressReport.project == world.project(session).id)
    assert report.shown_at(world.crm.zone).isoformat() == "2026-06-30T06:30:00+08:00"
    assert (report.week, report.time_zone) == (date(2026, 6, 29), "Africa/Lagos")
    # A week later it is Sunday still where it is written, and Monday where it is read.
    world.clock.set("2026-07-05T23:30:00+01:00")
    with world.as_("rep_w") as session:
        late = session.add(ProgressReport(project=world.project(session), text="Nothing new."))
    assert (late.week, late.written_at) == (date(2026, 6, 29), datetime(2026, 7, 5, 22, 30, tzinfo=UTC))


def test_prj_s9_who_has_left_the_team_finds_the_project_no_more(world: World) -> None:
    """Ended on 06-20, it is missing to the engineer on 06-21; what the engineer entered stays."""
    world.decide()
    world.on("2026-06-19")
    world.spend("tech_1", 100)
    world.on("2026-06-20")
    with world.as_("rep_a") as session:
        session.change(world.member(session, "tech_1"), until=date(2026, 6, 20))
    with world.view("tech_1") as session:
        project = world.project(session)
    world.on("2026-06-21")
    with world.view("tech_1") as session:
        assert session.find(ProjectFile, ProjectFile.name == world.name) == []
        with pytest.raises(NotFoundError):
            session.get(project.ref)
    with world.view() as session:
        mine = session.find(CostEntry, CostEntry.project == project.id)
        assert [(one.who, one.amount) for one in mine] == [(world.people["tech_1"].ref, yuan(100))]


def test_prj_s11_answers_that_differ_fill_a_block_and_contradict_each_other(world: World) -> None:
    """ "approved" and "applied" stay both, until one is chosen."""
    with world.as_("rep_a") as session:
        form = session.add(
            SurveyForm(
                project=world.project(session),
                items=[
                    SurveyItem(
                        block=Block.FUNDING, question="Funding?", answer=answer, source="call", sure=sure
                    )
                    for answer, sure in (("approved", 60), ("applied", 80))
                ],
            )
        )

    def funding() -> tuple[bool, bool]:
        with world.view("tech_1") as session:
            (state,) = [one for one in blocks(world.picture(session)) if one.block is Block.FUNDING]
        return state.is_filled, state.is_contradicted

    assert funding() == (True, True)
    with world.as_("rep_a") as session:
        first, second = session.get(form.ref).items
        assert (first.sure, second.sure) == (60, 80)
        chosen = SurveyItem(
            **{name: getattr(second, name) for name in ("block", "question", "answer", "source", "sure")},
            chosen=True,
        )
        session.change(session.get(form.ref), items=[first, chosen])
    assert funding() == (True, False)
