"""Column types of statement tables: values are bound for each database, results left as they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa

from pycrm.declare.reference import key_of
from pycrm.values import EXACT, decimal_of, utc

__all__ = [
    "Dump",
    "Masked",
    "RawBool",
    "RawDate",
    "RawEnum",
    "RawInstant",
    "RawJson",
    "RawKey",
    "RawScaled",
    "instant",
    "masked",
    "micros",
    "scaled",
    "to_text",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Dump = Callable[[Any], Any]


class Masked:
    """What the slot of a masked field holds: the text that its reader may see instead of the value."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def masked(text: str) -> Masked:
    """The text with its middle covered: ``138****8000``; of a short one only the first sign is left."""
    return Masked(f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else f"{text[:1]}****")


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware instant of that many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


class _Raw:
    """Mixed into SQLAlchemy types of statement tables: results stay as the driver gave them."""

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        return None


class RawKey(_Raw, sa.types.UserDefinedType[Any]):
    """A key: a record, a reference or a UUID when bound; 16 bytes on SQLite, uuid on PostgreSQL."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Dump:
        if dialect.name == "sqlite":
            return lambda value: None if value is None else key_of(value).bytes
        return lambda value: None if value is None else key_of(value)


class RawInstant(_Raw, sa.types.UserDefinedType[Any]):
    """An instant: microseconds on SQLite, timestamptz on PostgreSQL."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Dump:
        if dialect.name == "sqlite":
            return lambda value: None if value is None else micros(utc(value))
        return lambda value: None if value is None else utc(value)


class RawDate(_Raw, sa.types.UserDefinedType[Any]):
    """A calendar date: ISO text on SQLite, date on PostgreSQL."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Dump:
        if dialect.name == "sqlite":
            return lambda value: None if value is None else value.isoformat()
        return lambda value: value


class RawEnum(_Raw, sa.Text):
    """The text of an enumeration's member."""

    def bind_processor(self, dialect: Any) -> Dump:
        return lambda value: value.value if isinstance(value, Enum) else value


class RawBool(_Raw, sa.Boolean):
    """A truth value: 0 or 1 on SQLite, boolean on PostgreSQL."""


class RawScaled(_Raw, sa.types.UserDefinedType[Any]):
    """A decimal kept as a whole number of 10 to the minus `scale`."""

    cache_ok = True

    def __init__(self, scale: int) -> None:
        self.scale = scale

    def bind_processor(self, dialect: Any) -> Dump:
        scale = self.scale
        return lambda value: None if value is None else scaled(value, scale)


class RawJson(_Raw, sa.types.UserDefinedType[Any]):
    """A list of texts as JSON."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Dump:
        return lambda value: None if value is None else to_text(value)


def scaled(value: Any, scale: int) -> int:
    """The decimal as a whole number of 10**-scale; `ValueError` when it has more places."""
    number = decimal_of(value).scaleb(scale, EXACT)
    if number != number.to_integral_value():
        raise ValueError(f"more than {scale} decimal places")
    return int(number)


def to_text(value: Any) -> str:
    """Compact JSON text, without escapes for letters of any script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
