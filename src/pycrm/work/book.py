"""Reading and writing the book of long work, in transactions of their own.

What is told of work must not wait for it: it is committed between the steps of the work, which has its own sessions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.row import layout
from pycrm.errors import InvalidError, NotFoundError
from pycrm.revision.sql import insert_text
from pycrm.store.apart import reading, writing
from pycrm.work.model import SILENCE, Work, WorkRow, WorkState

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["ask_stop", "enter_work", "note", "touch", "work_of", "works"]

# What came of work may name people and customers, and is not kept for long.
_KEPT = timedelta(days=7)
_MOST = 50
# So much waits for one person, since each piece holds what it was given.
_AT_ONCE = 5
_OPEN = (WorkState.WAITING.value, WorkState.WORKING.value)


def enter_work(crm: CRM, user: UUID, kind: str, label: str) -> UUID:
    """Write down that somebody has asked for long work, and drop what came of work a week ago.

    Returns:
        the id by which it is told of.

    Raises:
        InvalidError: the person has asked for more already than is done at once.
    """
    table = WorkRow.__table__
    with writing(crm) as tx:
        going = table.c.state.in_(_OPEN), table.c.seen_at >= tx.moment - SILENCE
        held = tx.fetch(sa.select(sa.func.count()).where(table.c.by_id == user, *going))[0][0]
        if held >= _AT_ONCE:
            raise InvalidError("much is at work for you already: wait until some of it is over")
        tx.execute(sa.delete(table).where(table.c.at < tx.moment - _KEPT, table.c.state.not_in(_OPEN)))
        row = WorkRow(
            id=crm.identifiers.new(),
            by=Ref("User", user),
            at=tx.moment,
            kind=kind,
            label=label[:400],
            state=WorkState.WAITING,
            seen_at=tx.moment,
        )
        tx.write_one(insert_text(tx, WorkRow), layout(WorkRow).dump[tx.dialect](row))
    return row.id


def works(crm: CRM, user: UUID) -> list[Work]:
    """The work that a person has asked for within the last week, newest first."""
    table = WorkRow.__table__.c
    return _told(crm, sa.and_(table.by_id == user, table.at >= crm.clock.now() - _KEPT))


def work_of(crm: CRM, user: UUID, id: UUID) -> Work:
    """One piece of the work that a person has asked for.

    Raises:
        NotFoundError: there is none, or somebody else's: one answer.
    """
    table = WorkRow.__table__.c
    found = _told(crm, sa.and_(table.by_id == user, table.id == id))
    if not found:
        raise NotFoundError("no such work")
    return found[0]


def _told(crm: CRM, condition: Any) -> list[Work]:
    made, table = layout(WorkRow), WorkRow.__table__.c
    with reading(crm) as tx:
        statement = sa.select(*(table[name] for name in made.names)).where(condition)
        rows = made.build(tx.fetch(statement.order_by(table.at.desc(), table.id.desc()).limit(_MOST)))
        return [_work(row, tx.moment) for row in rows]


def _work(row: WorkRow, now: datetime) -> Work:
    state = row.state
    if not state.is_over and now - row.seen_at > SILENCE:
        state = WorkState.LOST
    counts = (row.done, row.total, json.loads(row.told), row.is_to_stop and not state.is_over)
    return Work(row.id, row.at, row.kind, row.label, state, *counts)


def ask_stop(crm: CRM, user: UUID, id: UUID) -> None:
    """Ask work to stop before its next step; what it has done stays.

    Raises:
        NotFoundError: there is none, or somebody else's: one answer.
    """
    table = WorkRow.__table__
    mine = sa.update(table).where(table.c.id == id, table.c.by_id == user)
    with writing(crm) as tx:
        if not tx.execute(mine.values(is_to_stop=True)):
            raise NotFoundError("no such work")


def note(crm: CRM, id: UUID, state: WorkState, told: Mapping[str, Any] | None = None, **counts: Any) -> bool:
    """Write down how far work has come, by its own hands; True where it was asked to stop."""
    table = WorkRow.__table__
    given = {"state": state.value, **counts} | ({} if told is None else {"told": json.dumps(told)})
    with writing(crm) as tx:
        tx.execute(sa.update(table).where(table.c.id == id).values(seen_at=tx.moment, **given))
        rows = tx.fetch(sa.select(table.c.is_to_stop).where(table.c.id == id))
    return bool(rows and rows[0][0])


def touch(crm: CRM, ids: Iterable[UUID]) -> None:
    """Write down that the hands of this work are still there."""
    table = WorkRow.__table__
    with writing(crm) as tx:
        tx.execute(sa.update(table).where(table.c.id.in_(list(ids))).values(seen_at=tx.moment))
