"""Eight writers at once on one SQLite file, beside a long reader: none fails, waits for long or is lost (T25)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, FixedClock

from .day import NOW
from .storming import FAULTS

WRITERS = 8


def storm(
    database: str, seconds: float, hold: float, notes: int, seed: int, fault: str = "", writers: int = WRITERS
) -> dict[str, Any]:
    """Let `storming.py` work on that database, and give what it prints."""
    program = [sys.executable, "-m", "durability.storming", database.removeprefix("sqlite:///")]
    program += [str(writers), str(seconds), str(hold), str(notes), str(seed), *([fault] if fault else [])]
    tests = Path(__file__).parents[1]
    done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def office(sqlite_database: str, clock: FixedClock) -> str:
    """A database with people in it, which nobody has open."""
    with CRM(sqlite_database, clock=clock) as crm:
        enterprise(crm)
    return sqlite_database


def test_nobody_is_refused_in_a_storm(office: str) -> None:
    """Eight processes write at once beside a reader, and none of them is told that the database is locked."""
    found = storm(office, 0.4, 0.3, 10, random.randrange(10**6))
    assert (found["failed"], found["wrong"]) == ([], [])
    assert found["acts"] >= WRITERS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_storm_would_show_what_is_wrong(office: str, fault: str) -> None:
    """Were the lock asked for only after something was read, many would be told that the database is locked."""
    assert storm(office, 0.4, 0.3, 10, 1, fault, 3)["failed"] != []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_long_storm(sqlite_template: Path, tmp_path: Path) -> None:
    """Over a thousand acts of eight processes fail none, and the log stays below twice the data (T25)."""
    left = evidence.asked_for(5000)
    while left > 0:
        seed, began = evidence.next_seed("T25", "sqlite"), time.monotonic()
        found = {}
        for name in ("", *FAULTS):
            # On a disk: the log is kept small by writing it back, which takes time there.
            path = tmp_path / f"{seed}{name}.db"
            path.write_bytes(sqlite_template.read_bytes())
            with CRM(f"sqlite:///{path}", clock=FixedClock(NOW)) as crm:
                enterprise(crm)
            found[name] = storm(f"sqlite:///{path}", 3 if name else 60, 3, 6000, seed, name)
        told = found[""]
        left -= told["acts"]
        kept = {key: told[key] for key in told if key not in ("failed", "wrong")}
        kept["failures"] += len(told["wrong"])
        evidence.keep(
            *("T25", "an act of one of eight processes beside a reader of an old state", 20_000),
            {
                "database": "sqlite",
                "seed": seed,
                "examples": told["acts"],
                **kept,
                "planted": len(FAULTS),
                "caught": sum(bool(found[name]["failed"]) for name in FAULTS),
                "seconds": round(time.monotonic() - began),
            },
        )
        assert (told["failed"], told["wrong"]) == ([], [])
        assert told["p99"] < 2
        assert told["log"] < 2 * told["data"]
        assert all(found[name]["failed"] for name in FAULTS)
