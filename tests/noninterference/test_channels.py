"""Every channel by which something hidden could be told has what holds it, or says what it waits for."""

from __future__ import annotations

from pathlib import Path

import attrs
from matrix.faults import FAULTS

from .channels import CHANNELS, Channel, page
from .leaks import LEAKS

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "explanation" / "side-channels.md"


def open_channels(channels: tuple[Channel, ...]) -> list[str]:
    """What is wrong with a list of channels: one that nothing holds, or that names what there is not."""
    wrong = []
    for one in channels:
        planted = [name for name in LEAKS if name.startswith(one.prefix)]
        if not one.waits_for and not (one.tests and (planted or one.faults or one.id in HELD_BY_CONTROLS)):
            wrong.append(f"{one.id} has neither tests with planted leaks nor a part that it waits for")
        if one.waits_for and (one.tests or planted):
            wrong.append(f"{one.id} is tested, and waits for {one.waits_for}")
        wrong += [f"{one.id} names {test}, which is not there" for test in one.tests if not _is_there(test)]
        wrong += [
            f"{one.id} names {fault}, which nobody plants" for fault in one.faults if fault not in FAULTS
        ]
    return wrong


# Their controls are planted in the tests themselves.
HELD_BY_CONTROLS = ("S24", "S30")


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    path = TESTS / file
    return path.exists() and (not name or f"def {name}(" in path.read_text("utf-8"))


def test_every_channel_is_held_or_waits() -> None:
    """A reviewer finds for each of the 33 channels what holds it, or what it waits for."""
    assert [one.id for one in CHANNELS] == [f"S{at:02}" for at in range(1, 34)]
    assert open_channels(CHANNELS) == []


def test_every_planted_leak_has_its_channel() -> None:
    """No leak is planted for a channel that the list does not know."""
    prefixes = tuple(one.prefix for one in CHANNELS)
    assert [name for name in LEAKS if not name.startswith(prefixes)] == []


def test_a_channel_that_nothing_holds_is_seen() -> None:
    """Were a test renamed, or a channel entered without one, the list would not be green."""
    first = CHANNELS[0]
    assert open_channels((attrs.evolve(first, tests=()),)) != []
    assert open_channels((attrs.evolve(first, tests=("matrix/test_matrix.py::test_gone",)),)) != []
    assert open_channels((attrs.evolve(first, faults=("nobody plants it",)),)) != []
    assert open_channels((attrs.evolve(first, waits_for="pages"),)) != []


def test_the_page_says_what_the_list_says() -> None:
    """Whoever reads the docs reads the list that the tests hold."""
    assert PAGE.read_text("utf-8") == page()
