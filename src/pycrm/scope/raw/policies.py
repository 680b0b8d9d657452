"""What the role of raw SQL may read: the predicate of `pycrm.scope.predicate`, said once more as policies.

A policy stands in the database and holds for every actor, so it reads the reach of the transaction
from the setting ``pycrm.reach``: JSON such as ``{"Customer": {"own": "<id>", "roots": ["<id>"]}}``.
Where the setting is missing, every comparison is with NULL and no row is visible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pycrm.declare.policy import Administered, Beside, Owned, Private, Reference, Through, UsedBy
from pycrm.declare.record import child_class
from pycrm.declare.table import key_column
from pycrm.entities.org import Action, UnitClosure
from pycrm.scope.actor import Actor, bounds
from pycrm.scope.fields import field_rights

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["POLICY", "SETTING", "columns", "exposed", "reach", "readable", "statements"]

POLICY = "pycrm_sql"
SETTING = "pycrm.reach"
_REACH = f"NULLIF(current_setting('{SETTING}', true), '')::jsonb"


def exposed(crm: Any) -> dict[Any, tuple[Any, ...]]:
    """Each class that raw SQL may name, with the record classes whose rows it hangs on.

    pycrm's own books are not among them, nor fields added at run time, nor amendments, nor what belongs
    to the administration's records, such as the grants of roles.
    """
    found: dict[Any, tuple[Any, ...]] = {
        cls: () for cls in crm.records() if not isinstance(cls.__scope__, Beside)
    }
    for cls in crm.records():
        found |= dict.fromkeys(crm.declared_facets_of(cls), (cls,))
    for cls in tuple(found):
        if isinstance(cls.__scope__, Administered):
            continue
        for spec in cls.__specs__.values():
            if spec.child is not None:
                child = child_class(cls, spec)
                found[child] = (*found.get(child, ()), cls)
    return found


def columns(cls: Any) -> tuple[str, ...]:
    """The columns that raw SQL may name: all but those of special-category fields."""
    return tuple(
        name
        for spec in cls.__specs__.values()
        if spec.kind is not None and not spec.special
        for name in spec.columns
    )


def readable(tx: Transaction) -> dict[str, frozenset[str]]:
    """The columns that the actor may name, by table.

    A grant holds for everybody, so a field that one actor may not read has to be left out here.
    """
    return {
        cls.__tablename__: frozenset(columns(cls)) - field_rights(tx, cls).closed for cls in exposed(tx.crm)
    }


def reach(tx: Transaction) -> dict[str, dict[str, Any]]:
    """How far the actor reads each class, as the policies take it."""
    actor: Actor = tx.actor
    found: dict[str, dict[str, Any]] = {}
    for cls in tx.crm.records():
        held, policy = bounds(actor, cls, Action.READ), cls.__scope__
        if isinstance(policy, UsedBy | Beside):
            continue
        one: dict[str, Any] = {}
        if isinstance(policy, Private):
            one["own"] = actor.id
        elif isinstance(policy, Reference | Administered):
            one["all"] = not held.nothing
        else:
            one = {"all": held.everything, "own": actor.id if held.own else None}
            one |= {"units": held.units, "roots": held.roots, "givers": held.givers}
            one |= _given(actor, cls)
        found[cls.__name__] = {word: value for word, value in one.items() if value}
    return {name: one for name, one in found.items() if one}


def _given(actor: Actor, cls: Any) -> dict[str, Any]:
    """Rows that are shared, rows in whose team the actor is, and records of whose team a part sees rows."""
    mine = [one for one in actor.shares if one.entity == cls.__name__]
    parts = getattr(cls.__scope__, "parts", ())
    return {
        "shared": tuple(one.id for one in mine if not one.is_member),
        "team": tuple(one.id for one in mine if one.is_member),
        "part": tuple(one.id for one in actor.shares if one.is_member and one.part in parts),
    }


def statements(crm: Any, schema: str, role: str, quoted: Callable[[str], str]) -> Iterator[str]:
    """The statements that give the role what it may read and nothing else."""
    who = quoted(role)
    yield f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {who}"
    words = _Words(crm, schema, quoted)
    for cls, hosts in exposed(crm).items():
        listed = ", ".join(map(quoted, columns(cls)))
        yield from _guarded(words.table(cls), listed, who, words.visible(cls, hosts))
    # Policies look units up here; a statement that names the table itself is refused.
    closure = words.table(UnitClosure)
    yield from _guarded(closure, "ancestor_id, descendant_id", who, f"({_REACH}) IS NOT NULL")


def _guarded(table: str, listed: str, who: str, condition: str) -> Iterator[str]:
    yield f"DROP POLICY IF EXISTS {POLICY} ON {table}"
    yield f"REVOKE ALL ON {table} FROM {who}"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY {POLICY} ON {table} FOR SELECT TO {who} USING ({condition})"
    yield f"GRANT SELECT ({listed}) ON {table} TO {who}"


class _Words:
    """The predicate of each class as text, with names as this database has them."""

    def __init__(self, crm: Any, schema: str, quoted: Callable[[str], str]) -> None:
        self._crm, self._schema, self._quoted = crm, schema, quoted

    def table(self, cls: Any) -> str:
        return f"{self._quoted(self._schema)}.{self._quoted(cls.__tablename__)}"

    def visible(self, cls: Any, hosts: tuple[Any, ...]) -> str:
        """The condition on rows of the class; what hangs on a record is seen where that record is."""
        if hosts:
            column = key_column(cls) if cls.__facet_of__ is not None else "parent_id"
            return _any(f"{column} IN (SELECT id FROM {self.table(host)})" for host in hosts)
        return _any([*self._whole(cls), *self._by_user(cls), *self._by_owner(cls), *self._by_share(cls)])

    def _whole(self, cls: Any) -> Iterator[str]:
        """Whether every row is in reach, asked once for each statement."""
        if cls.__facet_of__ is not None:
            yield from self._whole(self._crm.record(cls.__facet_of__))
        elif isinstance(cls.__scope__, UsedBy):
            for user, _ in self._users(cls.__scope__):
                yield from self._whole(user)
        elif not isinstance(cls.__scope__, Private):
            yield f'(SELECT {_REACH} @> \'{{"{cls.__name__}": {{"all": true}}}}\')'

    def _users(self, policy: UsedBy) -> Iterator[tuple[Any, str]]:
        for path in policy.links:
            name, field = path.split(".")
            user = self._crm.record(name, default=None)
            if user is not None:
                yield user, f"{field}_id"

    def _by_user(self, cls: Any) -> Iterator[str]:
        if isinstance(cls.__scope__, UsedBy):
            for user, column in self._users(cls.__scope__):
                yield f"id IN (SELECT {self._quoted(column)} FROM {self.table(user)})"

    def _by_owner(self, cls: Any) -> Iterator[str]:
        if not isinstance(cls.__scope__, Owned | Through | Private):
            return
        name, closure = cls.__name__, self.table(UnitClosure)
        for owner, unit in cls.__scope__.pairs:
            yield f"{owner}_id = (SELECT ({_REACH} #>> '{{{name},own}}')::uuid)"
            if not isinstance(cls.__scope__, Private):
                yield f"{owner}_id IN ({_listed(name, 'givers')})"
                yield f"{unit}_id IN ({_listed(name, 'units')})"
                below = f"ancestor_id IN ({_listed(name, 'roots')})"
                yield f"{unit}_id IN (SELECT descendant_id FROM {closure} WHERE {below})"

    def _by_share(self, cls: Any, within: bool = True) -> Iterator[str]:
        """Shared rows and rows seen through one that is; so with teams, of which some parts may see more."""
        if not isinstance(cls.__scope__, Owned | Through):
            return
        yield f"id IN ({_listed(cls.__name__, 'shared')})"
        if within and cls.__scope__.team is not None:
            yield f"id IN ({_listed(cls.__name__, 'team')})"
        for link in cls.__scope__.links if isinstance(cls.__scope__, Through) else ():
            spec = cls.__specs__[link]
            column = self._quoted(spec.columns[0])
            parts = isinstance(cls.__scope__, Through) and cls.__scope__.parts
            if parts:
                yield f"{column} IN ({_listed(cls.__name__, 'part')})"
            parent = self._crm.record(spec.target)
            inner = _any(self._by_share(parent, within and not parts))
            yield f"{column} IN (SELECT id FROM {self.table(parent)} WHERE {inner})"


def _listed(name: str, word: str) -> str:
    return f"SELECT jsonb_array_elements_text({_REACH} #> '{{{name},{word}}}')::uuid"


def _any(options: Any) -> str:
    return " OR ".join(options) or "false"
