"""What imports keep: whose key became which record, how far a run has come, and which revisions it wrote."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.declare.row import layout
from pycrm.entities.org import User
from pycrm.revision.log import revision_id
from pycrm.revision.model import ChangeRow
from pycrm.revision.sql import insert_rows, insert_text
from pycrm.scope.actor import key, unkey
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pycrm.store import Transaction

__all__ = [
    "ExternalId",
    "ImportPart",
    "ImportRow",
    "ImportRun",
    "enter",
    "find",
    "keep_part",
    "load_run",
    "put_away_by_revert",
    "store_run",
]


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


class ImportRow(Row, table="crm_import", primary=("id",), indexes=(("at", "id"),)):
    """An import that wrote something."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    entity: Field[str] = field("Entity", longest=100)
    file: Field[str] = field("File", longest=300)


class ImportPart(
    Row, table="crm_import_part", primary=("revision_id",), indexes=(("import_id", "revision_id"),)
):
    """A revision that an import wrote, or that took back what it had written."""

    revision: Field[UUID] = field("Revision", column="revision_id")
    whole: Field[UUID] = field("Import", column="import_id")
    takes_back: Field[bool] = field("Takes back")


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


def keep_part(tx: Transaction, whole: UUID, *, takes_back: bool, begun: ImportRow | None = None) -> None:
    """Keep that what this transaction changes, if anything, belongs to an import.

    Args:
        begun: the import itself, which is kept with its first part.
    """
    if not tx.changes and tx.memo.get("revision") is None:
        return
    if begun is not None:
        table = ImportRow.__table__
        if not tx.fetch(sa.select(table.c.id).where(table.c.id == whole)):
            insert_rows(tx, ImportRow, [layout(ImportRow).dump[tx.dialect](begun)])
    part = ImportPart(revision=revision_id(tx), whole=whole, takes_back=takes_back)
    known = ImportPart.__table__
    if not tx.fetch(sa.select(known.c.import_id).where(known.c.revision_id == part.revision)):
        insert_rows(tx, ImportPart, [layout(ImportPart).dump[tx.dialect](part)])


def put_away_by_revert(tx: Transaction, entity: str, records: Iterable[UUID]) -> set[UUID]:
    """Those of some archived records of which the last that happened is that their import was taken back."""
    change, part = ChangeRow.__table__.c, ImportPart.__table__.c
    later = ChangeRow.__table__.alias("later")
    since = sa.exists().where(
        later.c.record_id == change.record_id, later.c.entity == entity, later.c.version > change.version
    )
    taken = sa.select(part.revision_id).where(part.takes_back.is_(True))
    found: set[UUID] = set()
    for some in pieces(set(records)):
        statement = sa.select(change.record_id).where(
            change.record_id.in_(some), change.entity == entity, change.act == "archive", ~since
        )
        rows = tx.fetch(statement.where(change.revision_id.in_(taken)))
        found.update(id for (key,) in rows if (id := unkey(key)) is not None)
    return found
