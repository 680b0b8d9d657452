"""Lists of what contains some words: from the index where it gives few, else along the list itself.

The index knows neither scope nor field rights, so its hits choose the plan and nothing else: each row
is reached by the scope and looked at again in the fields that its reader reads. A short piece of the
list comes first. Where many of its rows match, the page is full soon and the index need not be asked.
Otherwise the hits are counted, up to 2,001: fewer are filtered and sorted in the same statement. Of
more the list goes on, piece by piece, each by the ordered streams of the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.search import fold, search_table, search_table_name, searched, term_grams, token
from pycrm.errors import InvalidError, Problem
from pycrm.scope.condition import unknown_field
from pycrm.scope.fields import field_rights, view_of
from pycrm.scope.gateway import Query
from pycrm.scope.predicate import require_record
from pycrm.scope.streams import Order, Streams, breadth

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Search", "Sought", "sought"]

MOST_HITS = 2000
# How many rows of the list are looked at before the index is asked.
FIRST = 101
# Of how many rows one must match that the list is read on without the index.
_SPARSE = 50
_LONGEST = 200
_MOST_WORDS = 10
# How long the pieces of a list are after the first.
_PIECES = (101, 201, 401, 801, 1000)
_LONG_PIECES = (*_PIECES, 2000, 4000, 10_000)
_ONE: Any = sa.literal_column("1")


@attrs.frozen
class Sought:
    """The words that are looked for, and the columns that the reader reads among the searchable ones."""

    words: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        """Equal for two searches whose statements have the same text."""
        return len(self.words), self.columns, bool(term_grams(self.words))

    def values(self, dialect: str) -> dict[str, Any]:
        """The parameters of those statements."""
        found: dict[str, Any] = {f"word_{at}": word for at, word in enumerate(self.words)}
        grams = term_grams(self.words)
        found["grams"] = grams if dialect == "postgresql" else " AND ".join(map(token, grams))
        return found


def sought(tx: Transaction, cls: Any, text: Any) -> Sought:
    """What a text asks for: each of its words, case and width of signs aside.

    Raises:
        InvalidError: nothing of the class can be searched by this reader, no word, or too many.
    """
    require_record(tx, cls)
    closed = field_rights(tx, cls).closed
    columns = tuple(spec.columns[0] for spec in searched(cls) if spec.columns[0] not in closed)
    if not columns:
        raise unknown_field("text")
    if not isinstance(text, str) or len(text) > _LONGEST or "\x00" in text:
        raise _wrong("type", f"expected a text of at most {_LONGEST} characters")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _wrong("type", "the text holds half a character")
    words = tuple(dict.fromkeys(fold(text).split()))
    if not words:
        raise _wrong("required", "say what to look for")
    if len(words) > _MOST_WORDS:
        raise _wrong("range", f"at most {_MOST_WORDS} words")
    return Sought(words, columns)


def _wrong(code: str, message: str) -> InvalidError:
    return InvalidError(f"text: {message}", fields=[Problem("text", code, message)])


@attrs.define(eq=False)
class Search:
    """One list of what contains the words: what it reads, in which order, and how to go on after a place.

    `beyond` makes the condition for what comes after the parameters ``at_value`` and ``at_id``.
    """

    asked: Query
    sought: Sought
    order: Order
    beyond: Callable[[], Any]

    def records(self, limit: int, place: Mapping[str, Any] | None) -> list[Any]:
        """The first records after that place in the driver's form, or from the beginning."""
        if self.asked.nothing:
            return []
        rows: list[Any] = []
        most, is_counted = FIRST, not self.sought.shape[-1]
        while True:
            found, place, seen = self._walked(most, limit - len(rows), place)
            rows += found
            if len(rows) >= limit or seen < most:
                break
            assert place is not None
            if not is_counted and len(found) * _SPARSE < seen:
                is_counted = True
                few = self._hit(limit - len(rows), place)
                if few is not None:
                    rows += few
                    break
            most = self._next(most, len(found), limit - len(rows))
        return list(view_of(self.asked.tx, self.asked.cls).build(rows))

    def conditioned(self, limit: int) -> list[Any]:
        """The first records that meet conditions of the caller too, left to the planner."""
        asked = self.asked
        if asked.nothing:
            return []
        values = self.sought.values(asked.tx.dialect)
        texts = search_table(asked.cls)
        id = self.order.columns[-1]
        if self.sought.shape[-1]:
            hits, number = self._hits()
            if asked.tx.fetch(sa.select(number), values)[0][0] <= MOST_HITS:
                asked.where.append(id.in_(sa.select(hits.c.of_id).where(self._matches(hits))))
                return self._ordered(limit, values)
        asked.where.append(sa.exists(_ONE).where(texts.c.of_id == id, self._matches(texts)))
        return self._ordered(limit, values)

    def _ordered(self, limit: int, values: Mapping[str, Any]) -> list[Any]:
        asked, made = self.asked, view_of(self.asked.tx, self.asked.cls)
        listed = asked.select(*(asked.table.c[name] for name in made.names))
        listed = listed.order_by(*self.order.by(asked.table)).limit(limit)
        return list(made.build(asked.tx.fetch(listed, dict(values))))

    def _next(self, most: int, matched: int, missing: int) -> int:
        """How long the next piece of the list is: what the last one promises, but not much longer than it."""
        wanted = min(4 * most, most * missing * 3 // (2 * matched)) if matched else 4 * most
        pieces = _PIECES if self._is_served(_PIECES[-1]) else _LONG_PIECES
        return next((one for one in pieces if one >= wanted), pieces[-1])

    def _is_served(self, most: int) -> bool:
        return Streams.serve(self.asked.cls, self.asked.scope, self.order, most)

    def _each(self, most: int) -> tuple[int, ...]:
        return breadth(self.asked.tx, self.asked.scope).each(most)

    def _walked(self, most: int, limit: int, place: Any) -> tuple[list[Any], Any, int]:
        """Of the next rows of the list those that match, the place of the last one, and their number."""
        asked, columns = self.asked, len(self.order.columns)
        width = len(view_of(asked.tx, asked.cls).names)
        rows = self._run("walk", lambda: self._walk(most, place is not None), most, limit, place)
        if not rows:
            return [], place, 0
        *last, seen = rows[0][width + columns :]
        found = [row[:width] for row in rows if row[width] is not None]
        return found, {"at_value": last[0], "at_id": last[-1]}, seen

    def _hit(self, limit: int, place: Any) -> list[Any] | None:
        """The matching rows among the hits of the index, None where there are too many of these."""
        width = len(view_of(self.asked.tx, self.asked.cls).names)
        rows = self._run("hits", lambda: self._few(place is not None), 0, limit, place)
        if rows[0][-1] > MOST_HITS:
            return None
        return [row[:width] for row in rows if row[width] is not None]

    def _run(
        self, plan: str, statement: Callable[[], Any], most: int, limit: int, place: Mapping[str, Any] | None
    ) -> list[Any]:
        asked = self.asked
        made = view_of(asked.tx, asked.cls)
        each = self._each(most) if self._is_served(min(most, _PIECES[-1])) else ()
        shape = (*self.order.shape, place is None, most, each, self.sought.shape)
        cached = ("search", plan, asked.cls, asked.scope.shape, made, shape)
        values = {"row_limit": limit, **self.sought.values(asked.tx.dialect), **(place or {})}
        return asked.run(cached, statement, values)

    def _walk(self, most: int, is_later: bool) -> Any:
        asked, order = self.asked, self.order
        beyond = self.beyond if is_later else None
        if self._is_served(min(most, _PIECES[-1])):
            streams = Streams(asked.table, asked.scope, asked.tx.dialect, most, beyond, self._each(most))
            places = streams.places(order)
        else:
            places = asked.select(*order.columns).order_by(*order.by(asked.table))
            places = places if beyond is None else places.where(beyond())
            places = places.limit(sa.literal_column(str(most)))
        piece = places.cte("piece").prefix_with("MATERIALIZED")
        key, texts = order.columns[-1].name, search_table(asked.cls).alias("texts")
        looked = sa.select(_ONE.label("one")).where(texts.c.of_id == piece.c[key], self._matches(texts))
        if asked.tx.dialect == "postgresql":
            # One look for each row, whatever the planner believes of their number.
            match = looked.limit(_ONE).correlate(piece).lateral("looked")
            matching = sa.select(*order.among(piece)).join_from(piece, match, sa.true())
        else:
            matching = sa.select(*order.among(piece)).where(sa.exists(looked.correlate(piece)))
        matching = matching.order_by(*order.by(piece)).limit(_limit())
        first = matching.subquery("matching")
        shown = self._shown(first, first.c[key] == asked.table.c[key])
        last = sa.select(*order.among(piece)).order_by(*order.reversed.by(piece)).limit(_ONE).subquery("last")
        seen = sa.select(sa.func.count()).select_from(piece).scalar_subquery()
        found = sa.select(*shown.c, *last.c, seen).join_from(last, shown, sa.true(), isouter=True)
        return found.order_by(*self._by(shown))

    def _few(self, is_later: bool) -> Any:
        asked, order = self.asked, self.order
        hits, number = self._hits()
        key = order.columns[-1]
        if asked.tx.dialect == "postgresql":
            reached = asked.select(*order.columns).where(number <= sa.literal_column(str(MOST_HITS)))
            reached = reached.where(key == hits.c.of_id)
            reached = reached.where(self.beyond()) if is_later else reached
            # One look at each hit, whatever the planner believes of their number.
            each = reached.limit(_ONE).correlate(hits).lateral("each_hit")
            reached = sa.select(*each.c).join_from(hits, each, sa.true()).where(self._matches(hits))
            reached = reached.order_by(*order.by(each)).limit(_limit())
        else:
            reached = self._from_hits(hits, is_later).order_by(*order.by(asked.table)).limit(_limit())
        first = reached.subquery("matching")
        shown = self._shown(first, first.c[key.name] == key)
        counted = sa.select(number.label("number")).subquery("counted")
        found = sa.select(*shown.c, counted.c.number).join_from(counted, shown, sa.true(), isouter=True)
        return found.order_by(*self._by(shown))

    def _from_hits(self, hits: Any, is_later: bool) -> Any:
        """The hits that the reader reaches, with the scope in a form that SQLite takes for no index.

        It would begin with all rows of a branch otherwise, and look for each among the hits.
        """
        asked, order = self.asked, self.order
        where = [asked.scope.where] if asked.scope.where is not None else []
        if "archived_at" in asked.cls.__specs__:
            where.append(asked.table.c.archived_at.is_(None))
        if is_later:
            where.append(self.beyond())
        found = sa.select(*order.columns).join_from(hits, asked.table, order.columns[-1] == hits.c.of_id)
        found = found.where(self._matches(hits))
        return (
            found.where(sa.case((sa.and_(*where), _ONE), else_=sa.literal_column("0")) == _ONE)
            if where
            else found
        )

    def _shown(self, first: Any, on: Any) -> Any:
        """The rows at some places, with what they are sorted by under names of its own."""
        table = self.asked.table
        places = [column.label(f"by_{at}") for at, column in enumerate(reversed(self.order.among(first)))]
        names = view_of(self.asked.tx, self.asked.cls).names
        return sa.select(*(table.c[name] for name in names), *places).join_from(first, table, on).subquery()

    def _by(self, shown: Any) -> list[Any]:
        direction = sa.desc if self.order.falling else sa.asc
        return [direction(shown.c[f"by_{at}"]) for at in reversed(range(len(self.order.columns)))]

    def _hits(self) -> tuple[Any, Any]:
        """What the index gives, with the texts to look at again, and the number of it, up to one too many."""
        cls = self.asked.cls
        texts = search_table(cls).alias("texts")
        most: Any = sa.literal_column(str(MOST_HITS + 1))
        if self.asked.tx.dialect == "postgresql":
            wanted = sa.cast(sa.bindparam("grams", type_=sa.types.NullType()), sa.ARRAY(sa.Integer()))
            found = sa.select(*self._texts(texts)).where(texts.c.grams.op("@>")(wanted))
            hits = found.limit(most).cte("hits").prefix_with("MATERIALIZED")
            return hits, sa.select(sa.func.count()).select_from(hits).scalar_subquery()
        name = f"{search_table_name(cls)}_fts"
        # The column that bears the table's own name stands for the whole row there.
        index: Any = sa.table(name, sa.column("rowid"), sa.column("id"), sa.column(name))
        entry = index.alias("entry")
        match = index.c[name].op("MATCH")(sa.bindparam("grams", type_=sa.Text()))
        # Counting needs the index alone; the rows behind it are read only where they are few.
        numbers = sa.select(index.c.rowid).where(match).limit(most).cte("numbers").prefix_with("MATERIALIZED")
        number = sa.select(sa.func.count()).select_from(numbers).scalar_subquery()
        # From the numbers to the entries to the texts: joined, SQLite would begin with all the texts.
        id = (
            sa.select(entry.c.id).where(entry.c.rowid == numbers.c.rowid).correlate(numbers).scalar_subquery()
        )
        found = sa.select(*self._texts(texts)).join_from(numbers, texts, texts.c.of_id == id)
        found = found.where(number <= sa.literal_column(str(MOST_HITS)))
        return found.cte("hits").prefix_with("MATERIALIZED"), number

    def _texts(self, texts: Any) -> Sequence[Any]:
        return [texts.c.of_id, *(texts.c[name] for name in self.sought.columns)]

    def _matches(self, texts: Any) -> Any:
        """Whether each word stands in one of the fields that the reader reads."""
        place = sa.func.instr if self.asked.tx.dialect == "sqlite" else sa.func.strpos
        return sa.and_(
            *(
                sa.or_(
                    *(
                        place(texts.c[name], sa.bindparam(f"word_{at}", type_=sa.Text()))
                        > sa.literal_column("0")
                        for name in self.sought.columns
                    )
                )
                for at in range(len(self.sought.words))
            )
        )


def _limit() -> Any:
    return sa.bindparam("row_limit", type_=sa.Integer())
