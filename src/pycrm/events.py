"""What happened, in the past tense.

Events are written with the change they tell of and may leave the house (webhooks, feeds), so they
carry ids and names and never a value: whoever receives one reads the record through a scope of
their own.
"""

from __future__ import annotations

from uuid import UUID

import attrs

__all__ = [
    "RecordAdded",
    "RecordAmended",
    "RecordArchived",
    "RecordChanged",
    "RecordEvent",
    "RecordMoved",
    "RecordRestored",
]


@attrs.frozen(kw_only=True)
class RecordEvent:
    """Something happened to one record.

    `entity` is the name of the record class, `record` the record's id, `version` the version that
    the record has since, `revision` the id of the revision that wrote it.
    """

    entity: str
    record: UUID
    version: int
    revision: UUID


@attrs.frozen(kw_only=True)
class RecordAdded(RecordEvent):
    """A record was added."""


@attrs.frozen(kw_only=True)
class RecordChanged(RecordEvent):
    """Fields of a record were changed; `fields` names them."""

    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class RecordAmended(RecordEvent):
    """Key fields of a record were changed by an amendment; `fields` names them."""

    fields: tuple[str, ...]


@attrs.frozen(kw_only=True)
class RecordMoved(RecordEvent):
    """A record moved along its pipeline: from stage `source` to stage `target` by the move `move`."""

    pipeline: str
    move: str
    source: str
    target: str


@attrs.frozen(kw_only=True)
class RecordArchived(RecordEvent):
    """A record was archived."""


@attrs.frozen(kw_only=True)
class RecordRestored(RecordEvent):
    """An archived record was restored."""
