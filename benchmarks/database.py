"""The two databases and their bare drivers, with the same durable settings that pycrm gives them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

__all__ = ["PostgreSQL", "SQLite", "Server"]


class Server(Protocol):
    """Where databases are made, copied and dropped, and how the bare driver speaks to them."""

    name: str
    begin_write: str
    begin_read: str

    def create(self) -> str:
        """Make an empty database and return its URL."""

    def copy(self, url: str) -> str:
        """Make an equal database; nobody may be connected to the first."""

    def drop(self, url: str) -> None:
        """Delete the database."""

    def connect(self, url: str) -> Any:
        """A connection of the driver that leaves transactions to us."""

    def reader(self, url: str) -> Any:
        """A connection for `stored`, whose rows can be written again as they are."""

    def marked(self, text: str) -> str:
        """The statement with the placeholders of the driver in the place of ``?``."""

    def id(self, raw: bytes) -> Any:
        """A key of 16 bytes as the driver takes it."""

    def moment(self, at: datetime) -> Any:
        """An instant as the driver takes it."""

    def day(self, on: date) -> Any:
        """A date as the driver takes it."""

    def bulk(self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        """Write many rows in the fastest way of the driver."""

    def stored(self, connection: Any, table: str, order: str) -> Any:
        """A cursor over all rows of a table, in the order of a column."""

    def process(self, url: str) -> int | None:
        """The process that takes connections, as that machine numbers it, or None where there is none."""

    def settle(self, url: str) -> None:
        """Let the database learn what its tables hold, as it does by itself in time."""

    def without_indexes(self, connection: Any, tables: Sequence[str]) -> Any:
        """Within the block the tables have no indexes besides keys, and references go unchecked."""


class SQLite:
    """Files in a directory."""

    name = "sqlite"
    begin_write = "BEGIN IMMEDIATE"
    begin_read = "BEGIN"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self) -> str:
        return f"sqlite:///{self._directory / uuid4().hex}.db"

    def copy(self, url: str) -> str:
        made = self.create()
        shutil.copyfile(self._file(url), self._file(made))
        return made

    def drop(self, url: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(self._file(url) + suffix).unlink(missing_ok=True)

    def connect(self, url: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file(url), isolation_level=None, cached_statements=512)
        settings = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536")
        for setting in (*settings, "threads=2"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def reader(self, url: str) -> sqlite3.Connection:
        return self.connect(url)

    def _file(self, url: str) -> str:
        return url.removeprefix("sqlite:///")

    def marked(self, text: str) -> str:
        return text

    def id(self, raw: bytes) -> bytes:
        return raw

    def moment(self, at: datetime) -> int:
        return round(at.timestamp() * 1_000_000)

    def day(self, on: date) -> str:
        return on.isoformat()

    def bulk(self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def process(self, url: str) -> None:
        return None

    def settle(self, url: str) -> None:
        with closing(self.connect(url)) as connection:
            connection.execute("PRAGMA optimize")

    def stored(self, connection: Any, table: str, order: str) -> Any:
        return connection.execute(f"SELECT * FROM {table} ORDER BY {order}")

    @contextmanager
    def without_indexes(self, connection: Any, tables: Sequence[str]) -> Iterator[None]:
        marks = ", ".join("?" * len(tables))
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
            f"AND tbl_name IN ({marks})",
            tables,
        ).fetchall()
        connection.execute("PRAGMA foreign_keys=OFF")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        for _, text in indexes:
            connection.execute(text)


class PostgreSQL:
    """Databases of a server; the address is that of a superuser."""

    name = "postgresql"
    begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, address: str) -> None:
        self._address = address

    @classmethod
    def named(cls) -> PostgreSQL | None:
        """The server that the tests use, None where none is named.

        A server that does not wait for its disk is refused: ratios over it would mean little.
        """
        address = os.environ.get("PYCRM_TEST_POSTGRESQL")
        if not address:
            return None
        import psycopg

        with psycopg.connect(address) as connection:
            row = connection.execute("SHOW fsync").fetchone()
        if row is None or row[0] != "on":
            raise SystemExit(
                "this PostgreSQL runs with fsync off, as tests like it: for benchmarks say\n"
                "  scripts/postgres.sh stop\n"
                '  eval "$(PYCRM_POSTGRES_DURABLE=1 scripts/postgres.sh start)"'
            )
        return cls(address)

    def create(self) -> str:
        return self._create("")

    def copy(self, url: str) -> str:
        return self._create(f" TEMPLATE {url.rpartition('/')[2]}")

    def _create(self, options: str) -> str:
        name = f"bench_{uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name}{options}")
        return f"{self._address.rpartition('/')[0]}/{name}"

    def drop(self, url: str) -> None:
        self._administer(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with closing(self.connect(self._address)) as connection:
            connection.execute(statement)

    def connect(self, url: str) -> Any:
        import psycopg

        return psycopg.connect(
            url, autocommit=True, options="-c timezone=UTC -c synchronous_commit=on -c jit=off"
        )

    def reader(self, url: str) -> Any:
        from psycopg.types.string import TextLoader

        connection = self.connect(url)
        connection.adapters.register_loader("jsonb", TextLoader)
        return connection

    def marked(self, text: str) -> str:
        return text.replace("?", "%s")

    def id(self, raw: bytes) -> UUID:
        return UUID(bytes=raw)

    def moment(self, at: datetime) -> datetime:
        return at.astimezone(UTC)

    def day(self, on: date) -> date:
        return on

    def bulk(self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def process(self, url: str) -> int:
        with closing(self.connect(url)) as connection:
            (line,) = connection.execute("SELECT pg_read_file('postmaster.pid', 0, 20)").fetchone()
        return int(line.split()[0])

    def settle(self, url: str) -> None:
        with closing(self.connect(url)) as connection:
            connection.execute("VACUUM ANALYZE")

    def stored(self, connection: Any, table: str, order: str) -> Any:
        cursor = connection.cursor(f"stored_{table}", withhold=True)
        cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
        return cursor

    @contextmanager
    def without_indexes(self, connection: Any, tables: Sequence[str]) -> Iterator[None]:
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            [list(tables)],
        ).fetchall()
        connection.execute("SET session_replication_role = replica")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        for _, text in indexes:
            connection.execute(text)
        connection.execute("VACUUM ANALYZE")
