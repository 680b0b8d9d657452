"""What people see equals what a second, plain account of the rules says they see (T03)."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from evidence import asked_for, keep, next_seed, of_database
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.errors import NoSuchExample

from pycrm import CRM

from .compare import disagreements
from .faults import FAULTS, Plant
from .worlds import World, rich_world, worlds

EXAMPLE = "what one verb tells one person of one class (a set, an order, a count or a sum), by both accounts"
# So many enterprises are a chunk of the long run; a CRM for each, since what is in its database adds up.
WORLDS = 50
COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [
        *(HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large),
    ],
}


@given(world=worlds())
@settings(max_examples=15, **COMMON)
def test_everybody_sees_what_the_rules_say(crm: CRM, world: World) -> None:
    """Whatever the tree, the roles and the owners: nobody sees more or less than the reference gives."""
    assert list(disagreements(crm, world)) == []


def differs(crm: CRM, world: World) -> bool:
    """Whether the CRM and the reference disagree, or the pages of a list do not fit together."""
    try:
        return any(True for _ in disagreements(crm, world))
    except AssertionError:
        return True


def test_the_enterprise_of_the_faults_is_right(open_crm: Callable[..., CRM]) -> None:
    """In the enterprise that faults are looked for in, everybody sees what the rules say."""
    assert list(disagreements(open_crm(random=None), rich_world())) == []


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_seen(
    open_crm: Callable[..., CRM], plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the scope wrong in this way, somebody in that enterprise would see it."""
    plant(monkeypatch)
    assert differs(open_crm(random=None), rich_world())


def caught(crm: CRM, plant: Plant) -> bool:
    """Whether the comparison turns red in one of 200 random worlds while the fault is planted."""
    options = settings(max_examples=200, phases=(Phase.generate,), derandomize=True, **COMMON)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        try:
            find(worlds(), lambda world: differs(crm, world), settings=options)
        except NoSuchExample:
            return False
    return True


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_thousands_of_answers(open_crm: Callable[..., CRM], database: str) -> None:
    """In thousands of enterprises nobody sees more or less, and the figures are kept as evidence."""
    answers, wanted, crm = 0, asked_for(20_000), open_crm()
    failures: list[str] = []
    while answers < wanted and not failures:
        answers += _chunk(crm, of_database(database), failures)
    assert not failures, "\n\n".join(failures)


def _chunk(crm: CRM, database: str, failures: list[str]) -> int:
    """Compare some enterprises and keep the figures; gives the number of answers compared."""
    chance, began, tried = next_seed("T03", database), time.monotonic(), 0
    compared: list[str] = []

    @seed(chance)
    @settings(max_examples=WORLDS, database=None, phases=(Phase.generate,), **COMMON)
    @given(world=worlds())
    def compare(world: World) -> None:
        nonlocal tried
        tried += 1
        try:
            found = list(disagreements(crm, world, compared))
        except Exception:
            found = [traceback.format_exc()]
        if found:
            failures.append("\n".join([*found, f"in {world}"]))

    compare()
    figures = {
        "database": database,
        "seed": chance,
        "examples": len(compared),
        "worlds": tried,
        "failures": len(failures),
        "seconds": round(time.monotonic() - began),
    }
    keep("T03", EXAMPLE, 200_000, figures)
    return len(compared)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_random_enterprises_show_each_fault(open_crm: Callable[..., CRM], database: str) -> None:
    """Each planted fault is seen in one of 200 random enterprises, which is kept as evidence."""
    seen = [plant.__name__ for plant in FAULTS if caught(open_crm(random=None), plant)]
    missed = sorted({plant.__name__ for plant in FAULTS} - set(seen))
    figures = {"planted": len(FAULTS), "caught": len(seen), "not_caught": missed}
    keep("T03", EXAMPLE, 200_000, {"database": of_database(database), **figures})
    assert missed == []
