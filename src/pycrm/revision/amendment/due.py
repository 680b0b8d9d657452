"""What is due on amendments: their day has come, or nobody has decided for too long."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.revision.amendment.book import Tasks, enter, turn, with_tasks
from pycrm.revision.amendment.decide import finish, settle
from pycrm.revision.amendment.route import leaders_above, unit_of
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import fetch_one
from pycrm.scope.sharing import is_seen_by

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["due", "late", "pursue", "settle_one"]


def due(tx: Transaction, day: date) -> list[UUID]:
    """The amendments that apply on that day or should have before, the earliest first."""
    table = Amendment.__table__.c
    rows = tx.fetch(
        sa.select(table.id)
        .where(table.state == AmendmentState.SCHEDULED.value, table.effective_on <= day)
        .order_by(table.effective_on, table.submitted_at, table.id)
    )
    return [id for (raw,) in rows if (id := unkey(raw)) is not None]


def settle_one(tx: Transaction, id: UUID) -> Amendment | None:
    """Apply one of them; None where it has been applied meanwhile."""
    found = fetch_one(tx, Amendment, id, lock=True)
    if found is None or found.state is not AmendmentState.SCHEDULED:
        return None
    return settle(tx, found)


def late(tx: Transaction) -> list[UUID]:
    """Open amendments with a task to remind of or to take further up, or with nobody to decide."""
    task, table = ApprovalTask.__table__.c, Amendment.__table__.c
    overdue = sa.select(task.parent_id).where(
        task.state == ApprovalState.PENDING.value,
        sa.or_(
            sa.and_(task.due_at <= tx.moment, task.reminded_at.is_(None)),
            sa.and_(task.escalates_at <= tx.moment, task.escalated_at.is_(None)),
        ),
    )
    rows = tx.fetch(
        sa.select(table.id)
        .where(
            table.state == AmendmentState.SUBMITTED.value,
            sa.or_(table.id.in_(overdue), table.waits.is_not(None)),
        )
        .order_by(table.id)
    )
    return [id for (raw,) in rows if (id := unkey(raw)) is not None]


def pursue(tx: Transaction, id: UUID) -> tuple[int, int]:
    """Remind of an amendment's tasks, and take them to the next leader up (REV-17).

    Returns:
        how many tasks are reminded of, and how many went further up.
    """
    found = fetch_one(tx, Amendment, id, lock=True)
    if found is None or found.state is not AmendmentState.SUBMITTED:
        return 0, 0
    amendment = with_tasks(tx, [found])[0]
    if amendment.waits is not None:
        _ask_again(tx, amendment)
        return 0, 0
    tasks, reminded, escalated = Tasks(), 0, 0
    for task in amendment.tasks:
        if task.state is not ApprovalState.PENDING:
            continue
        values: dict[str, Any] = {}
        if task.due_at <= tx.moment and task.reminded_at is None:
            values["reminded_at"] = tx.moment
            reminded += 1
        if task.escalates_at <= tx.moment and task.escalated_at is None:
            values["escalated_at"] = tx.moment
            more = _next_up(tx, amendment, task)
            tasks.added += more
            escalated += len(more)
        if values:
            tasks.changed[task.id] = values
    if tasks.changed:
        turn(tx, amendment, tasks)
    return reminded, escalated


def _ask_again(tx: Transaction, amendment: Amendment) -> None:
    """Nobody could decide: perhaps somebody can now."""
    from pycrm.revision.amendment.route import seats

    if seats(tx, amendment, amendment.step).waits is None:
        finish(tx, enter(tx, amendment, amendment.step))


def _next_up(tx: Transaction, amendment: Amendment, task: ApprovalTask) -> list[ApprovalTask]:
    """Tasks for the next leader above the one who was asked; the first decision counts."""
    cls, author = tx.crm.record(amendment.entity), amendment.submitted_by
    groups = leaders_above(tx, unit_of(tx, amendment))
    own = [at for at, group in enumerate(groups) if task.approver.id in group]
    asked = {one.approver.id for one in amendment.tasks if one.group == task.group}
    for group in groups[own[0] + 1 if own else 0 :]:
        able = [
            user
            for user in group
            if user not in asked
            and (author is None or user != author.id)
            and is_seen_by(tx, user, cls, amendment.record)
        ]
        if able:
            return [_copy(tx, task, user) for user in able]
    return []


def _copy(tx: Transaction, task: ApprovalTask, user: UUID) -> ApprovalTask:
    return ApprovalTask(
        round=task.round,
        step=task.step,
        group=task.group,
        approver=Ref("User", user),
        asked_at=tx.moment,
        due_at=task.due_at,
        escalates_at=task.escalates_at,
        reminded_at=tx.moment,
        escalated_at=tx.moment,
    )
