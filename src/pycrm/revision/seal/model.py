"""What is kept of the seal: what waits for it, its links, and what was erased since."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from pycrm.declare import Field, field
from pycrm.declare.record import Row

__all__ = ["Broken", "SealRow", "Sealed", "TombstoneRow", "UnsealedRow", "Verification"]


class UnsealedRow(Row, table="crm_unsealed", primary=("id",)):
    """A revision, a look, an export or a session of a system actor that is committed and not yet sealed."""

    id: Field[UUID] = field("Id")
    kind: Field[str] = field("Kind", longest=20)


class SealRow(Row, table="crm_seal", primary=("number",)):
    """One link of the chain: the number and hash of a revision, a look, an export or a system session.

    `marks` are the first bytes of the digests of its rows, by which the one that was changed is found.
    """

    number: Field[int] = field("Number")
    kind: Field[str] = field("Kind", longest=20)
    item: Field[UUID] = field("Item", column="item_id")
    hash: Field[str] = field("Hash", longest=64)
    marks: Field[str] = field("Marks", longest=100_000_000)


class TombstoneRow(
    Row,
    table="crm_tombstone",
    primary=("record_id", "version", "entity", "revision_id"),
    indexes=(("revision_id",),),
):
    """The digests of one sealed row before and after an erasure, which is that revision."""

    record: Field[UUID] = field("Record", column="record_id")
    version: Field[int] = field("Version")
    entity: Field[str] = field("Entity", longest=100)
    revision: Field[UUID] = field("Revision", column="revision_id")
    before: Field[str] = field("Before", longest=64)
    after: Field[str] = field("After", longest=64)


@attrs.frozen
class Sealed:
    """What one sealing did: how many links it added, and the head of the chain after it."""

    added: int
    number: int
    head: str


@attrs.frozen
class Broken:
    """The first place at which the chain does not hold, and why."""

    number: int | None
    why: str
    kind: str | None = None
    item: UUID | None = None
    entity: str | None = None
    record: UUID | None = None
    version: int | None = None

    def __str__(self) -> str:
        place = "" if self.number is None else f"seal {self.number}: "
        row = "" if self.entity is None else f"{self.entity} {self.record} version {self.version}: "
        item = "" if self.item is None else f" ({self.kind} {self.item})"
        return f"{place}{row}{self.why}{item}"


@attrs.frozen
class Verification:
    """What checking the chain found.

    `changes` and `looks` (with exports and sessions of system actors) were proven, `erased` of them by
    what an erasure left.
    `tail` items are committed and not yet sealed, the oldest since `tail_since`: nothing proves them.
    `heads` outside heads were compared, the last of them `exported`.
    """

    sealed: int
    head: str
    changes: int
    looks: int
    erased: int
    tail: int
    tail_since: datetime | None
    heads: int
    exported: int
    broken: Broken | None

    @property
    def holds(self) -> bool:
        """Whether the whole chain holds."""
        return self.broken is None
