"""Whose facts have changed since a run: by the change book, from each record that supplies read to its customers.

Too many are better than too few: a record counts as a whole, whichever of its fields was changed. Facts that
no record holds leave no trace in the change book.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from pycrm.declare import Facet, Record
from pycrm.declare.raw import RawInstant, RawKey
from pycrm.entities.customer import Customer
from pycrm.entities.party import Party
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.scope.actor import unkey
from pycrm.scoring.model import ScoreModel
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["changed"]

# A revision bears the moment at which its session began, and may have been committed so much later.
_LONGEST = timedelta(hours=1)


def changed(tx: Transaction, model: ScoreModel, since: datetime) -> list[UUID]:
    """The customers of whom some fact of a model was entered, changed, archived or moved since then."""
    book, found = _Book(tx, since - _LONGEST, _read(tx, model)), set[Any]()
    for cls, names in book.read.items():
        for customers in book.customers(cls, book.touched(names), further=True):
            found |= {row[0] for row in tx.fetch(customers)}
        for target, ids in book.former(cls):
            for customers in book.customers(target, ids):
                found |= {row[0] for row in tx.fetch(customers)}
    return sorted(id for id in map(unkey, found) if id is not None)


def _read(tx: Transaction, model: ScoreModel) -> dict[Any, list[str]]:
    """The records that the supplies of a model read, each with the names under which the change book has it."""
    catalog, tables = tx.crm.catalog, set[Any]()
    feeds = catalog.feeds_of(item.indicator for item in model.items)
    for supply in (one for feed in feeds for one in catalog.supplies.get(feed, ())):
        tables |= {getattr(part, "info", {}).get("record") for part in visitors.iterate(supply.statement)}
    names = {one.__name__ for one in tables if one is not None}
    found: dict[Any, list[str]] = {Customer: [Customer.__name__]}
    for cls in (one for one in tx.crm.classes() if issubclass(one, Record | Facet)):
        # A row of a list is written down with its record, a facet under its own name.
        if cls.__name__ in names or any(spec.child in names for spec in cls.__specs__.values()):
            host = getattr(cls, "__facet_of__", None)
            record = tx.crm.record(host) if host else cls
            found.setdefault(record, [record.__name__]).append(cls.__name__)
    return found


@attrs.frozen
class _Book:
    """The change book from a moment on, of the records that are read."""

    tx: Transaction
    moment: datetime
    read: Mapping[Any, Sequence[str]]

    def touched(self, names: Sequence[str]) -> Any:
        """The keys of records that were changed, in whatever way."""
        change, revision = ChangeRow.__table__, RevisionRow.__table__
        source = revision.join(change, change.c.revision_id == revision.c.id)
        later = revision.c.at > sa.literal(self.moment, RawInstant())
        return sa.select(change.c.record_id).select_from(source).where(later, change.c.entity.in_(names))

    def former(self, cls: Any) -> Iterator[tuple[Any, Any]]:
        """The keys of records to which a link led before: of those a fact was taken away."""
        text = ChangeRow.__table__.c.changes
        place: Any = sa.func.instr if self.tx.dialect == "sqlite" else sa.func.strpos
        for name, _, target in self._links(cls):
            mark = sa.literal(f'{json.dumps(name)}:["', sa.Text())
            moved = self.touched([cls.__name__]).with_only_columns(text).where(place(text, mark) > 0)
            ids = {UUID(json.loads(told)[name][0]) for (told,) in self.tx.fetch(moved)}
            table = target.__table__.c
            for some in pieces(ids):
                yield (
                    target,
                    sa.select(table.id).where(table.id.in_([sa.literal(id, RawKey()) for id in some])),
                )

    def customers(
        self, cls: Any, ids: Any, *, further: bool = False, by: tuple[Any, ...] = ()
    ) -> Iterator[Any]:
        """The keys of the customers to which records lead, link after link; or that lead to them.

        Args:
            further: also by links of customers to records that many share, such as where they came from.
            by: the classes on the way here.
        """
        if cls is Customer:
            yield ids
            return
        table, customer = cls.__table__.c, Customer.__table__.c
        for _, column, target in self._links(cls):
            if target not in (cls, *by):
                led = sa.select(table[column]).where(table.id.in_(ids))
                yield from self.customers(target, led, by=(*by, cls))
        for _, column, target in self._links(Customer):
            if target is cls and (further or cls is Party):
                yield sa.select(customer.id).where(customer[column].in_(ids))

    def _links(self, cls: Any) -> Iterator[tuple[str, str, Any]]:
        by_name = {one.__name__: one for one in self.read}
        for name, spec in cls.__specs__.items():
            if spec.target in by_name and spec.columns[0] in cls.__table__.c:
                yield name, spec.columns[0], by_name[spec.target]
