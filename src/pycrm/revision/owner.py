"""Whose a new record is: the actor's, or another person's to whom the actor may assign it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError
from pycrm.revision.place import user_place
from pycrm.scope.actor import bounds
from pycrm.scope.children import is_below

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["assignable", "id_of", "may_assign", "owner_of"]


def owner_of(tx: Transaction, cls: Any, named: Any) -> tuple[Ref[Any] | None, Ref[Any] | None]:
    """Whose a new record is, and of which unit; without a name the actor's.

    Raises:
        ForbiddenError: it is another person's, to whom the actor may not assign it.
    """
    actor = tx.actor
    if named is None:
        home: Ref[Any] | None = Ref("OrgUnit", actor.home_unit) if actor.home_unit else None
        return actor.ref, home
    found = id_of(named)
    unit = user_place(tx, found)
    if found != actor.id and not may_assign(tx, cls, unit):
        raise ForbiddenError("handing a record to this person is not granted")
    return Ref("User", found), Ref("OrgUnit", unit)


def assignable(tx: Transaction, cls: Any, owner: Any) -> bool:
    """Whether the actor may make this person the owner of a new record of the class."""
    found = id_of(owner)
    return found == tx.actor.id or may_assign(tx, cls, user_place(tx, found))


def id_of(owner: Any) -> UUID:
    """The id of a person, given as one or as a record."""
    found: UUID = owner if isinstance(owner, UUID) else owner.id
    return found


def may_assign(tx: Transaction, cls: Any, unit: UUID) -> bool:
    """Whether the actor may hand records of a class to people of a unit."""
    reach = bounds(tx.actor, cls, Action.ASSIGN)
    if reach.everything or unit in reach.units:
        return True
    memo = ("may assign", cls, unit)
    if memo not in tx.memo:
        tx.memo[memo] = any(is_below(tx, unit, root) for root in reach.roots)
    return bool(tx.memo[memo])
