"""What an indicator may divide, default and count days by: functions that mean the same in every database.

A bare division rounds on one database and not on another, nothing divided by nothing is an error on a
third, and each has its own way with dates. So no other expression of an indicator divides, replaces
what is missing or subtracts days.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from pycrm.declare.raw import RawDate

__all__ = [
    "clip",
    "day_of",
    "days_between",
    "deviation",
    "first_of_month",
    "hundredths",
    "month_number",
    "percent",
    "ratio",
    "root",
    "zero",
]


class _Function(FunctionElement[Any]):
    """A function whose arguments are its clauses; each database says it in its own words."""

    inherit_cache = True

    def __init__(self, *clauses: Any) -> None:
        super().__init__(*clauses)


class _Ratio(_Function):
    inherit_cache = True
    name, type = "pycrm_ratio", sa.Double()


class _Days(_Function):
    inherit_cache = True
    name, type = "pycrm_days", sa.BigInteger()


class _Month(_Function):
    inherit_cache = True
    name, type = "pycrm_month", sa.BigInteger()


class _Day(_Function):
    inherit_cache = True
    name, type = "pycrm_day", RawDate()


class _FirstOfMonth(_Function):
    inherit_cache = True
    name, type = "pycrm_first_of_month", RawDate()


class _Root(_Function):
    inherit_cache = True
    name, type = "pycrm_root", sa.Double()


class _Clip(_Function):
    inherit_cache = True
    name, type = "pycrm_clip", sa.Double()


class _Hundredths(_Function):
    inherit_cache = True
    name, type = "pycrm_hundredths", sa.BigInteger()


def _parts(element: Any, compiler: Any, **options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(_Ratio)
def _ratio(element: Any, compiler: Any, **options: Any) -> str:
    over, under = _parts(element, compiler, **options)
    return f"(CAST({over} AS DOUBLE PRECISION) / NULLIF(CAST({under} AS DOUBLE PRECISION), 0))"


@compiles(_Days)
def _days(element: Any, compiler: Any, **options: Any) -> str:
    since, until = _parts(element, compiler, **options)
    return f"({until} - {since})"


@compiles(_Days, "sqlite")
def _days_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    since, until = _parts(element, compiler, **options)
    return f"CAST(julianday({until}) - julianday({since}) AS INTEGER)"


@compiles(_Month)
def _month(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"CAST(EXTRACT(YEAR FROM {day}) * 12 + EXTRACT(MONTH FROM {day}) AS BIGINT)"


@compiles(_Month, "sqlite")
def _month_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"(CAST(substr({day}, 1, 4) AS INTEGER) * 12 + CAST(substr({day}, 6, 2) AS INTEGER))"


@compiles(_Day)
def _day(element: Any, compiler: Any, **options: Any) -> str:
    at, zone = _parts(element, compiler, **options)
    return f"CAST(timezone('UTC', {at}) + {zone} * INTERVAL '1 second' AS DATE)"


@compiles(_Day, "sqlite")
def _day_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    at, zone = _parts(element, compiler, **options)
    return f"date({at} / 1000000 + {zone}, 'unixepoch')"


@compiles(_FirstOfMonth)
def _first_of_month(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"CAST(date_trunc('month', {day}) AS DATE)"


@compiles(_FirstOfMonth, "sqlite")
def _first_of_month_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"(substr({day}, 1, 8) || '01')"


@compiles(_Root)
def _root(element: Any, compiler: Any, **options: Any) -> str:
    (square,) = _parts(element, compiler, **options)
    return f"sqrt(CASE WHEN {square} > 0 THEN {square} ELSE {square} * 0 END)"


@compiles(_Clip)
def _clip(element: Any, compiler: Any, **options: Any) -> str:
    value, low, high = _parts(element, compiler, **options)
    # GREATEST passes over what is missing on PostgreSQL, and is called MAX on SQLite.
    return f"(CASE WHEN {value} < {low} THEN {low} WHEN {value} > {high} THEN {high} ELSE {value} END)"


@compiles(_Hundredths)
def _hundredths(element: Any, compiler: Any, **options: Any) -> str:
    (value,) = _parts(element, compiler, **options)
    # A decimal such as 70.495 lies a little beside itself in binary: what is that near to a half is one.
    return f"CAST(floor({value} * 100 + 0.5 + 1e-7) AS BIGINT)"


def ratio(over: Any, under: Any) -> Any:
    """The quotient; no value where `under` is nought or either has none."""
    return _Ratio(_plain(over), _plain(under))


def percent(part: Any, whole: Any) -> Any:
    """How much of the whole the part is, in percent; no value where there is no whole."""
    return 100.0 * _Ratio(_plain(part), _plain(whole))


def zero(value: Any) -> Any:
    """The value, and nought where there is none."""
    return sa.func.coalesce(_plain(value), 0)


def clip(value: Any, low: Any, high: Any) -> Any:
    """The value, held between two bounds."""
    return _Clip(_plain(value), _plain(low), _plain(high))


def days_between(since: Any, until: Any) -> Any:
    """How many days lie from one date to the other; negative where the second is the earlier."""
    return _Days(_plain(since), _plain(until))


def month_number(day: Any) -> Any:
    """The month of a date as one number, in which the next month is one more: year times 12 and month."""
    return _Month(_plain(day))


def first_of_month(day: Any) -> Any:
    """The first day of the month of a date."""
    return _FirstOfMonth(_plain(day))


def day_of(instant: Any) -> Any:
    """The business day of an instant."""
    return _Day(_plain(instant), sa.bindparam("moment_zone", type_=sa.BigInteger()))


def root(square: Any) -> Any:
    """The square root; of what lies below nought by rounding it is nought."""
    return _Root(_plain(square))


def deviation(number: Any, total: Any, squares: Any) -> Any:
    """The standard deviation of a whole population from its count, its sum and its sum of squares.

    With whole numbers the difference of squares is exact, so that equal values deviate by nothing.
    """
    number, total, squares = (_plain(one) for one in (number, total, squares))
    return ratio(root(number * squares - total * total), number)


def hundredths(value: Any) -> Any:
    """A number that is not negative, rounded half up to two places, as a whole number of hundredths."""
    return _Hundredths(_plain(value))


def _plain(value: Any) -> Any:
    """A clause: an indicator stands for its value, a number for itself."""
    found = getattr(value, "result", value)
    return found if isinstance(found, sa.ClauseElement) else sa.literal(found)
