"""Publishing a version: what it would break is told first, and it takes place whole or not at all."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from revision.world import differing, tables

from pycrm import (
    CRM,
    Contact,
    FixedClock,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Opportunity,
    OpportunityContact,
    Period,
    StaleError,
)
from pycrm.pipeline import RETURN, SALES, Move, Pipeline, Stage

from .selling import House, house, second, with_stage

pytestmark = pytest.mark.usefixtures("sold")


@pytest.fixture
def sold(crm: CRM) -> House:
    """The house of PIP-S7."""
    return house(crm)


def test_a_stage_in_use_is_not_dropped(crm: CRM) -> None:
    """Nobody drops a stage in which records stand; how many is told, and which the publisher sees (PIP-S7)."""
    before = tables(crm)
    for login, named in (("admin", 0), ("lead_e", 4)):
        with crm.view(login) as session:
            seen = session.preview_pipeline(second())
        assert seen.count == 18
        assert [(one.path, one.code) for one in seen.problems] == [("mapping/contacted", "required")]
        assert "7 of 18 records stand in contacted" in seen.problems[0].message
        assert len(seen.stranded.get("contacted", ())) == named
        with pytest.raises(InvalidError) as refused, crm.session(login) as session:
            session.publish_pipeline(second(), because="shorter")
        assert refused.value.fields == seen.problems
        assert len(refused.value.data["records"].get("contacted", ())) == named
    assert differing(before, tables(crm)) == []


def test_a_mapping_says_who_lacks_what(crm: CRM) -> None:
    """With a mapping the preview counts the 3 that lack the contact, and names those in sight (PIP-S7)."""
    with crm.view("lead_e") as session:
        seen = session.preview_pipeline(second(), {"contacted": "need_confirmed"})
        customers = {one.record for one in seen.failing}
        assert customers == {
            deal.ref for deal in session.find(Opportunity, Opportunity.stage == "contacted")
        } - {
            deal.ref
            for deal in session.find(Opportunity, Opportunity.stage == "contacted", children=True)
            if deal.contacts
        }
    assert seen.is_possible
    lines = {line.stage: line for line in seen.lines}
    assert {stage: (line.count, line.to, line.failing) for stage, line in lines.items()} == {
        "filed": (6, "filed", 0),
        "contacted": (7, "need_confirmed", 3),
        "quoted": (3, "quoted", 0),
        "negotiating": (2, "negotiating", 0),
        "lost": (2, None, 0),
        "won": (1, None, 0),
    }
    assert lines["contacted"].lacking == {"contacts": 3}
    assert (seen.failing_count, len(seen.failing), seen.moving) == (3, 2, 15)
    assert [one["name"] for one in seen.failing[0].missing] == ["contacts"]
    with crm.view("admin") as session:
        blind = session.preview_pipeline(second(), {"contacted": "need_confirmed"})
    assert (blind.lines, blind.failing) == (seen.lines, ())


def test_what_is_published_is_what_was_previewed(crm: CRM, sold: House, clock: FixedClock) -> None:
    """Records come over as the preview says, and the 3 that lack a contact stay where they were (PIP-3)."""
    mapping = {"contacted": "need_confirmed"}
    with crm.view("admin") as session:
        seen = session.preview_pipeline(second(), mapping)
    clock.advance(days=3)
    with crm.session("admin") as session:
        done = session.publish_pipeline(second(), mapping, because="shorter", seen=seen)
    assert done == seen
    with crm.view("dir") as session:
        deals = session.find(Opportunity)
        counts: dict[tuple[int, str], int] = {}
        for deal in deals:
            place = (deal.pipeline_version, deal.stage)
            counts[place] = counts.get(place, 0) + 1
        assert counts == {
            (2, "filed"): 6,
            (2, "need_confirmed"): 4,
            (1, "contacted"): 3,
            (2, "quoted"): 3,
            (2, "negotiating"): 2,
            (1, "lost"): 2,
            (1, "won"): 1,
        }
        assert [session.stage(deal).label for deal in deals if deal.pipeline_version == 1].count(
            "Contacted"
        ) == 3


def test_days_in_a_stage_go_on_where_it_stays(crm: CRM, sold: House, clock: FixedClock) -> None:
    """Moving over begins a new stay only where the stage changes; the history keeps the words of its time."""
    begun = clock.now()
    clock.advance(days=3)
    new = with_stage(second(), "quoted", label="Offered", probability=70)
    with crm.session("admin") as session:
        session.publish_pipeline(new, {"contacted": "need_confirmed"}, because="shorter")
    with crm.view("rep_a") as session:
        quoted = session.get(sold.deals["quoted"][0].ref)
        assert (quoted.stage_at, quoted.version, quoted.pipeline_version) == (begun, 3, 2)
        assert [(one.label, one.probability) for one in session.stages(quoted)][-1] == ("Quoted", 60)
        assert session.stage(quoted).label == "Offered"
        change = session.history(quoted)[0]
        assert (change.act, change.reason) == ("publish", "shorter")
        assert [(one.path, one.old, one.new) for one in change.changes] == [("pipeline_version", 1, 2)]
        moved = session.get(sold.deals["contacted"][0].ref)
        assert (moved.stage, moved.stage_at) == ("need_confirmed", clock.now())
        last = session.stages(moved)[-2:]
        assert [(one.label, one.probability) for one in last] == [("Contacted", 20), ("Need confirmed", 40)]
        assert (last[0].until, last[1].since, last[1].reason) == (clock.now(), clock.now(), "shorter")
        assert {one.path for one in session.history(moved)[0].changes} == {
            "pipeline_version",
            "stage",
            "stage_at",
        }


def test_records_go_on_in_their_version(crm: CRM, sold: House) -> None:
    """A record that stays takes the moves of its version, one that went over those of the new one."""
    with crm.session("admin") as session:
        session.publish_pipeline(second(), {"contacted": "need_confirmed"}, because="shorter")
    with crm.session("rep_a") as session:
        left = session.get(sold.deals["contacted"][-4].ref)
        assert left.pipeline_version == 1
        assert session.move(left, to="back").stage == "filed"
        # A lost one is reopened into the stage it was lost from, which the new version lacks.
        again = session.move(session.get(sold.lost[0].ref), to="reopen", because="they called")
        assert (again.stage, again.pipeline_version) == ("contacted", 1)
        filed = session.get(sold.deals["filed"][0].ref)
        assert "contact" not in {move.key for move in session.moves(filed)}


def test_failing_records_come_over_where_that_is_said(crm: CRM) -> None:
    """Whoever says so moves also those that lack something, or nothing at all."""
    mapping = {"contacted": "need_confirmed"}
    with crm.session("admin") as session:
        done = session.publish_pipeline(second(), mapping, because="all", failing="move")
    assert (done.moving, done.failing_count) == (18, 3)
    with crm.view("dir") as session:
        assert session.count(Opportunity, Opportunity.pipeline_version == 2) == 18
    third = attrs.evolve(second(), version=3)
    with crm.session("admin") as session:
        done = session.publish_pipeline(third, because="new ones only", running="keep")
    assert done.moving == 0
    with crm.view("dir") as session:
        assert session.count(Opportunity, Opportunity.pipeline_version == 3) == 0


def test_what_stayed_comes_over_later(crm: CRM, sold: House) -> None:
    """What an earlier version said of a stage that is no more holds for those that come over later."""
    with crm.session("admin") as session:
        session.publish_pipeline(second(), {"contacted": "need_confirmed"}, because="shorter")
        third = with_stage(attrs.evolve(second(), version=3), "need_confirmed", required=())
        done = session.publish_pipeline(third, because="no contact is asked for")
    assert done.moving == 18
    with crm.view("dir") as session:
        assert session.count(Opportunity, Opportunity.stage == "need_confirmed") == 7
        assert session.count(Opportunity, Opportunity.pipeline_version == 3) == 18
        assert [one.stage for one in session.stages(sold.deals["contacted"][0])][-1] == "need_confirmed"


def test_what_stayed_is_carried_over(crm: CRM, sold: House) -> None:
    """Once they have a contact, those that lacked it come over by themselves, and others when that is said."""
    with crm.session("admin") as session:
        session.publish_pipeline(second(), {"contacted": "need_confirmed"}, because="shorter")
    with crm.session("rep_a") as session:
        first, *_ = session.find(
            Opportunity, Opportunity.stage == "contacted", Opportunity.pipeline_version == 1
        )
        (contact, *_) = session.find(Contact)
        session.change(first, contacts=[OpportunityContact(contact=contact)])
    with crm.session("rep_a") as session, pytest.raises(ForbiddenError):
        session.carry_over("sales", because="they have contacts now")
    with crm.session("admin") as session:
        done = session.carry_over("sales", because="they have contacts now")
        assert (done.moving, done.failing_count, done.pipeline.version) == (1, 2, 2)
    with crm.view("dir") as session:
        over = session.get(first.ref)
        assert (over.stage, over.pipeline_version) == ("need_confirmed", 2)
        change = session.history(over)[0]
        assert (change.act, change.reason) == ("carry_over", "they have contacts now")
        assert session.count(Opportunity, Opportunity.pipeline_version == 2) == 16
    before = tables(crm)
    with crm.session("admin") as session:
        assert session.carry_over("sales", because="nobody is ready").moving == 0
    assert differing(before, tables(crm)) == []
    with crm.session("admin") as session:
        assert session.carry_over("sales", because="all of them", failing="move").moving == 2
    with crm.view("dir") as session:
        # 18 run; the lost and the won stay where they were decided.
        assert session.count(Opportunity, Opportunity.pipeline_version == 2) == 18
        assert session.count(Opportunity, Opportunity.pipeline_version == 1) == 3
    with crm.session("admin") as session, pytest.raises(NotFoundError):
        session.carry_over("nothing", because="there is none")


def test_what_has_no_place_is_not_carried_over(crm: CRM, sold: House) -> None:
    """A version that let all keep theirs, and dropped a stage unsaid, takes nobody out of that stage."""
    with crm.session("admin") as session:
        session.publish_pipeline(second(), because="new ones only", running="keep")
    before = tables(crm)
    with crm.session("admin") as session, pytest.raises(InvalidError) as refused:
        session.carry_over("sales", because="all of them", failing="move")
    assert [one.path for one in refused.value.fields] == ["mapping/contacted"]
    assert "7 of 18" in refused.value.message
    assert differing(before, tables(crm)) == []


def test_a_stage_is_archived(crm: CRM, sold: House) -> None:
    """Nothing enters an archived stage any more, and what stands there may leave (PIP-4)."""
    with crm.session("admin") as session:
        done = session.archive_pipeline_stage("sales", "contacted", because="not needed")
    assert [(one.key, one.change) for one in done.differences] == [("contacted", "archived")]
    assert (done.pipeline.version, done.moving) == (2, 18)
    with crm.session("rep_a") as session:
        filed = session.get(sold.deals["filed"][0].ref)
        assert "contacted" not in {move.target for move in session.moves(filed)}
        assert session.move(session.get(sold.deals["contacted"][0].ref), to="quoted").stage == "quoted"
    with crm.session("admin") as session, pytest.raises(InvalidError) as refused:
        session.archive_pipeline_stage("sales", "filed", because="where would they begin")
    assert "initial" in {one.path for one in refused.value.fields}


def test_a_wrong_draft_is_refused_with_everything(crm: CRM) -> None:
    """Nobody stores or publishes a version that cannot work, and all its problems are named (PIP-18, PIP-E5)."""
    wrong = attrs.evolve(
        with_stage(SALES, "quoted", required=("amont",)),
        version=1,
        moves=tuple(move for move in SALES.moves if move.target != "negotiating"),
    )
    before = tables(crm)
    for act in ("draft_pipeline", "publish_pipeline"):
        with crm.session("admin") as session, pytest.raises(InvalidError) as refused:
            getattr(session, act)(attrs.evolve(wrong, version=1 if "draft" in act else 2), because="try")
        found = {one.path: one.message for one in refused.value.fields}
        assert "negotiating cannot be reached" in found["stages/4"]
        assert found["stages/3/required/0"] == "there is no field amont"
        assert ("version" in found) == ("draft" in act)
    assert differing(before, tables(crm)) == []


def test_figures_go_on_while_a_draft_lies_there_and_after_it(crm: CRM) -> None:
    """A director's funnel, forecast and time in stage are the same with a draft, and count versions together."""

    def figures() -> tuple[dict[str, int], dict[str, int], Any]:
        with crm.view("dir") as session:
            quarter = Period.quarter(2026, 4)
            funnel = {one.stage: one.count for one in session.funnel(Opportunity) if one.count}
            stays = {one.stage: one.stays for one in session.time_in_stage(Opportunity) if one.stays}
            return funnel, stays, session.forecast(quarter).outlooks

    before = figures()
    with crm.session("admin") as session:
        session.draft_pipeline(second())
    assert figures() == before
    with crm.session("admin") as session:
        mapping = {"contacted": "need_confirmed"}
        session.publish_pipeline(SALES.key, mapping, because="as discussed", failing="move")
    funnel, _, outlooks = figures()
    assert (before[0]["contacted"], funnel["need_confirmed"]) == (7, 7)
    assert sum(funnel.values()) == sum(before[0].values())
    assert [one.open for one in outlooks] == [one.open for one in before[2]]


def test_a_draft_is_data_that_is_replaced(crm: CRM) -> None:
    """Who holds the right stores one draft, replaces it and publishes it; others learn of none."""
    with crm.session("admin") as session:
        session.draft_pipeline(second().as_dict(), because="first thought")
        stored = session.draft_pipeline(with_stage(second(), "quoted", label="Offered"))
        assert stored.pipeline == session.pipeline("sales", 0)
        assert [(one.version, one.state) for one in session.pipelines() if one.key == "sales"] == [
            (1, "published"),
            (2, "draft"),
        ]
    with crm.view("rep_a") as session:
        assert {one.state for one in session.pipelines()} == {"published"}
        assert session.pipeline("sales") == SALES
    for act in (
        lambda s: s.pipeline("sales", 0),
        lambda s: s.preview_pipeline("sales"),
        lambda s: s.draft_pipeline(second()),
        lambda s: s.publish_pipeline("sales", because="mine"),
        lambda s: s.archive_pipeline_stage("sales", "contacted", because="mine"),
    ):
        with crm.session("rep_a") as session, pytest.raises(ForbiddenError):
            act(session)
    with crm.session("admin") as session:
        done = session.publish_pipeline("sales", {"contacted": "need_confirmed"}, because="shorter")
        assert done.pipeline.stage("quoted").label == "Offered"
        assert [(one.version, one.state) for one in session.pipelines() if one.key == "sales"] == [
            (1, "retired"),
            (2, "published"),
        ]


def test_a_stale_preview_is_refused(crm: CRM, sold: House) -> None:
    """Publishing what one has seen is refused where another record has come in since."""
    mapping = {"contacted": "need_confirmed"}
    with crm.view("admin") as session:
        seen = session.preview_pipeline(second(), mapping)
    with crm.session("rep_a") as session:
        session.move(session.get(sold.deals["filed"][0].ref), to="contacted")
    before = tables(crm)
    with pytest.raises(StaleError), crm.session("admin") as session:
        session.publish_pipeline(second(), mapping, because="shorter", seen=seen)
    assert differing(before, tables(crm)) == []


def test_a_paused_record_finds_back(crm: CRM, sold: House) -> None:
    """What is paused when its stage is dropped returns to where that stage went (PIP-3)."""
    first = _with_pause(SALES)
    with crm.session("admin") as session:
        session.publish_pipeline(attrs.evolve(first, version=2), because="pausing")
    with crm.session("rep_a") as session:
        deal = session.move(session.get(sold.deals["contacted"][0].ref), to="paused")
    third = attrs.evolve(_with_pause(second()), version=3)
    with crm.view("admin") as session:
        seen = session.preview_pipeline(third, {})
        messages = [one.message for one in seen.problems]
        assert [one for one in messages if "1 paused records would return to contacted" in one]
    with crm.session("admin") as session:
        session.publish_pipeline(third, {"contacted": "need_confirmed"}, because="shorter", failing="move")
    with crm.session("rep_a") as session:
        again = session.move(session.get(deal.ref), to="resume")
        assert (again.stage, again.pipeline_version) == ("need_confirmed", 3)


def _with_pause(pipeline: Pipeline) -> Pipeline:
    """The pipeline with a stage in which deals are paused, and from which they return."""
    paused = Stage("paused", "Paused", kind="hold")
    open_ = [stage.key for stage in pipeline.stages if stage.kind == "open"]
    moves = (
        *pipeline.moves,
        Move("pause", open_, "paused", "Pause"),
        Move("resume", "paused", RETURN, "Resume"),
    )
    return attrs.evolve(pipeline, stages=(*pipeline.stages, paused), moves=moves)
