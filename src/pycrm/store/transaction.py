"""One transaction on one connection: begins at its first statement, ends in commit or rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.errors import StoreError, UnknownOutcomeError
from pycrm.store.waiting import begin_writing

if TYPE_CHECKING:
    from pycrm.store.engine import Store

__all__ = ["Transaction"]

_BEGIN = {
    ("sqlite", False): "BEGIN",
    ("postgresql", True): "BEGIN ISOLATION LEVEL READ COMMITTED",
    ("postgresql", False): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


class Transaction:
    """The unit of work of one session: connection, moment, operation id and what was changed.

    Rooms above hang what they need on it (`actor`, `registry`, `hooks`, `session`); the store
    itself only runs statements. Short statements go to the driver as text compiled once, the
    others through SQLAlchemy.
    """

    def __init__(self, store: Store, *, write: bool, moment: datetime, operation: str | None) -> None:
        self.store = store
        self.write = write
        self.moment = moment
        self.operation = operation
        self.dialect = store.dialect
        self.actor: Any = None
        self.crm: Any = None
        self.session: Any = None
        self.changes: list[Any] = []
        self.pending: list[Callable[[], None]] = []
        # What its session does once more when it was undone: it must stay written all the same.
        self.after_rollback: list[Callable[[], None]] = []
        self.after_savepoint: list[Callable[[], None]] = []
        self.memo: dict[Any, Any] = {}
        # How many writing statements ran; a verb that fails after one has spoiled the whole.
        self.written = 0
        # Above nought while the product reads whole records for its own work.
        self.whole = 0
        self.before_write: Callable[[], None] | None = None
        self.before_end: Callable[[], None] | None = None
        self.spoiled: BaseException | None = None
        self._connection: sa.Connection | None = None
        self._driver: Any = None
        self._cursor: Any = None
        self._closed = False
        self._has_turn = False
        self._savepoints = 0

    @property
    def is_over(self) -> bool:
        """Whether it was committed or rolled back."""
        return self._closed

    @property
    def connection(self) -> sa.Connection:
        """The connection, begun."""
        if self._connection is None:
            self._begin()
        assert self._connection is not None
        return self._connection

    @property
    def cursor(self) -> Any:
        """The driver's cursor on this transaction."""
        if self._cursor is None:
            self._begin()
        return self._cursor

    def _begin(self) -> None:
        if self._closed:
            raise StoreError("the session has ended")
        if self.store.turn is not None:
            self.store.turn.acquire()
            self._has_turn = True
        try:
            try:
                self._open()
            except Exception as error:
                if not self.store.is_lost(error):
                    raise
                # It broke while nobody used it, and so have the others that wait, if the server was restarted.
                self._discard()
                self.store.dispose()
                self._open()
        except BaseException as error:
            self._release(is_clean=False)
            if isinstance(error, Exception) and not isinstance(error, StoreError):
                raise self.store.translated(error) from error
            raise

    def _open(self) -> None:
        self._connection, self._driver = self.store.take()
        self._cursor = self._driver.cursor()
        if self.dialect == "sqlite" and self.write:
            begin_writing(self._cursor)
        else:
            self._cursor.execute(_BEGIN[self.dialect, self.write])

    def run(self, text: str, values: Sequence[Any] = ()) -> Any:
        """Execute one statement on the driver and return its cursor."""
        cursor = self._cursor or self.cursor
        try:
            cursor.execute(text, values)
        except Exception as error:
            raise self.store.translated(error) from error
        return cursor

    def write_one(self, text: str, values: Sequence[Any]) -> Any:
        """Execute one writing statement on the driver and return its cursor."""
        if self.before_write is not None:
            self.before_write()
        self.written += 1
        return self.run(text, values)

    def run_many(self, text: str, rows: Iterable[Sequence[Any]]) -> int:
        """Execute one writing statement for many rows and return the number of rows touched."""
        self._count()
        cursor = self._cursor or self.cursor
        try:
            cursor.executemany(text, rows)
        except Exception as error:
            raise self.store.translated(error) from error
        return int(cursor.rowcount)

    def copy_many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write many rows by COPY, which PostgreSQL takes several times as fast as inserts."""
        self._count()
        cursor = self._cursor or self.cursor
        names = ", ".join(self.store.quoted(name) for name in columns)
        try:
            with cursor.copy(f"COPY {self.store.quoted(table)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except Exception as error:
            raise self.store.translated(error) from error

    def fetch(self, statement: sa.sql.expression.Executable, values: Any = None) -> list[Any]:
        """The rows of a statement built by a room of pycrm, as the driver gave them."""
        try:
            result = self.connection.execute(statement, values)
            cursor: Any = result.cursor
            return cursor.fetchall() if cursor is not None else []
        except sa.exc.DBAPIError as error:
            raise self.store.translated(error.orig) from error  # type: ignore[arg-type]

    def kept(self, key: Any, make: Callable[[], Any], values: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows of a statement that is built and compiled once for its key.

        Args:
            values: by the names of its parameters, as the driver takes them.
        """
        text, names, constants = self.store.prepared(key, make)
        given = constants if values is None else {**constants, **values}
        rows: list[Any] = self.run(text, [given[name] for name in names]).fetchall()
        return rows

    def execute(self, statement: sa.sql.expression.Executable, values: Any = None) -> int:
        """Run a writing statement built by a room of pycrm and return the number of rows touched."""
        self._count()
        try:
            return self.connection.execute(statement, values).rowcount
        except sa.exc.DBAPIError as error:
            raise self.store.translated(error.orig) from error  # type: ignore[arg-type]

    def _count(self) -> None:
        if self.before_write is not None:
            self.before_write()
        self.written += 1

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written within is undone when an exception leaves it."""
        self._savepoints += 1
        name = f"pycrm_{self._savepoints}"
        # A hook may ask for the history, for which what was noted so far is written, and undone then.
        changes, noted = self.changes, len(self.changes)
        written, spoiled = self.written, self.spoiled
        kept = len(self.after_savepoint)
        self.run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.run(f"ROLLBACK TO SAVEPOINT {name}")
            self.changes = changes
            del changes[noted:]
            self.written, self.spoiled = written, spoiled
            for keep in self.after_savepoint[kept:]:
                keep()
            raise
        finally:
            self.run(f"RELEASE SAVEPOINT {name}")

    def commit(self) -> None:
        """Make everything durable; the transaction is over then.

        Raises:
            UnknownOutcomeError: the connection broke before the database had answered.
            StoreError: the database could not, and has undone everything.
        """
        if self.before_end is not None:
            self.before_end()
        if self._cursor is not None:
            try:
                self._cursor.execute("COMMIT")
            except Exception as error:
                self.rollback()
                if self.store.is_lost(error):
                    told = "the connection broke during the commit: whether it took effect is not known"
                    raise UnknownOutcomeError(told) from error
                raise self.store.translated(error) from error
            if self.write and self.store.shortening is not None:
                self.store.shortening.after_commit(self._cursor)
        self._release()

    def rollback(self) -> None:
        """Undo everything; the transaction is over then."""
        if self.before_end is not None:
            self.before_end()
        if self._cursor is not None:
            try:
                self._cursor.execute("ROLLBACK")
            except Exception:
                # The connection may be gone, and then the database has rolled back by itself. SQLite does so
                # when the file is closed, which a statement that was not read to its end would put off.
                self._discard()
        self._release()

    def _discard(self) -> None:
        """Give a connection up that nobody can use any more."""
        self._close_cursor()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _close_cursor(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with suppress(Exception):
                cursor.close()

    def _release(self, is_clean: bool = True) -> None:
        self._closed = True
        self._close_cursor()
        connection, self._connection = self._connection, None
        if connection is not None:
            if is_clean:
                self.store.give_back(connection, self._driver)
            else:
                connection.close()
        if self._has_turn and self.store.turn is not None:
            self._has_turn = False
            self.store.turn.release()
