"""Why somebody reaches a record: each path that gives it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import Through, UsedBy
from pycrm.entities.org import Action, OrgUnit, Reach, RoleAssignment, UnitClosure, User
from pycrm.errors import ForbiddenError
from pycrm.scope.actor import Actor, Held, bounds, resolve
from pycrm.scope.children import any_record, keys
from pycrm.scope.gateway import fetch_one, not_found

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Reason", "leads", "reach_in_words", "reasons", "why"]


@attrs.frozen
class Reason:
    """One path that gives access: its kind (role, system, reference) and a sentence."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


def reasons(tx: Transaction, actor: Actor, record: Any, action: str) -> tuple[Reason, ...]:
    """Every path by which the actor reaches the record for the action; none is no access.

    The record is taken as it lies in the database, not as the actor sees it: whoever calls this
    has checked that the asker may ask.
    """
    cls = type(record)
    if actor.is_system:
        allowed = any(g in ("*", cls.__name__, f"{cls.__name__}.{action}") for g in actor.grants)
        return (Reason("system", f"{actor.name} has the grant"),) if allowed else ()
    policy = cls.__scope__
    if cls.__facet_of__ is not None:
        return reasons(tx, actor, any_record(tx, tx.crm.record(cls.__facet_of__), record.id), action)
    if isinstance(policy, UsedBy):
        return _through_users(tx, actor, record, policy, action)
    if not policy.pairs:
        return _named(actor, cls, action)
    found: list[Reason] = []
    for owner_field, unit_field in policy.pairs:
        owner, unit = getattr(record, owner_field), getattr(record, unit_field)
        via = " of the parent" if isinstance(policy, Through) and owner_field.startswith("parent") else ""
        found += _pair(tx, actor, cls, action, (owner and owner.id, unit and unit.id, via))
    return tuple(dict.fromkeys(found))


def why(tx: Transaction, login: str, cls: Any, id: UUID, action: str) -> tuple[Reason, ...]:
    """Every path by which another person reaches a record; see `Session.why`."""
    seen = fetch_one(tx, cls, id)
    # Whoever keeps the roles may ask of any record, and is shown none by the answer (SCO-19).
    keeps_roles = not bounds(tx.actor, RoleAssignment, Action.UPDATE).nothing
    record = any_record(tx, cls, id) if keeps_roles else seen
    if record is None:
        raise not_found(cls)
    if not keeps_roles and not leads(tx, record):
        raise ForbiddenError("only leaders of the record and administrators may ask who has access")
    try:
        asked = resolve(tx, login, source=tx.actor.source)
    except ForbiddenError:
        return ()  # suspended or gone: nothing gives access any more
    return reasons(tx, asked, record, action)


def leads(tx: Transaction, record: Any) -> bool:
    """Whether the actor reaches the record by more than owning it."""
    cls = type(record)
    if not (cls.__scope__ is None or cls.__scope__.pairs or isinstance(cls.__scope__, UsedBy)):
        return False
    wider = tuple(held for held in tx.actor.held if held.reach not in (Reach.OWN, Reach.NONE))
    return bool(reasons(tx, attrs.evolve(tx.actor, held=wider), record, Action.READ))


def reach_in_words(tx: Transaction, cls: Any) -> str:
    """How far the actor reads a class: ``East and below``, ``your own``, ``everything``, ``nothing``."""
    reach = bounds(tx.actor, cls, Action.READ)
    if reach.everything:
        return "everything"
    words = [f"{_name(tx, OrgUnit, unit)} and below" for unit in reach.roots]
    words += [_name(tx, OrgUnit, unit) for unit in reach.units if unit not in reach.roots]
    words += ["your own"] if reach.own else []
    return ", ".join(words) or "nothing"


def _named(actor: Actor, cls: Any, action: str) -> tuple[Reason, ...]:
    if action == "read" and type(cls.__scope__).__name__ == "Reference":
        return (Reason("reference", "everybody signed in reads this"),)
    return tuple(
        Reason("role", f"the role {held.role} has {action} on {cls.__name__}")
        for held in actor.held
        if held.action == action and held.entity == cls.__name__ and held.reach is not Reach.NONE
    )


def _pair(
    tx: Transaction, actor: Actor, cls: Any, action: str, place: tuple[UUID | None, UUID | None, str]
) -> list[Reason]:
    owner, unit, via = place
    found: list[Reason] = []
    for held in actor.held:
        if held.action != action or held.entity not in ("*", cls.__name__):
            continue
        if held.reach is Reach.ALL:
            found.append(Reason("role", f"the role {held.role} reaches all"))
        elif held.reach is Reach.OWN and owner is not None and owner == actor.id:
            found.append(Reason("role", f"the owner{via} is {actor.name} (role {held.role})"))
        elif held.reach is Reach.UNIT and unit is not None and unit == held.unit:
            found.append(Reason("role", f"{held.role} of {_name(tx, OrgUnit, unit)}{_owner(tx, owner, via)}"))
        elif held.reach is Reach.SUBTREE and unit is not None and held.unit is not None:
            found += _subtree(tx, held, unit, owner, via)
    return found


def _subtree(tx: Transaction, held: Held, unit: UUID, owner: UUID | None, via: str) -> list[Reason]:
    assert held.unit is not None
    table = UnitClosure.__table__.c
    rows = tx.fetch(sa.select(table.depth).where(table.ancestor_id == held.unit, table.descendant_id == unit))
    if not rows:
        return []
    root, name = _name(tx, OrgUnit, held.unit), _name(tx, OrgUnit, unit)
    below = f"; {name} lies below {root}" if rows[0][0] else ""
    return [Reason("role", f"{held.role} of {root}{below}{_owner(tx, owner, via)} in {name}")]


def _owner(tx: Transaction, owner: UUID | None, via: str) -> str:
    return f"; owner{via} {_name(tx, User, owner)}" if owner is not None else ""


def _name(tx: Transaction, cls: Any, id: UUID) -> str:
    column = cls.__table__.c.login if cls is User else cls.__table__.c.name
    rows = tx.fetch(sa.select(column).where(cls.__table__.c.id == id))
    return str(rows[0][0]) if rows else "?"


def _through_users(
    tx: Transaction, actor: Actor, record: Any, policy: UsedBy, action: str
) -> tuple[Reason, ...]:
    found: list[Reason] = []
    for path in policy.links:
        name, field = path.split(".")
        cls = tx.crm.record(name)
        rows = tx.fetch(
            sa.select(cls.__table__.c.id).where(cls.__table__.c[f"{field}_id"] == record.id).limit(20)
        )
        for found_id in keys(rows):
            user = any_record(tx, cls, found_id)
            found += [
                Reason(one.kind, f"through the {name.lower()}: {one.text}")
                for one in reasons(tx, actor, user, action)
            ]
    return tuple(dict.fromkeys(found))
