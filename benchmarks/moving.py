"""Moving a unit with all below it: seven hundred units and three hundred thousand customers.

Where people and records stand is told by their unit, and what lies below a unit by the closure, so
no customer is written. The reference moves the closure by hand, with the same history.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import attrs

from benchmarks.bench import Bench
from benchmarks.database import Server
from benchmarks.figure import Figure
from benchmarks.timing import paired
from pycrm import CRM, OrgUnit, Ref

__all__ = ["move_unit"]

GOALS = {"sqlite": 1.5, "postgresql": 1.5}
# How much of the organisation moves: of 2,000 units 700.
_PART = 0.35


def move_unit(bench: Bench) -> Iterator[Figure]:
    """A region to under another one, and back at the next run."""
    with ExitStack() as stack:
        crm, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        other_crm, other = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        unit, places = _widened(bench, crm)
        by_hand = ByHand(bench.server, other, *_widened(bench, other_crm))
        turns = cycle(places)

        def ours() -> None:
            with crm.session(crm.system("benchmark")) as session:
                session.amend(
                    session.get(OrgUnit, unit), because="benchmark", parent=Ref("OrgUnit", next(turns))
                )

        before = _customers(driver)
        with _watched(bench.server, crm):
            ours()
        by_hand.move()
        assert _closure(driver, unit, bench.server) == _closure(other, unit, bench.server)
        taken = paired(ours, by_hand.move, bench.pairs(20))
        assert _closure(driver, unit, bench.server) == _closure(other, unit, bench.server)
        assert _customers(driver) == before, "moving a unit wrote customers"
    yield attrs.evolve(bench.figure("move_unit", taken, GOALS), issue="scope")


def _widened(bench: Bench, crm: CRM) -> tuple[UUID, list[UUID]]:
    """The unit that moves, and where to, in turn; so many units lie below it as are wanted."""
    shape = bench.shape
    region = shape.led_by(shape.region)
    unit, wanted = UUID(bytes=shape.units[region]), round(_PART * len(shape.units))
    inside = shape.below(region)
    there = next(at for at in range(len(shape.units) - 1, 0, -1) if at not in inside)
    home = shape.parents[region]
    assert home is not None
    with crm.session(crm.system("benchmark")) as session:
        for number in range(wanted - len(inside) + 1):
            code = f"new{number}"
            session.add(OrgUnit(name=code, code=code, parent=session.get(OrgUnit, unit)))
    return unit, [UUID(bytes=shape.units[at]) for at in (there, home)]


class ByHand:
    """The same move in statements written by hand."""

    def __init__(self, server: Server, connection: Any, unit: UUID, places: list[UUID]) -> None:
        self.server, self.cursor = server, connection.cursor()
        self.unit, self.turns = server.id(unit.bytes), cycle(places)

    def move(self) -> None:
        """One unit of work: the closure, the unit itself, and the change."""
        server, run, unit = self.server, self._run, self.unit
        place = next(self.turns)
        parent = server.id(place.bytes)
        now, revision = server.moment(datetime.now(UTC)), server.id(uuid4().bytes)
        self.cursor.execute(server.begin_write)
        # The product itself moves the unit, and that it acted is kept.
        columns, elevation = "id, at, purpose, grants, source", server.id(uuid4().bytes)
        run(
            f"INSERT INTO crm_elevation ({columns}) VALUES (?, ?, ?, ?, ?)", elevation, now, "x", '["*"]', "y"
        )
        run("SELECT parent_id, version FROM crm_unit WHERE id = ?", unit)
        (old, version) = self.cursor.fetchone()
        run(
            "DELETE FROM crm_unit_closure WHERE descendant_id IN "
            "(SELECT descendant_id FROM crm_unit_closure WHERE ancestor_id = ?) AND ancestor_id IN "
            "(SELECT ancestor_id FROM crm_unit_closure WHERE descendant_id = ? AND ancestor_id <> ?)",
            *(unit, unit, unit),
        )
        run(
            "INSERT INTO crm_unit_closure (ancestor_id, descendant_id, depth) "
            "SELECT up.ancestor_id, down.descendant_id, up.depth + down.depth + 1 "
            "FROM crm_unit_closure AS up CROSS JOIN crm_unit_closure AS down "
            "WHERE up.descendant_id = ? AND down.ancestor_id = ?",
            *(parent, unit),
        )
        run(
            "UPDATE crm_unit SET parent_id = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?",
            *(parent, version + 1, now, unit, version),
        )
        assert self.cursor.rowcount == 1
        columns = "id, at, by_id, actor, source"
        run(f"INSERT INTO crm_revision ({columns}) VALUES (?, ?, ?, ?, ?)", revision, now, None, "x", "y")
        run("INSERT INTO crm_unsealed (id, kind) VALUES (?, ?)", revision, "revision")
        noted = json.dumps({"parent": [str(UUID(bytes=getattr(old, "bytes", old))), str(place)]})
        columns = "record_id, version, entity, revision_id, act, reason, changes"
        run(
            f"INSERT INTO crm_change ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(unit, version + 1, "OrgUnit", revision, "amend", "benchmark", noted),
        )
        self.cursor.execute("COMMIT")

    def _run(self, text: str, *values: Any) -> None:
        self.cursor.execute(self.server.marked(text), values)


def _closure(driver: Any, unit: UUID, server: Server) -> list[Any]:
    """What lies above and below the unit; new units have other keys in the two databases."""
    cursor, key = driver.cursor(), server.id(unit.bytes)
    text = (
        "SELECT ancestor_id, depth FROM crm_unit_closure WHERE descendant_id = ? ORDER BY depth",
        "SELECT up.ancestor_id, up.depth, count(*), sum(up.depth) FROM crm_unit_closure AS up "
        "JOIN crm_unit_closure AS down ON down.descendant_id = up.descendant_id "
        "WHERE down.ancestor_id = ? GROUP BY up.ancestor_id, up.depth HAVING count(*) > 1 "
        "ORDER BY up.ancestor_id, up.depth",
    )
    found: list[Any] = []
    for one in text:
        cursor.execute(server.marked(one), (key,))
        found += map(tuple, cursor.fetchall())
    return found


def _customers(driver: Any) -> Any:
    """How many there are, and of PostgreSQL what another write of any would change."""
    cursor = driver.cursor()
    # Each write of a row gives it the number of a later transaction.
    written = "" if isinstance(driver, sqlite3.Connection) else ", sum(xmin::text::bigint)"
    cursor.execute(f"SELECT count(*), sum(version){written} FROM crm_customer")
    return tuple(cursor.fetchone())


@contextmanager
def _watched(server: Server, crm: CRM) -> Iterator[None]:
    """Within the block pycrm writes no customer: on SQLite a trigger of its connection watches."""
    if server.name == "postgresql":
        yield
        return
    with crm.view(crm.system("benchmark")) as session:
        mine: sqlite3.Connection = session.transaction.cursor.connection
    mine.execute("CREATE TEMP TABLE written (id)")
    mine.execute(
        "CREATE TEMP TRIGGER watch AFTER UPDATE ON main.crm_customer "
        "BEGIN INSERT INTO written VALUES (new.id); END"
    )
    before = mine.total_changes
    yield
    assert mine.total_changes > before, "pycrm wrote through another connection"
    assert mine.execute("SELECT count(*) FROM written").fetchone() == (0,), "moving a unit wrote customers"
    mine.execute("DROP TRIGGER watch")
    mine.execute("DROP TABLE written")
