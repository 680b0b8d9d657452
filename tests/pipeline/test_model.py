"""Declaring pipelines, and reading them from data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from pycrm.errors import DeclarationError, InvalidError
from pycrm.pipeline import LEAD, SALES, Move, Pipeline, Stage, Use

from .strategies import pipelines

TEXT = """
key = "journey"
version = 2
entity = "Booking"
label = "Examination"

[[stages]]
key = "booked"
label = "Booked"
translations = { zh = "已预约" }
probability = 0
stall_days = 3

[[stages]]
key = "examined"
label = "Examined"
kind = "won"
required = ["report_no"]

[[moves]]
key = "examine"
sources = ["booked"]
target = "examined"
label = "Examine"
guards = ["exam.reported"]
reason = true
"""


def table(**changes: Any) -> dict[str, Any]:
    return {**Pipeline.from_toml(TEXT).as_dict(), **changes}


def test_toml_gives_the_pipeline_that_python_declares() -> None:
    """A vendor gets the same pipeline from TOML as from the classes."""
    declared = Pipeline(
        "journey",
        2,
        "Booking",
        "Examination",
        stages=[
            Stage("booked", "Booked", probability=0, stall_days=3, translations={"zh": "已预约"}),
            Stage("examined", "Examined", kind="won", probability=100, required=("report_no",)),
        ],
        moves=[Move("examine", "booked", "examined", "Examine", guards="exam.reported", reason=True)],
    )
    assert Pipeline.from_toml(TEXT) == declared
    assert Pipeline.from_toml(TEXT).digest == declared.digest


@given(pipeline=pipelines())
@settings(deadline=None)
def test_a_pipeline_survives_being_written_and_read(pipeline: Pipeline) -> None:
    """Whatever is declared comes back equal, with the same digest, from its plain data."""
    again = Pipeline.from_dict(pipeline.as_dict())
    assert again == pipeline
    assert again.identity == pipeline.identity
    assert hash(again) == hash(pipeline)


def test_plain_data_leave_out_what_equals_its_default() -> None:
    """A stored pipeline keeps its digest when a release adds a setting, but a probability of 0 is kept."""
    assert table()["stages"][0] == {
        "key": "booked",
        "label": "Booked",
        "probability": 0,
        "stall_days": 3,
        "translations": {"zh": "已预约"},
    }
    assert table()["stages"][1] == {
        "key": "examined",
        "label": "Examined",
        "kind": "won",
        "required": ["report_no"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"label": "Examinations"},
        {"initial": "examined"},
        {"translations": {"zh": "体检"}},
        {"moves": []},
    ],
)
def test_any_change_changes_the_digest(change: dict[str, Any]) -> None:
    """Two pipelines that differ in anything are never taken for one."""
    assert Pipeline.from_dict(table(**change)).digest != Pipeline.from_toml(TEXT).digest


def test_every_mistake_in_the_data_is_named_at_once() -> None:
    """An administrator who uploads a broken file sees all of its mistakes, each with its place."""
    with pytest.raises(InvalidError) as refused:
        Pipeline.from_dict(
            {
                "key": "k",
                "version": True,
                "label": 5,
                "colour": "red",
                "stages": [
                    {"key": "a", "label": "A", "kind": "pending", "probability": "20"},
                    {"label": "\ud800", "stall_days": 2.5, "probabilty": 10},
                    "closed",
                ],
                "moves": [{"key": "m", "sources": "a", "target": "b", "label": "M", "reason": 1}],
            }
        )
    assert {(problem.path, problem.code) for problem in refused.value.fields} == {
        ("version", "type"),
        ("entity", "required"),
        ("label", "type"),
        ("colour", "unknown"),
        ("stages/0/kind", "type"),
        ("stages/0/probability", "type"),
        ("stages/1/key", "required"),
        ("stages/1/label", "format"),
        ("stages/1/stall_days", "type"),
        ("stages/1/probabilty", "unknown"),
        ("stages/2", "type"),
        ("moves/0/sources", "type"),
        ("moves/0/reason", "type"),
    }


@pytest.mark.parametrize(
    "text",
    ["key = ", "version = " + "9" * 5000, "a = " + "[" * 100_000, "key = 'a'\nkey = 'b'", "\x00"],
)
def test_text_that_is_not_toml_is_refused(text: str) -> None:
    """Syntax errors, endless numbers and endless nesting are refused as one format problem."""
    with pytest.raises(InvalidError) as refused:
        Pipeline.from_toml(text)
    assert [problem.code for problem in refused.value.fields] == ["format"]


@pytest.mark.parametrize("data", [None, [], "journey", 7])
def test_data_that_are_no_table_are_refused(data: Any) -> None:
    """Only a table of keys and values can be a pipeline."""
    with pytest.raises(InvalidError) as refused:
        Pipeline.from_dict(data)
    assert [problem.code for problem in refused.value.fields] == ["type"]


def test_closed_stages_know_their_probability() -> None:
    """Won is 100 and lost 0 without saying so; an open stage has none unless given (PIP-5)."""
    assert Stage("won", "Won", kind="won").probability == 100
    assert Stage("lost", "Lost", kind="lost").probability == 0
    assert Stage("filed", "Filed").probability is None


def test_labels_are_in_normal_form() -> None:
    """A label typed with a combining accent is the same label, and so is the pipeline's digest."""
    assert Stage("cafe", "Cafe\u0301") == Stage("cafe", "Caf\u00e9")


def test_labels_fall_back_to_english() -> None:
    """Chinese users read Chinese labels, everybody else English ones (ALL-4)."""
    quoted = SALES.stage("quoted")
    assert [quoted.label_in(language) for language in ("en", "zh", "zh_CN", "zh-CN", "de")] == [
        "Quoted",
        "已报价",
        "已报价",
        "已报价",
        "Quoted",
    ]
    for pipeline in (SALES, LEAD):
        labelled: list[Pipeline | Stage | Move] = [pipeline, *pipeline.stages, *pipeline.moves]
        assert all(item.label_in("zh") != item.label for item in labelled)


def test_a_lone_name_is_not_taken_apart() -> None:
    """A source or field given as one string is one name, not its letters."""
    move = Move("win", "quoted", "won", "Win", required="amount", guards="exam.reported")
    assert (move.sources, move.required, move.guards) == (("quoted",), ("amount",), (Use("exam.reported"),))


def test_the_first_stage_is_the_entry_unless_named() -> None:
    """A new record stands in the first stage, or in the one that the pipeline names."""
    assert Pipeline.from_dict(table()).entry.key == "booked"
    assert Pipeline.from_dict(table(initial="examined")).entry.key == "examined"


def test_a_stage_that_is_not_there_is_named() -> None:
    """Asking for an unknown stage says which pipeline lacks it."""
    with pytest.raises(DeclarationError, match="pipeline journey version 2 has no stage 'x'"):
        Pipeline.from_toml(TEXT).stage("x")
