"""What the index of grams gives of some words: counted up to a bound, held against the scope, and sorted.

The index knows neither scope nor field rights. Each hit is reached by the scope and looked at again in
the fields that its reader reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from pycrm.declare.search import search_table, search_table_name
from pycrm.scope.fields import view_of
from pycrm.scope.gateway import Query
from pycrm.scope.sought import Sought
from pycrm.scope.streams import Order, Streams

__all__ = ["LOOKS", "MANY", "Hits", "Look", "row_limit", "shown_at", "sorted_by"]

_ONE: Any = sa.literal_column("1")
# How many rows in reach are glanced at, and how many of them must match to keep from the index.
_GLANCED, _FREQUENT = 26, 2


@attrs.frozen
class Look:
    """Up to how many hits the index is asked for, once so many rows of the list were passed in vain.

    If `is_gated`, it is not asked for words of which a glance at some rows in reach says that they are frequent:
    PostgreSQL gathers all hits of an index before it stops at a number.
    """

    after: int
    most: int
    is_gated: bool = False


# A hit costs SQLite as much as some rows of the list, since each is looked up by several keys.
LOOKS: dict[str, tuple[Look, ...]] = {
    "sqlite": (Look(0, 500), Look(1500, 2000), Look(10_000, 30_000)),
    "postgresql": (Look(0, 2000, is_gated=True), Look(1, 2000), Look(7500, 30_000)),
}
# Beyond so many hits the keys of a whole list in reach are looked for among them, and not each hit in the list.
MANY = 2000


@attrs.frozen(eq=False)
class Hits:
    """The statements over the index for one list; `beyond` makes the condition of a later page."""

    asked: Query
    sought: Sought
    order: Order
    beyond: Callable[[], Any] | None = None

    def few(self, look: Look) -> Any:
        """The statement for the matching rows among the hits, and the number of hits up to one too many.

        The number is negative where a glance kept it from the index.
        """
        asked, order = self.asked, self.order
        gate = self._gate() if look.is_gated else None
        hits, number = self.counted(look.most, gate)
        are_few = number <= sa.literal_column(str(look.most))
        if look.most > MANY and asked.scope.paths:
            shown = shown_at(asked, order, self._among(hits, are_few).subquery("matching"))
        elif asked.tx.dialect == "postgresql":
            shown = self._by_key(hits, are_few)
        else:
            shown = shown_at(asked, order, self._from_hits(hits).subquery("matching"))
        number = number if gate is None else sa.case((gate, number), else_=sa.literal_column("-1"))
        counted = sa.select(number.label("number")).subquery("counted")
        found = sa.select(*shown.c, counted.c.number).join_from(counted, shown, sa.true(), isouter=True)
        return found.order_by(*sorted_by(order, shown))

    def _gate(self) -> Any:
        """Whether the words are seldom among some rows in reach, so that the index is worth asking."""
        asked, order = self.asked, self.order
        key, beyond = order.columns[-1], self.beyond
        if asked.scope.where is None:
            rows = asked.select(key).order_by(*order.by(asked.table)).limit(sa.literal_column(str(_GLANCED)))
            some = rows if beyond is None else rows.where(beyond())
        else:
            some = Streams(asked.table, asked.scope, asked.tx.dialect, 1, beyond).some(order, _GLANCED)
        glanced = some.cte("glanced").prefix_with("MATERIALIZED")
        texts = search_table(asked.cls).alias("seen")
        looked = sa.select(_ONE.label("one"))
        looked = looked.where(
            texts.c.of_id == glanced.c[key.name], self.sought.within(texts, asked.tx.dialect)
        )
        match = looked.limit(_ONE).correlate(glanced).lateral("found")
        found = sa.select(sa.func.count().label("number")).select_from(glanced.join(match, sa.true()))
        frequency: Any = found.cte("frequency").prefix_with("MATERIALIZED")
        return sa.select(frequency.c.number).scalar_subquery() < sa.literal_column(str(_FREQUENT))

    def _by_key(self, hits: Any, are_few: Any) -> Any:
        """The hits that the reader reaches: one look at each, whatever PostgreSQL believes of their number.

        The whole row is read at once: to plan another look at it takes longer than to carry it along.
        """
        asked, order = self.asked, self.order
        reached = asked.select(*_shown(asked, order, asked.table))
        reached = reached.where(are_few, order.columns[-1] == hits.c.of_id)
        reached = reached.where(self.beyond()) if self.beyond is not None else reached
        each = reached.limit(_ONE).correlate(hits).lateral("each_hit")
        found = sa.select(*each.c).join_from(hits, each, sa.true()).where(self.contain(hits.c.of_id, hits))
        return found.order_by(*sorted_by(order, each)).limit(row_limit()).subquery("matching")

    def _from_hits(self, hits: Any) -> Any:
        """The hits that the reader reaches, with the scope in a form that SQLite takes for no index.

        It would begin with all rows of a branch otherwise, and look for each among the hits.
        """
        asked, order = self.asked, self.order
        where = [asked.scope.where] if asked.scope.where is not None else []
        if "archived_at" in asked.cls.__specs__:
            where.append(asked.table.c.archived_at.is_(None))
        if self.beyond is not None:
            where.append(self.beyond())
        found = sa.select(*order.columns).join_from(hits, asked.table, order.columns[-1] == hits.c.of_id)
        if where:
            found = found.where(sa.case((sa.and_(*where), _ONE), else_=sa.literal_column("0")) == _ONE)
        # Texts last: those of rows out of reach need not be read.
        found = found.where(self.contain(hits.c.of_id, hits))
        return found.order_by(*order.by(asked.table)).limit(row_limit())

    def _among(self, hits: Any, are_few: Any) -> Any:
        """The rows of the list that are among the hits: each way of reach is read in its own index alone."""
        asked, order = self.asked, self.order
        live = [asked.table.c.archived_at.is_(None)] if "archived_at" in asked.cls.__specs__ else []
        live += [self.beyond()] if self.beyond is not None else []
        ways = [sa.select(*order.columns).where(path.where, *live) for path in asked.scope.paths]
        is_server = asked.tx.dialect == "postgresql"
        listed = (sa.union(*ways) if len(ways) > 1 else ways[0]).cte("listed")
        listed = listed.prefix_with("MATERIALIZED") if is_server else listed
        key = listed.c[order.columns[-1].name]
        if is_server:
            found = key.in_(sa.select(hits.c.of_id).where(self.contain(hits.c.of_id, hits)))
        else:
            # In this form SQLite does not look for each hit by its key.
            among = sa.case((key.in_(sa.select(hits.c.of_id)), _ONE), else_=sa.literal_column("0")) == _ONE
            found = sa.and_(among, self.contain(key, listed))
        found = sa.select(*order.among(listed)).where(are_few, found)
        return found.order_by(*order.by(listed)).limit(row_limit())

    def counted(self, at_most: int, gate: Any = None) -> tuple[Any, Any]:
        """What the index gives, on PostgreSQL with the texts, and the number of it, up to one too many."""
        cls = self.asked.cls
        most: Any = sa.literal_column(str(at_most + 1))
        if self.asked.tx.dialect == "postgresql":
            texts = search_table(cls).alias("texts")
            wanted = sa.cast(sa.bindparam("grams", type_=sa.types.NullType()), sa.ARRAY(sa.Integer()))
            found = sa.select(*self._texts(texts)).where(texts.c.grams.op("@>")(wanted))
            found = found if gate is None else found.where(gate)
            hits = found.limit(most).cte("hits").prefix_with("MATERIALIZED")
            return hits, sa.select(sa.func.count()).select_from(hits).scalar_subquery()
        name = f"{search_table_name(cls)}_fts"
        # The column that bears the table's own name stands for the whole row there.
        index: Any = sa.table(name, sa.column("rowid"), sa.column(name))
        match = index.c[name].op("MATCH")(sa.bindparam("grams", type_=sa.Text()))
        # Counting needs the index alone; the rows behind it are read only where they are few.
        numbers = sa.select(index.c.rowid).where(match).limit(most).cte("numbers").prefix_with("MATERIALIZED")
        number = sa.select(sa.func.count()).select_from(numbers).scalar_subquery()
        # FTS5 keeps its rows in a table of this name, and is slow to find one by its number itself.
        entry: Any = sa.table(f"{name}_content", sa.column("id"), sa.column("c0"))
        # From the numbers to the entries, one by one: joined, SQLite would begin with all of them.
        id = sa.select(entry.c.c0).where(entry.c.id == numbers.c.rowid).correlate(numbers).scalar_subquery()
        found = sa.select(id.label("of_id")).where(number <= sa.literal_column(str(at_most)))
        return found.select_from(numbers).cte("hits").prefix_with("MATERIALIZED"), number

    def contain(self, key: Any, source: Any) -> Any:
        """Whether the texts of a hit hold the words, which their grams alone do not say."""
        if self.asked.tx.dialect == "postgresql":
            return self.sought.within(source, self.asked.tx.dialect)
        texts = search_table(self.asked.cls).alias("texts")
        within = self.sought.within(texts, self.asked.tx.dialect)
        return sa.exists(_ONE).where(texts.c.of_id == key, within).correlate(source)

    def _texts(self, texts: Any) -> Sequence[Any]:
        return [texts.c.of_id, *(texts.c[name] for name in self.sought.columns)]


def shown_at(asked: Query, order: Order, first: Any) -> Any:
    """The rows at some places, with what they are sorted by under names of its own."""
    found = sa.select(*_shown(asked, order, first))
    key = order.columns[-1]
    return found.join_from(first, asked.table, first.c[key.name] == key).subquery()


def _shown(asked: Query, order: Order, places: Any) -> list[Any]:
    """The columns of a row that its reader is shown, and those of its place."""
    shown = [asked.table.c[name] for name in view_of(asked.tx, asked.cls).names]
    return shown + [column.label(f"by_{at}") for at, column in enumerate(reversed(order.among(places)))]


def sorted_by(order: Order, shown: Any) -> list[Any]:
    """The clauses that sort rows which were shown so."""
    direction = sa.desc if order.falling else sa.asc
    return [direction(shown.c[f"by_{at}"]) for at in reversed(range(len(order.columns)))]


def row_limit() -> Any:
    """The parameter that says how many rows are wanted."""
    return sa.bindparam("row_limit", type_=sa.Integer())
