"""What single records are called, and by what they are named: one answer for every face."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.entities.org import FieldReading
from pycrm.errors import NotReadError

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["key_fields", "label_of", "labels_of", "readable"]

_AT_ONCE = 500
# What a record is called by, first come.
_NAMES = ("name", "title", "login", "code", "summary", "text", "body")
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


def label_of(record: Any) -> str:
    """What people call the record: its name, title or code, or else its id."""
    specs = type(record).__specs__
    for name in _NAMES:
        if name in specs:
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
        ordered = sorted(ids)
        for start in range(0, len(ordered), _AT_ONCE):
            some = session.find(cls, cls.id.in_(ordered[start : start + _AT_ONCE]), archived=True)
            found |= {one.id: label_of(one) for one in some}
    return found
