"""The ways that lead out of a place, and what somebody means who names one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.pipeline.model import RETURN, Move, Pipeline
from pycrm.pipeline.tree import Tree

__all__ = ["Routes", "Standing", "Way"]

_MOST_PLACES = 1024


@attrs.frozen
class Standing:
    """Where a record stands.

    Args:
        leaves: its innermost stages; of a pipeline without stages in stages one.
        before: for a stage from which a move returns, the leaves that one returns to.
    """

    leaves: tuple[str, ...]
    before: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, hash=False)


@attrs.frozen(eq=False)
class Way:
    """A move as it stands open to one record; two are one only if they are the same.

    Attributes:
        move: the declared move.
        source: the active stage from which it starts.
        to: the key of the stage to which it leads; of a move that returns, the one returned to.
        targets: the innermost stages that are asked for: `to` itself, or those within.
        entered: every stage that is entered with them.
    """

    move: Move
    source: str
    to: str
    targets: tuple[str, ...]
    entered: tuple[str, ...]

    @property
    def name(self) -> tuple[str, str, str]:
        """What tells the ways out of one place apart."""
        return (self.source, self.move.key, self.move.target)


class Routes:
    """The ways of one pipeline, from wherever a record can stand."""

    def __init__(self, pipeline: Pipeline, tree: Tree) -> None:
        self.pipeline, self.tree = pipeline, tree
        closed = {key for key in tree.stages if any(tree.stages[one].archived for one in tree.path(key))}
        entering = [move for move in pipeline.moves if closed.isdisjoint((move.target, *move.into))]
        self.table: Mapping[str, tuple[Move, ...]] = {
            key: tuple(move for move in entering if key in move.sources) for key in tree.stages
        }
        self._ways: dict[tuple[str, ...], tuple[Way, ...]] = {}
        self._back: dict[tuple[str, ...], tuple[str, ...]] = {}

    def moves_from(self, stage: str) -> tuple[Move, ...]:
        """The moves that a stage declares, whether or not their gates are met.

        Raises:
            InvalidError: the pipeline has no such stage.
        """
        try:
            return self.table[stage]
        except KeyError:
            message = f"{self.pipeline.label} has no stage {stage!r}."
            problem = Problem("stage", "unknown", message)
            raise InvalidError(message, fields=[problem]) from None

    def standing(self, at: str | Standing) -> Standing:
        """Where a record stands that has just entered a stage, or what was known already."""
        if isinstance(at, Standing):
            return at
        self.moves_from(at)
        return Standing((at,)) if self.tree.is_flat else Standing(self.tree.leaves(self.tree.begun(at)))

    def ways(self, at: str | Standing) -> tuple[Way, ...]:
        """Every move that leads out of a place, the innermost stages' first, met gates or not.

        Raises:
            InvalidError: the pipeline has no such stage.
        """
        at = self.standing(at)
        found = self._ways.get(at.leaves)
        if found is None:
            if len(self._ways) >= _MOST_PLACES:
                self._ways.clear()
            found = self._ways[at.leaves] = tuple(self._way(*one) for one in self._declared(at.leaves))
        return tuple(self._returning(found, at)) if self.returning(at.leaves) else found

    def returning(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the innermost stages from which a move leads back to where a record came from."""
        found = self._back.get(leaves)
        if found is None:
            if len(self._back) >= _MOST_PLACES:
                self._back.clear()
            found = self._back[leaves] = tuple(
                key for key in leaves if any(move.target == RETURN for move in self.moves_from(key))
            )
        return found

    def _declared(self, leaves: tuple[str, ...]) -> Iterator[tuple[str, Move]]:
        seen: set[str] = set()
        for leaf in leaves:
            for key in self.tree.path(leaf):
                if key not in seen:
                    seen.add(key)
                    for move in self.moves_from(key):
                        yield key, move

    def _way(self, source: str, move: Move) -> Way:
        if move.target == RETURN:
            return Way(move, source, RETURN, (), ())
        targets = move.into or (move.target,)
        return Way(move, source, move.target, targets, self.tree.entered(source, targets))

    def _returning(self, ways: tuple[Way, ...], at: Standing) -> Iterator[Way]:
        """The ways with those that return led to where the record came from, if one may enter that."""
        for way in ways:
            if way.move.target != RETURN:
                yield way
                continue
            targets = at.before.get(way.source, ())
            if targets and all(self._is_open_to(one) for one in targets):
                region = self.tree.region(way.source)
                to = next(key for key in self.tree.path(targets[0]) if self.tree.parents[key] == region)
                yield Way(way.move, way.source, to, targets, self.tree.entered(way.source, targets))

    def _is_open_to(self, key: str) -> bool:
        stages = self.tree.stages
        return key in stages and not any(stages[one].archived for one in self.tree.path(key))

    def resolve(self, at: str | Standing, to: str) -> tuple[Way, ...]:
        """What `to` means for a record: the one move to the stage of that key, or that of that name.

        A move's key that several regions answer means each of them.

        Raises:
            ConflictError: no declared move fits; ``data["allowed"]`` lists those that exist (PIP-E2).
            InvalidError: several fit, or the stage is unknown; ``data["candidates"]`` lists them.
        """
        at = self.standing(at)
        ways = self.ways(at)
        found = [way for way in ways if way.to == to]
        if found:
            step = _without_twins(found)
            is_one = len(step) == 1
        else:
            found = [way for way in ways if way.move.key == to]
            step = self._of_regions(at.leaves, found)
            is_one = bool(step) and self._is_at_once(step)
        if not found:
            raise self.undeclared(at, to)
        if not is_one:
            message = f"{to!r} can mean several moves from {self._named(at)!r}; name the stage or the move."
            problem = Problem("to", "rule", message)
            data = {"candidates": _listed(found), "stage": self._named(at)}
            raise InvalidError(message, fields=[problem], data=data)
        return tuple(step)

    def _of_regions(self, leaves: tuple[str, ...], found: Sequence[Way]) -> list[Way]:
        """Of the moves of one key those that each leaf's innermost stage with any declares."""
        chosen: dict[tuple[str, str, str], Way] = {}
        for leaf in leaves:
            for key in self.tree.path(leaf):
                some = [way for way in found if way.source == key]
                if some:
                    chosen |= {way.name: way for way in some}
                    break
        # A stage's own move goes before one of a stage that holds it, as in every state chart.
        inner = [
            way
            for way in chosen.values()
            if not any(self.tree.is_within(other.source, way.source) for other in chosen.values())
        ]
        return _without_twins(inner)

    def _is_at_once(self, step: Sequence[Way]) -> bool:
        """Whether moves of several regions can be taken together: none leaves what another enters."""
        left = [self.tree.domain(way.source, way.targets) for way in step]
        return all(
            not (one == other or self.tree.is_within(one, other) or self.tree.is_within(other, one))
            for place, one in enumerate(left)
            for other in left[place + 1 :]
        )

    def undeclared(self, at: Standing, to: str) -> ConflictError:
        """The refusal of a move that there is not, with those that there are."""
        allowed, stage = _listed(self.ways(at)), self._named(at)
        if to in self.tree.active(at.leaves):
            message = f"The record stands in {to!r} already."
        else:
            ways = ", ".join(f"{way['move']} to {way['to']}" for way in allowed) or "none"
            message = f"No move leads from {stage!r} to {to!r}. Allowed: {ways}."
        return ConflictError(message, data={"allowed": allowed, "stage": stage})

    def _named(self, at: Standing) -> str:
        return at.leaves[0] if len(at.leaves) == 1 else self.tree.top(at.leaves[0])


def _without_twins(ways: Sequence[Way]) -> list[Way]:
    """The ways, of one move that several stages declare the first."""
    return list({(way.move.key, way.move.target): way for way in reversed(ways)}.values())[::-1]


def _listed(ways: Sequence[Way]) -> list[dict[str, str]]:
    return [{"move": way.move.key, "to": way.to} for way in ways]
