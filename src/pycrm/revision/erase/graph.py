"""Whatever is kept of a person: the records that links lead to from a party."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.kind import Kind, TextsKind
from pycrm.declare.policy import Administered, Through
from pycrm.declare.record import child_class
from pycrm.declare.table import key_column
from pycrm.entities.party import Party
from pycrm.scope.children import keys
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Graph", "graph_of", "is_erased", "lists_of"]


# Where a record stands tells of the work on it, not of the person.
_PLACE = ("stage", "stage_config", "pipeline", "pipeline_version")


@attrs.define
class Graph:
    """Records that are about the person as a whole, and records of others that mention the person."""

    own: dict[Any, set[UUID]] = attrs.field(factory=dict)
    beside: dict[Any, set[UUID]] = attrs.field(factory=dict)


def is_erased(cls: Any, spec: Any) -> bool:
    """Whether a field of a record about the person goes: what is declared personal, and free text."""
    if spec.kind is None or spec.target or spec.name in _PLACE:
        return False
    free = type(spec.kind) is Kind or isinstance(spec.kind, TextsKind)
    return bool(spec.personal or spec.special or (free and (spec.init or spec.name in cls.mirrors)))


def lists_of(cls: Any) -> Iterator[tuple[Any, Any]]:
    """The lists of a class, each with the class of its rows."""
    for spec in cls.__specs__.values():
        if spec.child is not None:
            yield spec, child_class(cls, spec)


def graph_of(tx: Transaction, party: UUID) -> Graph:
    """Follow the links that lead to the party, and to what belongs to it, until nothing is new."""
    found = Graph({Party: {party}})
    frontier: dict[Any, set[UUID]] = {Party: {party}}
    while frontier:
        following: dict[Any, set[UUID]] = {}
        for target, ids in frontier.items():
            for cls, spec in _links_to(tx, target):
                belongs = _belongs(cls, spec)
                place = (found.own if belongs else found.beside).setdefault(cls, set())
                new = set(_linked(tx, cls, spec, ids)) - place - found.own.get(cls, set())
                place |= new
                if belongs and new:
                    following.setdefault(cls, set()).update(new)
        frontier = following
    for cls, ids in found.beside.items():
        ids -= found.own.get(cls, set())
    return found


def _links_to(tx: Transaction, target: Any) -> Iterator[tuple[Any, Any]]:
    for cls in tx.crm.records():
        for spec in cls.__specs__.values():
            if spec.target == target.__name__ and not spec.derived:
                yield cls, spec
        for _, child in lists_of(cls):
            for spec in child.__specs__.values():
                if spec.target == target.__name__:
                    yield cls, (child, spec)


def _belongs(cls: Any, spec: Any) -> bool:
    """Whether whoever links so is about the person: its party, its parent, or personal by declaration."""
    if isinstance(spec, tuple) or spec.target == cls.__name__:
        return False
    if spec.target == Party.__name__:
        # What the administration keeps of a person, such as a hold, is not the person's.
        return not isinstance(cls.__scope__, Administered)
    if any(one.target == Party.__name__ for one in cls.__specs__.values()):
        return False
    policy = cls.__scope__
    if isinstance(policy, Through) and spec.name in policy.links:
        return True
    inner = [one for _, child in lists_of(cls) for one in child.__specs__.values()]
    return any(one.personal or one.special for one in (*cls.__specs__.values(), *inner))


def _linked(tx: Transaction, cls: Any, spec: Any, ids: Iterable[UUID]) -> list[UUID]:
    child, spec = spec if isinstance(spec, tuple) else (None, spec)
    table = (child or cls).__table__.c
    wanted, column = list(ids), table[spec.columns[0]]
    found: list[UUID] = []
    for some in pieces(wanted):
        key = table.parent_id if child is not None else table[key_column(cls)]
        found += keys(tx.fetch(sa.select(key).where(column.in_(some))))
    return found
