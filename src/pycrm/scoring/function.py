"""What an indicator may divide, default and count days by: functions that mean the same in every database.

A bare division rounds on one database and not on another, nothing divided by nothing is an error on a
third, and each has its own way with dates. So no other expression of an indicator divides, replaces
what is missing or subtracts days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.functions import FunctionElement

from pycrm.declare.raw import RawDate

__all__ = [
    "clip",
    "day_after",
    "day_of",
    "days_between",
    "deviation",
    "first_of_month",
    "floor",
    "hundredths",
    "least",
    "listed",
    "month_number",
    "months_between",
    "percent",
    "place_of",
    "ratio",
    "root",
    "seconds_of_day",
    "zero",
]


_ARGUMENTS = 100


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


class _DayAfter(_Function):
    inherit_cache = True
    name, type = "pycrm_day_after", RawDate()


class _Seconds(_Function):
    inherit_cache = True
    name, type = "pycrm_seconds", sa.Double()


class _FirstOfMonth(_Function):
    inherit_cache = True
    name, type = "pycrm_first_of_month", RawDate()


class _Root(_Function):
    inherit_cache = True
    name, type = "pycrm_root", sa.Double()


class _Clip(_Function):
    inherit_cache = True
    name, type = "pycrm_clip", sa.Double()


class _Floor(_Function):
    inherit_cache = True
    name, type = "pycrm_floor", sa.BigInteger()


class _Least(_Function):
    inherit_cache = True
    name, type = "pycrm_least", sa.BigInteger()


class _Place(_Function):
    inherit_cache = True
    name, type = "pycrm_place", sa.BigInteger()


class _Hundredths(_Function):
    inherit_cache = True
    name, type = "pycrm_hundredths", sa.BigInteger()


class _Listed(_Function):
    inherit_cache = True
    name, type = "pycrm_listed", sa.Text()


def _parts(element: Any, compiler: Any, **options: Any) -> list[str]:
    # A sum or a difference stands in brackets, whatever is done with it.
    said = (clause.self_group(against=operators.mul) for clause in element.clauses)
    return [compiler.process(clause, **options) for clause in said]


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


@compiles(_DayAfter)
def _day_after(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"({day} + 1)"


@compiles(_DayAfter, "sqlite")
def _day_after_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (day,) = _parts(element, compiler, **options)
    return f"date({day}, '+1 day')"


@compiles(_Seconds)
def _seconds(element: Any, compiler: Any, **options: Any) -> str:
    at, zone = _parts(element, compiler, **options)
    local = f"timezone('UTC', {at}) + {zone} * INTERVAL '1 second'"
    return f"CAST(EXTRACT(EPOCH FROM CAST({local} AS TIME)) AS DOUBLE PRECISION)"


@compiles(_Seconds, "sqlite")
def _seconds_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    at, zone = _parts(element, compiler, **options)
    return f"((({at} + {zone} * 1000000) % 86400000000) / 1000000.0)"


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


@compiles(_Floor)
def _floor(element: Any, compiler: Any, **options: Any) -> str:
    (value,) = _parts(element, compiler, **options)
    return f"CAST(floor({value}) AS BIGINT)"


@compiles(_Floor, "sqlite")
def _floor_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (value,) = _parts(element, compiler, **options)
    return f"(CAST({value} AS INTEGER) - ({value} < CAST({value} AS INTEGER)))"


@compiles(_Least)
def _least(element: Any, compiler: Any, **options: Any) -> str:
    return f"LEAST({', '.join(_parts(element, compiler, **options))})"


@compiles(_Least, "sqlite")
def _least_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"min({', '.join(_parts(element, compiler, **options))})"


@compiles(_Place)
def _place(element: Any, compiler: Any, **options: Any) -> str:
    part, text = _parts(element, compiler, **options)
    return f"strpos({text}, {part})"


@compiles(_Place, "sqlite")
def _place_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    part, text = _parts(element, compiler, **options)
    return f"instr({text}, {part})"


@compiles(_Hundredths)
def _hundredths(element: Any, compiler: Any, **options: Any) -> str:
    (value,) = _parts(element, compiler, **options)
    # A decimal such as 70.495 lies a little beside itself in binary: what is that near to a half is one.
    return f"CAST(floor({value} * 100 + 0.5 + 1e-7) AS BIGINT)"


@compiles(_Listed)
def _listed(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(json_build_array({', '.join(_parts(element, compiler, **options))}) AS TEXT)"


@compiles(_Listed, "sqlite")
def _listed_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_array({', '.join(_parts(element, compiler, **options))})"


@compiles(_Hundredths, "sqlite")
def _hundredths_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (value,) = _parts(element, compiler, **options)
    # SQLAlchemy's floor is a Python function there, slow and without an answer to nothing.
    return f"CAST({value} * 100 + 0.5 + 1e-7 AS INTEGER)"


# Databases take a hundred arguments or little more.
_AT_ONCE = 90


def listed(values: Sequence[Any]) -> Any:
    """The values of a row as JSON text: lists one after the other, in the order given."""
    some = [_Listed(*values[at : at + _AT_ONCE]) for at in range(0, len(values), _AT_ONCE)]
    joined: Any = some[0]
    for one in some[1:]:
        joined = joined + "," + one
    return sa.literal("[", sa.Text()) + joined + "]"


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


def months_between(since: Any, until: Any) -> Any:
    """How many whole months lie from one date to a later one: from the 15th to the 14th, one less."""
    day_since, day_until = (days_between(first_of_month(day), day) for day in (since, until))
    begun = sa.case((day_until < day_since, 1), else_=0)
    return month_number(until) - month_number(since) - begun


def first_of_month(day: Any) -> Any:
    """The first day of the month of a date."""
    return _FirstOfMonth(_plain(day))


def day_of(instant: Any) -> Any:
    """The business day of an instant."""
    return _Day(_plain(instant), sa.bindparam("moment_zone", type_=sa.BigInteger()))


def day_after(day: Any) -> Any:
    """The day that follows a date."""
    return _DayAfter(_plain(day))


def seconds_of_day(instant: Any) -> Any:
    """How many seconds of the business zone's day have passed at an instant."""
    return _Seconds(_plain(instant), sa.bindparam("moment_zone", type_=sa.BigInteger()))


def root(square: Any) -> Any:
    """The square root; of what lies below nought by rounding it is nought."""
    return _Root(_plain(square))


def deviation(number: Any, total: Any, squares: Any) -> Any:
    """The standard deviation of a whole population from its count, its sum and its sum of squares.

    With whole numbers the difference of squares is exact, so that equal values deviate by nothing.
    """
    number, total, squares = (_plain(one) for one in (number, total, squares))
    return ratio(root(number * squares - total * total), number)


def floor(value: Any) -> Any:
    """The greatest whole number that is not above the value."""
    return _Floor(_plain(value))


def hundredths(value: Any) -> Any:
    """A number that is not negative, rounded half up to two places, as a whole number of hundredths."""
    return _Hundredths(_plain(value))


def place_of(part: Any, text: Any) -> Any:
    """Where a part begins within a text, from 1; nought where it does not occur."""
    return _Place(_plain(part), _plain(text))


def least(values: Sequence[Any]) -> Any:
    """The smallest of several whole numbers, each of which there is."""
    some = [_plain(one) for one in values]
    while len(some) > 1:
        # A function of SQLite takes 127 arguments, and of one it would be an aggregate.
        parts = [some[at : at + _ARGUMENTS] for at in range(0, len(some), _ARGUMENTS)]
        some = [_Least(*part) if len(part) > 1 else part[0] for part in parts]
    return some[0]


def _plain(value: Any) -> Any:
    """A clause: an indicator stands for its value, a number for itself."""
    found = getattr(value, "result", value)
    return found if isinstance(found, sa.ClauseElement) else sa.literal(found)
