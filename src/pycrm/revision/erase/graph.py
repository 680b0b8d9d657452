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
from pycrm.scope.actor import unkey
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Graph", "belongs", "graph_of", "is_about_people", "is_erased", "links_to", "lists_of", "place_of"]


# Where a record stands tells of the work on it, not of the person.
_PLACE = ("stage", "stage_config", "pipeline", "pipeline_version")


# For each record the roots that it is about.
_Places = dict[Any, dict[UUID, set[UUID]]]


@attrs.define
class Graph:
    """Records that are about people as a whole, and records of others that mention them: for each, whom."""

    own: _Places = attrs.field(factory=dict)
    beside: _Places = attrs.field(factory=dict)


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


def graph_of(tx: Transaction, cls: Any, roots: Iterable[UUID]) -> Graph:
    """Follow the links that lead to each root, and to what belongs to it, until nothing is new.

    Args:
        cls: the class of the roots: the party, or what keeps a person without one.
    """
    found = Graph({cls: {root: {root} for root in roots}})
    frontier: _Places = {cls: {root: {root} for root in found.own[cls]}}
    while frontier:
        following: _Places = {}
        for target, places in frontier.items():
            for linking, spec in links_to(tx, target):
                is_own = belongs(linking, spec)
                kept = (found.own if is_own else found.beside).setdefault(linking, {})
                for id, linked in _linked(tx, linking, spec, places):
                    whom = places[linked] - kept.get(id, set()) - found.own.get(linking, {}).get(id, set())
                    if whom:
                        kept.setdefault(id, set()).update(whom)
                        if is_own:
                            following.setdefault(linking, {}).setdefault(id, set()).update(whom)
        frontier = following
    for linking, places in found.beside.items():
        own = found.own.get(linking, {})
        found.beside[linking] = {
            id: rest for id, whom in places.items() if (rest := whom - own.get(id, set()))
        }
    return found


def links_to(tx: Transaction, target: Any) -> Iterator[tuple[Any, Any]]:
    """The classes that link to a class, each with the field, or with the list and the field of its rows."""
    for cls in tx.crm.records():
        for spec in cls.__specs__.values():
            if spec.target == target.__name__ and not spec.derived:
                yield cls, spec
        for _, child in lists_of(cls):
            for spec in child.__specs__.values():
                if spec.target == target.__name__:
                    yield cls, (child, spec)


def belongs(cls: Any, spec: Any) -> bool:
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
    return is_about_people(cls)


def is_about_people(cls: Any) -> bool:
    """Whether a class or its rows declare something personal."""
    inner = [one for _, child in lists_of(cls) for one in child.__specs__.values()]
    return any(one.personal or one.special for one in (*cls.__specs__.values(), *inner))


def place_of(cls: Any, spec: Any) -> tuple[Any, Any]:
    """Where a link of `links_to` stands: the column of who links, by its key, and that of what it links to."""
    child, spec = spec if isinstance(spec, tuple) else (None, spec)
    table = (child or cls).__table__.c
    return table.parent_id if child is not None else table[key_column(cls)], table[spec.columns[0]]


def _linked(tx: Transaction, cls: Any, spec: Any, ids: Iterable[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """The records that link so to some of these, each with what it links to."""
    key, column = place_of(cls, spec)
    for some in pieces(ids):
        for id, linked in tx.fetch(sa.select(key, column).where(column.in_(some))):
            yield unkey(id), unkey(linked)  # type: ignore[misc]
