"""One database: its engine, its settings, and the guard that no statement passes unmarked.

SQLite runs with write-ahead log and full synchronisation, since other settings lose acknowledged
commits in a power cut; writers begin with BEGIN IMMEDIATE, since a transaction that first reads and
then writes fails under load. PostgreSQL runs with its own durable defaults, and both are asserted
rather than assumed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool, StaticPool

from pycrm.errors import (
    AroundError,
    ConflictError,
    DeclarationError,
    InvalidError,
    NoSpaceError,
    StoreError,
    UnknownOutcomeError,
)
from pycrm.store.cache import CACHE_KIB
from pycrm.store.compiled import Compiled
from pycrm.store.resting import Resting
from pycrm.store.shortening import Shortening
from pycrm.store.waiting import BUSY_MS

__all__ = ["Store"]

_LEAST_SQLITE = (3, 35, 0)
_LEAST_POSTGRESQL = 130000
# Statements that depend on the kind of database alone, by kind and key.
_COMMON: dict[tuple[str, Any], tuple[str, tuple[str, ...]]] = {}


class Store:
    """The database of one CRM."""

    def __init__(self, url: str | URL, *, schema: str | None = None, pool_size: int = 10) -> None:
        """Raises `DeclarationError` for a URL of neither SQLite nor PostgreSQL."""
        self.url = _with_driver(_parsed(url))
        self.dialect = self.url.get_backend_name()
        self.schema = schema
        self.token = object()
        self.in_memory = self.dialect == "sqlite" and self.url.database in (None, "", ":memory:")
        # An in-memory database has one connection, so its sessions take turns.
        self.turn: threading.RLock | None = threading.RLock() if self.in_memory else None
        is_file = self.dialect == "sqlite" and not self.in_memory
        self.shortening = Shortening(str(self.url.database)) if is_file else None
        self.engine = self._engine(pool_size)
        self._resting = None if self.in_memory else Resting(pool_size)
        self._compiled = Compiled(self.engine.dialect)
        self._texts: dict[Any, tuple[str, tuple[str, ...], dict[str, Any]]] = {}
        self._checked = False
        event.listen(self.engine, "before_cursor_execute", self._guard)

    def _engine(self, pool_size: int) -> sa.Engine:
        if self.dialect == "sqlite":
            # Handing the one connection back must not roll back the session that is using it.
            pool: dict[str, Any] = {"poolclass": StaticPool, "pool_reset_on_return": None}
            pool["skip_autocommit_rollback"] = True
            if not self.in_memory:
                pool = {"poolclass": QueuePool, "pool_size": pool_size, "max_overflow": pool_size}
            arguments = {"check_same_thread": False, "timeout": BUSY_MS / 1000, "cached_statements": 512}
            engine = sa.create_engine(self.url, connect_args=arguments, isolation_level="AUTOCOMMIT", **pool)
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        # A scope says a great deal over few rows: compiling it takes seconds where running it takes none.
        options = "-c timezone=UTC -c synchronous_commit=on -c jit=off"
        if self.schema:
            options += f" -c search_path={_plain_name(self.schema)}"
        engine = sa.create_engine(
            self.url,
            connect_args={"options": options},
            isolation_level="AUTOCOMMIT",
            paramstyle="format",
            pool_size=pool_size,
            pool_pre_ping=False,
            # Else each connection is asked for a type that no table has.
            use_native_hstore=False,
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine

    def _guard(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        options = context.execution_options if context is not None else connection.get_execution_options()
        if options.get("pycrm") is not self.token:
            raise AroundError("this statement was not built by the gateway: read and write through a session")

    def connect(self) -> sa.Connection:
        """A connection whose statements bear the mark; it is for pycrm's own rooms.

        Raises:
            StoreError: the database does not answer or has other settings than promised.
        """
        found = self._resting.take() if self._resting is not None else None
        if found is not None:
            return found[0]
        try:
            connection = self.engine.connect()
        except sa.exc.DBAPIError as error:
            kind = NoSpaceError if _is_full(error.orig) else StoreError
            raise kind(f"the database does not answer: {error.orig}") from error
        connection = connection.execution_options(pycrm=self.token, compiled_cache=self._compiled)
        if not self._checked:
            self._check(connection)
            self._checked = True
        return connection

    @property
    def taken(self) -> int:
        """How many connections are in use; the one of a database in memory is not counted."""
        pool: Any = self.engine.pool
        return 0 if self._resting is None else pool.checkedout() - len(self._resting)

    def take(self) -> tuple[sa.Connection, Any]:
        """A connection for one transaction, with the driver's; raises as `connect`."""
        found = self._resting.take() if self._resting is not None else None
        if found is not None:
            return found
        connection = self.connect()
        return connection, connection.connection.driver_connection

    def give_back(self, connection: sa.Connection, driver: Any) -> None:
        """Take a connection back whose transaction was committed or rolled back."""
        if self._resting is not None:
            self._resting.give(connection, driver)
        else:
            connection.close()

    def _check(self, connection: sa.Connection) -> None:
        if self.dialect == "sqlite":
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            full = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
            wanted = "memory" if self.in_memory else "wal"
            found = (mode, full, keys)
            if found != (wanted, 2, 1):
                raise StoreError(f"SQLite runs with {found} and not with WAL, FULL and foreign keys")
            return
        asked = connection.exec_driver_sql(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'), "
            "current_setting('server_version_num')::int, current_setting('server_encoding')"
        ).one()
        if asked[0] not in ("on", "remote_apply", "remote_write") or asked[2] < _LEAST_POSTGRESQL:
            raise StoreError(f"PostgreSQL runs with {tuple(asked)}: commits would not be durable")
        if asked[3] != "UTF8":
            raise StoreError(f"the database has the encoding {asked[3]}; pycrm needs UTF8")

    def text(
        self, key: Any, make: Callable[[], sa.sql.expression.ClauseElement]
    ) -> tuple[str, tuple[str, ...]]:
        """The text of a statement for the driver and the order of its parameters, compiled once.

        The ORM's way of compiling and caching costs a short statement more than the database does.
        """
        return self.prepared(key, make)[:2]

    def common(
        self, key: Any, make: Callable[[], sa.sql.expression.ClauseElement]
    ) -> tuple[str, tuple[str, ...]]:
        """As `text`, of a statement that is the same in every database of this kind, as one of a class alone is.

        A process that serves many houses compiles it once, and not once a house.
        """
        found = _COMMON.get((self.dialect, key))
        if found is None:
            found = _COMMON[self.dialect, key] = self.text(key, make)
        return found

    def prepared(
        self, key: Any, make: Callable[[], sa.sql.expression.ClauseElement]
    ) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """As `text`, with the parameters whose values stand in the statement."""
        found = self._texts.get(key)
        if found is None:
            compiled: Any = make().compile(dialect=self.engine.dialect)
            # A dialect adds parameters of its own, such as SQLite an offset of zero.
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            found = self._texts[key] = (str(compiled), tuple(compiled.positiontup or ()), constants)
        return found

    def quoted(self, name: str) -> str:
        """A name as it stands in a statement of this database."""
        return str(self.engine.dialect.identifier_preparer.quote(name))

    def translated(self, error: Exception) -> Exception:
        """The refusal or failure that an error of the driver stands for."""
        name = type(error).__name__
        text = str(error)
        if "UNIQUE constraint" in text or name == "UniqueViolation":
            return ConflictError("a record with this value is already there")
        if "FOREIGN KEY constraint" in text or name == "ForeignKeyViolation":
            return InvalidError("the record refers to something that is not there, or is referred to")
        if name in ("NotNullViolation",) or "NOT NULL constraint" in text:
            return InvalidError("a value is required that was not given")
        if _is_full(error):
            return NoSpaceError("the disk of the database is full: nothing was written")
        return StoreError(f"the database refused: {name}: {text.splitlines()[0] if text else ''}")

    def is_transient(self, error: BaseException | None, operation: str | None = None) -> bool:
        """Whether the same work may succeed, and take effect once, when it is done again from its beginning."""
        if isinstance(error, UnknownOutcomeError):
            return operation is not None
        return any(_is_contended(one) or _is_lost(one) for one in _causes(error))

    def is_lost(self, error: BaseException) -> bool:
        """Whether the connection broke: what it had not committed is undone."""
        return any(_is_lost(one) for one in _causes(error))

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            StoreError: it gives none.
        """
        try:
            with self.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except sa.exc.DBAPIError as error:
            raise StoreError(f"the database does not answer: {error.orig}") from error

    def dispose(self) -> None:
        """Close every connection that nobody uses."""
        if self._resting is not None:
            self._resting.close()
        self.engine.dispose()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_contended(error: BaseException) -> bool:
    if type(error).__name__ in ("SerializationFailure", "DeadlockDetected"):
        return True
    text = str(error)
    return "database is locked" in text or "database table is locked" in text


def _is_full(error: BaseException | None) -> bool:
    """Whether there was no space: of SQLite also none for the index of the log, which it maps."""
    if type(error).__name__ == "DiskFull":
        return True
    return getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")


def _is_lost(error: BaseException) -> bool:
    """An error of a connection that was there; one that was never made has left its handle on it."""
    if type(error).__name__ in ("AdminShutdown", "CrashShutdown"):
        return True
    is_drivers = type(error).__name__ == "OperationalError" and hasattr(error, "sqlstate")
    return is_drivers and error.sqlstate is None and error.pgconn is None  # type: ignore[attr-defined]


def _parsed(url: str | URL) -> URL:
    try:
        return make_url(url)
    except sa.exc.ArgumentError as error:
        raise DeclarationError(f"no address of a database: {error}") from None


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise DeclarationError(f"pycrm runs on SQLite and PostgreSQL, not on {backend}")


def _plain_name(name: str) -> str:
    if not (name.isidentifier() and name.isascii()):
        raise DeclarationError(f"{name!r} is no name for a schema")
    return name


def _prepare_postgresql(driver: Any, record: Any) -> None:
    # The driver makes lists of each JSON text; pycrm reads those that somebody looks at, as on SQLite.
    from psycopg.types.string import TextLoader

    driver.adapters.register_loader("jsonb", TextLoader)


def _prepare_sqlite(driver: Any, record: Any) -> None:
    # The driver's own transaction handling loses increments and splits migrations: off.
    driver.isolation_level = None
    cursor = driver.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    # Sorts that are larger than the cache are done in pieces, on two threads: ADR 26.
    cursor.execute("PRAGMA threads=2")
    cursor.close()


def file_of(url: URL) -> Path | None:
    """The file of a SQLite URL."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))
