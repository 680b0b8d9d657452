"""Whether records met the conditions of a list as they were, by the word of the database itself.

So a text or an empty value compares as it always does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.revision.inline import inline
from pycrm.revision.since import later
from pycrm.revision.undo import undone
from pycrm.scope.fields import whole
from pycrm.scope.gateway import query

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Conditions", "fields_of"]


class Conditions:
    """The conditions of a list over a class and some of its facets, at a moment."""

    def __init__(
        self,
        tx: Transaction,
        cls: Any,
        conditions: Sequence[Any],
        facets: Sequence[Any],
        moment: datetime,
    ) -> None:
        self.tx, self.cls, self.facets, self.moment = tx, cls, facets, moment
        self._conditions = conditions

    def named(self, cls: Any) -> list[str]:
        """The columns of a class that the conditions name, its key first."""
        found = {key_column(cls): None}
        for condition in self._conditions:
            for part in visitors.iterate(condition):
                if isinstance(part, sa.Column) and part.table is cls.__table__:
                    found[part.name] = None
        return list(found)

    def met(self, records: list[Any]) -> list[Any]:
        """Those of the records, as they were, that met the conditions.

        Of those that held the same values one is held against the conditions for all of them.
        """
        if not self._conditions or not records:
            return records
        own = self._values(self.cls, records)
        beside = [self._values(facet, self._facets_then(facet, records)) for facet in self.facets]
        of_facets = [{row[0]: row[1:] for row in rows} for rows in beside]
        alike: dict[Any, list[Any]] = {}
        for (key, *values), record in zip(own, records, strict=True):
            same = (*values, *(rows.get(key) for rows in of_facets))
            alike.setdefault(same, []).append((key, record))
        first = {some[0][0]: [record for _, record in some] for some in alike.values()}
        held = zip((self.cls, *self.facets), (own, *beside), strict=True)
        found = self._meeting({cls: [row for row in rows if row[0] in first] for cls, rows in held})
        met = {id(one) for key in found for one in first[key]}
        return [one for one in records if id(one) in met]

    def _meeting(self, held: Mapping[Any, Sequence[Any]]) -> Collection[Any]:
        """The keys of those that met the conditions, of values of the class and of its facets."""
        tables = {cls.__table__: inline(self.tx, cls, rows, self.named(cls)) for cls, rows in held.items()}
        main = tables[self.cls.__table__]
        source, key = main, main.c[key_column(self.cls)]
        for facet in self.facets:
            then = tables[facet.__table__]
            source = source.outerjoin(then, then.c[key_column(facet)] == key)
        where = [_moved(one, tables) for one in self._conditions]
        return {id for (id,) in self.tx.fetch(sa.select(key).select_from(source).where(*where))}

    def _values(self, cls: Any, records: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What the conditions look at in records of a class, as the driver has it, the key first."""
        names = self.named(cls)
        fields = tuple(sorted(fields_of(cls, names)))
        columns = [column for name in fields for column in cls.__specs__[name].columns]
        at = [columns.index(name) for name in names]
        dump = layout(cls).dump_of(fields, self.tx.dialect)
        return [tuple([values[place] for place in at]) for values in map(dump, records)]

    def _facets_then(self, facet: Any, records: list[Any]) -> list[Any]:
        dialect, host = self.tx.dialect, layout(self.cls)
        keys = [host.key(one, dialect) for one in records]
        changes = later(self.tx, facet.__name__, keys, self.moment)
        key = facet.__table__.c[key_column(facet)]
        with whole(self.tx):
            now = query(self.tx, facet, [key.in_([one.id for one in records])]).records()
        then = (undone(one, changes.get(layout(facet).key(one, dialect), ()), None) for one in now)
        return [one for one in then if one is not None]


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
