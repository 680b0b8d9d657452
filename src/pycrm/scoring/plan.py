"""Statements that are built and compiled once, and after that only given the day as of which is asked.

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
    """A statement for the driver: its text, its parameters in their order, and what is known of them."""

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    moments: Mapping[str, Callable[[Any], Any]]

    def rows(self, tx: Transaction, day: date) -> list[Any]:
        """The rows as of a day."""
        given = {name: bound(value_of(tx.crm, name, day)) for name, bound in self.moments.items()}
        known = {**self.constants, **given}
        found: list[Any] = tx.run(self.text, [known[name] for name in self.names]).fetchall()
        return found


def planned(tx: Transaction, key: Any, make: Callable[[], Any]) -> Plan:
    """The plan of that name; its statement is made where there is none yet."""
    memo = ("plan", tx.dialect, key)
    if memo not in tx.crm.catalog.memo:
        tx.crm.catalog.memo[memo] = _compiled(tx, make())
    found: Plan = tx.crm.catalog.memo[memo]
    return found


def _compiled(tx: Transaction, statement: Any) -> Plan:
    compiled = statement.compile(dialect=tx.store.engine.dialect)
    # Lists of values are written out by their number, which no day changes.
    given = compiled.construct_params(_check=False)
    expanded = compiled._process_parameters_for_postcompile(given)
    processors = {**compiled._bind_processors, **expanded.processors}
    constants, moments = {}, {}
    for name in set(expanded.positiontup):
        bound = processors.get(name, _as_it_is)
        if name.startswith("moment_"):
            moments[name] = bound
        else:
            constants[name] = bound(expanded.parameters[name])
    return Plan(expanded.statement, tuple(expanded.positiontup), constants, moments)


def _as_it_is(value: Any) -> Any:
    return value
