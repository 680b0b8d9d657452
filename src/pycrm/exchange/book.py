"""What imports keep: whose key became which record, and how far a run has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Field, field
from pycrm.declare.record import Row
from pycrm.revision.sql import insert_rows, insert_text
from pycrm.scope.actor import key, unkey
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pycrm.store import Transaction

__all__ = ["ExternalId", "ImportRun", "enter", "find", "load_run", "store_run"]


class ExternalId(
    Row,
    table="crm_external_id",
    primary=("entity", "key", "record_id"),
    indexes=(("record_id",),),
    goes_with="record_id",
):
    """The key of a record in another system, ``source:key``.

    Two records have the same one where the policy on claims tells an importer nothing of the first.
    """

    entity: Field[str] = field("Entity", longest=100)
    key: Field[str] = field("Key", longest=300)
    record: Field[UUID] = field("Record", column="record_id")


class ImportRun(Row, table="crm_import_run", primary=("fingerprint",)):
    """How far an import has come; the row goes with the last batch."""

    fingerprint: Field[str] = field("Fingerprint", longest=64)
    state: Field[str] = field("State", longest=100_000)


def find(tx: Transaction, entity: str, keys: Iterable[str]) -> dict[str, list[UUID]]:
    """The records of these external ids, in sight or not."""
    table, wanted = ExternalId.__table__.c, list(keys)
    found: dict[str, list[UUID]] = {}
    for some in pieces(wanted):
        statement = sa.select(table.key, table.record_id).where(table.entity == entity, table.key.in_(some))
        for name, record in tx.fetch(statement):
            id = unkey(record)
            assert id is not None
            found.setdefault(name, []).append(id)
    return found


def enter(tx: Transaction, entity: str, pairs: Iterable[tuple[str, UUID]]) -> None:
    """Keep the external ids of new records."""
    rows = [(entity, name, key(tx, record)) for name, record in pairs]
    insert_rows(tx, ExternalId, rows)


def load_run(tx: Transaction, fingerprint: str) -> str | None:
    """The state of a run that did not end."""
    table = ImportRun.__table__.c
    rows: list[Any] = tx.fetch(sa.select(table.state).where(table.fingerprint == fingerprint))
    return str(rows[0][0]) if rows else None


def store_run(tx: Transaction, fingerprint: str, state: str | None) -> None:
    """Keep how far a run has come, in the transaction of the batch; None ends it."""
    table = ImportRun.__table__
    tx.execute(sa.delete(table).where(table.c.fingerprint == fingerprint))
    if state is not None:
        tx.write_one(insert_text(tx, ImportRun), (fingerprint, state))
