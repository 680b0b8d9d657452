"""State charts written in SCXML as pipelines, as far as a pipeline can say what they say."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from pycrm.errors import ConflictError, InvalidError
from pycrm.pipeline import Facts, Move, Pipeline, Stage, Standing, compile_pipeline

__all__ = ["ORDER", "PREEMPTION", "OutsideError", "Script", "scripts"]

_NAMESPACE = "{http://www.w3.org/2005/07/scxml}"
_PLAIN = {"scxml", "state", "parallel", "transition", "initial", "history", "final", "onentry", "onexit"}
ORDER = "two moves of one name lead out of one stage: the order of the document would decide"
PREEMPTION = "two regions answer, and one leaves what the other is in: preemption would decide"
_END = "end_of_all"


class OutsideError(Exception):
    """A chart that no pipeline expresses, and why."""


@attrs.frozen
class Script:
    """A chart with its test: where it begins, and where each event leads."""

    name: str
    root: Any
    steps: Any

    def run(self) -> Iterator[tuple[list[str], list[str]]]:
        """Where the pipeline stands and where it should, at the beginning and after each event.

        Raises:
            OutsideError: no pipeline expresses the chart.
        """
        keys, pipeline = _pipeline(self.root)
        names = {key: id for id, key in keys.items()}
        chart = compile_pipeline(pipeline)
        tree = chart.routes.tree
        leaves = tree.leaves(tree.first)
        yield _named(names, leaves), self.steps["initialConfiguration"]
        for step in self.steps["events"]:
            verb = _verb(step["event"]["name"])
            try:
                move = chart.resolve(Standing(leaves), verb)
                leaves = chart.execute(Standing(leaves), move, Facts({})).leaves
            except ConflictError:
                pass
            except InvalidError:
                sources = [way.source for way in chart.ways(Standing(leaves)) if way.move.key == verb]
                raise OutsideError(ORDER if len(set(sources)) < len(sources) else PREEMPTION) from None
            yield _named(names, leaves), step["nextConfiguration"]


def scripts(folder: Path) -> Iterator[Script]:
    """Every chart without scripts that has a test."""
    for path in sorted(folder.glob("*/*.scxml")):
        test = path.with_suffix(".json")
        root = ET.parse(path).getroot()
        tags = {
            element.tag.removeprefix(_NAMESPACE) for element in root.iter() if isinstance(element.tag, str)
        }
        if test.exists() and tags <= _PLAIN:
            yield Script(f"{path.parent.name}/{path.stem}", root, json.loads(test.read_text("utf-8")))


def _named(names: dict[str, str], leaves: tuple[str, ...]) -> list[str]:
    return sorted(names[key] for key in leaves)


def _verb(event: str) -> str:
    return "on_" + "".join(letter if letter.isalnum() else "_" for letter in event.lower())


def _pipeline(root: Any) -> tuple[dict[str, str], Pipeline]:
    """The pipeline, and by each state's id the key of its stage."""
    states = [one for one in root.iter() if _tag(one) in ("state", "parallel", "final", "history")]
    if any(_tag(one) == "history" for one in states):
        raise OutsideError("history states: one returns from paused and closed stages alone")
    for number, one in enumerate(states):
        if "id" not in one.attrib:
            one.set("id", f"unnamed{number}")
    keys = {one.get("id"): f"s{number}_{_clean(one.get('id'))}" for number, one in enumerate(states)}
    moves: dict[tuple[str, str], list[Any]] = {}
    for state in states:
        for transition in state.findall(f"{_NAMESPACE}transition"):
            _add(transition, state, keys, moves, root)
    stages = [_stage(one, keys) for one in root if _tag(one) in ("state", "parallel", "final")]
    first = root.get("initial") or next(one.get("id") for one in root if _tag(one) in ("state", "parallel"))
    if keys[first] not in [stage.key for stage in stages]:
        raise OutsideError("a chart that begins deep within a state")
    declared = [
        Move(verb, tuple(source for source, _ in some), target, verb, into=some[0][1])
        for (verb, target), some in moves.items()
    ]
    # A pipeline ends somewhere, and every stage of it can be reached; nobody sends these moves here.
    declared.append(Move("leave_all", [stage.key for stage in stages], _END, "Leave"))
    declared += [Move("visit", _END, one.key, "Visit") for one in _leaves(stages)]
    return keys, Pipeline(
        "chart",
        1,
        "Chart",
        "Chart",
        stages=[*stages, Stage(_END, "End", kind="won")],
        moves=declared,
        initial=keys[first],
    )


def _leaves(stages: Any) -> Iterator[Stage]:
    for one in stages:
        if one.stages:
            yield from _leaves(one.stages)
        else:
            yield one


def _tag(element: Any) -> str:
    return str(element.tag).removeprefix(_NAMESPACE)


def _clean(id: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in id.lower())


def _add(
    transition: Any, state: Any, keys: dict[str, str], moves: dict[tuple[str, str], list[Any]], root: Any
) -> None:
    event, targets = transition.get("event"), (transition.get("target") or "").split()
    if transition.get("cond"):
        raise OutsideError("conditions in a language of scripts")
    if event is None:
        raise OutsideError("transitions without an event")
    if " " in event or "*" in event or "." in event:
        raise OutsideError("events that are named by a pattern or a list")
    if not targets:
        raise OutsideError("transitions without a target")
    source = keys[state.get("id")]
    if transition.get("type") == "internal":
        raise OutsideError("internal transitions")
    if [source] == [keys[one] for one in targets] and not len(state.findall(f"{_NAMESPACE}state")):
        raise OutsideError("a stage that leads to itself")
    into: tuple[str, ...] = ()
    target = keys[targets[0]]
    if len(targets) > 1:
        into, target = tuple(keys[one] for one in targets), keys[_around(root, targets)]
    some = moves.setdefault((_verb(event), target), [])
    if some and some[0][1] != into:
        raise OutsideError("several moves of one name to one stage")
    some.append((source, into))


def _around(root: Any, targets: list[str]) -> str:
    """The innermost parallel state that holds all targets of a fork."""
    holding = [
        one
        for one in root.iter(f"{_NAMESPACE}parallel")
        if set(targets) <= {inner.get("id") for inner in one.iter()}
    ]
    return str(holding[-1].get("id"))


def _stage(state: Any, keys: dict[str, str]) -> Stage:
    key = keys[state.get("id")]
    inner = [_stage(one, keys) for one in state if _tag(one) in ("state", "parallel")]
    if any(_tag(one) == "final" for one in state):
        raise OutsideError("final states within others")
    if _tag(state) == "parallel":
        return Stage(key, key, stages=inner, parallel=True)
    first = state.get("initial")
    named = state.find(f"{_NAMESPACE}initial/{_NAMESPACE}transition")
    if named is not None:
        first = named.get("target")
    if first is not None and keys[first] not in [one.key for one in inner]:
        raise OutsideError("a state that begins deep within another")
    return Stage(key, key, stages=inner, initial=None if first is None else keys[first])
