"""Handing one record to another person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.declare import Ref
from pycrm.declare.policy import Owned
from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.revision.guard import guarded_update, stamp
from pycrm.revision.log import note
from pycrm.revision.owner import may_assign
from pycrm.revision.place import user_of, user_place
from pycrm.revision.transfer import hold
from pycrm.scope import organisation
from pycrm.scope.fields import whole
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.predicate import require_record

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["assign"]


def assign(tx: Transaction, record: Any, owner: Any) -> Any:
    """Hand one record to another person; see `Session.assign`."""
    cls = type(record)
    require_record(tx, cls)
    policy = cls.__scope__
    if policy is None or not policy.passes_on:
        wrong = Problem("owner", "rule", f"a {cls.__name__.lower()} is not handed to another person")
        raise InvalidError(wrong.message, fields=[wrong])
    if fetch_one(tx, cls, record.id) is None:
        raise not_found(cls)
    with whole(tx):
        current = fetch_one(tx, cls, record.id, Action.ASSIGN)
    if current is None:
        raise ForbiddenError(f"assigning this {cls.__name__.lower()} is not granted")
    taker = user_of(tx, owner, "owner").id
    unit = user_place(tx, taker)
    if not may_assign(tx, cls, unit):
        raise ForbiddenError("handing a record to this person is not granted")
    place: dict[str, Ref[Any]] = {"owner": Ref("User", taker), "owner_unit": Ref("OrgUnit", unit)}
    if current.owner == place["owner"]:
        return record
    made = layout(cls).copy(record, place | stamp(tx, record))
    guarded_update(tx, record, made, place, Action.ASSIGN)
    hold(tx, cls, record.id, taker, unit)
    before = None if current.owner is None else str(current.owner.id)
    note(tx, made, "assign", {"owner": [before, str(taker)]})
    if isinstance(policy, Owned):
        organisation.carry(tx, cls.__name__, record.id, tuple(place.values()))
    organisation.forget_places(tx)
    return made
