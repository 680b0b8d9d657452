"""The pipelines of the core against the domain catalogue."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pycrm.errors import ConflictError, MoveError
from pycrm.pipeline import LEAD, SALES, Facts, Pipeline, Standing, compile_pipeline, problems

OPPORTUNITY = {
    "customer", "name", "amount", "expected_close", "lost_reason", "next_step", "closed_on", "need", "competitors"
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
            assert [way.move for way in chart.resolve(stage, move.key)] == [move]
            assert [way.move for way in chart.resolve(stage, move.target)] == [move]


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


def lost_from(stage: str) -> Standing:
    """Where a deal stands that was decided in an open stage."""
    return Standing(("lost",), {"lost": (stage,)})


def test_a_lost_deal_is_reopened_where_it_was_lost() -> None:
    """A lost deal goes back to the stage it was lost from, with a reason and within 180 days (PIP-6)."""
    chart = compile_pipeline(SALES)
    (way,) = chart.resolve(lost_from("quoted"), "reopen")
    assert (way.to, way.targets) == ("quoted", ("quoted",))
    facts = Facts({"amount": 1, "expected_close": "2027-03-01"}, days=lambda: 180)
    assert chart.missing(lost_from("quoted"), way, facts) == [{"kind": "reason"}]
    told = attrs.evolve(facts, reason="new budget")
    assert chart.execute(lost_from("quoted"), [way], told).target.key == "quoted"
    late = attrs.evolve(told, days=lambda: 181)
    assert chart.missing(lost_from("quoted"), way, late) == [{"kind": "days", "name": "180"}]
    for other in ("filed", "contacted", "won"):
        with pytest.raises(ConflictError):
            chart.resolve(lost_from("quoted"), other)


def test_a_won_deal_is_undone_by_a_leader_with_a_reason() -> None:
    """Nothing leads out of won but undoing it, which asks for a reach of a unit and a reason (PIP-6)."""
    chart = compile_pipeline(SALES)
    assert [move.key for move in chart.moves_from("won")] == ["undo_win"]
    at = Standing(("won",), {"won": ("negotiating",)})
    (way,) = chart.ways(at)
    mere = Facts({}, permits=lambda move: {"kind": "reach", "name": str(move.reach)})
    assert way.to == "negotiating"
    assert chart.missing(at, way, mere) == [{"kind": "reason"}, {"kind": "reach", "name": "unit"}]


def test_the_moves_of_a_lead() -> None:
    """A lead moves by the acts of appendix A and by no other."""
    chart = compile_pipeline(LEAD)
    taken = {
        (source, move.key, move.target) for source in chart.routes.table for move in chart.moves_from(source)
    }
    assert taken == {
        ("new", "assign", "assigned"),
        ("assigned", "accept", "accepted"),
        ("accepted", "convert", "converted"),
        ("assigned", "reject", "rejected"),
        ("accepted", "reject", "rejected"),
        ("rejected", "recycle", "recycled"),
        ("recycled", "assign", "assigned"),
    }
    for source, verb, needed in (
        ("assigned", "reject", field("reject_reason")),
        ("rejected", "recycle", [{"kind": "reason"}]),
    ):
        (way,) = chart.resolve(source, verb)
        assert chart.missing(source, way, Facts({})) == needed


@pytest.mark.parametrize("pipeline", [SALES, LEAD], ids=lambda pipeline: str(pipeline.key))
def test_defaults_are_data(pipeline: Pipeline) -> None:
    """The shipped pipelines can be written out, edited and read back."""
    assert Pipeline.from_dict(pipeline.as_dict()) == pipeline
