"""The rows of one customer for functions in Python, as a session of ours reads them."""

from __future__ import annotations

from datetime import date
from typing import Any

from benchmarks.value.hooks import LOADED, Customer
from benchmarks.value.said import TODAY

__all__ = ["customers_of", "loaded"]


def customers_of(tx: Any, number: int) -> list[Any]:
    """So many customers, as the driver has their keys."""
    text = f"SELECT id FROM crm_customer WHERE archived_at IS NULL ORDER BY id LIMIT {number}"
    return [key for (key,) in tx.run(text).fetchall()]


def loaded(tx: Any, customer: Any) -> Customer:
    """Three statements, each by its index; a day is a date whatever the database keeps."""
    is_sqlite = tx.dialect == "sqlite"
    found: dict[str, Any] = {}
    for name, row in LOADED.items():
        columns = ", ".join(f'"{one}"' for one in row._fields)
        mark, day = ("?", TODAY.isoformat()) if is_sqlite else ("%s", TODAY)
        text = f'SELECT {columns} FROM facts_{name} WHERE customer = {mark} AND "on" <= {mark}'
        rows = tx.run(text, (customer, day)).fetchall()
        if is_sqlite:
            rows = [(date.fromisoformat(on), *rest) for on, *rest in rows]
        found[name] = [row._make(one) for one in rows]
    return Customer(found["transactions"], found["contact_acts"], found["costs"])
