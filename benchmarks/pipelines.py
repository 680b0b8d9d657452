"""Pipelines at work: a board of 200 cards, one move, ten thousand in one act, and compiling.

Beside them the same board by libraries used as their tutorials do, with a machine for each card.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.peers import installed
from benchmarks.timing import Timed, paired, timed
from pycrm import CRM, Customer, Opportunity
from pycrm.pipeline import SALES, Move, Need, Pipeline, Stage, Where, compile_pipeline

__all__ = ["board_200", "compile_32", "move_10000", "move_gated", "move_one"]

BOARD_MS, RECORD_MS, SECOND_MS = 3.0, 1.5, 0.005
MOVE = {"sqlite": 2.5, "postgresql": 2.5}
_CARDS, _MANY = 200, 10_000
_CLOSE = date(2027, 3, 1)
_TRANSITIONS = Path(__file__).parent / "peers" / "transitions_board.py"


def board_200(bench: Bench) -> Iterator[Figure]:
    """The moves of 200 cards, each with what it lacks, over the query that reads the cards."""
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        _deals(bench, crm, _CARDS)
        with crm.view(bench.shape.busiest) as session:
            cards = session.find(Opportunity, limit=_CARDS)
            assert len(cards) == _CARDS
            naive = _naive()
            ours, other = paired(
                lambda: session.moves_all(cards),
                lambda: [naive(card.stage) for card in cards],
                bench.pairs(12),
            )
    figure = bench.figure("board_200", (ours, other), {"sqlite": 0.1, "postgresql": 0.1}, "a chart per card")
    yield attrs.evolve(figure, issue="pipelines")
    yield attrs.evolve(figure, issue="pipelines", reference=LIMIT, reference_ms=BOARD_MS, goal=1.0)
    taken = _transitions()
    if taken is not None:
        yield attrs.evolve(figure, issue="pipelines", reference="transitions", reference_ms=taken, goal=0.1)


def move_one(bench: Bench) -> Iterator[Figure]:
    """One move with gates, stage history and revision, beside one change of one field."""
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        moved, changed = _deals(bench, crm, 2)
        stages, words = cycle(("contacted", "filed")), cycle(("call", "write"))

        def move() -> None:
            nonlocal moved
            with crm.session(bench.shape.busiest) as session:
                moved = session.move(moved, next(stages))

        def change() -> None:
            nonlocal changed
            with crm.session(bench.shape.busiest) as session:
                changed = session.change(changed, need=next(words))

        taken = paired(move, change, bench.pairs(120))
    yield attrs.evolve(bench.figure("move_one", taken, MOVE, "one change"), issue="pipelines")


def move_gated(bench: Bench) -> Iterator[Figure]:
    """One move that asks for two fields, a record, a reason and the owner, beside one change of one field."""
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        with crm.session(crm.system("benchmark")) as session:
            session.publish_pipeline(_gated(), because="for the benchmark")
        moved, changed = _deals(bench, crm, 2, need="pumps", campaign_code="gated")
        assert moved.pipeline == "gated"
        stages, words = cycle(("checked", "begun")), cycle(("call", "write"))

        def move() -> None:
            nonlocal moved
            with crm.session(bench.shape.busiest) as session:
                moved = session.move(moved, next(stages), because="all is there")

        def change() -> None:
            nonlocal changed
            with crm.session(bench.shape.busiest) as session:
                changed = session.change(changed, next_step=next(words))

        taken = paired(move, change, bench.pairs(120))
    yield attrs.evolve(bench.figure("move_gated", taken, MOVE, "one change"), issue="pipelines")


def _gated() -> Pipeline:
    customer = Need("customer", "Its customer", "Customer", match={"id": "customer"})
    gate: dict[str, Any] = {"required": ("need", "expected_close"), "records": customer, "reason": True}
    return Pipeline(
        "gated",
        1,
        "Opportunity",
        "Gated",
        when=Where("campaign_code", "=", "gated"),
        stages=(Stage("begun", "Begun"), Stage("checked", "Checked"), Stage("won", "Won", kind="won")),
        moves=(
            Move("check", "begun", "checked", "Check", reach="owner", **gate),
            Move("uncheck", "checked", "begun", "Uncheck", reach="owner", **gate),
            Move("win", ("begun", "checked"), "won", "Win"),
        ),
    )


def move_10000(bench: Bench) -> Iterator[Figure]:
    """Ten thousand deals moved in one act, each with its gates, history and change: for each of them."""
    number = _MANY // 10 if bench.quick else _MANY
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        _deals(bench, crm, number)

        def move() -> None:
            with crm.session(bench.shape.busiest) as session:
                assert session.move_where(Opportunity, Opportunity.stage == "filed", to="contacted") == number

        taken = timed(move)
    each = Timed(taken.wall / number, taken.cpu / number)
    limit = Timed(RECORD_MS, RECORD_MS)
    goals = {bench.server.name: 1.0}
    yield attrs.evolve(bench.figure("move_10000", (each, limit), goals, LIMIT), issue="pipelines")


def compile_32(quick: bool) -> Iterator[Figure]:
    """Compiling a pipeline of 32 stages once more: what is compiled already is found."""
    pipeline = _long(32)
    compile_pipeline(pipeline)
    turns = 100 if quick else 1000

    def again() -> Timed:
        taken = timed(lambda: [compile_pipeline(pipeline) for _ in range(turns)])
        return Timed(taken.wall / turns, taken.cpu / turns)

    ours, _ = paired(again, lambda: None, 5)
    yield Figure("compile_32", "none", "none", ours.wall, LIMIT, SECOND_MS, 1.0, "pipelines", ours.cpu, None)


def _deals(bench: Bench, crm: CRM, number: int, **values: Any) -> Sequence[Any]:
    with crm.session(bench.shape.busiest) as session:
        customers = session.find(Customer, limit=100)
        return session.add_all(
            Opportunity(
                customer=customers[at % len(customers)], name=f"Deal {at}", expected_close=_CLOSE, **values
            )
            for at in range(number)
        )


def _long(stages: int) -> Pipeline:
    keys = [f"step{number}" for number in range(stages - 1)]
    return Pipeline(
        "long",
        1,
        "Opportunity",
        "Long",
        stages=(*(Stage(key, key) for key in keys), Stage("won", "Won", kind="won")),
        moves=[
            Move(f"to_{target}", source, target, target)
            for source, target in zip(keys, (*keys[1:], "won"), strict=True)
        ],
    )


def _naive() -> Callable[[str], list[str]]:
    """The allowed events of one card by a chart of its own, as the library's tutorial has it."""
    from statemachine import StateChart
    from statemachine.io import create_machine_class_from_definition

    states: dict[str, Any] = {stage.key: {"initial": stage.key == "filed"} for stage in SALES.stages}
    for move in SALES.moves:
        for source in move.sources if move.target in states else ():
            states[source].setdefault("on", {}).setdefault(f"{move.key}_{move.target}", []).append(
                {"target": move.target}
            )
    made: type[StateChart[Any]] = create_machine_class_from_definition(
        "Naive", states, validate_disconnected_states=False, validate_trap_states=False
    )

    def allowed(stage: str) -> list[str]:
        return [str(event) for event in made(start_value=stage).enabled_events()]

    return allowed


def _transitions() -> float | None:
    """Milliseconds of the same board by the library transitions, None where it could not be installed."""
    executable = installed()
    if executable is None:
        return None
    done = subprocess.run([executable, _TRANSITIONS], capture_output=True, text=True, check=True)
    return float(done.stdout)
