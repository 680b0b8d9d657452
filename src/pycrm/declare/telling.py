"""Values to JSON straight from what the driver gave, without making a Python value of each first.

A list of fifty records has fifteen hundred of them, and most of its time went into that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pycrm.declare.field import Spec
from pycrm.declare.raw import instant
from pycrm.declare.record import Child, child_class
from pycrm.declare.reference import per_class

__all__ = ["plan"]

Told = Callable[[Any], Any]


def _key(value: Any) -> str:
    if value.__class__ is bytes:
        text = value.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return str(getattr(value, "id", value))


def _instant(value: Any) -> str:
    found: str = (instant(value) if value.__class__ is int else value).isoformat()
    return found


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


@per_class
def plan(cls: Any) -> tuple[tuple[str, Told, Told | None], ...]:
    """Of each field its name, what reads its slot, and what makes JSON of it; of lists of rows nothing.

    Where a row stands is told by where it stands, and not by fields of its own.
    """
    skipped = ("parent", "position") if issubclass(cls, Child) else ()
    return tuple(
        (name, getattr(cls, f"_raw_{name}").__get__, None if spec.child is not None else _of(spec))
        for name, spec in cls.__specs__.items()
        if name not in skipped and (spec.kind is not None or child_class(cls, spec))
    )
