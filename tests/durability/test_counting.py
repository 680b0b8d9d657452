"""Many writers on one record lose no update: what was acknowledged is what there is (T26)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, Customer, Session

from .books import disagreements
from .counting import FIELDS, Counting, number, without_versions

PROCESSES, THREADS = 2, 3


def customer(crm: CRM, number: int) -> Any:
    """A new customer to count up in."""
    with crm.session("rep_a") as session:
        draft = Customer.organization(f"Firm {number}", email=f"f{number}@example.com", source="exhibition")
        return session.add(draft).ref


def by_processes(
    crm: CRM, database: str, updates: int, seed: int, fault: str = ""
) -> tuple[Counter[str], list[str]]:
    """Let processes of their own count up: what was acknowledged, and what is not as they say."""
    ref = customer(crm, seed)
    program = [sys.executable, str(Path(__file__).with_name("counting.py")), database, str(ref.id)]
    program += [str(updates // PROCESSES), str(THREADS)]
    running = [
        subprocess.Popen(
            [*program, str(seed * PROCESSES + one), *([fault] if fault else [])], stdout=subprocess.PIPE
        )
        for one in range(PROCESSES)
    ]
    return compared(crm, ref, [json.loads(one.communicate(timeout=3600)[0]) for one in running])


def by_threads(crm: CRM, updates: int, seed: int) -> tuple[Counter[str], list[str]]:
    """As by processes, by the threads of this one."""
    ref = customer(crm, seed)
    return compared(crm, ref, [Counting(crm, ref, updates, seed).go(PROCESSES * THREADS)])


def compared(crm: CRM, ref: Any, told: list[dict[str, Any]]) -> tuple[Counter[str], list[str]]:
    """What was acknowledged and how many came too late, and what is not there as it was told."""
    acknowledged: Counter[str] = sum((Counter(one["acknowledged"]) for one in told), Counter())
    with crm.view("rep_a") as session:
        record = session.get(ref)
    wrong = [error for one in told for error in one["strange"]]
    there = Counter({name: number(record, name) for name in FIELDS})
    wrong += [] if there == acknowledged else [f"{acknowledged} told, {there} there"]
    wrong += [] if record.version == 1 + acknowledged.total() else [f"version {record.version}"]
    return acknowledged + Counter(stale=sum(one["stale"] for one in told)), wrong + disagreements(crm)


@pytest.fixture
def office(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM with people in it."""
    crm = open_crm()
    enterprise(crm)
    return crm


def test_no_update_is_lost(office: CRM) -> None:
    """Six threads count up in three fields of one customer, and no count is missing."""
    told, wrong = by_threads(office, 150, random.randrange(10**6))
    assert wrong == []
    assert sum(told[name] for name in FIELDS) >= 150


def test_a_lost_update_would_be_seen(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were no version asked for, the later of two writers would undo the earlier, and counts be missing."""
    with CRM(sqlite_database) as crm:
        enterprise(crm)
        monkeypatch.setattr(Session, "change", without_versions(Session.change))
        assert by_threads(crm, 300, 1)[1] != []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_hundred_thousand_updates(office: CRM, database: str) -> None:
    """Of a hundred thousand updates by six threads in two processes none is lost (T26)."""
    kind, left = evidence.of_database(database), evidence.asked_for(50_000)
    while left > 0:
        seed, began = evidence.next_seed("T26", kind), time.monotonic()
        told, wrong = by_processes(office, database, min(left, 5000), seed)
        lost_ones = by_processes(office, database, 300, seed + 10**7, "no versions")[1]
        done = sum(told[name] for name in FIELDS)
        left -= done
        evidence.keep(
            *("T26", "an acknowledged update of one of three fields of one record", 100_000),
            {
                "database": kind,
                "seed": seed,
                "examples": done,
                "writers": f"{THREADS} threads in each of {PROCESSES} processes",
                "came_too_late": told["stale"],
                "failures": len(wrong),
                "planted": 1,
                "caught": int(bool(lost_ones)),
                "seconds": round(time.monotonic() - began),
            },
        )
        assert wrong == []
        assert lost_ones != []
