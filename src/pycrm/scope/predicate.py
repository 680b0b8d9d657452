"""From an actor's reach to a condition on rows: the one place where scope becomes SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from pycrm.declare.policy import Administered, Owned, Private, Reference, Through, UsedBy
from pycrm.declare.raw import RawKey
from pycrm.declare.table import key_column
from pycrm.entities.org import Action, UnitClosure
from pycrm.errors import InvalidError, Problem, StoreError
from pycrm.scope.actor import Actor, Bounds, bounds

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["WORK", "Scope", "condition_for", "require_record", "scope_of"]


@attrs.frozen(eq=False)
class Scope:
    """The rows of a class that an actor reaches for an action.

    `where` is the condition, None for all rows; `shape` is equal for two scopes with the same
    text, so that the text is compiled once; `values` are its parameters.
    """

    where: ColumnElement[bool] | None
    shape: tuple[Any, ...]
    values: dict[str, UUID]
    nothing: bool = False
    # What rooms above worked out for these rows; a scope lives as long as its session.
    plans: dict[Any, Any] = attrs.field(factory=dict, repr=False)


class _Terms:
    """Numbers the parameters of one statement, so that several scopes can stand in it."""

    def __init__(self) -> None:
        self.values: dict[str, UUID] = {}
        self.shape: list[Any] = []

    def bind(self, value: UUID) -> sa.BindParameter[Any]:
        name = f"scope_{len(self.values)}"
        self.values[name] = value
        return sa.bindparam(name, value, type_=RawKey())


def scope_of(tx: Transaction, cls: Any, action: str = Action.READ) -> Scope:
    """The rows of that class in the actor's reach.

    Raises:
        InvalidError: no record or facet of this CRM; its own books are none.
        StoreError: the session is used outside its with block.
    """
    actor: Actor | None = tx.actor
    if actor is None:
        raise StoreError("use the session in a with block")
    memo = ("scope", tx.crm, cls, action)
    found: Scope | None = actor._bounds.get(memo)
    if found is None:
        require_record(tx, cls)
        terms = _Terms()
        where = _where(tx, actor, cls, action, terms, cls.__table__)
        nothing = where is False
        condition = sa.false() if where is False else None if where is True else where
        shape = (action, *terms.shape, nothing)
        found = Scope(condition, shape, terms.values, nothing)
        actor._bounds[memo] = found
    return found


def condition_for(
    tx: Transaction, actor: Actor, cls: Any, action: str = Action.READ
) -> ColumnElement[bool] | None:
    """The rows of a class that another actor than the session's reaches; None for all of them."""
    where = _where(tx, actor, cls, action, _Terms(), cls.__table__)
    if isinstance(where, bool):
        return None if where else sa.false()
    return where


def require_record(tx: Transaction, cls: Any) -> None:
    """Refuse what this CRM has not registered as a record or a facet.

    Children come with their parents only, and pycrm's own books (claims, revisions, settings)
    have no scope: whoever could count them could spell out what they hold.

    Raises:
        InvalidError: no such record.
    """
    declared = isinstance(cls, type) and (
        getattr(cls, "__scope__", None) is not None or getattr(cls, "__facet_of__", None) is not None
    )
    if not declared or not tx.crm.is_registered(cls):
        name = getattr(cls, "__name__", type(cls).__name__)
        raise InvalidError(
            f"unknown record: {name}", fields=[Problem("entity", "unknown", f"unknown record: {name}")]
        )


def _where(
    tx: Transaction, actor: Actor, cls: Any, action: str, terms: _Terms, table: Any
) -> ColumnElement[bool] | bool:
    """True for every row, False for none, else the condition."""
    if cls.__facet_of__ is not None:
        return _by_host(tx, actor, cls, action, terms, table)
    policy = cls.__scope__
    if isinstance(policy, UsedBy):
        return _by_user(tx, actor, policy, action, terms, table)
    reach = bounds(actor, cls, action)
    if reach.everything and not isinstance(policy, Private):
        return True
    if isinstance(policy, Reference | Administered):
        return not reach.nothing
    if isinstance(policy, Private):
        return False if actor.id is None else table.c.owner_id == _me(actor, terms)
    assert isinstance(policy, Owned | Through)
    options = (
        []
        if reach.nothing
        else [
            term
            for owner, unit in policy.pairs
            for term in _pair(actor, reach, table.c[f"{owner}_id"], table.c[f"{unit}_id"], terms)
        ]
    )
    if actor.shares:
        options += _shared(tx, actor, cls, action, terms, table)
    if len(options) > 1:
        return sa.or_(*options)
    return options[0] if options else False


def _me(actor: Actor, terms: _Terms) -> Any:
    assert actor.id is not None
    terms.shape.append("me")
    return terms.bind(actor.id)


def _pair(actor: Actor, reach: Bounds, owner: Any, unit: Any, terms: _Terms) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if reach.own and actor.id is not None:
        found.append(owner == _me(actor, terms))
    if reach.givers:
        terms.shape.append(("givers", len(reach.givers)))
        found.append(owner.in_([terms.bind(one) for one in reach.givers]))
    if reach.units:
        terms.shape.append(("units", len(reach.units)))
        found.append(unit.in_([terms.bind(one) for one in reach.units]))
    if reach.roots:
        terms.shape.append(("roots", len(reach.roots)))
        closure = UnitClosure.__table__.c
        below = sa.select(closure.descendant_id).where(
            closure.ancestor_id.in_([terms.bind(one) for one in reach.roots])
        )
        found.append(unit.in_(below))
    return found


# What working on a shared record means.
WORK = (Action.UPDATE, Action.COMMENT)


def _shared(
    tx: Transaction, actor: Actor, cls: Any, action: str, terms: _Terms, table: Any
) -> list[ColumnElement[bool]]:
    """Rows that are shared, and rows seen through one that is; a share gives no other action."""
    if action != Action.READ and action not in WORK:
        return []
    found: list[ColumnElement[bool]] = []
    ids = [
        one.id
        for one in actor.shares
        if one.entity == cls.__name__ and (one.may_work or action == Action.READ)
    ]
    if ids:
        terms.shape.append(("shared", len(ids)))
        found.append(table.c.id.in_([terms.bind(one) for one in ids]))
    policy = cls.__scope__
    for name in policy.links if isinstance(policy, Through) else ():
        spec = cls.__specs__[name]
        parent = tx.crm.record(spec.target)
        other = parent.__table__.alias(f"shared_{len(terms.shape)}")
        inner = _shared(tx, actor, parent, action, terms, other)
        if inner:
            terms.shape.append(("through", name))
            link = table.c[spec.columns[0]]
            found.append(link.in_(sa.select(other.c.id).where(sa.or_(*inner))))
    return found


def _by_host(
    tx: Transaction, actor: Actor, cls: Any, action: str, terms: _Terms, table: Any
) -> ColumnElement[bool] | bool:
    host = tx.crm.record(cls.__facet_of__)
    other = host.__table__.alias(f"host_{len(terms.shape)}")
    terms.shape.append("host")
    where = _where(tx, actor, host, action, terms, other)
    if isinstance(where, bool):
        return where
    column: ColumnElement[bool] = table.c[key_column(cls)].in_(sa.select(other.c.id).where(where))
    return column


def _by_user(
    tx: Transaction, actor: Actor, policy: UsedBy, action: str, terms: _Terms, table: Any
) -> ColumnElement[bool] | bool:
    options: list[Any] = []
    for path in policy.links:
        name, field = path.split(".")
        user = tx.crm.record(name, default=None)
        if user is None:
            continue
        other = user.__table__.alias(f"by_{len(terms.shape)}")
        terms.shape.append(path)
        where = _where(tx, actor, user, action, terms, other)
        if where is True:
            return True
        if where is not False:
            options.append(table.c.id.in_(sa.select(other.c[f"{field}_id"]).where(where)))
    return sa.or_(*options) if options else False
