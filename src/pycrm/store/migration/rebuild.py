"""Rebuilding tables on SQLite, which cannot alter most of what a table has.

Alembic copies such a table, drops it and gives the copy its name. With foreign keys on, dropping
a table deletes its rows first, and every table that refers to it with ON DELETE CASCADE is emptied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event

__all__ = ["PATIENCE_MS", "check_foreign_keys", "derived_kept", "foreign_keys_off"]

# A step on a filled database takes longer than a session waits.
PATIENCE_MS = 120_000
_DROP = re.compile(r'\s*DROP\s+(?:INDEX|TRIGGER)\s+(?:IF\s+EXISTS\s+)?["`\[]?(\w+)', re.IGNORECASE)
_RENAME = re.compile(r'\s*ALTER\s+TABLE\s+["`\[]?_alembic_tmp_', re.IGNORECASE)


@contextmanager
def foreign_keys_off(connection: sa.Connection) -> Iterator[None]:
    """Foreign keys are off on this connection, which has not begun yet; they are on again after it.

    SQLite ignores the switch inside a transaction, without a word.
    """
    driver: Any = connection.connection.driver_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}").fetchone()
        driver.execute("PRAGMA foreign_keys=ON")
        if driver.execute("PRAGMA foreign_keys").fetchone() != (1,):
            connection.invalidate()


def check_foreign_keys(connection: sa.Connection) -> None:
    """Look for rows that refer to nothing, which foreign keys would have prevented.

    Raises:
        ValueError: there are some.
    """
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(100)
    if broken:
        pairs = sorted({f"{row[0]} to {row[2]}" for row in broken})
        raise ValueError(f"rows refer to rows that are not there: {', '.join(pairs)}")


@contextmanager
def derived_kept(connection: sa.Connection) -> Iterator[None]:
    """Put back the triggers and expression indexes that fell with a table that was rebuilt.

    What the step itself drops stays dropped, and what it makes anew stays as it made it.
    """
    before, roots = _derived(connection), _roots(connection)
    dropped: set[str] = set()
    aside: set[str] = set()

    def note(
        conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        drop = _DROP.match(statement)
        if drop:
            dropped.add(drop[1])
        elif _RENAME.match(statement) and not aside:
            # While the table is gone, SQLite refuses to rename because of triggers that mention it.
            aside.update(each.name for each in before if each.kind == "trigger")
            for name in aside:
                cursor.connection.execute(f'DROP TRIGGER IF EXISTS "{name}"')

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", note)
    there, now = {each.name for each in _derived(connection)}, _roots(connection)
    for each in before:
        fell = each.name in aside or now.get(each.table) != roots.get(each.table)
        if fell and each.table in now and each.name not in there | dropped:
            connection.exec_driver_sql(each.text)


class _Derived(NamedTuple):
    kind: str
    name: str
    table: str
    text: str


def _derived(connection: sa.Connection) -> list[_Derived]:
    """Triggers and expression indexes, each with the statement that makes it."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' "
        "AND sql IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM pragma_index_xinfo(sqlite_master.name) WHERE cid = -2))"
    )
    return [_Derived(*row) for row in rows]


def _roots(connection: sa.Connection) -> dict[str, int]:
    """Where each table begins in the file: a table that was copied begins elsewhere."""
    rows = connection.exec_driver_sql("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'")
    return dict(tuple(row) for row in rows)
