"""One statement for all indicators of all plugins, whatever their number.

Each feed is read once and gathered once by customer; values that are worked out from others follow in
layers, so that no expression is written twice.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import elements

from pycrm.declare.raw import RawKey
from pycrm.scoring import ranks
from pycrm.scoring.catalog import Catalog
from pycrm.scoring.feed import Feed, Supply, spoken_of
from pycrm.scoring.function import ratio
from pycrm.scoring.indicator import Indicator, OnNone
from pycrm.scoring.moment import LIFE
from pycrm.scoring.scale import NEUTRAL, Percentile, Scale
from pycrm.scoring.value import Value

__all__ = ["CUSTOMER", "POPULATION", "Layers"]

POPULATION = sa.table("crm_scored", sa.column("customer", RawKey()))
CUSTOMER: Any = sa.column("customer", RawKey())
# SQLite joins 64 tables and no more.
_AT_ONCE = 50
# What keeps one SELECT from being written into the one around it, and no row from passing on.
_APART = {"sqlite": "LIMIT -1 OFFSET 0", "postgresql": "OFFSET 0"}
# What is gathered of customers lies in the order of their keys: SQLite looks it up for one after the other, and
# soonest along that order, which it keeps only where some are limited.
_IN_ORDER = {"sqlite": "ORDER BY customer LIMIT -1"}


class Layers:
    """A statement in the making: the customers, the feeds, and layer on layer of named columns.

    Args:
        population: the SELECT of the customers, whose one column is ``customer``.
        whole: whether these are all customers; else feeds are held to those in the population.
        tables: the run by whose tables customers are ranked; without one they are ranked among themselves.
        apart: whether the customers and the facts stand in tables of their own, as `facts` gives them.
    """

    def __init__(
        self,
        catalog: Catalog,
        population: Any,
        *,
        whole: bool,
        tables: UUID | None = None,
        apart: bool = False,
    ) -> None:
        self.catalog, self.whole, self.tables, self.apart = catalog, whole, tables, apart
        ordered = _ended(population, _IN_ORDER) if whole else population
        self._population = ordered.cte(POPULATION.name)
        self._ctes: list[Any] = [] if apart else [self._population]
        self._made: dict[str, tuple[Feed, Any]] = {}
        self._used: set[tuple[str, str]] = set()
        self._values: dict[str, Value] = {}
        self._depths: dict[str, int] = {}
        self.columns: list[Any] = []
        self.overall: list[str] = []
        self.source: Any = None

    @property
    def values(self) -> list[Value]:
        """The values that are worked out, those of feeds among them."""
        return list(self._values.values())

    def measure(self, indicators: Iterable[Indicator]) -> None:
        """Add the values of these indicators, each a column of its code, and what is over all customers."""
        asked = list(indicators)
        wanted = [one.result for one in asked]
        wanted += [barren for one in asked if (barren := one.barren) is not None]
        self.work_out(wanted)

    def work_out(self, wanted: Sequence[Value]) -> None:
        """Add these values, each a column of its name, and what is over all customers."""
        for value in wanted:
            self._take(value)
        self._said_once()
        self._gathered()
        self.overall = [name for name, value in self._values.items() if value.spans]
        shown = [*(value.name for value in wanted), *self.overall]
        for depth, needed in enumerate(self._needed(shown), 1):
            at = [self._values[name] for name, its in self._depths.items() if its == depth]
            added = [(value.name, self._said(value)) for value in at]
            self.layer(added, f"crm_step_{depth}", passing=needed)
        self.keep(shown)

    def judge(self, scales: Mapping[str, Scale], on_none: Mapping[str, OnNone]) -> None:
        """Add the points of measured indicators, each a column ``p:`` and its code; None is left out of a score.

        Those by percentile are ranked among all customers of this statement, or by the tables of a run.
        """
        by_name = {column.name: column for column in self.columns}
        ranked = [code for code, scale in scales.items() if isinstance(scale, Percentile)]
        self._rank([by_name[code] for code in ranked])
        made = []
        for code, scale in scales.items():
            value, barren = by_name[code], by_name.get(f"z:{code}")
            points = self._risen(code, scale) if isinstance(scale, Percentile) else scale.points(value)
            if barren is not None:
                points = sa.func.coalesce(points, sa.case((barren == 1, 0.0)), type_=sa.Double())
            made.append((f"p:{code}", _filled(points, on_none[code])))
        self.layer(made, "crm_points", passing={name for name in by_name if not name.startswith("z:")})

    def facts(self) -> dict[str, Any]:
        """Of the customers and of each feed that others are worked out from, its SELECT by the name of its table."""
        found = {POPULATION.name: sa.select(POPULATION.c.customer).add_cte(self._population)}
        for feed, rows in self._made.values():
            if rows is None:
                base = self._base(feed)
                found[feed.table.name] = base.add_cte(self._population) if feed.single else base
        return found

    def kept(self, name: str, *where: Any, tables: UUID) -> Layers:
        """The same columns, which have become a table of this name."""
        found = Layers(self.catalog, sa.select(POPULATION.c.customer), whole=True, tables=tables, apart=True)
        found.columns, found.overall, found.source = list(self.columns), list(self.overall), sa.table(name)
        if where:
            found._put(sa.select(CUSTOMER, *self.columns).select_from(found.source).where(*where), "crm_some")
        return found

    def keep(self, names: Sequence[str]) -> None:
        """Drop all columns but these, and put them in this order."""
        by_name = {column.name: column for column in self.columns}
        self.columns = [by_name[name] for name in names]

    def layer(
        self, added: Sequence[tuple[str, Any]], name: str, *, passing: Container[str] | None = None
    ) -> None:
        """Add columns that speak of those there are, of which `passing` names those that go on; without it all."""
        passed = [one for one in self.columns if passing is None or one.name in passing]
        made = [_as_they_are(CUSTOMER, *passed), *(expression.label(named) for named, expression in added)]
        self._put(sa.select(*made).select_from(self.source), name)
        self.columns = passed + [sa.column(named, expression.type) for named, expression in added]

    def statement(self, *columns: Any) -> Any:
        """The SELECT of these columns over the last layer."""
        return self.read(sa.select(*(columns or (CUSTOMER, *self.columns))).select_from(self.source))

    def read(self, select: Any) -> Any:
        """A SELECT of one's own over the last layer, which is `source`."""
        return select.add_cte(*self._ctes)

    def over(self, feed: Feed, select: Any) -> Any:
        """A SELECT over a feed of these customers."""
        self._used |= spoken_of(select)[1]
        self._feed(feed)
        self._said_once()
        return select.add_cte(*self._ctes)

    def _said_once(self) -> None:
        """Each feed that is spoken of, by its name."""
        for feed, rows in self._made.values():
            if rows is not None or not self.apart:
                said = (self._base(feed) if rows is None else rows).cte(feed.table.name)
                if rows is None and self.whole and self._stands(feed):
                    # Reading it again takes less than writing it down and reading that.
                    said = said.prefix_with("NOT MATERIALIZED")
                self._ctes.append(said)

    def _stands(self, feed: Feed) -> bool:
        """Whether the facts are the rows of one table as they are."""
        offered = self.catalog.supplies[(feed.twin or feed).name]
        return not feed.single and len(offered) == 1 and offered[0].is_bare

    def _put(self, select: Any, name: str) -> None:
        # Left to themselves databases write each layer into the next, and an expression many times over. An
        # offset keeps them apart and lets rows pass one by one; what is read more than once is kept by itself.
        self._ctes.append(_ended(select, _APART).cte(name))
        self.source = sa.table(name, sa.column("customer", RawKey()))

    def _needed(self, shown: Iterable[str]) -> list[set[str]]:
        """By depth from 1, the columns of which a later layer speaks, or that are shown."""
        found, needed = [], set(shown)
        for depth in range(max(self._depths.values(), default=0), 0, -1):
            found.append(set(needed))
            at = [self._values[name] for name, its in self._depths.items() if its == depth]
            needed |= {name for value in at for name in value.behind}
        return found[::-1]

    def _take(self, value: Value) -> int:
        """Note a value and all that it is worked out from; gives the layer in which it stands."""
        if value.name in self._depths:
            return self._depths[value.name]
        if value.made is None or (value.feed is None and value.name in self.catalog.indicators):
            value = self.catalog.indicators[value.name].result
        if value.feed is not None:
            self._feed(value.feed)
            self._used |= value.columns
            depth = 0
        else:
            depth = 1 + max((self._take(one) for one in value.behind.values()), default=0)
        self._values[value.name], self._depths[value.name] = value, depth
        return depth

    def _said(self, value: Value) -> Any:
        if not value.spans:
            return value.made
        return value.made.over() if self.tables is None else ranks.total(self.tables, value.name)

    def _rank(self, values: Sequence[Any]) -> None:
        """Add the share of customers that lie below, each a column ``r:`` and the name of its value."""
        if self.tables is not None and not self.apart:
            tables = self.tables
            self.layer([(f"r:{one.name}", ranks.by_tables(tables, one)) for one in values], "crm_ranked")
            return
        # Each value is read apart from the others: a row of them alone is soon read.
        worths = sa.table("crm_worth", *(sa.column(one.name, sa.Double()) for one in values))
        if values:
            told = sa.select(*(ranks.worth_of(one).label(one.name) for one in values))
            self._ctes.append(told.select_from(self.source).cte(worths.name))
            self._ctes.append(ranks.numbers(worths, self.tables).cte(ranks.NUMBERS.name))
        for at in range(0, len(values), _AT_ONCE):
            joined, added = self.source.join(ranks.NUMBERS, sa.true()), []
            for number, value in enumerate(values[at : at + _AT_ONCE], at):
                table = sa.table(f"crm_rank_{number}", sa.column("worth", sa.Double()), sa.column("reached"))
                among = ranks.among_all(worths, value.name)
                if self.tables is not None:
                    among = ranks.along_tables(self.tables, worths, value.name)
                self._ctes.append(among.cte(table.name))
                joined = joined.outerjoin(table, table.c.worth == ranks.worth_of(value))
                share = ratio(table.c.reached, sa.column(f"n:{value.name}", sa.BigInteger()))
                added.append(share.label(f"r:{value.name}"))
            passed = _as_they_are(CUSTOMER, *self.columns)
            self._put(sa.select(passed, *added).select_from(joined), f"crm_ranked_{at}")
            self.columns += [sa.column(one.name, sa.Double()) for one in added]

    def _risen(self, code: str, scale: Percentile) -> Any:
        rising: Any = sa.column(f"r:{code}", sa.Double())
        return 100.0 - rising if scale.falling else rising

    def _gathered(self) -> None:
        """The first layer: every aggregate, one reading of each feed."""
        feeds = [
            (feed, [one for one in self._values.values() if one.feed is feed])
            for feed, _ in self._made.values()
        ]
        feeds = [(feed, at) for feed, at in feeds if at]
        # The first layer of all has the customers and nothing else.
        self.source = POPULATION
        for start in range(0, max(len(feeds), 1), _AT_ONCE):
            joined, added = self.source, []
            for feed, at in feeds[start : start + _AT_ONCE]:
                table = sa.table(f"crm_by_{feed.name}", sa.column("customer", RawKey()))
                self._ctes.append(_by_customer(feed, at).cte(table.name))
                joined = joined.outerjoin(table, table.c.customer == self.source.c.customer)
                added += [sa.column(one.name, one.type) for one in at]
            name = f"crm_step_0_{start}" if start else "crm_step_0"
            passed = [_as_they_are(*some)] if (some := [*self.columns, *added]) else []
            self._put(sa.select(self.source.c.customer, *passed).select_from(joined), name)
            self.columns = [*self.columns, *added]

    def _feed(self, feed: Feed) -> None:
        if feed.name in self._made:
            return
        rows = feed.rows() if feed.rows is not None else None
        if rows is not None:
            below, columns = spoken_of(rows)
            for one in below.values():
                self._feed(one)
            self._used |= columns
        self._made[feed.name] = (feed, rows)

    def _base(self, feed: Feed) -> Any:
        offered = self.catalog.supplies[(feed.twin or feed).name]
        names = [name for name in feed.columns if (feed.name, name) in self._used]
        if feed.single and len(offered) > 1:
            return _side_by_side(feed, names, [one.statement.subquery() for one in offered])
        return sa.union_all(*(self._rows(feed, names, one) for one in offered))

    def _rows(self, feed: Feed, names: Sequence[str], supply: Supply) -> Any:
        if supply.is_plain:
            given = {name: _unnamed(one) for name, one in supply.statement.selected_columns.items()}
        else:
            given = dict(supply.statement.subquery().c.items())
        whose = [] if feed.shared else [given["customer"].label("customer")]
        columns = [*whose, *_columns(feed, names, [given])]
        found = sa.select(*columns)
        if supply.is_plain:
            found = supply.statement.with_only_columns(*columns, maintain_column_froms=True)
        if feed.at is not None:
            # What has not happened yet is no fact.
            found = found.where(LIFE.holds(sa.type_coerce(given[feed.at], feed.table.c[feed.at].type)))
        if not self.whole and feed.twin is None and not feed.shared:
            found = found.where(given["customer"].in_(sa.select(POPULATION.c.customer)))
        return found


def _ended(select: Any, by_dialect: Mapping[str, str]) -> Any:
    """A SELECT with something at its end that some databases ask for."""
    for dialect, end in by_dialect.items():
        select = select.suffix_with(end, dialect=dialect)
    return select


def _as_they_are(*columns: Any) -> Any:
    """Columns that a layer passes on, said at once: there are hundreds, and saying each takes its time."""
    return sa.literal_column(", ".join(f'"{one.name}"' for one in columns))


def _by_customer(feed: Feed, values: Sequence[Value]) -> Any:
    """Values of a feed, for each customer that has facts of it."""
    gathered = sa.select(feed.table.c.customer, *(one.made.label(one.name) for one in values))
    return gathered if feed.single else gathered.group_by(feed.table.c.customer)


def _filled(points: Any, on_none: OnNone) -> Any:
    if on_none is OnNone.SKIP:
        return points
    return sa.func.coalesce(points, NEUTRAL if on_none is OnNone.NEUTRAL else 0.0, type_=sa.Double())


def _unnamed(column: Any) -> Any:
    return column.element if isinstance(column, elements.Label) else column


def _columns(feed: Feed, names: Sequence[str], given: list[Mapping[str, Any]]) -> list[Any]:
    found = []
    for name in names:
        kind = feed.table.c[name].type
        there = [one[name] for one in given if name in one]
        value = there[0] if len(there) == 1 else sa.func.coalesce(*there) if there else _empty(kind)
        found.append(sa.type_coerce(value, kind).label(name))
    return found


def _empty(kind: Any) -> Any:
    """Nothing, of a type that a union can bring together with that of another supply."""
    for wide, said in ((sa.Text, sa.Text()), (sa.BigInteger, sa.BigInteger()), (sa.Double, sa.Double())):
        if isinstance(kind, wide):
            return sa.cast(sa.null(), said)
    return sa.null()


def _side_by_side(feed: Feed, names: Sequence[str], given: list[Any]) -> Any:
    """One row a customer from several supplies, the first that knows a column giving it."""
    # What compares with everybody asks for more than those who are worked out.
    whose: Any = POPULATION
    if feed.twin is not None:
        whose = sa.union(*(sa.select(one.c.customer) for one in given)).subquery()
    source = whose
    for one in given:
        source = source.outerjoin(one, one.c.customer == whose.c.customer)
    return sa.select(whose.c.customer, *_columns(feed, names, [one.c for one in given])).select_from(source)
