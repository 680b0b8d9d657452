"""Changing a field of all customers at once, beside the bare UPDATE, and beside a trigger that keeps history.

All three write to databases of their own that were equal. The bare UPDATE sets the field and the
stamps and keeps no history. The trigger keeps each row before and after as JSON, as audit triggers do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.timing import in_turn
from pycrm import Customer

__all__ = ["change_where"]

GOALS = {"sqlite": 5.0, "postgresql": 3.5}
BESIDE_TRIGGER = {"sqlite": 1.0, "postgresql": 1.0}
# Every run leaves as many rows of history as there are customers.
_MOST = 100_000


def change_where(bench: Bench) -> Iterator[Figure]:
    """One field of every customer, by top management."""
    if bench.shape.customers > _MOST:
        return
    with ExitStack() as stack:
        crm, _ = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        _, bare = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        _, triggered = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        fresh = count()

        def ours() -> None:
            with crm.session(bench.shape.top) as session:
                number = session.change_where(Customer, channel=f"fair {next(fresh)}")
            assert number == bench.shape.customers

        _keep_by_trigger(bench, triggered)
        acts = (ours, _update(bench, bare), _update(bench, triggered))
        changed, updated, kept = in_turn(acts, bench.pairs(12), warm=1)
        assert _history(bench, triggered) > 0, "the trigger kept no history"
    yield bench.figure("change_where", (changed, updated), GOALS)
    yield bench.figure("change_where", (changed, kept), BESIDE_TRIGGER, "row trigger")


def _update(bench: Bench, driver: Any) -> Callable[[], None]:
    server, cursor, fresh = bench.server, driver.cursor(), count()
    person = next(one for one in bench.shape.people if one.login == bench.shape.top)
    text = server.marked(
        "UPDATE crm_customer SET channel = ?, version = version + 1, updated_at = ?, updated_by_id = ? "
        "WHERE archived_at IS NULL AND channel IS DISTINCT FROM ?"
    )
    if server.name == "sqlite":
        text = text.replace("IS DISTINCT FROM", "IS NOT")

    def update() -> None:
        value, now = f"fair {next(fresh)}", server.moment(datetime.now(UTC))
        cursor.execute(server.begin_write)
        cursor.execute(text, (value, now, server.id(person.id), value))
        assert cursor.rowcount == bench.shape.customers
        cursor.execute("COMMIT")

    return update


def _keep_by_trigger(bench: Bench, driver: Any) -> None:
    """A row trigger into the table of changes, all of one revision that stands there already."""
    server, cursor = bench.server, driver.cursor()
    revision = server.id(uuid4().bytes)
    cursor.execute(
        server.marked("INSERT INTO crm_revision (id, at, actor, source) VALUES (?, ?, ?, ?)"),
        (revision, server.moment(datetime.now(UTC)), "trigger", "job"),
    )
    into = "INSERT INTO crm_change (record_id, version, entity, revision_id, act, changes)"
    if server.name == "sqlite":
        names = [row[1] for row in cursor.execute("PRAGMA table_info(crm_customer)")]
        before, after = (f"json_object({_pairs(names, row)})" for row in ("OLD", "NEW"))
        cursor.execute(
            f"CREATE TRIGGER kept AFTER UPDATE ON crm_customer BEGIN {into} VALUES (NEW.id, NEW.version, "
            f"'Customer', x'{revision.hex()}', 'change', json_array({before}, {after})); END"
        )
        return
    cursor.execute(
        f"CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {into} VALUES (NEW.id, "
        f"NEW.version, 'Customer', '{revision}', 'change', "
        "jsonb_build_array(to_jsonb(OLD), to_jsonb(NEW))::text); RETURN NULL; END $$"
    )
    cursor.execute("CREATE TRIGGER kept AFTER UPDATE ON crm_customer FOR EACH ROW EXECUTE FUNCTION keep()")


def _pairs(names: list[str], row: str) -> str:
    # JSON of SQLite holds no bytes.
    return ", ".join(
        f"'{name}', CASE typeof({row}.{name}) WHEN 'blob' THEN hex({row}.{name}) ELSE {row}.{name} END"
        for name in names
    )


def _history(bench: Bench, driver: Any) -> int:
    cursor = driver.cursor()
    cursor.execute("SELECT count(*) FROM crm_change WHERE act = 'change'")
    return int(cursor.fetchone()[0])
