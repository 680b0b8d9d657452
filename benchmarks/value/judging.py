"""The points of values that functions in Python gave: what ours are judged by as well, customer by customer.

Whoever adds indicators as functions has to rank and to judge them too. Each scale is a function of one value; a
percentile asks for all values of its code once, in order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from benchmarks.value.hooks import COMPANY
from benchmarks.value.said import CODES, scale

__all__ = ["RANKED", "points"]

Scale = Callable[[Any], float | None]
_told = cache(scale)
# Whose points tell of all customers, so that those of some are others.
RANKED = frozenset(code for code in CODES if "percentile" in _told(code)[0])
_AT = {code: at for at, code in enumerate(CODES)}


def points(rows: Sequence[Sequence[Any]]) -> list[list[float | None]]:
    """Of each customer, whose values these are, the points of each code."""
    total = sum(row[_AT[COMPANY]] for row in rows) or None
    shared = [list(row) for row in rows]
    for row in shared:
        row[_AT[COMPANY]] = total and 100.0 * row[_AT[COMPANY]] / total
    scales = [_scale(code, [row[at] for row in shared]) for at, code in enumerate(CODES)]
    return [[_filled(row, code, scales[at](row[at])) for at, code in enumerate(CODES)] for row in shared]


def _scale(code: str, values: list[Any]) -> Scale:
    ((kind, its),) = _told(code)[0].items()
    if kind == "percentile":
        return _percentile(sorted(one for one in values if one is not None), falls=its != "rising")
    return _linear(*map(float, its)) if kind == "linear" else _bands(its)


def _percentile(ordered: list[Any], *, falls: bool) -> Scale:
    def judged(value: Any) -> float | None:
        if value is None:
            return None
        share = (bisect_left(ordered, value) + bisect_right(ordered, value)) * 50.0 / len(ordered)
        return 100.0 - share if falls else share

    return judged


def _linear(low: float, high: float) -> Scale:
    return lambda value: None if value is None else min(max((value - low) * 100.0 / (high - low), 0.0), 100.0)


def _bands(steps: Sequence[Sequence[Any]]) -> Scale:
    bounds = [float(bound) for bound, _ in steps]
    given = [0.0, *(float(one) for _, one in steps)]
    return lambda value: None if value is None else given[bisect_right(bounds, value)]


def _filled(row: Sequence[Any], code: str, told: float | None) -> float | None:
    if told is not None:
        return told
    if code == "F11" and row[_AT["T02"]] is not None and row[_AT["T02"]] <= 0 < row[_AT["F10"]]:
        return 0.0
    if code == "F13" and row[_AT["F12"]] is not None:
        return 0.0
    return 0.0 if _told(code)[1] == "zero" else None
