"""What an indicator may divide, default and count days by: functions that mean the same in every database.

A bare division rounds on one database and not on another, nothing divided by nothing is an error on a
third, and each has its own way with dates. So no other expression of an indicator divides, replaces
what is missing or subtracts days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pycrm.scoring.dialect import (
    ALONG,
    CLIP,
    DAY,
    DAY_AFTER,
    DAYS,
    DAYS_AFTER,
    FIRST_OF_MONTH,
    FLOOR,
    HUNDREDTHS,
    LEAST,
    LISTED,
    MONTH,
    PLACE,
    RATIO,
    ROOT,
    SECONDS,
)

__all__ = [
    "along",
    "clip",
    "day_after",
    "day_of",
    "days_after",
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
# Databases take a hundred arguments or little more.
_AT_ONCE = 90


def listed(values: Sequence[Any]) -> Any:
    """The values of a row as JSON text: lists one after the other, in the order given."""
    some = [LISTED(*values[at : at + _AT_ONCE]) for at in range(0, len(values), _AT_ONCE)]
    joined: Any = some[0]
    for one in some[1:]:
        joined = joined + "," + one
    return sa.literal("[", sa.Text()) + joined + "]"


def ratio(over: Any, under: Any) -> Any:
    """The quotient; no value where `under` is nought or either has none."""
    return RATIO(_plain(over), _plain(under))


def percent(part: Any, whole: Any) -> Any:
    """How much of the whole the part is, in percent; no value where there is no whole."""
    return 100.0 * RATIO(_plain(part), _plain(whole))


def zero(value: Any) -> Any:
    """The value, and nought where there is none."""
    return sa.func.coalesce(_plain(value), 0)


def clip(value: Any, low: Any, high: Any) -> Any:
    """The value, held between two bounds."""
    return CLIP(_plain(value), _plain(low), _plain(high))


def along(value: Any, low: float, high: float) -> Any:
    """The points of a value on a line from 0 at `low` to 100 at `high`, held between them."""
    value, rises = _plain(value), low < high
    return ALONG[rises](value, *(_number(one) for one in (low, high, high - low)))


def _number(value: float) -> Any:
    """A fraction as it is written: with an exponent, without which some take it for a decimal."""
    text = repr(float(value))
    return sa.literal_column(f"({text if 'e' in text else text + 'e0'})", sa.Double())


def days_between(since: Any, until: Any) -> Any:
    """How many days lie from one date to the other; negative where the second is the earlier."""
    return DAYS(_plain(since), _plain(until))


def month_number(day: Any) -> Any:
    """The month of a date as one number, in which the next month is one more: year times 12 and month."""
    return MONTH(_plain(day))


def months_between(since: Any, until: Any) -> Any:
    """How many whole months lie from one date to a later one: from the 15th to the 14th, one less."""
    day_since, day_until = (days_between(first_of_month(day), day) for day in (since, until))
    begun = sa.case((day_until < day_since, 1), else_=0)
    return month_number(until) - month_number(since) - begun


def first_of_month(day: Any) -> Any:
    """The first day of the month of a date."""
    return FIRST_OF_MONTH(_plain(day))


def day_of(instant: Any) -> Any:
    """The business day of an instant."""
    return DAY(_plain(instant), sa.bindparam("moment_zone", type_=sa.BigInteger()))


def day_after(day: Any) -> Any:
    """The day that follows a date."""
    return DAY_AFTER(_plain(day))


def days_after(day: Any, number: Any) -> Any:
    """The day so many days after a date."""
    return DAYS_AFTER(_plain(day), _plain(number))


def seconds_of_day(instant: Any) -> Any:
    """How many seconds of the business zone's day have passed at an instant."""
    return SECONDS(_plain(instant), sa.bindparam("moment_zone", type_=sa.BigInteger()))


def root(square: Any) -> Any:
    """The square root; of what lies below nought by rounding it is nought."""
    return ROOT(_plain(square))


def deviation(number: Any, total: Any, squares: Any) -> Any:
    """The standard deviation of a whole population from its count, its sum and its sum of squares.

    With whole numbers the difference of squares is exact, so that equal values deviate by nothing.
    """
    number, total, squares = (_plain(one) for one in (number, total, squares))
    return ratio(root(number * squares - total * total), number)


def floor(value: Any) -> Any:
    """The greatest whole number that is not above the value."""
    return FLOOR(_plain(value))


def hundredths(value: Any) -> Any:
    """A number that is not negative, rounded half up to two places, as a whole number of hundredths."""
    return HUNDREDTHS(_plain(value))


def place_of(part: Any, text: Any) -> Any:
    """Where a part begins within a text, from 1; nought where it does not occur."""
    return PLACE(_plain(part), _plain(text))


def least(values: Sequence[Any]) -> Any:
    """The smallest of several whole numbers, each of which there is."""
    some = [_plain(one) for one in values]
    while len(some) > 1:
        # A function of SQLite takes 127 arguments, and of one it would be an aggregate.
        parts = [some[at : at + _ARGUMENTS] for at in range(0, len(some), _ARGUMENTS)]
        some = [LEAST(*part) if len(part) > 1 else part[0] for part in parts]
    return some[0]


def _plain(value: Any) -> Any:
    """A clause: an indicator stands for its value, a number for itself."""
    found = getattr(value, "result", value)
    return found if isinstance(found, sa.ClauseElement) else sa.literal(found)
