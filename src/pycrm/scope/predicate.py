"""From an actor's reach to a condition on rows: the one place where scope becomes SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import elements, visitors
from sqlalchemy.sql.elements import ColumnElement

from pycrm.declare.policy import Administered, Beside, Owned, Private, Reference, Through, UsedBy
from pycrm.declare.raw import RawKey
from pycrm.declare.table import key_column
from pycrm.entities.org import Action, UnitClosure, User
from pycrm.errors import InvalidError, Problem, StoreError
from pycrm.scope.actor import Actor, Bounds, bounds

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["WORK", "Path", "Scope", "renamed", "require_record", "scope_for", "scope_of"]


@attrs.frozen(eq=False)
class Path:
    """One way by which rows are reached, and the condition that says so.

    Where it is that `column` is one of many keys, `members` selects these: each of them has an index
    range of its own. It may select one twice where it `repeats`.
    """

    where: ColumnElement[bool]
    column: Any = None
    members: Any = None
    repeats: bool = True


@attrs.frozen(eq=False)
class Scope:
    """The rows of a class that an actor reaches for an action.

    `where` is the condition, None for all rows; `shape` is equal for two scopes with the same
    text, so that the text is compiled once; `values` are its parameters. Of several `paths` any one
    gives a row.
    """

    where: ColumnElement[bool] | None
    shape: tuple[Any, ...]
    values: dict[str, UUID]
    nothing: bool = False
    paths: tuple[Path, ...] = ()
    # What rooms above worked out for these rows; a scope lives as long as its actor is remembered.
    plans: dict[Any, Any] = attrs.field(factory=dict, repr=False)


class _Terms:
    """Numbers the parameters of one statement, so that several scopes can stand in it.

    Of a statement about one record (`single`) what it is seen through is looked up by its key. A set
    of all that the actor sees would be made only where the record is there, and tell so by the time.
    """

    def __init__(self, single: bool = False) -> None:
        self.single = single
        self.values: dict[str, UUID] = {}
        self.shape: list[Any] = []

    def bind(self, value: UUID) -> sa.BindParameter[Any]:
        name = f"scope_{len(self.values)}"
        self.values[name] = value
        return sa.bindparam(name, value, type_=RawKey())


def scope_of(tx: Transaction, cls: Any, action: str = Action.READ, single: bool = False) -> Scope:
    """The rows of that class in the actor's reach; `single` for a statement that names one by its id.

    Raises:
        InvalidError: no record or facet of this CRM; its own books are none.
        StoreError: the session is used outside its with block.
    """
    actor: Actor | None = tx.actor
    if actor is None:
        raise StoreError("use the session in a with block")
    return scope_for(tx, actor, cls, action, single)


def scope_for(tx: Transaction, actor: Actor, cls: Any, action: str, single: bool = False) -> Scope:
    """The rows of that class in the reach of another actor than the session's; raises as `scope_of`."""
    memo = ("scope", tx.crm, cls, action, single)
    found: Scope | None = actor._bounds.get(memo)
    if found is None:
        require_record(tx, cls)
        terms = _Terms(single)
        paths = _paths(tx, actor, cls, action, terms, cls.__table__)
        where = _any(paths)
        nothing = where is False
        condition = sa.false() if where is False else None if where is True else where
        shape = (action, single, *terms.shape, nothing)
        found = Scope(
            condition, shape, terms.values, nothing, () if isinstance(paths, bool) else tuple(paths)
        )
        actor._bounds[memo] = found
    return found


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
    return _any(_paths(tx, actor, cls, action, terms, table))


def _any(paths: list[Path] | bool) -> ColumnElement[bool] | bool:
    if isinstance(paths, bool):
        return paths
    options = [path.where for path in paths]
    if len(options) > 1:
        return sa.or_(*options)
    return options[0] if options else False


def _paths(
    tx: Transaction, actor: Actor, cls: Any, action: str, terms: _Terms, table: Any
) -> list[Path] | bool:
    """True for every row, False for none, else the ways to those that are reached."""
    if cls.__facet_of__ is not None:
        return _single(_by_host(tx, actor, cls, action, terms, table))
    policy = cls.__scope__
    if isinstance(policy, UsedBy):
        return _single(_by_user(tx, actor, policy, action, terms, table))
    reach = bounds(actor, cls, action)
    if isinstance(policy, Beside) and not actor.is_system:
        return _single(_beside(tx, actor, policy, action, terms, table))
    if reach.everything and not isinstance(policy, Private):
        return True
    if isinstance(policy, Reference | Administered | Beside):
        return not reach.nothing
    if isinstance(policy, Private):
        # What is private is shown to nobody else, nor to who looks through its writer's eyes.
        mine = actor.id is not None and actor.looker is None
        return [Path(table.c.owner_id == _me(actor, terms))] if mine else False
    assert isinstance(policy, Owned | Through)
    found = (
        []
        if reach.nothing
        else [
            path
            for owner, unit in policy.pairs
            for path in _pair(actor, reach, table.c[f"{owner}_id"], table.c[f"{unit}_id"], terms)
        ]
    )
    if actor.shares:
        found += [Path(where) for where in _shared(tx, actor, cls, action, terms, table)]
    return found


def _single(where: ColumnElement[bool] | bool) -> list[Path] | bool:
    return where if isinstance(where, bool) else [Path(where)]


def _me(actor: Actor, terms: _Terms) -> Any:
    assert actor.id is not None
    terms.shape.append("me")
    return terms.bind(actor.id)


def _pair(actor: Actor, reach: Bounds, owner: Any, unit: Any, terms: _Terms) -> list[Path]:
    found: list[Path] = []
    if reach.own and actor.id is not None:
        found.append(Path(owner == _me(actor, terms)))
    if reach.givers:
        terms.shape.append(("givers", len(reach.givers)))
        user = User.__table__.c
        found.append(_one_of(owner, sa.select(user.id), user.id, reach.givers, terms))
    closure = UnitClosure.__table__.c
    if reach.units:
        terms.shape.append(("units", len(reach.units)))
        # At depth nought a unit stands below itself alone.
        itself = sa.select(closure.descendant_id).where(closure.depth == sa.literal_column("0"))
        found.append(_one_of(unit, itself, closure.ancestor_id, reach.units, terms))
    if reach.roots:
        terms.shape.append(("roots", len(reach.roots)))
        below = sa.select(closure.descendant_id).where(
            closure.ancestor_id.in_([terms.bind(one) for one in reach.roots])
        )
        found.append(Path(unit.in_(below), unit, below, repeats=len(reach.roots) > 1))
    return found


def _one_of(column: Any, members: Any, key: Any, values: Sequence[UUID], terms: _Terms) -> Path:
    """Rows whose column is one of these values, which are the keys of some rows themselves."""
    bound = [terms.bind(one) for one in values]
    if len(bound) == 1:
        return Path(column == bound[0])
    return Path(column.in_(bound), column, members.where(key.in_(bound)), repeats=False)


# What working on a shared record means.
WORK = (Action.UPDATE, Action.COMMENT)


def _shared(
    tx: Transaction,
    actor: Actor,
    cls: Any,
    action: str,
    terms: _Terms,
    table: Any,
    parts: tuple[str, ...] = (),
) -> list[ColumnElement[bool]]:
    """Rows that are shared, and rows seen through one that is; a share gives no other action.

    So it is with rows in whose team the actor is, with one of the `parts` where any are named.
    """
    if action != Action.READ and action not in WORK:
        return []
    found: list[ColumnElement[bool]] = []
    ids = [
        one.id
        for one in actor.shares
        if one.entity == cls.__name__
        and (one.may_work or action == Action.READ)
        and (not (one.is_member and parts) or one.part in parts)
    ]
    if ids:
        terms.shape.append(("shared", len(ids)))
        found.append(table.c.id.in_([terms.bind(one) for one in ids]))
    policy = cls.__scope__
    for name in policy.links if isinstance(policy, Through) else ():
        spec = cls.__specs__[name]
        parent = tx.crm.record(spec.target)
        other = parent.__table__.alias(f"shared_{len(terms.shape)}")
        inner = _shared(tx, actor, parent, action, terms, other, policy.parts or parts)
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
    return _seen_by(table.c[key_column(cls)], other.c.id, where, terms)


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
            options.append(_seen_by(table.c.id, other.c[f"{field}_id"], where, terms))
    return sa.or_(*options) if options else False


def _seen_by(key: Any, link: Any, where: ColumnElement[bool], terms: _Terms) -> ColumnElement[bool]:
    """That some row which the actor reaches has this key."""
    if terms.single:
        return sa.exists().where(link == key, where)
    column: ColumnElement[bool] = key.in_(sa.select(link).where(where))
    return column


def _beside(
    tx: Transaction, actor: Actor, policy: Beside, action: str, terms: _Terms, table: Any
) -> ColumnElement[bool] | bool:
    """Rows whose named record is in reach, one kind of record after the other."""
    crm, options = tx.crm, []
    for cls in (part for one in crm.records() for part in (one, *crm.facets_of(one))):
        if isinstance(cls.__scope__, Beside):
            continue
        other = cls.__table__.alias(f"beside_{len(terms.shape)}")
        terms.shape.append(("beside", cls.__name__))
        where = _where(tx, actor, cls, action, terms, other)
        if where is False:
            continue
        # The name of a class, and so a word that needs no parameter.
        named: ColumnElement[bool] = table.c[policy.entity] == sa.literal_column(f"'{cls.__name__}'")
        if where is not True:
            same = other.c[key_column(cls)] == table.c[f"{policy.record}_id"]
            # Looked up by its key: there are few of these rows, and many records.
            named = sa.and_(
                named, sa.select(sa.literal_column("1")).where(same, where).correlate(table).exists()
            )
        options.append(named)
    return sa.or_(*options) if options else False


def renamed(where: Any, prefix: str) -> Any:
    """The same predicate with names of its own for its parameters, to stand beside another one."""

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, elements.BindParameter) and element.key.startswith("scope_"):
            return sa.bindparam(prefix + element.key, element.value, type_=element.type)
        return None

    return visitors.replacement_traverse(where, {}, replace)
