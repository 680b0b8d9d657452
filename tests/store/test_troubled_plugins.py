"""However an act on a plugin's tables is cut off, core works without the plugin and its rows stay (T57)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import evidence
import pytest

from .upgrading import FAULTS


def troubled(origin: str, number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `troubled.py` work at that address, and give what it prints."""
    program = [sys.executable, "-m", "store.troubled", origin, f"{origin}_copy", str(number), str(seed)]
    program += [fault] if fault else []
    tests = Path(__file__).parents[1]
    done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_plugins_are_enabled_taken_back_and_uninstalled_in_trouble(empty: str) -> None:
    """Enabling, taking back and uninstalling each bundled plugin, failed or killed at any statement, is taken up again.

    Meanwhile core works without the plugin, each table has all of its rows or is gone with its step, and a start is
    refused with its cause. Were a step no transaction, what is left of it would stand in the way (the planted fault).
    """
    kind, began = evidence.of_database(empty), time.monotonic()
    seed = evidence.next_seed("T57", kind)
    found = troubled(empty, evidence.asked_for(250), seed)
    caught = [bool(troubled(empty, 24, seed, fault)["wrong"]) for fault in FAULTS]
    evidence.keep(
        *("T57", "an act on the tables of a bundled plugin, failed or killed at some statement", 500),
        {
            "database": kind,
            "seed": seed,
            "examples": found["cuts"],
            "ways": found["ways"],
            "statements": found["statements"],
            "places_struck": found["struck"],
            "failures": len(found["wrong"]),
            "planted": len(caught),
            "caught": sum(caught),
            "seconds": round(time.monotonic() - began),
        },
    )
    assert found["wrong"] == []
    assert all(caught)
