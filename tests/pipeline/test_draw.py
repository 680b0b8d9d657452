"""Drawings of pipelines."""

from __future__ import annotations

import attrs

from pycrm.pipeline import Move, Pipeline, Stage, mermaid

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
