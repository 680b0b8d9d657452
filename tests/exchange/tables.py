"""Small tables in memory, for the tests of reading and mapping."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pycrm.errors import InvalidError
from pycrm.exchange import Row, TableReader, read_table

__all__ = ["read", "refusal", "rows"]


def read(content: bytes | str, **options: Any) -> TableReader:
    """An open table of these bytes, or of this text as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), **options)


def rows(content: bytes | str, **options: Any) -> list[Row]:
    """All rows of the table."""
    return list(read(content, **options))


def refusal(content: bytes | str, **options: Any) -> InvalidError:
    """The error by which the file as a whole is refused, at opening or while reading."""
    with pytest.raises(InvalidError) as caught:
        list(read(content, **options))
    assert caught.value.fields, "a refusal names its place"
    return caught.value
