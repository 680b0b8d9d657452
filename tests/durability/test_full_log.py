"""A full disk below PostgreSQL's log loses nothing that was acknowledged, and is over once there is space (T22)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import evidence
import pytest

from .filling import FAULTS

EXAMPLE = "space for PostgreSQL's log that gave out in mid-act and came back, with the CRM not opened anew"


def rounds(number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `log_full.py` work on a server of its own, and give what it prints."""
    tests = Path(__file__).parents[1]
    # The account of the server has to reach it.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        program = [
            "unshare",
            "-m",
            sys.executable,
            "-m",
            "durability.log_full",
            folder,
            str(number),
            str(seed),
        ]
        program += [fault] if fault else []
        done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.postgresql
@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.skipif(
    os.geteuid() != 0, reason="a disk is mounted, and a server run by an account without rights"
)
def test_full_logs() -> None:
    """However often the log finds no room, nothing acknowledged is lost, and the next acts succeed (T22)."""
    left = evidence.asked_for(100)
    while left > 0:
        some = min(left, 10)
        seed, began = evidence.next_seed("T22", "postgresql"), time.monotonic()
        found = rounds(some, seed)
        # Whether a fault has a chance to show depends on the moment at which the space gives out.
        caught = [any(rounds(6, seed + at, fault)["wrong"] for at in range(4)) for fault in FAULTS]
        left -= some
        figures = {
            "database": "postgresql",
            "seed": seed,
            "examples": found["rounds"],
            "acknowledged": found["acknowledged"],
            "failed": found["failed"],
            "failures": len(found["wrong"]),
            "planted": len(caught),
            "caught": sum(caught),
            "seconds": round(time.monotonic() - began),
        }
        evidence.keep("T22", EXAMPLE, 100, figures)
        assert found["wrong"] == []
        assert all(caught)
