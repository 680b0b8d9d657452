"""Table, gates and chart against a small brute-force model, over random pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm.errors import ConflictError, MoveError
from pycrm.pipeline import Chart, Facts, Move, Pipeline, Stage, compile_pipeline

from .strategies import FIELDS, GUARDS, pipelines

RECORD = "record"


@attrs.frozen
class Case:
    """What is said about one record: its filled fields, a reason or none, and which guards object."""

    filled: frozenset[str]
    reason: str | None
    objecting: frozenset[str]

    @property
    def facts(self) -> Facts:
        values: dict[str, Any] = {name: "x" if name in self.filled else None for name in FIELDS}
        return Facts(values, record=RECORD, reason=self.reason)

    def compile(self, pipeline: Pipeline) -> Chart:
        return compile_pipeline(pipeline, {name: self._guard(name) for name in GUARDS})

    def _guard(self, name: str) -> Any:
        return lambda record: f"{name} objects to {record}" if name in self.objecting else None


cases = st.builds(
    Case,
    filled=st.frozensets(st.sampled_from(FIELDS)),
    reason=st.sampled_from((None, " ", "because")),
    objecting=st.frozensets(st.sampled_from(GUARDS)),
)
WILLING = Case(frozenset(FIELDS), "because", frozenset())


def declared(pipeline: Pipeline) -> set[tuple[str, str, str]]:
    """The model: source, verb and target of every move that may be taken."""
    archived = {stage.key for stage in pipeline.stages if stage.archived}
    return {
        (source, move.key, move.target)
        for move in pipeline.moves
        for source in move.sources
        if move.target not in archived
    }


def unmet(pipeline: Pipeline, move: Move, case: Case) -> set[str]:
    """The model: everything that stands against a move, as plain words."""
    target = next(stage for stage in pipeline.stages if stage.key == move.target)
    words = {*target.required, *move.required} - case.filled
    words |= {"reason"} if move.reason and case.reason != "because" else set()
    return words | {f"{name} objects to {RECORD}" for name in set(move.guards) & case.objecting}


def words(missing: list[dict[str, str]]) -> set[str]:
    return {need.get("message") or need.get("name") or need["kind"] for need in missing}


def run(chart: Chart, stage: str, move: Move, case: Case) -> Any:
    try:
        return chart.execute(stage, move, case.facts).target.key
    except MoveError as refused:
        return words(refused.data["missing"])
    except ConflictError:
        return None


def disagreements(pipeline: Pipeline, chart: Chart, case: Case) -> list[str]:
    """Every place where table, gates or chart differ from the model."""
    model = declared(pipeline)
    found = []
    table = {(stage, move.key, move.target) for stage, moves in chart.table.items() for move in moves}
    found += [f"table: {way}" for way in table ^ model]
    for stage in (each.key for each in pipeline.stages):
        for move in pipeline.moves:
            allowed = (stage, move.key, move.target) in model
            expected = (unmet(pipeline, move, case) or move.target) if allowed else None
            if (reached := run(chart, stage, move, case)) != expected:
                found.append(f"chart: {stage} {move.key} {move.target}: {reached}, not {expected}")
            if words(chart.missing(case.facts.values, move, record=RECORD, reason=case.reason)) != unmet(
                pipeline, move, case
            ):
                found.append(f"gate: {move.key} {move.target}")
    return found


@given(pipeline=pipelines(), case=cases)
@settings(deadline=None, max_examples=120)
def test_table_gates_and_chart_agree_with_the_model(pipeline: Pipeline, case: Case) -> None:
    """From every stage exactly the declared moves are allowed, needed and taken, in table and chart alike."""
    assert disagreements(pipeline, case.compile(pipeline), case) == []


@given(pipeline=pipelines(), data=st.data())
@settings(deadline=None, max_examples=60)
def test_records_stand_only_where_the_model_reaches(pipeline: Pipeline, data: st.DataObject) -> None:
    """Wherever moves lead a record, the stage is reachable, and every stage in use is reachable."""
    ways = declared(pipeline)
    reachable = {pipeline.initial}
    for _ in pipeline.stages:
        reachable |= {target for source, _, target in ways if source in reachable}
    assert reachable == {stage.key for stage in pipeline.stages if not stage.archived}

    chart, stage = WILLING.compile(pipeline), pipeline.entry.key
    for _ in range(5):
        moves = chart.moves_from(stage)
        if not moves:
            break
        stage = chart.execute(stage, data.draw(st.sampled_from(moves)), WILLING.facts).target.key
        assert stage in reachable


@given(pipeline=pipelines(), data=st.data())
@settings(deadline=None, max_examples=30)
def test_a_dropped_move_is_always_caught(pipeline: Pipeline, data: st.DataObject) -> None:
    """Were the table to lose any one move of any pipeline, the comparison with the model would tell."""
    chart = WILLING.compile(pipeline)
    stage = data.draw(st.sampled_from([key for key, moves in chart.table.items() if moves]))
    table = {**chart.table, stage: chart.table[stage][1:]}
    assert disagreements(pipeline, attrs.evolve(chart, table=table), WILLING)


PLAIN = Pipeline(
    "plain",
    1,
    "Opportunity",
    "Plain",
    stages=(
        Stage("filed", "Filed"),
        Stage("quoted", "Quoted", required="amount"),
        Stage("won", "Won", kind="won"),
    ),
    moves=(
        Move("quote", "filed", "quoted", "Quote", guards="exam.reported"),
        Move("back", "quoted", "filed", "Back", reason=True),
        Move("win", "quoted", "won", "Win"),
    ),
)
STRICT = Case(frozenset(), None, frozenset(GUARDS))


def _table(chart: Chart, **rows: tuple[Move, ...]) -> Chart:
    return attrs.evolve(chart, table={**chart.table, **rows})


def _gates(chart: Chart, fields: Mapping[tuple[str, str], tuple[str, ...]]) -> Chart:
    return attrs.evolve(chart, gates={**chart.gates, **fields})


def _engine_of(chart: Chart, **changes: Any) -> Chart:
    """The chart's tables on top of the state chart of a pipeline with one move changed."""
    moves = (attrs.evolve(PLAIN.moves[0], **changes), *PLAIN.moves[1:])
    other = STRICT.compile(attrs.evolve(PLAIN, moves=moves))
    return attrs.evolve(other, pipeline=PLAIN, table=chart.table, gates=chart.gates, guards=chart.guards)


FAULTS = {
    "the table lacks a move": lambda chart: _table(chart, filed=()),
    "the table has a move too many": lambda chart: _table(chart, won=PLAIN.moves[:1]),
    "the table sends a move elsewhere": lambda chart: _table(
        chart, filed=(attrs.evolve(PLAIN.moves[0], target="won"),)
    ),
    "a gate forgets a field": lambda chart: _gates(chart, {("quote", "quoted"): ()}),
    "a gate asks too much": lambda chart: _gates(chart, {("win", "won"): ("need",)}),
    "a guard is not asked": lambda chart: attrs.evolve(chart, guards=WILLING.compile(PLAIN).guards),
    "the state chart lacks a move": lambda chart: _engine_of(chart, key="tender"),
    "the state chart starts a move elsewhere": lambda chart: _engine_of(chart, sources=("filed", "won")),
    "the state chart asks no guard": lambda chart: _engine_of(chart, guards=()),
    "the state chart asks for a reason": lambda chart: _engine_of(chart, reason=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_planted_faults_are_caught(fault: Any) -> None:
    """Each fault planted into table, gates, guards or state chart makes the comparison fail."""
    chart = STRICT.compile(PLAIN)
    assert disagreements(PLAIN, chart, STRICT) == []
    assert disagreements(PLAIN, fault(chart), STRICT) != []
