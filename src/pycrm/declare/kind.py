"""The kinds of value that a field can hold: how each is checked, stored and read back.

A record that comes from the database keeps in its slots what the driver gave (16 bytes for a key,
microseconds for an instant) and is decoded when the field is looked at, so that a long list pays
only for the fields somebody reads. `raw` names the driver's types that still have to be decoded.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import (
    Dump,
    RawBool,
    RawDate,
    RawEnum,
    RawInstant,
    RawJson,
    RawKey,
    RawScaled,
    instant,
    micros,
    scaled,
    to_text,
)
from pycrm.declare.reference import Ref, uuid_of
from pycrm.values import Money, clean_text, utc

__all__ = ["Kind", "kind_of"]

_BIG = 2**63


class Kind:
    """How one sort of value is checked, stored and read back."""

    name = "text"
    raw: tuple[type, ...] = ()
    # What of `raw` a driver takes back; None where it takes all.
    taken: tuple[type, ...] | None = None
    # PostgreSQL's driver already returns dates, instants, keys and truth values.
    python: type = str
    json_type: dict[str, Any] = {"type": "string"}

    def names(self, name: str) -> tuple[str, ...]:
        """The names of the columns of a field of that name."""
        return (name,)

    def columns(self, name: str) -> tuple[tuple[str, sa.types.TypeEngine[Any]], ...]:
        """The columns of the statement table: name and type."""
        return ((name, sa.Text()),)

    def ddl(self, name: str, dialect: str) -> tuple[tuple[str, sa.types.TypeEngine[Any]], ...]:
        """The columns as they are created in that database."""
        return ((name, sa.Text()),)

    def clean(self, value: Any, longest: int) -> Any:
        """The value in its stored form; `ValueError` says what is wrong with it."""
        if not isinstance(value, str):
            raise ValueError("expected text")
        return clean_text(value, longest=longest)

    def decode(self, value: Any) -> Any:
        """From what the driver gave."""
        return value

    def dump(self, dialect: str) -> Dump | None:
        """To what the driver takes; None where nothing has to be done."""
        return None

    def jsonable(self, value: Any) -> Any:
        """The value as JSON has it."""
        return value


class IntKind(Kind):
    name, python, json_type = "int", int, {"type": "integer"}

    def columns(self, name: str) -> Any:
        return ((name, sa.BigInteger()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.BigInteger()),)

    def clean(self, value: Any, longest: int) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("expected a whole number")
        if not -_BIG <= value < _BIG:
            raise ValueError("the number is too large")
        return value


class FloatKind(Kind):
    """A measured number in a book of pycrm's own; records keep exact ones."""

    name, python, json_type = "float", float, {"type": "number"}

    def columns(self, name: str) -> Any:
        return ((name, sa.Double()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return self.columns(name)

    def clean(self, value: Any, longest: int) -> Any:
        if type(value) not in (int, float) or not isfinite(value):
            raise ValueError("expected a number")
        return float(value)


class BoolKind(Kind):
    name, python, raw, json_type = "bool", bool, (int,), {"type": "boolean"}

    def columns(self, name: str) -> Any:
        return ((name, RawBool()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.Boolean(create_constraint=False)),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, bool):
            raise ValueError("expected true or false")
        return value

    def decode(self, value: Any) -> Any:
        return bool(value)


class DateKind(Kind):
    name, python, raw = "date", date, (str,)
    json_type = {"type": "string", "format": "date"}

    def columns(self, name: str) -> Any:
        return ((name, RawDate()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.Text() if dialect == "sqlite" else sa.Date()),)

    def clean(self, value: Any, longest: int) -> Any:
        if isinstance(value, datetime) or not isinstance(value, date):
            raise ValueError("expected a date")
        return value

    def decode(self, value: Any) -> Any:
        return date.fromisoformat(value)

    def dump(self, dialect: str) -> Dump | None:
        return date.isoformat if dialect == "sqlite" else None

    def jsonable(self, value: Any) -> Any:
        return value.isoformat()


class InstantKind(Kind):
    name, python, raw = "instant", datetime, (int,)
    json_type = {"type": "string", "format": "date-time"}

    def columns(self, name: str) -> Any:
        return ((name, RawInstant()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.BigInteger() if dialect == "sqlite" else sa.DateTime(timezone=True)),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, datetime):
            raise ValueError("expected an instant")
        return utc(value)

    def decode(self, value: Any) -> Any:
        return instant(value)

    def dump(self, dialect: str) -> Dump | None:
        return micros if dialect == "sqlite" else None

    def jsonable(self, value: Any) -> Any:
        return value.isoformat()


class KeyKind(Kind):
    name, python = "key", UUID
    raw: tuple[type, ...] = (bytes,)
    json_type = {"type": "string", "format": "uuid"}

    def columns(self, name: str) -> Any:
        return ((name, RawKey()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.LargeBinary(16) if dialect == "sqlite" else sa.Uuid()),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, UUID):
            raise ValueError("expected an identifier")
        return value

    def decode(self, value: Any) -> Any:
        return uuid_of(value)

    def dump(self, dialect: str) -> Dump | None:
        return (lambda value: value.bytes) if dialect == "sqlite" else None

    def jsonable(self, value: Any) -> Any:
        return str(value)


class LinkKind(KeyKind):
    """A reference to a record of the class of that name."""

    name, raw = "link", (bytes, UUID)

    def __init__(self, target: str) -> None:
        self.target = target

    def names(self, name: str) -> tuple[str, ...]:
        return (f"{name}_id",)

    def columns(self, name: str) -> Any:
        return ((f"{name}_id", RawKey()),)

    def ddl(self, name: str, dialect: str) -> Any:
        return super().ddl(f"{name}_id", dialect)

    def clean(self, value: Any, longest: int) -> Any:
        entity = getattr(value, "entity", None)
        if entity is None:
            if not hasattr(value, "ref"):
                raise ValueError(f"expected a {self.target} or a reference to one")
            value = value.ref
            entity = value.entity
        if self.target not in (entity, "Record"):
            raise ValueError(f"expected a {self.target}, not a {entity}")
        return value

    def decode(self, value: Any) -> Any:
        return Ref(self.target, uuid_of(value) if value.__class__ is bytes else value)

    def dump(self, dialect: str) -> Dump | None:
        return (lambda value: value.id.bytes) if dialect == "sqlite" else (lambda value: value.id)

    def jsonable(self, value: Any) -> Any:
        return str(value.id)


class EnumKind(Kind):
    name, raw = "enum", (str,)

    def __init__(self, members: type[Enum]) -> None:
        self.python, self._members = members, {member.value: member for member in members}
        self.json_type = {"type": "string", "enum": [member.value for member in members]}

    def columns(self, name: str) -> Any:
        return ((name, RawEnum()),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, self.python):
            names = ", ".join(f"{type(one).__name__}.{one.name}" for one in self.python)  # type: ignore[attr-defined]
            raise ValueError(f"expected one of {names}")
        return value

    def decode(self, value: Any) -> Any:
        return self._members.get(value) or self.python(value)

    def dump(self, dialect: str) -> Dump | None:
        # The property `value` of an enumeration costs five times as much.
        return attrgetter("_value_")

    def jsonable(self, value: Any) -> Any:
        return value.value


class DecimalKind(Kind):
    name, python, raw = "decimal", Decimal, (int,)
    json_type = {"type": "string", "format": "decimal"}

    def __init__(self, scale: int) -> None:
        self.scale = scale

    def columns(self, name: str) -> Any:
        return ((name, RawScaled(self.scale)),)

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.BigInteger()),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, Decimal):
            raise ValueError("expected a decimal number")
        whole = scaled(value, self.scale)
        if not -_BIG <= whole < _BIG:
            raise ValueError("the number is too large")
        # With the places it is stored with, so that history never sees 2 become 2.000.
        return self.decode(whole)

    def decode(self, value: Any) -> Any:
        return Decimal(value).scaleb(-self.scale)

    def dump(self, dialect: str) -> Dump | None:
        return lambda value: scaled(value, self.scale)

    def jsonable(self, value: Any) -> Any:
        return f"{value:f}"


class MoneyKind(Kind):
    """Minor units and a currency, in two columns."""

    name, python, raw = "money", Money, (tuple,)
    json_type = {
        "type": "object",
        "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }

    def names(self, name: str) -> tuple[str, ...]:
        return (name, f"{name}_currency")

    def columns(self, name: str) -> Any:
        return ((name, sa.BigInteger()), (f"{name}_currency", sa.Text()))

    def ddl(self, name: str, dialect: str) -> Any:
        return ((name, sa.BigInteger()), (f"{name}_currency", sa.String(3)))

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, Money):
            raise ValueError("expected an amount of money")
        return value

    def decode(self, value: Any) -> Any:
        return Money.minor(*value)

    def jsonable(self, value: Any) -> Any:
        return {"amount": f"{value.amount:f}", "currency": value.currency}


class TextsKind(Kind):
    """A list of short texts in one JSON column."""

    name, python, raw = "texts", tuple, (str, list)
    taken = (str,)
    json_type = {"type": "array", "items": {"type": "string"}}

    def columns(self, name: str) -> Any:
        return ((name, RawJson()),)

    def ddl(self, name: str, dialect: str) -> Any:
        if dialect == "sqlite":
            return ((name, sa.Text()),)
        # The dialect takes as long to import as attrs and cattrs together.
        from sqlalchemy.dialects.postgresql import JSONB

        return ((name, JSONB()),)

    def clean(self, value: Any, longest: int) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError("expected a list of texts")
        return tuple(super(TextsKind, self).clean(item, longest) for item in value)

    def decode(self, value: Any) -> Any:
        return tuple(json.loads(value) if isinstance(value, str) else value)

    def dump(self, dialect: str) -> Dump | None:
        return to_text

    def jsonable(self, value: Any) -> Any:
        return list(value)


_SIMPLE: dict[Any, type[Kind]] = {
    str: Kind,
    int: IntKind,
    float: FloatKind,
    bool: BoolKind,
    date: DateKind,
    datetime: InstantKind,
    UUID: KeyKind,
    Money: MoneyKind,
    tuple[str, ...]: TextsKind,
}


def kind_of(annotation: Any, *, scale: int) -> Kind:
    """The kind of an annotation such as `date` or an enumeration.

    Raises:
        TypeError: pycrm does not store values of that type.
    """
    if annotation is Decimal:
        return DecimalKind(scale)
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]()
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return EnumKind(annotation)
    raise TypeError(f"no column type for {annotation!r}")
