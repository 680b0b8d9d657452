"""What a stage or a move asks for besides fields: records that there are, and functions of plugins.

Like the rest of a pipeline these are data: they name classes, fields and functions by their keys.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import attrs

__all__ = [
    "OPERATORS",
    "Need",
    "Operator",
    "Use",
    "Where",
    "frozen_values",
    "names",
    "normal",
    "texts",
    "uses",
]

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "filled", "empty"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)


def names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple; a lone text is one name."""
    # A lone string would otherwise fall apart into its letters.
    return (given,) if isinstance(given, str) else tuple(given)


def normal(text: str) -> str:
    """Text in normal form C: stores keep it so, and a digest must not change on the way there and back."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def texts(given: Mapping[str, str]) -> Mapping[str, str]:
    """Texts by language, frozen."""
    return MappingProxyType({language: normal(text) for language, text in given.items()})


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def frozen_values(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values by name, frozen."""
    return MappingProxyType({name: _value(value) for name, value in given.items()})


@attrs.frozen
class Where:
    """One comparison of a field with a value.

    Args:
        field: the name of the field.
        op: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``filled`` or ``empty``.
        value: as JSON has it, of ``in`` a list; none for ``filled`` and ``empty``.
    """

    field: str
    op: Operator = "="
    value: Any = attrs.field(default=None, converter=_value)


def _wheres(given: Where | Iterable[Where]) -> tuple[Where, ...]:
    return (given,) if isinstance(given, Where) else tuple(given)


@attrs.frozen
class Need:
    """Records that there must be, or that make fields required.

    They are counted within the database, among those that the mover may see; nothing is told of others.

    Args:
        key: lower-case identifier, by which a refusal names it.
        label: what is asked for, in words: "a contact who decides".
        entity: the class of the records, or of the rows of one of the record's own lists.
        match: fields of that class, each with the field of the moved record that it must equal (``id``
            is the record itself); of rows nothing.
        where: what else must hold of each.
        least: how many there must be.
        then: fields of the moved record that must be filled where there are so many; without it the
            records themselves are what is asked for.
        translations: the label in further languages.
    """

    key: str
    label: str = attrs.field(converter=normal)
    entity: str
    match: Mapping[str, str] = attrs.field(factory=dict, converter=texts, kw_only=True, hash=False)
    where: tuple[Where, ...] = attrs.field(default=(), converter=_wheres, kw_only=True)
    least: int = attrs.field(default=1, kw_only=True)
    then: tuple[str, ...] = attrs.field(default=(), converter=names, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=texts, kw_only=True, hash=False)


@attrs.frozen
class Use:
    """A guard or an action of a plugin, with the parameters that this move gives it.

    Args:
        name: under which the plugin offers it, such as ``exam.visits``.
        parameters: what it is called with besides the record, as JSON has it.
    """

    name: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict, converter=frozen_values, hash=False)


def uses(given: str | Use | Iterable[str | Use]) -> tuple[Use, ...]:
    """Functions of plugins; a lone name is one without parameters."""
    listed: Iterable[str | Use] = (given,) if isinstance(given, str | Use) else given
    return tuple(one if isinstance(one, Use) else Use(one) for one in listed)
