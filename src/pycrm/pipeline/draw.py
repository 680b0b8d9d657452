"""Pipelines as drawings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycrm.pipeline.model import RETURN, Pipeline, Stage
from pycrm.pipeline.track import tracks

__all__ = ["mermaid"]

_SPECIAL = str.maketrans({character: f"#{ord(character)};" for character in '#;:"<>{}[]'})
_STYLES = {
    "done": "stroke:#2f7d3b",
    "won": "fill:#e3f4e6,stroke:#2f7d3b",
    "lost": "fill:#f9e4e4,stroke:#a33a3a",
    "hold": "fill:#fdf3d8,stroke:#94741a",
    "archived": "fill:#eeeeee,stroke:#888888,stroke-dasharray:4",
}


def mermaid(pipeline: Pipeline, *, language: str = "en") -> str:
    """A Mermaid ``stateDiagram-v2`` of the pipeline, ending in a line break.

    Stages show their probability, moves their label; closed stages lead to the end mark, archived
    ones are dashed. Stages within a stage are drawn inside it, regions side by side; a move between
    stages of different holders joins these, since Mermaid draws no other. A move that leads back to
    where a record came from leads to its own source. Drafts that do not pass `rules.problems` can be
    drawn as well.

    Args:
        pipeline: what to draw.
        language: of the labels, English where it is lacking.
    """
    lines = ["stateDiagram-v2", "    direction LR", *_inside(pipeline, pipeline.stages, None, language, 1)]
    lines += [f"    {_node(stage.key)} --> [*]" for stage in pipeline.stages if stage.is_closed]
    for name, style in _STYLES.items():
        members = [_node(stage.key) for stage in pipeline.every if _style(stage) == name]
        if members:
            lines += [f"    classDef {name} {style}", f"    class {','.join(members)} {name}"]
    return "\n".join(lines) + "\n"


def _inside(
    pipeline: Pipeline, stages: Sequence[Stage], holder: Stage | None, language: str, depth: int
) -> Iterator[str]:
    """The stages of one holder, where one begins among them, and the moves between them."""
    margin = "    " * depth
    for stage in stages:
        opened = " {" if stage.stages else ""
        yield f'{margin}state "{_caption(stage, language)}" as {_node(stage.key)}{opened}'
        if not stage.stages:
            continue
        if stage.parallel:
            for place, region in enumerate(stage.stages):
                if place:
                    yield f"{margin}    --"
                yield from _inside(pipeline, (region,), None, language, depth + 1)
        else:
            yield from _inside(pipeline, stage.stages, stage, language, depth + 1)
        yield f"{margin}}}"
    keys = [stage.key for stage in stages]
    first = pipeline.initial if holder is None and depth == 1 else None if holder is None else holder.initial
    first = first or (keys[0] if keys else "")
    if first in keys:
        yield f"{margin}[*] --> {_node(first)}"
    for track in tracks(pipeline, stages):
        for source in track.sources:
            label = _clean(track.move.label_in(language))
            yield f"{margin}{_node(keys[source])} --> {_node(keys[track.target])} : {label}"
    for move in pipeline.moves:
        if move.target == RETURN:
            label = _clean(move.label_in(language))
            yield from (
                f"{margin}{_node(key)} --> {_node(key)} : {label}" for key in move.sources if key in keys
            )


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
