"""Lists that stay fast for every reach: each way to the rows is an ordered stream, and these are merged.

Left to itself a database answers `own OR shared OR unit … ORDER BY … LIMIT 50` by walking the whole
list until fifty rows have passed the filter, which for a branch that has long been quiet is most of
the table. So each path of a scope is asked for its own first rows by its own index, and of their
union the first are taken. PostgreSQL merges no index ranges, so a path of many units is a bounded
merge there: the first row of each unit (the first few, where there are fewer units than rows are
wanted), of all these as many as are wanted, the last of these as the bound, and within it the rows of
those units alone. SQLite does as much by itself for `IN`.

Each unit costs a look into the index, also where nearly every row of the list is in reach. So whoever
reaches much of the list walks along it instead, see `along`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.declare.reference import per_class
from pycrm.declare.table import key_column
from pycrm.entities.org import OrgUnit
from pycrm.scope.predicate import Path, Scope

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Breadth", "Order", "Streams", "along", "are_merged", "breadth", "step"]

# Beyond so many rows a list is no page, and to read each unit so far is no bound.
_MOST = 1000
# Up to how many rows a stream is read. PostgreSQL plans a statement once for all only where it knows the
# limits, and planning takes longer than reading; a few steps keep the number of texts small.
_STEPS = (2, 4, 11, 26, 51, 101, 201, 501, 1001, 10_001)
# The same for the first rows of each of a few units.
_FEW = (1, 2, 3, 4, 5, 8, 13, *_STEPS[3:])
# How many times longer than it would take in an even list a walk goes on.
_PATIENCE = 4
_ONE: Any = sa.literal_column("1")


@attrs.frozen(eq=False)
class Order:
    """A list's order: by one field and then by the key, or by the key alone."""

    columns: tuple[Any, ...]
    falling: bool = False
    # Whether the table has an index for each owner and each unit in this order.
    is_indexed: bool = False

    @classmethod
    def of(cls, record: Any, column: Any, falling: bool = False) -> Order:
        """The order by a column of a record's table."""
        return _orders(record)[column.name, falling]

    @property
    def shape(self) -> tuple[Any, ...]:
        """Equal for two orders of one class that have the same text."""
        return self.columns[0].name, self.falling

    def by(self, source: Any) -> list[Any]:
        """The clauses for a source that has these columns."""
        direction = sa.desc if self.falling else sa.asc
        return [direction(column) for column in self.among(source)]

    def among(self, source: Any) -> list[Any]:
        """The same columns of another source."""
        return [source.c[column.name] for column in self.columns]

    def reaches(self, bound: Any) -> Any:
        """Whether a row comes no later than the one that a statement gives."""
        place = sa.tuple_(*self.columns) if len(self.columns) > 1 else self.columns[0]
        return place >= bound if self.falling else place <= bound

    def passes(self, place: Any) -> Any:
        """Whether a row comes after the place that another source has in the same columns."""
        here, there = (
            sa.tuple_(*each) if len(each) > 1 else each[0] for each in (self.columns, self.among(place))
        )
        return here < there if self.falling else here > there

    def beginning(self, dialect: str) -> Any:
        """A condition that is always true, by which SQLite finds the index that has this order.

        Of several indexes that begin with the owner or the unit it takes any, and sorts all of their rows.
        """
        if dialect != "sqlite" or len(self.columns) < 2 or not self.is_indexed:
            return sa.true()
        column = self.columns[0]
        is_text = isinstance(column.type, sa.Text | RawDate)
        return column >= sa.literal_column("''" if is_text else "-9223372036854775808")

    @property
    def reversed(self) -> Order:
        """The same list from its end."""
        return attrs.evolve(self, falling=not self.falling)


@per_class
def _orders(record: Any) -> dict[tuple[str, bool], Order]:
    """The orders of a record's list by the names of its columns, rising and falling."""
    table = record.__table__.c
    key = table[key_column(record)]
    declared = {spec.columns[0] for spec in record.__specs__.values() if spec.order} or {key.name}
    return {
        (column.name, falling): Order(
            (key,) if column is key else (column, key), falling, column.name in declared
        )
        for column in table
        for falling in (False, True)
    }


@cache
def step(limit: int, steps: tuple[int, ...] = _STEPS) -> int:
    """Up to how many rows the streams are read for a list of that many."""
    return next((one for one in steps if one >= limit), max(limit, 2 ** (limit - 1).bit_length()))


def are_merged(scope: Scope) -> bool:
    """Whether a list of that scope is a merge, and no single range of an index."""
    return len(scope.paths) > 1 or any(path.members is not None for path in scope.paths)


@attrs.frozen
class Breadth:
    """How many units or owners each way of a reach leads to, nought where it is not by these; and all units.

    It is counted once for a reader and may be out of date: it chooses how a list is read, and no row of it.
    """

    keys: tuple[int, ...]
    every: int

    @property
    def most(self) -> int:
        """The keys of the way that leads to the most."""
        return max(self.keys, default=0)

    def is_narrow(self, limit: int) -> bool:
        """Whether looking into each unit is less than walking along the list.

        Of a list whose rows lie evenly a walk passes `limit` x all units / units reached, and a merge
        one or more for each unit reached.
        """
        return self.most * self.most <= limit * self.every

    def ahead(self, limit: int) -> int:
        """How many rows of the list a walk looks at: some times as many as an even list takes."""
        return step(_PATIENCE * limit * self.every // self.most)

    def each(self, most: int) -> tuple[int, ...]:
        """How many rows of each unit are read first, so that together they are as many as are wanted.

        A quarter more, since a unit may hold fewer.
        """
        return tuple(step(-(-most * 5 // (4 * keys)), _FEW) if 0 < keys < most else 1 for keys in self.keys)


def breadth(tx: Transaction, scope: Scope) -> Breadth:
    """How broad a scope is; remembered with it."""
    found: Breadth | None = scope.plans.get("breadth")
    if found is None:
        counts = [
            sa.select(sa.func.count()).select_from(path.members.distinct().subquery()).scalar_subquery()
            for path in scope.paths
            if path.members is not None
        ]
        rows = []
        if counts:
            every = sa.select(sa.func.count()).select_from(OrgUnit.__table__).scalar_subquery()
            rows = list(tx.fetch(sa.select(*counts, every))[0])
        reached = iter(rows)
        keys = tuple(0 if path.members is None else next(reached) for path in scope.paths)
        found = scope.plans["breadth"] = Breadth(keys, rows[-1] if rows else 0)
    return found


def along(table: Any, columns: Sequence[Any], scope: Scope, order: Order, ahead: int, beyond: Any) -> Any:
    """The first rows of a scope among the next rows of the list, of which so many are looked at.

    `beyond` makes the condition for what comes after a place. None comes of a list that ends before.
    """
    live = sa.and_(table.c.archived_at.is_(None), beyond())
    walk = sa.select(*order.columns).where(live).order_by(*order.by(table)).correlate(None)
    last = walk.limit(_ONE).offset(sa.literal_column(str(ahead - 1))).scalar_subquery()
    # In this form neither database takes the scope for where to begin.
    within: Any = scope.where
    reached = [] if within is None else [sa.case((within, _ONE), else_=sa.literal_column("0")) == _ONE]
    found: Any = sa.select(*columns).where(live, order.reaches(last), *reached)
    return found.order_by(*order.by(table)).limit(sa.bindparam("row_limit", type_=sa.Integer()))


@attrs.frozen(eq=False)
class Streams:
    """The rows of a scope that are not archived, as streams of at most `most` rows.

    `beyond` makes a condition for each of them; `each` says of every path how many rows of each of its
    units are read first.
    """

    table: Any
    scope: Scope
    dialect: str
    most: int
    beyond: Callable[[], Any] | None = None
    each: tuple[int, ...] = ()

    @staticmethod
    def fit(cls: Any, order: Order, limit: int) -> bool:
        """Whether a list has such an order and is no longer than streams are read."""
        return limit <= _MOST and order.is_indexed and "archived_at" in cls.__specs__

    @staticmethod
    def serve(cls: Any, scope: Scope, order: Order, limit: int) -> bool:
        """Whether the first rows in that order are better read by streams."""
        return Streams.fit(cls, order, limit) and are_merged(scope)

    def listed(self, names: Sequence[str], order: Order) -> Any:
        """The statement for the first `row_limit` rows in that order."""
        first = self.places(order).subquery("listed")
        key = order.columns[-1].name
        found = sa.select(*(self.table.c[name] for name in names))
        found = found.join_from(first, self.table, self.table.c[key] == first.c[key])
        return found.order_by(*order.by(first)).limit(sa.bindparam("row_limit", type_=sa.Integer()))

    def places(self, order: Order) -> Any:
        """The places of the first `most` rows in that order: its columns alone."""
        streams = [self._ordered(path, order, number) for number, path in self._numbered()]
        if len(streams) == 1:
            return streams[0]
        united = self._united(streams)
        return sa.select(united).order_by(*order.by(united)).limit(self._most)

    def counted(self) -> Any:
        """The statement for the number of rows, counted to `most`."""
        if len(self.scope.paths) == 1:
            found = self._keys(self.scope.paths[0], 0, _ONE.label("one"))
        else:
            keys = [self._keys(path, at, self.table.c.id).limit(self._most) for at, path in self._numbered()]
            found = sa.select(self._united(keys))
        return sa.select(sa.func.count()).select_from(found.limit(self._most).subquery("counted"))

    def some(self, order: Order, units: int) -> Any:
        """The keys of a few rows: the first one of each of some units."""
        number, path = next((at, path) for at, path in self._numbered() if path.members is not None)
        member = self._members(path, number)[1]
        few = sa.select(member).limit(sa.literal_column(str(units))).subquery("few")
        first = self._rows(order.columns[-1:], path.column == few.c.member).order_by(*order.by(self.table))
        first = first.limit(_ONE).correlate(few).lateral("first_of_each")
        return sa.select(*first.c).join_from(few, first, sa.true())

    def _numbered(self) -> list[tuple[int, Path]]:
        return list(enumerate(self.scope.paths))

    @property
    def _most(self) -> Any:
        return sa.literal_column(str(self.most))

    def _united(self, streams: list[Any]) -> Any:
        # Neither database takes parts with an order of their own, so each is selected from once more.
        parts = [sa.select(stream.subquery(f"stream_{at}")) for at, stream in enumerate(streams)]
        return sa.union(*parts).subquery("united")

    def _rows(self, columns: Sequence[Any], *conditions: Any) -> Any:
        """Some columns of the rows that meet these conditions, in a scope of names of its own."""
        found = sa.select(*columns).where(*conditions, self.table.c.archived_at.is_(None))
        return found if self.beyond is None else found.where(self.beyond())

    def _ordered(self, path: Path, order: Order, number: int) -> Any:
        """The first rows of one path, as the columns of the order."""
        if path.members is None or self.dialect != "postgresql":
            # SQLite begins an index by one condition: beside that of a place, this one would make it pass all before.
            begins = order.beginning(self.dialect) if self.beyond is None else sa.true()
            found = self._rows(order.columns, path.where, begins)
            return found.order_by(*order.by(self.table)).limit(self._most)
        members, member = self._members(path, number)
        each = self.each[number] if self.each else 1
        first = self._rows(order.columns, path.column == member).order_by(*order.by(self.table))
        first = first.limit(sa.literal_column(str(each))).correlate(members).lateral(f"first_{number}")
        firsts = sa.select(member, *first.c).join_from(members, first, sa.true())
        nearest = firsts.order_by(*order.by(first)).limit(self._most).cte(f"nearest_{number}")
        units = self._unread(nearest, each, order).subquery(f"units_{number}")
        within = order.reaches(self._bound(nearest, order))
        rest = self._rows(order.columns, path.column == units.c.member, order.passes(units), within)
        rest = rest.order_by(*order.by(self.table)).limit(self._most)
        rest = rest.correlate(units).lateral(f"rest_{number}")
        further = sa.select(*order.among(rest)).join_from(units, rest, sa.true())
        both = sa.union_all(sa.select(*order.among(nearest)), further).subquery(f"both_{number}")
        return sa.select(both).order_by(*order.by(both)).limit(self._most)

    def _unread(self, nearest: Any, each: int, order: Order) -> Any:
        """The units of which more rows than were read may come before the bound, with the last that was read.

        Of a unit fewer of whose first rows are among the nearest, the others lie beyond the bound, or there are none.
        """
        member = nearest.c.member
        if each == 1:
            return sa.select(nearest)
        ranks = sa.func.row_number().over(partition_by=member, order_by=order.by(nearest)).label("rank")
        ranked = sa.select(member, *order.among(nearest), ranks).subquery()
        return sa.select(ranked).where(ranked.c.rank == sa.literal_column(str(each)))

    def _bound(self, nearest: Any, order: Order) -> Any:
        """What no row of the answer comes after.

        Where the first rows of the units are as many as are read, they fill the answer. Where they are
        fewer, the last row of the whole list stands for no bound at all: a condition that is absent in
        half of the cases could not be met by the index.
        """
        full = sa.select(*order.among(nearest)).order_by(*order.by(nearest))
        full = full.limit(_ONE).offset(sa.literal_column(str(self.most - 1)))
        last = self.table.alias()
        end = sa.select(*order.among(last)).where(last.c.archived_at.is_(None))
        end = end.order_by(*order.reversed.by(last)).limit(_ONE)
        either = sa.union_all(sa.select(full.subquery()), sa.select(end.subquery())).subquery()
        return sa.select(either).limit(_ONE).scalar_subquery()

    def _keys(self, path: Path, number: int, key: Any) -> Any:
        """A column of the rows of one path, of each unit no more than are counted."""
        if path.members is None or self.dialect != "postgresql":
            return self._rows([key], path.where)
        members, member = self._members(path, number)
        each = self._rows([key], path.column == member).limit(self._most)
        each = each.correlate(members).lateral(f"each_{number}")
        return sa.select(*each.c).join_from(members, each, sa.true())

    def _members(self, path: Path, number: int) -> tuple[Any, Any]:
        (column,) = path.members.selected_columns
        selected = path.members.with_only_columns(column.label("member"))
        if path.repeats:
            # A unit below two roots counts once: twice, it would take the place of another as the bound.
            # Grouped, since PostgreSQL takes DISTINCT for fewer units than there are where it works in parallel.
            selected = selected.group_by(column)
        members = selected.subquery(f"members_{number}")
        return members, members.c.member
