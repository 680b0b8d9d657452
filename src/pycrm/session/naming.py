"""What single records are called, and by what they are named: one answer for every face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from pycrm.entities.org import FieldReading
from pycrm.errors import NotReadError
from pycrm.scope.gateway import fetch_some, unknown_field

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session

__all__ = ["field_at", "key_fields", "label_of", "labels_of", "readable", "readable_field", "titles_of"]

# What a record is called by, first come, where its declaration says nothing.
_NAMES = ("name", "title", "login", "code", "summary", "text", "body")
_TITLES: WeakKeyDictionary[Any, tuple[str, ...]] = WeakKeyDictionary()
_LONGEST_LABEL = 60


def key_fields(cls: Any) -> list[str]:
    """The fields whose text names one record of the class: its code, its login, its unique name."""
    return [
        spec.name
        for spec in cls.__specs__.values()
        if (spec.name == "code" or spec.unique)
        and spec.kind is not None
        and spec.kind.name == "text"
        and not (spec.special or spec.personal)
    ]


def readable(session: Session, cls: Any, *least: FieldReading) -> frozenset[str]:
    """The fields of a class that the actor is shown, plainly or masked, or only as `least` says."""
    ways = least or (FieldReading.PLAIN, FieldReading.MASKED)
    return frozenset(name for name, access in session.fields(cls).items() if access.read in ways)


def readable_field(session: Session, cls: Any, name: str, path: str) -> Spec:
    """The declaration of a field that the actor is shown; `path` is what the refusal calls it.

    Raises:
        InvalidError: it is unknown or hidden, which is one answer.
    """
    spec: Spec | None = cls.__specs__.get(name)
    if spec is None or spec.kind is None or name not in readable(session, cls):
        raise unknown_field(path)
    return spec


def field_at(session: Session, cls: Any, path: str, facet: Callable[[str], Any | None]) -> tuple[Any, Spec]:
    """The class and the declaration of ``amount``, ``customer.name`` or ``facet.field``.

    Args:
        facet: the facet of the class that a word names, in the words of the face; None where there is none.

    Raises:
        InvalidError: what the path names is unknown or hidden, or leads over a link that is.
    """
    first, dot, rest = path.partition(".")
    if not dot:
        return cls, readable_field(session, cls, first, path)
    spec = cls.__specs__.get(first)
    if spec is not None and spec.target is not None:
        readable_field(session, cls, first, path)
        other = session.crm.record(spec.target, None)
    else:
        other = facet(first)
    if other is None:
        raise unknown_field(path)
    return other, readable_field(session, other, rest, path)


def titles_of(cls: Any) -> tuple[str, ...]:
    """The fields by which people call a record of the class, the first that says something; see `field`."""
    found = _TITLES.get(cls)
    if found is None:
        found = _TITLES[cls] = tuple(dict.fromkeys(_titles(cls.__specs__)))
    return found


def _titles(specs: Mapping[str, Spec]) -> Iterator[str]:
    yield from (spec.name for spec in specs.values() if spec.title)
    yield from (name for name in _NAMES if name in specs)
    open_texts = [
        spec
        for spec in specs.values()
        if spec.kind is not None and spec.kind.name == "text" and not spec.derived
        if not (spec.special or spec.restricted or spec.personal)
    ]
    yield from (spec.name for spec in open_texts if spec.unique)
    yield from (spec.name for spec in open_texts if spec.order)


def label_of(record: Any) -> str:
    """What people call the record, by the fields of `titles_of`, or else its id."""
    for name in titles_of(type(record)):
        try:
            found = getattr(record, name)
        except NotReadError:
            continue
        if found:
            text = str(found)
            return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
    return str(record.id)


def labels_of(session: Session, refs: Iterable[Any]) -> dict[UUID, str]:
    """What people call the records that these references name, as far as the actor sees them."""
    wanted: dict[str, set[UUID]] = {}
    for ref in refs:
        if ref is not None:
            wanted.setdefault(ref.entity, set()).add(ref.id)
    found: dict[UUID, str] = {}
    for entity, ids in wanted.items():
        cls = session.crm.record(entity, None)
        if cls is None:
            continue
        found |= {one.id: label_of(one) for one in fetch_some(session.transaction, cls, ids)}
    return found
