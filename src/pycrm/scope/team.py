"""Who works on a record: its owner, the members of its team, and those whom it is shared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare import Ref
from pycrm.entities.org import OrgUnit, User
from pycrm.entities.sharing import Share, ShareMode
from pycrm.scope.aggregate import owners
from pycrm.scope.gateway import query
from pycrm.scope.membership import members
from pycrm.scope.sharing import active_shares

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Member", "Membership", "team"]


class Membership(StrEnum):
    """What a member of a record's team may do with it."""

    OWN = "own"
    WORK = "work"
    READ = "read"


@attrs.frozen
class Member:
    """A person or a unit that works on a record, since when, until which day, and in which part.

    `name` is None where the asker does not see that person or unit.
    """

    who: Ref[Any]
    name: str | None
    may: Membership
    part: str | None
    since: datetime
    until: date | None = None


def team(tx: Transaction, record: Any) -> list[Member]:
    """The members of a record's team, its owner first; the caller has checked that it is in sight."""
    found = [*_owner(tx, record), *_members(tx, record), *(_shared(one) for one in _shares(tx, record))]
    names = _names(tx, [one.who for one in found])
    return [attrs.evolve(one, name=names.get((one.who.entity, one.who.id))) for one in found]


def _owner(tx: Transaction, record: Any) -> Iterable[Member]:
    if "owner" in type(record).__specs__ and record.owner is not None:
        held = [one for one in owners(tx, record) if one.until is None]
        since = held[-1].since if held else record.created_at
        yield Member(record.owner, None, Membership.OWN, None, since)


def _members(tx: Transaction, record: Any) -> Iterable[Member]:
    for one in members(tx, type(record), record.id):
        since = datetime.combine(one.since, time(), tx.crm.zone).astimezone(UTC)
        yield Member(one.user, None, Membership.WORK, one.part, since, one.until)


def _shares(tx: Transaction, record: Any) -> list[Share]:
    table = Share.__table__.c
    return active_shares(tx, table.entity == type(record).__name__, table.record_id == record.id)


def _shared(share: Share) -> Member:
    who: Any = share.user or share.unit
    may = Membership.WORK if share.mode is ShareMode.WORK else Membership.READ
    return Member(who, None, may, share.part, share.created_at, share.until)


def _names(tx: Transaction, refs: list[Ref[Any]]) -> dict[tuple[str, Any], str]:
    """The names of those that the asker sees."""
    names: dict[tuple[str, Any], str] = {}
    for cls in (User, OrgUnit):
        ids = [ref.id for ref in refs if ref.entity == cls.__name__]
        some: list[Any] = (
            query(tx, cls, [cls.__table__.c.id.in_(ids)], archived=True).records() if ids else []
        )
        names |= {(cls.__name__, one.id): one.name for one in some}
    return names
