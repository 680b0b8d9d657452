"""Where a record stands in the organisation, and whether what it links to is in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import OWN_PAIR, PARENT_PAIR, Administered, Reference
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.entities.org import User, UserState
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.scope.actor import key, unkey
from pycrm.scope.predicate import scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Place", "check_links", "place_of", "user_of", "user_place"]


@attrs.frozen
class Place:
    """The owners that a row carries: field name to reference."""

    values: dict[str, Any] = attrs.field(factory=dict)


def user_place(tx: Transaction, user: UUID) -> UUID:
    """The home unit of a user who may own records.

    Raises:
        InvalidError: no such user, or one who has left or is suspended.
    """
    memo = ("home", user)
    found: UUID | None = tx.memo.get(memo)
    if found is None:
        table = User.__table__.c
        rows = tx.fetch(
            sa.select(table.home_unit_id).where(
                table.id == user, table.state == UserState.ACTIVE, table.archived_at.is_(None)
            )
        )
        if not rows:
            wrong = Problem("owner", "unknown", "no such user, or one who does not work here any more")
            raise InvalidError(wrong.message, fields=[wrong])
        found = tx.memo[memo] = unkey(rows[0][0])
        assert found is not None
    return found


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
    scope = scope_of(tx, cls)
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
    cls = type(record)
    for name in _links(cls) if names is None else [one for one in _links(cls) if one in names]:
        spec = cls.__specs__[name]
        ref = getattr(record, spec.name)
        if ref is None or _known(tx, ref):
            continue
        if place_of(tx, ref) is None:
            problems.append(Problem(spec.name, "unknown", f"no such {ref.entity.lower()}"))
    if problems:
        raise NotFoundError(problems[0].message, fields=problems)


def _known(tx: Transaction, ref: Ref[Any]) -> bool:
    """Users and units may be named by whoever was handed their reference: the actor's own."""
    actor = tx.actor
    if ref.entity == "User" and ref.id == actor.id:
        return True
    cls = tx.crm.record(ref.entity)
    memo = ("seen", ref.entity, ref.id)
    if memo in tx.memo:
        return True
    if isinstance(cls.__scope__, Reference | Administered) and place_of(tx, ref) is not None:
        tx.memo[memo] = True
        return True
    return False
