"""What is kept of amendments beside the records themselves: lines, open paths, and what they changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare import Field, Ref, field
from pycrm.declare.record import Row
from pycrm.entities.amendment import Amendment
from pycrm.entities.org import User

__all__ = [
    "AmendmentEffect",
    "AmendmentLine",
    "AmendmentLineRow",
    "Batch",
    "Decided",
    "LineAct",
    "OpenPath",
    "Planned",
]


class LineAct(StrEnum):
    """What a line does: writes a field, adds a row, or takes one away."""

    CHANGE = "change"
    ADD = "add"
    REMOVE = "remove"


class AmendmentLineRow(Row, table="crm_amendment_line", primary=("amendment_id", "round", "seq")):
    """One line as it was proposed in one round; what a rebase leaves behind stays."""

    amendment: Field[UUID] = field("Amendment", column="amendment_id")
    round: Field[int] = field("Round")
    seq: Field[int] = field("Sequence")
    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")
    path: Field[str] = field("Path", longest=300)
    act: Field[LineAct] = field("Act")
    base: Field[str] = field("Base", longest=1_000_000)
    new: Field[str] = field("New", longest=1_000_000)


class OpenPath(
    Row,
    table="crm_open_path",
    primary=("record_id", "entity", "path"),
    indexes=(("amendment_id",),),
):
    """A path of a record over which an amendment is open: there is one at most."""

    record: Field[UUID] = field("Record", column="record_id")
    entity: Field[str] = field("Entity", longest=100)
    path: Field[str] = field("Path", longest=300)
    amendment: Field[UUID] = field("Amendment", column="amendment_id")


class AmendmentEffect(Row, table="crm_amendment_effect", primary=("record_id", "version", "entity")):
    """The version of a record that an amendment made: its key is that of the change row."""

    record: Field[UUID] = field("Record", column="record_id")
    version: Field[int] = field("Version")
    entity: Field[str] = field("Entity", longest=100)
    amendment: Field[UUID] = field("Amendment", column="amendment_id")


@attrs.frozen
class AmendmentLine:
    """One line of an amendment, with values as JSON has them.

    `base` is what the submitter saw, `new` what is proposed, `current` what is there now. The path of
    a row's field is ``lines/<id>/qty``, of a removed row ``lines/<id>``, of an added one ``lines/+0``;
    the value of a row is an object.
    """

    entity: str
    record: UUID
    path: str
    act: LineAct
    base: Any
    new: Any
    current: Any
    amendment: Ref[Amendment]

    @property
    def is_conflicting(self) -> bool:
        """Whether what is there is no longer what the submitter saw."""
        return bool(self.base != self.current)


@attrs.frozen
class Batch:
    """What one import has asked for: an amendment for each record, as far as the reader sees them.

    Whoever is asked decides on all of them at once, or on some.
    """

    id: UUID
    amendments: tuple[Amendment, ...]

    @property
    def reason(self) -> str:
        """Why the import asked for it."""
        return self.amendments[0].reason

    @property
    def submitted_by(self) -> Ref[User] | None:
        """Who imported."""
        return self.amendments[0].submitted_by

    @property
    def submitted_at(self) -> datetime:
        """When the first of them was asked for."""
        return min(one.submitted_at for one in self.amendments)


@attrs.frozen
class Planned:
    """A change that is agreed and waits for its day: "60 from 2026-07-01"."""

    path: str
    new: Any
    on: Any
    amendment: Ref[Amendment]


@attrs.frozen
class Decided:
    """What became of one of several amendments: its new state, or why nothing was decided."""

    amendment: Amendment
    refusal: Any = None
