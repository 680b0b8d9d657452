"""How much longer a page takes in a database of ten times the customers, in one and the same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from benchmarks.figure import Figure
from benchmarks.load import SIZES

__all__ = ["grown"]

GOAL = 2.0


def grown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Each page by reach beside itself at the size before, where the run had both."""
    pages = {
        (one.name, one.database, one.size): one
        for one in figures
        if one.name.startswith("page_scope_") and one.reference == "driver"
    }
    before = dict(zip(list(SIZES)[1:], SIZES, strict=False))
    for (name, database, size), page in pages.items():
        smaller = pages.get((name, database, before.get(size, "")))
        if smaller is not None:
            yield attrs.evolve(
                page,
                name=f"{name}_growth",
                reference=f"at {smaller.size}",
                reference_ms=smaller.ours_ms,
                reference_cpu=smaller.ours_cpu,
                goal=GOAL,
            )
