"""A killed import goes on where it stopped, and only in the file that it began with."""

from __future__ import annotations

import io
from typing import Any

import attrs
import pytest

from pycrm.errors import InvalidError
from pycrm.exchange import Position, read_table

from .tables import read

DATA = b"name,city\n" + b"".join(f"Kunde {number},K\u00f6ln\n".encode() for number in range(50_000))


def place_after(rows: int, data: bytes = DATA) -> Position:
    """The position after that many rows."""
    with read(data) as table:
        iterator = iter(table)
        for _ in range(rows):
            next(iterator)
        return table.position


def test_a_position_survives_storage_and_skips_to_its_row() -> None:
    """The place is a few plain values, and reading on from it costs no reading of what lies before."""

    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            block = super().read(size)
            self.taken += len(block)
            return block

    stored: dict[str, Any] = attrs.asdict(place_after(49_990))
    assert {type(value) for value in stored.values()} == {int, str}
    stream = Counting(DATA)
    with read_table(stream, start=Position(**stored)) as table:
        left = list(table)
        assert table.position.rows == 50_000
    assert [row.line for row in left] == list(range(49_992, 50_002))
    assert left[0].values == ["Kunde 49990", "Köln"]
    assert stream.taken < 200_000 < len(DATA)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_dropped_line_counts_in_the_position(encoding: str) -> None:
    """A line too long to be kept is passed by a resumed run to the very byte."""
    lines = ["name,city", "x" * 3_000_001 + '😀"', 'y,"open', 'closed"', "last,one"]
    data = "\r\n".join(lines).encode(encoding)
    with read(data, encoding=encoding) as table:
        rows = iter(table)
        assert next(rows).problems[0].code == "limit"
        place = table.position
        left = list(rows)
    assert place.offset == len("\r\n".join([*lines[:2], ""]).encode(encoding))
    assert list(read(data, encoding=encoding, start=place)) == left


@pytest.mark.parametrize(
    "changed",
    [
        DATA.replace(b"Kunde 99,", b"Client 99,"),
        DATA.replace(b"Kunde 1,", b"Kunde One,"),
        DATA[:500],
    ],
)
def test_a_file_that_changed_is_not_read_on(changed: bytes) -> None:
    """Whoever corrects a file and resumes is told, instead of losing or doubling rows."""
    place = place_after(100)
    with pytest.raises(InvalidError, match="the file has changed before line 102"):
        read(changed, start=place)


def test_positions_that_cannot_be() -> None:
    """A place before the first row, or one in a stream that cannot seek, is refused."""
    with pytest.raises(InvalidError, match="before the first row"):
        read(DATA, start=Position(3, 0, 0))
    with pytest.raises(InvalidError, match="before the first row"):
        read(DATA, start=Position(50, 3, 2, "00000000-51"))
    with pytest.raises(ValueError, match="check"):
        Position(3, 0, 0, "deadbeef-x")

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

    with pytest.raises(InvalidError, match="cannot go on"):
        read_table(Pipe(DATA), start=place_after(3))
