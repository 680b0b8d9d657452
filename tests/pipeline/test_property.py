"""Charts against a small brute-force model of state charts, over random pipelines and walks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pycrm.errors import ConflictError, MoveError
from pycrm.pipeline import (
    RETURN,
    Chart,
    Facts,
    Move,
    Pipeline,
    Standing,
    compile_pipeline,
)

from .faults import FAULTS
from .statechart import Model
from .strategies import FIELDS, GUARDS, made, pipelines

RECORD = "record"
STEPS = 5


@attrs.frozen
class Case:
    """What is said about one record: its filled fields, a reason or none, and which guards object."""

    filled: frozenset[str]
    reason: str | None
    objecting: frozenset[str]

    @classmethod
    def drawn(cls, chance: random.Random) -> Case:
        """One in which most moves are allowed."""
        return cls(
            frozenset(name for name in FIELDS if chance.random() < 0.9),
            chance.choice(("because", "because", "because", " ", None)),
            frozenset(name for name in GUARDS if chance.random() < 0.1),
        )

    @property
    def facts(self) -> Facts:
        values: dict[str, Any] = {name: "x" if name in self.filled else None for name in FIELDS}
        return Facts(values, record=RECORD, reason=self.reason)

    def guards(self) -> dict[str, Any]:
        """The guards by name; each objects if it is to."""
        return {name: self._guard(name) for name in GUARDS}

    def _guard(self, name: str) -> Any:
        return lambda record: f"{name} objects to {record}" if name in self.objecting else None


class Walk:
    """One record on its way through a pipeline, led by the model and followed by the chart."""

    def __init__(self, pipeline: Pipeline, chart: Chart, chance: random.Random, case: Case) -> None:
        self.model, self.chart, self.chance, self.case = Model(pipeline), chart, chance, case
        self.active = self.model.begin()
        self.past = [self.active]
        self.moved = 0

    def disagreements(self) -> Iterator[str]:
        """Every place where the chart differs from the model, until the first one."""
        for _ in range(STEPS):
            expected = {
                (source, move.key, to): (move, targets)
                for source, move in self.model.ways(self.active)
                for to, targets in self.targets(source, move)
            }
            ways = self.chart.ways(self.standing)
            found = {(one.source, one.move.key, one.to): one for one in ways}
            if found.keys() != expected.keys():
                yield f"ways: {found.keys() ^ expected.keys()}"
                return
            for name in expected:
                missing = words(self.chart.missing(self.standing, found[name], self.case.facts))
                if missing != self.unmet(name[0], *expected[name]):
                    yield f"missing of {name}: {missing}"
                    return
            if not found:
                return
            name = self.chance.choice(sorted(found))
            yield from self.take(name, found[name], *expected[name])

    @property
    def standing(self) -> Standing:
        before = {key: self.came_from(key) for key in self.active if self.model.nodes[key].kind != "open"}
        return Standing(self.model.leaves(self.active), {key: one for key, one in before.items() if one})

    def came_from(self, key: str) -> tuple[str, ...]:
        """The leaves left for a paused or closed stage, as they stood last."""
        line = self.model.lines[key]
        wanted = ("open", "done") if self.model.nodes[key].kind == "hold" else ("open", "done", "hold")
        for one in reversed(self.past):
            for other in one:
                same = self.model.lines[other][:-1] == line[:-1]
                if same and self.model.nodes[other].kind in wanted:
                    return self.model.leaves(each for each in one if other in self.model.lines[each])
        return ()

    def targets(self, source: str, move: Move) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Where a move leads: the stage, and the innermost ones that are asked for."""
        if move.target != RETURN:
            yield move.target, move.into or (move.target,)
            return
        found = self.came_from(source)
        if found and not any(map(self.model.is_closed_to, found)):
            yield self.model.lines[found[0]][len(self.model.lines[source]) - 1], found

    def unmet(self, source: str, move: Move, targets: tuple[str, ...]) -> set[str]:
        """Everything that stands against a move, as plain words."""
        asked = {
            name for key in self.model.entered(source, targets) for name in self.model.nodes[key].required
        }
        found = {*asked, *move.required} - self.case.filled
        found |= {"reason"} if move.reason and self.case.reason != "because" else set()
        node = self.model.nodes[source]
        if node.on_done == move.key:
            parts = node.stages if node.parallel else (node,)
            found |= {one.key for one in parts if not self.model.is_done(one.key, self.active)}
        guards = {use.name for use in move.guards} & self.case.objecting
        return found | {f"{one} objects to {RECORD}" for one in guards}

    def take(self, name: Any, found: Any, move: Move, targets: tuple[str, ...]) -> Iterator[str]:
        """Take a move in both, and compare where they lead."""
        expected: Any = self.unmet(name[0], move, targets)
        after = self.active
        if not expected:
            after = self.model.after(self.active, name[0], targets)
            expected = self.model.leaves(self.follow(self.active, after))
        once, again = (self.executed(found) for _ in range(2))
        if once != again:
            yield f"{name}: a dry run gives {once}, a real one {again}"
        reached = once if isinstance(once, set) else once.leaves
        if reached != expected:
            yield f"{name}: {reached}, not {expected}"
        elif not isinstance(once, set):
            if not self.model.is_legal(once.leaves):
                yield f"{name}: nobody can stand in {once.leaves}"
            self.active = {key for leaf in once.leaves for key in self.model.lines[leaf]}
            self.past.append(self.active)
            self.moved += 1

    def follow(self, before: set[str], after: set[str]) -> set[str]:
        """Where what was done leads by itself."""
        key = self.model.finished(before, after)
        if key is None:
            return after
        verb = self.model.nodes[key].on_done
        for source, move in self.model.ways(after):
            if source == key and move.key == verb:
                targets = move.into or (move.target,)
                stood, self.active = self.active, after
                missing = self.unmet(source, move, targets)
                self.active = stood
                return after if missing else self.follow(after, self.model.after(after, source, targets))
        return after

    def executed(self, found: Any) -> Any:
        try:
            return self.chart.execute(self.standing, [found], self.case.facts)
        except MoveError as refused:
            return words(refused.data["missing"])
        except ConflictError as refused:
            return {refused.message}


def words(missing: list[dict[str, str]]) -> set[str]:
    return {need.get("message") or need.get("name") or need["kind"] for need in missing}


def walked(pipeline: Pipeline, seed: int) -> tuple[list[str], int]:
    """What a walk disagrees about, and how many moves it made."""
    chance = random.Random(seed)
    case = Case.drawn(chance)
    walk = Walk(pipeline, compile_pipeline(pipeline, case.guards()), chance, case)
    return list(walk.disagreements()), walk.moved


def test_charts_lead_where_the_model_leads() -> None:
    """From wherever a record stands the declared moves are open, needed, refused and taken as the model says."""
    counts: Counter[bool] = Counter()

    @given(pipeline=pipelines(), seed=st.integers(0, 2**32))
    @settings(deadline=None, max_examples=80)
    def walk(pipeline: Pipeline, seed: int) -> None:
        wrong, moved = walked(pipeline, seed)
        assert wrong == []
        counts[moved > 0] += 1
        event(f"moves: {moved}")

    walk()
    assert counts[True] >= 0.6 * counts.total(), "too few of the cases make a move at all"


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_met(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault planted into tables, gates, regions, returns or the state chart makes some walk disagree."""
    FAULTS[fault](monkeypatch)
    for seed in range(200):
        # By a key of its own: what was compiled for one fault is not compiled again for the next.
        key = f"faulty_{list(FAULTS).index(fault)}_{seed}"
        pipeline = attrs.evolve(made(random.Random(seed), nested=True), key=key)
        try:
            wrong, _ = walked(pipeline, seed)
        except Exception:
            # A chart that cannot even be asked is as good a sign.
            return
        if wrong:
            return
    pytest.fail("no walk met the fault")
