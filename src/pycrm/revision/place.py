"""Where a record stands in the organisation, and whether what it links to is in sight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import OWN_PAIR, PARENT_PAIR
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.entities.org import Action, User, UserState
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.scope.actor import key, unkey
from pycrm.scope.predicate import scope_of
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Place", "check_links", "learn_places", "place_of", "user_of", "user_place"]


@attrs.frozen
class Place:
    """The owners that a row carries: field name to reference."""

    values: dict[str, Any] = attrs.field(factory=dict)
    # Owner and unit as the driver takes them, and the owner as the history of a new record has it.
    keys: tuple[Any, Any] | None = None
    journal: str = ""

    @classmethod
    def of(cls, tx: Transaction, values: dict[str, Any]) -> Place:
        """The place with these values, ready to be written down for many records."""
        owner, unit = (values.get(name) for name in OWN_PAIR)
        if owner is None:
            return cls(values)
        keys = key(tx, owner.id), key(tx, None if unit is None else unit.id)
        return cls(values, keys, f'"owner":[null,"{owner.id}"]')


def user_place(tx: Transaction, user: UUID) -> UUID:
    """The home unit of a user who may own records.

    Raises:
        InvalidError: no such user, or one who has left or is suspended.
    """
    memo = ("home", user)
    if memo not in tx.memo:
        learn_places(tx, [user])
    found: UUID | None = tx.memo.get(memo)
    if found is None:
        wrong = Problem("owner", "unknown", "no such user, or one who does not work here any more")
        raise InvalidError(wrong.message, fields=[wrong])
    return found


def learn_places(tx: Transaction, users: Iterable[UUID]) -> None:
    """Look up the home units of users who may own records: an import names hundreds of them."""
    table = User.__table__.c
    wanted = [user for user in users if ("home", user) not in tx.memo]
    for some in pieces(wanted):
        working = (table.state == UserState.ACTIVE) & table.archived_at.is_(None)
        for user, unit in tx.fetch(
            sa.select(table.id, table.home_unit_id).where(table.id.in_(some), working)
        ):
            tx.memo["home", unkey(user)] = unkey(unit)


def user_of(tx: Transaction, who: Any, path: str) -> Ref[User]:
    """A user by login, id, reference or record, whatever has become of them.

    Raises:
        NotFoundError: there is none in sight.
    """
    if isinstance(who, str):
        known = tx.session.find(User, User.login == who, limit=1)
        ref: Ref[User] | None = known[0].ref if known else None
    else:
        id = getattr(who, "id", who)
        ref = Ref("User", id) if isinstance(id, UUID) else None
    if ref is None or (ref.id != tx.actor.id and place_of(tx, ref) is None):
        raise NotFoundError("no such user", fields=[Problem(path, "unknown", "no such user")])
    return ref


def place_of(tx: Transaction, ref: Ref[Any]) -> tuple[Ref[Any] | None, Ref[Any] | None] | None:
    """Owner and unit of the record at the root of this one, or None where it is not in sight."""
    new = tx.memo.get(("new", ref.entity, ref.id))
    if new is not None:
        return _pair_of(new[1].values)
    memo = ("place", ref.entity, ref.id)
    if memo not in tx.memo:
        tx.memo[memo] = _read_place(tx, ref)
    return tx.memo[memo]  # type: ignore[no-any-return]


def _pair_of(values: dict[str, Any]) -> tuple[Any, Any]:
    # A child of a child is seen with the record at the root.
    names = PARENT_PAIR if PARENT_PAIR[0] in values else OWN_PAIR
    return values.get(names[0]), values.get(names[1])


def _read_place(tx: Transaction, ref: Ref[Any]) -> tuple[Any, Any] | None:
    cls = tx.crm.record(ref.entity)
    scope = scope_of(tx, cls, Action.READ, True)
    pairs = cls.__scope__.pairs

    def statement() -> Any:
        table = cls.__table__.c
        names = PARENT_PAIR if PARENT_PAIR in pairs else OWN_PAIR
        identity = table[key_column(cls)]
        columns = [table[f"{name}_id"] for name in names] if pairs else [identity]
        found = sa.select(*columns).where(identity == sa.bindparam("key", type_=identity.type))
        return found if scope.where is None else found.where(scope.where)

    text, names = tx.store.text(("place", cls, scope.shape), statement)
    values = scope.values
    rows = tx.run(text, [key(tx, ref.id if name == "key" else values[name]) for name in names]).fetchall()
    if not rows:
        return None
    if not pairs:
        return None, None
    owner, unit = (unkey(value) for value in rows[0])
    return (Ref("User", owner) if owner else None, Ref("OrgUnit", unit) if unit else None)


@per_class
def _links(cls: Any) -> tuple[str, ...]:
    return tuple(spec.name for spec in cls.__specs__.values() if spec.target is not None and spec.init)


def check_links(tx: Transaction, record: Any, names: Any = None) -> None:
    """Refuse links to records that are missing or out of sight; the two are one answer.

    Raises:
        NotFoundError: naming each such field.
    """
    problems: list[Problem] = []
    for name in _links(type(record)):
        if names is not None and name not in names:
            continue
        ref = getattr(record, name)
        if ref is not None and not _is_actor(tx, ref) and place_of(tx, ref) is None:
            problems.append(Problem(name, "unknown", f"no such {ref.entity.lower()}"))
    if problems:
        raise NotFoundError(problems[0].message, fields=problems)


def _is_actor(tx: Transaction, ref: Ref[Any]) -> bool:
    """Actors may name themselves, whether they see their own user or not."""
    return ref.entity == "User" and bool(ref.id == tx.actor.id)
