"""Which moves of a row of stages share which track of a drawing, and where lines meet the boxes."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pycrm.pipeline.model import RETURN, Move, Pipeline, Stage
from pycrm.pipeline.tree import Tree

__all__ = ["Track", "levels", "ports", "tracks"]


@attrs.frozen(eq=False)
class Track:
    """A move within one row: the places of its sources and of its target, counted from the left."""

    move: Move
    sources: tuple[int, ...]
    target: int
    is_forward: bool

    @property
    def span(self) -> tuple[int, int]:
        """The outermost places."""
        places = (*self.sources, self.target)
        return min(places), max(places)


def tracks(pipeline: Pipeline, stages: Sequence[Stage]) -> list[Track]:
    """The moves that this row draws: from one of its stages, or what lies within, to another one."""
    tree = Tree(pipeline)
    places = {stage.key: place for place, stage in enumerate(stages)}
    found = []
    for move in pipeline.moves:
        if move.target == RETURN:
            continue
        target = _place(tree, places, move.target)
        sources = dict.fromkeys(_place(tree, places, source) for source in move.sources)
        others = tuple(place for place in sources if place is not None and place != target)
        if target is None or not others:
            continue
        is_loss = stages[target].kind == "lost"
        is_forward = not is_loss and min(others) < target
        found.append(Track(move, others, target, is_forward))
    return found


def _place(tree: Tree, places: dict[str, int], key: str) -> int | None:
    """The place in the row of the stage that is, or holds, a stage."""
    if key not in tree.stages:
        return None
    return next((places[one] for one in tree.path(key) if one in places), None)


def levels(found: Sequence[Track], *, is_above: bool) -> dict[Track, int]:
    """How far from the row each track runs, the short ones nearest; those that do not meet share one."""
    mine = [track for track in found if track.is_forward == is_above]
    held: list[list[tuple[int, int]]] = []
    levels: dict[Track, int] = {}
    for track in sorted(mine, key=lambda one: (one.span[1] - one.span[0], one.target)):
        low, high = track.span
        free = (place for place, spans in enumerate(held) if all(high <= a or low >= b for a, b in spans))
        level = next(free, len(held))
        if level == len(held):
            held.append([])
        held[level].append(track.span)
        levels[track] = level
    return levels


def ports(found: Sequence[Track], number: int) -> list[list[Track]]:
    """Of each place the tracks that meet it there, from left to right.

    What comes from the left meets it on the left, and the nearest outermost, so that lines seldom cross.
    """
    held: list[list[Track]] = []
    for place in range(number):
        met = [track for track in found if place in (*track.sources, track.target)]
        from_left = [track for track in met if track.span[1] == place]
        through = [track for track in met if track.span[0] < place < track.span[1]]
        to_right = [track for track in met if track.span[0] == place]
        held.append(
            [
                *sorted(from_left, key=lambda one: -one.span[0]),
                *sorted(through, key=lambda one: one.span),
                *sorted(to_right, key=lambda one: -one.span[1]),
            ]
        )
    return held
