"""Whoever may not see a difference between two worlds is told none of it by any operation (T01)."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from evidence import asked_for, keep, next_seed, of_database
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from scope.worlds import World, rich_world, worlds

from .leaks import FOCUS, LEAKS
from .two_worlds import Pair, play

EXAMPLE = "what one session of a person answers in both worlds, compared whole"
# So many worlds, of some forty answers each, are a chunk of the long run: minutes where the machine is busy.
WORLDS = 50
# Within so many answers each planted leak must show.
WITHIN = 2000
# By which number each leak showed, where that is none of the first: it is tried before the others.
SOONEST = {
    "s03_behind_all": 3,
    "s05_labels": 4,
    "s05_owner_of_the_parent": 5,
    "s05_sorted_by_an_added_field": 4,
    "s06_linked": 2,
    "s07_filtered_by_hidden": 2,
    "s08_sorted_by_hidden": 25,
    "s14_claims_refuse": 10,
    "s17_diff_whole": 2,
    "s17_filtered_before_redaction": 2,
    "s17_overtaken_whole": 4,
    "s17_taken_back_whole": 2,
    "s18_gate": 2,
    "s18_guess_confirmed": 4,
    "s22_actor_kept": 2,
    "s22_tree_not_moved": 6,
    "s23_suspended": 2,
    "s26_batch_whole": 7,
    "s33_assigned_by_id": 9,
}
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
def test_a_planted_leak_shows(pair_of_files: Pair, name: str) -> None:
    """Were this channel open, the operations that it concerns would tell the worlds apart."""
    with leaking(name):
        numbers = (SOONEST.get(name, 0), *range(40))
        examples = (play(pair_of_files, rich_world(), at, FOCUS[name]) for at in numbers)
        assert any(True for example in examples for _ in example.differences(25))


def answers_until_found(pair: Pair, name: str) -> int | None:
    """How many answers of all operations it takes until a leak shows; None where they are not enough."""
    answers = at = 0
    with leaking(name):
        while answers < WITHIN:
            example = play(pair, rich_world(), at)
            try:
                is_shown = any(True for _ in example.differences(25))
            except Exception:
                # What is broken so that nothing answers any more is seen as well.
                is_shown = True
            if is_shown:
                return answers + example.answers
            answers, at = answers + example.answers + 1, at + 1
    return None


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_many_answers_of_two_worlds(pair: Pair, database: str) -> None:
    """In many thousands of answers there is no difference, and the figures are kept as evidence."""
    answers, wanted, failures = 0, asked_for(20_000), []
    while answers < wanted and not failures:
        answers += _chunk(pair, of_database(database), failures)
    assert not failures, "\n\n".join(failures)


def _chunk(pair: Pair, database: str, failures: list[str]) -> int:
    """Compare the answers in some worlds and keep the figures; gives the number of answers."""
    chance_of, tried, began = next_seed("T01", database), Counter[str](), time.monotonic()

    @seed(chance_of)
    @settings(max_examples=WORLDS, database=None, phases=(Phase.generate,), **COMMON)
    @given(world=worlds(), chance=st.integers(0, 2**32))
    def compare(world: World, chance: int) -> None:
        # What differs is noted, not raised: to make it small would take longer than all the rest.
        example = play(pair, world, chance)
        try:
            found = [str(one) for one in example.differences(60)]
        except Exception:
            found = [traceback.format_exc()]
        if found:
            failures.append("\n".join([*found, f"in {world} by {chance}"]))
        tried.update(worlds=1, answers=example.answers, failures=bool(found))

    compare()
    figures = {
        "database": database,
        "seed": chance_of,
        "examples": tried["answers"],
        "worlds": tried["worlds"],
        "failures": tried["failures"],
        "seconds": round(time.monotonic() - began),
    }
    keep("T01", EXAMPLE, 200_000, figures)
    return tried["answers"]


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_each_planted_leak_shows_in_time(pair: Pair, database: str) -> None:
    """Each leak is told by two thousand answers of all operations, and how soon is kept as evidence."""
    shown = {name: answers_until_found(pair, name) for name in LEAKS}
    missed = sorted(name for name, answers in shown.items() if answers is None)
    figures = {
        "database": of_database(database),
        "planted": len(LEAKS),
        "caught": len(LEAKS) - len(missed),
        "not_caught": missed,
        "most_answers_until_caught": max((one for one in shown.values() if one), default=None),
    }
    keep("T01", EXAMPLE, 200_000, figures)
    assert missed == []
