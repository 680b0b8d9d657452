"""Random tables, written by the csv module or by chance, against the csv module's own reading."""

from __future__ import annotations

import csv
import io
import random
from typing import BinaryIO, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pycrm.errors import InvalidError
from pycrm.exchange import Limits, Row, read_table

from .tables import read, rows

# What a table may hold: letters of many scripts, and all that is dear to CSV; no surrogates, no NUL.
characters = st.one_of(
    st.sampled_from(list("ab,;\t|\"'\r\n =宁é\u2028\x0b\x0c\x85😀")),
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
)
cells = st.text(characters, max_size=12)
delimiters = st.sampled_from(",;\t|")
tables = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width)))


class Dribble(io.BytesIO):
    """A stream that gives few bytes at a time, so that everything is cut somewhere."""

    def __init__(self, data: bytes, seed: int) -> None:
        super().__init__(data)
        self._random = random.Random(seed)

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, self._random.choice([1, 2, 3, 7, 40])))


def written(table: list[list[str]], delimiter: str, end: str, quoting: int) -> str:
    """The table as the csv module writes it, under a header that fills the reader's first sample."""
    width = len(table[0]) if table else 1
    text = io.StringIO()
    # The csv module quotes a lone CR or LF only where it is part of its line end, so that is CRLF first.
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["h" * 70_000, *(f"h{column}" for column in range(1, width))])
    writer.writerows(table)
    if end == "\r\n":
        return text.getvalue()
    return _with_line_ends(text.getvalue(), end)


def _with_line_ends(text: str, end: str) -> str:
    """CRLF outside quotes becomes that line end."""
    parts = text.split('"')
    parts[::2] = [part.replace("\r\n", end) for part in parts[::2]]
    return '"'.join(parts)


@given(
    tables,
    delimiters,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_what_the_csv_module_wrote_is_read_again(
    table: list[list[str]], delimiter: str, end: str, quoting: int, encoding: str, seed: int
) -> None:
    """Any table in any encoding, cut anywhere, comes back cell by cell with the lines it stands on."""
    text = written(table, delimiter, end, quoting)
    stream = cast(BinaryIO, Dribble(text.encode(encoding), seed))
    named = None if encoding in ("utf-8-sig", "utf-16") else encoding
    with read_table(stream, encoding=named, delimiter=delimiter) as found:
        read_back = list(found)
    assert [row.values for row in read_back] == table
    assert not any(row.problems for row in read_back)
    lines = io.StringIO(text, newline="").readlines()
    assert [row.line for row in read_back] == [line + 1 for line in starts(lines, delimiter)[1:]]


def starts(lines: list[str], delimiter: str) -> list[int]:
    """The indexes of the lines on which the rows start, by the csv module's own count."""
    reader = csv.reader(lines, delimiter=delimiter)
    found, before = [], 0
    for row in reader:
        if row:
            found.append(before)
        before = reader.line_num
    return found


@given(st.text(st.sampled_from('ab,"\n\r'), max_size=40), st.integers(0, 2**32))
@example('"a\n', 0)
@example('"a"b\n"c\nd"e,f\n', 0)
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_as_the_csv_module_would(text: str, seed: int) -> None:
    """Up to the first damage a table reads as the csv module reads it; after it nothing crashes."""
    header = "h" * 70_000 + ",b\n"
    expected: list[list[str]] = []
    intact = True
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), strict=True):
            if cells:
                expected.append(cells)
    except csv.Error:
        intact = False
    stream = cast(BinaryIO, Dribble((header + text).encode(), seed))
    found: list[Row] = []
    refused = None
    try:
        found.extend(read_table(stream, delimiter=","))
    except InvalidError as error:
        refused = error.fields[0].code
    assert refused in ((None,) if intact else (None, "quote"))
    assert [row.values for row in found[: len(expected)]] == expected
    if intact:
        assert len(found) == len(expected)
    for row in found:
        if any(problem.code == "quote" for problem in row.problems):
            assert not intact
        elif len(row.values) != 2:
            assert row.problems[0].code == "cells"


@given(st.binary(max_size=60), st.sampled_from([None, "utf-8", "utf-16-le", "gb18030", "cp1252"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, encoding: str | None) -> None:
    """Whatever somebody uploads is read or refused with a place, and never crashes."""
    limits = Limits(cell_bytes=8, row_bytes=20, cells=4, rows=6)
    places: list[str] = []
    try:
        for row in read(data, encoding=encoding, limits=limits):
            assert row.line >= 1
            assert all(problem.path == f"line/{row.line}" for problem in row.problems)
            assert len(row.values) <= 4 or row.problems
    except InvalidError as error:
        places = [problem.path or "nowhere" for problem in error.fields]
    assert "nowhere" not in places


@given(
    st.text(st.sampled_from('a宁😀,"\n\r'), max_size=60),
    st.sampled_from(["utf-8", "utf-16-le", "gb18030"]),
    st.integers(0, 2**32),
)
@settings(max_examples=200, deadline=None)
def test_reading_goes_on_from_any_row(text: str, encoding: str, seed: int) -> None:
    """A run that was killed after any row goes on with exactly the rows that were left."""
    data = ("head,b\n" + text).encode(encoding)
    whole: list[Row] = []
    places = []
    try:
        with read(data, encoding=encoding, delimiter=",") as table:
            places.append(table.position)
            for row in table:
                whole.append(row)
                places.append(table.position)
    except InvalidError:
        pass
    for done, place in enumerate(places):
        left: list[Row] = []
        try:
            stream = cast(BinaryIO, Dribble(data, seed))
            left.extend(read_table(stream, encoding=encoding, delimiter=",", start=place))
        except InvalidError:
            pass
        assert left == whole[done:]
        assert place.rows == done


@given(st.integers(0, 60), st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=30, deadline=None)
def test_one_planted_fault_refuses_one_row(at: int, end: bytes) -> None:
    """A single NUL, wrong byte, stray quote or missing cell is found on its line and nowhere else."""
    sound = [f"Kunde {number},Straße {number},{number}".encode() for number in range(61)]
    for fault, code in (
        (b"\0,b,c", "nul"),
        (b"Stra\xdfe,b,c", "encoding"),
        (b'"a"b,b,c', "quote"),
        (b"a,b", "cells"),
        (b"a,b,c,d", "cells"),
        (b"x" * 200 + b",b,c", "limit"),
    ):
        lines = list(sound)
        lines[at] = fault
        found = rows(b"a,b,c" + end + end.join(lines), limits=Limits(cell_bytes=100))
        assert [(row.line, row.problems[0].code) for row in found if row.problems] == [(at + 2, code)]
        assert len(found) == 61
