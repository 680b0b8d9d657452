"""Code made once per class, where a loop over the fields would cost more than the work itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.kind import BoolKind, DateKind, EnumKind, InstantKind, IntKind, KeyKind, Kind, LinkKind
from pycrm.declare.reference import Ref

if TYPE_CHECKING:
    from pycrm.declare.field import Spec

__all__ = ["LateInitialiser", "compiled", "initialiser", "journalist"]

_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def compiled(source: str, scope: dict[str, Any], name: str, cls: str) -> Any:
    """The function of that name in the source; the source holds only names made by pycrm."""
    exec(compile(source, f"<{name} {cls}>", "exec"), scope)
    return scope[name]


class LateInitialiser:
    """``__init__`` of a class, made when it is first asked for: most programs make records of few classes."""

    def __init__(self, cls: Any, required: object) -> None:
        self._cls, self._required = cls, required

    def __get__(self, record: Any, owner: Any = None) -> Any:
        cls = self._cls
        made: Any = initialiser(cls.__name__, tuple(cls.__specs__.values()), self._required)
        cls.__init__ = made
        return made if record is None else made.__get__(record, owner)


def initialiser(cls: str, specs: Sequence[Spec], required: object) -> Callable[..., None]:
    """``__init__`` with the fields that callers give, as keywords.

    That of attrs would write each slot through its descriptor. Most values are plainly right, which is
    seen here; only where one may not be, all of them are looked at again and cleaned.
    """
    given = [spec for spec in specs if spec.init]
    scope: dict[str, Any] = {"_bound": object.__setattr__.__get__, "_Ref": Ref}
    scope |= {"_UUID": UUID, "_datetime": datetime, "_UTC": UTC}
    parameters: list[str] = []
    for index, spec in enumerate(given):
        scope[f"_default{index}"] = spec.default
        parameters.append(spec.name if spec.default is required else f"{spec.name}=_default{index}")
    plain = [f"({_plainly_right(index, spec, scope, required)})" for index, spec in enumerate(given)]
    star = ", *, " if parameters else ""
    source = "\n".join(
        [
            f"def __init__(self{star}{', '.join(parameters)}):",
            "    _put = _bound(self)",
            *(f"    _put('_raw_{spec.name}', {spec.name})" for spec in given),
            *(["    if not (" + " and ".join(plain) + "):", "        self.__clean__()"] if plain else []),
        ]
    )
    return compiled(source, scope, "__init__", cls)  # type: ignore[no-any-return]


def _plainly_right(index: int, spec: Spec, scope: dict[str, Any], required: object) -> str:
    """What is true of a value only if cleaning it would leave it as it is."""
    name, kind = spec.name, spec.kind
    found = [] if spec.default is required else [f"{name} is _default{index}"]
    if spec.nullable:
        found.append(f"{name} is None")
    if spec.is_plain:
        simple = f"{name}.isascii() and '\\0' not in {name} and not {name}.isspace()"
        found.append(f"({name}.__class__ is str and 0 < len({name}) <= {spec.longest} and {simple})")
    elif type(kind) is KeyKind and not spec.validators:
        found.append(f"{name}.__class__ is _UUID")
    elif type(kind) is InstantKind and not spec.validators:
        found.append(f"({name}.__class__ is _datetime and {name}.tzinfo is _UTC)")
    elif isinstance(kind, EnumKind) and not spec.validators:
        scope[f"_enum{index}"] = kind.python
        found.append(f"{name}.__class__ is _enum{index}")
    elif isinstance(kind, LinkKind) and not spec.validators:
        fits = "" if kind.target == "Record" else f" and {name}.entity == {kind.target!r}"
        found.append(f"({name}.__class__ is _Ref{fits})")
    return " or ".join(found) or "False"


def json_text(value: Any) -> str:
    """Compact JSON text of one value; a general encoder takes longer to set up than to write most."""
    if value.__class__ is str:
        return _quoted(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    return _encode(value)


def journalist(cls: str, specs: Sequence[Spec]) -> Callable[[Any, str, list[str]], None]:
    """What appends, of a new record, ``"path":[null,value]`` for each field that is not empty."""
    scope: dict[str, Any] = {"quoted": _quoted, "text": json_text}
    lines: list[str] = []
    for index, spec in enumerate(specs):
        assert spec.kind is not None
        value = _expression(index, spec.kind, scope)
        lines += [
            f"    v = record._raw_{spec.name}",
            "    if v is not None and v != ():",
            f"        add('\"' + prefix + '{spec.name}\":[null,' + {value} + ']')",
        ]
    body = lines or ["    pass"]
    source = "\n".join(["def journal(record, prefix, parts):", "    add = parts.append", *body])
    return compiled(source, scope, "journal", cls)  # type: ignore[no-any-return]


def _expression(index: int, kind: Kind, scope: dict[str, Any]) -> str:
    """How a value that a caller gave is written as JSON; it may also be as the driver takes it."""
    if type(kind) is Kind:
        return "quoted(v)"
    if isinstance(kind, EnumKind):
        members: Any = kind.python
        scope[f"m{index}"] = {member.value: _quoted(member.value) for member in members}
        return f"m{index}[v._value_]"
    if isinstance(kind, BoolKind):
        return "('true' if v else 'false')"
    if isinstance(kind, IntKind):
        return "str(v)"
    if isinstance(kind, DateKind):
        return "'\"' + v.isoformat() + '\"'"
    scope[f"k{index}"] = kind
    if isinstance(kind, LinkKind):
        return "'\"' + str(v.id) + '\"'"
    if isinstance(kind, KeyKind):
        return "'\"' + str(v) + '\"'"
    return f"text(k{index}.jsonable(v))"
