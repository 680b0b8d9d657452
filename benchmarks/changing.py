"""Changing one field of one customer, and of a thousand, each time with its revision.

Both sides send the same statements, with the version as a guard and the change as JSON, to two
equal databases: in one file the writers would empty each other's page cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from benchmarks.bench import Bench
from benchmarks.database import Server
from benchmarks.figure import Figure
from benchmarks.load import Shape
from benchmarks.timing import paired
from pycrm import CRM, Customer

__all__ = ["OnDriver", "change_1000", "change_one", "changer"]

ONE = {"sqlite": 2.5, "postgresql": 1.8}
THOUSAND = {"sqlite": 1.8, "postgresql": 1.3}


def change_one(bench: Bench) -> Iterator[Figure]:
    """One change of one field, in a session of its own."""
    yield from _beside_driver(bench, "change_one", 1, 200, ONE)


def change_1000(bench: Bench) -> Iterator[Figure]:
    """A thousand changes in one unit of work."""
    yield from _beside_driver(bench, "change_1000", 1000, 24, THOUSAND)


def _beside_driver(
    bench: Bench, name: str, number: int, pairs: int, goals: dict[str, float]
) -> Iterator[Figure]:
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        _, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        ours = changer(crm, bench.shape.busiest, number)
        reference = OnDriver(bench.server, driver, bench.shape, number)
        taken = paired(ours, reference.change, bench.pairs(pairs))
        assert _kept(crm, driver), "the driver kept another history than pycrm"
    yield bench.figure(name, taken, goals)


def changer(crm: CRM, login: str, number: int) -> Callable[[], None]:
    """An act that changes that many customers of a salesperson, each time to another value."""
    with crm.view(login) as session:
        held = session.find(Customer, limit=number)
    fresh = count()

    def one() -> None:
        with crm.session(login) as session:
            held[0] = session.change(held[0], channel=f"fair {next(fresh)}")

    def many() -> None:
        value = f"fair {next(fresh)}"
        with crm.session(login) as session:
            held[:] = [session.change(customer, channel=value) for customer in held]

    return one if number == 1 else many


class OnDriver:
    """The same changes in statements written by hand."""

    def __init__(self, server: Server, connection: Any, shape: Shape, number: int) -> None:
        self.server, self.cursor = server, connection.cursor()
        person = next(one for one in shape.people if one.login == shape.busiest)
        self.user, self.login = server.id(person.id), person.login
        self.fresh = count()
        self.cursor.execute(
            server.marked(
                "SELECT id, version, channel FROM crm_customer WHERE owner_id = ? "
                "AND archived_at IS NULL ORDER BY id LIMIT ?"
            ),
            (self.user, number),
        )
        self.held: list[tuple[Any, int, str | None]] = self.cursor.fetchall()
        self.update = server.marked(
            "UPDATE crm_customer SET channel = ?, version = ?, updated_at = ?, updated_by_id = ? "
            "WHERE id = ? AND version = ?"
        )
        self.enter_revision = server.marked(
            "INSERT INTO crm_revision (id, at, by_id, actor, source) VALUES (?, ?, ?, ?, ?)"
        )
        self.enter_change = server.marked(
            "INSERT INTO crm_change (record_id, version, entity, revision_id, act, changes) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        )

    def change(self) -> None:
        """One unit of work over all customers held."""
        cursor, user = self.cursor, self.user
        value = f"fair {next(self.fresh)}"
        now = self.server.moment(datetime.now(UTC))
        revision = self.server.id(uuid4().bytes)
        cursor.execute(self.server.begin_write)
        changes = []
        for key, version, old in self.held:
            cursor.execute(self.update, (value, version + 1, now, user, key, version))
            assert cursor.rowcount == 1
            noted = json.dumps({"channel": [old, value]})
            changes.append((key, version + 1, "Customer", revision, "change", noted))
        cursor.execute(self.enter_revision, (revision, now, user, self.login, "python"))
        if len(changes) == 1:
            cursor.execute(self.enter_change, changes[0])
        else:
            cursor.executemany(self.enter_change, changes)
        cursor.execute("COMMIT")
        self.held = [(key, version + 1, value) for key, version, _ in self.held]


def _kept(crm: CRM, driver: Any) -> bool:
    """Whether both databases hold the same numbers of revisions and changes."""
    found = []
    with crm.view(crm.system("benchmark")) as session:
        other = session.transaction.cursor
        for cursor in (other, driver.cursor()):
            rows = []
            for table in ("crm_revision", "crm_change"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                rows.append(cursor.fetchone()[0])
            found.append(rows)
    return found[0] == found[1]
