"""What is kept of every change: revisions, change rows and claims of unique values."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare import Field, Link, Ref, field, link
from pycrm.declare.record import Row
from pycrm.entities.amendment import Amendment
from pycrm.entities.org import User

__all__ = [
    "ERASED",
    "Access",
    "AccessRow",
    "ChangeRow",
    "Claim",
    "Difference",
    "Duplicate",
    "DuplicateRow",
    "Elevation",
    "ElevationRow",
    "Export",
    "ExportRow",
    "FieldChange",
    "ProbeRow",
    "QuietClaim",
    "Revision",
    "RevisionRow",
    "Setting",
]


#: What stands in the place of an erased text, in records and in history.
ERASED = "[erased]"


class RevisionRow(
    Row,
    table="crm_revision",
    primary=("id",),
    indexes=(("!operation",), ("at",)),
):
    """One unit of work that changed something."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    actor: Field[str] = field("Actor", longest=300)
    on_behalf: Link[User | None] = link("On behalf of", default=None)
    source: Field[str] = field("Source", longest=20)
    purpose: Field[str | None] = field("Purpose", default=None)
    operation: Field[str | None] = field("Operation", default=None, longest=200)


class ChangeRow(
    Row,
    table="crm_change",
    primary=("record_id", "version", "entity"),
    indexes=(("revision_id",),),
    salted=True,
    short=("version",),
):
    """What one unit of work did to one record: its version after, and each field before and after."""

    record: Field[UUID] = field("Record", column="record_id")
    version: Field[int] = field("Version")
    entity: Field[str] = field("Entity", longest=100)
    revision: Field[UUID] = field("Revision", column="revision_id")
    act: Field[str] = field("Act", longest=20)
    reason: Field[str | None] = field("Reason", default=None)
    changes: Field[str] = field("Changes", longest=10_000_000)


class Claim(Row, table="crm_claim", primary=("digest",), indexes=(("record_id",),), goes_with="record_id"):
    """A unique value that some record holds, as a keyed hash that gives nothing away."""

    digest: Field[UUID] = field("Digest")
    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")


class QuietClaim(
    Row,
    table="crm_quiet_claim",
    primary=("value", "record_id"),
    indexes=(("record_id",),),
    goes_with="record_id",
):
    """A value that several records may hold, since a second one is not refused."""

    value: Field[UUID] = field("Value")
    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")


class DuplicateRow(Row, table="crm_duplicate", primary=("id",), indexes=(("at",), ("record_id",))):
    """Two records that hold the same value, for those who decide on duplicates."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")
    other_entity: Field[str] = field("Other entity", longest=100)
    other: Field[UUID] = field("Other", column="other_id")
    path: Field[str] = field("Field", longest=200)


class ProbeRow(Row, table="crm_probe", primary=("id",), indexes=(("by_id", "at"), ("at",))):
    """One answer that a value is held elsewhere, counted so that nobody asks for thousands."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)


class AccessRow(
    Row,
    table="crm_access",
    primary=("id",),
    indexes=(("record_id", "at"), ("by_id", "at"), ("at",)),
    salted=True,
):
    """One look at fields that are masked or of a special category, granted or refused."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    actor: Field[str] = field("Actor", longest=300)
    on_behalf: Link[User | None] = link("On behalf of", default=None)
    source: Field[str] = field("Source", longest=20)
    purpose: Field[str] = field("Purpose")
    entity: Field[str] = field("Entity", longest=100)
    record: Field[UUID] = field("Record", column="record_id")
    fields: Field[tuple[str, ...]] = field("Fields")
    query: Field[str] = field("Query", longest=2000)
    outcome: Field[str] = field("Outcome", longest=20)


class ElevationRow(Row, table="crm_elevation", primary=("id",), indexes=(("at",),), salted=True):
    """One session opened as a system actor, which no role limits."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    purpose: Field[str] = field("Purpose", longest=2000)
    grants: Field[str] = field("Grants", default="", longest=100_000)
    source: Field[str] = field("Source", longest=20)


class Setting(Row, table="crm_setting", primary=("name",)):
    """A value that the product keeps about itself."""

    name: Field[str] = field("Name", longest=100)
    value: Field[str] = field("Value", longest=10000)


@attrs.frozen
class Elevation:
    """One use of a system actor: when, what for, with which grants and from where."""

    at: datetime
    purpose: str
    grants: tuple[str, ...]
    source: str


@attrs.frozen
class FieldChange:
    """One field before and after, as JSON has it; of child rows the path is ``lines/<id>/qty``."""

    path: str
    old: Any
    new: Any


@attrs.frozen
class Difference:
    """One field that differs between two moments, of the record or of what belongs to it.

    `old` and `new` are as JSON has them; of child rows the path is ``lines/<id>/qty``.
    """

    entity: str
    record: UUID
    path: str
    old: Any
    new: Any


class ExportRow(Row, table="crm_export", primary=("id",), indexes=(("at",), ("by_id", "at")), salted=True):
    """One table of records that somebody took out, or was refused since it was too much within the hour."""

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    actor: Field[str] = field("Actor", longest=300)
    source: Field[str] = field("Source", longest=20)
    entity: Field[str] = field("Entity", longest=100)
    columns: Field[tuple[str, ...]] = field("Columns")
    conditions: Field[str | None] = field("Conditions", default=None, longest=1_000_000)
    rows: Field[int] = field("Rows")
    refused: Field[bool] = field("Refused", default=False)


@attrs.frozen
class Export:
    """One table of records that somebody took out: which columns, by which filter, how many rows.

    What was `refused`, since it would have been too much within the hour, was not taken out.
    """

    at: datetime
    by: Ref[User] | None
    actor: str
    source: str
    entity: str
    columns: tuple[str, ...]
    conditions: str | None
    rows: int
    refused: bool = False


@attrs.frozen
class Duplicate:
    """Two records that hold the same value: the one entered, by whom and when, and the one before."""

    at: datetime
    by: Ref[User] | None
    record: Ref[Any]
    other: Ref[Any]
    path: str


@attrs.frozen
class Access:
    """One look at protected fields of a record: who, when, what for, at which, how it was asked for.

    `outcome` is ``shown``, or ``refused`` where the record is in sight and the fields are not granted.
    """

    at: datetime
    by: Ref[User] | None
    actor: str
    on_behalf: Ref[User] | None
    source: str
    purpose: str
    entity: str
    record: UUID
    fields: tuple[str, ...]
    query: str
    outcome: str


@attrs.frozen
class Revision:
    """One change of one record: who, when, why and what."""

    id: UUID
    entity: str
    record: UUID
    version: int
    act: str
    at: datetime
    by: Ref[User] | None
    actor: str
    on_behalf: Ref[User] | None
    source: str
    reason: str | None
    operation: str | None
    changes: tuple[FieldChange, ...]
    # Of what an amendment changed: that amendment, and who agreed to it.
    amendment: Ref[Amendment] | None = None
    approvers: tuple[Ref[User], ...] = ()
