"""Named values of a customer: aggregates over a feed, and what is worked out from them.

A value is a column that does not exist yet: the statement makes it where an indicator needs it, once,
however many speak of it.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql import elements, visitors

from pycrm.declare.raw import RawDate
from pycrm.errors import DeclarationError
from pycrm.scoring.feed import FEEDS, Feed, spoken_of
from pycrm.scoring.function import _plain
from pycrm.scoring.moment import LIFE, Window

__all__ = [
    "Value",
    "average",
    "count",
    "distinct",
    "greatest",
    "let",
    "named",
    "one",
    "overall",
    "smallest",
    "total",
    "values_in",
]


class Value(elements.ColumnClause[Any]):
    """A value of each customer, usable wherever a column is.

    - `feed` is where it is gathered from, None where it is worked out from other values;
    - `made` is the aggregate or the expression, None where only a name was given;
    - `spans` says that it is one value over all customers.
    """

    inherit_cache = True
    feed: Feed | None = None
    made: Any = None
    spans: bool = False

    @cached_property
    def behind(self) -> dict[str, Value]:
        """The values that it is worked out from, by their names."""
        return values_in(self.made)

    @cached_property
    def columns(self) -> set[tuple[str, str]]:
        """The columns of feeds of which it speaks, each with the name of its feed."""
        return spoken_of(self.made)[1]

    @classmethod
    def of(
        cls, made: Any, feed: Feed | None = None, *, spans: bool = False, name: str | None = None
    ) -> Value:
        """The value that an expression gives, named by what it says unless it has a name."""
        found = cls(name or _digest(made, feed, spans), made.type)
        found.feed, found.made, found.spans = feed, made, spans
        return found


def _digest(made: Any, feed: Feed | None, spans: bool) -> str:
    """Equal expressions have equal names, so that what two plugins ask for alike is gathered once."""
    said = made.compile(dialect=_SAYING)
    text = f"{feed.name if feed else ''}|{spans}|{said}|{sorted(said.params.items())!r}"
    return "v" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


_SAYING = DefaultDialect()


def _gathered(column: Any, aggregate: Any, where: Any, within: Window, by: Any) -> Value:
    feed = _feed_of(column)
    if feed.shared:
        raise DeclarationError(f"the rows of {feed.name} are nobody's own: derive a feed from them")
    conditions = [] if where is None else [where]
    if within is not LIFE:
        when = by if by is not None else feed.time
        if when is None:
            raise DeclarationError(f"the feed {feed.name} does not say when: give by=")
        conditions.append(within.holds(when, is_past=by is None and feed.is_past))
    return Value.of(aggregate(sa.and_(*conditions) if conditions else None), feed)


def _feed_of(column: Any) -> Feed:
    for part in visitors.iterate(column):
        table = getattr(part, "table", None)
        found = FEEDS.get(table) if table is not None else None
        if found is not None:
            return found
    raise DeclarationError(f"{column} is over no feed")


def _when(condition: Any, aggregate: Any) -> Any:
    # Rows that do not meet it are passed over, and not taken for nothing: there are dozens of aggregates over a feed.
    return aggregate if condition is None else aggregate.filter(condition)


def total(column: Any, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """The sum over a customer's facts; no value where there is none.

    Args:
        where: a condition over columns of the same feed.
        within: a window of time.
        by: the column of time, where it is not the feed's own.
    """

    def made(condition: Any) -> Any:
        kind: Any = sa.Double() if isinstance(column.type, sa.Float) else sa.BigInteger()
        # PostgreSQL sums whole numbers to numerics, which are slow and no plain numbers.
        return sa.cast(_when(condition, sa.func.sum(column)), kind)

    return _gathered(column, made, where, within, by)


def count(feed: Feed, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """How many facts there are; no value for customers without any fact of that feed: see `zero`."""
    return _gathered(feed.table.c[0], lambda at: _when(at, sa.func.count()), where, within, by)


def distinct(column: Any, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """How many different values the facts have."""
    return _gathered(column, lambda at: _when(at, sa.func.count(column.distinct())), where, within, by)


def greatest(column: Any, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """The greatest, or the latest, of the facts."""
    return _gathered(column, lambda at: _when(at, sa.func.max(column, type_=column.type)), where, within, by)


def smallest(column: Any, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """The smallest, or the earliest, of the facts."""
    return _gathered(column, lambda at: _when(at, sa.func.min(column, type_=column.type)), where, within, by)


def average(column: Any, *, where: Any = None, within: Window = LIFE, by: Any = None) -> Value:
    """The mean of the facts as a fraction; no value where there is none."""

    def made(condition: Any) -> Any:
        return _when(condition, sa.func.avg(sa.cast(column, sa.Double()), type_=sa.Double()))

    return _gathered(column, made, where, within, by)


def one(column: Any) -> Value:
    """The column of a feed of which a customer has one row at most."""
    feed = _feed_of(column)
    if not feed.single:
        raise DeclarationError(f"a customer may have many rows in {feed.name}: gather them")
    return Value.of(sa.type_coerce(column, column.type), feed)


def let(expression: Any) -> Value:
    """A value worked out from others, to be spoken of more than once."""
    return Value.of(_plain(expression))


def overall(expression: Any) -> Value:
    """The sum of a value over all customers of the run: one number for everybody."""
    return Value.of(sa.func.sum(_plain(expression), type_=sa.Double()), spans=True)


def named(code: str) -> Value:
    """The value of the indicator of that code, of whichever plugin; it is looked up when all are loaded."""
    return Value(code, sa.Double())


def values_in(expression: Any) -> dict[str, Value]:
    """The values that an expression speaks of, by their names."""
    return {part.name: part for part in visitors.iterate(expression) if isinstance(part, Value)}


def is_date(value: Any) -> bool:
    """Whether it is a date, which no score can be made of."""
    return isinstance(value.type, RawDate)
