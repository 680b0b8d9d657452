"""Actors: who does something, on whose behalf, and what their roles let them do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import Administered, Reference, UsedBy
from pycrm.declare.reference import uuid_of
from pycrm.entities.amendment import AmendmentPolicy
from pycrm.entities.org import (
    Action,
    FieldReading,
    FieldRule,
    Grant,
    Reach,
    Role,
    RoleAssignment,
    User,
    UserState,
)
from pycrm.entities.sharing import Delegation, Share
from pycrm.errors import ForbiddenError, NotFoundError
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Actor", "Bounds", "Held", "Ruled", "SharedRecord", "Source", "bounds", "resolve"]


_MOST_ACTORS = 10_000


class Source(StrEnum):
    """Where an act came from."""

    PYTHON = "python"
    PAGE = "page"
    REST = "rest"
    CLI = "cli"
    IMPORT = "import"
    SYNC = "sync"
    JOB = "job"


@attrs.frozen
class Held:
    """One grant that an actor holds: through which role, at which unit."""

    entity: str
    action: str
    reach: Reach
    role: str
    unit: UUID | None
    # Of a delegated grant, whose it is.
    giver: UUID | None = None


@attrs.frozen
class SharedRecord:
    """One record that somebody shares with an actor, or in whose team the actor is, with the part there."""

    entity: str
    id: UUID
    may_work: bool
    is_member: bool = False
    part: str | None = None


@attrs.frozen
class Ruled:
    """What one of an actor's roles reads and writes of one field."""

    entity: str
    field: str
    read: FieldReading
    write: bool
    role: str


@attrs.frozen(eq=False)
class Actor:
    """Who acts. A frozen value, resolved once per session; nothing runs without one."""

    name: str
    id: UUID | None = None
    home_unit: UUID | None = None
    held: tuple[Held, ...] = ()
    rules: tuple[Ruled, ...] = ()
    shares: tuple[SharedRecord, ...] = ()
    # What each person holds who shares a record with this one, and what the roles of all givers say of
    # fields: nothing that is given shows more than its giver sees.
    lenders: tuple[tuple[Held, ...], ...] = ()
    lent_rules: tuple[Ruled, ...] = ()
    source: Source = Source.PYTHON
    purpose: str | None = None
    on_behalf: UUID | None = None
    # Who looks through these eyes, where it is somebody else; see `pycrm.revision.looking`.
    looker: UUID | None = None
    is_system: bool = False
    grants: tuple[str, ...] = ()
    # Whether somebody may be sharing records or reach with this person: asked in the same statement.
    is_given_more: bool = False
    # Whether some field has a policy of its own for how it is amended; likewise.
    has_policies: bool = True
    _bounds: dict[Any, Any] = attrs.field(factory=dict, repr=False, init=False)

    @classmethod
    def system(cls, purpose: str, grants: tuple[str, ...] = ("*",)) -> Actor:
        """An actor without a person, for work that the product does by itself.

        Args:
            purpose: what for; kept with everything it writes.
            grants: what it may do: ``"*"``, ``"Customer"`` or ``"Customer.read"``.
        """
        return cls(f"system: {purpose}", purpose=purpose, is_system=True, grants=grants, source=Source.JOB)

    @property
    def ref(self) -> Ref[User] | None:
        """The user, or None for a system actor."""
        return Ref("User", self.id) if self.id is not None else None


@attrs.frozen
class Bounds:
    """How far an actor reaches for one entity and action, all grants united."""

    everything: bool = False
    own: bool = False
    givers: tuple[UUID, ...] = ()
    units: tuple[UUID, ...] = ()
    roots: tuple[UUID, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether no grant gives anything."""
        return not (self.everything or self.own or self.givers or self.units or self.roots)

    def covers(self, other: Bounds) -> bool:
        """Whether this reach is known to give at least what the other gives, by the grants alone."""
        if self.everything or other.nothing:
            return True
        return not other.everything and (
            self.own >= other.own
            and set(self.givers) >= set(other.givers)
            and {*self.units, *self.roots} >= set(other.units)
            and set(self.roots) >= set(other.roots)
        )


def may_function(actor: Actor, function: str, action: str) -> bool:
    """Whether a person holds a right over no record, such as ``sql``: only a grant that names it gives it."""
    return any(
        held.entity == function and held.action == action and held.reach is not Reach.NONE
        for held in actor.held
    )


def bounds(actor: Actor, cls: Any, action: str) -> Bounds:
    """How far the actor reaches for that class and action.

    Grants unite: a record is in reach when any of them gives it. The entity ``*`` stands for every
    record with an owner; the organisation and the catalogues need a grant that names them.
    """
    key = (cls.__name__, action)
    found = actor._bounds.get(key)
    if found is None:
        found = actor._bounds[key] = _bounds(actor, cls, action)
    return found


def _bounds(actor: Actor, cls: Any, action: str) -> Bounds:
    name = cls.__name__
    if actor.is_system:
        given = any(grant in ("*", name, f"{name}.{action}") for grant in actor.grants)
        return Bounds(everything=given)
    if action == Action.READ and isinstance(cls.__scope__, Reference):
        return Bounds(everything=True)
    wild = not isinstance(cls.__scope__, Reference | Administered | UsedBy)
    matching = [
        held
        for held in actor.held
        if held.action == action and (held.entity == name or (wild and held.entity == "*"))
    ]
    reaches = {held.reach for held in matching}
    if Reach.ALL in reaches:
        return Bounds(everything=True)
    return Bounds(
        own=any(held.reach is Reach.OWN and held.giver is None for held in matching),
        givers=tuple(
            dict.fromkeys(held.giver for held in matching if held.reach is Reach.OWN and held.giver)
        ),
        units=_units(matching, Reach.UNIT),
        roots=_units(matching, Reach.SUBTREE),
    )


def _units(matching: list[Held], reach: Reach) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(held.unit for held in matching if held.reach is reach and held.unit))


def resolve(tx: Transaction, who: Any, *, source: Source, purpose: str | None = None) -> Actor:
    """The actor of a session, from a login, a user or an actor, in one statement.

    Raises:
        NotFoundError: no such user.
        ForbiddenError: the user was suspended or has left, or the actor looks through another's eyes.
    """
    if isinstance(who, Actor) and who.is_system:
        # A job, unless the session says by what the work came in.
        return who if source is Source.PYTHON else attrs.evolve(who, source=source)
    if isinstance(who, Actor):
        if who.looker is not None:
            raise ForbiddenError("what others see is seen in the session that has asked for it alone")
        who = who.ref
    by_login = isinstance(who, str)
    login = _login(who) if by_login else key(tx, _identity(who))
    text, names = tx.store.text(("actor", by_login), lambda: _statement(by_login, tx.crm))
    today = tx.crm.calendar_day(tx.moment)
    day = today.isoformat() if tx.dialect == "sqlite" else today
    rows = tx.run(text, [login if name == "login" else day for name in names]).fetchall()
    if not rows:
        raise NotFoundError("no such user")
    identity, name, home, state, shared, delegated, ruled = rows[0][:7]
    if state != UserState.ACTIVE.value:
        raise ForbiddenError("this user may not sign in any more")
    # The rows just read decide all of it, down to the versions of the roles: what was worked out
    # for equal rows before is still true, and saves a session most of its fixed cost.
    actors: dict[Any, Actor] = tx.crm.actors
    known = (source, purpose, *map(tuple, rows))
    found = actors.get(known)
    if found is None:
        if len(actors) >= _MOST_ACTORS:
            actors.clear()
        roles = [
            _role(tx, role_id, version, role, unit)
            for *_, unit, role_id, version, role in rows
            if role_id is not None
        ]
        held = tuple(one for grants, _ in roles for one in grants)
        rules = tuple(dict.fromkeys(one for _, ruled in roles for one in ruled))
        found = Actor(
            *(name, unkey(identity), unkey(home), held, rules),
            source=source,
            purpose=purpose,
            is_given_more=bool(shared or delegated),
            has_policies=bool(ruled),
        )
        if not tx.written:
            actors[known] = found
    return found


_Rights = tuple[tuple[Held, ...], tuple[Ruled, ...]]


def _role(tx: Transaction, role: Any, version: int, name: str, unit: Any) -> _Rights:
    """What a role gives at one version and unit: it never changes, so no answer is out of date.

    What a transaction reads after writing may be rolled back, and its version be given again.
    """
    cache: dict[Any, _Rights] = tx.crm.role_grants
    found = cache.get((role, version, unit))
    if found is None:
        given, ruled, place = Grant.__table__.c, FieldRule.__table__.c, unkey(unit)
        grants = tx.fetch(
            sa.select(given.entity, given.action, given.reach)
            .where(given.parent_id == unkey(role))
            .order_by(given.position)
        )
        rules = tx.fetch(
            sa.select(ruled.entity, ruled.field, ruled.read, ruled.write)
            .where(ruled.parent_id == unkey(role))
            .order_by(ruled.position)
        )
        found = (
            tuple(Held(entity, action, Reach(reach), name, place) for entity, action, reach in grants),
            tuple(
                Ruled(entity, field, FieldReading(read), bool(write), name)
                for entity, field, read, write in rules
            ),
        )
        if not tx.written:
            cache[role, version, unit] = found
    return found


def _login(name: str) -> str:
    """A login as it is stored: what cannot be stored is nobody's."""
    try:
        return clean_text(name, longest=100)
    except ValueError:
        raise NotFoundError("no such user") from None


def _identity(who: Any) -> UUID:
    found = getattr(who, "id", who)
    if not isinstance(found, UUID):
        raise NotFoundError("no such user")
    return found


def _statement(by_login: bool, crm: Any) -> Any:
    from pycrm.scope.membership import has_memberships  # it imports this module

    user, given, role = User.__table__.c, RoleAssignment.__table__.c, Role.__table__.c
    day = sa.bindparam("day", type_=given.since.type)
    dated = sa.and_(given.since <= day, sa.or_(given.until.is_(None), given.until >= day))
    joined = User.__table__.outerjoin(
        RoleAssignment.__table__,
        sa.and_(given.user_id == user.id, dated, given.archived_at.is_(None)),
    ).outerjoin(Role.__table__, sa.and_(role.id == given.role_id, role.archived_at.is_(None)))
    share, delegation = Share.__table__.c, Delegation.__table__.c
    shared: Any = sa.exists().where(
        share.archived_at.is_(None), sa.or_(share.user_id == user.id, share.unit_id == user.home_unit_id)
    )
    delegated = sa.exists().where(delegation.archived_at.is_(None), delegation.receiver_id == user.id)
    if crm.teams:
        shared = sa.or_(shared, has_memberships(crm, user.id))
    policy = AmendmentPolicy.__table__.c
    ruled = sa.exists(sa.select(policy.id).where(policy.archived_at.is_(None)))
    who = user.login if by_login else user.id
    return (
        sa.select(
            *(user.id, user.login, user.home_unit_id, user.state, shared, delegated, ruled),
            *(given.unit_id, role.id, role.version, role.name),
        )
        .select_from(joined)
        .where(who == sa.bindparam("login", type_=who.type), user.archived_at.is_(None))
        # Reasons and reaches are told in the order of the roles: the same one each time.
        .order_by(given.id)
    )


def key(tx: Transaction, value: UUID | None) -> Any:
    """An id as the driver takes it."""
    return value.bytes if value is not None and tx.dialect == "sqlite" else value


def unkey(value: Any) -> UUID | None:
    """An id as Python has it."""
    return uuid_of(value) if isinstance(value, bytes) else value
