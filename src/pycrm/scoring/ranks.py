"""Ranks: the share of customers that lie below a value, among all at once or by the tables of a run.

A full run freezes its ranks in tables of steps, so that one customer can be judged later as all were
judged then (VAL-10). A table has a step for each value, or where there are more values than
`MOST_STEPS` for so many customers at a time, which moves a rank by 0.01 in a hundred at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import RawKey
from pycrm.scoring.book import ScoreStep, ScoreTotal
from pycrm.scoring.function import hundredths, ratio

__all__ = ["MOST_STEPS", "among_all", "by_tables", "steps", "total", "totals"]

MOST_STEPS = 10_000


def among_all(value: Any) -> Any:
    """Of the customers of a statement with a value, in percent: those below and half of the equal (VAL-3)."""
    known = sa.func.count(value).over()
    # What has no value comes last in its own way, and before none that has one.
    below = sa.func.rank().over(order_by=[sa.case((value.is_(None), 1), else_=0), value]) - 1
    same = sa.func.count().over(partition_by=value)
    return sa.case((value.is_not(None), ratio(below * 100.0 + same * 50.0, known)))


def by_tables(run: UUID, value: Any) -> Any:
    """The same by the tables of a run: the step that begins at the value or last before it."""
    step, number = ScoreStep.__table__.c, total_row(run, value.name, "number")
    here = step.below * 100.0 + step.same * 50.0
    reached = sa.case((value <= step.most, here), else_=(step.below + step.same) * 100.0)
    found = (
        sa.select(reached)
        .where(step.run_id == _key(run), step.code == value.name, step.least <= value)
        .order_by(step.least.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.case((value.is_not(None), ratio(sa.func.coalesce(found, 0.0), number)))


def total(run: UUID, name: str) -> Any:
    """An overall value as a run froze it."""
    return total_row(run, name, "total")


def total_row(run: UUID, name: str, column: str) -> Any:
    """One number of a run about an indicator."""
    table = ScoreTotal.__table__.c
    return sa.select(table[column]).where(table.run_id == _key(run), table.code == name).scalar_subquery()


def steps(run: UUID, code: str, value: Any, source: Any) -> Any:
    """The rows of a table of ranks, from a column of values of all customers."""
    counted = (
        sa.select(
            sa.cast(value, sa.Double()).label("value"),
            sa.func.count().label("same"),
            (sa.func.sum(sa.func.count()).over(order_by=value) - sa.func.count()).label("below"),
            sa.func.sum(sa.func.count()).over().label("number"),
            sa.func.count().over().label("values"),
        )
        .select_from(source)
        .where(value.is_not(None))
        .group_by(value)
        .subquery()
    ).c
    so_far = hundredths(ratio(counted.below * (MOST_STEPS // 100), counted.number))
    bucket = sa.case((counted["values"] <= MOST_STEPS, counted.value), else_=so_far)
    return sa.select(
        sa.literal(run, RawKey()),
        sa.literal(code, sa.Text()),
        sa.func.min(counted.value),
        sa.func.max(counted.value),
        sa.cast(sa.func.min(counted.below), sa.BigInteger()),
        sa.cast(sa.func.sum(counted.same), sa.BigInteger()),
    ).group_by(bucket)


def totals(run: UUID, names: Sequence[tuple[str, Any, Any]], source: Any) -> Any:
    """The rows that say of each indicator how many customers have a value, and of each overall value its sum."""
    return sa.union_all(
        *(
            sa.select(sa.literal(run, RawKey()), sa.literal(name, sa.Text()), number, whole).select_from(
                source
            )
            for name, number, whole in names
        )
    )


def _key(run: UUID) -> Any:
    return sa.literal(run, RawKey())
