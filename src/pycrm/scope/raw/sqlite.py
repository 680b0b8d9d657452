"""Raw SQL on SQLite, which has no policies: over reference data alone, watched by its authorizer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.policy import Reference
from pycrm.declare.raw import micros
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError
from pycrm.scope.actor import bounds
from pycrm.scope.raw.model import Asked, Rows
from pycrm.scope.raw.policies import exposed, readable
from pycrm.scope.raw.text import refused, replaced, unknown

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["rows"]

# Steps of SQLite's machine between two looks at the clock.
_STEPS = 10_000
_FUNCTIONS = frozenset(
    (
        *("abs", "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count"),
        *("cume_dist", "date", "datetime", "dense_rank", "exp", "first_value", "floor", "format"),
        *("glob", "group_concat", "hex", "if", "ifnull", "iif", "instr", "julianday", "lag"),
        *("last_value", "lead", "length", "like", "ln", "log", "lower", "ltrim", "max", "min", "mod"),
        *("nth_value", "ntile", "nullif", "percent_rank", "pow", "power", "printf", "rank"),
        *("replace", "round", "row_number", "rtrim", "sign", "sqrt", "strftime", "string_agg"),
        *("substr", "substring", "sum", "time", "total", "trim", "trunc", "typeof", "unhex"),
        *("unicode", "unixepoch", "upper"),
    )
)
_KEPT_NAMES = ("instant", "date", "bool")


def rows(tx: Transaction, asked: Asked) -> Rows:
    """The rows of a statement over reference data."""
    text = replaced(asked.text, asked.parameters, lambda name: f":{name}")
    values = {name: _bound(name, value) for name, value in asked.parameters.items()}
    driver: Any = tx.connection.connection.driver_connection
    watch = _Watch(tx)
    cursor = driver.cursor()
    try:
        with watch.over(driver, asked.seconds):
            try:
                cursor.execute(text, values)
                found = cursor.fetchmany(asked.most + 1)
            except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
                raise watch.refusal(error, asked.seconds) from error
        names = tuple(column[0] for column in cursor.description or ())
    finally:
        cursor.close()
    if len(found) > asked.most:
        raise refused(f"the statement gives more than {asked.most} rows", "range")
    turns = [watch.turned(name) for name in names]
    return Rows(names, tuple(tuple(turn(one) for turn, one in zip(turns, row, strict=True)) for row in found))


class _Watch:
    """What one statement may touch, and what it was refused."""

    def __init__(self, tx: Transaction) -> None:
        self._given: dict[str, dict[str, Any]] = {}
        named = readable(tx)
        for cls in exposed(tx.crm):
            if isinstance(cls.__scope__, Reference) and bounds(tx.actor, cls, Action.READ).everything:
                kinds = {one.columns[0]: one.kind for one in cls.__specs__.values() if one.kind is not None}
                self._given[cls.__tablename__] = {name: kinds.get(name) for name in named[cls.__tablename__]}
        self._scoped = {
            cls.__tablename__ for cls in exposed(tx.crm) if not isinstance(cls.__scope__, Reference)
        }
        rows = tx.run("SELECT lower(name) FROM sqlite_master").fetchall()
        self._tables = {name for (name,) in rows}
        self._read: set[tuple[str, str]] = set()
        self._refused: InvalidError | ForbiddenError | None = None
        self._until = 0.0

    @contextmanager
    def over(self, driver: Any, seconds: float) -> Iterator[None]:
        self._until = time.monotonic() + seconds
        driver.set_authorizer(self._permit)
        driver.set_progress_handler(self._is_late, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
            driver.set_authorizer(None)

    def _is_late(self) -> bool:
        return time.monotonic() > self._until

    def _permit(self, act: int, first: str | None, second: str | None, place: str | None, by: Any) -> int:
        if act in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        wrong: InvalidError | ForbiddenError | None = refused("a statement reads and does nothing else")
        if act == sqlite3.SQLITE_READ:
            wrong = self._refuse_read(first or "", second or "")
        elif act == sqlite3.SQLITE_FUNCTION:
            wrong = None if (second or "").lower() in _FUNCTIONS else unknown("function", second or "")
        if wrong is None:
            return sqlite3.SQLITE_OK
        self._refused = self._refused or wrong
        return sqlite3.SQLITE_DENY

    def _refuse_read(self, table: str, column: str) -> InvalidError | ForbiddenError | None:
        given = self._given.get(table)
        if given is not None and (column in given or column == ""):
            self._read.add((table, column))
            return None
        if given is None and column == "" and not self._is_stored(table.lower()):
            # A name that the statement itself gave to a part of it.
            return None
        if table in self._scoped:
            return ForbiddenError(
                f"sql: {table} holds rows of which not everybody may see each, and SQLite cannot tell whose "
                "they are: run raw SQL over it on PostgreSQL, or use session.find"
            )
        return unknown("column" if given is not None else "relation", column if given is not None else table)

    def _is_stored(self, name: str) -> bool:
        """Whether the database has a table of that name, its own and those that it makes up included."""
        return name in self._tables or name.startswith(("sqlite_", "pragma_", "dbstat"))

    def refusal(self, error: Exception, seconds: float) -> Exception:
        """What an error of the driver means to whoever wrote the statement."""
        if self._refused is not None:
            return self._refused
        if str(error) == "interrupted":
            return refused(f"the statement took longer than {seconds:g} seconds", "range")
        return refused(str(error), "format")

    def turned(self, name: str) -> Any:
        """What makes a plain value of a stored one: a column that keeps its name keeps its type."""
        kinds = {self._given[table].get(name) for table, column in self._read if column == name}
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        if kind is not None and kind.name in _KEPT_NAMES:
            return lambda value: kind.decode(value) if type(value) in kind.raw else value
        return lambda value: UUID(bytes=value) if isinstance(value, bytes) and len(value) == 16 else value


def _bound(name: str, value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        raise refused(f"the parameter {name} is a list, which SQLite does not know", "type")
    return value
