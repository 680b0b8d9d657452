"""What a benchmark is given, and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks.database import Server
from benchmarks.figure import Figure
from benchmarks.load import Shape
from benchmarks.timing import Timed
from pycrm import CRM

__all__ = ["Bench", "Benchmark"]


@attrs.frozen
class Bench:
    """A loaded database of one kind and size, which no benchmark changes: writers take a copy."""

    server: Server
    url: str
    shape: Shape
    folder: Path
    quick: bool

    def pairs(self, number: int) -> int:
        """How many pairs of runs, a quarter of them where time is short."""
        return max(3, number // 4) if self.quick else number

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The URL of an equal database, which is dropped after."""
        url = self.server.copy(self.url)
        try:
            yield url
        finally:
            self.server.drop(url)

    @contextmanager
    def opened(self, url: str) -> Iterator[tuple[CRM, Any]]:
        """A CRM on that database and a connection of the driver."""
        with CRM(url) as crm, closing(self.server.connect(url)) as connection:
            yield crm, connection

    def figure(
        self, name: str, taken: tuple[Timed, Timed], goals: dict[str, float], reference: str = "driver"
    ) -> Figure:
        """The figure of a pair of medians, its goal that of this database."""
        ours, other = taken
        return Figure(
            name=name,
            database=self.server.name,
            size=self.shape.size,
            ours_ms=ours.wall,
            reference=reference,
            reference_ms=other.wall,
            goal=goals[self.server.name],
            ours_cpu=ours.cpu,
            reference_cpu=other.cpu,
        )


Benchmark = Callable[[Bench], Iterator[Figure]]
