"""Reading tables of delimited text (CSV, TSV), whoever wrote them.

`read_table` streams: memory does not grow with the file. What concerns the whole file (its encoding,
its header, a quote that is never closed) is refused by raising; what concerns one row (too few cells,
a NUL, a cell of ten megabytes) is a problem of that row, and reading goes on.
"""

from __future__ import annotations

import csv
import io
import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple, Self

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.exchange._lines import Lines, Window
from pycrm.exchange._scan import Scan
from pycrm.exchange._sniff import SAMPLE, find_delimiter, find_encoding, refuse

__all__ = ["Limits", "Position", "Row", "TableReader", "read_table"]


@attrs.frozen
class Limits:
    """How much of a table is taken; beyond it, a refusal.

    `cell_bytes` and `row_bytes` count bytes (as UTF-8) of one cell and of one row over all its
    lines, `cells` the columns, `rows` the rows below the header.
    """

    cell_bytes: int = attrs.field(default=131_072, validator=attrs.validators.ge(1))
    row_bytes: int = attrs.field(default=1_048_576, validator=attrs.validators.ge(1))
    cells: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))
    rows: int = attrs.field(default=10_000_000, validator=attrs.validators.ge(1))


class Row(NamedTuple):
    """One row: the physical line where it starts (from 1), its cells, and what is wrong with it."""

    line: int
    values: list[str]
    problems: tuple[Problem, ...] = ()

    def check(self) -> None:
        """Raise `InvalidError` when anything is wrong with the row."""
        if self.problems:
            raise InvalidError(self.problems[0].message, fields=self.problems)


# Half the price of the class's own constructor, once a row.
_row: Callable[[tuple[int, list[str], tuple[Problem, ...]]], Row] = partial(tuple.__new__, Row)


@attrs.frozen
class Position:
    """The place between two rows, where a later run can go on (`read_table(…, start=position)`).

    `offset` counts bytes of the file, `line` the physical lines and `rows` the rows before the
    place. `check` recognises the line before it, so that a file that changed meanwhile is refused.
    """

    offset: int = attrs.field(validator=attrs.validators.ge(0))
    line: int = attrs.field(validator=attrs.validators.ge(0))
    rows: int = attrs.field(validator=attrs.validators.ge(0))
    check: str = attrs.field(default="", validator=attrs.validators.matches_re(r"([0-9a-f]{8}-\d{1,9})?"))


class TableReader:
    """An open table: its header, and its rows as an iterator that runs once.

    Made by `read_table`. Close it, or use it in a `with` block; a stream that was handed in stays
    open.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        encoding: str | None,
        delimiter: str | None,
        limits: Limits,
        start: Position | None,
        owned: bool,
    ) -> None:
        self._stream = stream
        self._owned = owned
        self._limits = limits
        self._origin, self.total_bytes = _extent(stream)
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
            raise refuse(
                "delimiter", "format", "a delimiter is one character other than a quote or a line end"
            )
        head = _read_full(stream, SAMPLE)
        self.encoding, mark = find_encoding(head, len(head) < SAMPLE, encoding)
        self._source = self._lines(head[mark:], mark, 0)
        self._window: Window | None = None
        self._next = 0  # index in the window of the first line that no row has taken
        self._rows = 0
        self._known = (0, 0)  # an index in the window and its offset in the file
        self.blank_lines = 0
        self.delimiter, self.header = self._read_header(delimiter)
        if start is not None:
            self._go_to(start)
        self._iterator = self._read_rows()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if `read_table` opened it."""
        if self._owned:
            self._stream.close()

    def __iter__(self) -> Iterator[Row]:
        return self._iterator

    @property
    def position(self) -> Position:
        """The place after the last row that was handed out."""
        window, index = self._window, self._next
        if window is None:
            return Position(self._end_offset, self._end_line, self._rows)
        since, offset = self._known
        offset = window.offset_of(index, since, offset)
        self._known = (index, offset)
        check = ""
        if index and index - 1 not in window.dropped:
            raw = window.raws[index - 1]
            check = f"{zlib.crc32(raw):08x}-{window.width(raw)}"
        return Position(offset, window.first + index - 1, self._rows, check)

    @property
    def bytes_read(self) -> int:
        """How far the reading has come, in bytes of the file, for a progress bar."""
        return self._end_offset if self._window is None else self._window.offset

    def _lines(self, head: bytes, offset: int, line: int) -> Lines:
        longest = self._limits.row_bytes
        return Lines(self._stream, self.encoding, head=head, longest=longest, offset=offset, line=line + 1)

    def _advance(self) -> bool:
        """Go to the next window; whether there is one."""
        old = self._window
        if old is not None:
            self._end_offset = old.offset_of(len(old.raws), *self._known)
            self._end_line = old.first + len(old.raws) - 1
        self._window = self._source.next()
        self._next = 0
        if self._window is None:
            return False
        self._known = (0, self._window.offset)
        return True

    # The header

    def _read_header(self, delimiter: str | None) -> tuple[str, list[str]]:
        self._end_offset = self._end_line = 0
        window = None
        while self._advance():
            window = self._window
            assert window is not None
            while self._next < len(window.lines) and not window.lines[self._next].strip("\r\n"):
                self._next += 1
                self.blank_lines += 1
            if self._next < len(window.lines):
                break
        if window is None or self._window is None:
            raise refuse("header", "required", "the file is empty: there is no header")
        number = window.first + self._next
        if delimiter is None:
            delimiter = find_delimiter(window.lines[self._next : self._next + 200])
        cells, problems = self._scan(delimiter, self._next)
        if problems:
            raise InvalidError(f"the header cannot be read: {problems[0].message}", fields=problems)
        self._check_header(cells, number)
        return delimiter, cells

    def _check_header(self, header: list[str], line: int) -> None:
        if len(header) > self._limits.cells:
            raise refuse("header", "limit", f"{len(header)} columns; at most {self._limits.cells} are read")
        problems = []
        seen: dict[str, int] = {}
        for column, name in enumerate(header, 1):
            if not name.strip():
                problems.append(Problem(f"header/{column}", "required", f"column {column} has no name"))
            elif name in seen:
                message = f"columns {seen[name]} and {column} are both named {name[:80]!r}"
                problems.append(Problem(f"header/{column}", "duplicate", message))
            else:
                seen[name] = column
        if problems:
            told = "; ".join(problem.message for problem in problems[:3])
            raise InvalidError(f"the header on line {line} cannot be used: {told}", fields=problems)

    def _go_to(self, start: Position) -> None:
        tail = int(start.check.partition("-")[2] or 0)
        if start.offset < self.position.offset or tail > start.offset:
            raise refuse("position", "range", "the position lies before the first row")
        if self.total_bytes is None:
            raise refuse("position", "format", "this stream cannot go on from a position")
        self._stream.seek(self._origin + start.offset - tail)
        before = _read_full(self._stream, tail)
        if self.encoding[:6] == "utf-16":
            before = before.decode(self.encoding, "replace").encode("utf-8", "replace")
        if start.offset > self.total_bytes or (
            start.check and start.check != f"{zlib.crc32(before):08x}-{tail}"
        ):
            raise refuse("position", "conflict", f"the file has changed before line {start.line + 1}")
        self._window = None
        self._end_offset, self._end_line, self._rows = start.offset, start.line, start.rows
        self._source = self._lines(b"", start.offset, start.line)

    # The rows

    def _read_rows(self) -> Iterator[Row]:
        width, most, rows = len(self.header), self._limits.rows, self._rows
        small = min(self._limits.cell_bytes, self._limits.row_bytes)
        seen: Window | None = None
        while self._window is not None or self._advance():
            window = self._window
            assert window is not None
            if window is not seen:
                seen = window
                base, taken, faults = window.first, self._next, window.faults
                suspect = max(map(len, window.raws)) * 4 > small  # no encoding grows more than that as UTF-8
                lines = iter(window.lines[taken:])
            before = taken
            # A list of lines and the csv module's own loop: nothing else comes near its speed.
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            problems: tuple[Problem, ...] = ()
            try:
                for cells in reader:
                    start, taken = taken, before + reader.line_num
                    if not cells:
                        self.blank_lines += 1
                        continue
                    self._next = taken
                    self._rows = rows = rows + 1
                    if rows > most:
                        raise refuse(f"line/{base + start}", "limit", f"more than {most} rows")
                    if len(cells) != width or suspect or faults or taken - start > 1:
                        cells, problems = self._judge(cells, start, taken)
                    yield _row((base + start, cells, problems))
                    problems = ()
                self._next = taken = len(window.lines)
            except csv.Error:
                consumed = before + reader.line_num
                start = taken
                cells, problems = self._scan(self.delimiter, start)
                self._rows = rows = rows + 1
                if rows > most:
                    raise refuse(f"line/{base + start}", "limit", f"more than {most} rows") from None
                yield Row(base + start, cells, problems or self._judge_width(cells, base + start))
                taken = self._next
                if taken != consumed:
                    lines = iter(window.lines[taken:])
            if (current := self._window) is not None and self._next >= len(current.lines):
                self._advance()

    def _judge(self, cells: list[str], start: int, end: int) -> tuple[list[str], tuple[Problem, ...]]:
        """The cells of a row that the csv module read, and what is wrong with it."""
        window, limits = self._window, self._limits
        assert window is not None
        number = window.first + start
        path = f"line/{number}"
        if window.faults:
            faults = [window.faults[index] for index in range(start, end) if index in window.faults]
            if faults:
                return [], tuple(attrs.evolve(fault, path=path) for fault in faults[:10])
        if sum(len(line.encode()) for line in window.lines[start:end]) > limits.row_bytes:
            return [], (
                Problem(path, "limit", f"line {number}: the row is longer than {limits.row_bytes} bytes"),
            )
        for column, cell in enumerate(cells, 1):
            if len(cell) * 4 > limits.cell_bytes < len(cell.encode()):
                message = f"line {number}: cell {column} is longer than {limits.cell_bytes} bytes"
                return [], (Problem(path, "limit", message),)
        return cells, self._judge_width(cells, number)

    def _judge_width(self, cells: list[str], number: int) -> tuple[Problem, ...]:
        width = len(self.header)
        if len(cells) == width:
            return ()
        if len(cells) > self._limits.cells:
            del cells[self._limits.cells :]
            count = f"more than {self._limits.cells} cells"
        else:
            count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
        message = f"line {number}: {count} where the header has {width}"
        return (Problem(f"line/{number}", "cells", message),)

    def _scan(self, delimiter: str, index: int) -> tuple[list[str], tuple[Problem, ...]]:
        """Read one row by hand from line `index` of the window, over as many windows as it takes."""
        limits = self._limits
        scan = Scan(delimiter, cell_bytes=limits.cell_bytes, row_bytes=limits.row_bytes)
        window = self._window
        assert window is not None
        number = last = window.first + index
        path = f"line/{number}"
        faults: list[Problem] = []
        while True:
            last = window.first + index
            if index in window.faults and len(faults) < 10:
                faults.append(attrs.evolve(window.faults[index], path=path))
            ended = scan.feed(window.lines[index], last)
            index += 1
            self._next = index
            if ended:
                break
            if index == len(window.lines):
                if not self._advance():
                    opened = f"line {scan.opened_at}: the quote opened here is never closed"
                    raise refuse(path, "quote", f"{opened}; nothing after it can be read")
                window, index = self._window, 0
                assert window is not None
        if scan.fault is not None and not faults:
            code, message = scan.fault
            lines = f"line {number}" if last == number else f"lines {number} to {last}"
            faults.append(Problem(path, code, f"{lines}: {message}"))
        return ([] if faults else scan.cells), tuple(faults)


def read_table(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
    start: Position | None = None,
) -> TableReader:
    """Open a table of delimited text and read its header.

    Takes UTF-8 with or without byte-order mark, UTF-16 with one, GB18030 where it is beyond doubt,
    and whatever encoding is named; lines may end in LF, CRLF or CR, cells may be quoted (RFC 4180).
    Blank lines are passed over and counted.

    Args:
        source: a path, or a stream of bytes.
        encoding: the file's encoding, where it cannot be told or is told wrongly.
        delimiter: one character; found from the header (comma, semicolon, tab, pipe) when absent.
        limits: how much is taken.
        start: where an earlier run stopped; the source must be seekable.

    Raises:
        InvalidError: the file as a whole cannot be read; each problem has a path such as
            ``header/3`` or ``line/12``. Iterating raises it too, for a quote that is never closed
            and for too many rows.
    """
    owned = isinstance(source, str | os.PathLike)
    stream: BinaryIO = open(source, "rb") if isinstance(source, str | os.PathLike) else source  # noqa: SIM115
    try:
        return TableReader(
            stream,
            encoding=encoding,
            delimiter=delimiter,
            limits=limits or Limits(),
            start=start,
            owned=owned,
        )
    except BaseException:
        if owned:
            stream.close()
        raise


def _extent(stream: BinaryIO) -> tuple[int, int | None]:
    """Where the stream stands, and how many bytes follow if it can tell."""
    try:
        here = stream.tell()
        size = stream.seek(0, io.SEEK_END)
        stream.seek(here)
    except (OSError, AttributeError, ValueError):
        return 0, None
    return here, size - here


def _read_full(stream: BinaryIO, size: int) -> bytes:
    """Exactly that many bytes, unless the stream ends before."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
