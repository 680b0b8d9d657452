"""Long lists of keys, for as many statements as they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["pieces"]

T = TypeVar("T")

# So many values one statement names: far below what a database refuses, and few texts to plan.
_AT_ONCE = 500


def pieces(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in their order, some hundreds at a time; of none no piece."""
    every = list(values)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]
