"""How far each line has been taken: cheap enough to ask before the first session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import attrs
import sqlalchemy as sa

from pycrm.errors import StoreError
from pycrm.store.migration.line import Line, Step

if TYPE_CHECKING:
    from pycrm.store.engine import Store

__all__ = ["is_begun", "pending", "present", "refuse_pending", "remaining"]


def pending(store: Store, lines: Sequence[Line]) -> list[Step]:
    """The steps not yet taken, in the order in which they would be.

    Raises:
        StoreError: a newer version than the one installed has migrated the database.
        DeclarationError: a plugin's files are not a line of numbered migrations.
    """
    try:
        with store.turn or nullcontext(), store.connect() as connection:
            return remaining(connection, lines)
    except sa.exc.DBAPIError as error:
        raise store.translated(error.orig) from error  # type: ignore[arg-type]


def is_begun(store: Store, line: Line) -> bool:
    """Whether the database holds anything of a line: one of its tables, or how far it was taken."""
    try:
        with store.turn or nullcontext(), store.connect() as connection:
            return bool(present(connection, {line.version_table.name, *line.tables}))
    except sa.exc.DBAPIError as error:
        raise store.translated(error.orig) from error  # type: ignore[arg-type]


def refuse_pending(store: Store, lines: Sequence[Line]) -> None:
    """Refuse a database that this installation cannot work with.

    Raises:
        StoreError: it was not migrated, or by a newer version.
    """
    waiting = pending(store, lines)
    if waiting:
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise StoreError(f"the database lacks {waiting[0]}{more}: run `pycrm migrate`")


def remaining(connection: sa.Connection, lines: Iterable[Line]) -> list[Step]:
    """The steps not yet taken, as the transaction on this connection sees them."""
    states = _states(connection, list(lines))
    return [step for line, it in states for step in line.remaining(it.version, has_tables=it.has_tables)]


@attrs.frozen
class _State:
    version: str | None
    has_tables: bool


def _states(connection: sa.Connection, lines: Sequence[Line]) -> list[tuple[Line, _State]]:
    wanted = {name for line in lines for name in (line.version_table.name, *line.tables)}
    there = present(connection, wanted)
    kept = [line for line in lines if line.version_table.name in there]
    versions: dict[str, str] = {}
    if kept:
        parts = [sa.select(sa.literal(line.plugin), line.version_table.c.version_num) for line in kept]
        versions = dict(tuple(row) for row in connection.execute(sa.union_all(*parts)))
    return [
        (line, _State(versions.get(line.plugin), any(name in there for name in line.tables)))
        for line in lines
    ]


def present(connection: sa.Connection, names: set[str]) -> set[str]:
    """Those of the tables that are there."""
    if connection.dialect.name == "sqlite":
        statement = sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        statement = sa.text(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
        )
    return names & set(connection.execute(statement).scalars())
