"""Rebuilding tables on SQLite, which cannot alter most of what a table has.

Alembic copies such a table, drops it and gives the copy its name. With foreign keys on, dropping
a table deletes its rows first, and every table that refers to it with ON DELETE CASCADE is emptied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

__all__ = ["check_foreign_keys", "derived_kept", "foreign_keys_off"]

# A step on a filled database takes longer than a session waits.
_PATIENCE_MS = 120_000
_DROP = re.compile(r'\s*DROP\s+(?:INDEX|TRIGGER)\s+(?:IF\s+EXISTS\s+)?["`\[]?(\w+)', re.IGNORECASE)


@contextmanager
def foreign_keys_off(connection: sa.Connection) -> Iterator[None]:
    """Foreign keys are off on this connection, which has not begun yet; they are on again after it.

    SQLite ignores the switch inside a transaction, without a word.
    """
    driver: Any = connection.connection.driver_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
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
    dropped: set[str] = set()

    def note(
        conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        found = _DROP.match(statement)
        if found:
            dropped.add(found[1])

    before, roots = _derived(connection), _roots(connection)
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", note)
    there, now = _derived(connection), _roots(connection)
    for name, (table, text) in before.items():
        if name not in there and name not in dropped and now.get(table, roots[table]) != roots[table]:
            connection.exec_driver_sql(text)


def _derived(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """Triggers and expression indexes: the table of each and the statement that makes it."""
    rows = connection.exec_driver_sql(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' "
        "AND sql IS NOT NULL AND EXISTS (SELECT 1 FROM pragma_index_xinfo(sqlite_master.name) WHERE cid = -2))"
    )
    return {name: (table, text) for name, table, text in rows}


def _roots(connection: sa.Connection) -> dict[str, int]:
    """Where each table begins in the file: a table that was copied begins elsewhere."""
    rows = connection.exec_driver_sql("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'")
    return dict(tuple(row) for row in rows)
