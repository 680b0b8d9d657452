"""What others give a person for a time: shared records, and their own reach while they are absent.

Neither ever shows what its giver could not see at that moment, and neither is passed on: each is held
against the giver's own roles when a session begins. The teams that the person is in come besides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import Owned, Through
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.entities.org import Action, Grant, Reach, RoleAssignment, UnitClosure, User, UserState
from pycrm.entities.sharing import Delegation, Share, ShareMode
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, Problem
from pycrm.scope.actor import Actor, Held, SharedRecord, Source, key, resolve, unkey
from pycrm.scope.children import is_below
from pycrm.scope.gateway import not_found
from pycrm.scope.membership import memberships
from pycrm.scope.predicate import Scope, scope_for

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Shared", "active_shares", "reached", "refuse_delegation", "refuse_share", "seen_by", "widened"]


@attrs.frozen
class Shared:
    """A share as it was saved, and whether it shows its receiver anything that was not seen before."""

    share: Share
    has_effect: bool


def widened(tx: Transaction, actor: Actor) -> Actor:
    """The actor with what others share and delegate at this moment."""
    if not actor.is_given_more:
        return actor
    givers: dict[UUID, Actor] = {}
    delegated = tuple(_delegated(tx, actor, givers))
    lenders: dict[UUID, Actor] = {}
    shares = (*_shares(tx, actor, lenders), *memberships(tx, actor))
    ruled = (rule for one in (*givers.values(), *lenders.values()) for rule in one.rules)
    return attrs.evolve(
        actor,
        held=actor.held + delegated,
        shares=shares,
        lenders=tuple(one.held for one in lenders.values()),
        lent_rules=tuple(dict.fromkeys(ruled)),
    )


def _today(tx: Transaction) -> Any:
    return tx.crm.calendar_day(tx.moment)


def _base(tx: Transaction, id: UUID) -> Actor | None:
    """A giver with the own roles alone, or None where the person has left."""
    try:
        return resolve(tx, id, source=Source.PYTHON)
    except (NotFoundError, ForbiddenError):
        return None


def _rows(tx: Transaction, name: str, statement: Callable[[], Any], actor: Actor) -> list[Any]:
    """The rows of a statement about what the actor is given today, compiled once."""
    today = _today(tx)
    values = {
        "day": today.isoformat() if tx.dialect == "sqlite" else today,
        "me": key(tx, actor.id),
        "home": key(tx, actor.home_unit),
    }
    text, names = tx.store.text((name,), statement)
    rows: list[Any] = tx.run(text, [values[name] for name in names]).fetchall()
    return rows


def _delegations() -> Any:
    table = Delegation.__table__.c
    day = sa.bindparam("day", type_=table.since.type)
    mine = table.receiver_id == sa.bindparam("me", type_=table.receiver_id.type)
    found = sa.select(table.owner_id, table.actions)
    return found.where(mine, table.archived_at.is_(None), table.since <= day, table.until >= day).order_by(
        table.id
    )


def _shares_today() -> Any:
    table = Share.__table__.c
    day = sa.bindparam("day", type_=table.until.type)
    # Nobody's unit equals no unit: of who has none, shares with units are none.
    mine = sa.or_(
        table.user_id == sa.bindparam("me", type_=table.user_id.type),
        table.unit_id == sa.bindparam("home", type_=table.unit_id.type),
    )
    found = sa.select(*(table[name] for name in layout(Share).names))
    lasting = sa.or_(table.until.is_(None), table.until >= day)
    return found.where(mine, table.archived_at.is_(None), lasting).order_by(table.id)


def _delegated(tx: Transaction, actor: Actor, givers: dict[UUID, Actor]) -> Iterable[Held]:
    for giver_id, actions in _rows(tx, "delegations", _delegations, actor):
        found = unkey(giver_id)
        giver = _base(tx, found) if found is not None else None
        if found is not None and giver is not None:
            givers[found] = giver
        named = json.loads(actions) if isinstance(actions, str) else actions
        for held in giver.held if giver is not None else ():
            if held.action in named:
                yield attrs.evolve(held, giver=found)


def active_shares(tx: Transaction, *conditions: Any) -> list[Share]:
    """The shares that hold today and meet the conditions."""
    made, table = layout(Share), Share.__table__.c
    rows = tx.fetch(
        sa.select(*(table[name] for name in made.names))
        .where(
            table.archived_at.is_(None),
            sa.or_(table.until.is_(None), table.until >= _today(tx)),
            *conditions,
        )
        .order_by(table.id)
    )
    return made.build(rows)


def _shares(tx: Transaction, actor: Actor, lenders: dict[UUID, Actor]) -> Iterable[SharedRecord]:
    given: dict[tuple[UUID, str], dict[UUID, bool]] = {}
    for share in layout(Share).build(_rows(tx, "shares", _shares_today, actor)):
        if share.owner is not None:
            ids = given.setdefault((share.owner.id, share.entity), {})
            ids[share.record] = ids.get(share.record, False) or share.mode is ShareMode.WORK
    for (giver_id, entity), ids in given.items():
        cls, giver = tx.crm.record(entity, default=None), _base(tx, giver_id)
        if cls is None or giver is None:
            continue
        readable = reached(tx, giver, cls, Action.READ, list(ids))
        if readable:
            lenders[giver_id] = giver
        workable = reached(tx, giver, cls, Action.UPDATE, [id for id in ids if ids[id]])
        yield from (SharedRecord(entity, id, id in workable) for id in readable)


_AT_ONCE = 512


def reached(tx: Transaction, actor: Actor, cls: Any, action: str, ids: list[UUID]) -> set[UUID]:
    """Those of the records that an actor reaches for an action."""
    scope = scope_for(tx, actor, cls, action)
    found: set[UUID] = set()
    for start in range(0, 0 if scope.nothing else len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        # Some id comes more than once, so that there are ten texts and not five hundred.
        some += some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))
        values = scope.values | {f"id_{at}": id for at, id in enumerate(some)}
        text, names = tx.store.text(
            ("reached", cls, scope.shape, len(some)), partial(_those_of, cls, scope, len(some))
        )
        rows = tx.run(text, [key(tx, values[name]) for name in names]).fetchall()
        found |= {id for (raw,) in rows if (id := unkey(raw)) is not None}
    return found


def _those_of(cls: Any, scope: Scope, number: int) -> Any:
    column = cls.__table__.c[key_column(cls)]
    ids = [sa.bindparam(f"id_{at}", type_=column.type) for at in range(number)]
    found = sa.select(column).where(column.in_(ids))
    return found if scope.where is None else found.where(scope.where)


def refuse_share(tx: Transaction, share: Share) -> None:
    """Who may share what with whom (SCO-11).

    Raises:
        InvalidError: no record of the CRM that has an owner, or a day that has passed.
        NotFoundError: the record is missing or out of scope.
        ForbiddenError: the actor neither owns nor leads it, or the receiver is out of reach.
    """
    cls = tx.crm.record(share.entity, default=None)
    if cls is None or not isinstance(cls.__scope__, Owned | Through):
        raise InvalidError(
            f"a {share.entity} is not shared", fields=[Problem("entity", "rule", "has no owner")]
        )
    if share.until is not None and share.until < _today(tx):
        raise InvalidError("until has passed", fields=[Problem("until", "range", "lies in the past")])
    actor: Actor = tx.actor
    action = Action.READ if share.mode is ShareMode.READ else Action.UPDATE
    if actor.is_system:
        return
    plain = attrs.evolve(actor, held=tuple(one for one in actor.held if one.giver is None), shares=())
    if not reached(tx, actor, cls, Action.READ, [share.record]):
        raise not_found(cls)
    if not reached(tx, plain, cls, action, [share.record]):
        raise ForbiddenError("what was shared or delegated is not shared on")
    wider = tuple(held for held in plain.held if held.reach not in (Reach.OWN, Reach.NONE))
    if reached(tx, attrs.evolve(plain, held=wider), cls, action, [share.record]):
        return
    if not _within_own_leader(tx, share):
        raise ForbiddenError("the receiver is outside your leader's units; your leader can share it")


def _within_own_leader(tx: Transaction, share: Share) -> bool:
    unit = share.unit.id if share.unit is not None else None
    if share.user is not None:
        table = User.__table__.c
        rows = tx.fetch(
            sa.select(table.home_unit_id).where(
                table.id == share.user.id, table.state == UserState.ACTIVE, table.archived_at.is_(None)
            )
        )
        unit = unkey(rows[0][0]) if rows else None
    root = _led_from(tx, tx.actor.home_unit)
    return unit is not None and root is not None and is_below(tx, unit, root)


def _led_from(tx: Transaction, unit: UUID | None) -> UUID | None:
    """The nearest unit, from this one upwards, that somebody leads: has a role at, with its subtree."""
    closure, given, grant = UnitClosure.__table__.c, RoleAssignment.__table__.c, Grant.__table__.c
    today = _today(tx)
    statement = (
        sa.select(closure.ancestor_id)
        .select_from(
            UnitClosure.__table__.join(RoleAssignment.__table__, given.unit_id == closure.ancestor_id).join(
                Grant.__table__, grant.parent_id == given.role_id
            )
        )
        .where(
            closure.descendant_id == unit,
            grant.reach == Reach.SUBTREE,
            given.archived_at.is_(None),
            given.since <= today,
            sa.or_(given.until.is_(None), given.until >= today),
        )
        .order_by(closure.depth)
        .limit(1)
    )
    rows = tx.fetch(statement) if unit is not None else []
    return unkey(rows[0][0]) if rows else unit


def refuse_delegation(tx: Transaction, delegation: Delegation) -> None:
    """Who may stand in for whom (SCO-12, SCO-E2).

    Raises:
        InvalidError: to oneself, or to nobody who works here.
        ForbiddenError: it is not the actor's own reach that is given.
        ConflictError: the same two people have a delegation over some of these days.
    """
    giver, receiver = delegation.owner, delegation.receiver
    if giver is None or giver.id == receiver.id:
        wrong = Problem("receiver", "rule", "a delegation is for another person")
        raise InvalidError(wrong.message, fields=[wrong])
    if not tx.actor.is_system and giver.id != tx.actor.id:
        raise ForbiddenError("only the own reach is delegated")
    table = Delegation.__table__.c
    overlapping = tx.fetch(
        sa.select(table.id).where(
            table.owner_id == giver.id,
            table.receiver_id == receiver.id,
            table.archived_at.is_(None),
            table.since <= delegation.until,
            table.until >= delegation.since,
        )
    )
    others = [row for row in overlapping if unkey(row[0]) != delegation.id]
    if others:
        raise ConflictError("there is a delegation between the two over some of these days")


def seen_by(tx: Transaction, user: UUID, cls: Any, ids: Iterable[UUID]) -> set[UUID]:
    """Those of the records that a person reads now, by roles, delegations and shares."""
    actor = _base(tx, user)
    return set() if actor is None else reached(tx, widened(tx, actor), cls, Action.READ, list(ids))


def is_seen_by(tx: Transaction, user: UUID, cls: Any, id: UUID, without: UUID | None = None) -> bool:
    """Whether a person reads a record now, by roles, delegations and shares, one share left out."""
    actor = _base(tx, user)
    if actor is None:
        return False
    actor = widened(tx, actor)
    if without is not None:
        kept = tuple(
            one for one in actor.shares if one.is_member or one.id != id or one.entity != cls.__name__
        )
        actor = attrs.evolve(actor, shares=kept)
    return bool(reached(tx, actor, cls, Action.READ, [id]))


def only_own(actor: Actor) -> Actor:
    """The actor without what others delegate."""
    return attrs.evolve(actor, held=tuple(one for one in actor.held if one.giver is None))


def giver_of(tx: Transaction, cls: Any, id: UUID, action: str) -> UUID | None:
    """On whose behalf the actor does this to a record: None where the own reach covers it."""
    actor: Actor = tx.actor
    givers = dict.fromkeys(held.giver for held in actor.held if held.giver is not None)
    if not givers or reached(tx, only_own(actor), cls, action, [id]):
        return None
    for giver in givers:
        theirs = tuple(held for held in actor.held if held.giver == giver)
        if reached(tx, attrs.evolve(actor, held=theirs, shares=()), cls, action, [id]):
            return giver
    return None
