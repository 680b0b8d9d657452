"""Whoever may not see a difference between two worlds is told none of it by any operation (T01)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from scope.test_reach import keep
from scope.worlds import World, rich_world, worlds

from pycrm import __version__

from .leaks import FOCUS, LEAKS
from .two_worlds import Difference, Pair, play

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence" / "T01.json"
EXAMPLES = int(os.environ.get("PYCRM_EXAMPLES", "2000"))
SEED = 20260630
# Within so many answers each planted leak must show.
WITHIN = 2000
COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [
        *(HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large),
    ],
}


@given(world=worlds(), chance=st.integers(0, 2**32))
@settings(max_examples=15, **COMMON)
def test_nobody_tells_two_worlds_apart(pair: Pair, world: World, chance: int) -> None:
    """Whatever the enterprise and whoever looks: both worlds answer alike, and a refusal leaves nothing."""
    assert [str(one) for one in play(pair, world, chance).differences(10)] == []


def test_the_enterprise_of_the_leaks_is_tight(pair: Pair) -> None:
    """In the enterprise that leaks are looked for in, nobody tells two worlds apart."""
    found = [str(one) for at in range(4) for one in play(pair, rich_world(), at).differences(25)]
    assert found == []


@contextmanager
def leaking(name: str) -> Iterator[None]:
    """Within, a leak is planted."""
    with pytest.MonkeyPatch.context() as patch:
        LEAKS[name](patch)
        yield


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_shows(pair_in_a_file: Pair, name: str) -> None:
    """Were this channel open, the operations that it concerns would tell the worlds apart."""
    with leaking(name):
        examples = (play(pair_in_a_file, rich_world(), at, FOCUS[name]) for at in range(40))
        assert any(True for example in examples for _ in example.differences(25))


def answers_until_found(pair: Pair, name: str) -> int | None:
    """How many answers of all operations it takes until a leak shows; None where they are not enough."""
    answers = at = 0
    with leaking(name):
        while answers < WITHIN:
            example = play(pair, rich_world(), at)
            if any(True for _ in example.differences(25)):
                return answers + example.answers
            answers, at = answers + example.answers + 1, at + 1
    return None


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_many_answers_of_two_worlds(pair: Pair, database: str) -> None:
    """In many thousands of answers there is no difference, and the figures are kept as evidence."""
    tried: Counter[str] = Counter()
    found: list[Difference] = []

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, **COMMON)
    @given(world=worlds(), chance=st.integers(0, 2**32))
    def holds(world: World, chance: int) -> None:
        example = play(pair, world, chance)
        found.extend(example.differences(60))
        tried.update(worlds=1, answers=example.answers)
        assert [str(one) for one in found] == []

    try:
        holds()
    finally:
        shown = {name: answers_until_found(pair, name) for name in LEAKS}
        keep(
            {
                "test": "T01",
                "database": database.partition(":")[0].partition("+")[0],
                "examples": tried["answers"],
                "worlds": tried["worlds"],
                "failures": len(found),
                "planted": len(LEAKS),
                "caught": sum(answers is not None for answers in shown.values()),
                "not_caught": sorted(name for name, answers in shown.items() if answers is None),
                "most_answers_until_caught": max((one for one in shown.values() if one), default=None),
                "seed": SEED,
                "version": __version__,
            },
            EVIDENCE,
        )
