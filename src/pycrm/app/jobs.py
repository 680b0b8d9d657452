"""What the product does by itself when the time has come."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from pycrm.app import ageing, offered_jobs, sealing
from pycrm.app.offered_jobs import JobDone
from pycrm.entities.amendment import Amendment, AmendmentState
from pycrm.errors import InvalidError, Problem
from pycrm.forecast import remind, snapshot
from pycrm.revision.amendment import due as pending

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.forecast import Period
    from pycrm.session import Session

__all__ = ["JobDone", "JobReport", "run"]


@attrs.frozen
class JobReport:
    """What one run did: amendments applied and conflicted, tasks reminded of and taken further up.

    So many `owners` and `leaders` were reminded of records that stand still in their stage, and so many
    forecasts were written down (`snapshots`). `aged` records went to another stage because time has passed;
    where a pipeline that somebody published refuses that, `unaged` says why.
    `plugins` says what became of each job of a plugin of which something was due.
    `sealed` links were added to the chain of history; where it could not be sealed, `unsealed` says why.
    """

    applied: tuple[UUID, ...] = ()
    conflicted: tuple[UUID, ...] = ()
    reminded: int = 0
    escalated: int = 0
    owners: int = 0
    leaders: int = 0
    snapshots: int = 0
    aged: int = 0
    unaged: tuple[str, ...] = ()
    plugins: tuple[JobDone, ...] = ()
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
    owners, leaders, snapshots = _pipelines(crm)
    aged, unaged = ageing.run(crm)
    offered = offered_jobs.run(crm)
    # Last, so that what the jobs wrote is sealed with the rest.
    sealed = sealing.seal(crm).added if sealing.can_seal(crm) else 0
    unsealed = None if sealing.can_seal(crm) else sealing.NAMELESS
    written = {"owners": owners, "leaders": leaders, "snapshots": snapshots}
    return JobReport(
        tuple(applied),
        tuple(conflicted),
        reminded,
        escalated,
        aged=aged,
        unaged=unaged,
        plugins=offered,
        sealed=sealed,
        unsealed=unsealed,
        **written,
    )


def _pipelines(crm: CRM) -> tuple[int, int, int]:
    """Remind of what stands still, and write down the forecasts of the week."""
    actor = crm.system("pipelines: reminders and forecasts")
    with crm.view(actor) as session:
        late = remind.late(session.transaction)
        periods = snapshot.due(session.transaction)
    asked = [crm.run(actor, partial(_remind, entity, id)) for entity, id in late]
    taken = [crm.run(actor, partial(_snapshot, one)) for one in periods]
    return sum(one[0] for one in asked), sum(one[1] for one in asked), sum(taken)


def _remind(entity: str, id: UUID, session: Session) -> tuple[int, int]:
    return remind.remind(session.transaction, entity, id)


def _snapshot(period: Period, session: Session) -> bool:
    # Another process may have taken it since.
    if period not in snapshot.due(session.transaction):
        return False
    snapshot.take(session.transaction, period)
    return True


def _settle(one: UUID, session: Session) -> Amendment | None:
    return pending.settle_one(session.transaction, one)


def _pursue(one: UUID, session: Session) -> tuple[int, int]:
    return pending.pursue(session.transaction, one)
