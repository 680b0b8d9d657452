"""The state charts under a pipeline: compiled by python-statemachine, one instance for each move.

An instance costs in proportion to the transitions of its class (36 us each), so there is a class for
each stage, with that stage, the moves that lead out of it and their targets: as long as stages are not
nested, one move can ask for no more.

What the library would take amiss is kept from it here. States and events are prefixed paths, because
the library looks names up as attributes of its machine, where a stage called ``model`` or a move
called ``send`` would collide. Gates are closures of ours that take the model only and whose
``__qualname__`` is unique, because the library caches signatures by it. Won and lost stages are not
final states, because a final state permits no way out and ends the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycrm.pipeline.model import Move, Pipeline

if TYPE_CHECKING:
    from statemachine import StateChart

__all__ = ["Machine"]

Gate = Callable[[Move], bool]
"""Whether a move's requirements are met."""


class _Subject:
    """What the chart moves. Two slots, so that no attribute is mistaken for a callback."""

    __slots__ = ("gate", "stage")

    def __init__(self, stage: str, gate: Gate) -> None:
        self.stage = stage
        self.gate = gate


class Machine:
    """The state chart classes of one pipeline, each made when a first move leaves its stage.

    Boards and checks do without them, and so without importing the library (0.1 s).
    """

    __slots__ = ("_made", "_making", "_pipeline", "_table")

    def __init__(self, pipeline: Pipeline, table: Mapping[str, Sequence[Move]]) -> None:
        self._pipeline = pipeline
        self._table = table
        self._made: dict[str, type[StateChart[Any]]] = {}
        self._making = threading.Lock()

    def run(self, stage: str, move: Move, gate: Gate) -> str | None:
        """Send one move to a fresh instance that stands in `stage`.

        Returns the key of the stage reached, or None if no transition was taken; `gate` was then
        asked and said no, or was not asked because the chart has no such transition.
        """
        made = self._made.get(stage) or self._make(stage)
        subject = _Subject(_path(stage), gate)
        chart = made(subject, state_field="stage")
        try:
            chart.send(_event(move))
        except chart.TransitionNotAllowed:
            return None
        return subject.stage.removeprefix(_path(""))

    def _make(self, stage: str) -> type[StateChart[Any]]:
        with self._making:
            if stage not in self._made:
                self._made[stage] = _compiled(self._pipeline, stage, self._table[stage])
            return self._made[stage]


def _compiled(pipeline: Pipeline, stage: str, moves: Sequence[Move]) -> type[StateChart[Any]]:
    from statemachine.io import create_machine_class_from_definition

    ways = {
        _event(move): [{"target": _path(move.target), "cond": _gate(pipeline, stage, move)}] for move in moves
    }
    states: dict[str, Any] = {_path(stage): {"name": stage, "initial": True, "on": ways}}
    for move in moves:
        states[_path(move.target)] = {"name": move.target}
    return create_machine_class_from_definition(
        f"{pipeline.key}_{pipeline.version}_{stage}",
        states,
        catch_errors_as_events=False,
        allow_event_without_transition=False,
        # Our rules have been asked; the library's own know neither archived nor closed stages.
        validate_disconnected_states=False,
        validate_trap_states=False,
        validate_final_reachability=False,
    )


def _gate(pipeline: Pipeline, stage: str, move: Move) -> Callable[[_Subject], bool]:
    def gate(model: _Subject) -> bool:
        return model.gate(move)

    gate.__qualname__ = "/".join((*map(str, pipeline.identity), _path(stage), _event(move)))
    return gate


def _path(stage: str) -> str:
    return f"stage/{stage}"


def _event(move: Move) -> str:
    return f"move/{move.key}/{move.target}"
