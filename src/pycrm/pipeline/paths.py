"""Where the moves of a pipeline lead: stages that nothing reaches, and stages that reach no end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pycrm.errors import Problem
from pycrm.pipeline.model import RETURN, Move, Pipeline
from pycrm.pipeline.tree import Tree

__all__ = ["problems"]


def problems(pipeline: Pipeline, tree: Tree, places: Mapping[str, str]) -> Iterator[Problem]:
    """Stages that cannot be reached, and such that reach no won or no lost stage (PIP-18).

    Nothing enters an archived stage, so no way leads through one; what stands there must still get out.
    A way back leads to wherever one can come from.
    """
    if pipeline.initial is not None and not pipeline.has_stage(pipeline.initial):
        return
    entering = [move for move in pipeline.moves if _is_whole(tree, move)]
    reached = _reached(tree, entering)
    for key, path in places.items():
        if key not in reached and not _is_archived(tree, key):
            yield Problem(path, "rule", f"{key} cannot be reached from {tree.first[0]}")
    alive = [key for key in tree.leaves(tree.stages) if not tree.stages[tree.top(key)].is_closed]
    exits = {key: _exits(tree, entering, key) for key in alive}
    for key in alive:
        if not exits[key]:
            yield Problem(places[key], "rule", f"{key} is a dead end: no move leads out of it")
    for kind in ("won", "lost"):
        ends = [stage.key for stage in pipeline.stages if stage.kind == kind and not stage.archived]
        able = _able(tree, exits, ends)
        for key in alive:
            if ends and exits[key] and key not in able:
                yield Problem(places[key], "rule", f"{key} cannot reach a stage of kind {kind}")


def _is_whole(tree: Tree, move: Move) -> bool:
    """Whether a move names stages that there are and that may be entered."""
    if move.target == RETURN:
        return True
    if move.target not in tree.stages or not all(one in tree.stages for one in move.into):
        return False
    return not any(_is_archived(tree, one) for one in (move.target, *move.into))


def _is_archived(tree: Tree, key: str) -> bool:
    return any(tree.stages[one].archived for one in tree.path(key))


def _reached(tree: Tree, moves: Iterable[Move]) -> set[str]:
    """Every stage that a record can come to stand in."""
    seen: set[str] = set()
    waiting = list(tree.first)
    left = [
        (source, move)
        for move in moves
        for source in move.sources
        if source in tree.stages and move.target != RETURN
    ]
    while waiting:
        seen.update(waiting)
        waiting = []
        for source, move in left:
            if source in seen and source != move.target:
                found = tree.entered(source, move.into or (move.target,))
                waiting += [key for key in found if key not in seen]
    return seen


def _exits(tree: Tree, moves: Sequence[Move], leaf: str) -> set[str]:
    """The leaves that one move leads to, from a leaf or from a stage that holds it."""
    found: set[str] = set()
    path = set(tree.path(leaf))
    for move in moves:
        for source in path.intersection(move.sources):
            if move.target == RETURN:
                found.update(_came_from(tree, moves, source))
            elif move.target != source or not tree.is_leaf(source):
                found.update(tree.leaves(tree.entered(source, move.into or (move.target,))))
    return found - {leaf}


def _came_from(tree: Tree, moves: Iterable[Move], key: str) -> Iterator[str]:
    """The leaves from which some move leads to a stage, to which one returns from there."""
    for move in moves:
        if key in (move.target, *move.into):
            for leaf in tree.leaves(tree.stages):
                if not set(tree.path(leaf)).isdisjoint(move.sources):
                    yield leaf


def _able(tree: Tree, exits: Mapping[str, set[str]], ends: Iterable[str]) -> set[str]:
    """The leaves from which some way leads to an end without passing another one.

    A way that first loses and then reopens does not count.
    """
    able: set[str] = set()
    waiting = [leaf for end in ends for leaf in tree.leaves(tree.begun(end))]
    while waiting:
        able.update(waiting)
        waiting = [key for key, found in exits.items() if key not in able and not found.isdisjoint(able)]
    return able
