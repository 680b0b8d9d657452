"""Faults to be planted into charts, each in one place; random walks have to meet every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pycrm.pipeline import chart, machine, tree, way
from pycrm.pipeline.chart import Chart

__all__ = ["FAULTS", "Plant"]

Plant = Callable[[pytest.MonkeyPatch], None]

_entered, _gate, _states = tree.Tree.entered, machine._gate, machine._states


def _in(home: Any, name: str, fault: Any) -> Plant:
    return lambda monkeypatch: monkeypatch.setattr(home, name, fault)


def _asks_no_stage(self: Any, one: Any) -> Any:
    return list(one.move.required), []


def _asks_no_move(self: Any, one: Any) -> Any:
    return list(dict.fromkeys(n for key in one.entered for n in self.routes.tree.stages[key].required)), []


def _opens(pipeline: Any, leaves: Any, one: Any) -> Any:
    asked = _gate(pipeline, leaves, one)

    def gate(model: Any) -> bool:
        asked(model)
        return True

    gate.__qualname__ = f"open/{asked.__qualname__}"
    return gate


def _done_in_one(self: Any, key: str, active: set[str]) -> bool:
    stage = self.stages[key]
    if stage.parallel:
        return any(_done_in_one(self, one.key, active) for one in stage.stages)
    return any(one.kind == "done" and one.key in active for one in stage.stages)


def _to_the_beginning(self: Any, ways: Any, at: Any) -> Any:
    for one in ways:
        if one.move.target != "<return>":
            yield one
        elif at.before.get(one.source):
            region = self.tree.region(one.source)
            key = self.tree.first_of(region)
            targets = self.tree.leaves(self.tree.begun(key))
            yield way.Way(one.move, one.source, key, targets, self.tree.entered(one.source, targets))


def _begins_at_the_end(one: Any, keys: Any) -> Any:
    states = _states(one, keys)
    for state in states.values():
        inner = state.get("states")
        if inner and not state.get("parallel"):
            for each in inner.values():
                each.pop("initial", None)
            list(inner.values())[-1]["initial"] = True
    return states


def _fills_blanks(value: Any) -> bool:
    return value is not None


def _all_declared(self: Any, stage: str) -> Any:
    return tuple(move for move in self.pipeline.moves if stage in move.sources)


FAULTS: dict[str, Plant] = {
    "a stage asks for nothing": _in(Chart, "gate", _asks_no_stage),
    "a move asks for nothing": _in(Chart, "gate", _asks_no_move),
    "the chart takes what is refused": _in(machine, "_gate", _opens),
    "a blank reason is a reason": _in(chart, "is_filled", _fills_blanks),
    "guards are not heard": _in(chart, "objections", lambda name, answer: ()),
    "one region is done for all": _in(tree.Tree, "is_done", _done_in_one),
    "nothing follows what is done": _in(Chart, "_following", lambda self, before, leaves: None),
    "what ends a stage is taken before": _in(Chart, "_undone", lambda self, leaves, source: []),
    "one returns to the beginning": _in(way.Routes, "_returning", _to_the_beginning),
    "a fork leads to one region only": _in(
        tree.Tree, "entered", lambda self, source, targets: _entered(self, source, targets[:1])
    ),
    "a region begins in its last stage": _in(machine, "_states", _begins_at_the_end),
    "the moves of what holds a stage are lost": _in(tree.Tree, "path", lambda self, key: (key,)),
    "a move within leaves the whole stage": _in(tree.Tree, "domain", lambda self, source, targets: ""),
    "archived stages are entered": _in(way.Routes, "moves_from", _all_declared),
}
