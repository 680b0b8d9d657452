"""Transactions of the product's own, beside every session: for books that no actor reads or writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pycrm.store.transaction import Transaction

__all__ = ["reading", "writing"]


@contextmanager
def reading(crm: Any) -> Iterator[Transaction]:
    """A transaction that only reads."""
    yield from _transaction(crm, False)


@contextmanager
def writing(crm: Any) -> Iterator[Transaction]:
    """A transaction that is committed at the end of the block."""
    yield from _transaction(crm, True)


def _transaction(crm: Any, write: bool) -> Iterator[Transaction]:
    crm.refuse_unmigrated()
    tx = Transaction(crm.store, write=write, moment=crm.clock.now(), operation=None)
    tx.crm = crm
    try:
        yield tx
    except BaseException:
        tx.rollback()
        raise
    tx.commit()
