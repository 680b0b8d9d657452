"""A full disk undoes the act that met it, tells so, and hinders nobody once there is space again (T21)."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, FixedClock

from .filling import FAULTS, KINDS

EXAMPLE = "space that gave out in mid-act, was read without, and came back; nothing was opened anew"
# A disk of its own that nobody else sees, and that is gone with the program.
_MOUNTED = 'mount -t tmpfs -o size=64m tmpfs "$1" && cp "$2" "$1/test.db" && shift 2 && exec "$@"'


def rounds(database: str, folder: Path, kind: str, number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `filling.py` work on a copy of that database, and give what it prints."""
    folder.mkdir()
    origin = database.removeprefix("sqlite:///")
    program = [sys.executable, "-m", "durability.filling", str(folder / "test.db"), str(folder), kind]
    program += [str(number), str(seed), *([fault] if fault else [])]
    if kind == "disk":
        program = ["unshare", "-Urm", "sh", "-c", _MOUNTED, "sh", str(folder), origin, *program]
    else:
        shutil.copy(origin, folder / "test.db")
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


def test_a_full_disk_undoes_one_act(office: str, tmp_path: Path) -> None:
    """Whoever meets a full disk is told so and loses nothing, and the next act after there is space succeeds."""
    found = rounds(office, tmp_path / "full", "pages,limit", 6, random.randrange(10**6))
    assert found["wrong"] == []
    assert sum(found["failed"].values()) >= 6
    assert any(one.startswith("NoSpaceError") for one in found["failed"])


def test_a_full_disk_would_show_what_is_wrong(office: str, tmp_path: Path) -> None:
    """Were a failed commit not told of, a full disk would show it."""
    assert rounds(office, tmp_path / "full", "limit", 12, 1, "swallowed")["wrong"] != []


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_full_disks(office: str, tmp_path: Path, kind: str) -> None:
    """Whether disk, pages or a limit ran out, two thousand times, every act was whole or not there (T21)."""
    left = evidence.asked_for(700)
    while left > 0:
        # A file that has grown for long takes long to look through.
        some = min(left, 100)
        seed, began = evidence.next_seed("T21", "sqlite"), time.monotonic()
        found = rounds(office, tmp_path / f"{kind}{seed}", kind, some, seed)
        caught = [
            bool(rounds(office, tmp_path / f"{kind}{seed}{fault}", kind, 25, seed, fault)["wrong"])
            for fault in FAULTS
        ]
        left -= some
        evidence.keep(
            *("T21", EXAMPLE, 2000),
            {
                "database": "sqlite",
                "seed": seed,
                "full": kind,
                "examples": found["rounds"],
                "acknowledged": found["acknowledged"],
                "failed": found["failed"],
                "failures": len(found["wrong"]),
                "planted": len(caught),
                "caught": sum(caught),
                "seconds": round(time.monotonic() - began),
            },
        )
        assert found["wrong"] == []
        assert all(caught)
