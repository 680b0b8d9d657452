"""Whether records met the conditions of a list as they were, by the word of the database itself.

So a text or an empty value compares as it always does. What a condition or an order names of a facet, or
of a record that a link leads to, is taken as it was then, of what the reader sees now: as in a list of
now there is nothing of a record out of sight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.revision.inline import inline
from pycrm.revision.part import Part, repeated
from pycrm.revision.undo import taken_back
from pycrm.scope.actor import unkey
from pycrm.scope.fields import whole
from pycrm.scope.gateway import Query, query
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Conditions", "Side", "fields_of"]


@attrs.frozen
class Side:
    """A class beside that of the list: a facet of it, or one that a link leads to.

    Args:
        link: the column that holds the key of the one beside; of a facet the key itself.
        names: the columns that matter, the key first.
    """

    cls: Any
    link: str
    names: tuple[str, ...]


_Rows = Mapping[Any, tuple[Any, ...]]


class Conditions:
    """The conditions of a list over a class and what stands beside it, at a moment.

    Args:
        asked: the list of now, which has admitted conditions and order.
        order: the columns that it is sorted by.
    """

    def __init__(
        self, tx: Transaction, asked: Query, conditions: Sequence[Any], order: Sequence[Any], moment: datetime
    ) -> None:
        self.tx, self.cls, self.moment = tx, asked.cls, moment
        self._conditions = conditions
        self._tested = {part: None for one in conditions for part in _columns(one)}
        self._links = {one: asked.links.get(one, key_column(self.cls)) for one in asked.joined}
        self._named = {**self._tested, **dict.fromkeys(order)}

    @property
    def fields(self) -> frozenset[str]:
        """The fields of the class by which records have their place in the list."""
        return fields_of(self.cls, [*_names(self.cls, self._named), *self._links.values()])

    @property
    def columns(self) -> list[Any]:
        """All columns that conditions and order name."""
        return list(self._named)

    def parts(self, own: frozenset[str]) -> list[Part]:
        """What decides about the list, first of all what changes of its class; `own` are the fields of that."""
        tx, cls = self.tx, self.cls
        # The key of a record stays, and of what it repeats its own changes say nothing.
        found = [Part(cls.__name__, own - fields_of(cls, [key_column(cls)]) - cls.mirrors.keys())]
        found += [part for part in repeated(tx, cls) if not own.isdisjoint(part.fields)]
        for beside, link in self._links.items():
            fields = fields_of(beside, _names(beside, self._named)[1:])
            if beside.__facet_of__ == cls.__name__:
                found.append(Part(beside.__name__, fields))
                continue
            step, its = (cls, link), fields - beside.mirrors.keys()
            found += [Part(beside.__name__, its, (step,))] if its else []
            found += [attrs.evolve(one, path=(step, *one.path)) for one in repeated(tx, beside, fields)]
        return found

    def met(self, records: list[Any]) -> list[Any]:
        """Those of the records, as they were, that met the conditions.

        Of those that held the same values one is held against the conditions for all of them.
        """
        if not self._conditions or not records:
            return records
        sides = self._sides(self._tested)
        names = tuple(dict.fromkeys((*_names(self.cls, self._tested), *(side.link for side in sides))))
        links = [names.index(side.link) for side in sides]
        beside = [self._beside(side, records) for side in sides]
        alike: dict[Any, list[tuple[Any, Any]]] = {}
        for row, record in zip(_values(self.tx, self.cls, records, names), records, strict=True):
            kin = (its.get(row[at]) for its, at in zip(beside, links, strict=True))
            alike.setdefault((*row[1:], *kin), []).append((row, record))
        first = {some[0][0][0]: [record for _, record in some] for some in alike.values()}
        found = self._meeting(names, [some[0][0] for some in alike.values()], sides, beside)
        met = {id(one) for key in found for one in first[key]}
        return [one for one in records if id(one) in met]

    def _meeting(
        self,
        names: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
        sides: Sequence[Side],
        beside: Sequence[_Rows],
    ) -> Collection[Any]:
        """The keys of those that met the conditions, of values of the class and of what stands beside it."""
        main = source = inline(self.tx, self.cls, rows, names)
        tables = {self.cls.__table__: main}
        for side, its in zip(sides, beside, strict=True):
            then = tables[side.cls.__table__] = inline(self.tx, side.cls, list(its.values()), side.names)
            source = source.outerjoin(then, then.c[side.names[0]] == main.c[side.link])
        where = [_moved(one, tables) for one in self._conditions]
        found = sa.select(main.c[names[0]]).select_from(source).where(*where)
        return {id for (id,) in self.tx.fetch(found)}

    def place(self, column: Any, records: Sequence[Any]) -> Callable[[Any], Any]:
        """What gives the value by which each of the records, as it was, stands in the order of a column."""
        cls = column.table.info["record"]
        if cls is self.cls:
            return _driven(self.tx, cls, column.name)
        (side,) = self._sides([column])
        its, link = self._beside(side, records), _driven(self.tx, self.cls, side.link)
        nothing = (None,) * len(side.names)
        return lambda record: its.get(link(record), nothing)[-1]

    def _sides(self, columns: Iterable[Any]) -> list[Side]:
        """What stands beside the class that some of the columns are of."""
        kin = {column.table for column in columns}
        return [
            Side(cls, link, _names(cls, columns)) for cls, link in self._links.items() if cls.__table__ in kin
        ]

    def _beside(self, side: Side, records: Sequence[Any]) -> _Rows:
        """What stood beside the records then, of what the reader sees now, by its keys as the driver has them."""
        tx, cls, link = self.tx, side.cls, _driven(self.tx, self.cls, side.link)
        key = cls.__table__.c[side.names[0]]
        now: list[Any] = []
        with whole(tx):
            for some in pieces({link(one): None for one in records}):
                wanted = [id for id in map(unkey, some) if id is not None]
                now += query(tx, cls, [key.in_(wanted)], archived=True).records() if wanted else []
        then = [one for _, one in taken_back(tx, now, self.moment)]
        return {row[0]: row for row in _values(tx, cls, then, side.names)}


def _columns(condition: Any) -> list[Any]:
    return [part for part in visitors.iterate(condition) if isinstance(part, sa.Column)]


def _names(cls: Any, columns: Iterable[Any]) -> tuple[str, ...]:
    """Those of the columns that are of a class, its key first."""
    mine = [column.name for column in columns if column.table is cls.__table__]
    return tuple(dict.fromkeys([key_column(cls), *mine]))


def _values(tx: Transaction, cls: Any, records: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """What records of a class hold in some columns, as the driver has it."""
    fields = tuple(sorted(fields_of(cls, names)))
    columns = [column for name in fields for column in cls.__specs__[name].columns]
    at = [columns.index(name) for name in names]
    dump = layout(cls).dump_of(fields, tx.dialect)
    return [tuple([values[place] for place in at]) for values in map(dump, records)]


def _driven(tx: Transaction, cls: Any, column: str) -> Callable[[Any], Any]:
    """What gives a column of a record as the driver has it."""
    (name,) = fields_of(cls, [column])
    at = cls.__specs__[name].columns.index(column)
    dump = layout(cls).dump_of((name,), tx.dialect)
    return lambda record: dump(record)[at]


def fields_of(cls: Any, columns: Iterable[str]) -> frozenset[str]:
    """The fields of a class that some columns belong to."""
    held = _by_column(cls)
    return frozenset(held[name] for name in columns if name in held)


@per_class
def _by_column(cls: Any) -> dict[str, str]:
    return {column: spec.name for spec in cls.__specs__.values() for column in spec.columns}


def _moved(condition: Any, tables: Mapping[Any, Any]) -> Any:
    """The condition over the rows as they were."""

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.Column) and element.table in tables:
            return tables[element.table].c[element.name]
        return None

    return visitors.replacement_traverse(condition, {}, replace)
