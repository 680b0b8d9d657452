"""Whether a pipeline can work as a whole: pure functions over the declaration.

`problems` collects everything that forbids it, `warnings` what is odd but permitted, `check` raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from pycrm.errors import DeclarationError, Problem
from pycrm.pipeline.model import KINDS, Move, Pipeline, Stage
from pycrm.values import clean_text

__all__ = ["check", "problems", "warnings"]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
_BREAKS = frozenset(("Cc", "Zl", "Zp"))
_LONGEST_LABEL = 200
_MOST_DAYS = 36_500
_MOST_VERSIONS = 2**31 - 1


def problems(
    pipeline: Pipeline, *, fields: Collection[str] | None = None, guards: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """Everything that keeps the pipeline from working, found in one pass (PIP-4, PIP-5, PIP-18).

    Args:
        pipeline: a draft; it may be wrong in any way that its types allow.
        fields: the names of the entity's fields; with them, required fields must be among them.
        guards: the names of the guards at hand; with them, the guards of moves must be among them.
    """
    return (
        *_head(pipeline),
        *_stages(pipeline, fields),
        *_moves(pipeline, fields, guards),
        *_paths(pipeline),
    )


def warnings(pipeline: Pipeline) -> tuple[Problem, ...]:
    """What is permitted but odd: probabilities that fall along the main line (PIP-18).

    The main line is the open stages in their order, without the archived ones.
    """
    found = []
    highest: Stage | None = None
    for place, stage in enumerate(pipeline.stages):
        if stage.kind != "open" or stage.archived or not _is_whole(stage.probability):
            continue
        if highest is not None and (stage.probability or 0) < (highest.probability or 0):
            message = f"{stage.key} has {stage.probability} %, less than {highest.key} before it"
            found.append(Problem(f"stages/{place}/probability", "rule", message))
        else:
            highest = stage
    return tuple(found)


def check(
    pipeline: Pipeline, *, fields: Collection[str] | None = None, guards: Collection[str] | None = None
) -> None:
    """Refuse a pipeline that cannot work.

    Raises:
        DeclarationError: naming every one of its `problems`.
    """
    found = problems(pipeline, fields=fields, guards=guards)
    if found:
        lines = "".join(f"\n  {problem.path}: {problem.message}" for problem in found)
        raise DeclarationError(f"pipeline {pipeline.key} version {pipeline.version} cannot work:{lines}")


def _head(pipeline: Pipeline) -> Iterator[Problem]:
    yield from _key(pipeline.key, "key")
    yield from _label(pipeline.label, pipeline.translations, "")
    yield from _range(pipeline.version, "version", 1, _MOST_VERSIONS)
    if not pipeline.entity.isidentifier():
        yield Problem("entity", "format", f"{pipeline.entity!r} is not the name of a class")
    if not pipeline.stages:
        yield Problem("stages", "required", "a pipeline needs at least one stage")
        return
    initial = pipeline.stages[0].key if pipeline.initial is None else pipeline.initial
    if not pipeline.has_stage(initial):
        yield Problem("initial", "unknown", f"there is no stage {initial}")
    elif (entry := pipeline.stage(initial)).kind != "open" or entry.archived:
        state = "archived" if entry.archived else entry.kind
        yield Problem("initial", "rule", f"a new record cannot stand in {initial}, which is {state}")


def _stages(pipeline: Pipeline, fields: Collection[str] | None) -> Iterator[Problem]:
    counts = Counter(stage.key for stage in pipeline.stages)
    for place, stage in enumerate(pipeline.stages):
        path = f"stages/{place}"
        yield from _key(stage.key, f"{path}/key")
        if counts[stage.key] > 1:
            yield Problem(f"{path}/key", "rule", f"{counts[stage.key]} stages have the key {stage.key}")
        yield from _label(stage.label, stage.translations, path)
        if stage.kind not in KINDS:
            yield Problem(f"{path}/kind", "type", f"{stage.key} must be one of {', '.join(KINDS)}")
        yield from _probability(stage, path)
        for name in ("expected_days", "stall_days"):
            if (days := getattr(stage, name)) is not None:
                yield from _range(days, f"{path}/{name}", 0, _MOST_DAYS)
        yield from _required(stage.required, f"{path}/required", fields)


def _probability(stage: Stage, path: str) -> Iterator[Problem]:
    if stage.probability is None:
        return
    wrong = list(_range(stage.probability, f"{path}/probability", 0, 100))
    yield from wrong
    certain = {"won": 100, "lost": 0}.get(stage.kind)
    if not wrong and certain is not None and stage.probability != certain:
        message = f"{stage.key} is {stage.kind}, so its probability is {certain}, not {stage.probability}"
        yield Problem(f"{path}/probability", "rule", message)


def _moves(
    pipeline: Pipeline, fields: Collection[str] | None, guards: Collection[str] | None
) -> Iterator[Problem]:
    counts = Counter((move.key, move.target) for move in pipeline.moves)
    for place, move in enumerate(pipeline.moves):
        path = f"moves/{place}"
        yield from _key(move.key, f"{path}/key")
        if pipeline.has_stage(move.key):
            yield Problem(f"{path}/key", "rule", f"{move.key} is also the key of a stage")
        if (count := counts[move.key, move.target]) > 1:
            message = f"{count} moves have the key {move.key} and the target {move.target}"
            yield Problem(f"{path}/key", "rule", message)
        yield from _label(move.label, move.translations, path)
        yield from _ends(pipeline, move, path)
        yield from _required(move.required, f"{path}/required", fields)
        if move.permission is not None and not _DOTTED.fullmatch(move.permission):
            message = f"{move.permission!r} is not the name of a permission"
            yield Problem(f"{path}/permission", "format", message)
        yield from _each(move.guards, f"{path}/guards", _DOTTED, "guard", guards)


def _ends(pipeline: Pipeline, move: Move, path: str) -> Iterator[Problem]:
    if not move.sources:
        yield Problem(f"{path}/sources", "required", f"{move.key} starts from no stage")
    counts = Counter(move.sources)
    for place, source in enumerate(move.sources):
        if not pipeline.has_stage(source):
            yield Problem(f"{path}/sources/{place}", "unknown", f"there is no stage {source}")
        elif source == move.target:
            yield Problem(f"{path}/sources/{place}", "rule", f"{move.key} leads from {source} to itself")
        if counts[source] > 1:
            yield Problem(f"{path}/sources/{place}", "rule", f"{source} is named {counts[source]} times")
    if not pipeline.has_stage(move.target):
        yield Problem(f"{path}/target", "unknown", f"there is no stage {move.target}")


def _paths(pipeline: Pipeline) -> Iterator[Problem]:
    """Stages that nothing reaches, and stages that reach no end.

    Nothing enters an archived stage, so no way leads through one; what stands there must still get out.
    """
    places = {stage.key: place for place, stage in enumerate(pipeline.stages)}
    exits: dict[str, set[str]] = {key: set() for key in places}
    for move in pipeline.moves:
        if pipeline.has_stage(move.target) and not pipeline.stage(move.target).archived:
            for source in exits.keys() & set(move.sources) - {move.target}:
                exits[source].add(move.target)

    initial = pipeline.initial or (pipeline.stages[0].key if pipeline.stages else "")
    reached = _closure([initial], exits)
    for key, place in places.items():
        if initial in places and key not in reached and not pipeline.stage(key).archived:
            yield Problem(f"stages/{place}", "rule", f"{key} cannot be reached from {initial}")

    alive = [key for key in places if not pipeline.stage(key).is_closed]
    for key in alive:
        if not exits[key]:
            yield Problem(f"stages/{places[key]}", "rule", f"{key} is a dead end: no move leads out of it")
    entries: dict[str, set[str]] = {key: set() for key in places}
    for key in alive:  # a way that first loses and then reopens does not count, so closed stages end it
        for target in exits[key]:
            entries[target].add(key)
    for kind in ("won", "lost"):
        ends = [stage.key for stage in pipeline.stages if stage.kind == kind and not stage.archived]
        able = _closure(ends, entries)
        for key in alive:
            if ends and exits[key] and key not in able:
                message = f"{key} cannot reach a stage of kind {kind}"
                yield Problem(f"stages/{places[key]}", "rule", message)


def _closure(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting.extend(edges.get(key, ()))
    return seen


def _key(key: str, path: str) -> Iterator[Problem]:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        message = f"{key!r} must be lower-case letters, digits and _, begin with a letter, at most 60"
        yield Problem(path, "format", message)


def _label(label: str, translations: Mapping[str, str], path: str) -> Iterator[Problem]:
    prefix = f"{path}/" if path else ""
    yield from _text(label, f"{prefix}label")
    for language, text in translations.items():
        if not _LANGUAGE.fullmatch(language):
            message = f"{language!r} is not a language such as zh or zh_TW"
            yield Problem(f"{prefix}translations/{language}", "format", message)
        yield from _text(text, f"{prefix}translations/{language}")


def _text(text: str, path: str) -> Iterator[Problem]:
    if not isinstance(text, str) or not text.strip():
        yield Problem(path, "required", "must be a text that says something")
        return
    try:
        clean_text(text, longest=_LONGEST_LABEL)
    except ValueError as error:
        yield Problem(path, "format", str(error))
    else:
        if any(unicodedata.category(character) in _BREAKS for character in text):
            yield Problem(path, "format", "holds a control character or a line break")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _range(value: object, path: str, least: int, most: int) -> Iterator[Problem]:
    if not isinstance(value, int) or not _is_whole(value):
        yield Problem(path, "type", "must be a whole number")
    elif not least <= value <= most:
        yield Problem(path, "range", f"must be from {least} to {most}")


def _required(names: tuple[str, ...], path: str, fields: Collection[str] | None) -> Iterator[Problem]:
    return _each(names, path, _KEY, "field", fields)


def _each(
    names: tuple[str, ...], path: str, form: re.Pattern[str], noun: str, known: Collection[str] | None
) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if not isinstance(name, str) or not form.fullmatch(name):
            yield Problem(f"{path}/{place}", "format", f"{name!r} is not the name of a {noun}")
        elif known is not None and name not in known:
            yield Problem(f"{path}/{place}", "unknown", f"there is no {noun} {name}")
        if names.index(name) < place:
            yield Problem(f"{path}/{place}", "rule", f"{name} is named twice")
