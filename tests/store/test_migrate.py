"""Migrating: the tables as declared, in whole steps, on any database, by anybody at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from pycrm import CRM, Role, StoreError
from pycrm.app.setup import differences

from .clinic import Clinic
from .clinic_next import Clinic as NextClinic
from .conftest import Shelf
from .databases import catalogue, fetch, names

Open = Callable[..., CRM]
ROOT = Path(__file__).parents[2]
FIRST = [
    "core 0001: foundation",
    "made the key of claims and cursors",
    "made the index of texts of Customer, Contact, Product, Lead, Opportunity",
    "published pipeline commitment 1",
    "published pipeline customer 1",
    "published pipeline lead 1",
    "published pipeline sales 1",
    "published pipeline task 1",
    "added the roles staff, leader, top and administrator",
]


def declared(empty: str, crm: CRM, tmp_path: Path) -> dict[str, Any]:
    """The catalogue of tables that SQLAlchemy makes from the declarations by itself."""
    if empty.startswith("sqlite"):
        other, schema = f"sqlite:///{tmp_path}/declared.db", "public"
        engine = sa.create_engine(other)
    else:
        other, schema = empty, "declared"
        fetch(empty, "CREATE SCHEMA declared")
        address = empty.replace("postgresql://", "postgresql+psycopg://")
        engine = sa.create_engine(address, connect_args={"options": "-c search_path=declared"})
    crm.metadata.create_all(engine)
    engine.dispose()
    return catalogue(other, schema)


def test_migrating_makes_what_is_declared(empty: str, at: Open, tmp_path: Path) -> None:
    """Nobody finds a table, column, key or index that is not declared, or misses one that is."""
    crm = at(empty)
    assert crm.pending() == FIRST[:1]
    assert crm.migrate() == FIRST
    assert differences(crm) == []
    expected = declared(empty, crm, tmp_path)
    assert len(expected) > 100
    assert catalogue(empty) == expected
    fetch(empty, "DROP INDEX ix_crm_customer_owner_id_name_id")
    fetch(empty, "CREATE INDEX ix_crm_customer_owner_id_name_id ON crm_customer (owner_id, name, id)")
    fetch(empty, "ALTER TABLE crm_customer ADD COLUMN planted TEXT")
    assert catalogue(empty) != expected
    assert differences(crm) == ["column crm_customer.planted is not declared"]
    fetch(empty, "ALTER TABLE crm_customer DROP COLUMN planted")
    assert catalogue(empty) != expected, "the condition of the index went unnoticed"


def test_the_first_migration_is_what_its_script_writes() -> None:
    """Nobody can edit the first migration by hand, so it cannot drift from the declarations."""
    command = [sys.executable, str(ROOT / "scripts" / "first_migration.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_migrating_twice_does_nothing(empty: str, at: Open) -> None:
    """Whoever migrates a database that is up to date changes nothing."""
    at(empty).migrate()
    before = catalogue(empty), fetch(empty, "SELECT * FROM crm_setting")
    again = at(empty)
    assert again.pending() == []
    assert again.migrate() == []
    assert (catalogue(empty), fetch(empty, "SELECT * FROM crm_setting")) == before
    assert fetch(empty, "SELECT * FROM crm_version_core") == [("0001",)]


def test_a_database_that_was_not_migrated_is_refused(empty: str, at: Open, shelf: Shelf) -> None:
    """Whoever opens a database that lacks a step is told so at the first session, and what to do."""
    shelf.put("clinic_steps", "0001_visits.py")
    with pytest.raises(StoreError, match=r"lacks core 0001: foundation: run `pycrm migrate`"):
        at(empty).session("ana")
    at(empty).migrate()
    with pytest.raises(StoreError, match=r"lacks clinic 0001: visits: run `pycrm migrate`"):
        at(empty, Clinic).view("ana")
    at(empty, Clinic).migrate()
    with at(empty, Clinic).view(at(empty).system("test")) as session:
        assert session.count(Role) == 4


def test_the_check_costs_one_look_for_each_crm(empty: str, at: Open) -> None:
    """Nobody pays for the check again after the first session of a CRM."""
    at(empty).migrate()
    crm = at(empty)
    seen: list[str] = []
    event.listen(crm.store.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    for expected in (1, 0):
        seen.clear()
        with crm.view(crm.system("test")) as session:
            session.count(Role)
        assert len([text for text in seen if "crm_version_core" in text]) == expected


def test_a_newer_database_is_refused(empty: str, at: Open, shelf: Shelf) -> None:
    """Nobody works on, or migrates, a database that a newer version has migrated."""
    shelf.put("clinic_steps", "0001_visits.py")
    newer = shelf.put("clinic_steps", "0002_rooms.py")
    at(empty, NextClinic).migrate()
    newer.unlink()
    for act in (CRM.migrate, CRM.pending, lambda crm: crm.session("ana")):
        with pytest.raises(StoreError, match=r"clinic were migrated to 0002 by a newer .*`pycrm migrate`"):
            act(at(empty, Clinic))


@pytest.mark.parametrize("number", [12, 60, 127])
def test_a_statement_that_fails_leaves_the_step_undone(empty: str, at: Open, number: int) -> None:
    """Whichever statement of a step fails, nothing of the step is left and the next run succeeds."""
    crm, count = at(empty), 0

    def fail(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise OSError("the disk is full")

    event.listen(crm.store.engine, "before_cursor_execute", fail)
    with pytest.raises(StoreError, match=r"core.* failed, and nothing of it was kept: the disk is full"):
        crm.migrate()
    event.remove(crm.store.engine, "before_cursor_execute", fail)
    assert names(empty) == set()
    assert crm.migrate() == FIRST
    assert differences(crm) == []


WAITING = """
import sys
sys.path[:0] = sys.argv[2:]
from store.clinic_next import Clinic
from pycrm import CRM
crm = CRM(sys.argv[1], plugins=[Clinic])
print(*crm.migrate(), sep="\\n")
crm.close()
"""


def migrating(empty: str, shelf: Shelf, **environment: str) -> subprocess.Popen[str]:
    """Another process that migrates the next clinic."""
    command = [sys.executable, "-W", "error", "-c", WAITING, empty]
    command += [str(ROOT / "tests"), str(shelf.root)]
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_killed_step_leaves_the_earlier_state(empty: str, at: Open, shelf: Shelf) -> None:
    """When the process is killed in the middle of a step, the next run starts it from its beginning."""
    shelf.put("clinic_steps", "0001_visits.py")
    at(empty, Clinic).migrate()
    before = catalogue(empty, prefix="clinic_"), fetch(empty, "SELECT * FROM crm_version_clinic")
    sign = shelf.root / "half-way"
    pause = (
        f"    import os, pathlib, time\n"
        f"    if os.environ.get('CLINIC_PAUSES'):\n"
        f"        pathlib.Path({str(sign)!r}).touch()\n"
        f"        time.sleep(60)\n"
        f"\n\ndef downgrade"
    )
    text = shelf.texts["clinic_steps/0002_rooms.py"].replace("\n\ndef downgrade", pause)
    shelf.put("clinic_steps", "0002_rooms.py", text)
    process = migrating(empty, shelf, CLINIC_PAUSES="1")
    deadline = time.monotonic() + 60
    while not sign.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sign.exists(), process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    after = catalogue(empty, prefix="clinic_"), fetch(empty, "SELECT * FROM crm_version_clinic")
    assert after == before
    crm = at(empty, NextClinic)
    assert crm.migrate() == ["clinic 0002: rooms"]
    assert differences(crm) == []


def test_two_processes_may_migrate_at_once(empty: str, shelf: Shelf) -> None:
    """When two people migrate one database at the same time, each step is taken once."""
    shelf.put("clinic_steps", "0001_visits.py")
    shelf.put("clinic_steps", "0002_rooms.py")
    both = [migrating(empty, shelf) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [(process.returncode, errors) for process, (_, errors) in zip(both, answers, strict=True)] == [
        (0, "")
    ] * 2
    lines = sorted(line for said, _ in answers for line in said.splitlines() if line)
    assert lines == sorted([*FIRST, "clinic 0001: visits", "clinic 0002: rooms"])


def test_tenants_of_one_server_are_migrated_apart(empty: str, at: Open, tmp_path: Path) -> None:
    """Whoever migrates one tenant leaves the tables of another alone."""

    def tenant(name: str) -> CRM:
        if empty.startswith("sqlite"):
            return at(f"sqlite:///{tmp_path}/{name}.db")
        return at(empty, schema=name)

    assert tenant("north").migrate() == FIRST
    assert tenant("south").pending() == FIRST[:1]
    assert tenant("south").migrate() == FIRST
    assert differences(tenant("south")) == []
    assert tenant("north").pending() == tenant("south").pending() == []


LAZY = """
import sys, time
from pycrm import CRM, Role
crm = CRM(sys.argv[1])
if "migrate" in sys.argv:
    began = time.process_time()
    crm.migrate()
    assert time.process_time() - began < 1.0, time.process_time() - began
with crm.view(crm.system("test")) as session:
    assert session.count(Role) == 4
print("alembic" in sys.modules)
"""


def test_alembic_is_not_loaded_to_work(tmp_path: Path) -> None:
    """Nobody who only opens a CRM waits for Alembic, and a fresh file is migrated in under a second."""
    command = [sys.executable, "-W", "error", "-c", LAZY, f"sqlite:///{tmp_path}/lazy.db"]
    said = [
        subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=True).stdout
        for more in (["migrate"], [])
    ]
    assert said == ["True\n", "False\n"]
