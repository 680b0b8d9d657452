"""The pipelines of the core against the domain catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm.errors import ConflictError, InvalidError, MoveError
from pycrm.pipeline import LEAD, SALES, Facts, Pipeline, compile_pipeline, problems

OPPORTUNITY = {
    "customer", "name", "amount", "expected_close", "lost_reason", "next_step", "closed_on", "need"
}  # fmt: skip
OPEN = ("filed", "contacted", "need_confirmed", "quoted", "negotiating")


def needs(stage: str, to: str, **values: Any) -> list[dict[str, str]]:
    chart = compile_pipeline(SALES)
    try:
        chart.execute(stage, chart.resolve(stage, to), Facts(values))
    except MoveError as refused:
        return list(refused.data["missing"])
    return []


def field(*names: str) -> list[dict[str, str]]:
    return [{"kind": "field", "name": name} for name in names]


def test_the_stages_of_selling() -> None:
    """The default pipeline has the stages, probabilities and requirements of PIP-16."""
    assert [(stage.key, stage.probability, stage.kind, stage.required) for stage in SALES.stages] == [
        ("filed", 10, "open", ()),
        ("contacted", 20, "open", ()),
        ("need_confirmed", 40, "open", ("need",)),
        ("quoted", 60, "open", ("amount", "expected_close")),
        ("negotiating", 80, "open", ()),
        ("won", 100, "won", ("amount", "closed_on")),
        ("lost", 0, "lost", ("lost_reason",)),
    ]
    assert SALES.entry.key == "filed"
    assert problems(SALES, fields=OPPORTUNITY) == ()


def test_from_every_open_stage_one_goes_on_back_one_step_or_to_an_end() -> None:
    """An open opportunity reaches each later open stage, the one before, won and lost, and no other."""
    chart = compile_pipeline(SALES)
    for place, stage in enumerate(OPEN):
        targets = [move.target for move in chart.moves_from(stage)]
        assert sorted(targets) == sorted(
            (*OPEN[place + 1 :], *OPEN[max(place - 1, 0) : place], "won", "lost"),
        )
        assert len(set(targets)) == len(targets), "a stage names exactly one move"


def test_every_verb_of_an_open_stage_is_unambiguous() -> None:
    """Naming the verb instead of the stage means one move from every open stage."""
    chart = compile_pipeline(SALES)
    for stage in OPEN:
        for move in chart.moves_from(stage):
            assert chart.resolve(stage, move.key) is move
            assert chart.resolve(stage, move.target) is move


def test_a_deal_without_amount_is_not_quoted() -> None:
    """Dragging it to "quoted" names the amount, and posting amount and move together succeeds (PIP-S4)."""
    assert needs("contacted", "quoted", expected_close="2027-03-01") == field("amount")
    assert needs("contacted", "quoted", expected_close="2027-03-01", amount=8_600_000) == []


def test_a_deal_is_not_lost_without_reason() -> None:
    """Losing without a reason is refused by the gate (PIP-E3)."""
    assert needs("quoted", "lost") == field("lost_reason")
    assert needs("quoted", "lost", lost_reason="price") == []


def test_a_deal_is_won_with_amount_and_close_date() -> None:
    """Winning needs amount and close date, also directly from "contacted" (PIP-16, PIP-S6)."""
    assert needs("negotiating", "won") == field("amount", "closed_on")
    assert needs("contacted", "won", amount=1, closed_on="2026-06-30") == []


def test_a_lost_deal_is_reopened_with_a_reason() -> None:
    """A lost deal goes back to an open stage that is named, with a reason and what that stage needs."""
    assert needs("lost", "contacted") == [{"kind": "reason"}]
    assert needs("lost", "quoted") == [*field("amount", "expected_close"), {"kind": "reason"}]
    chart = compile_pipeline(SALES)
    outcome = chart.execute("lost", chart.resolve("lost", "contacted"), Facts({}, reason="new budget"))
    assert outcome.target.key == "contacted"
    with pytest.raises(InvalidError) as refused:
        chart.resolve("lost", "reopen")
    assert [way["to"] for way in refused.value.data["candidates"]] == list(OPEN)


def test_a_won_deal_stays_won() -> None:
    """Nothing leads out of won; undoing it is not a move of the default pipeline."""
    with pytest.raises(ConflictError) as refused:
        compile_pipeline(SALES).resolve("won", "negotiating")
    assert refused.value.data["allowed"] == []


def test_the_moves_of_a_lead() -> None:
    """A lead moves by the acts of appendix A and by no other."""
    chart = compile_pipeline(LEAD)
    taken = {(source, move.key, move.target) for source in chart.table for move in chart.moves_from(source)}
    assert taken == {
        ("new", "assign", "assigned"),
        ("assigned", "accept", "accepted"),
        ("accepted", "convert", "converted"),
        ("assigned", "reject", "rejected"),
        ("accepted", "reject", "rejected"),
        ("rejected", "recycle", "recycled"),
        ("recycled", "assign", "assigned"),
    }
    assert chart.missing({}, chart.resolve("assigned", "reject")) == field("reject_reason")
    assert chart.missing({}, chart.resolve("rejected", "recycle")) == [{"kind": "reason"}]


@pytest.mark.parametrize("pipeline", [SALES, LEAD], ids=lambda pipeline: str(pipeline.key))
def test_defaults_are_data(pipeline: Pipeline) -> None:
    """The shipped pipelines can be written out, edited and read back."""
    assert Pipeline.from_dict(pipeline.as_dict()) == pipeline
