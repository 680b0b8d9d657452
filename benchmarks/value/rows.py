"""The rows of facts that functions in Python are called with, and how one customer's are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from benchmarks.value.said import TODAY

__all__ = ["Contact", "Cost", "Customer", "Line", "customers_of", "loaded"]


class Line(NamedTuple):
    """A line of a sale."""

    on: date
    origin: str
    product: str | None
    category: str | None
    qty: float
    gross: int | None
    net: int
    cost: int | None
    list_value: int | None
    margin_class: str
    channel: str
    is_return: bool
    is_lead: bool


class Contact(NamedTuple):
    """A contact, or an attempt at one."""

    on: date
    kind: str
    channel: str
    direction: str
    outcome: str | None
    level: int | None


class Cost(NamedTuple):
    """What a customer cost."""

    on: date
    kind: str
    amount: int


class Customer(NamedTuple):
    """The rows of one customer."""

    lines: Sequence[Line]
    contacts: Sequence[Contact]
    costs: Sequence[Cost]


_LOADED = {"transactions": Line, "contact_acts": Contact, "costs": Cost}


def customers_of(tx: Any, number: int) -> list[Any]:
    """So many customers, as the driver has their keys."""
    text = f"SELECT id FROM crm_customer WHERE archived_at IS NULL ORDER BY id LIMIT {number}"
    return [key for (key,) in tx.run(text).fetchall()]


def loaded(tx: Any, customer: Any) -> Customer:
    """Three statements, each by its index; a day is a date whatever the database keeps."""
    is_sqlite = tx.dialect == "sqlite"
    found: dict[str, Any] = {}
    for name, row in _LOADED.items():
        columns = ", ".join(f'"{one}"' for one in row._fields)
        mark, day = ("?", TODAY.isoformat()) if is_sqlite else ("%s", TODAY)
        text = f'SELECT {columns} FROM facts_{name} WHERE customer = {mark} AND "on" <= {mark}'
        rows = tx.run(text, (customer, day)).fetchall()
        if is_sqlite:
            rows = [(date.fromisoformat(on), *rest) for on, *rest in rows]
        found[name] = [row._make(one) for one in rows]
    return Customer(found["transactions"], found["contact_acts"], found["costs"])
