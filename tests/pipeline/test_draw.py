"""Drawings of pipelines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import attrs
import pytest

from pycrm.pipeline import CUSTOMER, LEAD, RETURN, SALES, TASK, Move, Pipeline, Stage, mermaid
from pycrm.pipeline import svg as drawing
from pycrm.pipeline.svg import svg
from pycrm.pipeline.toml import toml

SVG = "{http://www.w3.org/2000/svg}"

DRAWN = Pipeline(
    "drawn",
    1,
    "Case",
    "Drawn",
    stages=(
        Stage("end", 'The "end": 1; #2', probability=50, translations={"zh": "终点"}),
        Stage("waiting", "Waiting", kind="hold"),
        Stage("won", "Won", kind="won"),
        Stage("old", "Old <b>", archived=True),
    ),
    moves=(
        Move("win", ("end", "waiting"), "won", "Win: now", translations={"zh": "赢单"}),
        Move("wait", "end", "waiting", "Wait"),
        Move("leave", "old", "end", "Leave"),
    ),
)


def test_a_drawing_shows_stages_moves_and_ends() -> None:
    """The drawing has every stage with its probability, every move, the entry, the ends and the kinds."""
    assert mermaid(DRAWN).splitlines() == [
        "stateDiagram-v2",
        "    direction LR",
        '    state "The #34;end#34;#58; 1#59; #35;2 (50 %)" as stage_end',
        '    state "Waiting" as stage_waiting',
        '    state "Won (100 %)" as stage_won',
        '    state "Old #60;b#62;" as stage_old',
        "    [*] --> stage_end",
        "    stage_end --> stage_won : Win#58; now",
        "    stage_waiting --> stage_won : Win#58; now",
        "    stage_end --> stage_waiting : Wait",
        "    stage_old --> stage_end : Leave",
        "    stage_won --> [*]",
        "    classDef won fill:#e3f4e6,stroke:#2f7d3b",
        "    class stage_won won",
        "    classDef hold fill:#fdf3d8,stroke:#94741a",
        "    class stage_waiting hold",
        "    classDef archived fill:#eeeeee,stroke:#888888,stroke-dasharray:4",
        "    class stage_old archived",
    ]


def test_a_drawing_speaks_the_language_asked_for() -> None:
    """Chinese labels are drawn where there are any, English ones elsewhere."""
    drawing = mermaid(DRAWN, language="zh")
    assert '"终点 (50 %)"' in drawing
    assert "stage_end --> stage_won : 赢单" in drawing
    assert '"Waiting"' in drawing


def test_a_draft_can_be_drawn() -> None:
    """A draft without stages or with a wrong entry still gives a drawing, so that it can be mended."""
    assert mermaid(attrs.evolve(DRAWN, stages=(), moves=())) == "stateDiagram-v2\n    direction LR\n"
    assert "[*] -->" not in mermaid(attrs.evolve(DRAWN, initial="nowhere"))


NESTED = Pipeline(
    "exam",
    1,
    "Case",
    "Exam",
    stages=(
        Stage("booked", "Booked", probability=20, expected_days=7),
        Stage(
            "on_site",
            "On site",
            parallel=True,
            stages=(
                Stage("lab", "Lab", stages=(Stage("wait", "Waiting"), Stage("taken", "Taken", kind="done"))),
                Stage("scan", "Scan", stages=(Stage("idle", "Idle"), Stage("run", "Running"))),
            ),
        ),
        Stage("paused", "Paused", kind="hold"),
        Stage("won", "Won", kind="won"),
        Stage("lost", "Lost & gone", kind="lost"),
    ),
    moves=(
        Move("arrive", "booked", "on_site", "Arrive"),
        Move("take", "wait", "taken", "Take"),
        Move("finish", ("taken", "run"), "won", "Finish"),
        Move("lose", ("booked", "on_site"), "lost", "Lose"),
        Move("resume", "paused", RETURN, "Resume"),
    ),
)


def test_stages_within_stages_are_drawn_inside() -> None:
    """Regions stand side by side in their stage, and a move out of one joins the stages that hold both ends."""
    lines = [line.strip() for line in mermaid(NESTED).splitlines()]
    begin, end = (
        lines.index('state "On site" as stage_on_site {'),
        lines.index('state "Paused" as stage_paused'),
    )
    assert lines[begin + 1 : end] == [
        'state "Lab" as stage_lab {',
        'state "Waiting" as stage_wait',
        'state "Taken" as stage_taken',
        "[*] --> stage_wait",
        "stage_wait --> stage_taken : Take",
        "}",
        "[*] --> stage_lab",
        "--",
        'state "Scan" as stage_scan {',
        'state "Idle" as stage_idle',
        'state "Running" as stage_run',
        "[*] --> stage_idle",
        "}",
        "[*] --> stage_scan",
        "}",
    ]
    assert "stage_on_site --> stage_won : Finish" in lines
    assert lines.count("stage_on_site --> stage_won : Finish") == 1
    assert "stage_paused --> stage_paused : Resume" in lines


@pytest.mark.parametrize("drawn", [DRAWN, NESTED, SALES, LEAD], ids=lambda one: one.key)
def test_an_svg_shows_every_stage_and_move(drawn: Pipeline) -> None:
    """Each stage is one box of its kind, each move one arrow with its name, all within the picture."""
    root = ElementTree.fromstring(svg(drawn))
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    texts = [one.text for one in root.iter(f"{SVG}text")]
    boxes = [one.get("class") for one in root.iter(f"{SVG}rect")]
    stages = [one for one in drawn.every if not (one.stages and one.key in ("lab", "scan"))]
    kinds = ["archived" if one.archived else one.kind for one in stages]
    assert sorted(one for one in boxes if one not in ("paper", "behind")) == sorted(kinds)
    said = [text.removeprefix("↩ ") for text in texts if text]
    for one in (*drawn.every, *drawn.moves):
        assert " ".join(one.label.split()) in said
    for group, x, y in corners(root, 0, 0):
        assert 0 <= x <= width, group
        assert 0 <= y <= height, group


def struck(root: Any) -> list[str]:
    """The names of moves that a line of another one runs through."""
    lines = [
        (float(x), *sorted((float(y), float(end))))
        for path in root.iter(f"{SVG}path")
        for x, y, end in re.findall(r"M(\S+) (\S+?)V([\d.]+)", path.get("d"))
    ]
    found = []
    for holder in root.iter(f"{SVG}g"):
        for box, text in pairwise(holder):
            if box.get("class") == "behind":
                left, top = float(box.get("x")), float(box.get("y"))
                right, low = left + float(box.get("width")), top + float(box.get("height"))
                if any(left < x < right and y < low and end > top for x, y, end in lines):
                    found.append(text.text)
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_runs_through_a_name(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of moves stand where no line passes; in the middle of their tracks some would be struck out."""
    for drawn in (SALES, CUSTOMER, TASK):
        assert struck(ElementTree.fromstring(svg(drawn, language=language))) == []
    monkeypatch.setattr(drawing, "_free", lambda feet, *rest: sum(feet.values()) / len(feet))
    assert struck(ElementTree.fromstring(svg(SALES, language=language))) != []


def corners(root: Any, x: float, y: float) -> Iterator[tuple[str, float, float]]:
    """The far corner of each box, with the shifts of all the groups that hold it."""
    for one in root:
        if one.tag == f"{SVG}g":
            shift = one.get("transform", "translate(0 0)").removeprefix("translate(").removesuffix(")")
            right, down = (float(part) for part in shift.split())
            yield from corners(one, x + right, y + down)
        elif one.tag == f"{SVG}rect" and one.get("class") != "behind":
            left, top = x + float(one.get("x", 0)), y + float(one.get("y", 0))
            yield one.get("class"), left + float(one.get("width")), top + float(one.get("height"))


def test_an_svg_is_safe_to_show() -> None:
    """Labels are words and never tags, whatever stands in them; a draft without stages is drawn too."""
    wild = attrs.evolve(
        DRAWN,
        label="<script>alert(1)</script>",
        moves=(Move("win", "end", "won", '"><b onload=x>'), Move("away", "end", "nowhere", "Away")),
    )
    root = ElementTree.fromstring(svg(wild))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "title", "style", "rect", "g", "text", "path", "circle", "polygon")
    }
    assert not [one for one in root.iter() if any(name.startswith("on") for name in one.attrib)]
    assert '"><b onload=x>' in [one.text for one in root.iter(f"{SVG}text")]
    assert ElementTree.fromstring(svg(attrs.evolve(DRAWN, stages=(), moves=()))).tag == f"{SVG}svg"
    assert "终点" in svg(DRAWN, language="zh")


@pytest.mark.parametrize("written", [DRAWN, NESTED, SALES, LEAD], ids=lambda one: one.key)
def test_toml_is_read_as_it_was_written(written: Pipeline) -> None:
    """A pipeline that is exported as TOML is the same when it is read, whatever its labels hold."""
    assert Pipeline.from_toml(toml(written)) == written
    odd = attrs.evolve(written, label="A \x7f \\ \" ' # [x] 终")
    assert toml(odd).startswith('key = "')
    assert tomllib.loads(toml(odd))["label"] == odd.label
