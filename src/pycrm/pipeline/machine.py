"""The state charts under a pipeline: compiled by python-statemachine, one instance for each move.

An instance costs in proportion to the transitions of its class (36 us each), so there is a class for
each place where a record can stand, with the ways that lead out of it: a record that stands there can
ask for no more. Of a pipeline without stages in stages it holds no more than these and their targets.
Where a way leads back to where a record came from, that place belongs to the class too.

What the library would take amiss is kept from it here. States and events are prefixed paths, because
the library looks names up as attributes of its machine, where a stage called ``model`` or a move
called ``send`` would collide. Gates are closures of ours that take the model only and whose
``__qualname__`` is unique, because the library caches signatures by it. Closed stages, and those in
which all is done, are not final states, because a final state permits no way out and ends the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pycrm.pipeline.model import RETURN, Pipeline
from pycrm.pipeline.tree import Tree
from pycrm.pipeline.way import Way

if TYPE_CHECKING:
    from statemachine import StateChart

__all__ = ["Machine"]

_MOST_CLASSES = 512


Gate = Callable[[Way], bool]
"""Whether a way is asked for, and its requirements are met."""


class _Subject:
    """What the chart moves. Two slots, so that no attribute is mistaken for a callback."""

    __slots__ = ("gate", "stage")

    def __init__(self, stage: Any, gate: Gate) -> None:
        self.stage = stage
        self.gate = gate


class Machine:
    """The state chart classes of one pipeline, each made when a first move leaves its place.

    Boards and checks do without them, and so without importing the library (0.1 s).
    """

    __slots__ = ("_made", "_making", "_pipeline", "_tree")

    def __init__(self, pipeline: Pipeline, tree: Tree) -> None:
        self._pipeline, self._tree = pipeline, tree
        self._made: dict[Any, type[StateChart[Any]]] = {}
        self._making = threading.Lock()

    def run(self, leaves: tuple[str, ...], ways: Sequence[Way], key: str, gate: Gate) -> tuple[str, ...]:
        """Send the moves of one key to a fresh instance that stands in `leaves`.

        Args:
            leaves: the innermost stages.
            ways: all ways out of there.
            key: of the move.
            gate: asked about each way of that key, inner stages before those that hold them.

        Returns:
            the leaves reached; those of before where no transition was taken: the gate said no each
            time, or was never asked because the chart has no such transition.
        """
        returns = tuple((way.name, way.targets) for way in ways if way.move.target == RETURN)
        made = self._made.get((leaves, returns)) or self._make(leaves, ways, returns)
        subject = _Subject(self._standing(leaves), gate)
        chart = made(subject, state_field="stage")
        try:
            chart.send(_event(key))
        except chart.TransitionNotAllowed:
            return leaves
        reached = subject.stage
        values = [reached] if isinstance(reached, str) else reached
        return self._tree.leaves(value.removeprefix(_path("")) for value in values)

    def _standing(self, leaves: tuple[str, ...]) -> Any:
        if self._tree.is_flat:
            return _path(leaves[0])
        from statemachine.orderedset import OrderedSet

        return OrderedSet(_path(key) for key in self._tree.active(leaves))

    def _make(self, leaves: tuple[str, ...], ways: Sequence[Way], returns: Any) -> type[StateChart[Any]]:
        with self._making:
            if (leaves, returns) not in self._made:
                if len(self._made) >= _MOST_CLASSES:
                    self._made.clear()
                self._made[leaves, returns] = _compiled(self._pipeline, self._tree, leaves, ways)
            return self._made[leaves, returns]


def _compiled(
    pipeline: Pipeline, tree: Tree, leaves: tuple[str, ...], ways: Sequence[Way]
) -> type[StateChart[Any]]:
    from statemachine.io import create_machine_class_from_definition

    on: dict[str, dict[str, list[Any]]] = {}
    for way in ways:
        targets = " ".join(map(_path, way.targets))
        transition = {"target": targets, "cond": _gate(pipeline, leaves, way)}
        on.setdefault(way.source, {}).setdefault(_event(way.move.key), []).append(transition)
    active = tree.active(leaves)
    if tree.is_flat:
        states: dict[str, Any] = {_path(key): {"name": key} for key in (*leaves, *(way.to for way in ways))}
    else:
        states = _states(tree, [stage.key for stage in pipeline.stages])
    states[_path(active[0])]["initial"] = True
    _place(states, on)
    return create_machine_class_from_definition(
        f"{pipeline.key}_{pipeline.version}_{'_'.join(leaves)}",
        states,
        catch_errors_as_events=False,
        allow_event_without_transition=False,
        # Our rules have been asked; the library's own know neither archived nor closed stages.
        validate_disconnected_states=False,
        validate_trap_states=False,
        validate_final_reachability=False,
    )


def _states(tree: Tree, keys: Iterable[str]) -> dict[str, Any]:
    states: dict[str, Any] = {}
    for key in keys:
        stage = tree.stages[key]
        states[_path(key)] = {"name": key}
        if stage.stages:
            inner = _states(tree, [one.key for one in stage.stages])
            if stage.parallel:
                states[_path(key)]["parallel"] = True
            else:
                inner[_path(tree.first_of(key))]["initial"] = True
            states[_path(key)]["states"] = inner
    return states


def _place(states: dict[str, Any], on: dict[str, dict[str, list[Any]]]) -> None:
    for path, state in states.items():
        key = path.removeprefix(_path(""))
        if key in on:
            state["on"] = on[key]
        _place(state.get("states", {}), on)


def _gate(pipeline: Pipeline, leaves: tuple[str, ...], way: Way) -> Callable[[_Subject], bool]:
    def gate(model: _Subject) -> bool:
        return model.gate(way)

    gate.__qualname__ = "/".join((*map(str, pipeline.identity), *leaves, *way.name, *way.targets))
    return gate


def _path(stage: str) -> str:
    return f"stage/{stage}"


def _event(key: str) -> str:
    return f"move/{key}"
