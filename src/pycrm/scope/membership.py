"""Who is in the team of a record: records of a plugin say so, each of one person from a day to a day.

Unlike a share, a membership has no giver whose own reach would bound it: who may enter and end one is for
the plugin to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import Team
from pycrm.entities.org import User
from pycrm.scope.actor import Actor, SharedRecord, key, unkey

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Part", "has_memberships", "members", "memberships"]


@attrs.frozen
class Part:
    """A person's part in the team of a record, since when and until which day."""

    user: Ref[User]
    part: str | None
    since: date
    until: date | None


class _Columns:
    """The columns of a class of memberships that its team names."""

    def __init__(self, crm: Any, team: Team) -> None:
        cls = crm.record(team.entity)
        table = cls.__table__.c
        self.record, self.user, self.since, self.until = (
            table[cls.__specs__[name].columns[0]] for name in (team.record, team.user, team.since, team.until)
        )
        self.part: Any = sa.null() if team.part is None else table[cls.__specs__[team.part].columns[0]]
        self.kept = table.archived_at.is_(None)
        self.order = table.id

    def lasting(self, day: Any) -> Any:
        """That a membership holds on a day."""
        return sa.and_(self.kept, self.since <= day, sa.or_(self.until.is_(None), self.until >= day))


def has_memberships(crm: Any, user: Any) -> Any:
    """Whether the user of the outer statement is named by any membership, of any day."""
    found = [_Columns(crm, team) for _, team in crm.teams]
    return sa.or_(sa.false(), *(sa.exists().where(one.kept, one.user == user) for one in found))


def memberships(tx: Transaction, actor: Actor) -> Iterable[SharedRecord]:
    """The records in whose teams the actor is today."""
    today = tx.crm.calendar_day(tx.moment)
    given = {"day": today.isoformat() if tx.dialect == "sqlite" else today, "me": key(tx, actor.id)}
    for cls, team in tx.crm.teams:
        text, names = tx.store.text(("memberships", cls), partial(_today, tx.crm, team))
        for record, part in tx.run(text, [given[name] for name in names]).fetchall():
            id = unkey(record)
            if id is not None:
                yield SharedRecord(cls.__name__, id, True, True, part)


def _today(crm: Any, team: Team) -> Any:
    columns = _Columns(crm, team)
    me = columns.user == sa.bindparam("me", type_=columns.user.type)
    lasting = columns.lasting(sa.bindparam("day", type_=columns.since.type))
    return sa.select(columns.record, columns.part).where(me, lasting).order_by(columns.order)


def members(tx: Transaction, cls: Any, record: UUID, *, user: UUID | None = None) -> list[Part]:
    """Who is in the team of a record today, or the parts of one person alone."""
    team = dict(tx.crm.teams).get(cls)
    if team is None:
        return []
    columns = _Columns(tx.crm, team)
    asked = sa.select(columns.user, columns.part, columns.since, columns.until).where(
        columns.record == record, columns.lasting(tx.crm.calendar_day(tx.moment))
    )
    if user is not None:
        asked = asked.where(columns.user == user)
    return [
        Part(Ref("User", id), part, _day(since), _day(until))
        for raw, part, since, until in tx.fetch(asked.order_by(columns.order))
        if (id := unkey(raw)) is not None
    ]


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value
