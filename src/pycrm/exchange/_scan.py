"""One row read by hand, where the csv module gives up."""

from __future__ import annotations

__all__ = ["Scan"]


class Scan:
    """A row that is damaged, too long, or continues beyond a window.

    It follows the strict dialect of the csv module (RFC 4180 with bare quotes allowed inside an
    unquoted cell), keeps no more than its limits allow, and says exactly what is wrong.
    """

    def __init__(self, delimiter: str, *, cell_bytes: int, row_bytes: int) -> None:
        self.cells: list[str] = []
        self.fault: tuple[str, str] | None = None
        self.is_open = False
        self.opened_at = 0
        self._delimiter = delimiter
        self._cell_bytes = cell_bytes
        self._row_bytes = row_bytes
        self._parts: list[str] = []
        self._cell = 0
        self._row = 0

    def feed(self, line: str, number: int) -> bool:
        """Take one physical line, and say whether the row ends with it."""
        self._row += len(line.encode("utf-8", "replace"))
        if self._row > self._row_bytes:
            self._fail("limit", f"the row is longer than {self._row_bytes} bytes")
        end = len(line.rstrip("\r\n"))
        at = 0
        while True:
            if self.is_open:
                quote = line.find('"', at)
                if quote < 0:
                    self._keep(line[at:])
                    return False
                self._keep(line[at:quote])
                at = quote + 1
                if line.startswith('"', at):
                    self._keep('"')
                    at += 1
                    continue
                self.is_open = False
                if at < end and line[at] != self._delimiter:
                    self._fail("quote", f"text after a closing quote, at character {at + 1} of line {number}")
                    return True
            elif line.startswith('"', at):
                self.is_open = True
                self.opened_at = number
                at += 1
                continue
            else:
                stop = line.find(self._delimiter, at, end)
                self._keep(line[at : end if stop < 0 else stop])
                at = end if stop < 0 else stop
            self._push()
            if at >= end:
                return True
            at += 1

    def _keep(self, text: str) -> None:
        self._cell += len(text.encode("utf-8", "replace"))
        if self._cell > self._cell_bytes:
            self._fail("limit", f"cell {len(self.cells) + 1} is longer than {self._cell_bytes} bytes")
        if self.fault is None:
            self._parts.append(text)

    def _push(self) -> None:
        self.cells.append("".join(self._parts) if self.fault is None else "")
        self._parts.clear()
        self._cell = 0

    def _fail(self, code: str, message: str) -> None:
        if self.fault is None:
            self.fault = (code, message)
            self._parts.clear()
