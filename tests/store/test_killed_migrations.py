"""Whoever is killed while migrating leaves whole steps, and the next run ends as if nothing had been (T19)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import evidence
import pytest

from pycrm import CRM

from .clinic import Clinic, Lab
from .conftest import Shelf
from .test_plugin_migrations import filled
from .upgrading import FAULTS

Open = Callable[..., CRM]
# Where a migration to the clinic's next version may begin.
BEGINNINGS = ("empty", "core", "clinic")


def begun(origin: str, at: Open, shelf: Shelf, beginning: str) -> str:
    """Bring an empty database to a beginning, and let the migrations that it lacks lie on the shelf."""
    if beginning != "empty":
        with at(origin) as crm:
            crm.migrate()
    shelf.put("clinic_steps", "0001_visits.py")
    shelf.put("lab_steps", "0001_findings.py")
    if beginning == "clinic":
        with at(origin, Clinic, Lab) as crm:
            crm.migrate()
            filled(crm)
    shelf.put("clinic_steps", "0002_rooms.py")
    return origin


def kills(origin: str, shelf: Shelf, number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `upgrading.py` work on copies of that database, and give what it prints."""
    copy = f"{origin}_copy"
    if origin.startswith("sqlite"):
        Path(origin.removeprefix("sqlite:///")).touch()
    program = [sys.executable, "-m", "store.upgrading", origin, copy, str(shelf.root), str(number), str(seed)]
    program += [fault] if fault else []
    tests = Path(__file__).parents[1]
    done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_killed_migration_is_taken_up_again(sqlite_database: str, at: Open, shelf: Shelf) -> None:
    """Killed at two statements of a plugin's step, a migration of a filled database ends as in peace."""
    found = kills(begun(sqlite_database, at, shelf, "clinic"), shelf, 2, random.randrange(10**6))
    assert found["wrong"] == []
    assert found["steps"] == ["clinic 0002: rooms"]
    assert found["kills"] == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_kill_would_show_what_is_wrong(sqlite_database: str, at: Open, shelf: Shelf, fault: str) -> None:
    """Were a step no transaction, a kill would leave half of it, and the next run would fail or differ."""
    origin = begun(sqlite_database, at, shelf, "clinic")
    assert kills(origin, shelf, 12, 1, fault)["wrong"] != []


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_fifty_killed_migrations(empty: str, at: Open, shelf: Shelf, beginning: str) -> None:
    """From every version on, killed fifty times at some statement, a migration ends as in peace (T19)."""
    origin, kind = begun(empty, at, shelf, beginning), evidence.of_database(empty)
    seed, began = evidence.next_seed("T19", kind), time.monotonic()
    found = kills(origin, shelf, evidence.asked_for(50), seed)
    caught = [bool(kills(origin, shelf, 60, seed, fault)["wrong"]) for fault in FAULTS]
    evidence.keep(
        *("T19", "a kill at some statement of a migration, which is then run again", 300),
        {
            "database": kind,
            "seed": seed,
            "from": beginning,
            "steps": found["steps"],
            "statements": found["statements"],
            "examples": found["kills"],
            "statements_struck": len(set(found["struck"])),
            "failures": len(found["wrong"]),
            "planted": len(caught),
            "caught": sum(caught),
            "seconds": round(time.monotonic() - began),
        },
    )
    assert found["wrong"] == []
    assert all(caught)
