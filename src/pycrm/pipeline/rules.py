"""Whether a pipeline can work as a whole: pure functions over the declaration.

`problems` collects everything that forbids it, `warnings` what is odd but permitted, `check` raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import attrs

from pycrm.errors import DeclarationError, Problem
from pycrm.pipeline import paths
from pycrm.pipeline.asking import effects_of, needs_of, uses_of, wheres_of
from pycrm.pipeline.form import DOTTED, fields_of, is_whole, key_of, label_of, text_of, within
from pycrm.pipeline.gate import Use
from pycrm.pipeline.model import KINDS, OWNER, PRODUCT, RETURN, Move, Pipeline, Stage
from pycrm.pipeline.tree import Tree

__all__ = ["check", "problems", "warnings"]

_MOST_DAYS = 36_500
_MOST_VERSIONS = 2**31 - 1
_REACHES = (OWNER, PRODUCT, "unit", "subtree")
_INNER = ("open", "hold", "done")


@attrs.frozen
class _Known:
    """The names at hand, each None where nobody says."""

    fields: Collection[str] | None
    guards: Collection[str] | None
    actions: Collection[str] | None


def problems(
    pipeline: Pipeline,
    *,
    fields: Collection[str] | None = None,
    guards: Collection[str] | None = None,
    actions: Collection[str] | None = None,
) -> tuple[Problem, ...]:
    """Everything that keeps the pipeline from working, found in one pass (PIP-4, PIP-5, PIP-18).

    Args:
        pipeline: a draft; it may be wrong in any way that its types allow.
        fields: the names of the entity's fields; with them, those that are asked for must be among them.
        guards: the names of the guards at hand; with them, the guards of moves must be among them.
        actions: those of the actions, likewise.
    """
    known = _Known(fields, guards, actions)
    tree, places = Tree(pipeline), dict(_places(pipeline.stages, "stages"))
    found = [
        *_head(pipeline, known),
        *_stages(pipeline, tree, places, known),
        *_moves(pipeline, tree, known),
    ]
    if pipeline.stages and _can_begin(tree):
        found += paths.problems(pipeline, tree, places)
    return tuple(found)


def warnings(pipeline: Pipeline) -> tuple[Problem, ...]:
    """What is permitted but odd: probabilities that fall along the main line (PIP-18).

    The main line is the open stages in their order, without the archived ones.
    """
    found = []
    highest: Stage | None = None
    for place, stage in enumerate(pipeline.stages):
        if stage.kind != "open" or stage.archived or not is_whole(stage.probability):
            continue
        if highest is not None and (stage.probability or 0) < (highest.probability or 0):
            message = f"{stage.key} has {stage.probability} %, less than {highest.key} before it"
            found.append(Problem(f"stages/{place}/probability", "rule", message))
        else:
            highest = stage
    return tuple(found)


def check(
    pipeline: Pipeline,
    *,
    fields: Collection[str] | None = None,
    guards: Collection[str] | None = None,
    actions: Collection[str] | None = None,
) -> None:
    """Refuse a pipeline that cannot work.

    Raises:
        DeclarationError: naming every one of its `problems`.
    """
    found = problems(pipeline, fields=fields, guards=guards, actions=actions)
    if found:
        lines = "".join(f"\n  {problem.path}: {problem.message}" for problem in found)
        raise DeclarationError(f"pipeline {pipeline.key} version {pipeline.version} cannot work:{lines}")


def _places(stages: tuple[Stage, ...], path: str) -> Iterator[tuple[str, str]]:
    for place, stage in enumerate(stages):
        yield stage.key, f"{path}/{place}"
        yield from _places(stage.stages, f"{path}/{place}/stages")


def _can_begin(tree: Tree) -> bool:
    """Whether every stage that holds others names one of them to begin in."""
    return all(
        tree.first_of(key) in [one.key for one in stage.stages]
        for key, stage in tree.stages.items()
        if stage.stages and not stage.parallel
    )


# --- the whole, and its stages -------------------------------------------------------------------------


def _head(pipeline: Pipeline, known: _Known) -> Iterator[Problem]:
    yield from key_of(pipeline.key, "key")
    yield from label_of(pipeline.label, pipeline.translations, "")
    yield from within(pipeline.version, "version", 1, _MOST_VERSIONS)
    if not pipeline.entity.isidentifier():
        yield Problem("entity", "format", f"{pipeline.entity!r} is not the name of a class")
    yield from wheres_of(pipeline.when, "when", known.fields)
    if not pipeline.stages:
        yield Problem("stages", "required", "a pipeline needs at least one stage")
        return
    initial = pipeline.stages[0].key if pipeline.initial is None else pipeline.initial
    if initial not in [stage.key for stage in pipeline.stages]:
        yield Problem("initial", "unknown", f"there is no stage {initial}")
    elif (entry := pipeline.stage(initial)).kind != "open" or entry.archived:
        state = "archived" if entry.archived else entry.kind
        yield Problem("initial", "rule", f"a new record cannot stand in {initial}, which is {state}")


def _stages(pipeline: Pipeline, tree: Tree, places: Mapping[str, str], known: _Known) -> Iterator[Problem]:
    counts = Counter(stage.key for stage in pipeline.every)
    for stage, path in _placed(pipeline.stages, "stages"):
        yield from key_of(stage.key, f"{path}/key")
        if counts[stage.key] > 1:
            yield Problem(f"{path}/key", "rule", f"{counts[stage.key]} stages have the key {stage.key}")
        yield from label_of(stage.label, stage.translations, path)
        yield from _kind(stage, path, is_inner=bool(tree.parents[stage.key]))
        yield from _probability(stage, path, is_inner=bool(tree.parents[stage.key]))
        for name in ("expected_days", "stall_days"):
            if (days := getattr(stage, name)) is not None:
                yield from within(days, f"{path}/{name}", 0, _MOST_DAYS)
        yield from fields_of(stage.required, f"{path}/required", known.fields)
        yield from needs_of(stage.records, f"{path}/records", known.fields)
        if stage.stages:
            yield from _inside(pipeline, stage, path)
        elif stage.initial is not None or stage.parallel or stage.on_done is not None:
            yield Problem(path, "rule", f"{stage.key} holds no stages")


def _placed(stages: tuple[Stage, ...], path: str) -> Iterator[tuple[Stage, str]]:
    for place, stage in enumerate(stages):
        yield stage, f"{path}/{place}"
        yield from _placed(stage.stages, f"{path}/{place}/stages")


def _kind(stage: Stage, path: str, *, is_inner: bool) -> Iterator[Problem]:
    if stage.kind not in KINDS:
        yield Problem(f"{path}/kind", "type", f"{stage.key} must be one of {', '.join(KINDS)}")
    elif is_inner and stage.kind not in _INNER:
        yield Problem(f"{path}/kind", "rule", f"{stage.key} lies within another, so it is not {stage.kind}")
    elif not is_inner and stage.kind == "done":
        yield Problem(f"{path}/kind", "rule", f"{stage.key} lies within no other, so it is not done")
    elif stage.stages and stage.kind != "open":
        yield Problem(f"{path}/kind", "rule", f"{stage.key} holds others, so it is open, not {stage.kind}")


def _probability(stage: Stage, path: str, *, is_inner: bool) -> Iterator[Problem]:
    if stage.probability is None:
        return
    wrong = list(within(stage.probability, f"{path}/probability", 0, 100))
    yield from wrong
    certain = {"won": 100, "lost": 0}.get(stage.kind)
    if not wrong and certain is not None and stage.probability != certain:
        message = f"{stage.key} is {stage.kind}, so its probability is {certain}, not {stage.probability}"
        yield Problem(f"{path}/probability", "rule", message)
    elif is_inner and certain is None:
        yield Problem(f"{path}/probability", "rule", f"{stage.key} has that of the stage that holds it")


def _inside(pipeline: Pipeline, stage: Stage, path: str) -> Iterator[Problem]:
    """How a stage that holds others begins and ends."""
    keys = [one.key for one in stage.stages]
    if stage.parallel:
        if len(keys) < 2 or stage.initial is not None:
            yield Problem(path, "rule", f"{stage.key} has at least two regions, and begins in all of them")
        if any(one.kind != "open" or one.archived for one in stage.stages):
            yield Problem(f"{path}/stages", "rule", f"the regions of {stage.key} are open")
    else:
        first = next((one for one in stage.stages if one.key == (stage.initial or keys[0])), None)
        if first is None:
            yield Problem(f"{path}/initial", "unknown", f"{stage.key} holds no stage {stage.initial}")
        elif first.kind != "open" or first.archived:
            yield Problem(f"{path}/initial", "rule", f"one cannot begin in {first.key}")
    if stage.on_done is None:
        return
    if not any(move.key == stage.on_done and stage.key in move.sources for move in pipeline.moves):
        yield Problem(f"{path}/on_done", "unknown", f"no move {stage.on_done} leads out of {stage.key}")
    if not _ends(stage):
        yield Problem(
            f"{path}/on_done", "rule", f"{stage.key} is never done: a stage of kind done is wanting"
        )


def _ends(stage: Stage) -> bool:
    """Whether all within a stage can be done."""
    if stage.parallel:
        return all(_ends(one) for one in stage.stages)
    return any(one.kind == "done" for one in stage.stages)


# --- moves -----------------------------------------------------------------------------------------------


def _moves(pipeline: Pipeline, tree: Tree, known: _Known) -> Iterator[Problem]:
    counts = Counter((move.key, move.target) for move in pipeline.moves)
    for place, move in enumerate(pipeline.moves):
        path = f"moves/{place}"
        yield from key_of(move.key, f"{path}/key")
        if pipeline.has_stage(move.key):
            yield Problem(f"{path}/key", "rule", f"{move.key} is also the key of a stage")
        if (count := counts[move.key, move.target]) > 1:
            message = f"{count} moves have the key {move.key} and the target {move.target}"
            yield Problem(f"{path}/key", "rule", message)
        yield from label_of(move.label, move.translations, path)
        yield from _sources(tree, move, path)
        yield from _target(tree, move, path)
        yield from _gate(tree, move, path, known)


def _sources(tree: Tree, move: Move, path: str) -> Iterator[Problem]:
    if not move.sources:
        yield Problem(f"{path}/sources", "required", f"{move.key} starts from no stage")
    counts = Counter(move.sources)
    for place, source in enumerate(move.sources):
        if source not in tree.stages:
            yield Problem(f"{path}/sources/{place}", "unknown", f"there is no stage {source}")
        elif source == move.target and tree.is_leaf(source):
            yield Problem(f"{path}/sources/{place}", "rule", f"{move.key} leads from {source} to itself")
        if counts[source] > 1:
            yield Problem(f"{path}/sources/{place}", "rule", f"{source} is named {counts[source]} times")


def _target(tree: Tree, move: Move, path: str) -> Iterator[Problem]:
    if move.target == RETURN:
        for place, source in enumerate(move.sources):
            if source in tree.stages and tree.stages[source].kind not in ("hold", "won", "lost"):
                message = f"one returns from paused and closed stages, and {source} is neither"
                yield Problem(f"{path}/sources/{place}", "rule", message)
        if move.into:
            yield Problem(f"{path}/into", "rule", f"{move.key} leads to where the record came from")
    elif move.target not in tree.stages:
        yield Problem(f"{path}/target", "unknown", f"there is no stage {move.target}")
        return
    for place, key in enumerate(move.into):
        if key not in tree.stages or not tree.is_within(key, move.target):
            yield Problem(f"{path}/into/{place}", "unknown", f"{move.target} holds no stage {key}")
        elif any(not _are_parallel(tree, key, other) for other in move.into[:place] if other in tree.stages):
            yield Problem(f"{path}/into/{place}", "rule", f"{key} lies in no other region than those before")


def _are_parallel(tree: Tree, one: str, other: str) -> bool:
    """Whether a record can stand in two stages at once, neither of which holds the other."""
    shared = next((key for key in tree.path(one) if key in tree.path(other)), None)
    return shared is not None and shared not in (one, other) and tree.stages[shared].parallel


def _gate(tree: Tree, move: Move, path: str, known: _Known) -> Iterator[Problem]:
    yield from fields_of(move.required, f"{path}/required", known.fields)
    yield from needs_of(move.records, f"{path}/records", known.fields)
    if move.permission is not None and not DOTTED.fullmatch(move.permission):
        message = f"{move.permission!r} is not the name of a permission"
        yield Problem(f"{path}/permission", "format", message)
    if move.reach is not None and move.reach not in _REACHES:
        yield Problem(f"{path}/reach", "type", f"must be one of {', '.join(_REACHES)}")
    if move.approval is not None:
        yield from text_of(move.approval, f"{path}/approval")
    if move.within_days is not None:
        yield from within(move.within_days, f"{path}/within_days", 0, _MOST_DAYS)
        if any(tree.parents.get(source) for source in move.sources):
            message = "days are counted in stages that lie within no other"
            yield Problem(f"{path}/within_days", "rule", message)
    yield from uses_of(move.guards, f"{path}/guards", "guard", known.guards)
    yield from effects_of(move.effects, f"{path}/effects", known.fields)
    actions = tuple(one for one in move.effects if isinstance(one, Use))
    yield from uses_of(actions, f"{path}/effects", "action", known.actions)
