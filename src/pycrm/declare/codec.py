"""JSON in and out of records: strict, every error at once, each with its path.

Nothing is coerced (``"false"`` is no truth value, ``"3"`` no number) and no unknown key is
swallowed. A patch holds only what it changes: a key that is absent is left alone, a null empties.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.field import Spec
from pycrm.declare.kind import DecimalKind, EnumKind, LinkKind, TextsKind
from pycrm.declare.raw import Masked
from pycrm.declare.record import child_class
from pycrm.declare.reference import Ref
from pycrm.declare.telling import teller
from pycrm.errors import InvalidError, Problem
from pycrm.values import Money, decimal_of, parse_instant

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["dump", "from_json", "json_schema", "load", "load_patch", "mask_of", "seen"]

_MOST_ROWS = 1000


def _exactly(kind: type) -> Any:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"expected {_WORDS[kind]}")
        return value

    return structure


_WORDS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


def _text(value: Any, words: str) -> str:
    if type(value) is not str or len(value) > 200:
        raise ValueError(f"expected {words}")
    return value


def _date(value: Any, _: Any) -> date:
    text = _text(value, "a date such as 2026-06-30")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a date such as 2026-06-30") from None
    # Python also takes weeks (2026-W27-2) and dates without hyphens.
    if found.isoformat() != text:
        raise ValueError("expected a date such as 2026-06-30")
    return found


def _instant(value: Any, _: Any) -> datetime:
    try:
        return parse_instant(value)
    except ValueError:
        raise ValueError("expected an instant with its zone, such as 2026-06-30T09:00:00+08:00") from None


def _key(value: Any, _: Any) -> UUID:
    text = _text(value, "an identifier")
    try:
        found = UUID(text)
    except ValueError:
        raise ValueError("expected an identifier") from None
    # Python also takes braces, a URN and text without hyphens.
    if str(found) != text.lower():
        raise ValueError("expected an identifier")
    return found


def _money(value: Any, _: Any) -> Money:
    if type(value) is not dict or set(value) != {"amount", "currency"}:
        raise ValueError("expected an object with amount and currency")
    return Money(_text(value["amount"], "the amount as text"), _text(value["currency"], "a currency"))


@cache
def converter() -> Converter:
    """The strict converter of plain values."""
    from cattrs import Converter

    made = Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in (str, int, bool):
        made.register_structure_hook(kind, _exactly(kind))
    made.register_structure_hook(date, _date)
    made.register_structure_hook(datetime, _instant)
    made.register_structure_hook(UUID, _key)
    made.register_structure_hook(Money, _money)
    return made


def from_json(spec: Spec, value: Any) -> Any:
    """The value of one field from JSON.

    Raises:
        ValueError: it is of another type.
    """
    kind = spec.kind
    if value is None or kind is None:
        return value
    if isinstance(kind, LinkKind):
        return Ref(kind.target, _key(value, None))
    if isinstance(kind, DecimalKind):
        return decimal_of(_text(value, "a decimal number as text"))
    if isinstance(kind, EnumKind):
        return _member(kind, value)
    if isinstance(kind, TextsKind):
        if type(value) is not list or any(type(item) is not str for item in value):
            raise ValueError("expected a list of texts")
        return tuple(value)
    return _reader(kind.python)(value, kind.python)


@cache
def _reader(python: type) -> Callable[[Any, Any], Any]:
    """What the converter reads such values by; it would look its way up anew for each of them."""
    return converter().get_structure_hook(python)


def _member(kind: EnumKind, value: Any) -> Enum:
    members: Any = kind.python
    for member in members:
        if type(value) is str and member.value == value:
            return member  # type: ignore[no-any-return]
    raise ValueError(f"expected one of {', '.join(member.value for member in members)}")


Known = Callable[[Any], Container[str]]


def load(cls: Any, data: Any, *, known: Known | None = None) -> Any:
    """A new record from a JSON object.

    Args:
        known: the fields of a class that whoever gives the object knows of; others are unknown to it.

    Raises:
        InvalidError: with every missing, unknown and wrong field and its path.
    """
    problems: list[Problem] = []
    values = _loaded(cls, data, "", problems, known)
    problems += [
        Problem(name, "required", "a value is required")
        for name, spec in cls.__specs__.items()
        if spec.required and isinstance(data, Mapping) and name not in data
    ]
    if problems:
        raise _invalid(cls, problems)
    return cls(**values)


def load_patch(cls: Any, data: Any, *, known: Known | None = None) -> dict[str, Any]:
    """The fields of a change from a JSON object: what is absent is not touched.

    Args:
        known: as of `load`.

    Raises:
        InvalidError: with every unknown and wrong field and its path.
    """
    problems: list[Problem] = []
    values = _loaded(cls, data, "", problems, known)
    if problems:
        raise _invalid(cls, problems)
    return values


def _invalid(cls: Any, problems: list[Problem]) -> InvalidError:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidError(f"{cls.__name__}: {problems[0].path}: {problems[0].message}{more}", fields=problems)


def _loaded(cls: Any, data: Any, prefix: str, problems: list[Problem], known: Known | None) -> dict[str, Any]:
    if type(data) is not dict:
        problems.append(Problem(prefix.rstrip("/"), "type", "expected an object"))
        return {}
    values: dict[str, Any] = {}
    for name, value in data.items():
        path = f"{prefix}{_printable(name)}"
        spec = cls.__specs__.get(name) if isinstance(name, str) else None
        if spec is None or not spec.init or (known is not None and name not in known(cls)):
            problems.append(Problem(path, "unknown", "unknown field"))
            continue
        try:
            if spec.child is not None:
                values[name] = _rows(cls, spec, value, path, problems, known)
            else:
                values[name] = spec.clean(from_json(spec, value))
        except (ValueError, TypeError) as error:
            problems.append(Problem(path, "required" if value is None else "type", str(error)))
    return values


def _printable(name: Any) -> str:
    """A key as an error may repeat it: whatever it holds, it can be encoded and it is short."""
    return str(name)[:100].encode("utf-8", "backslashreplace").decode("utf-8")


def _rows(
    cls: Any, spec: Spec, value: Any, path: str, problems: list[Problem], known: Known | None
) -> tuple[Any, ...]:
    if type(value) is not list or len(value) > _MOST_ROWS:
        raise ValueError(f"expected a list of at most {_MOST_ROWS} rows")
    child = child_class(cls, spec)
    made: list[Any] = []
    for index, row in enumerate(value):
        before = len(problems)
        inner = dict(row) if type(row) is dict else row
        identity = _identity(inner, f"{path}/{index}/id", problems) if type(inner) is dict else None
        values = _loaded(child, inner, f"{path}/{index}/", problems, known)
        if type(inner) is dict:
            problems += [
                Problem(f"{path}/{index}/{name}", "required", "a value is required")
                for name, one in child.__specs__.items()
                if one.required and name not in inner
            ]
        if len(problems) == before:
            made.append(_identified(child, values, identity))
    return tuple(made)


def _identity(row: dict[str, Any], path: str, problems: list[Problem]) -> UUID | None:
    """The id of a row that is stored already, taken out of the row; a new row has none."""
    if "id" not in row:
        return None
    try:
        return _key(row.pop("id"), None)
    except ValueError as error:
        problems.append(Problem(path, "type", str(error)))
        return None


def _identified(child: Any, values: dict[str, Any], identity: UUID | None) -> Any:
    from pycrm.declare.row import layout

    made = child(**values)
    return made if identity is None else layout(child).copy(made, {"id": identity})


def mask_of(record: Any, name: str) -> str | None:
    """The text that stands for a masked field, or None where the field is not masked."""
    held = getattr(record, f"_raw_{name}", None)
    return held.text if held.__class__ is Masked else None


def seen(record: Any, name: str) -> Any:
    """The value of a field, or the text of its mask.

    Raises:
        NotReadError: it is hidden from the reader, or was not asked for.
    """
    mask = mask_of(record, name)
    return getattr(record, name) if mask is None else mask


def dump(record: Any) -> dict[str, Any]:
    """The record as JSON has it; fields that were not read are absent, of masked ones the mask stands.

    A row has its id, so that it can be sent back; its parent and its place are where it stands.
    """
    return teller(type(record))(record)


def json_schema(cls: Any, *, patch: bool = False) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `load`, or with `patch` `load_patch`, takes."""
    properties: dict[str, Any] = {}
    for name, spec in cls.__specs__.items():
        if spec.init:
            properties[name] = _property(cls, spec)
    schema: dict[str, Any] = {
        "title": cls.__name__,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    required = [name for name, spec in cls.__specs__.items() if spec.required]
    if required and not patch:
        schema["required"] = required
    return schema


def _property(cls: Any, spec: Spec) -> dict[str, Any]:
    if spec.child is not None:
        inner = json_schema(child_class(cls, spec))
        inner["properties"]["id"] = {"type": "string", "format": "uuid"}
        return {"title": spec.label, "type": "array", "maxItems": _MOST_ROWS, "items": inner}
    assert spec.kind is not None
    found: dict[str, Any] = {"title": spec.label, **spec.kind.json_type}
    if found["type"] == "string" and spec.kind.name == "text":
        found["maxLength"] = spec.longest
    if spec.nullable:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found
