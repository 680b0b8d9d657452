"""Pipelines as drawings."""

from __future__ import annotations

from pycrm.pipeline.model import Pipeline, Stage

__all__ = ["mermaid"]

_SPECIAL = str.maketrans({character: f"#{ord(character)};" for character in '#;:"<>{}[]'})
_STYLES = {
    "won": "fill:#e3f4e6,stroke:#2f7d3b",
    "lost": "fill:#f9e4e4,stroke:#a33a3a",
    "hold": "fill:#fdf3d8,stroke:#94741a",
    "archived": "fill:#eeeeee,stroke:#888888,stroke-dasharray:4",
}


def mermaid(pipeline: Pipeline, *, language: str = "en") -> str:
    """A Mermaid ``stateDiagram-v2`` of the pipeline, ending in a line break.

    Stages show their probability, moves their label; closed stages lead to the end mark, archived
    ones are dashed. Drafts that do not pass `rules.problems` can be drawn as well.

    Args:
        pipeline: what to draw.
        language: of the labels, English where it is lacking.
    """
    lines = ["stateDiagram-v2", "    direction LR"]
    for stage in pipeline.stages:
        lines.append(f'    state "{_caption(stage, language)}" as {_node(stage.key)}')
    initial = pipeline.initial or (pipeline.stages[0].key if pipeline.stages else "")
    if pipeline.has_stage(initial):
        lines.append(f"    [*] --> {_node(initial)}")
    for move in pipeline.moves:
        label = _clean(move.label_in(language))
        lines += [f"    {_node(source)} --> {_node(move.target)} : {label}" for source in move.sources]
    lines += [f"    {_node(stage.key)} --> [*]" for stage in pipeline.stages if stage.is_closed]
    for name, style in _STYLES.items():
        members = [_node(stage.key) for stage in pipeline.stages if _style(stage) == name]
        if members:
            lines += [f"    classDef {name} {style}", f"    class {','.join(members)} {name}"]
    return "\n".join(lines) + "\n"


def _caption(stage: Stage, language: str) -> str:
    label = stage.label_in(language)
    return _clean(label if stage.probability is None else f"{label} ({stage.probability} %)")


def _style(stage: Stage) -> str:
    return "archived" if stage.archived else stage.kind


def _node(key: str) -> str:
    # Bare keys such as "end" and "state" are words of the drawing language.
    return f"stage_{key}"


def _clean(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
