"""What raw SQL answers with, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

__all__ = ["LONGEST_TEXT", "Asked", "Rows"]

LONGEST_TEXT = 100_000


@attrs.frozen
class Rows:
    """The answer to a raw statement: names of columns and rows of plain values, in order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns; of two columns with one name the last counts."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@attrs.frozen
class Asked:
    """One raw statement with its parameters and its limits."""

    text: str
    parameters: dict[str, Any]
    most: int
    seconds: float
