"""Migrates copies of a database in child processes that are killed at some statement, and then once more in peace.

python -m store.upgrading ORIGIN COPY SHELF KILLS SEED [FAULT]

ORIGIN is the address of a database to be brought to the clinic's next version, COPY that of what is made of
it, SHELF the folder that holds the clinic's migrations. Prints as JSON how many statements migrating takes, at
which of them it was killed, and where what was left differs from a migration in peace. It is a program of its
own, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import traceback
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from durability.failing import Fault
from house import drop_database, rows_of
from pool import leave_alone

from pycrm import CRM, CRMError, FixedClock
from pycrm.store.migration import run
from store.clinic import Lab
from store.clinic_next import Clinic
from store.databases import catalogue, driver, fetch, names

NOW = "2026-06-30T09:00:00+08:00"
# What says that somebody acted as the system, each time with an id that no other has.
_EACH_TIME = {"crm_elevation"}
_SALT = "salt"


def unbegun() -> None:
    """Plant a fault: a step is no transaction, and each of its statements is kept by itself."""

    @contextmanager
    def apart(connection: Any, begin: str) -> Any:
        yield

    run._begun = apart


FAULTS = {"unbegun": unbegun}


class Killer(Fault):
    """Kills the process before or after the statement of a number."""

    def statement(self, cursor: Any, text: Any, run: Any, error: type[Exception]) -> Any:
        """Run a statement, and be killed if it is the one."""
        self.seen += 1
        if self.seen == self.at and self.way == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = run()
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


class Copies:
    """A database, and the copy of it that is migrated."""

    def __init__(self, origin: str, copy: str) -> None:
        self.origin, self.copy = origin, copy

    def renew(self) -> None:
        """Make the copy anew."""
        if self.copy.startswith("sqlite"):
            path = Path(self.copy.removeprefix("sqlite:///"))
            for end in ("-wal", "-shm", ""):
                Path(f"{path}{end}").unlink(missing_ok=True)
            shutil.copy(self.origin.removeprefix("sqlite:///"), path)
            return
        self.drop()
        server, _, origin = self.origin.rpartition("/")
        made = f"CREATE DATABASE {self._name} TEMPLATE {origin}"
        import psycopg

        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            leave_alone(connection, origin)
            connection.execute(made.encode())

    @property
    def _name(self) -> str:
        return self.copy.rpartition("/")[2]

    def drop(self) -> None:
        """Drop the copy, with the roles that were made for it."""
        if self.copy.startswith("sqlite"):
            return
        import psycopg

        server = f"{self.copy.rpartition('/')[0]}/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            there = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self._name]
            ).fetchone()
        if there:
            drop_database(server, self._name)

    def migrate(self, killer: Killer) -> list[str]:
        """Migrate the copy, and give what was done."""
        clock, chance = FixedClock(NOW), random.Random(7)
        with CRM(self.copy, plugins=[Clinic, Lab], clock=clock, random=chance) as crm:
            killer.plant(crm)
            return crm.migrate()

    def killed(self, at: int, way: str) -> None:
        """Migrate the copy in a child that is killed at that statement, if it comes so far."""
        child = os.fork()
        if not child:
            try:
                killer = Killer()
                killer.set(at, way)
                self.migrate(killer)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
            raise SystemExit("the migration failed instead of being killed")

    def read(self) -> dict[str, Any]:
        """All tables and all rows of the copy, but for salts and what is written each time."""
        found: dict[str, Any] = catalogue(self.copy)
        for table in sorted(names(self.copy) - _EACH_TIME):
            if "_search_fts" not in table and not table.startswith("sqlite_"):
                found[f"rows of {table}"] = Counter(map(repr, self._rows(table)))
        if not self.copy.startswith("sqlite"):
            policies = "SELECT tablename, policyname, qual FROM pg_policies"
            found["policies"] = Counter(map(repr, fetch(self.copy, policies)))
        return found

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        with driver(self.copy) as connection:
            cursor = connection.execute(f"SELECT * FROM {rows_of(table)} one")
            kept = [at for at, column in enumerate(cursor.description) if column[0] != _SALT]
            return [tuple(row[at] for at in kept) for row in cursor.fetchall()]


def compared(copies: Copies, clean: dict[str, Any], what: str) -> list[str]:
    """Migrate in peace, and say where the copy differs from one that was never killed."""
    try:
        copies.migrate(Killer())
    except CRMError as error:
        return [f"{what}: {error}"]
    found = copies.read()
    apart = [name for name in sorted(clean.keys() | found.keys()) if clean.get(name) != found.get(name)]
    return [f"{what}: {len(apart)} differ, as {apart[:5]}"] if apart else []


def main(origin: str, copy: str, shelf: str, kills: str, seed: str, *fault: str) -> None:
    """Migrate in peace, and then with one kill after the other."""
    sys.path.insert(0, shelf)
    copies, chance, counting = Copies(origin, copy), random.Random(int(seed)), Killer()
    copies.renew()
    done = copies.migrate(counting)
    clean, wrong = copies.read(), []
    for name in fault:
        FAULTS[name]()
    places = [(at, way) for at in range(1, counting.seen + 1) for way in ("before", "after")]
    struck = []
    for number in range(int(kills)):
        # Another after each so many, and every one once before any comes again.
        at, way = places[(number * len(places) // int(kills) + chance.randrange(2)) % len(places)]
        copies.renew()
        copies.killed(at, way)
        if number % 5 == 4:
            # Whoever begins again may be killed as well.
            copies.killed(chance.randrange(1, at + 1), "after")
        struck.append(at)
        wrong += compared(copies, clean, f"{way} statement {at}")
        if wrong:
            break
    copies.drop()
    told = {"steps": done, "statements": counting.seen, "kills": len(struck), "struck": struck}
    print(json.dumps(told | {"wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
