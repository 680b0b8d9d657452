"""What transactions at once saw and did is explained by some order of them one after the other (T28)."""

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
from house import enterprise
from revision.amending import flow, policy, step, world

from pycrm import CRM, FixedClock

from .anomalies import Act, anomalies
from .appending import FAULTS
from .day import NOW

WORKERS = 4


def history(database: str, transactions: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `appending.py` work on that database, and give what it prints."""
    program = [sys.executable, "-m", "durability.appending", database, str(WORKERS)]
    program += [str(transactions), str(seed), *([fault] if fault else [])]
    tests = Path(__file__).parents[1]
    done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def office(open_crm: Callable[..., CRM], database: str) -> str:
    """A database with people in it, where a party's name changes by the consent of a leader."""
    crm = open_crm()
    world(crm)
    flow(crm, "leader", step(), remind_after=9000, escalate_after=9000)
    policy(crm, "Party.name", flow="leader")
    crm.close()
    return database


def test_an_order_explains_what_was_seen(office: str) -> None:
    """Four processes read lists and append to them, by themselves and with consent, and one order explains it."""
    found = history(office, 80, random.randrange(10**6))
    assert found["anomalies"] == []
    assert found["transactions"] >= 80


@pytest.mark.postgresql
def test_bare_read_committed_would_be_seen(postgresql_database: str) -> None:
    """Were READ COMMITTED of PostgreSQL all there is, what was seen would have no order."""
    assert history(postgresql_database, 400, 1, "raw")["anomalies"] != []


def test_a_last_writer_would_be_seen(sqlite_database: str) -> None:
    """Were no version asked for, what was read before it was written would have no order."""
    with CRM(sqlite_database, clock=FixedClock(NOW)) as crm:
        enterprise(crm)
    assert history(sqlite_database, 400, 1, "without_versions")["anomalies"] != []


def act(id: str, reads: dict[str, list[str]], appends: dict[str, list[str]], kept: bool = True) -> Act:
    """One transaction of a history by hand."""
    return Act(id, kept, reads, appends)


# Of each kind of anomaly the smallest history that has it, and the last state of its lists.
BY_HAND: dict[str, tuple[list[Act], dict[str, list[str]]]] = {
    "lost": ([act("a", {"x": []}, {"x": ["1"]}), act("b", {"x": []}, {"x": ["2"]})], {"x": ["2"]}),
    "undone": ([act("a", {}, {"x": ["1"]}, False)], {"x": ["1"]}),
    "never was": (
        [act("a", {}, {"x": ["1"]}, False), act("b", {"x": ["1"]}, {}), act("c", {}, {"x": ["2"]})],
        {"x": ["2"]},
    ),
    "G1b": ([act("a", {}, {"x": ["1", "2"]}), act("b", {"x": ["1"]}, {})], {"x": ["1", "2"]}),
    "G0": (
        [act("a", {}, {"x": ["1"], "y": ["2"]}), act("b", {}, {"x": ["3"], "y": ["4"]})],
        {"x": ["1", "3"], "y": ["4", "2"]},
    ),
    "G1c": (
        [act("a", {"y": ["2"]}, {"x": ["1"]}), act("b", {"x": ["1"]}, {"y": ["2"]})],
        {"x": ["1"], "y": ["2"]},
    ),
    "G-single": (
        [act("a", {}, {"x": ["1"], "y": ["2"]}), act("b", {"x": [], "y": ["2"]}, {})],
        {"x": ["1"], "y": ["2"]},
    ),
    "G2": (
        [act("a", {"y": []}, {"x": ["1"]}), act("b", {"x": []}, {"y": ["2"]})],
        {"x": ["1"], "y": ["2"]},
    ),
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_each_anomaly_has_its_name(kind: str) -> None:
    """Whoever looks for anomalies is told of each kind that there is."""
    acts, final = BY_HAND[kind]
    (found,) = {one.partition(":")[0] for one in anomalies(acts, final) if kind in one}
    assert kind in found


def test_what_has_an_order_is_no_anomaly() -> None:
    """One after the other, with a reader between and one that was undone, nothing is wrong."""
    acts = [
        act("a", {"x": []}, {"x": ["1"]}),
        act("b", {"x": ["1"], "y": []}, {}),
        act("c", {"x": ["1"], "y": []}, {"x": ["2"], "y": ["3"]}),
        act("d", {"x": ["1"]}, {"x": ["4"]}, False),
    ]
    assert anomalies(acts, {"x": ["1", "2"], "y": ["3"]}) == []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_hundred_thousand_transactions(office: str) -> None:
    """Of a hundred thousand transactions at once none saw what no order explains (T28)."""
    kind, left = evidence.of_database(office), evidence.asked_for(50_000)
    while left > 0:
        seed, began = evidence.next_seed("T28", kind), time.monotonic()
        found = history(office, min(left, 5000), seed)
        caught = {fault: history(office, 2000, seed + 10**7, fault)["found"] for fault in FAULTS}
        left -= found["transactions"]
        evidence.keep(
            *("T28", "a transaction that reads lists or appends to them beside three others", 100_000),
            {
                "database": kind,
                "seed": seed,
                "examples": found["transactions"],
                "undone": found["undone"],
                "failures": found["found"],
                "planted": len(FAULTS),
                "caught": sum(map(bool, caught.values())),
                "anomalies_of_faults": caught,
                "seconds": round(time.monotonic() - began),
            },
        )
        assert found["anomalies"] == []
        assert all(caught.values())
