"""Whoever is killed in the middle of a unit of work leaves all of it or nothing, and loses nothing told (T17)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, FixedClock, StoreError

from .books import disagreements, unsound
from .day import one_act
from .killing import FAULTS, operations

EXAMPLE = "a kill of a process, or of its connection on the server, while it does one act after the other"


def kills(address: str, folder: Path, number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `killing.py` work on that database, and give what it prints."""
    program = [sys.executable, "-m", "durability.killing", address, str(folder)]
    program += [str(number), str(seed), *([fault] if fault else [])]
    tests = Path(__file__).parents[1]
    done = subprocess.run(program, cwd=tests, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def office(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM with people in it, which the test does not use meanwhile."""
    crm = open_crm()
    enterprise(crm)
    crm.close()
    return crm


def test_a_killed_process_leaves_all_of_an_act_or_nothing(
    sqlite_database: str, clock: FixedClock, tmp_path: Path
) -> None:
    """Killed at random moments, a process has left whole acts, and every one that it told of."""
    with CRM(sqlite_database, clock=clock) as crm:
        enterprise(crm)
    found = kills(sqlite_database, tmp_path, 8, random.randrange(10**6))
    assert found["wrong"] == []
    assert found["kills"] == 8
    # Seven of them had acknowledged something.
    assert found["acknowledged"] >= 7


def copied(database: str, path: Path) -> str:
    """A SQLite file beside the one of the test."""
    path.write_bytes(Path(database.removeprefix("sqlite:///")).read_bytes())
    return f"sqlite:///{path}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_kill_would_show_what_is_wrong(sqlite_database: str, tmp_path: Path, fault: str) -> None:
    """Were a commit told of too early, or an act written in two transactions, kills would show it."""
    with CRM(sqlite_database) as crm:
        enterprise(crm)
    assert kills(sqlite_database, tmp_path, 60, 1, fault)["wrong"] != []


class Worker(threading.Thread):
    """Does one act after the other and keeps which of them were acknowledged, until it is told to stop."""

    def __init__(self, crm: CRM, seed: int) -> None:
        super().__init__()
        self.crm, self.chance = crm, random.Random(seed)
        self.acknowledged: set[int] = set()
        self.failed, self.strange, self.has_ended = 0, [], False  # type: ignore[var-annotated]

    def run(self) -> None:
        """Work; of a failure another act follows."""
        number = 0
        while not self.has_ended:
            number += 1
            try:
                one_act(self.crm, self.chance, number)
                self.acknowledged.add(number)
            except StoreError:
                self.failed += 1
            except Exception as error:
                self.strange.append(repr(error))


def connections_cut(crm: CRM, number: int, seed: int) -> dict[str, Any]:
    """Let the server end the connection of a worker that often, and say what it led to."""
    import psycopg

    chance, worker = random.Random(seed), Worker(crm, seed)
    url = crm.store.url
    server = psycopg.connect(url.set(drivername="postgresql").render_as_string(False), autocommit=True)
    ended = 0
    worker.start()
    try:
        while ended < number and worker.is_alive() and not worker.strange:
            time.sleep(chance.random() * 0.04)
            rows = server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND "
                "pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'",
                [url.database],
            ).fetchall()
            ended += len(rows)
    finally:
        worker.has_ended = True
        worker.join(60)
        server.close()
    # One that was ended after its last act may still wait in the pool.
    crm.store.dispose()
    wrong = worker.strange + [f"act {one} is lost" for one in worker.acknowledged - operations(crm)]
    return {
        "kills": ended,
        "met": worker.failed,
        "acknowledged": len(worker.acknowledged),
        "wrong": wrong + disagreements(crm),
    }


@pytest.mark.postgresql
def test_an_ended_connection_leaves_all_of_an_act_or_nothing(postgresql_database: str) -> None:
    """When the server ends a connection in mid-act, its caller is told, and the next act succeeds."""
    with CRM(postgresql_database) as crm:
        enterprise(crm)
        found = connections_cut(crm, 6, random.randrange(10**6))
        assert found["wrong"] == []
        assert found["met"] >= 3
        assert unsound(crm) == []


def _keep(database: str, seed: int, found: dict[str, Any], of: str, began: float, caught: int) -> None:
    figures = {
        "database": database,
        "seed": seed,
        "killed": of,
        "examples": found["kills"],
        "met_an_act": found["met"],
        "acknowledged": found["acknowledged"],
        "failures": len(found["wrong"]),
        "seconds": round(time.monotonic() - began),
    }
    planted = {"planted": len(FAULTS), "caught": caught} if caught else {}
    evidence.keep("T17", EXAMPLE, 1300, figures | planted)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_thousand_kills(office: CRM, database: str, tmp_path: Path) -> None:
    """Killed a thousand times on SQLite, and three hundred times on PostgreSQL, a process loses nothing (T17)."""
    kind, began = evidence.of_database(database), time.monotonic()
    seed = evidence.next_seed("T17", kind)
    caught = 0
    if kind == "sqlite":
        for fault in FAULTS:
            twin = copied(database, tmp_path / f"{fault}.db")
            caught += bool(kills(twin, tmp_path / fault, 100, seed, fault)["wrong"])
    found = kills(database, tmp_path, evidence.asked_for(1000 if kind == "sqlite" else 300), seed)
    _keep(kind, seed, found, "process", began, caught)
    assert found["wrong"] == []
    assert caught == (len(FAULTS) if kind == "sqlite" else 0)


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.postgresql
def test_three_hundred_ended_connections(postgresql_database: str, tmp_path: Path) -> None:
    """Of three hundred connections that the server ended in mid-act, none broke or lost anything (T17)."""
    began = time.monotonic()
    with CRM(postgresql_database, heads=tmp_path) as crm:
        enterprise(crm)
        seed = evidence.next_seed("T17", "postgresql")
        found = connections_cut(crm, evidence.asked_for(300), seed)
        found["wrong"] += unsound(crm)
    _keep("postgresql", seed, found, "connection", began, 0)
    assert found["wrong"] == []
