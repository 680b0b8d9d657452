"""What people see equals what a second, plain account of the rules says they see (T03)."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.errors import NoSuchExample

from pycrm import CRM, __version__

from .compare import disagreements
from .faults import FAULTS, Plant
from .worlds import World, rich_world, worlds

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence" / "T03.json"
EXAMPLES = int(os.environ.get("PYCRM_EXAMPLES", "2000"))
SEED = 20260630
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
def test_thousands_of_worlds(open_crm: Callable[..., CRM], database: str) -> None:
    """In thousands of enterprises nobody sees more or less, and the figures are kept as evidence."""
    crm, tried, failures = open_crm(), 0, 0

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, **COMMON)
    @given(world=worlds())
    def holds(world: World) -> None:
        nonlocal tried
        tried += 1
        assert list(disagreements(crm, world)) == []

    try:
        holds()
    except AssertionError:
        failures = 1
        raise
    finally:
        keep(
            {
                "test": "T03",
                "database": database.partition(":")[0],
                "examples": tried,
                "failures": failures,
                "planted": len(FAULTS),
                "caught": sum(caught(open_crm(random=None), plant) for plant in FAULTS),
                "seed": SEED,
                "version": __version__,
            }
        )


def keep(figures: dict[str, Any], evidence: Path = EVIDENCE) -> None:
    """Write the figures of one database beside those of the other."""
    evidence.parent.mkdir(parents=True, exist_ok=True)
    with evidence.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        kept = [one for one in json.loads(file.read() or "[]") if one["database"] != figures["database"]]
        file.truncate(0)
        both = sorted([*kept, figures], key=lambda one: str(one["database"]))
        file.write(json.dumps(both, indent=2) + "\n")
