"""Statements that are built and compiled once, and after that only given the day or the customer that is asked for.

Some two hundred thousand letters say all indicators; saying them takes longer than a small database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.scoring.moment import value_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Plan", "planned"]


@attrs.frozen
class Plan:
    """A statement for the driver: its text, its parameters in their order, and what becomes of the value of each."""

    text: str
    names: tuple[str, ...]
    bound: Mapping[str, Callable[[Any], Any]]

    def rows(self, tx: Transaction, day: date) -> list[Any]:
        """The rows as of a day."""
        return self.given(tx, **{name: value_of(tx.crm, name, day) for name in self.bound})

    def given(self, tx: Transaction, **values: Any) -> list[Any]:
        """The rows with these values, by the names of the parameters."""
        known = [self.bound[name](values[name]) for name in self.names]
        found: list[Any] = tx.run(self.text, known).fetchall()
        return found


def planned(tx: Transaction, key: Any, make: Callable[[], Any]) -> Plan:
    """The plan of that name; its statement is made where there is none yet."""
    memo = ("plan", tx.dialect, key)
    if memo not in tx.crm.catalog.memo:
        tx.crm.catalog.memo[memo] = _compiled(tx, make())
    found: Plan = tx.crm.catalog.memo[memo]
    return found


def _compiled(tx: Transaction, statement: Any) -> Plan:
    # Whoever scores nobody needs the compilers of neither database, which take a while to import.
    from pycrm.scoring.spoken import said_with_places

    text, names, kinds = said_with_places(statement, tx.dialect)
    dialect = tx.store.engine.dialect
    return Plan(
        text, names, {name: kind.bind_processor(dialect) or _as_it_is for name, kind in kinds.items()}
    )


def _as_it_is(value: Any) -> Any:
    return value
