"""Handing over what one person owns: 1,000 customers, 10,000 contacts and 100,000 activities.

The reference are the statements that somebody would write by hand to the same end: the owners and
their copies, one change row and one ownership interval a record. Givers and takers change places
with each run, so that every run moves the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

from benchmarks.bench import Bench
from benchmarks.database import Server
from benchmarks.figure import Figure
from benchmarks.timing import paired
from pycrm import CRM, OrgUnit, User

__all__ = ["hand_over"]

GOALS = {"sqlite": 1.5, "postgresql": 1.5}
_CUSTOMERS, _CONTACTS, _ACTIVITIES = 1000, 10, 100
_STAMPS = ("id", "version", "created_at", "created_by_id", "updated_at", "updated_by_id")
_OWN = ("owner_id", "owner_unit_id")
_PARENT = ("parent_owner_id", "parent_unit_id")


def hand_over(bench: Bench) -> Iterator[Figure]:
    """Everything of one person to another, and back at the next run."""
    number = _CUSTOMERS // 10 if bench.quick else _CUSTOMERS
    with ExitStack() as stack:
        crm, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        people, _ = _leaver(bench, crm, driver, number)
        other_crm, other = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        by_hand = ByHand(bench.server, other, *_leaver(bench, other_crm, other, number))
        turns = cycle([people, people[::-1]])

        def ours() -> None:
            giver, taker = next(turns)
            with crm.session(bench.shape.top) as session:
                session.hand_over(giver, taker, because="benchmark")

        taken = paired(ours, by_hand.hand_over, bench.pairs(8), warm=1)
        assert _kept(driver) == _kept(other), "by hand another history was kept than by pycrm"
    yield bench.figure("hand_over", taken, GOALS)


def _leaver(bench: Bench, crm: CRM, driver: Any, number: int) -> tuple[list[UUID], UUID]:
    """Two people of one unit; the first owns so many of the busiest person's customers."""
    server, cursor = bench.server, driver.cursor()
    with crm.session(crm.system("benchmark")) as session:
        unit = session.get(OrgUnit, UUID(bytes=bench.shape.units[0]))
        people = [
            session.add(User(login=login, name=login, home_unit=unit)).id for login in ("leaver", "heir")
        ]
    leaver, home = server.id(people[0].bytes), server.id(unit.id.bytes)
    busiest = next(one.id for one in bench.shape.people if one.login == bench.shape.busiest)
    select = "SELECT id, party_id FROM crm_customer WHERE owner_id = ? ORDER BY id LIMIT ?"
    cursor.execute(server.marked(select), (server.id(busiest), number))
    held = cursor.fetchall()
    assert len(held) == number, "the busiest person owns too few customers"
    cursor.execute(server.begin_write)
    for key, _ in held:
        cursor.execute(
            server.marked("UPDATE crm_customer SET owner_id = ?, owner_unit_id = ? WHERE id = ?"),
            (leaver, home, key),
        )
        cursor.execute(
            server.marked("UPDATE crm_ownership SET user_id = ?, unit_id = ? WHERE record_id = ?"),
            (leaver, home, key),
        )
    _fill(server, cursor, held, (leaver, home))
    cursor.execute("COMMIT")
    return people, unit.id


def _fill(server: Server, cursor: Any, held: Sequence[Any], place: tuple[Any, Any]) -> None:
    now = server.moment(datetime.now(UTC))
    stamps = (1, now, None, now, None)
    contacts = [
        (server.id(uuid4().bytes), *stamps, *place, party, key, f"Person {at}", "user", False, "[]")
        for key, party in held
        for at in range(_CONTACTS)
    ]
    columns = ("person_id", "customer_id", "name", "department", "is_primary", "roles")
    server.bulk(cursor, "crm_contact", (*_STAMPS, *_PARENT, *columns), contacts)
    activities = [
        (server.id(uuid4().bytes), *stamps, *place, *place, "call", "out", key, now, f"Talk {at} on and on")
        for key, _ in held
        for at in range(_ACTIVITIES)
    ]
    columns = ("kind", "direction", "customer_id", "started_at", "summary")
    server.bulk(cursor, "crm_activity", (*_STAMPS, *_OWN, *_PARENT, *columns), activities)
    began = [("Activity", row[0], *place, now, None, "added") for row in activities]
    columns = ("entity", "record_id", "user_id", "unit_id", "since", "by_id", "reason")
    server.bulk(cursor, "crm_ownership", columns, began)


class ByHand:
    """The same transfer in statements written by hand."""

    def __init__(self, server: Server, connection: Any, people: list[UUID], unit: UUID) -> None:
        self.server, self.cursor = server, connection.cursor()
        self.turns = cycle([people, people[::-1]])
        self.unit = server.id(unit.bytes)

    def hand_over(self) -> None:
        """One unit of work: history first, then the rows."""
        server, run = self.server, self._run
        people = next(self.turns)
        giver, taker = (server.id(one.bytes) for one in people)
        now, revision = server.moment(datetime.now(UTC)), server.id(uuid4().bytes)
        noted = '{{"owner":["{}","{}"]}}'.format(*people)
        self.cursor.execute(server.begin_write)
        columns = "id, at, by_id, actor, source"
        run(f"INSERT INTO crm_revision ({columns}) VALUES (?, ?, ?, ?, ?)", revision, now, taker, "x", "y")
        for entity, table in (("Activity", "crm_activity"), ("Customer", "crm_customer")):
            self._note(entity, table, giver, taker, (now, revision, noted))
        columns = "owner_id = ?, owner_unit_id = ?, version = version + 1, updated_at = ?, updated_by_id = ?"
        values = (taker, self.unit, now, taker)
        copies = "parent_owner_id = ?, parent_unit_id = ?"
        run(
            f"UPDATE crm_activity SET {columns}, {copies} WHERE owner_id = ?",
            *(*values, taker, self.unit, giver),
        )
        run(f"UPDATE crm_contact SET {copies} WHERE parent_owner_id = ?", taker, self.unit, giver)
        run(f"UPDATE crm_customer SET {columns} WHERE owner_id = ?", *values, giver)
        self.cursor.execute("COMMIT")

    def _note(self, entity: str, table: str, giver: Any, taker: Any, said: tuple[Any, Any, str]) -> None:
        now, revision, noted = said
        columns = "record_id, version, entity, revision_id, act, reason, changes"
        self._run(
            f"INSERT INTO crm_change ({columns}) SELECT id, version + 1, ?, ?, ?, ?, ? "
            f"FROM {table} WHERE owner_id = ?",
            *(entity, revision, "hand_over", "benchmark", noted, giver),
        )
        self._run(
            "UPDATE crm_ownership SET until = ? WHERE user_id = ? AND entity = ? AND until IS NULL",
            *(now, giver, entity),
        )
        columns = "entity, record_id, user_id, unit_id, since, by_id, reason"
        self._run(
            f"INSERT INTO crm_ownership ({columns}) SELECT ?, id, ?, ?, ?, ?, ? "
            f"FROM {table} WHERE owner_id = ?",
            *(entity, taker, self.unit, now, taker, "benchmark", giver),
        )

    def _run(self, text: str, *values: Any) -> None:
        self.cursor.execute(self.server.marked(text), values)


def _kept(driver: Any) -> list[Any]:
    """How many changes and intervals there are of what was moved."""
    cursor, found = driver.cursor(), []
    for text in (
        "SELECT count(*) FROM crm_change WHERE act = 'hand_over'",
        "SELECT count(*) FROM crm_ownership WHERE entity IN ('Activity', 'Customer') AND until IS NULL",
        "SELECT count(*) FROM crm_ownership WHERE entity IN ('Activity', 'Customer')",
    ):
        cursor.execute(text)
        found.append(cursor.fetchone()[0])
    return found
