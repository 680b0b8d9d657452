"""Holding a record: rules over several rows are kept by whoever holds the record that these belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.table import key_column
from pycrm.scope.children import with_children
from pycrm.scope.gateway import fetch_one, not_found

if TYPE_CHECKING:
    from uuid import UUID

    from pycrm.store import Transaction

__all__ = ["hold"]


def hold(tx: Transaction, cls: Any, id: UUID) -> Any:
    """Lock the row until the transaction ends, and read it as it is then; see `Session.hold`."""
    if fetch_one(tx, cls, id) is None:
        raise not_found(cls)
    if tx.dialect == "postgresql":
        table, key = cls.__table__, cls.__table__.c[key_column(cls)]
        # Rows that refer to it may still be added by others: only who holds it too waits.
        tx.fetch(sa.select(key).select_from(table).where(key == id).with_for_update(key_share=True))
    found = fetch_one(tx, cls, id)
    if found is None:
        raise not_found(cls)
    return with_children(tx, [found])[0]
