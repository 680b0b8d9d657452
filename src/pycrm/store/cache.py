"""How many pages a SQLite connection keeps: many for lists, few while a report reads everything once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pycrm.store.transaction import Transaction

__all__ = ["CACHE_KIB", "scanning"]

#: What lists and single records are read through, again and again.
CACHE_KIB = 65_536
# What is read once stays in the cache of the processor so, and a sort is done in pieces of this size.
_SCAN_KIB = 8192


@contextmanager
def scanning(tx: Transaction) -> Iterator[None]:
    """Within, statements read large parts of tables once: ADR 26."""
    if tx.dialect != "sqlite":
        yield
        return
    tx.run(f"PRAGMA cache_size=-{_SCAN_KIB}").fetchall()
    try:
        yield
    finally:
        tx.run(f"PRAGMA cache_size=-{CACHE_KIB}").fetchall()
