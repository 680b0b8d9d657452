"""State charts by brute force: what a move leaves and enters, worked out from the declaration alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pycrm.pipeline import RETURN, Move, Pipeline, Stage

__all__ = ["Model"]


class Model:
    """One pipeline, with configurations as sets of all active stages."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.nodes: dict[str, Stage] = {}
        self.lines: dict[str, tuple[str, ...]] = {}
        self._learn(pipeline.stages, ())

    def _learn(self, stages: Iterable[Stage], above: tuple[str, ...]) -> None:
        for one in stages:
            self.nodes[one.key] = one
            self.lines[one.key] = (*above, one.key)
            self._learn(one.stages, (*above, one.key))

    def leaves(self, active: Iterable[str]) -> tuple[str, ...]:
        """Those that hold no others, as they are declared."""
        found = set(active)
        return tuple(key for key, one in self.nodes.items() if key in found and not one.stages)

    def is_legal(self, leaves: Iterable[str]) -> bool:
        """Whether a record can stand there: in one of the stages, and so within each."""
        active = {key for leaf in leaves for key in self.lines[leaf]}
        tops = [one for one in self.pipeline.stages if one.key in active]
        return len(tops) == 1 and self._is_whole(tops[0], active)

    def _is_whole(self, stage: Stage, active: set[str]) -> bool:
        inner = [one for one in stage.stages if one.key in active]
        wanted = len(stage.stages) if stage.parallel else min(1, len(stage.stages))
        return len(inner) == wanted and all(self._is_whole(one, active) for one in inner)

    def begin(self) -> set[str]:
        """Where a new record stands."""
        first = self.pipeline.initial or self.pipeline.stages[0].key
        return set(self._fill(self.nodes[first], ()))

    def _fill(self, stage: Stage, wanted: tuple[str, ...]) -> Iterator[str]:
        yield stage.key
        if stage.parallel:
            for one in stage.stages:
                yield from self._fill(one, wanted)
        elif stage.stages:
            first = self.nodes[stage.initial or stage.stages[0].key]
            asked = [one for one in stage.stages if any(one.key in self.lines[key] for key in wanted)]
            yield from self._fill(asked[0] if asked else first, wanted)

    def after(self, active: set[str], source: str, targets: tuple[str, ...]) -> set[str]:
        """Where a record stands that went from one of its stages to others."""
        # The innermost stage around source and targets that is no set of regions.
        around = [
            key
            for key in self.lines[source][:-1]
            if not self.nodes[key].parallel and all(key in self.lines[one][:-1] for one in targets)
        ]
        if not around:
            tops = {self.lines[one][0] for one in targets}
            (top,) = tops
            return set(self._fill(self.nodes[top], targets))
        kept = {key for key in active if around[-1] not in self.lines[key][:-1]}
        (entered,) = {self.lines[one][self.lines[one].index(around[-1]) + 1] for one in targets}
        return kept | set(self._fill(self.nodes[entered], targets))

    def entered(self, source: str, targets: tuple[str, ...]) -> set[str]:
        """The stages that going there enters anew."""
        return self.after(set(), source, targets)

    def is_closed_to(self, key: str) -> bool:
        """Whether nothing enters a stage any more."""
        return any(self.nodes[one].archived for one in self.lines[key])

    def ways(self, active: set[str]) -> Iterator[tuple[str, Move]]:
        """Every declared move out of there, with the stage that declares it."""
        for source in self.nodes:
            if source in active:
                for move in self.pipeline.moves:
                    targets = () if move.target == RETURN else (move.target, *move.into)
                    if source in move.sources and not any(map(self.is_closed_to, targets)):
                        yield source, move

    def is_done(self, key: str, active: set[str]) -> bool:
        """Whether all within a stage is done."""
        stage = self.nodes[key]
        if stage.parallel:
            return all(self.is_done(one.key, active) for one in stage.stages)
        return any(one.kind == "done" and one.key in active for one in stage.stages)

    def finished(self, before: set[str], after: set[str]) -> str | None:
        """The innermost stage, the last declared of several, that has just been done and says what follows."""
        news = [
            key
            for key in self.nodes
            if key in after
            and self.nodes[key].on_done
            and self.is_done(key, after)
            and not (key in before and self.is_done(key, before))
        ]
        return news[-1] if news else None
