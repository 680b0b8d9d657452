"""The book of long work, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.entities.org import User

__all__ = ["SILENCE", "StoppedError", "Work", "WorkRow", "WorkState"]

#: Whose hands have not been heard of for so long do nothing any more: their process was killed.
SILENCE = timedelta(seconds=60)


class WorkState(StrEnum):
    """How far work has come."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"
    FAILED = "failed"
    LOST = "lost"
    """The server ended while it was at work; what it had done until then stays."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in (WorkState.WAITING, WorkState.WORKING)


class StoppedError(Exception):
    """Work was asked to stop, and did before its next step."""


class WorkRow(Row, table="crm_work", primary=("id",), indexes=(("by_id", "at"), ("at",)), goes_with="by_id"):
    """One piece of long work: whose, how far, and when its hands were last heard of."""

    id: Field[UUID] = field("Id")
    by: Link[User] = link("By")
    at: Field[datetime] = field("At")
    kind: Field[str] = field("Kind", longest=40)
    label: Field[str] = field("Label", longest=400)
    state: Field[WorkState] = field("State")
    done: Field[int] = field("Done", default=0)
    total: Field[int | None] = field("Total", default=None)
    seen_at: Field[datetime] = field("Seen at")
    told: Field[str] = field("Told", default="{}", longest=1_000_000)
    is_to_stop: Field[bool] = field("To stop", default=False)


@attrs.frozen
class Work:
    """Long work as it stands.

    Args:
        kind, label: of which sort, and in words.
        done, total: how many steps of how many; None where that is not known yet.
        told: what came of it, as JSON has it.
        is_stopping: it was asked to stop and has not yet.
    """

    id: UUID
    at: datetime
    kind: str
    label: str
    state: WorkState
    done: int
    total: int | None
    told: Mapping[str, Any]
    is_stopping: bool
