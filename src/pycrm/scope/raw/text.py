"""The parameters of a raw statement: ``:name`` outside of quotes and comments."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pycrm.declare import Record, Ref
from pycrm.errors import InvalidError, Problem

__all__ = ["plain", "refused", "replaced", "unknown"]

_PIECE = re.compile(
    r"""
    [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | :: | :(?P<name>[A-Za-z_]\w*)
    """,
    re.DOTALL | re.VERBOSE,
)


def refused(message: str, code: str = "rule") -> InvalidError:
    """The refusal of a statement."""
    return InvalidError(f"sql: {message}", fields=[Problem("sql", code, message)])


def unknown(what: str, name: str) -> InvalidError:
    """The one answer for a table, column or function that is missing and for one that is not given."""
    return refused(f'{what} "{name}" does not exist', "unknown")


def replaced(text: str, parameters: dict[str, Any], put: Callable[[str], str]) -> str:
    """The text with each parameter put in its place.

    Raises:
        InvalidError: the text names a parameter that was not given, or one was given that it does not name.
    """
    used: set[str] = set()

    def one(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in parameters:
            raise refused(f"the parameter {name} was not given", "required")
        used.add(name)
        return put(name)

    made = _PIECE.sub(one, text)
    for name in parameters:
        if name not in used:
            raise refused(f"the statement names no parameter {name}", "unknown")
    return made


def plain(name: str, value: Any) -> Any:
    """A parameter as a value that both drivers know, or a list of them.

    Raises:
        InvalidError: it is none.
    """
    if isinstance(value, Record | Ref):
        return value.id
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [plain(name, one) for one in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        raise refused(f"the parameter {name} is a time without its zone", "type")
    if isinstance(value, str) and "\0" in value:
        raise refused(f"the parameter {name} holds a NUL character", "format")
    if value is None or isinstance(value, bool | int | float | str | Decimal | UUID | datetime | date):
        return value
    raise refused(f"the parameter {name} is a {type(value).__name__}, which SQL does not know", "type")
