"""What the product does by itself when the time has come."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from pycrm.app import sealing
from pycrm.entities.amendment import Amendment, AmendmentState
from pycrm.errors import InvalidError, Problem
from pycrm.revision.amendment import due as pending

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["JobReport", "run"]


@attrs.frozen
class JobReport:
    """What one run did: amendments applied and conflicted, tasks reminded of and taken further up.

    `sealed` links were added to the chain of history; where it could not be sealed, `unsealed` says why.
    """

    applied: tuple[UUID, ...] = ()
    conflicted: tuple[UUID, ...] = ()
    reminded: int = 0
    escalated: int = 0
    sealed: int = 0
    unsealed: str | None = None


def run(crm: CRM, day: date | None = None) -> JobReport:
    """Do all that is due; see `CRM.run_jobs`."""
    today = crm.calendar_day(crm.clock.now())
    if day is not None and day > today:
        wrong = Problem("date", "range", "that day has not come yet")
        raise InvalidError(wrong.message, fields=[wrong])
    actor = crm.system("amendments that are due")
    with crm.view(actor) as session:
        due = pending.due(session.transaction, day or today)
        late = pending.late(session.transaction)
    applied: list[UUID] = []
    conflicted: list[UUID] = []
    # Each in a transaction of its own: one that fails keeps back no other.
    for one in due:
        made = crm.run(actor, partial(_settle, one))
        if made is not None:
            (applied if made.state is AmendmentState.APPLIED else conflicted).append(one)
    reminded, escalated = 0, 0
    for one in late:
        more = crm.run(actor, partial(_pursue, one))
        reminded, escalated = reminded + more[0], escalated + more[1]
    # Last, so that what the jobs wrote is sealed with the rest.
    sealed = sealing.seal(crm).added if sealing.can_seal(crm) else 0
    unsealed = None if sealing.can_seal(crm) else sealing.NAMELESS
    return JobReport(tuple(applied), tuple(conflicted), reminded, escalated, sealed, unsealed)


def _settle(one: UUID, session: Session) -> Amendment | None:
    return pending.settle_one(session.transaction, one)


def _pursue(one: UUID, session: Session) -> tuple[int, int]:
    return pending.pursue(session.transaction, one)
