"""Sealing: what is committed gets its number and its place in the chain, and the head goes outside.

One sealer works at a time in a namespace. Writers never wait for it: they only leave the id of what
they wrote on the list of the unsealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.errors import StoreError
from pycrm.revision.seal import heads
from pycrm.revision.seal.digest import FIRST, link, marks
from pycrm.revision.seal.model import Sealed, SealRow, UnsealedRow
from pycrm.revision.seal.rows import BOOKS, Source, changes, items, tombstones
from pycrm.revision.sql import insert_rows
from pycrm.scope.actor import unkey
from pycrm.store import Transaction

if TYPE_CHECKING:
    from datetime import datetime

    from pycrm.store import Store

__all__ = ["head_of", "seal"]

_AT_ONCE = 500


def seal(store: Store, moment: datetime, path: Path | None) -> Sealed:
    """Seal everything that is committed, and export the head; see `pycrm.CRM.seal`."""
    if path is not None:
        _refuse_broken_off(store, moment, path)
    added = 0
    while True:
        number, head, done = _committed(store, moment)
        added += done
        if done < _AT_ONCE:
            break
    if path is not None and number:
        newest = heads.last(path)
        if newest is None or newest.number < number:
            heads.append(path, number, head, moment)
    return Sealed(added, number, head)


def _committed(store: Store, moment: datetime) -> tuple[int, str, int]:
    tx = Transaction(store, write=True, moment=moment, operation=None)
    try:
        found = _seal_some(tx)
    except BaseException:
        tx.rollback()
        raise
    tx.commit()
    return found


def _seal_some(tx: Transaction) -> tuple[int, str, int]:
    """Number and chain one batch; the newest number, its hash and how many there were."""
    if tx.dialect == "postgresql":
        tx.run("SELECT pg_advisory_xact_lock(hashtext('pycrm seal ' || current_schema()))")
    number, head = head_of(tx)
    table = UnsealedRow.__table__.c
    waiting = tx.fetch(sa.select(table.id, table.kind).order_by(table.id).limit(_AT_ONCE))
    made: list[tuple[Any, ...]] = []
    digests = _digests(tx, [(_id(item).bytes, kind) for item, kind in waiting])
    for item, kind in waiting:
        covered = digests[_id(item).bytes]
        number += 1
        head = link(head, number, kind, _id(item).bytes, covered)
        made.append((number, kind, item, head, marks(covered)))
    if made:
        insert_rows(tx, SealRow, made)
        ids = [_id(item) for item, _ in waiting]
        tx.execute(sa.delete(UnsealedRow.__table__).where(table.id.in_(ids)))
    return number, head, len(made)


def _digests(tx: Transaction, waiting: list[tuple[bytes, str]]) -> dict[bytes, list[bytes]]:
    """Of each item its own digest, then those of its change rows and of its tombstones in order."""
    found: dict[bytes, list[bytes]] = {}
    revisions = [item for item, kind in waiting if kind == "revision"]
    for kind in BOOKS:
        source = _source(tx, [item for item, its in waiting if its == kind])
        for row in chain.from_iterable(items(tx, source, kind)):
            found[row[1]] = [row[-1]]
    gone = [item for item, _ in waiting if item not in found]
    if gone:
        raise StoreError(f"what was to be sealed is gone: {UUID(bytes=gone[0])}")
    for read in (changes, tombstones):
        of: dict[bytes, list[Any]] = {}
        for at, *rest in chain.from_iterable(read(tx, _source(tx, revisions))):
            of.setdefault(at, []).append(rest)
        for item, rows in of.items():
            found[item] += [row[-1] for row in sorted(rows)]
    return found


def _source(tx: Transaction, ids: Iterable[bytes]) -> Source:
    # The id itself is what rows are gathered by.
    some = list(ids)
    if tx.dialect == "sqlite":
        where = f"WHERE s.id IN ({', '.join('?' * len(some))})"
        return Source("crm_unsealed", "id", "id", where, tuple(some), is_long=False)
    uuids = [UUID(bytes=one) for one in some]
    table = "(SELECT id, uuid_send(id) AS at FROM crm_unsealed WHERE id = ANY(%s::uuid[]))"
    return Source(table, "at", "id", "", (uuids,), is_long=False)


def head_of(tx: Transaction) -> tuple[int, str]:
    """The newest number and hash of the chain."""
    table = SealRow.__table__.c
    rows: list[Any] = tx.fetch(sa.select(table.number, table.hash).order_by(table.number.desc()).limit(1))
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, FIRST)


def _refuse_broken_off(store: Store, moment: datetime, path: Path) -> None:
    """Refuse to seal on where the heads outside say that this is not the chain that was exported.

    Raises:
        StoreError: the file is gone, though something was sealed; or the chain ends before its last
            head, or holds another link there.
    """
    # Before the database is looked at: another sealer may export a head meanwhile.
    newest = heads.last(path) if path.exists() else None
    tx = Transaction(store, write=False, moment=moment, operation=None)
    try:
        if newest is None:
            if not path.exists() and head_of(tx)[0]:
                raise StoreError(
                    f"the heads of the chain are gone from {path}: bring the file back, "
                    "or make an empty one to begin anew"
                )
            heads.begin(path)
            return
        table = SealRow.__table__.c
        held = tx.fetch(sa.select(table.hash).where(table.number == newest.number))
        if not held or held[0][0] != newest.hash:
            raise StoreError(
                f"the chain is not the one whose head {newest.number} stands in {path}: "
                "run `pycrm history verify`"
            )
    finally:
        tx.rollback()


def _id(value: Any) -> UUID:
    found = unkey(value)
    assert found is not None
    return found
