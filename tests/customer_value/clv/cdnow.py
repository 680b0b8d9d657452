"""The CDNOW sample: 2,357 customers who first bought in the first quarter of 1997, observed for 39 weeks.

Their purchases are counted here from the transactions themselves, with nothing but the standard library.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pycrm.plugins.customer_value.clv import Histories, Spending

END = date(1997, 9, 30)


class Columns(NamedTuple):
    """One entry a customer, in the order of the file: repeat purchases, weeks, weeks, US cents."""

    frequency: list[int]
    recency: list[float]
    age: list[float]
    total: list[int]


def _days(path: Path) -> Mapping[str, Mapping[date, int]]:
    """The cents of each day on which each customer bought, until the end of observation."""
    found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in path.read_text("utf-8").splitlines():
        _, customer, day, _, dollars = line.split()
        on = datetime.strptime(day, "%Y%m%d").date()
        if on <= END:
            found[customer][on] += round(float(dollars) * 100)
    return found


@cache
def columns(path: Path) -> Columns:
    """The columns of all customers; purchases of one day are one."""
    made = Columns([], [], [], [])
    for days in _days(path).values():
        first, *again = sorted(days)
        made.frequency.append(len(again))
        made.recency.append((again[-1] - first).days / 7 if again else 0.0)
        made.age.append((END - first).days / 7)
        made.total.append(sum(days[day] for day in again))
    return made


def histories(path: Path) -> Histories:
    """When each customer bought, in weeks."""
    found = columns(path)
    return Histories(found.frequency, found.recency, found.age)


def spending(path: Path) -> Spending:
    """What each of those spent who spent something on repeat purchases; some took only what was free."""
    found = columns(path)
    pairs = [(x, cents) for x, cents in zip(found.frequency, found.total, strict=True) if cents]
    return Spending([x for x, _ in pairs], [cents for _, cents in pairs])
