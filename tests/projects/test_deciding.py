"""What has to be known before a project begins, whether to go after it, and how it runs (PRJ-1 to PRJ-5, PRJ-15)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pycrm import ConflictError, ForbiddenError, InvalidError, MoveError, Opportunity, Session
from pycrm.plugins.projects import (
    Block,
    CompetitorEntry,
    EvaluationCondition,
    EvaluationCriterion,
    Funding,
    GoDecision,
    Light,
    ProjectEvaluation,
    ProjectRole,
    StrategyPlan,
    SurveyForm,
    SurveyItem,
    TeamMember,
    blocks,
    completeness,
    decide,
    expectation,
    health,
    objections,
    total,
)

from .world import World, criteria, evaluation, file_of, yuan


def missing(world: World, to: str, who: str = "rep_a", **values: Any) -> list[str]:
    """What a move still needs, by the refusal and by the board alike."""
    with world.as_(who) as session:
        project = world.project(session)
        with pytest.raises(MoveError) as refused:
            session.move(project, to, **values)
        found = [one.get("message") or one["name"] for one in refused.value.data["missing"]]
        if not values:
            (shown,) = [one for one in session.moves(project) if one.key == to]
            assert [one.get("message") or one["name"] for one in shown.missing] == found
    return found


def move(world: World, to: str, who: str = "rep_a", **values: Any) -> None:
    """Somebody moves the project."""
    with world.as_(who) as session:
        session.move(world.project(session), to, **values)


def test_prj_1_eight_blocks_are_filled_by_the_file_or_by_answers(world: World) -> None:
    """An empty file lacks five of eight blocks, each is named; none known counts, an answer counts."""
    with world.as_("rep_a") as session:
        customer = world.project(session).customer
        deal = session.add(Opportunity(customer=customer, name="New", expected_close=date(2026, 12, 1)))
        name = f"{world.name} new"
        bare = file_of(deal, name, bid_date=None, our_scope_value=None)
        session.add(bare)
    fresh = World(world.crm, world.clock, name, world.people)
    asked = [
        *("funding", "bid date", "competitors"),
        *(f"stakeholder: {one}" for one in ("user", "technical", "procurement", "decision")),
        *("needs", "our value"),
    ]
    assert missing(fresh, "initiate") == [*asked, "the evaluation is missing"]
    with fresh.view() as session:
        assert completeness(fresh.picture(session)) == Decimal("25.00")
    answered = {Block.FUNDING, Block.NEEDS, Block.STAKEHOLDERS}
    with fresh.as_("rep_a") as session:
        items = [
            SurveyItem(block=one, question="?", answer="yes", source="call", sure=50)
            for one in sorted(answered)
        ]
        items.append(SurveyItem(block=Block.BID_DATE, question="When?"))
        session.add(SurveyForm(project=fresh.project(session), items=items))
        session.change(fresh.project(session), no_competitors=True)
        found = {one.block: one.missing for one in blocks(fresh.picture(session)) if one.missing}
    # Of stakeholders no answer speaks: they have to be entered.
    assert list(found) == [Block.BID_DATE, Block.STAKEHOLDERS, Block.OUR_VALUE]
    # What is given with the move counts.
    assert "our value" not in missing(fresh, "initiate", our_scope_value=yuan(1), funding=Funding.APPLIED)


def test_prj_2_an_answer_has_a_source_and_says_how_sure_it_is(world: World) -> None:
    """An answer without one of them is refused; the same answer twice contradicts nothing."""
    with world.as_("rep_a") as session:
        project = world.project(session)
        bare = SurveyItem(block=Block.SCOPE, question="What?", answer="Pumps", sure=50)
        with pytest.raises(InvalidError, match="a source"):
            session.add(SurveyForm(project=project, items=[bare]))
        said = ("Pumps", "pumps ", "Valves")
        items = [
            SurveyItem(block=Block.SCOPE, question=f"What {at // 2}?", answer=one, source="call", sure=50)
            for at, one in enumerate(said)
        ]
        session.add(SurveyForm(project=project, items=items))
        assert [one.block for one in blocks(world.picture(session)) if one.is_contradicted] == []


def line(weight: int, score: int, veto_at: int | None = None) -> EvaluationCriterion:
    """A line of an evaluation."""
    return EvaluationCriterion(name="x", weight=weight, score=score, veto_at=veto_at)


@pytest.mark.parametrize(
    ("lines", "reached", "said"),
    [
        ([line(100, 5)], "100.00", "go"),
        ([line(50, 5), line(50, 2)], "70.00", "go"),
        ([line(49, 5), line(51, 2)], "69.40", "conditional"),
        ([line(50, 5), line(50, 0)], "50.00", "conditional"),
        ([line(49, 5), line(51, 0)], "49.00", "no_go"),
        ([line(99, 5), line(1, 2, veto_at=2)], "99.40", "no_go"),
        ([line(99, 5), line(1, 3, veto_at=2)], "99.60", "go"),
    ],
)
def test_prj_3_go_begins_at_70_and_conditional_at_50(lines: Any, reached: str, said: str) -> None:
    """The bounds of the decision lie as the catalogue says, and a veto beats any total."""
    assert (str(total(lines)), decide(lines).value) == (reached, said)


def test_prj_3_top_management_alone_decides_otherwise_and_says_why(world: World) -> None:
    """A no-go by the figures becomes a go by the director with a reason, and by nobody else; it stays then."""
    weak = (1, 1, 1, 1, 1, 1)
    with world.as_("lead_e") as session, pytest.raises(ForbiddenError):
        session.add(
            evaluation(world.project(session), weak, decision=GoDecision.GO, reason="strategic customer")
        )
    with world.as_("dir") as session:
        project = world.project(session)
        with pytest.raises(InvalidError, match="say why not"):
            session.add(evaluation(project, weak, decision=GoDecision.GO))
        made = session.add(evaluation(project, weak, decision=GoDecision.GO, reason="strategic customer"))
        assert (made.verdict, made.decision, objections(world.picture(session))) == ("no_go", "go", [])
        with pytest.raises(ConflictError, match="evaluate anew"):
            session.change(made, criteria=criteria())
    with world.as_("rep_a") as session:
        project = world.project(session)
        half = (3, 3, 3, 3, 3, 3)
        with pytest.raises(InvalidError, match="on which conditions"):
            session.add(evaluation(project, half))


def test_prj_3_an_evaluation_is_repeated_when_the_project_has_changed(world: World) -> None:
    """A scale changed by 20 % is none, by more it is; a bid date and a competitor always are."""
    world.decide()

    def asked() -> list[str]:
        with world.view("tech_1") as session:
            return objections(world.picture(session))

    def amend(**values: Any) -> None:
        with world.as_("rep_a") as session:
            session.amend(world.project(session), because="told by the customer", **values)

    amend(investment_scale=yuan(24_000_000))
    assert asked() == []
    amend(investment_scale=yuan("24000000.01"))
    assert asked() == ["evaluate anew: the investment scale has changed"]
    world.decide()
    amend(bid_date=date(2026, 10, 1))
    assert asked() == ["evaluate anew: the bid date has changed"]
    world.decide()
    with world.as_("tech_1") as session:
        session.add(CompetitorEntry(project=world.project(session), competitor="Norlake"))
    assert asked() == ["evaluate anew: the competitors have changed"]
    assert "evaluate anew: the competitors have changed" in missing(world, "initiate")
    world.decide()
    assert asked() == []


def test_prj_4_a_condition_that_is_not_met_in_time_asks_for_a_new_decision(world: World) -> None:
    """On the day after its date the project is red and cannot move; once met it can."""
    world.know()
    half, due = (3, 3, 3, 3, 3, 3), date(2026, 7, 2)
    world.decide(scores=half, conditions=[EvaluationCondition(text="A partner for the works", due_on=due)])
    world.on("2026-07-02")
    with world.view() as session:
        assert objections(world.picture(session)) == []
    world.on("2026-07-03")
    words = "decide anew: the condition 'A partner for the works' is not met"
    assert missing(world, "initiate") == [words]
    with world.view() as session:
        found = health(world.picture(session))
        assert ("condition", Light.RED) in [(one.what, one.light) for one in found.causes]
    with world.as_("mkt_1") as session:
        mine = ProjectEvaluation.project == world.project(session).id
        (made,) = session.find(ProjectEvaluation, mine, children=True)
        later = EvaluationCondition(text="A partner for the works", due_on=due + timedelta(days=9))
        with pytest.raises(ConflictError):
            session.change(made, conditions=[later])
        met = EvaluationCondition(text="A partner for the works", due_on=due, met_on=due)
        session.change(made, conditions=[met])
    move(world, "initiate")


def test_prj_5_little_is_spent_before_a_go(world: World) -> None:
    """5,000 may be spent by all together before the decision, a fen more only after a go."""
    world.spend("rep_a", 4_000)
    world.spend("tech_1", 1_000)
    for scores in (None, (1, 1, 1, 1, 1, 1)):
        if scores is not None:
            world.decide(scores=scores)
        with pytest.raises(MoveError, match="no costs beyond 5,000"):
            world.spend("mkt_1", "0.01")
    world.decide()
    world.spend("mkt_1", 20_000)


def approve(session: Session, world: World) -> None:
    """A leader agrees to the plan."""
    (plan,) = session.find(StrategyPlan, StrategyPlan.project == world.project(session).id)
    session.move(plan, "approve")


def test_prj_15_a_project_goes_through_its_gates(world: World) -> None:
    """Each stage asks for what the catalogue names, to the end; at 40 % it may bring 140,000 (PRJ-S10)."""
    world.know()
    world.decide()
    move(world, "initiate")
    with world.as_("lead_e") as session:
        session.change(world.member(session, "mkt_1"), until=date(2026, 6, 29))
    assert missing(world, "plan") == ["approved_plan", "team: commercial"]
    with world.as_("lead_e") as session:
        session.change(world.member(session, "mkt_1"), until=None)
    with world.as_("rep_a") as session:
        plan = session.add(StrategyPlan(project=world.project(session), theme="Service nearby"))
        with pytest.raises(ForbiddenError):
            session.move(plan, "approve")
    assert missing(world, "plan") == ["approved_plan"]
    with world.as_("lead_e") as session:
        role, since = ProjectRole.EXECUTIVE, date(2026, 6, 30)
        executive = {"user": world.people["lead_w"], "role": role, "since": since}
        session.add(TeamMember(project=world.project(session), **executive))
    # A leader of elsewhere is in the team, and agrees to nothing.
    with world.as_("lead_w") as session, pytest.raises(MoveError, match="a leader of the project agrees"):
        approve(session, world)
    with world.as_("lead_e") as session:
        approve(session, world)
    move(world, "plan")
    world.spend("rep_a", 60_000)
    with world.view() as session:
        found = expectation(session, world.project(session))
    assert found is not None
    assert (found.value, found.probability, found.pursuit) == (yuan(2_000_000), 40, yuan(60_000))
    assert found.contribution == yuan("140000.00")
    with world.as_("tech_1") as session:
        one = world.stakeholder(session, "technical")
        session.change(one, stance=0, stance_evidence="doubts the controls")
    assert missing(world, "accept", "tech_1") == ["technical_stakeholder"]
    with world.as_("tech_1") as session:
        session.change(world.stakeholder(session, "technical"), stance=1, stance_evidence="test was good")
    move(world, "accept", "tech_1")
    for to in ("tender", "negotiate", "win", "hand_over"):
        move(world, to)
    with world.view("dir") as session:
        stays = [one.stage for one in session.stages(world.project(session))]
        assert session.moves(world.project(session)) == []
    assert stays == [
        *("information", "initiated", "strategy", "technical", "bid", "negotiation", "won", "handed_over"),
    ]


def test_prj_15_a_project_is_lost_with_a_lesson_and_stopped_with_a_reason(world: World) -> None:
    """Nobody closes a file without saying what was learnt, or why."""
    with world.as_("rep_a") as session, pytest.raises(MoveError, match="a reason is missing"):
        session.move(world.project(session), "stop")
    world.know()
    world.decide()
    move(world, "initiate")
    assert missing(world, "lose") == ["lost_reason", "lesson"]
    with world.view() as session:
        assert health(world.picture(session)).light is Light.RED
    move(world, "lose", lost_reason="price", lesson="Ask for the budget first.")
    with world.view() as session:
        # What is decided has no health to lose.
        assert health(world.picture(session)).causes == ()
