"""Walking the chain: each link beside the rows that it covers, to the first that does not hold.

What holds is seen of hundreds of links at once. Only where it does not, or where an erasure left its word,
are they held against their rows one by one, which takes several times as long.
"""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from operator import add, itemgetter
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from pycrm.revision.seal.digest import FIRST, link, links, marks, marks_of
from pycrm.revision.seal.model import Broken, TombstoneRow
from pycrm.revision.seal.rows import (
    ALL,
    BOOKS,
    Digested,
    Key,
    Links,
    changes,
    items,
    place_of,
    rows,
    sealed,
    tombstones,
)

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Walk"]

_NOTED = frozenset(kind for kind in BOOKS if kind != "revision")


@attrs.frozen
class _Window:
    """Links one after another, with the change rows, the tombstones and the rows of other books that belong to them."""

    links: Links
    changed: list[Digested]
    buried: list[Digested]
    noted: list[Digested]

    @property
    def own(self) -> list[bytes] | None:
        """Of each link the digest of what it seals; None where one of them is gone."""
        found = self.links.own
        if None in found:
            noted = {(row[0], row[3]): row[-1] for row in self.noted}
            places = zip(self.links.numbers, self.links.kinds, strict=True)
            found = [one or noted.get(place) for one, place in zip(found, places, strict=True)]
        return None if None in found else found  # type: ignore[return-value]

    def covered(self) -> list[bytes] | None:
        """Of each link the digests of its rows, one after another; None where what it seals is gone."""
        own, numbers = self.own, self.links.numbers
        if own is None:
            return None
        at, digests = [row[0] for row in self.changed], [row[-1] for row in self.changed]
        if (*at,) == numbers:
            return [*map(add, own, digests)]
        digests = [row[-1] for row in sorted(self.changed)]
        held = Counter(at)
        ends = [*accumulate([held[number] for number in numbers])]
        beginnings = chain([0], ends)
        return [
            one + b"".join(digests[since:until])
            for one, since, until in zip(own, beginnings, ends, strict=False)
        ]


class Walk:
    """The chain from its first link on: how far it was proven, and how many rows of each sort were met.

    `seen` holds the hashes of the links that are `wanted`, `proven` those that were compared with a head outside.
    """

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
        # What nothing is sealed of is not read: each of these passes along the whole chain.
        books = {kind: _Beside(items(tx, ALL, kind)) for kind in BOOKS}
        changed = _Beside(changes(tx, ALL))
        buried = _Beside(tombstones(tx, ALL) if self._graves else iter(()))
        for some in sealed(tx):
            last = some.numbers[-1]
            noted = [books[kind].until(last) for kind in _NOTED.intersection(some.kinds)]
            window = _Window(some, changed.until(last), buried.until(last), [*chain(*noted)])
            if self._stands(window):
                self._pass(window)
                continue
            broken = self._each(window)
            if broken is not None:
                return broken
        return None

    def _stands(self, window: _Window) -> bool:
        """Whether all of the links hold, without a look at what was erased."""
        numbers, kinds, items, hashes, kept, _ = window.links
        if window.buried or not self._follow(numbers) or self._is_erased(window):
            return False
        covered = window.covered()
        if covered is None:
            return False
        before = (self.head, *hashes[:-1])
        return (
            (*links(before, numbers, kinds, items, covered),) == hashes
            and marks_of(b"".join(covered)) == "".join(kept)
            # Else what belongs to one link could stand with the next.
            and [4 * len(one) for one in kept] == [*map(len, covered)]
        )

    def _follow(self, numbers: tuple[int, ...]) -> bool:
        """Whether these numbers come next, without a gap."""
        end = self.number + len(numbers)
        return numbers[-1] == end and numbers == (*range(self.number + 1, end + 1),)

    def _is_erased(self, window: _Window) -> bool:
        """Whether an erasure has said something of one of the rows."""
        if not self._graves:
            return False
        own = ((item, 0, kind) for item, kind in zip(window.links.items, window.links.kinds, strict=True))
        return not self._graves.keys().isdisjoint(chain(own, (row[1:4] for row in window.changed)))

    def _pass(self, window: _Window) -> None:
        """Count what holds."""
        numbers, kinds, _, hashes, *_ = window.links
        for number in self._wanted.intersection(numbers):
            self.seen[number] = hashes[number - numbers[0]]
        self.number, self.head = numbers[-1], hashes[-1]
        self.changes += len(window.changed)
        self.looks += len(kinds) - kinds.count("revision")

    def _each(self, window: _Window) -> Broken | None:
        """Link by link, to the first that does not hold."""
        mine, graves, noted = map(_by_number, (window.changed, window.buried, window.noted))
        for number, kind, item, hash, kept, digest in zip(*window.links, strict=True):
            if number != self.number + 1:
                return Broken(self.number + 1, "this link is missing")
            if kind not in BOOKS:
                return Broken(number, "it seals nothing that there is")
            own = [row for row in noted.get(number, ()) if row[3] == kind]
            if digest is not None:
                own = [(number, item, 0, kind, digest)]
            changed, buried = mine.get(number, ()), graves.get(number, ())
            found = self._link(number, kind, item, hash, kept, own, changed, buried)
            if found is not None:
                return found
            self.number, self.head = number, hash
            if number in self._wanted:
                self.seen[number] = hash
            self.changes += len(changed)
            self.tombs += len(buried)
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
    """Rows in the order of the links, taken as far as a link."""

    def __init__(self, pieces: Iterator[list[Digested]]) -> None:
        self._pieces = pieces
        self._next: list[Digested] = []

    def until(self, number: int) -> list[Digested]:
        """The rows up to that link which were not taken before."""
        found = self._next
        while not found or found[-1][0] <= number:
            piece = next(self._pieces, None)
            if piece is None:
                break
            found += piece
        end = bisect_right(found, number, key=_number)
        self._next = found[end:]
        del found[end:]
        return found


_number = itemgetter(0)


def _by_number(some: list[Digested]) -> dict[int, list[Digested]]:
    found: dict[int, list[Digested]] = {}
    for row in some:
        found.setdefault(row[0], []).append(row)
    return found


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
