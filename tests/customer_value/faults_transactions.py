"""Faults to plant in aspect T, each of which cases of its tables must see.

They reach into the rooms on purpose: a fault lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm.scoring import YEAR, Indicator, Value, plan
from pycrm.scoring.feeds import intervals, purchases, trade, transactions

__all__ = ["FAULTS", "Plant"]

Plant = Callable[[pytest.MonkeyPatch], None]


def _moment(patch: pytest.MonkeyPatch, shifted: Callable[[str, Any], Any]) -> None:
    right = plan.value_of
    patch.setattr(plan, "value_of", lambda crm, name, day: shifted(name, right(crm, name, day)))


def a_day_too_long(patch: pytest.MonkeyPatch) -> None:
    """A year begins a day too early."""
    _moment(patch, lambda name, day: day - timedelta(1) if name == "moment_day_365" else day)


def tomorrow_has_come(patch: pytest.MonkeyPatch) -> None:
    """What will be tomorrow is told of already."""
    _moment(patch, lambda name, day: day + timedelta(1) if name == "moment_day_0" else day)


def months_too_early(patch: pytest.MonkeyPatch) -> None:
    """Months are counted from the last one."""

    def shifted(name: str, day: Any) -> Any:
        return (day - timedelta(1)).replace(day=1) if name.startswith("moment_month_") else day

    _moment(patch, shifted)


def returns_bought(patch: pytest.MonkeyPatch) -> None:
    """What was sent back is something bought."""
    patch.setattr(trade, "_if_sold", lambda column: column)


def lines_bought(patch: pytest.MonkeyPatch) -> None:
    """Each line is a purchase of its own."""
    line = transactions
    columns = [line.customer, line.origin, line.on, line.net, sa.false().label("is_mixed"), line.channel]
    patch.setattr(purchases, "rows", lambda: sa.select(*columns))


def mean_for_median(patch: pytest.MonkeyPatch) -> None:
    """Intervals are held against their mean."""
    right: Any = intervals.rows

    def rows() -> Any:
        one = right().subquery().c
        mean = sa.func.avg(one.days).over(partition_by=one.customer)
        columns = (one.customer, one.on, one.before_on, one.days)
        return sa.select(*columns, sa.cast(mean * 2, sa.BigInteger()).label("twice_median"))

    patch.setattr(intervals, "rows", rows)


def stale_profiles(patch: pytest.MonkeyPatch) -> None:
    """What a customer said of its needs is believed for a year."""
    patch.setattr("pycrm.scoring.feeds.wallet._VALID", YEAR)


def nought_for_none(patch: pytest.MonkeyPatch) -> None:
    """What has no basis is nought."""
    made = property(lambda one: Value.of(sa.func.coalesce(one.value, 0), name=one.code))
    patch.setattr(Indicator, "result", made)


# What is seen at the least, of each.
FAULTS: dict[Plant, set[str]] = {
    a_day_too_long: {"T01", "T05", "T14", "T15", "T18", "T21", "T22", "T27", "T33", "T35", "T37"},
    tomorrow_has_come: {"T01", "T06", "T23", "T24", "T25", "T26", "T27", "T30", "T34"},
    months_too_early: {"T13", "T38", "T39"},
    returns_bought: {"T15", "T18", "T19", "T20"},
    lines_bought: {"T01", "T04", "T05", "T19"},
    mean_for_median: {"T40"},
    stale_profiles: {"T17"},
    nought_for_none: {"T04", "T08", "T09", "T17", "T21", "T25", "T28", "T31", "T36", "T38", "T40"},
}
