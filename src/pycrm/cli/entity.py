"""From what people type to classes and records: kinds of record, ids, codes and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.word import plural, word_of
from pycrm.entities.org import FieldReading
from pycrm.errors import InvalidError, NotFoundError, NotReadError, Problem

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.declare import Ref
    from pycrm.session import Session

__all__ = [
    "entity_of",
    "ids_of",
    "key_fields",
    "label_of",
    "labels_of",
    "plural",
    "readable",
    "record_of",
    "ref_of",
    "word_of",
]

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_HEX = re.compile(r"[0-9a-f-]+")
_LEAST = 6
_SHORTEST = 3
_AT_ONCE = 500
# What a record is called by, first come.
_NAMES = ("name", "title", "login", "code", "summary", "text", "body")
_LONGEST_LABEL = 60


def _spellings(cls: Any) -> Iterator[str]:
    snake = "_".join(_WORDS.findall(cls.__name__)).lower()
    for word in (cls.__name__.lower(), snake, word_of(cls), str(cls.__tablename__)):
        yield word
        yield plural(word)


def entity_of(crm: CRM, text: str) -> Any:
    """The record class that a word names: singular or plural, in any case, or how it begins.

    Raises:
        InvalidError: no loaded plugin has such a record.
    """
    wanted = text.strip().lower().replace("-", "_")
    known: dict[str, Any] = {}
    for cls in crm.records():
        for word in _spellings(cls):
            known.setdefault(word, cls)
    begun = {cls for word, cls in known.items() if len(wanted) >= _SHORTEST and word.startswith(wanted)}
    if wanted in known or len(begun) == 1:
        return known.get(wanted) or begun.pop()
    near = get_close_matches(wanted, known, 1)
    hint = f"; is it {near[0]}?" if near else ""
    unknown = Problem("entity", "unknown", f"no kind of record is called {text}{hint}")
    raise InvalidError(unknown.message, fields=[unknown])


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


def record_of(session: Session, cls: Any, text: str) -> Any:
    """The record that a text names: its id, its code, or the first characters of its id.

    Raises:
        NotFoundError: there is none within the actor's scope.
        InvalidError: the characters fit several records, or are too few.
    """
    text = text.strip()
    full = _uuid(text)
    if full is not None:
        return session.get(cls, full)
    for name in (key for key in key_fields(cls) if key in readable(session, cls, FieldReading.PLAIN)):
        # Codes that the product draws are capitals; people do not type them so.
        found = session.find(cls, getattr(cls, name).in_([text, text.upper()]), limit=2)
        if len(found) == 1:
            return session.get(cls, found[0].id)
    return _by_beginning(session, cls, *ids_of(session, cls, text))


def ids_of(session: Session, cls: Any, text: str) -> tuple[UUID, UUID]:
    """The least and the greatest id that begins with these characters.

    Raises:
        NotFoundError: no id does.
        InvalidError: the characters are too few.
    """
    digits = text.lower().replace("-", "")
    if not _HEX.fullmatch(text.lower()) or len(digits) > 32:
        raise session.missing(cls)
    if len(digits) < _LEAST:
        short = Problem("id", "format", f"give at least {_LEAST} characters of the id")
        raise InvalidError(short.message, fields=[short])
    return UUID(hex=digits.ljust(32, "0")), UUID(hex=digits.ljust(32, "f"))


def _by_beginning(session: Session, cls: Any, low: UUID, high: UUID) -> Any:
    found = session.find(cls, cls.id >= low, cls.id <= high, limit=6)
    if not found:
        raise session.missing(cls)
    if len(found) > 1:
        candidates = {str(one.id): label_of(one) for one in found[:5]}
        some = "; ".join(f"{id} {label}" for id, label in candidates.items())
        several = Problem("id", "rule", f"several {word_of(cls)} ids begin so: {some}")
        raise InvalidError(several.message, fields=[several], data={"candidates": candidates})
    return session.get(cls, found[0].id)


def ref_of(session: Session, text: str) -> Ref[Any]:
    """The reference that ``customer/ID`` means, or an id or code alone.

    An id with its kind of record is taken as it is, since whoever keeps the roles may ask about a
    record without seeing it.

    Raises:
        NotFoundError, InvalidError: as `record_of`.
    """
    from pycrm.declare import Ref

    entity, slash, which = text.partition("/")
    if slash:
        cls = entity_of(session.crm, entity)
        full = _uuid(which)
        return Ref.to(cls, full) if full else record_of(session, cls, which).ref
    for cls in session.crm.records():
        try:
            found: Ref[Any] = record_of(session, cls, text).ref
            return found
        except NotFoundError:
            continue
    hint = "no such record; where you may not see it, name its kind and id as customer/ID"
    raise NotFoundError(hint)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None


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
