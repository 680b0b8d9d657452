"""Whoever may not see a difference between two worlds is told none of it over REST (T02)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from evidence import asked_for, keep, next_seed, of_database
from scope.worlds import World, rich_world

from .asking_http import RestPlay
from .leaks import FOCUS, LEAKS
from .leaks_http import HTTP_LEAKS
from .twins import EVERYWHERE, twins
from .two_worlds import Pair

EXAMPLE = "one answer over REST in both worlds: status, headers and body"
# Leaks of the session that reading over REST tells too; hidden fields it does not even ask the session for.
READING = ("s01_got_by_id", "s03_counted", "s04_filtered_pages", "s04_cursor_with_total", "s05_joined")


def played(pair: Pair, world: World, seed: int, steps: int) -> Iterator[str]:
    """What differs in one example."""
    with closing(RestPlay(pair, twins(world, seed, EVERYWHERE), seed)) as play:
        yield from (str(one) for one in play.differences(steps))
        ANSWERS[0] += play.answers


ANSWERS = [0]


def test_nobody_tells_two_worlds_apart_over_rest(pair_of_files: Pair) -> None:
    """Whatever somebody asks for by an address, both worlds answer alike."""
    ANSWERS[0] = 0
    assert list(played(pair_of_files, rich_world(), 0, 40)) == []
    assert ANSWERS[0] >= 20


def found(pair: Pair, examples: int, steps: int = 30) -> bool:
    """Whether something differs in so many examples."""
    return any(True for at in range(examples) for _ in played(pair, rich_world(), at, steps))


# Each of those not asked here takes seconds to show.
SOON = ("hidden_is_forbidden", "list_with_total", "counted_unseen")


@pytest.mark.parametrize(
    "name", [name if name in SOON else pytest.param(name, marks=pytest.mark.torture) for name in HTTP_LEAKS]
)
def test_a_leak_of_the_face_shows(pair_of_files: Pair, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the face itself to tell more than the session does, the worlds would be told apart."""
    HTTP_LEAKS[name](monkeypatch)
    assert found(pair_of_files, 30)


@pytest.mark.torture
@pytest.mark.parametrize("name", READING)
def test_a_leak_of_the_session_shows(pair_of_files: Pair, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak of the session is told by addresses as well."""
    LEAKS[name](monkeypatch)
    assert name in FOCUS
    assert found(pair_of_files, 200)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_many_answers_over_rest(pair: Pair, database: str) -> None:
    """In many thousands of answers there is no difference, and the figures are kept as evidence."""
    wanted, failures, sort = asked_for(20_000), [], of_database(database)
    total = 0
    while total < wanted and not failures:
        seed = next_seed("T02", sort)
        ANSWERS[0] = 0
        for at in range(50):
            failures += list(played(pair, rich_world(), seed * 1000 + at, 60))
        figures: dict[str, Any] = {
            "database": sort,
            "seed": seed,
            "examples": ANSWERS[0],
            "failures": len(failures),
        }
        keep("T02", EXAMPLE, 20_000, figures)
        total += ANSWERS[0]
    assert not failures, "\n\n".join(failures)
