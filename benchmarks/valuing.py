"""Fitting how 1,000,000 customers buy: by their different histories, beside a row for each customer.

The customers are made up by the story of the model with the parameters of the CDNOW sample. They first
bought in the first 12 of 39 weeks, counted in whole weeks and in whole days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Figure
from benchmarks.timing import Timed, in_turn

if TYPE_CHECKING:
    from pycrm.plugins.customer_value.clv import Histories

__all__ = ["clv"]

# Counts come from the database; counting the rows here as well is for comparison.
GOAL, COUNTED = 0.1, 0.2
_NUMBER, _WEEKS = 1_000_000, 39
_R, _ALPHA, _A, _B = 0.2426, 4.4135, 0.7929, 2.4258


def clv(quick: bool) -> Iterator[Figure]:
    """The fit of BG/NBD on grouped counts, without and with the counting, beside that on all rows."""
    for unit, by_week in (("weeks", 1), ("days", 7)):
        everybody = _customers(by_week)
        grouped = everybody.grouped()
        assert grouped.customers.sum() == _NUMBER
        ours, counted, raw = in_turn(_acts(everybody, grouped), 3 if quick else 5, warm=1)
        yield _figure(f"clv_fit_{unit}", ours, raw, GOAL)
        yield _figure(f"clv_count_and_fit_{unit}", counted, raw, COUNTED)


def _acts(everybody: Histories, grouped: Histories) -> tuple[Callable[[], Any], ...]:
    from pycrm.plugins.customer_value.clv import fit_purchases

    return (
        lambda: fit_purchases(grouped),
        lambda: fit_purchases(everybody.grouped()),
        lambda: fit_purchases(everybody),
    )


def _customers(by_week: int) -> Histories:
    """Histories of all customers in units of so many to the week."""
    import numpy as np

    from pycrm.plugins.customer_value.clv import Histories

    noise = np.random.default_rng(2005)
    rate, leaving = noise.gamma(_R, 1 / _ALPHA, _NUMBER), noise.beta(_A, _B, _NUMBER)
    days = noise.integers(7 * (_WEEKS - 12), 7 * _WEEKS, _NUMBER)
    times, last = np.zeros(_NUMBER, dtype=np.int64), np.zeros(_NUMBER)
    there: Any = np.arange(_NUMBER)
    while len(there):
        at = last[there] + noise.exponential(1 / rate[there])
        buys = at <= days[there] / 7
        there = there[buys]
        last[there], times[there] = at[buys], times[there] + 1
        there = there[noise.random(len(there)) >= leaving[there]]
    return Histories(times, np.ceil(last * by_week), -(-days * by_week // 7))


def _figure(name: str, ours: Timed, raw: Timed, goal: float) -> Figure:
    return Figure(
        name=name,
        database="none",
        size="1m",
        ours_ms=ours.wall,
        reference="a row per customer",
        reference_ms=raw.wall,
        goal=goal,
        issue="scoring",
        ours_cpu=ours.cpu,
        reference_cpu=raw.cpu,
    )
