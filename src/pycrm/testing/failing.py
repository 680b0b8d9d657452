"""An act that fails at each of its statements in turn: all of it is kept, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from pycrm.app import CRM
from pycrm.errors import StoreError
from pycrm.session import Session
from pycrm.store import Transaction

__all__ = ["fail_everywhere", "statements"]

# An act of more statements is none that a person waits for.
_MOST = 500
# What is written for itself, so that it stays where an act fails: who looked, and as what the product acted.
_APART = {"crm_access", "crm_elevation", "crm_probe", "crm_unsealed"}


def fail_everywhere(crm: CRM, who: Any, act: Callable[[Session], object]) -> list[str]:
    """Where an act leaves something behind that failed: a line for each statement, none where all is well.

    The act is done in a session of its own whose first statement fails, then whose second fails, and so
    on until it goes through; after each failure every table has to be as it was before. The last time
    nothing fails, and the act takes effect.

    Args:
        who: as whom, as of `CRM.session`.
        act: what is done; it must do the same each time.

    Returns:
        for each statement after whose failure a table has changed, its number and the tables.

    Raises:
        AssertionError: the act is not over after five hundred statements.
    """
    found: list[str] = []
    before = _tables(crm)
    for at in range(1, _MOST):
        with _failing(crm, at) as counted:
            try:
                with crm.session(who) as session:
                    act(session)
            except StoreError as error:
                if not str(error).startswith(_WORDS):
                    raise
        if counted[0] < at:
            return found
        after = _tables(crm)
        changed = sorted(name for name, rows in after.items() if rows != before[name])
        if changed:
            found.append(f"statement {at} failed, and yet {', '.join(changed)} changed")
        before = after
    raise AssertionError(f"the act has more than {_MOST} statements")


def statements(crm: CRM, who: Any, act: Callable[[Session], object]) -> int:
    """How many statements an act takes that is done in a session of its own, beginning and end aside."""
    with _failing(crm, 0) as counted, crm.session(who) as session:
        act(session)
    return counted[0]


_WORDS = "a statement was let fail"


class _Failing(Transaction):
    """A transaction of which one statement fails, once."""

    at = 0
    counted: list[int]

    def _next(self) -> None:
        self.counted[0] += 1
        if self.counted[0] == self.at:
            raise StoreError(f"{_WORDS}: number {self.at}")

    def run(self, text: str, values: Any = ()) -> Any:
        self._next()
        return super().run(text, values)

    def run_many(self, text: str, rows: Any) -> int:
        self._next()
        return super().run_many(text, rows)

    def fetch(self, statement: Any, values: Any = None) -> list[Any]:
        self._next()
        return super().fetch(statement, values)

    def execute(self, statement: Any, values: Any = None) -> int:
        self._next()
        return super().execute(statement, values)


@contextmanager
def _failing(crm: CRM, at: int) -> Iterator[list[int]]:
    """The next writing session of this CRM fails at a statement; how many it had is counted."""
    counted = [0]
    make = crm._transaction
    is_first = [True]

    def made(write: bool, operation: str | None) -> Transaction:
        if not (write and is_first[0]):
            return make(write, operation)
        is_first[0] = False
        crm.refuse_unmigrated()
        failing = _Failing(crm.store, write=write, moment=crm.clock.now(), operation=operation)
        failing.at, failing.counted = at, counted
        return failing

    crm._transaction = made  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        del crm._transaction


def _tables(crm: CRM) -> dict[str, list[str]]:
    """The rows of every table, past the session."""
    found = {}
    with crm.store.connect() as connection:
        for cls in crm.classes():
            if cls.__tablename__ in _APART:
                continue
            rows = connection.execute(sa.text(f"SELECT * FROM {crm.store.quoted(cls.__tablename__)}"))
            found[cls.__tablename__] = sorted(str(tuple(row)) for row in rows)
    return found
