"""Reminding of what stands still: its owner once, the leader after some more days (PIP-7).

A reminder is a task of theirs. Its title tells nothing of the record, which its reader sees as far
as the own rights go.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.raw import RawInstant
from pycrm.declare.row import layout
from pycrm.entities.activity import Task
from pycrm.entities.org import User, UserState
from pycrm.forecast.book import StallNotice
from pycrm.forecast.stage import staged
from pycrm.forecast.standing import stalled, standing
from pycrm.revision.add import add_all
from pycrm.revision.amendment.route import leaders_above
from pycrm.revision.sql import insert_text
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import fetch_one
from pycrm.scope.sharing import is_seen_by

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["late", "remind"]

#: So many days after its owner a leader is reminded.
MORE_DAYS = 7
_OWN = "It stands still: move it on, or say what holds it"
_LED = "It stands still, and its owner was reminded {days} days ago"


def late(tx: Transaction) -> list[tuple[str, UUID]]:
    """The stalled records of which somebody is to be reminded, by class and id."""
    found = []
    for cls in tx.crm.records():
        if cls.__pipeline__ is None or _place(cls) is None:
            continue
        asked, notice = staged(tx, cls, [stalled(tx, cls)]), StallNotice.__table__
        table = asked.table.c
        same = sa.and_(notice.c.record_id == table.id, notice.c.since == table.stage_at)
        asked.source = asked.source.outerjoin(notice, same)
        is_ripe = sa.and_(notice.c.escalated_at.is_(None), _is_ripe(tx, notice.c))
        asked.where.append(sa.or_(notice.c.record_id.is_(None), is_ripe))
        rows = tx.fetch(asked.select(table.id).order_by(table.id))
        found += [(cls.__name__, id) for (raw,) in rows if (id := unkey(raw)) is not None]
    return found


def _is_ripe(tx: Transaction, notice: Any) -> Any:
    """That the leader's turn has come."""
    before: Any = notice.reminded_at <= sa.literal(tx.moment - timedelta(days=MORE_DAYS), RawInstant())
    return before


def _place(cls: Any) -> str | None:
    """The link by which a task names a record of the class, or the customer that it belongs to."""
    names = {spec.target: name for name, spec in Task.__specs__.items() if spec.target and not spec.derived}
    if cls.__name__ in names:
        return names[cls.__name__]
    return "customer" if "customer" in cls.__specs__ else None


def remind(tx: Transaction, entity: str, id: UUID) -> tuple[int, int]:
    """Remind of one record, if it still stands where it stood.

    Returns:
        how many owners and how many leaders were reminded.
    """
    cls = tx.crm.record(entity)
    record = fetch_one(tx, cls, id, lock=True)
    if record is None or record.archived_at is not None or not standing(tx, record).is_stalled:
        return 0, 0
    table = StallNotice.__table__
    is_it = sa.and_(table.c.record_id == id, table.c.since == record.stage_at)
    # Asked anew: another run of the jobs may have been here since this one looked.
    is_ripe = sa.and_(table.c.escalated_at.is_(None), _is_ripe(tx, table.c))
    known = [bool(row[0]) for row in tx.fetch(sa.select(sa.case((is_ripe, 1), else_=0)).where(is_it))]
    if known == [False]:
        return 0, 0
    if known:
        tx.execute(sa.update(table).where(is_it).values(escalated_at=tx.moment))
        return 0, _ask(tx, record, _leaders(tx, record), _LED.format(days=MORE_DAYS))
    notice = StallNotice(record=id, since=record.stage_at, reminded_at=tx.moment)
    tx.write_one(insert_text(tx, StallNotice), layout(StallNotice).dump[tx.dialect](notice))
    owner = record.owner
    return _ask(tx, record, [owner.id] if owner is not None and _works(tx, owner.id) else [], _OWN), 0


def _ask(tx: Transaction, record: Any, people: Iterable[UUID], title: str) -> int:
    place = _place(type(record))
    assert place is not None
    target = record.ref if Task.__specs__[place].target == type(record).__name__ else record.customer
    users: list[Ref[User]] = [Ref(User.__name__, user) for user in people]
    tasks = [Task(title=title, due_at=tx.moment, **{place: target}) for _ in users]
    add_all(tx, tasks, users)
    return len(users)


def _leaders(tx: Transaction, record: Any) -> list[UUID]:
    """The nearest leaders above the owner who see the record."""
    owner, unit = record.owner, record.owner_unit
    for group in leaders_above(tx, None if unit is None else unit.id):
        able = [
            user
            for user in group
            if (owner is None or user != owner.id) and is_seen_by(tx, user, type(record), record.id)
        ]
        if able:
            return able
    return []


def _works(tx: Transaction, user: UUID) -> bool:
    table = User.__table__.c
    is_active = (table.state == UserState.ACTIVE.value, table.archived_at.is_(None))
    return bool(tx.fetch(sa.select(table.id).where(table.id == user, *is_active)))
