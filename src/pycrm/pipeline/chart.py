"""Pipelines at work: which moves are allowed, what they still need, and taking one.

A `Chart` answers questions from plain tables, which a board of hundreds of cards reads without making
a state machine. Only `Chart.execute` starts one, of the class that `machine` compiles.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from pycrm.errors import DeclarationError
from pycrm.pipeline import rules
from pycrm.pipeline.effect import EFFECTS, Effect, effects
from pycrm.pipeline.facts import (
    Facts,
    Function,
    Requirement,
    is_async,
    is_filled,
    objections,
    refusal,
    takes_session,
    unbound,
)
from pycrm.pipeline.gate import Need, Use
from pycrm.pipeline.machine import Machine
from pycrm.pipeline.model import Move, Pipeline, Stage
from pycrm.pipeline.tree import Tree
from pycrm.pipeline.way import Routes, Standing, Way

__all__ = ["Chart", "Outcome", "Visit", "compile_pipeline"]

_NONE: Mapping[str, Any] = MappingProxyType({})
_MOST_CHARTS = 256
_MOST_PLACES = 1024


@attrs.frozen
class Visit:
    """A stage that a move entered, in the region where it takes turns with others, and the one left."""

    region: str
    source: str | None
    stage: Stage


@attrs.frozen
class Outcome:
    """A move that was taken, or would be: it is a value, and nothing has been written.

    Attributes:
        ways: what was taken, in this order: the move, in several regions perhaps, and what followed
            by itself.
        before, leaves: the innermost stages of before and after.
        source, target: the stages of the pipeline in which these lie.
        visits: the stages entered, one at most in each region.
        reason: the comment.
    """

    ways: tuple[Way, ...]
    before: tuple[str, ...]
    leaves: tuple[str, ...]
    source: Stage
    target: Stage
    visits: tuple[Visit, ...]
    reason: str | None

    @property
    def move(self) -> Move:
        """The move that was asked for."""
        return self.ways[0].move


@attrs.frozen(eq=False)
class Chart:
    """One compiled version of a pipeline with the guards and actions that its moves name.

    Make it with `compile_pipeline`. It never changes, so any number of threads may share it.

    Attributes:
        pipeline: what was compiled.
        routes: which ways lead out of where.
        guards, actions: the named functions.
        words: type and label of the entity's fields, by name.
    """

    pipeline: Pipeline
    routes: Routes
    guards: Mapping[str, Function] = _NONE
    actions: Mapping[str, Function] = _NONE
    words: Mapping[str, Mapping[str, str]] = _NONE
    _machine: Machine = attrs.field(kw_only=True, repr=False)
    # The guards that take the mover's session.
    _reading: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False)
    _gates: dict[Way, tuple[list[str], list[Need]]] = attrs.field(factory=dict, init=False, repr=False)

    def moves_from(self, stage: str) -> tuple[Move, ...]:
        """The moves that a stage declares, whether or not their gates are met.

        Raises:
            InvalidError: the pipeline has no such stage.
        """
        return self.routes.moves_from(stage)

    def ways(self, at: str | Standing) -> tuple[Way, ...]:
        """Every move that leads out of a place, met gates or not; see `Routes.ways`."""
        return self.routes.ways(at)

    def resolve(self, at: str | Standing, to: str) -> tuple[Way, ...]:
        """What somebody means by the key of a stage or a move; see `Routes.resolve`."""
        return self.routes.resolve(at, to)

    # --- gates -----------------------------------------------------------------------------------------

    def gate(self, way: Way) -> tuple[list[str], list[Need]]:
        """The fields and records that a way asks for: those of the stages it enters, then its own."""
        found = self._gates.get(way)
        if found is None:
            asking: list[Stage | Move] = [*(self.routes.tree.stages[one] for one in way.entered), way.move]
            fields = dict.fromkeys(name for one in asking for name in one.required)
            needs = {need.key: need for one in asking for need in one.records}
            if len(self._gates) >= _MOST_PLACES:
                self._gates.clear()
            found = self._gates[way] = (list(fields), list(needs.values()))
        return found

    def missing(self, at: str | Standing, way: Way, facts: Facts) -> list[Requirement]:
        """Everything a move still needs.

        Fields come first, then records, the reason, time, what is not done, rights, consent, and the
        objections of guards. A field is filled unless it is None, blank text or an empty collection; 0
        and False fill it. All guards are asked even where fields are missing, so they must cope with
        what is not there.

        Raises:
            DeclarationError: a guard answered with something else than None or reasons.
        """
        fields, needs = self.gate(way)
        move, values = way.move, facts.values
        found = [self._field(name) for name in fields if not is_filled(values.get(name))]
        if needs:
            found += self._unmet(needs, facts, fields)
        if move.reason and not is_filled(facts.reason):
            found.append({"kind": "reason"})
        if move.within_days is not None and facts.days() > move.within_days:
            found.append({"kind": "days", "name": str(move.within_days)})
        if self.routes.tree.stages[way.source].on_done == move.key:
            found += self._undone(self.routes.standing(at).leaves, way.source)
        if move.is_restricted and (lacking := facts.permits(move)) is not None:
            found.append(lacking)
        if move.approval is not None and not facts.is_approved:
            found.append({"kind": "approval", "name": move.approval})
        if move.guards:
            subject = values if facts.record is None else facts.record
            found += [
                {"kind": "guard", "name": use.name, "message": message}
                for use in move.guards
                for message in objections(use.name, self._asked(use, subject, facts))
            ]
        return found

    def _asked(self, use: Use, subject: Any, facts: Facts) -> object:
        given = {"session": facts.session} if use.name in self._reading else {}
        return self._function(self.guards, use)(subject, **given, **use.parameters)

    def _field(self, name: str) -> Requirement:
        return {"kind": "field", "name": name, **self.words.get(name, {})}

    def _unmet(self, needs: Sequence[Need], facts: Facts, asked: list[str]) -> Iterator[Requirement]:
        for need in needs:
            is_met = facts.count(need) >= need.least
            if not need.then and not is_met:
                yield {"kind": "record", "name": need.key, "label": need.label, "entity": need.entity}
            for name in need.then if is_met else ():
                if name not in asked and not is_filled(facts.values.get(name)):
                    yield self._field(name)

    def _undone(self, leaves: tuple[str, ...], source: str) -> list[Requirement]:
        active = set(self.routes.tree.active(leaves))
        stage = self.routes.tree.stages[source]
        parts = stage.stages if stage.parallel else (stage,)
        return [
            {"kind": "region", "name": one.key, "label": one.label}
            for one in parts
            if not self.routes.tree.is_done(one.key, active)
        ]

    @staticmethod
    def _function(functions: Mapping[str, Function], use: Use) -> Function:
        return functions.get(use.name, unbound)

    # --- taking a move ---------------------------------------------------------------------------------

    def execute(self, at: str | Standing, step: Sequence[Way], facts: Facts) -> Outcome:
        """Take a move through the state chart and say where it leads.

        Nothing is written: the outcome of a dry run and of a real one are the same value, and a real
        one applies it.

        Args:
            at: where the record stands: the key of a stage, or more.
            step: what `resolve` found, or one of `ways`.
            facts: what the gates are judged by; each guard is asked once.

        Raises:
            MoveError: a gate is not met; ``data`` holds ``missing`` (see `missing`), ``move``, ``to``.
            ConflictError: the move does not lead out of there; ``data["allowed"]`` lists what does.
            InvalidError: the pipeline has no such stage.
        """
        at = self.routes.standing(at)
        leaves, missing = self._run(at, step, facts)
        if missing:
            raise refusal(self.routes.tree.stages[step[0].to].label, step[0].move, step[0].to, missing)
        ways, before = list(step), at.leaves
        # Each follows from something that was done, so there are no more than stages.
        for _ in () if self.routes.tree.is_flat else self.routes.tree.stages:
            following = self._following(before, leaves)
            if following is None:
                break
            reached, missing = self._run(Standing(leaves), [following], facts)
            if missing:
                break
            ways.append(following)
            before, leaves = leaves, reached
        return self._outcome(at, leaves, ways, facts.reason)

    def _run(
        self, at: Standing, step: Sequence[Way], facts: Facts
    ) -> tuple[tuple[str, ...], list[Requirement]]:
        """Where the step leads from there, and what it lacks."""
        wanted = {way.name for way in step}
        asked: dict[tuple[str, str, str], list[Requirement]] = {}

        def gate(way: Way) -> bool:
            if way.name not in wanted:
                return False
            if way.name not in asked:
                asked[way.name] = self.missing(at, way, facts)
            return not asked[way.name]

        ways = self.routes.ways(at)
        reached = self._machine.run(at.leaves, ways, step[0].move.key, gate)
        if asked.keys() != wanted:
            raise self.routes.undeclared(at, step[0].to)
        found: list[Requirement] = []
        for missing in asked.values():
            found += [need for need in missing if need not in found]
        return reached, found

    def _following(self, before: tuple[str, ...], leaves: tuple[str, ...]) -> Way | None:
        """The move that is taken by itself because all within a stage has just been done."""
        earlier, now = set(self.routes.tree.active(before)), set(self.routes.tree.active(leaves))
        for key in sorted(now, key=self.routes.tree.order.__getitem__, reverse=True):
            stage = self.routes.tree.stages[key]
            if stage.on_done is None or not self.routes.tree.is_done(key, now):
                continue
            if key in earlier and self.routes.tree.is_done(key, earlier):
                continue
            for way in self.routes.ways(Standing(leaves)):
                if way.source == key and way.move.key == stage.on_done:
                    return way
        return None

    def _outcome(self, at: Standing, leaves: tuple[str, ...], ways: list[Way], reason: str | None) -> Outcome:
        tree, stages = self.routes.tree, self.routes.tree.stages
        stood = {tree.region(key): key for key in tree.active(at.leaves)}
        visited: dict[str, str] = {}
        for way in ways:
            for key in way.entered:
                region = tree.region(key)
                if region is not None:
                    visited[region] = key
        return Outcome(
            ways=tuple(ways),
            before=at.leaves,
            leaves=leaves,
            source=stages[tree.top(at.leaves[0])],
            target=stages[tree.top(leaves[0])],
            visits=tuple(Visit(region, stood.get(region), stages[key]) for region, key in visited.items()),
            reason=reason,
        )

    def effects(self, outcome: Outcome, record: Any) -> tuple[Effect, ...]:
        """What the moves that were taken bring about besides, those of plugins' actions among it.

        Raises:
            DeclarationError: an action answered with something else than effects.
        """
        found: list[Effect] = []
        for way in outcome.ways:
            for one in way.move.effects:
                found += self._acted(one, record) if isinstance(one, Use) else [one]
        return tuple(found)

    def _acted(self, use: Use, record: Any) -> tuple[Effect, ...]:
        answer = self._function(self.actions, use)(record, **use.parameters)
        found = () if answer is None else effects(answer)
        if not all(isinstance(one, EFFECTS) for one in found):
            raise DeclarationError(f"action {use.name} must answer effects, not {answer!r}")
        return found  # type: ignore[return-value]


_charts: dict[tuple[str, int, str], Chart] = {}
_charts_lock = threading.Lock()


def compile_pipeline(
    pipeline: Pipeline,
    guards: Mapping[str, Function] = _NONE,
    *,
    actions: Mapping[str, Function] = _NONE,
    words: Mapping[str, Mapping[str, str]] = _NONE,
) -> Chart:
    """Check a pipeline and make its tables, once per key, version and content.

    Args:
        pipeline: the declaration.
        guards: guards by name, at least those that the moves name; they are synchronous and write nothing.
        actions: actions by name, likewise; each is given the record and answers effects.
        words: type and label of each field of the entity, for refusals.

    Raises:
        DeclarationError: the pipeline has problems (all are named), or a function is unknown or async.
    """
    chart = _charts.get(pipeline.identity)
    if chart is None:
        rules.check(pipeline)
        chart = _tables(pipeline)
        with _charts_lock:
            chart = _charts.setdefault(pipeline.identity, chart)
            while len(_charts) > _MOST_CHARTS:
                del _charts[next(iter(_charts))]
    if not (chart.guards or chart.actions or words):
        return chart
    chosen = _chosen(pipeline, "guard", chart.guards, guards)
    return attrs.evolve(
        chart,
        guards=chosen,
        reading=frozenset(name for name, guard in chosen.items() if takes_session(guard)),
        actions=_chosen(pipeline, "action", chart.actions, actions),
        words=words,
    )


def _tables(pipeline: Pipeline) -> Chart:
    tree = Tree(pipeline)
    return Chart(
        pipeline=pipeline,
        routes=Routes(pipeline, tree),
        guards={use.name: unbound for move in pipeline.moves for use in move.guards},
        actions={
            use.name: unbound for move in pipeline.moves for use in move.effects if isinstance(use, Use)
        },
        machine=Machine(pipeline, tree),
    )


def _chosen(
    pipeline: Pipeline, noun: str, named: Mapping[str, Function], offered: Mapping[str, Function]
) -> Mapping[str, Function]:
    if not named.keys() <= offered.keys():
        rules.check(pipeline, **{f"{noun}s": offered.keys()})
    for name in named:
        if is_async(offered[name]):
            raise DeclarationError(
                f"{noun} {name} of pipeline {pipeline.key} is async; {noun}s answer at once"
            )
    return {name: offered[name] for name in named}
