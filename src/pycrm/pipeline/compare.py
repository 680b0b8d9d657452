"""In what two versions of a pipeline differ: a pure function over the declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pycrm.pipeline.edition import PipelineDifference
from pycrm.pipeline.model import Pipeline

__all__ = ["differences"]

_Plain = Mapping[str, Any]
_WHOLE = ("label", "translations", "entity", "initial", "when")
# What is told in another way: keys, what lies within, and whether nothing enters any more.
_TOLD = ("key", "target", "stages", "archived")


def differences(old: Pipeline, new: Pipeline) -> tuple[PipelineDifference, ...]:
    """Everything in which a version differs from an older one: the whole, its stages, its moves.

    Args:
        old, new: two versions; each may be wrong in any way that its types allow.
    """
    before, after = old.as_dict(), new.as_dict()
    return (
        *_changed("pipeline", new.key, before, after, _WHOLE),
        *_stages(before, after),
        *_moves(before, after),
    )


def _changed(
    subject: Literal["pipeline", "stage", "move"],
    key: str,
    before: _Plain,
    after: _Plain,
    names: Iterable[str],
) -> Iterator[PipelineDifference]:
    for name in names:
        if before.get(name) != after.get(name):
            yield PipelineDifference(subject, key, "changed", name, before.get(name), after.get(name))


def _fields(before: _Plain, after: _Plain) -> list[str]:
    return [name for name in dict.fromkeys((*after, *before)) if name not in _TOLD]


def _within(stages: Iterable[_Plain], holder: str | None = None) -> Iterator[tuple[str, str | None, _Plain]]:
    for stage in stages:
        yield stage["key"], holder, stage
        yield from _within(stage.get("stages", ()), stage["key"])


def _stages(old: _Plain, new: _Plain) -> Iterator[PipelineDifference]:
    before = {key: (holder, stage) for key, holder, stage in _within(old.get("stages", ()))}
    after = {key: (holder, stage) for key, holder, stage in _within(new.get("stages", ()))}
    for key, (holder, stage) in after.items():
        if key not in before:
            yield PipelineDifference("stage", key, "added", after=stage["label"])
            continue
        held, former = before[key]
        if former.get("archived", False) != stage.get("archived", False):
            yield PipelineDifference("stage", key, "archived" if stage.get("archived") else "reopened")
        yield from _changed("stage", key, {"within": held}, {"within": holder}, ("within",))
        yield from _changed("stage", key, former, stage, _fields(former, stage))
    for key, (_, stage) in before.items():
        if key not in after:
            yield PipelineDifference("stage", key, "removed", before=stage["label"])
    order = (
        {"order": [key for key in before if key in after]},
        {"order": [key for key in after if key in before]},
    )
    yield from _changed("pipeline", new["key"], *order, ("order",))


def _moves(old: _Plain, new: _Plain) -> Iterator[PipelineDifference]:
    before, after = ({_named(move): move for move in each.get("moves", ())} for each in (old, new))
    for key, move in after.items():
        if key in before:
            yield from _changed("move", key, before[key], move, _fields(before[key], move))
        else:
            yield PipelineDifference("move", key, "added", after=move["sources"])
    for key, move in before.items():
        if key not in after:
            yield PipelineDifference("move", key, "removed", before=move["sources"])


def _named(move: _Plain) -> str:
    return f"{move['key']} to {move['target']}"
