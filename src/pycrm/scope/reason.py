"""Why somebody reaches a record: each path that gives it, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import PARENT_PAIR, Beside, Through, UsedBy
from pycrm.entities.org import Action, OrgUnit, Reach, RoleAssignment, UnitClosure, User, UserState
from pycrm.entities.sharing import Delegation, Share
from pycrm.errors import ForbiddenError
from pycrm.scope.actor import Actor, Held, bounds, resolve
from pycrm.scope.children import any_record, keys
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import Query, fetch_one, not_found
from pycrm.scope.membership import has_memberships, members
from pycrm.scope.predicate import WORK
from pycrm.scope.sharing import active_shares, widened

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Reason", "leads", "reach_in_words", "reasons", "who", "why"]


@attrs.frozen
class Reason:
    """One path that gives access: its kind (role, system, reference) and a sentence."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


def reasons(
    tx: Transaction, actor: Actor, record: Any, action: str, beyond: bool = True
) -> tuple[Reason, ...]:
    """Every path by which the actor reaches the record for the action; none is no access.

    The record is taken as it lies in the database, not as the actor sees it: whoever calls this
    has checked that the asker may ask. Without `beyond` no path over a record that the asker does not see
    is told: whose that is would be told with it.
    """
    cls = type(record)
    if actor.is_system:
        allowed = any(g in ("*", cls.__name__, f"{cls.__name__}.{action}") for g in actor.grants)
        return (Reason("system", f"{actor.name} has the grant"),) if allowed else ()
    policy = cls.__scope__
    if cls.__facet_of__ is not None:
        return reasons(tx, actor, any_record(tx, tx.crm.record(cls.__facet_of__), record.id), action)
    if isinstance(policy, UsedBy):
        return _through_users(tx, actor, record, policy, action, beyond)
    if isinstance(policy, Beside):
        named = tx.crm.record(getattr(record, policy.entity))
        return reasons(tx, actor, any_record(tx, named, getattr(record, policy.record)), action)
    if not policy.pairs:
        return _named(actor, cls, action)
    found: list[Reason] = []
    for owner_field, unit_field in policy.pairs:
        if owner_field in PARENT_PAIR and not beyond:
            continue
        owner, unit = getattr(record, owner_field), getattr(record, unit_field)
        via = " of the parent" if isinstance(policy, Through) and owner_field.startswith("parent") else ""
        found += _pair(tx, actor, cls, action, (owner and owner.id, unit and unit.id, via))
    found += _shared(tx, actor, record, action, beyond)
    return tuple(dict.fromkeys(found))


def _shared(
    tx: Transaction,
    actor: Actor,
    record: Any,
    action: str,
    beyond: bool = True,
    parts: tuple[str, ...] = (),
) -> list[Reason]:
    """Shares and teams of the record itself, and of those that it is seen through."""
    found = _in_team(tx, actor, record, action, parts)
    works = {(one.entity, one.id): one.may_work for one in actor.shares if not one.is_member}
    may_work = works.get((type(record).__name__, record.id))
    if may_work is not None and (action == Action.READ or (may_work and action in WORK)):
        table = Share.__table__.c
        to_me = sa.or_(table.user_id == actor.id, table.unit_id == actor.home_unit)
        for share in active_shares(tx, to_me, table.record_id == record.id):
            until = f" until {share.until.isoformat()}" if share.until else ""
            giver = _name(tx, User, share.owner.id) if share.owner else "?"
            found.append(Reason("share", f"shared by {giver}{until} ({share.mode.value})"))
    policy = type(record).__scope__
    for name in policy.links if beyond and isinstance(policy, Through) and actor.shares else ():
        link = getattr(record, name)
        if link is not None:
            parent = any_record(tx, tx.crm.record(link.entity), link.id)
            found += [
                Reason(one.kind, f"with its {name}: {one.text}")
                for one in _shared(tx, actor, parent, action, parts=policy.parts or parts)
            ]
    return found


def _in_team(tx: Transaction, actor: Actor, record: Any, action: str, parts: tuple[str, ...]) -> list[Reason]:
    """The actor's memberships of the record's team, of these parts where any are named."""
    mine = (type(record).__name__, record.id)
    if action not in (Action.READ, *WORK) or all(
        (one.entity, one.id) != mine for one in actor.shares if one.is_member
    ):
        return []
    return [
        Reason(
            "team",
            f"in the team{f' as {one.part}' if one.part else ''} since {one.since.isoformat()}"
            f"{f' until {one.until.isoformat()}' if one.until else ''}",
        )
        for one in members(tx, type(record), record.id, user=actor.id)
        if not parts or one.part in parts
    ]


def why(tx: Transaction, login: str, cls: Any, id: UUID, action: str) -> tuple[Reason, ...]:
    """Every path by which another person reaches a record; see `Session.why`."""
    record = _asked_about(tx, cls, id)
    try:
        asked = widened(tx, resolve(tx, login, source=tx.actor.source))
    except ForbiddenError:
        return ()  # suspended or gone: nothing gives access any more
    return reasons(tx, asked, record, action, _may_look_beyond(tx, record))


def _asked_about(tx: Transaction, cls: Any, id: UUID) -> Any:
    """The record, for whoever may ask who has access: its leaders and those who keep the roles."""
    seen = fetch_one(tx, cls, id)
    # Whoever keeps the roles may ask of any record, and is shown none by the answer (SCO-19).
    keeps_roles = not bounds(tx.actor, RoleAssignment, Action.UPDATE).nothing
    record = any_record(tx, cls, id) if keeps_roles or seen is not None else None
    if record is None:
        raise not_found(cls)
    if not keeps_roles and not leads(tx, record):
        raise ForbiddenError("only leaders of the record and administrators may ask who has access")
    return record


def _may_look_beyond(tx: Transaction, record: Any) -> bool:
    """Whether the asker may learn who reaches a record through its parent: whose that is would be told."""
    policy = type(record).__scope__
    if not bounds(tx.actor, RoleAssignment, Action.UPDATE).nothing:
        return True
    if not isinstance(policy, Through):
        return not isinstance(policy, UsedBy)
    links = (getattr(record, name) for name in policy.links)
    parent = next((link for link in links if link is not None), None)
    return parent is None or fetch_one(tx, tx.crm.record(parent.entity), parent.id) is not None


def who(tx: Transaction, cls: Any, id: UUID, action: str) -> list[tuple[str, tuple[Reason, ...]]]:
    """Everybody with access to a record, and why; see `Session.who`."""
    record = _asked_about(tx, cls, id)
    found: list[tuple[str, tuple[Reason, ...]]] = []
    beyond = _may_look_beyond(tx, record)
    for login in _candidates(tx):
        asked = widened(tx, resolve(tx, login, source=tx.actor.source))
        given = reasons(tx, asked, record, action, beyond)
        if given:
            found.append((login, given))
    return found


def _candidates(tx: Transaction) -> list[str]:
    """People who may sign in and hold a role, or something that another gave them."""
    user, given = User.__table__.c, RoleAssignment.__table__.c
    share, delegation = Share.__table__.c, Delegation.__table__.c
    today = tx.crm.calendar_day(tx.moment)
    holds = sa.exists().where(
        given.user_id == user.id,
        given.archived_at.is_(None),
        given.since <= today,
        sa.or_(given.until.is_(None), given.until >= today),
    )
    shared = sa.exists().where(
        share.archived_at.is_(None), sa.or_(share.user_id == user.id, share.unit_id == user.home_unit_id)
    )
    stands_in = sa.exists().where(delegation.receiver_id == user.id, delegation.archived_at.is_(None))
    given_more = sa.or_(holds, shared, stands_in, has_memberships(tx.crm, user.id))
    rows = tx.fetch(
        sa.select(user.login)
        .where(user.state == UserState.ACTIVE, user.archived_at.is_(None), given_more)
        .order_by(user.login)
    )
    return [str(login) for (login,) in rows]


def leads(tx: Transaction, record: Any) -> bool:
    """Whether the actor reaches the record by more than owning it."""
    cls = type(record)
    if not (cls.__scope__ is None or cls.__scope__.pairs or isinstance(cls.__scope__, UsedBy | Beside)):
        return False
    wider = tuple(held for held in tx.actor.held if held.reach not in (Reach.OWN, Reach.NONE))
    # Whose its parent is, its reader is not shown; the answer depends on it all the same.
    record = any_record(tx, cls, record.id)
    # What was shared with the actor gives no leave to ask about others.
    return record is not None and bool(
        reasons(tx, attrs.evolve(tx.actor, held=wider, shares=()), record, Action.READ)
    )


def reach_in_words(tx: Transaction, cls: Any) -> str:
    """How far the actor reads a class: ``East and below``, ``your own``, ``everything``, ``nothing``."""
    if isinstance(cls.__scope__, UsedBy):
        # It is seen through others, each of which has a reach of its own.
        users = (tx.crm.record(path.split(".")[0], default=None) for path in cls.__scope__.links)
        found = dict.fromkeys(reach_in_words(tx, user) for user in users if user is not None)
        return next((one for one in found if one == "everything"), None) or _joined(found)
    reach = bounds(tx.actor, cls, Action.READ)
    if reach.everything:
        return "everything"
    words = [f"{_name(tx, OrgUnit, unit)} and below" for unit in reach.roots]
    words += [_name(tx, OrgUnit, unit) for unit in reach.units if unit not in reach.roots]
    words += ["your own"] if reach.own else []
    return _joined(words)


def _joined(words: Iterable[str]) -> str:
    return ", ".join(one for one in words if one != "nothing") or "nothing"


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
        own = actor.id if held.giver is None else held.giver
        given: list[Reason] = []
        if held.reach is Reach.ALL:
            given.append(Reason("role", f"the role {held.role} reaches all"))
        elif held.reach is Reach.OWN and owner is not None and owner == own:
            given.append(Reason("role", f"the owner{via} is {_name(tx, User, owner)} (role {held.role})"))
        elif held.reach is Reach.UNIT and unit is not None and unit == held.unit:
            given.append(Reason("role", f"{held.role} of {_name(tx, OrgUnit, unit)}{_owner(tx, owner, via)}"))
        elif held.reach is Reach.SUBTREE and unit is not None and held.unit is not None:
            given += _subtree(tx, held, unit, owner, via)
        if held.giver is not None:
            who = _name(tx, User, held.giver)
            given = [Reason("delegation", f"delegated by {who}: {one.text}") for one in given]
        found += given
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
    tx: Transaction, actor: Actor, record: Any, policy: UsedBy, action: str, beyond: bool
) -> tuple[Reason, ...]:
    found: list[Reason] = []
    for path in policy.links:
        name, field = path.split(".")
        cls = tx.crm.record(name, default=None)
        for user in [] if cls is None else _users(tx, cls, cls.__table__.c[f"{field}_id"], record.id, beyond):
            further = beyond or _may_look_beyond(tx, user)
            found += [
                Reason(one.kind, f"through the {name.lower()}: {one.text}")
                for one in reasons(tx, actor, user, action, further)
            ]
    return tuple(dict.fromkeys(found))


# So many records that use another are looked at for paths to it: more would say the same.
_MOST_USERS = 20


def _users(tx: Transaction, cls: Any, link: Any, used: UUID, beyond: bool) -> list[Any]:
    """Records of a class that use another one, whole; without `beyond` those alone that the asker sees."""
    if beyond:
        ids = keys(tx.fetch(sa.select(cls.__table__.c.id).where(link == used).limit(_MOST_USERS)))
    elif link.name in field_rights(tx, cls).closed:
        ids = []
    else:
        seen = Query(tx, cls, (link == used,), archived=True).records(limit=_MOST_USERS)
        ids = [one.id for one in seen]
    return [any_record(tx, cls, id) for id in ids]
