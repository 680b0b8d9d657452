"""How much longer a page takes with 1,000,000 customers than with 100,000, in one and the same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from benchmarks.figure import Figure

__all__ = ["grown"]

GOAL = 2.0
# With fewer customers a deep page of a branch is not as deep.
_SMALL, _LARGE = "100k", "1m"


def grown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Each page by reach at the largest size beside itself at the one before, where the run had both."""
    pages = {
        (one.name, one.database, one.size): one
        for one in figures
        if one.name.startswith("page_scope_") and one.reference == "driver"
    }
    for (name, database, size), page in pages.items():
        smaller = pages.get((name, database, _SMALL))
        if size == _LARGE and smaller is not None:
            yield attrs.evolve(
                page,
                name=f"{name}_growth",
                reference=f"at {smaller.size}",
                reference_ms=smaller.ours_ms,
                reference_cpu=smaller.ours_cpu,
                goal=GOAL,
            )
