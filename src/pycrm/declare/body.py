"""Reading the class body of a record: which fields it declares."""

from __future__ import annotations

import sys
from typing import Any

from pycrm.declare.annotation import is_declaration, read_annotation
from pycrm.declare.field import Declared, Spec, declared_field
from pycrm.errors import DeclarationError, Problem

__all__ = ["code_of", "declared_fields", "refuse_unfit", "summary_of"]

# Words of the verbs: a field of that name could not be passed to them.
_RESERVED = frozenset(
    {"because", "to", "ref", "check", "derive", "begin", "self", "effective_on", "evidence", "split"}
    | {"derives", "derives_from", "declassified", "mirrors", "keeps_latest", "dropped_by_moves"}
)


def declared_fields(class_name: str, namespace: dict[str, Any]) -> dict[str, Spec]:
    """What a class body declares, by name.

    Raises:
        DeclarationError: naming class and field, and what is wrong with it.
    """
    annotations = namespace.get("__annotations__", {})
    module = getattr(sys.modules.get(namespace.get("__module__", "")), "__dict__", {})
    found: dict[str, Spec] = {}
    for name, declared in list(namespace.items()):
        if not isinstance(declared, Declared):
            continue
        if name in _RESERVED and declared.options.get("init", True):
            raise DeclarationError(f"{class_name}.{name}: this word belongs to the verbs of a session")
        try:
            read = read_annotation(annotations.get(name), module, declared.options["scale"])
            found[name] = declared_field(name, declared, read.kind, nullable=read.nullable, child=read.child)
        except (TypeError, DeclarationError) as error:
            raise DeclarationError(f"{class_name}.{name}: {error}") from None
    for name, annotation in annotations.items():
        if name not in found and is_declaration(annotation):
            raise DeclarationError(f"{class_name}.{name}: declare it with field(…), link(…) or children(…)")
    return found


def refuse_unfit(class_name: str, base: str, specs: dict[str, Spec]) -> None:
    """Refuse what fields of such a class cannot be.

    Args:
        base: ``Record``, ``Facet``, ``Child`` or ``Row``.

    Raises:
        DeclarationError: naming class and field.
    """
    for name, spec in specs.items():
        # A list in the order of a facet's field holds the records that have a value of it.
        if spec.order and spec.nullable and base != "Facet":
            raise DeclarationError(
                f"{class_name}.{name}: lists cannot be ordered by a field that may be empty"
            )
        if getattr(spec.kind, "name", None) == "float" and base != "Row":
            raise DeclarationError(f"{class_name}.{name}: a record keeps Decimal or Money, no float")
        if spec.title and (getattr(spec.kind, "name", None) != "text" or spec.special or spec.restricted):
            raise DeclarationError(f"{class_name}.{name}: a record is called by a text that is shown")
    titles = [name for name, spec in specs.items() if spec.title]
    if len(titles) > 1:
        raise DeclarationError(
            f"{class_name}: a record is called by one field, not by {' and '.join(titles)}"
        )


def code_of(value: Any) -> str:
    """The code of the problem with a value: that it is wanting, or of another type."""
    return "required" if value is None or value == "" else "type"


def summary_of(cls: type, problems: list[Problem]) -> str:
    """All problems of a record in one sentence, which names the first."""
    first = problems[0]
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{cls.__name__}: {first.path}: {first.message}{rest}"
