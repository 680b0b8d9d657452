"""Allowed moves, gates, and taking a move."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from datetime import date
from functools import partial
from typing import Any

import attrs
import pytest

from pycrm.errors import ConflictError, DeclarationError, InvalidError, MoveError
from pycrm.pipeline import SALES, Chart, Facts, Move, Pipeline, Stage, Way, compile_pipeline

REPORT = Pipeline(
    "report",
    1,
    "Report",
    "Report",
    stages=(
        Stage("ready", "Ready"),
        Stage("issued", "Issued", kind="won", required=("number", "signed_by")),
        Stage("void", "Void", kind="lost"),
    ),
    moves=(
        Move("issue", "ready", "issued", "Issue", required=("copies", "number"), guards="exam.complete"),
        Move("reissue", "void", "issued", "Issue again", guards=("exam.complete", "exam.paid"), reason=True),
        Move("annul", ("ready", "issued"), "void", "Annul", reason=True),
    ),
)
FILLED = {"number": "R1", "signed_by": "dr", "copies": 0}


def silent(record: Any) -> None:
    """A guard without objection."""


def report(**guards: Callable[[Any], Any]) -> Chart:
    named = {f"exam.{name}": guard for name, guard in {"complete": silent, "paid": silent, **guards}.items()}
    return compile_pipeline(REPORT, named)


def way(chart: Chart, stage: str, to: str) -> Way:
    """The one way that a name means."""
    (found,) = chart.resolve(stage, to)
    return found


def needs(chart: Chart, values: dict[str, Any]) -> list[dict[str, str]]:
    """What issuing a report lacks."""
    return chart.missing("ready", way(chart, "ready", "issue"), Facts(values))


def take(chart: Chart, stage: str, to: str, **facts: Any) -> Any:
    facts.setdefault("values", FILLED)
    return chart.execute(stage, chart.resolve(stage, to), Facts(**facts))


def test_a_move_leads_to_its_target() -> None:
    """A record whose gate is met reaches the stage, and the outcome says from where and why."""
    outcome = take(report(), "issued", "annul", reason="wrong name")
    assert (outcome.source.key, outcome.target.key, outcome.reason) == ("issued", "void", "wrong name")
    assert outcome.move is REPORT.moves[2]
    assert (outcome.before, outcome.leaves) == (("issued",), ("void",))


def test_a_refused_move_names_everything_that_is_missing() -> None:
    """A gate answers once with all missing fields, the reason and each guard's objections (PIP-2)."""
    chart = report(
        complete=lambda record: ["the blood count is open", "so is the X-ray"], paid=lambda r: "unpaid"
    )
    with pytest.raises(MoveError) as refused:
        take(chart, "void", "reissue", values={"number": " ", "signed_by": None}, reason="")
    assert refused.value.data == {
        "missing": [
            {"kind": "field", "name": "number"},
            {"kind": "field", "name": "signed_by"},
            {"kind": "reason"},
            {"kind": "guard", "name": "exam.complete", "message": "the blood count is open"},
            {"kind": "guard", "name": "exam.complete", "message": "so is the X-ray"},
            {"kind": "guard", "name": "exam.paid", "message": "unpaid"},
        ],
        "move": "reissue",
        "to": "issued",
    }
    assert [(problem.path, problem.code) for problem in refused.value.fields] == [
        ("number", "required"),
        ("signed_by", "required"),
    ]
    assert refused.value.message == (
        "Not yet Issued: number is missing; signed_by is missing; a reason is missing; "
        "the blood count is open; so is the X-ray; unpaid."
    )


def test_fields_of_stage_and_move_are_asked_once_each() -> None:
    """A move asks for what its target requires and what it requires itself, without repeating."""
    chart = report()
    assert chart.gate(way(chart, "ready", "issue"))[0] == ["number", "signed_by", "copies"]
    assert needs(chart, {}) == [
        {"kind": "field", "name": "number"},
        {"kind": "field", "name": "signed_by"},
        {"kind": "field", "name": "copies"},
    ]


@pytest.mark.parametrize("value", [0, False, "x", [0], {"a": 1}, date(2026, 6, 30)])
def test_a_value_fills_a_field(value: Any) -> None:
    """Zero and False are answers; they fill a field like any other value."""
    assert needs(report(), {**FILLED, "copies": value}) == []


@pytest.mark.parametrize("value", [None, "", " \t\n", "\u3000", (), [], {}, set(), frozenset()])
def test_an_empty_value_fills_no_field(value: Any) -> None:
    """None, blank text (a full-width blank too) and empty collections leave a field unfilled."""
    missing = needs(report(), {**FILLED, "copies": value})
    assert missing == [{"kind": "field", "name": "copies"}]


def test_a_dry_run_equals_the_real_run() -> None:
    """Running twice with the same facts gives the same outcome or the same refusal."""
    chart = report()
    assert take(chart, "ready", "issue") == take(chart, "ready", "issue")
    refusals = []
    for _ in range(2):
        with pytest.raises(MoveError) as refused:
            take(chart, "ready", "annul")
        refusals.append(refused.value.as_dict())
    assert refusals[0] == refusals[1]


def test_a_guard_that_takes_the_session_is_given_the_movers() -> None:
    """A guard that names `session` reads in it, with its parameters; the others are given the record alone."""
    asked: list[Any] = []

    def reads(record: Any, session: Any) -> str | None:
        asked.append((record, session))
        return "nothing found" if session == "session of ana" else None

    chart = report(complete=reads)
    facts = Facts(FILLED, record="the report", session="session of ana")
    assert chart.missing("ready", way(chart, "ready", "issue"), facts) == [
        {"kind": "guard", "name": "exam.complete", "message": "nothing found"}
    ]
    assert asked == [("the report", "session of ana")]
    assert needs(chart, FILLED) == []


def test_guards_are_given_the_record_and_asked_once() -> None:
    """A guard sees the record itself and is asked a single time for each move."""
    seen: list[Any] = []
    record = object()
    take(report(complete=seen.append), "ready", "issue", record=record)
    assert seen == [record]


def test_guards_see_the_values_where_there_is_no_record() -> None:
    """A form that is only being tried has no record, so guards are given its values."""
    seen: list[Any] = []
    take(report(complete=seen.append), "ready", "issue")
    assert seen == [FILLED]


def test_a_failing_guard_stops_the_move_with_its_own_error() -> None:
    """An exception in a guard is neither swallowed nor turned into a move."""

    def broken(record: Any) -> None:
        raise ZeroDivisionError("no basis")

    with pytest.raises(ZeroDivisionError, match="no basis"):
        take(report(complete=broken), "ready", "issue")


@pytest.mark.parametrize("answer", [True, False, "", " ", 0, [""], [None], {"a": 1}, b"no", iter("no")])
def test_a_guard_that_answers_something_else_is_refused(answer: Any) -> None:
    """A guard that says True, False or nothing readable stops the move instead of opening the gate."""
    with pytest.raises(DeclarationError, match=r"guard exam.complete must answer None"):
        take(report(complete=lambda record: answer), "ready", "issue")


async def _later(record: Any) -> None:
    await asyncio.sleep(0)


class _Later:
    async def __call__(self, record: Any) -> None:
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "guard",
    [_later, partial(_later), _Later(), partial(_Later())],
    ids=["function", "partial", "object", "partial object"],
)
def test_async_guards_are_refused_when_compiling(guard: Any) -> None:
    """A plugin's async guard is refused at start-up and not met in the middle of a move."""
    with pytest.raises(DeclarationError, match=r"guard exam.complete of pipeline report is async"):
        report(complete=guard)


def test_a_guard_that_hides_a_coroutine_is_refused_when_asked() -> None:
    """A plain function that returns a coroutine opens no gate and leaves no warning behind."""

    def hidden(record: Any) -> Coroutine[Any, Any, None]:
        return _later(record)

    with pytest.raises(DeclarationError, match=r"guard exam.complete must answer None"):
        take(report(complete=hidden), "ready", "issue")


def test_a_guard_that_nobody_offers_is_named_when_compiling() -> None:
    """A pipeline whose plugin is absent is refused, naming the guard."""
    with pytest.raises(DeclarationError, match=r"moves/0/guards/0: there is no guard exam.complete"):
        compile_pipeline(REPORT, {"exam.paid": silent})


def test_two_applications_keep_their_own_guards() -> None:
    """Two CRMs in one process that give a guard name different guards do not meet each other's."""
    strict, lenient = report(complete=lambda record: "never"), report()
    assert take(lenient, "ready", "issue").target.key == "issued"
    with pytest.raises(MoveError, match="never"):
        take(strict, "ready", "issue")


def test_an_undeclared_move_lists_the_allowed_ones() -> None:
    """A move that is not declared answers with those that are (PIP-E2)."""
    with pytest.raises(ConflictError) as refused:
        report().resolve("issued", "ready")
    assert refused.value.data == {"stage": "issued", "allowed": [{"move": "annul", "to": "void"}]}


def test_a_move_to_where_one_stands_is_a_conflict() -> None:
    """Moving to the stage in which the record already stands says so."""
    with pytest.raises(ConflictError, match="stands in 'ready' already"):
        report().resolve("ready", "ready")


def test_a_move_from_another_stage_is_refused_by_the_chart() -> None:
    """Handing the chart a move that does not start here is a conflict, whatever the facts."""
    chart = report()
    with pytest.raises(ConflictError) as refused:
        chart.execute("issued", chart.resolve("ready", "issue"), Facts(FILLED))
    assert refused.value.data["allowed"] == [{"move": "annul", "to": "void"}]


def test_an_unknown_stage_is_invalid() -> None:
    """A record whose stage the pipeline does not have is refused as invalid, not as a crash."""
    chart = report()
    for ask in (chart.moves_from, chart.ways, partial(chart.resolve, to="void")):
        with pytest.raises(InvalidError, match="no stage 'nowhere'"):
            ask("nowhere")
    with pytest.raises(InvalidError, match="no stage 'nowhere'"):
        chart.execute("nowhere", chart.resolve("ready", "issue"), Facts(FILLED))


FORKED = Pipeline(
    "forked",
    1,
    "Case",
    "Forked",
    stages=(
        Stage("in_work", "In work"),
        Stage("closed", "Closed", kind="won"),
        Stage("held", "Held", kind="hold"),
    ),
    moves=(
        Move("solve", "in_work", "closed", "Solve"),
        Move("short_close", "in_work", "closed", "Close short"),
        Move("wait", "in_work", "held", "Wait"),
        Move("leave", "in_work", "held", "Leave"),
        Move("leave", ("held", "in_work"), "closed", "Leave for good"),
        Move("resume", "held", "in_work", "Resume"),
    ),
)


def test_an_ambiguous_stage_lists_the_candidates() -> None:
    """Where two moves lead to the same stage, naming the stage is refused and both are offered."""
    with pytest.raises(InvalidError) as refused:
        compile_pipeline(FORKED).resolve("in_work", "closed")
    assert refused.value.data["candidates"] == [
        {"move": "solve", "to": "closed"},
        {"move": "short_close", "to": "closed"},
        {"move": "leave", "to": "closed"},
    ]


def test_an_ambiguous_verb_lists_the_candidates() -> None:
    """Where one verb leads to two stages, naming the verb is refused and both are offered."""
    chart = compile_pipeline(FORKED)
    with pytest.raises(InvalidError) as refused:
        chart.resolve("in_work", "leave")
    assert refused.value.data["candidates"] == [
        {"move": "leave", "to": "held"},
        {"move": "leave", "to": "closed"},
    ]
    assert way(chart, "held", "leave").to == "closed"
    assert way(chart, "in_work", "short_close").to == "closed"


def test_nothing_enters_an_archived_stage_but_what_is_there_leaves() -> None:
    """An archived stage has vanished from the allowed moves, yet its records can go on (PIP-4)."""
    stages = [attrs.evolve(stage, archived=stage.key == "held") for stage in FORKED.stages]
    chart = compile_pipeline(attrs.evolve(FORKED, stages=stages))
    assert {move.target for move in chart.moves_from("in_work")} == {"closed"}
    with pytest.raises(ConflictError):
        chart.resolve("in_work", "held")
    with pytest.raises(ConflictError):
        chart.execute("in_work", compile_pipeline(FORKED).resolve("in_work", "wait"), Facts({}))
    assert take(chart, "held", "resume").target.key == "in_work"


def test_names_of_the_library_are_free_for_stages_and_moves() -> None:
    """A vendor may call stages and moves what the library under the chart calls its own things."""
    words = ("model", "state", "states", "configuration", "name", "id", "error_execution", "done_state_x")
    verbs = (
        "send",
        "on_transition",
        "before_transition",
        "raise_",
        "initial_state",
        "events",
        "prepare_event",
    )
    pipeline = Pipeline(
        "words",
        1,
        "Case",
        "Words",
        stages=[Stage(word, word) for word in words],
        moves=[
            Move(verb.strip("_"), source, target, verb)
            for verb, source, target in zip((*verbs, "match"), words, (*words[1:], words[0]), strict=True)
        ],
    )
    chart = compile_pipeline(pipeline)
    for source, target in zip(words, (*words[1:], words[0]), strict=True):
        assert take(chart, source, target).target.key == target


def test_a_pipeline_is_compiled_once() -> None:
    """The same version with the same content gives the same chart; other content another one."""
    twin = Pipeline.from_dict(SALES.as_dict())
    assert compile_pipeline(twin) is compile_pipeline(SALES)
    assert compile_pipeline(attrs.evolve(SALES, label="Selling")) is not compile_pipeline(SALES)


def test_two_threads_share_a_chart() -> None:
    """Two people move records through one fresh chart at once; each is judged by their own facts."""
    pipeline = attrs.evolve(SALES, key="threads")
    barrier = threading.Barrier(2)
    wrong: list[str] = []
    rounds = 150

    def move(stage: str, to: str, values: dict[str, Any], expected: list[str] | None) -> None:
        barrier.wait()
        for _ in range(rounds):
            chart = compile_pipeline(pipeline)
            try:
                reached: Any = chart.execute(stage, chart.resolve(stage, to), Facts(values)).target.key
            except MoveError as refused:
                reached = [need["name"] for need in refused.data["missing"]]
            if reached != (expected or to):
                wrong.append(f"{stage} to {to}: {reached}")

    full = {"amount": 1, "expected_close": date(2027, 3, 1)}
    threads = [
        threading.Thread(target=move, args=("filed", "quoted", full, None)),
        threading.Thread(target=move, args=("filed", "quoted", {}, ["amount", "expected_close"])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_boards_need_neither_database_nor_chart_library() -> None:
    """Checking a pipeline and reading its allowed moves import no SQLAlchemy and no python-statemachine."""
    program = (
        "import sys; from pycrm.pipeline import SALES, compile_pipeline; "
        "assert compile_pipeline(SALES).moves_from('filed'); "
        "heavy = {'sqlalchemy', 'statemachine', 'cattrs'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
