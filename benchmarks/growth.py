"""How much longer pages and scores take with 1,000,000 customers than with 100,000, in one and the same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from benchmarks.figure import Figure

__all__ = ["grown"]

GOAL = 2.0
# What reads the facts of everybody takes ten times as long for ten times as many, and a tenth more.
_SCORED = 11.0
# With fewer customers a deep page of a branch is not as deep.
_SMALL, _LARGE = "100k", "1m"
# By the beginning of the name of a figure: the reference beside which it stands, and the goal.
_WATCHED = {"page_scope_": ("driver", GOAL), "score_in_duckdb": ("SQL by hand", _SCORED)}


def grown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Each of these at the largest size beside itself at the one before, where the run had both."""
    watched = {}
    for one in figures:
        for begins, (reference, goal) in _WATCHED.items():
            if one.name.startswith(begins) and one.reference == reference:
                watched[one.name, one.database, one.size] = one, goal
    for (name, database, size), (figure, goal) in watched.items():
        smaller, _ = watched.get((name, database, _SMALL), (None, goal))
        if size == _LARGE and smaller is not None:
            yield attrs.evolve(
                figure,
                name=f"{name}_growth",
                reference=f"at {smaller.size}",
                reference_ms=smaller.ours_ms,
                reference_cpu=smaller.ours_cpu,
                goal=goal,
            )
