"""Writing a record anew past the rights of its fields, and noting that something of it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.errors import StaleError
from pycrm.revision.guard import stamp
from pycrm.revision.log import note
from pycrm.scope.text import refresh

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["write"]


def write(tx: Transaction, row: Any, values: dict[str, Any], told: dict[str, Any]) -> None:
    """Write these values into a row, as its next version, and keep what history is told of it.

    Raises:
        StaleError: somebody changed it since it was read.
    """
    cls = type(row)
    made = layout(cls).copy(row, values | stamp(tx, row))
    names = (*values, "version", "updated_at", "updated_by")
    table = cls.__table__
    columns = [column for name in names for column in cls.__specs__[name].columns]
    dumped = layout(cls).dump_of(names, tx.dialect)(made)
    seen = sa.and_(table.c[key_column(cls)] == row.id, table.c.version == row.version)
    given = {column: sa.literal(value, _Plain()) for column, value in zip(columns, dumped, strict=True)}
    if tx.execute(sa.update(table).where(seen).values(given)) != 1:
        raise StaleError(f"a {cls.__name__.lower()} was changed by somebody else in the meantime")
    if any(cls.__specs__[name].search for name in values):
        refresh(tx, cls, row.id)
    note(tx, made, "erase", told)


class _Plain(sa.types.UserDefinedType[Any]):
    """A value as the driver takes it."""

    cache_ok = True
