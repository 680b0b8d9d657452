"""Stages of deals and leads move only by declared moves, and every step is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from revision.world import CLOSE, World, differing, tables

from pycrm import (
    CRM,
    ConflictError,
    FixedClock,
    ForbiddenError,
    InvalidError,
    LossReason,
    Money,
    MoveError,
    Opportunity,
)


def test_a_stage_is_never_written(crm: CRM, made: World) -> None:
    """Writing the stage directly is refused and says that a move does it (PIP-1, PIP-E1)."""
    for record in (made.deal, made.lead):
        for act in ("change", "amend"):
            options = {"because": "I want it"} if act == "amend" else {}
            with crm.session("rep_a") as session, pytest.raises(InvalidError) as refused:
                getattr(session, act)(record, stage="won", **options)
            assert refused.value.fields[0].path == "stage"
    with pytest.raises(TypeError, match="stage"):
        Opportunity(customer=made.pump, name="x", expected_close=CLOSE, stage="won")  # type: ignore[call-arg]


def test_an_undeclared_move_names_those_that_are(crm: CRM, made: World) -> None:
    """A move that the pipeline does not have is refused with those that lead out (PIP-E2)."""
    with crm.session("rep_a") as session:
        for record, to, allowed in ((made.lead, "converted", "assign"), (made.lost, "won", "reopen")):
            with pytest.raises(ConflictError) as refused:
                session.move(record, to=to)
            assert allowed in str(refused.value.data["allowed"])
            assert to not in str(refused.value.data["allowed"])


def test_a_gate_asks_for_what_is_missing_and_takes_it(crm: CRM, made: World) -> None:
    """A deal without amount is asked for it, and quoting with the amount is one step (PIP-S4)."""
    with crm.session("rep_a") as session:
        bare = session.add(Opportunity(customer=made.pump, name="Bare", expected_close=CLOSE))
    before = tables(crm)
    with pytest.raises(MoveError) as refused, crm.session("rep_a") as session:
        session.move(bare, to="quoted")
    assert [one["name"] for one in refused.value.data["missing"]] == ["amount"]
    assert differing(before, tables(crm)) == []
    with crm.session("rep_a") as session:
        quoted = session.move(bare, to="quoted", amount=Money("86000", "CNY"))
    with crm.view("rep_a") as session:
        assert [stay.stage for stay in session.stages(quoted)] == ["filed", "quoted"]
        change, _ = session.history(quoted)
        assert {one.path for one in change.changes} == {"amount", "stage", "stage_at"}
        assert (quoted.version, change.act) == (2, "move")


def test_a_loss_needs_its_reason(crm: CRM, made: World) -> None:
    """A deal is lost with a reason, and reopened with one to where it was lost (PIP-6, PIP-E3)."""
    with crm.session("rep_a") as session:
        with pytest.raises(MoveError) as refused:
            session.move(made.deal, to="lost")
        assert [one["name"] for one in refused.value.data["missing"]] == ["lost_reason"]
        deal = session.move(made.deal, to="contacted")
        lost = session.move(deal, to="lost", lost_reason="price")
        with pytest.raises(MoveError):
            session.move(lost, to="reopen")
        with pytest.raises(ConflictError):
            session.move(lost, to="filed", because="they called again")
        again = session.move(lost, to="reopen", because="they called again")
        assert again.stage == "contacted"


def test_stage_history_keeps_label_probability_time_and_reason(
    crm: CRM, made: World, clock: FixedClock
) -> None:
    """Each stay has the label and probability of its time, when it began and why (PIP-3, PIP-16)."""
    begun = clock.now()
    deal = made.deal
    for to, values in (
        ("contacted", {}),
        ("need_confirmed", {"need": "flow"}),
        ("quoted", {}),
        ("negotiating", {}),
        ("won", {"closed_on": date(2026, 7, 10)}),
    ):
        clock.advance(days=1)
        with crm.session("rep_a") as session:
            deal = session.move(deal, to=to, because=f"to {to}", **values)
    with crm.view("rep_a") as session:
        stays = session.stages(deal)
    assert [(stay.stage, stay.probability) for stay in stays] == [
        ("filed", 10),
        ("contacted", 20),
        ("need_confirmed", 40),
        ("quoted", 60),
        ("negotiating", 80),
        ("won", 100),
    ]
    assert [stay.since for stay in stays] == [begun + timedelta(days=day) for day in range(6)]
    assert [stay.reason for stay in stays][1:] == [f"to {stay.stage}" for stay in stays[1:]]
    assert deal.stage_at == stays[-1].since


# Appendix A: new -> assigned -> accepted -> converted; assigned or accepted -> rejected (reason)
# -> recycled (a new fact) -> assigned.
LIFE: list[tuple[str, dict[str, str]]] = [
    ("assigned", {}),
    ("rejected", {"reject_reason": "no budget"}),
    ("recycled", {"because": "new budget"}),
    ("assigned", {}),
    ("accepted", {}),
    ("rejected", {"reject_reason": "bought elsewhere"}),
    ("recycled", {"because": "supplier failed"}),
    ("assigned", {}),
    ("accepted", {}),
]
FORBIDDEN = {
    "new": ["accepted", "rejected", "converted", "recycled"],
    "assigned": ["new", "converted", "recycled"],
    "accepted": ["new", "assigned", "recycled"],
    "rejected": ["new", "assigned", "accepted", "converted"],
    "recycled": ["new", "accepted", "rejected", "converted"],
}


def test_a_lead_lives_as_the_catalogue_says(crm: CRM, made: World) -> None:
    """A lead is assigned, accepted, rejected with a reason and recycled, and takes no other way."""
    lead = made.lead
    assert lead.stage == "new"
    for to, values in [("", {}), *LIFE]:
        with crm.session("rep_a") as session:
            if to:
                lead = session.move(lead, to=to, **values)
            for other in FORBIDDEN[lead.stage]:
                with pytest.raises(ConflictError):
                    session.move(lead, to=other)
    with crm.view("rep_a") as session:
        assert [stay.stage for stay in session.stages(lead)] == ["new", *(to for to, _ in LIFE)]


def test_a_lead_is_rejected_and_recycled_with_a_word(crm: CRM, made: World) -> None:
    """A rejection names its reason, and a recycled lead its new fact (COR-10)."""
    with crm.session("rep_a") as session:
        lead = session.move(made.lead, to="assigned")
        with pytest.raises(MoveError) as refused:
            session.move(lead, to="rejected")
        assert [one["name"] for one in refused.value.data["missing"]] == ["reject_reason"]
        lead = session.move(lead, to="rejected", reject_reason="no budget")
        with pytest.raises(MoveError):
            session.move(lead, to="recycled")


def test_some_reasons_of_a_loss_need_a_competitor(crm: CRM, made: World) -> None:
    """A loss to a competitor names that one; other reasons, and words of one's own, need none (PIP-6)."""
    with crm.session(crm.system("catalogue")) as session:
        session.add(LossReason(code="outbid", needs_competitor=True))
        session.add(LossReason(code="budget"))
    missing = {"kind": "field", "name": "competitors", "type": "texts", "label": "Competitors"}
    with crm.session("rep_a") as session:
        with pytest.raises(MoveError) as refused:
            session.move(made.deal, to="lost", lost_reason="outbid")
        assert refused.value.data["missing"] == [missing]
        lost = session.move(made.deal, to="lost", lost_reason="outbid", competitors=("Acme",))
        assert lost.competitors == ("Acme",)
        second = session.get(made.second.ref)
        assert session.move(second, to="lost", lost_reason="budget").stage == "lost"


def test_an_own_estimate_has_a_reason_and_lasts_as_long_as_the_stage(crm: CRM, made: World) -> None:
    """An estimate is shown beside the stage's, needs a reason, and is dropped at the next stage (PIP-5)."""
    with crm.session("rep_a") as session:
        with pytest.raises(InvalidError) as refused:
            session.change(made.deal, manual_probability=70)
        assert refused.value.fields[0].path == "because"
        deal = session.change(made.deal, manual_probability=70, because="they said so")
        found = session.probability(deal)
        assert (found.value, found.of_stage, found.manual) == (70, 10, 70)
        deal = session.move(deal, to="contacted")
        found = session.probability(deal)
        assert (found.value, found.of_stage, found.manual) == (20, 20, None)
        lost = session.move(deal, to="lost", lost_reason="price")
        with pytest.raises(InvalidError):
            session.change(lost, manual_probability=5, because="who knows")
        assert session.probability(lost).value == 0


@pytest.mark.parametrize("percent", [120, -1])
def test_an_estimate_lies_within_a_hundred(crm: CRM, made: World, percent: int) -> None:
    """A probability of 120 % is refused (PIP-E4)."""
    with crm.session("rep_a") as session, pytest.raises(InvalidError) as refused:
        session.change(made.deal, manual_probability=percent, because="I feel like it")
    assert refused.value.fields[0].path == "manual_probability"


def test_only_a_leader_undoes_a_win(crm: CRM, made: World) -> None:
    """Who won a deal cannot take that back; the leader can, with a reason (PIP-6)."""
    with crm.session("rep_a") as session:
        won = session.move(made.deal, to="won", closed_on=date(2026, 7, 10))
        with pytest.raises(ForbiddenError):
            session.move(won, to="undo_win", because="they cancelled")
    with crm.session("lead_e") as session:
        with pytest.raises(MoveError):
            session.move(won, to="undo_win")
        assert session.move(won, to="undo_win", because="they cancelled").stage == "filed"


def test_passing_deals_on_keeps_where_they_stand(crm: CRM, made: World, clock: FixedClock) -> None:
    """A deal that another person takes over stands where it stood, since when it stood there (PIP-8, PIP-S9)."""
    with crm.session("rep_a") as session:
        deal = session.move(made.deal, to="contacted")
    before = (deal.stage, deal.stage_at, deal.pipeline, deal.pipeline_version)
    clock.advance(days=9)
    with crm.session("lead_e") as session:
        counts = {one.stage: one.count for one in session.by_stage(Opportunity)}
        session.hand_over("rep_a", "rep_b", because="another region")
        assert {one.stage: one.count for one in session.by_stage(Opportunity)} == counts
        after = session.get(deal.ref)
        stays = session.stages(after)
    assert (after.stage, after.stage_at, after.pipeline, after.pipeline_version) == before
    assert [(one.stage, one.until) for one in stays][-1] == ("contacted", None)


def test_a_set_of_deals_is_moved_in_one_act(crm: CRM, made: World) -> None:
    """All deals that meet a condition are moved with one revision, each with its history; one gate stops all."""
    with crm.session("rep_a") as session:
        number = session.move_where(Opportunity, Opportunity.stage == "filed", to="contacted")
        assert number == 2
    with crm.view("rep_a") as session:
        assert [session.get(one.ref).stage for one in (made.deal, made.second, made.lost)] == [
            "contacted",
            "contacted",
            "lost",
        ]
        (one, *_), (two, *_) = session.history(made.deal), session.history(made.second)
        assert (one.id, one.act, two.act) == (two.id, "move", "move")
        assert [stay.stage for stay in session.stages(made.deal)] == ["filed", "contacted"]
    before = tables(crm)
    with pytest.raises(MoveError), crm.session("rep_a") as session:
        session.move_where(Opportunity, Opportunity.stage == "contacted", to="need_confirmed")
    with pytest.raises(ConflictError), crm.session("rep_a") as session:
        session.move_where(Opportunity, to="quoted")
    assert differing(before, tables(crm)) == []
    with crm.view("dir") as session:
        assert session.get(made.hidden_deal.ref).stage == "filed"
