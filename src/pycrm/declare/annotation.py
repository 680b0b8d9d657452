"""Reading the annotations of declared fields without importing what they name."""

from __future__ import annotations

import builtins
import re
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from pycrm.declare.kind import Kind, LinkKind, kind_of

__all__ = ["ReadAnnotation", "is_declaration", "read_annotation"]

_WANTED = "annotate the field as Field[…], Link[…] or Children[…]"
_OUTER = re.compile(r"^(?:\w+\.)*(Field|Link|Children|ClassVar)\[(.*)\]$", re.DOTALL)
_NAME = re.compile(r"^(?:\w+\.)*(\w+)$")


@attrs.frozen
class ReadAnnotation:
    """The kind of a field, whether it may be empty, and of children their class name."""

    kind: Kind | None
    nullable: bool = False
    child: str | None = None


def read_annotation(annotation: Any, namespace: Mapping[str, Any], scale: int) -> ReadAnnotation:
    """Read ``Field[date]``, ``Link[Customer | None]`` or ``Children[Line]``.

    Links and children name their class as text only: it may be declared later, be the class
    itself, or live in a module that must not be imported from here.

    Raises:
        TypeError: no annotation of that form, or of a type that cannot be stored.
    """
    outer, inner = _parts(annotation)
    if outer == "Children":
        return ReadAnnotation(None, False, _class_name(inner))
    if outer == "Link":
        name, nullable = _optional_name(inner)
        return ReadAnnotation(LinkKind(name), nullable)
    if outer != "Field":
        raise TypeError(_WANTED)
    plain, nullable = _named(inner, namespace) or _without_none(_evaluated(inner, namespace))
    return ReadAnnotation(kind_of(plain, scale=scale), nullable)


def is_declaration(annotation: Any) -> bool:
    """Whether an annotation is one of a field, so that its value must be declared too."""
    try:
        return _parts(annotation)[0] in ("Field", "Link", "Children")
    except TypeError:
        return False


def _parts(annotation: Any) -> tuple[str, Any]:
    if annotation is None:
        raise TypeError(_WANTED)
    if isinstance(annotation, str):
        match = _OUTER.match(annotation.strip())
        if not match:
            raise TypeError(f"cannot read the annotation {annotation!r}")
        outer, inner = match[1], match[2].strip()
    else:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is None or len(arguments) != 1:
            raise TypeError(f"cannot read the annotation {annotation!r}")
        outer, inner = getattr(origin, "__name__", "ClassVar"), arguments[0]
    # What pycrm keeps of every record is no argument of its constructor: mypy takes a descriptor
    # that a subclass inherits for a plain value, unless it is a class variable.
    return _parts(inner) if outer == "ClassVar" else (outer, inner)


def _optional_name(inner: Any) -> tuple[str, bool]:
    if isinstance(inner, typing.ForwardRef):
        inner = inner.__forward_arg__
    if isinstance(inner, str):
        names = [part.strip().strip("\"'") for part in inner.split("|")]
        nullable = "None" in names
        classes = [name for name in names if name != "None"]
        if len(classes) != 1:
            raise TypeError("a link leads to records of one class")
        return _class_name(classes[0]), nullable
    plain, nullable = _without_none(inner)
    return _class_name(plain), nullable


def _class_name(inner: Any) -> str:
    if isinstance(inner, typing.ForwardRef):
        inner = inner.__forward_arg__
    if isinstance(inner, str):
        match = _NAME.match(inner.strip("\"'"))
        if not match:
            raise TypeError(f"{inner!r} names no class")
        return "Record" if match[1] == "Any" else match[1]
    if inner is Any:
        return "Record"
    return str(inner.__name__)


def _named(inner: Any, namespace: Mapping[str, Any]) -> tuple[type, bool] | None:
    """What most annotations are, a class by its name, perhaps ``| None``; looking it up costs less than evaluating."""
    if not isinstance(inner, str):
        return None
    name, bar, none = inner.partition(" | ")
    found = namespace.get(name) or getattr(builtins, name, None)
    return (found, bool(bar)) if isinstance(found, type) and none in ("", "None") else None


def _evaluated(inner: Any, namespace: Mapping[str, Any]) -> Any:
    if isinstance(inner, typing.ForwardRef):
        inner = inner.__forward_arg__
    if not isinstance(inner, str):
        return inner
    try:
        # The text is an annotation in source code that Python would evaluate in just this way.
        found = eval(inner, dict(namespace))
        return eval(found, dict(namespace)) if isinstance(found, str) else found
    except NameError as error:
        raise TypeError(f"{error} (import it outside TYPE_CHECKING)") from None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], len(rest) < len(get_args(annotation))
    return annotation, False
