"""What keeps a pipeline from working."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from pycrm.errors import DeclarationError
from pycrm.pipeline import LEAD, SALES, Move, Pipeline, Stage, check, compile_pipeline, problems, warnings

from .strategies import FIELDS, GUARDS, pipelines

SMALL = Pipeline(
    "small",
    1,
    "Opportunity",
    "Small",
    stages=(
        Stage("filed", "Filed", probability=10),
        Stage("quoted", "Quoted", probability=60),
        Stage("won", "Won", kind="won"),
        Stage("lost", "Lost", kind="lost"),
    ),
    moves=(
        Move("quote", "filed", "quoted", "Quote"),
        Move("win", "quoted", "won", "Win"),
        Move("lose", ("filed", "quoted"), "lost", "Lose"),
    ),
)


def with_stage(place: int, **changes: Any) -> Pipeline:
    stages = list(SMALL.stages)
    stages[place] = attrs.evolve(stages[place], **changes)
    return attrs.evolve(SMALL, stages=stages)


def with_move(place: int, **changes: Any) -> Pipeline:
    moves = list(SMALL.moves)
    moves[place] = attrs.evolve(moves[place], **changes)
    return attrs.evolve(SMALL, moves=moves)


def without(key: str) -> Pipeline:
    return attrs.evolve(SMALL, moves=[move for move in SMALL.moves if move.key != key])


def plus(*more: Stage | Move) -> Pipeline:
    stages = (*SMALL.stages, *(item for item in more if isinstance(item, Stage)))
    return attrs.evolve(SMALL, stages=stages, moves=(*SMALL.moves, *(m for m in more if isinstance(m, Move))))


@pytest.mark.parametrize("pipeline", [SMALL, SALES, LEAD], ids=lambda pipeline: str(pipeline.key))
def test_sound_pipelines_have_no_problem(pipeline: Pipeline) -> None:
    """The pipelines that ship pass their own rules, without a warning."""
    assert problems(pipeline) == ()
    assert warnings(pipeline) == ()
    check(pipeline)


@given(pipeline=pipelines())
@settings(deadline=None)
def test_random_sound_pipelines_have_no_problem(pipeline: Pipeline) -> None:
    """A pipeline that works by construction is never refused."""
    assert problems(pipeline, fields=FIELDS, guards=GUARDS) == ()


CASES: list[tuple[str, Callable[[], Pipeline], set[tuple[str, str]]]] = [
    ("key", lambda: attrs.evolve(SMALL, key="Small"), {("key", "format")}),
    ("version", lambda: attrs.evolve(SMALL, version=0), {("version", "range")}),
    ("entity", lambda: attrs.evolve(SMALL, entity="an Opportunity"), {("entity", "format")}),
    ("blank label", lambda: attrs.evolve(SMALL, label="  "), {("label", "required")}),
    ("line break in a label", lambda: with_stage(0, label="Fi\nled"), {("stages/0/label", "format")}),
    ("full-width blank in a label", lambda: with_stage(0, label="已\u3000报价"), set()),
    ("NUL in a label", lambda: with_move(0, label="Qu\0te"), {("moves/0/label", "format")}),
    (
        "language",
        lambda: with_stage(0, translations={"Chinese": "筛选"}),
        {("stages/0/translations/Chinese", "format")},
    ),
    ("no stages", lambda: attrs.evolve(SMALL, stages=(), moves=()), {("stages", "required")}),
    (
        "same stage twice",
        lambda: plus(Stage("won", "Won again", kind="won")),
        {("stages/2/key", "rule"), ("stages/4/key", "rule")},
    ),
    (
        "same move twice",
        lambda: plus(Move("quote", "filed", "quoted", "Quote once more")),
        {("moves/0/key", "rule"), ("moves/3/key", "rule")},
    ),
    ("move named like a stage", lambda: with_move(1, key="won"), {("moves/1/key", "rule")}),
    ("unknown source", lambda: with_move(1, sources=("quoted", "x")), {("moves/1/sources/1", "unknown")}),
    ("unknown target", lambda: plus(Move("go", "filed", "x", "Go")), {("moves/3/target", "unknown")}),
    ("no source", lambda: plus(Move("go", (), "won", "Go")), {("moves/3/sources", "required")}),
    ("to itself", lambda: plus(Move("go", "filed", "filed", "Go")), {("moves/3/sources/0", "rule")}),
    (
        "source twice",
        lambda: with_move(1, sources=("quoted", "quoted")),
        {("moves/1/sources/0", "rule"), ("moves/1/sources/1", "rule")},
    ),
    ("permission", lambda: with_move(0, permission="may reopen"), {("moves/0/permission", "format")}),
    ("guard", lambda: with_move(0, guards="is it paid?"), {("moves/0/guards/0", "format")}),
    ("field", lambda: with_stage(1, required="customer.name"), {("stages/1/required/0", "format")}),
    ("field twice", lambda: with_move(0, required=("need", "need")), {("moves/0/required/1", "rule")}),
    ("kind", lambda: with_stage(0, kind="pending"), {("stages/0/kind", "type"), ("initial", "rule")}),
    ("unknown initial", lambda: attrs.evolve(SMALL, initial="x"), {("initial", "unknown")}),
    ("probability 120 (PIP-E4)", lambda: with_stage(1, probability=120), {("stages/1/probability", "range")}),
    ("probability -1", lambda: with_stage(1, probability=-1), {("stages/1/probability", "range")}),
    (
        "probability of another type",
        lambda: with_stage(1, probability=Decimal("60")),
        {("stages/1/probability", "type")},
    ),
    ("won at 90 %", lambda: with_stage(2, probability=90), {("stages/2/probability", "rule")}),
    ("lost at 5 %", lambda: with_stage(3, probability=5), {("stages/3/probability", "rule")}),
    ("stall days", lambda: with_stage(0, stall_days=-1), {("stages/0/stall_days", "range")}),
    ("expected days", lambda: with_stage(0, expected_days=True), {("stages/0/expected_days", "type")}),
    (
        "unreachable stage (PIP-E5)",
        lambda: plus(Stage("tender", "Tender"), Move("award", "tender", "won", "Award"),
                     Move("miss", "tender", "lost", "Miss")),
        {("stages/4", "rule")},
    ),
    (
        "dead end",
        lambda: plus(Stage("tender", "Tender"), Move("invite", "filed", "tender", "Invite")),
        {("stages/4", "rule")},
    ),
    (
        "nothing is won",
        lambda: without("win"),
        {("stages/0", "rule"), ("stages/1", "rule"), ("stages/2", "rule")},
    ),
    (
        "a stage that cannot be lost",
        lambda: plus(Stage("tender", "Tender"), Move("invite", "filed", "tender", "Invite"),
                     Move("award", "tender", "won", "Award")),
        {("stages/4", "rule")},
    ),
    (
        "won only by losing first",
        lambda: plus(Stage("tender", "Tender"), Move("invite", "filed", "tender", "Invite"),
                     Move("miss", "tender", "lost", "Miss"), Move("reopen", "lost", "quoted", "Reopen")),
        {("stages/4", "rule")},
    ),
    ("archived entry", lambda: with_stage(0, archived=True), {("initial", "rule")}),
    (
        "archived on the only way",
        lambda: with_stage(1, archived=True),
        {("stages/2", "rule"), ("stages/0", "rule")},
    ),
    ("a record begins as won", lambda: attrs.evolve(SMALL, initial="won"),
     {("initial", "rule"), ("stages/0", "rule"), ("stages/1", "rule"), ("stages/3", "rule")}),
]  # fmt: skip


@pytest.mark.parametrize(("build", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_mistake_is_found(build: Callable[[], Pipeline], expected: set[tuple[str, str]]) -> None:
    """Each way to break a sound pipeline is found at its place, and nothing else is blamed."""
    assert {(problem.path, problem.code) for problem in problems(build())} == expected


def test_all_mistakes_are_found_together() -> None:
    """A pipeline with several mistakes is refused once, naming all of them (PIP-18)."""
    broken = Pipeline(
        "broken",
        1,
        "Opportunity",
        "Broken",
        stages=(
            Stage("filed", "Filed", probability=120),
            Stage("quoted", "Quoted"),
            Stage("won", "Won", kind="won"),
        ),
        moves=(Move("win", "quoted", "won", "Win"), Move("go", "filed", "nowhere", "Go")),
    )
    with pytest.raises(DeclarationError) as refused:
        check(broken)
    text = str(refused.value)
    for sentence in (
        "stages/0/probability: must be from 0 to 100",
        "moves/1/target: there is no stage nowhere",
        "stages/1: quoted cannot be reached from filed",
        "stages/2: won cannot be reached from filed",
        "stages/0: filed is a dead end",
    ):
        assert sentence in text
    with pytest.raises(DeclarationError, match="quoted cannot be reached"):
        compile_pipeline(broken)


def test_names_are_checked_against_what_is_there() -> None:
    """Where fields and guards are known, a required field or guard that does not exist is named."""
    pipeline = with_move(0, required=("need", "nede"), guards=("exam.reported", "exam.repotred"))
    found = problems(pipeline, fields={"need"}, guards={"exam.reported"})
    assert [(problem.path, problem.code, problem.message) for problem in found] == [
        ("moves/0/required/1", "unknown", "there is no field nede"),
        ("moves/0/guards/1", "unknown", "there is no guard exam.repotred"),
    ]


def test_an_archived_stage_needs_no_way_in_but_a_way_out() -> None:
    """A stage in use may be archived: nothing enters it, and what stands there can leave (PIP-4)."""
    tender = Stage("tender", "Tender", archived=True)
    leaving = (Move("award", "tender", "won", "Award"), Move("miss", "tender", "lost", "Miss"))
    assert problems(plus(tender, *leaving)) == ()
    assert [problem.message for problem in problems(plus(tender))] == [
        "tender is a dead end: no move leads out of it"
    ]


def test_falling_probabilities_only_warn() -> None:
    """A probability that falls along the main line is a warning and stops nothing (PIP-18)."""
    falling = plus(
        Stage("tender", "Tender", probability=40),
        Stage("short_list", "Short list", probability=50),
        Stage("award", "Award", probability=60),
        Move("invite", "filed", "tender", "Invite"),
        Move("list", "tender", "short_list", "List"),
        Move("choose", "short_list", "award", "Choose"),
        Move("sign", "award", "won", "Sign"),
        Move("miss", ("tender", "short_list", "award"), "lost", "Miss"),
    )
    assert problems(falling) == ()
    assert [(warning.path, warning.message) for warning in warnings(falling)] == [
        ("stages/4/probability", "tender has 40 %, less than quoted before it"),
        ("stages/5/probability", "short_list has 50 %, less than quoted before it"),
    ]


def test_a_pipeline_without_ends_may_go_round() -> None:
    """A process that nobody wins or loses is sound as long as every stage has a way out."""
    card = Pipeline(
        "card",
        1,
        "Card",
        "Card",
        stages=(Stage("active", "Active"), Stage("frozen", "Frozen", kind="hold")),
        moves=(Move("freeze", "active", "frozen", "Freeze"), Move("thaw", "frozen", "active", "Thaw")),
    )
    assert problems(card) == ()
