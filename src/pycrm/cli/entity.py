"""From what people type to classes and records: kinds of record, ids, codes and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.word import plural, word_of
from pycrm.entities.org import FieldReading
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.session.naming import key_fields, label_of, labels_of, readable, titles_of

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
_CANDIDATES = 5


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


def record_of(session: Session, cls: Any, text: str) -> Any:
    """The record that a text names: its id, its code, what it is called, or the first characters of its id.

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
    called = _called(session, cls, text)
    return called if called is not None else _by_beginning(session, cls, *ids_of(session, cls, text))


def _called(session: Session, cls: Any, text: str) -> Any | None:
    """The one record in sight that is called so; None where there is none."""
    title = next(iter(titles_of(cls)), None)
    if title is None or title not in readable(session, cls, FieldReading.PLAIN):
        return None
    found = session.find(cls, getattr(cls, title) == text, limit=_CANDIDATES + 1)
    if len(found) > 1:
        raise _several(f"several {plural(word_of(cls))} are called so", found)
    return session.get(cls, found[0].id) if found else None


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
    found = session.find(cls, cls.id >= low, cls.id <= high, limit=_CANDIDATES + 1)
    if not found:
        raise session.missing(cls)
    if len(found) > 1:
        raise _several(f"several {word_of(cls)} ids begin so", found)
    return session.get(cls, found[0].id)


def _several(words: str, found: Sequence[Any]) -> InvalidError:
    candidates = {str(one.id): label_of(one) for one in found[:_CANDIDATES]}
    some = "; ".join(f"{id} {label}" for id, label in candidates.items())
    several = Problem("id", "rule", f"{words}: {some}")
    return InvalidError(several.message, fields=[several], data={"candidates": candidates})


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
