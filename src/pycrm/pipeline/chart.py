"""Pipelines at work: which moves are allowed, what they still need, and taking one.

A `Chart` answers questions from plain tables, which a board of hundreds of cards reads without making
a state machine. Only `Chart.execute` starts one, of the class that `machine` compiles.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs

from pycrm.errors import ConflictError, DeclarationError, InvalidError, MoveError, Problem
from pycrm.pipeline import rules
from pycrm.pipeline.machine import Machine
from pycrm.pipeline.model import Move, Pipeline, Stage

__all__ = ["Chart", "Facts", "Guard", "Outcome", "Requirement", "compile_pipeline"]

Guard = Callable[[Any], str | Sequence[str] | None]
"""Asked about a record before a move: None if it has no objection, else the reason or reasons."""

Requirement = dict[str, str]
"""One thing that a move still needs, as plain data.

``{"kind": "field", "name": "amount"}``, ``{"kind": "reason"}`` or
``{"kind": "guard", "name": "exam.reported", "message": "the report is not issued"}``.
"""

_NONE: Mapping[str, Guard] = MappingProxyType({})
_MOST_CHARTS = 256
_COLLECTIONS = (list, tuple, set, frozenset, dict, MappingProxyType)


@attrs.frozen
class Facts:
    """What a move is judged by: the record as it would be written, and what was said about it.

    Args:
        values: field names and their values, with what the caller supplies in the same act.
        record: what guards are given; they get `values` where there is no record yet.
        reason: the comment, if any.
    """

    values: Mapping[str, Any]
    record: Any = None
    reason: str | None = None


@attrs.frozen
class Outcome:
    """A move that was taken, or would be: it is a value, and nothing has been written."""

    move: Move
    source: Stage
    target: Stage
    reason: str | None


@attrs.frozen(eq=False)
class Chart:
    """One compiled version of a pipeline with the guards that its moves name.

    Make it with `compile_pipeline`. It never changes, so any number of threads may share it.

    Attributes:
        pipeline: what was compiled.
        table: per stage the moves that lead out of it, in the order of their declaration; moves into
            archived stages are left out.
        gates: per move (key and target) the fields to be filled, those of the target stage first.
        guards: the named guards.
    """

    pipeline: Pipeline
    table: Mapping[str, tuple[Move, ...]]
    gates: Mapping[tuple[str, str], tuple[str, ...]]
    guards: Mapping[str, Guard]
    _machine: Machine = attrs.field(repr=False)

    def moves_from(self, stage: str) -> tuple[Move, ...]:
        """The moves that lead out of a stage, whether or not their gates are met.

        Raises:
            InvalidError: the pipeline has no such stage.
        """
        try:
            return self.table[stage]
        except KeyError:
            message = f"{self.pipeline.label} has no stage {stage!r}."
            problem = Problem("stage", "unknown", message)
            raise InvalidError(message, fields=[problem]) from None

    def resolve(self, stage: str, to: str) -> Move:
        """The one move from `stage` that `to` means: the key of a stage or the key of a move.

        Raises:
            ConflictError: no declared move fits; ``data["allowed"]`` lists those that exist (PIP-E2).
            InvalidError: several fit, or `stage` is unknown; ``data["candidates"]`` lists them.
        """
        moves = self.moves_from(stage)
        found = [move for move in moves if move.target == to] or [move for move in moves if move.key == to]
        if not found:
            raise self._undeclared(stage, to)
        if len(found) > 1:
            message = f"{to!r} can mean several moves from {stage!r}; name the stage or the move."
            problem = Problem("to", "rule", message)
            raise InvalidError(message, fields=[problem], data={"candidates": _listed(found), "stage": stage})
        return found[0]

    def missing(
        self, values: Mapping[str, Any], move: Move, *, record: Any = None, reason: str | None = None
    ) -> list[Requirement]:
        """Everything a move still needs: fields, then the reason, then the objections of guards.

        A field is filled unless it is None, blank text or an empty collection; 0 and False fill it.
        All guards are asked even where fields are missing, so they must cope with what is not there.

        Raises:
            DeclarationError: a guard answered with something else than None or reasons, or the move is
                not of this pipeline.
        """
        gate = self.gates.get((move.key, move.target))
        if gate is None:
            version = f"pipeline {self.pipeline.key} version {self.pipeline.version}"
            raise DeclarationError(f"{move.key} to {move.target} is not a move of {version}")
        found: list[Requirement] = [
            {"kind": "field", "name": name} for name in gate if not _is_filled(values.get(name))
        ]
        if move.reason and not _is_filled(reason):
            found.append({"kind": "reason"})
        subject = values if record is None else record
        for name in move.guards:
            for message in _objections(name, self.guards.get(name, _unbound), subject):
                found.append({"kind": "guard", "name": name, "message": message})
        return found

    def execute(self, stage: str, move: Move, facts: Facts) -> Outcome:
        """Take a move through the state chart and say where it leads.

        Nothing is written: the outcome of a dry run and of a real one are the same value, and a real
        one applies it.

        Args:
            stage: the key of the stage where the record stands.
            move: a move of this pipeline, from `resolve` or `moves_from`.
            facts: what the gates are judged by; each guard is asked once.

        Raises:
            MoveError: a gate is not met; ``data`` holds ``missing`` (see `missing`), ``move``, ``to``.
            ConflictError: the move does not lead out of `stage`; ``data["allowed"]`` lists what does.
            InvalidError: the pipeline has no such stage.
        """
        self.moves_from(stage)
        asked: tuple[Move, list[Requirement]] | None = None

        def gate(declared: Move) -> bool:
            nonlocal asked
            missing = self.missing(facts.values, declared, record=facts.record, reason=facts.reason)
            asked = (declared, missing)
            return not missing

        reached = self._machine.run(stage, move, gate)
        if asked is None:
            raise self._undeclared(stage, move.target)
        taken, missing = asked
        if reached is None:
            raise self._refusal(taken, missing)
        return Outcome(taken, self.pipeline.stage(stage), self.pipeline.stage(reached), facts.reason)

    def _undeclared(self, stage: str, to: str) -> ConflictError:
        allowed = _listed(self.table[stage])
        if to == stage:
            message = f"The record stands in {stage!r} already."
        else:
            ways = ", ".join(f"{way['move']} to {way['to']}" for way in allowed) or "none"
            message = f"No move leads from {stage!r} to {to!r}. Allowed: {ways}."
        return ConflictError(message, data={"allowed": allowed, "stage": stage})

    def _refusal(self, move: Move, missing: list[Requirement]) -> MoveError:
        label = self.pipeline.stage(move.target).label
        parts = {"field": "{name} is missing", "reason": "a reason is missing", "guard": "{message}"}
        needs = "; ".join(parts[need["kind"]].format_map(need) for need in missing)
        return MoveError(
            f"Not yet {label}: {needs}.",
            fields=[
                Problem(need["name"], "required", f"must be filled for {label}")
                for need in missing
                if need["kind"] == "field"
            ],
            data={"missing": missing, "move": move.key, "to": move.target},
        )


_charts: dict[tuple[str, int, str], Chart] = {}
_charts_lock = threading.Lock()


def compile_pipeline(pipeline: Pipeline, guards: Mapping[str, Guard] = _NONE) -> Chart:
    """Check a pipeline and make its tables, once per key, version and content.

    Args:
        pipeline: the declaration.
        guards: guards by name, at least those that the moves name; they are synchronous and pure.

    Raises:
        DeclarationError: the pipeline has problems (all are named), or a guard is unknown or async.
    """
    chart = _charts.get(pipeline.identity)
    if chart is None:
        rules.check(pipeline)
        chart = _tables(pipeline)
        with _charts_lock:
            chart = _charts.setdefault(pipeline.identity, chart)
            while len(_charts) > _MOST_CHARTS:
                del _charts[next(iter(_charts))]
    if not chart.guards:
        return chart
    return attrs.evolve(chart, guards=_chosen(pipeline, chart.guards, guards))


def _tables(pipeline: Pipeline) -> Chart:
    open_to_entry = [move for move in pipeline.moves if not pipeline.stage(move.target).archived]
    table = {
        stage.key: tuple(move for move in open_to_entry if stage.key in move.sources)
        for stage in pipeline.stages
    }
    return Chart(
        pipeline=pipeline,
        table=table,
        gates={
            (move.key, move.target): tuple(
                dict.fromkeys((*pipeline.stage(move.target).required, *move.required))
            )
            for move in pipeline.moves
        },
        guards={name: _unbound for move in pipeline.moves for name in move.guards},
        machine=Machine(pipeline, table),
    )


def _unbound(record: Any) -> None:
    raise DeclarationError("this chart was compiled without its guards")


def _chosen(
    pipeline: Pipeline, named: Mapping[str, Guard], guards: Mapping[str, Guard]
) -> Mapping[str, Guard]:
    if not named.keys() <= guards.keys():
        rules.check(pipeline, guards=guards.keys())
    for name in named:
        if _is_async(guards[name]):
            raise DeclarationError(f"guard {name} of pipeline {pipeline.key} is async; guards answer at once")
    return {name: guards[name] for name in named}


def _is_async(guard: Any) -> bool:
    while isinstance(guard, partial):
        guard = guard.func
    forms = (guard, getattr(guard, "__call__", None))  # noqa: B004  # an instance with an async __call__
    return any(inspect.iscoroutinefunction(form) or inspect.isasyncgenfunction(form) for form in forms)


def _objections(name: str, guard: Guard, record: Any) -> Sequence[str]:
    answer: object = guard(record)
    if answer is None:
        return ()
    reasons = [answer] if isinstance(answer, str) else answer
    if isinstance(reasons, list | tuple) and all(isinstance(one, str) and one.strip() for one in reasons):
        return reasons
    # A guard that says True, False or "" was written for another contract: guessing would open the gate.
    if inspect.iscoroutine(answer):
        answer.close()
    raise DeclarationError(f"guard {name} must answer None, a reason or a list of reasons, not {answer!r}")


def _is_filled(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if isinstance(value, _COLLECTIONS):
        return len(value) > 0
    return value is not None


def _listed(moves: Sequence[Move]) -> list[dict[str, str]]:
    return [{"move": move.key, "to": move.target} for move in moves]
