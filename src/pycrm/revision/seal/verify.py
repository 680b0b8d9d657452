"""Proving the chain: every row is read again, and the first place that does not hold is named."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare.raw import instant
from pycrm.revision.model import ChangeRow
from pycrm.revision.seal.digest import FIRST, link, marks
from pycrm.revision.seal.heads import Head
from pycrm.revision.seal.model import Broken, TombstoneRow, Verification
from pycrm.revision.seal.rows import (
    BOOKS,
    Digested,
    Key,
    Source,
    changes,
    items,
    place_of,
    rows,
    tombstones,
)

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["verify"]

_ALL = Source("crm_seal", "number", "item_id")


def verify(tx: Transaction, heads: Iterable[Head]) -> Verification:
    """Check the whole chain in one state of the database; see `pycrm.CRM.verify`."""
    if tx.dialect == "postgresql":
        # All of the answer is wanted, not its beginning.
        tx.run("SET LOCAL cursor_tuple_fraction = 1")
    outside = sorted(heads, key=lambda head: head.number)
    walk = _Walk(tx, {head.number for head in outside})
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


def _against(walk: _Walk, head: Head, broken: Broken | None) -> Broken | None:
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


class _Walk:
    """The chain link by link, each beside the rows that it covers."""

    def __init__(self, tx: Transaction, wanted: set[int]) -> None:
        self._tx, self._wanted = tx, wanted
        self.number, self.head = 0, FIRST
        self.changes = self.looks = self.erased = self.tombs = 0
        self.seen: dict[int, str] = {}
        self.proven: list[int] = []
        self._graves = _graves(tx)

    def go(self) -> Broken | None:
        """Walk to the end, or to the first link that does not hold."""
        tx = self._tx
        books = {kind: _Beside(items(tx, _ALL, kind)) for kind in BOOKS}
        changed, buried = _Beside(changes(tx, _ALL)), _Beside(tombstones(tx, _ALL))
        text = "SELECT number, kind, item_id, hash, marks FROM crm_seal ORDER BY number"
        if tx.dialect == "postgresql":
            text = text.replace("item_id", "uuid_send(item_id)")
        for number, kind, item, hash, kept in rows(tx, text, is_long=True):
            if number != self.number + 1:
                return Broken(self.number + 1, "this link is missing")
            if kind not in books:
                return Broken(number, "it seals nothing that there is")
            own, mine, graves = books[kind].at(number), changed.at(number), buried.at(number)
            found = self._link(number, kind, item, hash, kept, own, mine, graves)
            if found is not None:
                return found
            self.number, self.head = number, hash
            if number in self._wanted:
                self.seen[number] = hash
            self.changes += len(mine)
            self.tombs += len(graves)
            self.looks += kind != "revision"
        return None

    def _link(
        self,
        number: int,
        kind: str,
        item: bytes,
        hash: str,
        kept: str,
        own: Sequence[Digested],
        mine: Sequence[Digested],
        graves: Sequence[Digested],
    ) -> Broken | None:
        covered = [*own, *sorted(mine), *sorted(graves)]
        digests = [row[-1] for row in covered]
        if self._graves:
            for at, (_, record, version, entity, digest) in enumerate(covered):
                grave = self._graves.get((record, version, entity))
                if grave is None or at >= len(own) + len(mine):
                    continue
                if digest.hex() != grave.after:
                    return _row(number, kind, item, covered[at], "was changed after its erasure")
                digests[at] = bytes.fromhex(grave.before)
                self.erased += 1
        if own and link(self.head, number, kind, item, digests) == hash and marks(digests) == kept:
            return None
        return _blamed(number, kind, item, kept, own, covered, digests)


def _blamed(
    number: int,
    kind: str,
    item: bytes,
    kept: str,
    own: Sequence[Digested],
    covered: list[Digested],
    digests: list[bytes],
) -> Broken:
    """Which row of a link that does not hold was changed, by the marks that were kept of its rows."""

    def whole(why: str) -> Broken:
        return Broken(number, why, kind, UUID(bytes=item))

    if not own:
        return whole(f"the {kind} is gone")
    try:
        raw = b64decode(kept, validate=True)
    except ValueError:
        raw = b""
    known = [raw[at : at + 6] for at in range(0, len(raw), 6)]
    strange = [row for row, digest in zip(covered, digests, strict=True) if digest[:6] not in set(known)]
    if marks(digests) == kept:
        return whole("the link itself was changed")
    if len(known) > len(covered):
        missing = f"{len(known) - len(covered)} of its {len(known) - 1} rows are gone"
        return whole(missing)
    if strange and strange[0][3] == kind:
        return whole(f"the {kind} was changed")
    if strange:
        added = len(known) < len(covered)
        return _row(number, kind, item, strange[0], "was added later" if added else "was changed")
    return whole("the link itself was changed")


def _row(number: int, kind: str, item: bytes, row: Digested, why: str) -> Broken:
    entity, record, version = place_of(row)
    return Broken(number, why, kind, UUID(bytes=item), entity, record, version)


class _Beside:
    """Rows in the order of the links, taken link by link."""

    __slots__ = ("_next", "_number", "_rows")

    def __init__(self, found: Iterator[Digested]) -> None:
        self._rows = found
        self._stand_before(next(found, None))

    def _stand_before(self, row: Digested | None) -> None:
        self._next, self._number = row, None if row is None else row[0]

    def at(self, number: int) -> Sequence[Digested]:
        """The rows of that link."""
        if self._number != number:
            return ()
        taken: list[Any] = [self._next]
        for row in self._rows:
            if row[0] != number:
                # As `_stand_before`, which costs as much as all the rest.
                self._next, self._number = row, row[0]
                return taken
            taken.append(row)
        self._stand_before(None)
        return taken


@attrs.frozen
class _Grave:
    """The digest of a row when it was sealed, and after the last erasure."""

    before: str
    after: str


def _graves(tx: Transaction) -> dict[Key, _Grave]:
    """What erasures said of the rows that they changed, the sealed ones in their order, then the others."""
    names = [spec.columns[0] for spec in TombstoneRow.__specs__.values()][:3]
    record = "uuid_send(t.record_id)" if tx.dialect == "postgresql" else "t.record_id"
    text = (
        f"SELECT {record}, t.{names[1]}, t.{names[2]}, t.before, t.after FROM crm_tombstone t "
        "LEFT JOIN crm_seal s ON s.item_id = t.revision_id ORDER BY s.number IS NULL, s.number"
    )
    found: dict[Key, _Grave] = {}
    for of, version, entity, before, after in rows(tx, text, is_long=True):
        known = found.get((of, version, entity))
        # An erasure that does not begin where the last ended proves nothing: its row will not fit.
        if known is not None and known.after != before:
            after = ""
        found[of, version, entity] = _Grave(before if known is None else known.before, after)
    return found


def _strange(tx: Transaction, walk: _Walk) -> Broken | None:
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
