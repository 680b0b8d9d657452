"""Writing tables (CSV, RFC 4180) that a spreadsheet opens without running anything.

A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV
injection"); `restore` takes it away again. Numbers are written as numbers.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import TracebackType
from typing import Any, BinaryIO, Self
from uuid import UUID

from pycrm.values import Money

__all__ = ["TableWriter", "neutralise", "restore", "write_table"]

# What a spreadsheet may evaluate: = + - @ and their full-width forms, perhaps behind white space, and
# cells that begin with a tab or a line end. Apostrophes in front belong to the pattern: so the set is
# closed under neutralising, and taking one apostrophe away is exactly its inverse.
_RISKY = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
_SIGNS = frozenset("'=+-@＝＋－＠\t\r\n")


def neutralise(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet might run it.

    >>> neutralise("=1+1"), neutralise("'=1+1"), neutralise("'quoted'")
    ("'=1+1", "''=1+1", "'quoted'")
    """
    if text and (text[0] in _SIGNS or text[0].isspace()) and _RISKY.match(text):
        return "'" + text
    return text


def restore(text: str) -> str:
    """The text that `neutralise` was given.

    >>> restore("'=1+1"), restore("''=1+1"), restore("'quoted'")
    ('=1+1', "'=1+1", "'quoted'")
    """
    return text[1:] if text[:1] == "'" and _RISKY.match(text, 1) else text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    write = _FORMS.get(type(value))
    if write is not None:
        return write(value)
    for kind, form in _FORMS.items():
        if isinstance(value, kind):
            return form(value)
    raise TypeError(f"a {type(value).__name__} has no form in a table")


def _enum(value: Enum) -> str:
    return _cell(value.value)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("the instant has no time zone")
    return value.astimezone(UTC).isoformat()


def _decimal(value: Decimal) -> str:
    if not value.is_finite() or value.adjusted() > 60 or len(value.as_tuple().digits) > 80:
        raise ValueError("no finite number of reasonable size")
    return f"{value:f}"


def _texts(value: tuple[Any, ...]) -> str:
    return neutralise(";".join(str(part) for part in value))


# Subclasses first: a truth value is an integer, an instant is a date, an enum may be a text.
_FORMS: dict[type, Callable[[Any], str]] = {
    Enum: _enum,
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: _decimal,
    datetime: _instant,
    date: date.isoformat,
    UUID: str,
    str: neutralise,
    tuple: _texts,
}


class TableWriter:
    """Writes a table row by row; use it in a `with` block.

    Columns named in `money` become two: the amount, and ``<name>_currency``. Texts are neutralised,
    None is an empty cell, instants are in UTC, enums their text, tuples are joined by semicolons.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        header: Sequence[str],
        *,
        money: Iterable[str] = (),
        bom: bool = False,
    ) -> None:
        """Write the header.

        Args:
            target: a path, which is written anew, or a stream of bytes, which stays open.
            header: the names of the columns.
            money: those that hold `Money`.
            bom: begin with a byte-order mark, by which Excel knows UTF-8.
        """
        self._owned = isinstance(target, str | os.PathLike)
        stream: Any = open(target, "wb") if isinstance(target, str | os.PathLike) else target  # noqa: SIM115
        encoding = "utf-8-sig" if bom else "utf-8"
        self._text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        in_money = frozenset(money)
        self._money = frozenset(index for index, name in enumerate(header) if name in in_money)
        self._width = len(header)
        names: list[str] = []
        for name in header:
            names += [name, f"{name}_currency"] if name in in_money else [name]
        self._writer.writerow([neutralise(name) for name in names])
        self.rows = 0

    def write(self, values: Sequence[Any]) -> None:
        """Write one row.

        Raises:
            TypeError: a value that has no form in a table, such as a binary float, or money in a column
                that was not announced as money.
            ValueError: another number of values than columns, or a value that cannot be written.
        """
        if len(values) != self._width:
            raise ValueError(f"{len(values)} values for {self._width} columns")
        if self._money:
            cells: list[str] = []
            for index, value in enumerate(values):
                cells += _amount(value) if index in self._money else (_cell(value),)
        else:
            cells = [_cell(value) for value in values]
        self._writer.writerow(cells)
        self.rows += 1

    def flush(self) -> None:
        """Hand everything written so far to the target."""
        self._text.flush()

    def close(self) -> None:
        """Write what is left, and close the file if the writer opened it."""
        if self._owned:
            self._text.close()
        elif not self._text.closed:
            self._text.flush()
            self._text.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _amount(value: Any) -> tuple[str, str]:
    if value is None:
        return "", ""
    if not isinstance(value, Money):
        raise TypeError(f"expected money, not {type(value).__name__}")
    return f"{value.amount:f}", value.currency


def write_table(
    target: str | os.PathLike[str] | BinaryIO,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    money: Iterable[str] = (),
    bom: bool = False,
) -> int:
    """Write a whole table as the rows come, and return how many there were; see `TableWriter`."""
    with TableWriter(target, header, money=money, bom=bom) as writer:
        for values in rows:
            writer.write(values)
        return writer.rows
