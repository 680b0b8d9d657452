"""Stages within stages: who holds whom, and what a move between them leaves and enters.

A record stands in leaves: stages that hold no others. Of a stage that holds others it stands in one,
of a parallel one in all; which stages are active follows from the leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pycrm.pipeline.model import Pipeline, Stage

__all__ = ["ROOT", "Tree"]

ROOT = ""
"""The region of a pipeline's own stages."""


class Tree:
    """The stages of one pipeline as a tree, in the order of their declaration."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.stages: dict[str, Stage] = {}
        self.parents: dict[str, str] = {}
        self.order: dict[str, int] = {}
        self._first: dict[str, str] = {}
        self._add(pipeline.stages, ROOT)
        if pipeline.stages:
            self._first[ROOT] = pipeline.initial or pipeline.stages[0].key
        self.is_flat = len(self.stages) == len(pipeline.stages)

    def _add(self, stages: Iterable[Stage], parent: str) -> None:
        for stage in stages:
            self.order[stage.key] = len(self.order)
            self.stages[stage.key] = stage
            self.parents[stage.key] = parent
            if stage.stages and not stage.parallel:
                self._first[stage.key] = stage.initial or stage.stages[0].key
            self._add(stage.stages, stage.key)

    def is_leaf(self, key: str) -> bool:
        """Whether a stage holds no others."""
        return not self.stages[key].stages

    def above(self, key: str) -> Iterator[str]:
        """The stages that hold a stage, the nearest first."""
        key = self.parents[key]
        while key:
            yield key
            key = self.parents[key]

    def path(self, key: str) -> tuple[str, ...]:
        """A stage and all that hold it, the innermost first."""
        return (key, *self.above(key))

    def top(self, key: str) -> str:
        """The stage of the pipeline itself in which a stage lies."""
        return self.path(key)[-1]

    def region(self, key: str) -> str | None:
        """In which region a stage takes turns with others: of a region itself there is none."""
        parent = self.parents[key]
        return None if parent and self.stages[parent].parallel else parent

    def first_of(self, key: str) -> str:
        """Where one begins within a stage that holds others, or within the pipeline."""
        return self._first[key]

    def is_within(self, key: str, other: str) -> bool:
        """Whether a stage lies within another, or within the pipeline itself."""
        return other == ROOT or (key != ROOT and other in self.above(key))

    def active(self, leaves: Iterable[str]) -> tuple[str, ...]:
        """All stages in which a record stands, in the order of declaration."""
        found = set(leaves)
        for key in tuple(found):
            found.update(self.above(key))
        return tuple(sorted(found, key=self.order.__getitem__))

    def leaves(self, active: Iterable[str]) -> tuple[str, ...]:
        """Those of some stages that hold no others, in the order of declaration."""
        return tuple(sorted(filter(self.is_leaf, active), key=self.order.__getitem__))

    def config(self, leaves: tuple[str, ...]) -> tuple[str, ...] | None:
        """The leaves as a record keeps them: None where its stage alone tells them."""
        return None if leaves == (self.top(leaves[0]),) else leaves

    def domain(self, source: str, targets: Iterable[str]) -> str:
        """The nearest stage that holds source and targets and is no set of regions: all within is left."""
        wanted = tuple(targets)
        for key in self.above(source):
            if not self.stages[key].parallel and all(self.is_within(one, key) for one in wanted):
                return key
        return ROOT

    def entered(self, source: str, targets: tuple[str, ...]) -> tuple[str, ...]:
        """Every stage that a move from `source` to `targets` enters, in the order of declaration."""
        domain = self.domain(source, targets)
        found: set[str] = set()
        for target in targets:
            found.add(target)
            for key in self.above(target):
                if key == domain:
                    break
                found.add(key)
        for key in sorted(found, key=self.order.__getitem__):
            self._complete(key, found)
        return tuple(sorted(found, key=self.order.__getitem__))

    def begun(self, key: str) -> tuple[str, ...]:
        """A stage with all that one enters with it by default."""
        found = {key}
        self._complete(key, found)
        return tuple(sorted(found, key=self.order.__getitem__))

    def _complete(self, key: str, found: set[str]) -> None:
        stage = self.stages[key]
        inner = [one.key for one in stage.stages]
        if not stage.parallel:
            inner = [] if not inner or any(one in found for one in inner) else [self._first[key]]
        for one in inner:
            if one not in found:
                found.add(one)
                self._complete(one, found)

    def is_done(self, key: str, active: set[str]) -> bool:
        """Whether all is done within a stage that is active (as final states end a chart)."""
        inner = self.stages[key].stages
        if self.stages[key].parallel:
            return all(self.is_done(one.key, active) for one in inner)
        return any(one.kind == "done" and one.key in active for one in inner)

    @property
    def first(self) -> tuple[str, ...]:
        """Where a new record stands: all active stages."""
        return self.begun(self._first[ROOT])
