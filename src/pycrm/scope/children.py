"""Reading what belongs to records that the reader has already been shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import RawKey
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.entities.org import UnitClosure
from pycrm.scope.actor import key, unkey
from pycrm.scope.comparison import padded
from pycrm.scope.fields import field_rights, view_of
from pycrm.scope.text import refresh
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["any_record", "any_records", "is_below", "with_children"]


def with_children(tx: Transaction, records: Sequence[Any], names: Iterable[str] | None = None) -> list[Any]:
    """The same records with their child rows, read in one statement a list and 500 records."""
    if not records:
        return []
    cls = type(records[0])
    wanted = [
        spec
        for spec in cls.__specs__.values()
        if spec.child is not None
        and (names is None or spec.name in names)
        and spec.name not in field_rights(tx, cls).hidden
    ]
    found: dict[str, dict[UUID, list[Any]]] = {}
    for spec in wanted:
        found[spec.name] = _rows(tx, child_class(cls, spec), [record.id for record in records])
    return [
        layout(cls).copy(record, {name: tuple(rows.get(record.id, ())) for name, rows in found.items()})
        for record in records
    ]


def _rows(tx: Transaction, child: Any, parents: list[UUID]) -> dict[UUID, list[Any]]:
    made, table = view_of(tx, child), child.__table__.c
    found: dict[UUID, list[Any]] = {}
    for some in pieces(parents):
        given = padded(some)
        number = len(given)

        def statement(number: int = number) -> Any:
            named = [sa.bindparam(f"of_{at}", type_=RawKey()) for at in range(number)]
            rows = sa.select(*(table[name] for name in made.names)).where(table.parent_id.in_(named))
            return rows.order_by(table.parent_id, table.position)

        text, names = tx.store.text(("children", child, made, number), statement)
        values = {f"of_{at}": key(tx, id) for at, id in enumerate(given)}
        for row in made.build(tx.run(text, [values[name] for name in names]).fetchall()):
            found.setdefault(row.parent, []).append(row)
    return found


def any_record(tx: Transaction, cls: Any, id: UUID) -> Any:
    """The record of that id whoever asks: for the product's own derivations and explanations."""
    made, table = layout(cls), cls.__table__.c
    rows = tx.fetch(sa.select(*(table[name] for name in made.names)).where(table[key_column(cls)] == id))
    return made.build(rows)[0] if rows else None


def any_records(tx: Transaction, cls: Any, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """The records of these ids as `any_record` gives one, read in one statement for 500."""
    made, table, wanted = layout(cls), cls.__table__.c, sorted(set(ids))
    found: dict[UUID, Any] = {}
    for some in pieces(wanted):
        among = table[key_column(cls)].in_(some)
        rows = tx.fetch(sa.select(*(table[name] for name in made.names)).where(among))
        found |= {record.id: record for record in made.build(rows)}
    return found


def is_below(tx: Transaction, unit: UUID, root: UUID) -> bool:
    """Whether a unit is another one or lies below it."""
    table = UnitClosure.__table__.c
    statement = sa.select(table.depth).where(table.ancestor_id == root, table.descendant_id == unit)
    return bool(tx.fetch(statement))


def derived_write(tx: Transaction, cls: Any, id: UUID, **values: Any) -> None:
    """Rewrite derived fields of one record: no version, no revision, in the same transaction."""
    columns = {cls.__specs__[name].columns[0]: value for name, value in values.items()}
    table = cls.__table__
    tx.execute(sa.update(table).where(table.c[key_column(cls)] == id).values(columns))
    if any(cls.__specs__[name].search for name in values):
        refresh(tx, cls, id)


def slot(cls: Any, name: str) -> Any:
    """The descriptor of a field."""
    return _descriptor(cls, name)


def keys(rows: Iterable[Any]) -> list[UUID]:
    """The ids in the first column of some rows."""
    return [found for row in rows if (found := unkey(row[0])) is not None]
