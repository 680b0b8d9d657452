"""Proving the chain: every row is read again, and the first place that does not hold is named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare.raw import instant
from pycrm.revision.model import ChangeRow
from pycrm.revision.seal.heads import Head
from pycrm.revision.seal.model import Broken, TombstoneRow, Verification
from pycrm.revision.seal.rows import BOOKS, rows
from pycrm.revision.seal.walk import Walk

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["verify"]


def verify(tx: Transaction, heads: Iterable[Head]) -> Verification:
    """Check the whole chain in one state of the database; see `pycrm.CRM.verify`."""
    if tx.dialect == "postgresql":
        # All of the answer is wanted, but its beginning at once: the rest is looked for while that is hashed.
        tx.run("SET LOCAL cursor_tuple_fraction = 1")
        tx.run("SET LOCAL enable_sort = off")
    outside = sorted(heads, key=lambda head: head.number)
    walk = Walk(tx, {head.number for head in outside})
    broken = walk.go() or _strange(tx, walk)
    for head in outside:
        found = _against(walk, head, broken)
        if found is not None:
            broken = found
            break
    tail, since = _tail(tx)
    return Verification(
        sealed=walk.number,
        head=walk.head,
        changes=walk.changes,
        looks=walk.looks,
        erased=walk.erased,
        tail=tail,
        tail_since=since,
        heads=len(outside),
        exported=outside[-1].number if outside else 0,
        broken=broken,
    )


def _against(walk: Walk, head: Head, broken: Broken | None) -> Broken | None:
    """What an outside head says against the chain; nothing where it broke before that."""
    if broken is not None and broken.number is not None and broken.number <= head.number:
        return None
    if head.number > walk.number:
        return Broken(walk.number + 1, f"the chain was cut off: head {head.number} was exported {head.at}")
    if walk.seen[head.number] != head.hash:
        before = max((number for number in walk.proven if number < head.number), default=0)
        return Broken(
            before + 1, f"the chain was written anew between here and head {head.number}, exported {head.at}"
        )
    walk.proven.append(head.number)
    return None


def _strange(tx: Transaction, walk: Walk) -> Broken | None:
    """A row that was neither sealed nor waits for it, if there is one."""
    counted: dict[Any, tuple[str, int]] = {
        ChangeRow: ("revision_id", walk.changes),
        TombstoneRow: ("revision_id", walk.tombs),
    }
    for cls, (column, sealed) in counted.items():
        waiting = f"SELECT count(*) FROM {cls.__tablename__} c JOIN crm_unsealed u ON u.id = c.{column}"
        if _number(tx, f"SELECT count(*) FROM {cls.__tablename__}") != sealed + _number(tx, waiting):
            return _named(tx, cls, column)
    total = sum(_number(tx, f"SELECT count(*) FROM {cls.__tablename__}") for cls in BOOKS.values())
    if total != walk.number + _number(tx, "SELECT count(*) FROM crm_unsealed"):
        for cls in BOOKS.values():
            found = _named(tx, cls, "id")
            if found.item is not None:
                return found
        return _named_waiting(tx)
    return None


def _named(tx: Transaction, cls: Any, column: str) -> Broken:
    names = [spec.columns[0] for spec in cls.__specs__.values()][:3]
    text = (
        f"SELECT c.{column}, {', '.join(f'c.{name}' for name in names)} FROM {cls.__tablename__} c "
        f"WHERE NOT EXISTS (SELECT 1 FROM crm_seal s WHERE s.item_id = c.{column}) "
        f"AND NOT EXISTS (SELECT 1 FROM crm_unsealed u WHERE u.id = c.{column}) LIMIT 1"
    )
    for item, *place in rows(tx, text):
        kind = next((name for name, book in BOOKS.items() if book is cls), "revision")
        found = Broken(None, "was added past the seal", kind, _uuid(item))
        if cls in BOOKS.values():
            return found
        return attrs.evolve(found, entity=place[2], record=_uuid(place[0]), version=place[1])
    return Broken(None, "something is sealed twice")


def _named_waiting(tx: Transaction) -> Broken:
    """What waits for the seal and is gone."""
    for kind, cls in BOOKS.items():
        text = (
            "SELECT u.id FROM crm_unsealed u WHERE u.kind = "
            f"'{kind}' AND NOT EXISTS (SELECT 1 FROM {cls.__tablename__} c WHERE c.id = u.id) LIMIT 1"
        )
        for (item,) in rows(tx, text):
            return Broken(None, f"the {kind} that waited for its seal is gone", kind, _uuid(item))
    return Broken(None, "something is sealed twice")


def _number(tx: Transaction, text: str) -> int:
    return int(next(rows(tx, text))[0])


def _uuid(value: Any) -> UUID:
    return UUID(bytes=value) if isinstance(value, bytes) else value


def _tail(tx: Transaction) -> tuple[int, datetime | None]:
    """How much is committed and not sealed, and since when."""
    number, since = 0, None
    for cls in BOOKS.values():
        at = "c.at"
        text = f"SELECT count(*), min({at}) FROM crm_unsealed u JOIN {cls.__tablename__} c ON c.id = u.id"
        many, oldest = next(rows(tx, text))
        number += int(many)
        if oldest is not None:
            moment = oldest if isinstance(oldest, datetime) else instant(oldest)
            since = moment if since is None else min(since, moment)
    return number, since
