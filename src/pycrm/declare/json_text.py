"""JSON text from outside: read within bounds, before anything else looks at it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from pycrm.errors import InvalidError, Problem
from pycrm.values import decimal_of

__all__ = ["parse"]

_MOST_BYTES = 2_000_000
_DEEPEST = 32
_LONGEST_NUMBER = 40
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def parse(text: str | bytes, *, most_bytes: int = _MOST_BYTES) -> Any:
    """The value of a JSON text (RFC 8259), for `pycrm.declare.codec.load`.

    Stricter than the standard library: a repeated key is refused rather than the first value lost,
    NaN and Infinity are no JSON, a number has at most 40 characters, nesting ends at 32 levels.
    Numbers with a point or an exponent become `Decimal`.

    Raises:
        InvalidError: the text is no such JSON, not UTF-8, or longer than `most_bytes`.
    """
    if len(text) > most_bytes:
        raise _refused("range", f"longer than {most_bytes} bytes")
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        if _is_too_deep(plain):
            raise _refused("range", f"nested more than {_DEEPEST} levels deep")
        return json.loads(
            plain,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise _refused("format", "expected text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise _refused("format", f"no JSON: {error.msg} in line {error.lineno}") from None
    except ValueError as error:
        raise _refused("format", str(error)) from None


def _refused(code: str, message: str) -> InvalidError:
    return InvalidError(message, fields=[Problem("", code, message)])


def _is_too_deep(text: str) -> bool:
    depth = 0
    for found in _BRACKETS.finditer(text):
        first = found[0][0]
        if first in "[{":
            depth += 1
            if depth > _DEEPEST:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, number in names.items() if number > 1)
        raise ValueError(f"the key {ascii(twice)[:80]} stands there twice")
    return made


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number of more than {_LONGEST_NUMBER} characters")
    return int(digits)


def _decimal(digits: str) -> Any:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number of more than {_LONGEST_NUMBER} characters")
    return decimal_of(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
