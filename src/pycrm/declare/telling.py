"""Values to JSON straight from what the driver gave, without making a Python value of each first.

A list of fifty records has fifteen hundred of them, and most of its time went into that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pycrm.declare.field import Spec
from pycrm.declare.generate import compiled
from pycrm.declare.raw import Masked, instant
from pycrm.declare.record import Child
from pycrm.declare.reference import per_class

__all__ = ["teller"]

Told = Callable[[Any], Any]


# A list names the same people and units again and again, and a record the same instants.
@lru_cache(maxsize=8192)
def _hyphened(key: bytes) -> str:
    text = key.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@lru_cache(maxsize=8192)
def _moment(microseconds: int) -> str:
    return instant(microseconds).isoformat()


def _key(value: Any) -> str:
    return _hyphened(value) if value.__class__ is bytes else str(getattr(value, "id", value))


def _instant(value: Any) -> Any:
    return _moment(value) if value.__class__ is int else value.isoformat()


def _date(value: Any) -> Any:
    return value if value.__class__ is str else value.isoformat()


def _enum(value: Any) -> Any:
    return value if value.__class__ is str else value.value


def _texts(value: Any) -> list[Any]:
    if value.__class__ is str:
        return [] if value == "[]" else list(json.loads(value))
    return list(value)


def _as_it_is(value: Any) -> Any:
    return value


_BY_KIND: dict[str, Told] = {
    **{"key": _key, "link": _key, "instant": _instant, "date": _date, "enum": _enum, "texts": _texts},
    **{"text": _as_it_is, "int": _as_it_is, "float": _as_it_is, "bool": bool},
}


def _of(spec: Spec) -> Told:
    kind = spec.kind
    assert kind is not None
    known = _BY_KIND.get(kind.name)
    if known is not None:
        return known

    def told(value: Any) -> Any:
        return kind.jsonable(kind.decode(value) if value.__class__ in kind.raw else value)

    return told


_LINES = """
    try:
        value = read{at}(record)
    except AttributeError:
        pass
    else:
        found[{name!r}] = {told}
"""


@per_class
def teller(cls: Any) -> Callable[[Any], dict[str, Any]]:
    """What makes JSON of a record of the class: hidden fields are absent, of masked ones the mask stands.

    It is generated, field by field. Where a row stands is told by where it stands, and not by fields of its own.
    """
    skipped = ("parent", "position") if issubclass(cls, Child) else ()
    scope: dict[str, Any] = {"Masked": Masked}
    source = "def told(record):\n    found = {}"
    for at, (name, spec) in enumerate(cls.__specs__.items()):
        if name in skipped:
            continue
        scope[f"read{at}"] = getattr(cls, f"_raw_{name}").__get__
        if spec.child is not None:
            scope[f"tell{at}"] = _rows
        elif spec.kind is None:
            continue
        else:
            scope[f"tell{at}"] = _of(spec)
        is_plain = scope[f"tell{at}"] is _as_it_is
        rest = "value" if is_plain else f"None if value is None else tell{at}(value)"
        told = f"value.text if value.__class__ is Masked else {rest}"
        source += _LINES.format(at=at, name=name, told=told)
    made: Callable[[Any], dict[str, Any]] = compiled(
        f"{source}    return found\n", scope, "told", cls.__name__
    )
    return made


def _rows(value: Any) -> list[dict[str, Any]]:
    return [teller(type(row))(row) for row in value]
