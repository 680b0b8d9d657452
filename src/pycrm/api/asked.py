"""What the parameters of an address ask for: conditions, order, fields, instants."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pycrm.api.entity import facet_named
from pycrm.declare.codec import from_json
from pycrm.entities.org import FieldReading
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.session.naming import field_at, readable_field
from pycrm.values import parse_instant

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.http import Call
    from pycrm.session import Session

__all__ = [
    "conditions",
    "fields_of",
    "given",
    "instant",
    "known_to",
    "number",
    "order_of",
    "refuse_strangers",
    "truth",
]

_CONDITION = re.compile(r"([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)(>=|<=|!=|=|~|:)(.*)", re.DOTALL)
_MONEY = re.compile(r"(-?\d{1,18}(?:\.\d{1,4})?) ?([A-Z]{3})")
_INTEGER = re.compile(r"-?\d{1,19}")
_ORDERED = frozenset(("int", "date", "instant", "decimal", "money", "text"))
_ONE_OF = frozenset(("enum", "key", "link", "text", "int"))
_MOST_CONDITIONS = 20
_MOST_VALUES = 200


def refuse_strangers(call: Call, *names: str) -> None:
    """Refuse parameters that are not asked for here: one that is misspelt would be passed over.

    Raises:
        InvalidError: with each of them.
    """
    wrong = [name for name, _ in call.query if name not in names]
    if wrong:
        problems = [Problem(name[:100], "unknown", "unknown parameter") for name in dict.fromkeys(wrong)]
        raise InvalidError(f"unknown parameter: {problems[0].path}", fields=problems)


def known_to(session: Session) -> Callable[[Any], frozenset[str]]:
    """The fields of a class with which the actor may do anything at all."""
    found: dict[Any, frozenset[str]] = {}

    def known(cls: Any) -> frozenset[str]:
        if cls not in found:
            found[cls] = frozenset(session.fields(cls))
        return found[cls]

    return known


def _field(session: Session, cls: Any, path: str) -> tuple[Any, Spec]:
    def facet(word: str) -> Any | None:
        try:
            return facet_named(session, cls, word)
        except NotFoundError:
            return None

    return field_at(session, cls, path, facet)


def conditions(session: Session, cls: Any, texts: Sequence[str]) -> list[Any]:
    """The conditions that texts such as ``amount>=100000 CNY`` mean.

    The signs: ``=``, ``!=``, ``>=``, ``<=``, ``~`` contains, ``:`` one of several parted by commas; an
    empty value means none.

    Raises:
        InvalidError: with every field that is unknown or unreadable, and every value that does not fit.
    """
    if len(texts) > _MOST_CONDITIONS:
        raise _wrong("where", f"at most {_MOST_CONDITIONS} conditions")
    found: list[Any] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            found.append(_condition(session, cls, text))
        except InvalidError as error:
            problems += error.fields
    if problems:
        raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)
    return found


def _condition(session: Session, cls: Any, text: str) -> Any:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise _wrong("where", "expected field=value; also != >= <= ~ (contains) and : (one of)")
    path, sign, words = match.groups()
    owner, spec = _field(session, cls, path)
    assert spec.kind is not None
    column = getattr(owner, spec.name)
    if sign == "~":
        if spec.kind.name != "text":
            raise _wrong(path, "only texts can contain something")
        return column.icontains(_text(words, path), autoescape=True)
    if words == "" and sign in ("=", "!="):
        return column.is_(None) if sign == "=" else column.is_not(None)
    if sign == ":":
        return _one_of(column, spec, words, path)
    value = _value(spec, words, path)
    if sign in ("=", "!="):
        return column == value if sign == "=" else column != value
    if spec.kind.name not in _ORDERED:
        raise _wrong(path, "has no order")
    return column >= value if sign == ">=" else column <= value


def _one_of(column: Any, spec: Spec, words: str, path: str) -> Any:
    assert spec.kind is not None
    values = words.split(",")
    if spec.kind.name not in _ONE_OF or len(values) > _MOST_VALUES:
        raise _wrong(path, f"cannot be one of these: at most {_MOST_VALUES} words or ids")
    return column.in_([_value(spec, one, path) for one in values])


def _value(spec: Spec, words: str, path: str) -> Any:
    assert spec.kind is not None
    try:
        return spec.clean(from_json(spec, _as_json(spec.kind.name, words)))
    except (ValueError, TypeError) as error:
        raise _wrong(path, str(error)) from None


def _as_json(kind: str, words: str) -> Any:
    if kind == "int":
        if not _INTEGER.fullmatch(words):
            raise ValueError("expected a whole number")
        return int(words)
    if kind == "bool":
        if words not in ("true", "false"):
            raise ValueError("expected true or false")
        return words == "true"
    if kind == "money":
        match = _MONEY.fullmatch(words)
        if match is None:
            raise ValueError("expected an amount such as 86000.00 CNY")
        return {"amount": match[1], "currency": match[2]}
    if kind == "texts":
        raise ValueError("a list of texts cannot be compared")
    return words


def _text(words: str, path: str) -> str:
    if "\x00" in words or len(words) > 200:
        raise _wrong(path, "expected a short text")
    return words


def _wrong(path: str, message: str) -> InvalidError:
    return InvalidError(f"{path}: {message}", fields=[Problem(path, "rule", message)])


def order_of(session: Session, cls: Any, text: str | None) -> Any:
    """The order that ``amount`` or ``-amount`` means; None without one."""
    if text is None:
        return None
    name = text.removeprefix("-")
    spec = readable_field(session, cls, name, name)
    column = getattr(cls, spec.name)
    return column.desc() if text.startswith("-") else column


def fields_of(session: Session, cls: Any, text: str | None) -> frozenset[str] | None:
    """The fields that ``name,stage`` names; None for all of them.

    Raises:
        InvalidError: with each that is unknown or hidden.
    """
    if text is None:
        return None
    names = text.split(",")
    known = session.fields(cls)
    wrong = [name for name in names if name not in known or known[name].read is FieldReading.HIDDEN]
    if wrong:
        problems = [Problem(name[:100], "unknown", "unknown field") for name in wrong]
        raise InvalidError(f"unknown field: {problems[0].path}", fields=problems)
    return frozenset(names)


def instant(call: Call, name: str) -> datetime | None:
    """The instant that a parameter gives, or None.

    Raises:
        InvalidError: it is none, or has no zone.
    """
    text = given(call, name)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise _wrong(name, "expected an instant with its zone, such as 2026-06-30T09:00:00+08:00") from None


def number(call: Call, name: str, default: int, most: int) -> int:
    """The whole number of a parameter, from 1.

    Raises:
        InvalidError: it is none, or out of bounds.
    """
    text = given(call, name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise _wrong(name, f"expected a whole number from 1 to {most}")
    return int(text)


def given(call: Call, name: str) -> str | None:
    """What a parameter says, None where it is not there: an empty one is no value, and not the default."""
    return call.asked(name) if any(known == name for known, _ in call.query) else None


def truth(call: Call, name: str) -> bool:
    """Whether a parameter says ``true``; `InvalidError` where it is neither that nor ``false``."""
    text = call.asked(name, "false")
    if text not in ("true", "false"):
        raise _wrong(name, "expected true or false")
    return text == "true"
