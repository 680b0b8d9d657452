"""Physical lines out of a stream of bytes, in windows of bounded size."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO

import attrs

from pycrm.errors import Problem

__all__ = ["Lines", "Window"]

_BLOCK = 262_144
_CONTINUATION = bytes(range(0x80, 0xC0))
_NOT_FOUR_BYTE_LEADS = bytes(range(0xF0)) + bytes(range(0xF5, 0x100))


@attrs.define
class Window:
    """Whole lines that follow each other, with their ends.

    `first` is the number of the first line (from 1), `offset` the byte where it begins, `faults`
    the lines that cannot be trusted, by index.
    """

    lines: list[str]
    raws: list[bytes]
    first: int
    offset: int
    width: Callable[[bytes], int]
    faults: dict[int, Problem] = attrs.Factory(dict)
    dropped: dict[int, int] = attrs.Factory(dict)

    def offset_of(self, index: int, since: int = 0, offset: int | None = None) -> int:
        """The byte where line `index` begins, counted on from line `since` at `offset`."""
        start = self.offset if offset is None else offset
        start += sum(map(self.width, self.raws[since:index]))
        for line, lost in self.dropped.items():
            if since <= line < index:
                start += lost
        return start


class Lines:
    """Reads a stream block by block and cuts it at LF, CRLF and CR alike.

    A line longer than `longest` bytes is cut short and marked as a fault, so that memory stays
    bounded whatever the file holds.
    """

    def __init__(
        self, stream: BinaryIO, encoding: str, *, head: bytes, longest: int, offset: int, line: int
    ) -> None:
        """`head` are bytes of the stream that were read before; `offset` is where they begin."""
        self._stream = stream
        self._head = head
        self._encoding = encoding
        self._wide = (
            codecs.getincrementaldecoder(encoding)("surrogatepass") if encoding[:6] == "utf-16" else None
        )
        self._ended = False
        self._longest = longest
        self._rest = bytearray()
        self._offset = offset
        self._line = line
        self._width: Callable[[bytes], int] = _wide_width if self._wide else len

    def next(self) -> Window | None:
        """The next lines, or None at the end of the stream."""
        data, lost = self._cut()
        if not data:
            return None
        raws = data.splitlines(keepends=True)
        window = Window([], raws, self._line, self._offset, self._width)
        if lost is not None:
            window.dropped[0] = lost
            window.faults[0] = self._fault(window, 0, "limit", f"longer than {self._longest} bytes")
        try:
            if self._encoding == "utf-8" or self._wide:
                window.lines = list(map(bytes.decode, raws))
            else:
                encoding = self._encoding
                window.lines = [raw.decode(encoding) for raw in raws]
        except UnicodeDecodeError:
            window.lines = [self._decode(window, index, raw) for index, raw in enumerate(raws)]
        if 0 in data:
            for index, raw in enumerate(raws):
                if 0 in raw:
                    window.faults.setdefault(
                        index, self._fault(window, index, "nul", "holds a NUL character")
                    )
        self._offset = window.offset_of(len(raws))
        self._line += len(raws)
        return window

    def _decode(self, window: Window, index: int, raw: bytes) -> str:
        encoding = "utf-8" if self._wide else self._encoding
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            where = window.offset_of(index)
            if self._wide:
                message = f"not {self._encoding} (half a character) in the line at offset {where}"
            else:
                where += error.start
                message = f"byte 0x{raw[error.start]:02X} at offset {where} is not {self._encoding}"
            window.faults.setdefault(index, self._fault(window, index, "encoding", message))
            return raw.decode(encoding, "replace")

    @staticmethod
    def _fault(window: Window, index: int, code: str, what: str) -> Problem:
        number = window.first + index
        return Problem(f"line/{number}", code, f"line {number}: {what}")

    def _cut(self) -> tuple[bytes, int | None]:
        """Whole lines of the next blocks; the second is how much of a lone long line was dropped."""
        rest = self._rest
        seen = 0
        while True:
            block = self._read()
            if not block:
                self._rest = bytearray()
                return bytes(rest), None
            rest += block
            # A CR at the very end may be the first half of CRLF: it waits for the next block.
            end = len(rest) - rest.endswith(b"\r")
            cut = max(rest.rfind(b"\n", seen, end), rest.rfind(b"\r", seen, end)) + 1
            if cut:
                self._rest = rest[cut:]
                return bytes(rest[:cut]), None
            if len(rest) > self._longest:
                return self._shorten(rest)
            seen = end

    def _shorten(self, rest: bytearray) -> tuple[bytes, int]:
        """The beginning of a line that is too long, and how many bytes of it were left out.

        A quote that was opened in the part left out must stay open, or the rows after it would be
        read out of step: an odd number of dropped quotes leaves one behind.
        """
        kept = bytes(rest[: self._longest])
        part = bytes(rest[self._longest :])
        quotes = lost = 0
        end = -1
        while True:
            found = [at for at in (part.find(b"\n"), part.find(b"\r")) if at >= 0]
            if found:
                end = min(found)
                if part[end : end + 2] == b"\r" and (more := self._read()):
                    part += more
                end += 2 if part[end : end + 2] == b"\r\n" else 1
            piece = part if end < 0 else part[:end]
            quotes += piece.count(b'"')
            lost += self._width(piece)
            if end >= 0 or not (following := self._read()):
                break
            part = following
        self._rest = bytearray() if end < 0 else bytearray(part[end:])
        tail = b'"\n' if quotes % 2 else b"\n"
        return kept + tail, lost - self._width(tail)

    def _read(self) -> bytes:
        """The next block as UTF-8 or in the file's own encoding; empty at the end only."""
        while True:
            block = self._head[:_BLOCK]
            if block:
                self._head = self._head[_BLOCK:]
            else:
                block = self._stream.read(_BLOCK)
            if self._wide is None:
                return block
            if not block:
                return self._last()
            text = self._wide.decode(block)
            if text:
                return text.encode("utf-8", "surrogatepass")

    def _last(self) -> bytes:
        if self._ended or self._wide is None:
            return b""
        self._ended = True
        # An odd byte or half a pair at the end: a byte that is never UTF-8 makes its line a fault.
        return b"\xff" if self._wide.getstate()[0] else b""


def _wide_width(raw: bytes) -> int:
    """How many bytes of UTF-16 the UTF-8 text (or any piece of it) stands for."""
    continuations = len(raw) - len(raw.translate(None, _CONTINUATION))
    return 2 * (len(raw) - continuations + len(raw.translate(None, _NOT_FOUR_BYTE_LEADS)))
