"""Feeds: facts of one sort about customers, and the supplies by which plugins offer them.

An indicator speaks of a feed and never of the tables behind it, so that it is the same whoever keeps
the facts. A feed that nobody offers is not available, which is another thing than nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import elements, visitors

from pycrm.declare.raw import RawBool, RawDate, RawInstant, RawKey
from pycrm.errors import DeclarationError

__all__ = ["FEEDS", "Feed", "Supply", "feed_of", "spoken_of"]

_TYPES: dict[type, Callable[[], Any]] = {
    str: sa.Text,
    int: sa.BigInteger,
    float: sa.Double,
    bool: RawBool,
    date: RawDate,
    datetime: RawInstant,
    UUID: RawKey,
}

_OWN = ("name", "title", "single", "rows", "of", "twin", "columns", "at", "table", "time", "is_past")

# Of the table that stands for a feed in expressions, the feed.
FEEDS: WeakKeyDictionary[Any, Feed] = WeakKeyDictionary()


class Feed:
    """Facts of one sort: rows that belong to customers, with these columns besides ``customer``.

    >>> from datetime import date
    >>> visits = Feed("visits", "Visits to our halls", on=date, minutes=int)
    >>> str(visits.minutes > 30)
    'crm_feed_visits.minutes > :minutes_1'

    Args:
        name: lower-case; a plugin's own feeds begin with its name.
        title: what a row is, in words; amounts are whole minor units of the CRM's currency.
        at: the column of dates or instants that says when a fact became one; later ones are left out.
        single: a customer has one row at most.
        shared: the rows are nobody's own and hold for all customers; other feeds are derived with them.
        columns: each with ``str``, ``int``, ``float``, ``bool``, ``date``, ``datetime`` or ``UUID``.

    Raises:
        DeclarationError: a column of another type or of a name that a feed has already, or none for `at`.
    """

    def __init__(
        self,
        name: str,
        title: str,
        /,
        *,
        at: str | None = None,
        single: bool = False,
        shared: bool = False,
        **columns: type,
    ) -> None:
        self.name, self.title, self.single, self.shared = name, title, single, shared
        self.rows: Callable[[], Any] | None = None
        self.of: tuple[Feed, ...] = ()
        # Of a feed over everybody, the one whose supplies it takes.
        self.twin: Feed | None = None
        if at is None and "on" in columns:
            at = "on"
        if at is not None and at not in columns:
            raise DeclarationError(f"the feed {name} has no column {at}")
        for column, kind in columns.items():
            if column in ("customer", *_OWN):
                raise DeclarationError(f"a feed has something else by the name {column}: call it otherwise")
            if kind not in _TYPES:
                raise DeclarationError(f"the column {name}.{column} cannot be a {kind!r}")
        self.columns = MappingProxyType(dict(columns))
        self.at = at
        whose = [] if shared else [sa.column("customer", RawKey())]
        made = [sa.column(one, _TYPES[columns[one]]()) for one in columns]
        self.table = sa.table(f"crm_feed_{name}", *whose, *made)
        FEEDS[self.table] = self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "table" not in self.__dict__ or name not in self.table.c:
            raise AttributeError(f"the feed has no column {name!r}")
        return self.table.c[name]

    def __repr__(self) -> str:
        return f"<feed {self.name}>"

    @property
    def time(self) -> Any:
        """The column that says when a fact became one, or None."""
        return self.table.c[self.at] if self.at else None

    @property
    def is_past(self) -> bool:
        """Whether its rows are held to the day as of which is asked, as facts of sources are that say when."""
        return self.at is not None and self.rows is None and not self.single

    @classmethod
    def derived(
        cls,
        name: str,
        title: str,
        /,
        rows: Callable[[], Any],
        *,
        of: tuple[Feed, ...],
        at: str | None = None,
        single: bool = False,
        shared: bool = False,
        **columns: type,
    ) -> Feed:
        """A feed that is worked out from others: purchases from lines, gaps from purchases.

        Args:
            rows: gives the SELECT over the columns of the feeds in `of`; its columns bear the names of this
                feed's own and ``customer``. It is called once.
        """
        made = cls(name, title, at=at, single=single, shared=shared, **columns)
        made.rows, made.of = rows, of
        return made

    def of_everybody(self) -> Feed:
        """The same facts of all customers, for what compares one with the others.

        Where only some customers are worked out, this feed still holds the facts of all.
        """
        found = Feed(
            f"all_{self.name}",
            self.title,
            at=self.at,
            single=self.single,
            shared=self.shared,
            **self.columns,
        )
        found.twin = self
        return found

    def bases(self) -> set[str]:
        """The names of the feeds that have to be offered for this one to be there."""
        if self.twin is not None:
            return self.twin.bases()
        return {self.name} if self.rows is None else {name for one in self.of for name in one.bases()}


def feed_of(table: Any) -> Feed | None:
    """The feed that a table or an alias of it stands for, or None."""
    if isinstance(table, sa.Alias):
        table = table.element
    return FEEDS.get(table) if isinstance(table, sa.TableClause) else None


def spoken_of(expression: Any) -> tuple[dict[str, Feed], set[tuple[str, str]]]:
    """The feeds of which an expression speaks, by their names, and which of their columns."""
    feeds: dict[str, Feed] = {}
    columns: set[tuple[str, str]] = set()
    for part in visitors.iterate(expression):
        # A table that is selected whole is said by its name alone.
        told: Iterable[Any] = part.selected_columns if isinstance(part, sa.Select) else (part,)
        for one in told:
            is_column = isinstance(one, elements.ColumnClause)
            feed = feed_of(one.table if is_column else one)
            if feed is not None:
                feeds[feed.name] = feed
                if is_column:
                    columns.add((feed.name, one.name))
    return feeds, columns


@attrs.frozen(eq=False)
class Supply:
    """Where a plugin has facts of a feed.

    >>> import sqlalchemy as sa
    >>> from datetime import date
    >>> visits = Feed("visits", "Visits to our halls", on=date)
    >>> table = sa.table("gate", sa.column("customer_id"), sa.column("day"))
    >>> Supply(visits, lambda: sa.select(table.c.customer_id.label("customer"), table.c.day.label("on")))
    <supply of visits>

    Args:
        feed: what is offered.
        rows: gives the SELECT over the plugin's own tables; its columns bear the names of the feed's, and
            ``customer`` is the customer's id. Columns that it lacks are empty. It is called once.
    """

    feed: Feed
    rows: Callable[[], Any]

    @cached_property
    def statement(self) -> Any:
        """What `rows` gives, always the same: what it names within must be known as one thing."""
        return self.rows()

    @cached_property
    def is_plain(self) -> bool:
        """Whether another condition and a choice of columns may be put into the SELECT itself."""
        told = self.statement
        if not isinstance(told, sa.Select):
            return False
        if told._group_by_clauses or told._distinct or told._has_row_limiting_clause:
            return False
        parts = (part for column in told.selected_columns for part in visitors.iterate(column))
        return not any(isinstance(part, elements.Over) for part in parts)

    @cached_property
    def is_bare(self) -> bool:
        """Whether its columns are those of one table and nothing is worked out."""
        if not self.is_plain:
            return False
        tables = self.statement.get_final_froms()
        columns = (
            one.element if isinstance(one, elements.Label) else one for one in self.statement.selected_columns
        )
        return (
            len(tables) == 1
            and isinstance(tables[0], sa.TableClause)
            and all(isinstance(one, elements.ColumnClause) for one in columns)
        )

    def __repr__(self) -> str:
        return f"<supply of {self.feed.name}>"
