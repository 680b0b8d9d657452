"""Random pipelines that can work, for property tests: flat, nested, parallel, forked, resumed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from pycrm.pipeline import RETURN, Move, Pipeline, Stage

FIELDS = ("amount", "need", "closed_on")
GUARDS = ("exam.reported", "billing.paid")

_LABELS = ("Filed", "已报价", 'the "end"; #1', "Ünder <b>", "½", "-", "e\u0301")
LABELS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)


def pipelines(*, nested: bool = True) -> st.SearchStrategy[Pipeline]:
    """Pipelines that can work; each is made of one number, since hundreds of draws take too long."""
    return st.integers(0, 2**32).map(lambda seed: made(random.Random(seed), nested=nested))


def made(chance: random.Random, *, nested: bool) -> Pipeline:
    """A line of open stages with ends, perhaps stages within, a pause, and moves at will."""

    def seldom(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if chance.random() < 0.15)

    inner: list[tuple[str, str]] = []
    done: list[tuple[str, str]] = []

    def stage(key: str, **options: Any) -> Stage:
        return Stage(key, chance.choice(_LABELS), required=seldom(FIELDS), **options)

    def compound(key: str, depth: int = 0) -> Stage:
        """A stage that holds a line of others, the last of which is done."""
        keys = [f"{key}_{letter}" for letter in "abc"[: chance.randint(2, 3)]]
        inner.extend(pairwise(keys))
        held = [
            parallel(one, depth + 1) if depth == 0 and at and chance.randint(0, 3) == 0 else stage(one)
            for at, one in enumerate(keys[:-1])
        ]
        held.append(stage(keys[-1], kind="done"))
        if chance.random() < 0.5:
            held.append(stage(f"{key}_pause", kind="hold"))
            inner.extend([(keys[0], f"{key}_pause"), (f"{key}_pause", RETURN)])
        return stage(key, stages=held)

    def parallel(key: str, depth: int = 0) -> Stage:
        regions = tuple(compound(f"{key}_{number}", depth + 1) for number in range(2))
        on_done = f"finish_{key}" if chance.random() < 0.5 else None
        done.append((key, f"finish_{key}"))
        return stage(key, stages=regions, parallel=True, on_done=on_done)

    line: list[Stage] = []
    for number in range(chance.randint(2, 4)):
        form = chance.choice(("leaf", "compound", "parallel")) if nested else "leaf"
        key = f"step{number}"
        if form == "leaf" or number == 0:
            line.append(stage(key, probability=chance.choice((None, 0, 40, 100))))
        else:
            line.append(compound(key) if form == "compound" else parallel(key))
    steps = [one.key for one in line]
    ends = {"won": "won", "lost": "lost"} if chance.random() < 0.5 else {"won": "won"}
    stages = line + [stage(key, kind=kind) for key, kind in ends.items()]
    ways = [*pairwise(steps), *((steps[-1], end) for end in ends)]
    if chance.random() < 0.5:
        stages.append(stage("paused", kind="hold"))
        ways += [
            (steps[chance.randint(0, len(steps) - 1)], "paused"),
            ("paused", RETURN),
            ("paused", "won"),
        ]
    if "lost" in ends and chance.random() < 0.5:
        ways.append(("lost", RETURN))
    if chance.random() < 0.5:
        stages.append(stage("old", archived=True))
        ways += [(steps[0], "old"), ("old", steps[0])]

    drawn: list[tuple[str, tuple[str, ...], str, tuple[str, ...]]]
    drawn = [(f"way{at}", (source,), target, ()) for at, (source, target) in enumerate([*ways, *inner])]
    drawn += [(verb, (key,), _after(line, key), ()) for key, verb in done]
    drawn += list(_forks(line))
    drawn += _extra(chance, tuple(one.key for one in _within(stages)))
    return Pipeline(
        "random",
        1,
        "Opportunity",
        "Random",
        stages=stages,
        moves=[
            Move(
                verb,
                sources,
                target,
                chance.choice(_LABELS),
                into=into,
                required=seldom(FIELDS),
                guards=seldom(GUARDS),
                reason=chance.randint(0, 3) == 0,
            )
            for verb, sources, target, into in drawn
        ],
    )


def _within(stages: Any) -> Iterator[Stage]:
    for one in stages:
        yield one
        yield from _within(one.stages)


def _after(line: list[Stage], key: str) -> str:
    """The stage that follows the one in which a stage lies."""
    top = next(at for at, one in enumerate(line) if key in [each.key for each in _within([one])])
    return line[top + 1].key if top + 1 < len(line) else "won"


def _forks(line: list[Stage]) -> Iterator[tuple[str, tuple[str, ...], str, tuple[str, ...]]]:
    """Moves into chosen stages of each region, and one verb that both regions answer."""
    for one in line:
        if one.parallel:
            chosen = [region.stages[1].key for region in one.stages if not region.stages[1].stages]
            if chosen:
                yield (f"fork_{one.key}", (line[0].key,), one.key, tuple(chosen))
            for region in one.stages:
                yield ("both", (region.stages[0].key,), region.stages[-1].key, ())


def _extra(chance: random.Random, keys: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], str, Any]]:
    plain = [key for key in keys if not key.startswith(("old", "won", "lost"))]
    seen = set()
    for _ in range(chance.randint(0, 4)):
        verb, source, target = chance.choice(("hop", "back")), chance.choice(plain), chance.choice(plain)
        if source != target and (verb, target) not in seen:
            seen.add((verb, target))
            yield verb, (source,), target, ()
