"""Whether an act has changed a database, and what: seen from connections of its own, past the session.

To read every table before and after each act would take longer than the act. So a witness holds on to
the state before it, asks the database whether anything was committed since, and reads only then.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Protocol

from house import rows_of

from pycrm import CRM

__all__ = ["Witness", "witness"]

# That somebody acted as the system stays on record even where the act was undone.
_KEPT = frozenset(("crm_elevation",))


class Witness(Protocol):
    """Looks on while somebody acts."""

    def pin(self) -> None:
        """Hold on to the state as it is now."""

    def changed(self) -> list[str]:
        """The tables that are other than when it was pinned."""

    def release(self) -> None:
        """Let go of it."""

    def close(self) -> None:
        """Give its connections back."""


def witness(crm: CRM) -> Witness:
    """A witness of that CRM's database."""
    names = sorted(crm.metadata.tables.keys() - _KEPT)
    return _OfAFile(crm, names) if crm.store.dialect == "sqlite" else _OfAServer(crm, names)


class _OfAFile:
    """SQLite counts the commits of other connections; a read transaction keeps the state it began with."""

    def __init__(self, crm: CRM, names: list[str]) -> None:
        self._names = names
        file = str(crm.store.url.database)
        self._past, self._present = (sqlite3.connect(file, isolation_level=None) for _ in range(2))
        self._commits = 0

    def pin(self) -> None:
        self._commits = self._count()
        self._past.execute("BEGIN")
        self._past.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()

    def changed(self) -> list[str]:
        if self._count() == self._commits:
            return []
        return [name for name in self._names if _rows(self._past, name) != _rows(self._present, name)]

    def release(self) -> None:
        if self._past.in_transaction:
            self._past.execute("COMMIT")

    def close(self) -> None:
        for one in (self._past, self._present):
            one.close()

    def _count(self) -> int:
        return int(self._present.execute("PRAGMA data_version").fetchone()[0])


def _rows(connection: sqlite3.Connection, name: str) -> list[str]:
    return sorted(map(repr, connection.execute(f"SELECT * FROM {rows_of(name)}")))


class _OfAServer:
    """PostgreSQL numbers what writes and knows of each whether it was committed; a snapshot keeps the rest."""

    def __init__(self, crm: CRM, names: list[str]) -> None:
        import psycopg

        address = crm.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._past, self._present = (psycopg.connect(address, autocommit=True) for _ in range(2))
        digest = "md5(coalesce(string_agg(one::text, ' ' ORDER BY one::text), ''))"
        self._all: Any = " UNION ALL ".join(
            f"SELECT '{name}', {digest} FROM {rows_of(name)} AS one" for name in names
        )
        self._next = 0

    def pin(self) -> None:
        self._past.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = self._past.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        self._next = 0 if row is None else row[0]

    def changed(self) -> list[str]:
        asked = """
            SELECT count(*) FROM generate_series(
                %s, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1
            ) AS one WHERE pg_xact_status(one::text::xid8) <> 'aborted'
        """
        if self._present.execute(asked, [self._next]).fetchone() == (0,):
            return []
        before, after = (dict(one.execute(self._all).fetchall()) for one in (self._past, self._present))
        return sorted(name for name in before if before[name] != after[name])

    def release(self) -> None:
        self._past.execute("COMMIT") if self._past.info.transaction_status else None

    def close(self) -> None:
        for one in (self._past, self._present):
            one.close()
