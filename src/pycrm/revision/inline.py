"""Rows that are in no table as something to select from: how the database itself compares them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.raw import RawJson

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["inline"]


def inline(tx: Transaction, cls: Any, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Any:
    """A common table expression of these rows, as the driver takes them, of these columns of a class's table."""
    build = _from_json if tx.dialect == "postgresql" else _from_values
    typed = [sa.column(column.name, column.type) for column in (cls.__table__.c[name] for name in names)]
    return build(cls.__tablename__, rows, typed).columns(*typed).cte(f"{cls.__tablename__}_then")


def _from_json(table: str, rows: Sequence[Sequence[Any]], columns: Sequence[Any]) -> Any:
    """One parameter, which PostgreSQL reads into rows of the table's own type."""
    held = [
        {column.name: _json(column, value) for column, value in zip(columns, row, strict=True)}
        for row in rows
    ]
    titles = ", ".join(f'"{column.name}"' for column in columns)
    text = sa.text(
        f"SELECT {titles} FROM jsonb_populate_recordset(NULL::{table}, CAST(:held AS jsonb)) AS held"
    )
    return text.bindparams(sa.bindparam("held", json.dumps(held, default=str), type_=sa.Text(), unique=True))


def _json(column: Any, value: Any) -> Any:
    return json.loads(value) if isinstance(column.type, RawJson) and value is not None else value


def _from_values(table: str, rows: Sequence[Sequence[Any]], columns: Sequence[Any]) -> Any:
    """SQLite compares values as they are stored, whatever column they are in."""
    if not rows:
        empty = ", ".join(f'NULL AS "{column.name}"' for column in columns)
        return sa.text(f"SELECT {empty} WHERE 0")
    titles = ", ".join(f'column{at + 1} AS "{column.name}"' for at, column in enumerate(columns))
    values: list[Any] = []
    parts: list[str] = []
    for number, row in enumerate(rows):
        names = [f"{table}_{number}_{at}" for at in range(len(row))]
        parts.append(f"({', '.join(f':{name}' for name in names)})")
        values += [sa.bindparam(name, value, _PLAIN) for name, value in zip(names, row, strict=True)]
    return sa.text(f"SELECT {titles} FROM (VALUES {', '.join(parts)})").bindparams(*values)


# Values as the driver takes them need no type, and finding one out takes longer than sending the value.
_PLAIN = sa.types.NullType()
