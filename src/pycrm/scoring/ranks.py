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

__all__ = [
    "MOST_STEPS",
    "NUMBERS",
    "along_tables",
    "among_all",
    "by_tables",
    "numbers",
    "steps",
    "total",
    "totals",
    "worth_of",
]

MOST_STEPS = 10_000
NUMBERS = sa.table("crm_numbers")


def numbers(worths: Any, run: UUID | None) -> Any:
    """One row: of each value the number of customers that have it, a column ``n:`` and its name.

    With a run, as that froze it.
    """
    if run is not None:
        return sa.select(*(total_row(run, one.name, "number").label(f"n:{one.name}") for one in worths.c))
    return sa.select(*(sa.func.count(one).label(f"n:{one.name}") for one in worths.c)).select_from(worths)


# Said as text, which is the same in every database: a model ranks dozens of values. Grouped once more SQLite
# believes that there are many, and makes an index: of what windows give it makes none.
_AMONG = """SELECT CAST(worth AS DOUBLE PRECISION) AS worth, max(reached) AS reached
FROM (SELECT worth, sum(same) OVER (ORDER BY worth ROWS UNBOUNDED PRECEDING) * {full} - same * {half} AS reached
FROM (SELECT "{name}" AS worth, count(*) AS same FROM {worths} WHERE "{name}" IS NOT NULL GROUP BY "{name}") AS counted
) AS placed GROUP BY CAST(worth AS DOUBLE PRECISION)"""


def among_all(worths: Any, name: str) -> Any:
    """Of each value, a hundred times the customers below and fifty times those with an equal one (VAL-3)."""
    text = _AMONG.format(worths=worths.name, name=name, full=100, half=50)
    return sa.text(text).columns(sa.column("worth", sa.Double()), sa.column("reached", sa.BigInteger()))


def _counted(worths: Any, name: str) -> Any:
    worth = worths.c[name]
    found = sa.select(worth.label("worth"), sa.func.count().label("same")).select_from(worths)
    return found.where(worth.is_not(None)).group_by(worth).subquery().c


def worth_of(value: Any) -> Any:
    """A value as it is ranked. SQLite finds its place by an index where both sides have the same type alone."""
    return sa.cast(value, sa.Double())


def along_tables(run: UUID, worths: Any, name: str) -> Any:
    """The same by the tables of a run, for many customers at once: values and steps are put in one row."""
    step, counted = ScoreStep.__table__.c, _counted(worths, name)
    none: Any = sa.cast(sa.null(), sa.BigInteger())
    ends: Any = sa.cast(sa.null(), sa.Double())
    steps_ = sa.select(
        step.least.label("worth"), sa.literal(0).label("kind"), step.below, step.same, step.most
    ).where(step.run_id == _key(run), step.code == name)
    values = sa.select(counted.worth, sa.literal(1), none, none, ends)
    row = sa.union_all(steps_, values).subquery().c
    # Steps rise in all they say, so that the greatest until here is the last one.
    last: dict[str, Any] = {"order_by": (row.worth, row.kind), "rows": (None, 0)}
    below, upto = sa.func.max(row.below).over(**last), sa.func.max(row.below + row.same).over(**last)
    most = sa.func.max(row.most).over(**last)
    reached = sa.case((row.worth <= most, (below + upto) * 50.0), else_=upto * 100.0)
    told = sa.select(row.worth, row.kind, sa.func.coalesce(reached, 0.0).label("reached")).subquery().c
    return sa.select(told.worth, told.reached).where(told.kind == 1)


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
