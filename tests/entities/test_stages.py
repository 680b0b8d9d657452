"""Stages of deals and leads move only by declared moves, and every step is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from revision.world import CLOSE, World, differing, tables

from pycrm import CRM, ConflictError, FixedClock, InvalidError, Money, MoveError, Opportunity


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
