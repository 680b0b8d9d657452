"""A database whose n-th statement fails, and plugins of which the n-th hook fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import attrs
import psycopg
from sqlalchemy import event

from pycrm import CRM, Note, Opportunity, Plugin
from pycrm.hooks import hookimpl
from pycrm.pipeline.defaults import SALES

__all__ = ["PLANTED", "WAYS", "Fault", "Watching"]

PLANTED = "planted: the disk is gone"
#: The statement does not reach the database; it does and its answer is lost; from then on none does.
WAYS = ("before", "after", "broken")


class Fault:
    """Makes one thing of many fail: the statement, the commit, or the call of a hook, of a number.

    It sits in the driver, so that it counts whatever goes to the database, BEGIN and COMMIT too.
    """

    def __init__(self) -> None:
        self.counted, self.way = "statement", "before"
        self.at = self.seen = self.commits = 0
        self.hit: str | None = None
        self.committed: Callable[[], None] = lambda: None

    def set(self, at: int, way: str = "before", counted: str = "statement") -> None:
        """Fail at the thing of that number; 0 is never."""
        self.at, self.way, self.counted = at, way, counted
        self.seen = self.commits = 0
        self.hit = None

    def _is_hit(self, counted: str, what: str) -> bool:
        if self.counted != counted:
            return False
        self.seen += 1
        if self.seen == self.at:
            self.hit = what
        return self.seen == self.at

    def statement(self, cursor: Any, text: Any, run: Callable[[], Any], error: type[Exception]) -> Any:
        """Run a statement, or fail."""
        is_commit = str(text).upper().startswith("COMMIT")
        hit = self._is_hit("statement", str(text)) or (is_commit and self._is_hit("commit", str(text)))
        if hit and self.way == "broken":
            cursor.connection.is_broken = True
        if (hit and self.way == "before") or cursor.connection.is_broken:
            raise error(PLANTED)
        answer = run()
        if is_commit:
            self.commits += 1
            self.committed()
        if hit:
            raise error(PLANTED)
        return answer

    def call(self, hook: str) -> None:
        """Let a hook go on, or fail."""
        if self._is_hit("hook", hook):
            raise RuntimeError(PLANTED)

    def plant(self, crm: CRM) -> None:
        """Let every connection of a CRM, from now on, be one that may fail."""
        fault = self

        def refuse(connection: Any, error: type[Exception]) -> None:
            if connection.is_broken:
                raise error(PLANTED)

        class Cursor(sqlite3.Cursor):
            def execute(self, text: str, *rest: Any) -> Any:
                run = super().execute
                return fault.statement(self, text, lambda: run(text, *rest), sqlite3.OperationalError)

            def executemany(self, text: str, *rest: Any) -> Any:
                run = super().executemany
                return fault.statement(self, text, lambda: run(text, *rest), sqlite3.OperationalError)

        class Connection(sqlite3.Connection):
            is_broken = False

            def rollback(self) -> None:
                refuse(self, sqlite3.OperationalError)
                super().rollback()

            def cursor(self, factory: Any = Cursor) -> Any:
                return super().cursor(factory)

        class ServerConnection(psycopg.Connection[Any]):
            is_broken = False

            def rollback(self) -> None:
                refuse(self, psycopg.OperationalError)
                super().rollback()

        class ServerCursor(psycopg.Cursor[Any]):
            def execute(self, text: Any, *rest: Any, **options: Any) -> Any:
                run = super().execute
                return fault.statement(
                    self, text, lambda: run(text, *rest, **options), psycopg.OperationalError
                )

            def executemany(self, text: Any, *rest: Any, **options: Any) -> Any:
                run = super().executemany
                return fault.statement(
                    self, text, lambda: run(text, *rest, **options), psycopg.OperationalError
                )

            def copy(self, text: Any, *rest: Any, **options: Any) -> Any:
                run = super().copy
                return fault.statement(
                    self, text, lambda: run(text, *rest, **options), psycopg.OperationalError
                )

        def connect(dialect: Any, record: Any, given: Any, options: Any) -> Any:
            if dialect.name == "sqlite":
                return sqlite3.connect(*given, factory=Connection, **options)
            return ServerConnection.connect(*given, cursor_factory=ServerCursor, **options)

        event.listen(crm.store.engine, "do_connect", connect)


class Watching(Plugin):
    """Watching

    Takes part in every hook, and writes in one of them. Deals are won with the consent of a leader.
    """

    name = "watching"
    pipelines = (
        attrs.evolve(
            SALES,
            version=2,
            moves=[attrs.evolve(one, approval="leader") if one.key == "win" else one for one in SALES.moves],
        ),
    )

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    @hookimpl
    def before_add(self, record: Any) -> None:
        self.fault.call("before_add")

    @hookimpl
    def before_change(self, record: Any) -> None:
        self.fault.call("before_change")

    @hookimpl
    def before_move(self, record: Any) -> None:
        self.fault.call("before_move")

    @hookimpl
    def record_added(self, record: Any) -> None:
        self.fault.call("record_added")

    @hookimpl
    def record_changed(self, record: Any) -> None:
        self.fault.call("record_changed")

    @hookimpl
    def record_moved(self, session: Any, record: Opportunity) -> None:
        session.add(Note(body="It has moved on.", opportunity=record))
        self.fault.call("record_moved")

    @hookimpl
    def choose_owner(self, record: Any) -> Any:
        self.fault.call("choose_owner")
