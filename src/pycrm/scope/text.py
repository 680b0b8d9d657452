"""The index of texts: entered with each record, in the same transaction, and made again from the records.

Each record with searchable fields has a row of folded texts. Its grams lie beside them under a GIN
index on PostgreSQL, and on SQLite in a table of FTS5 whose rows are numbered by the records' ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.search import fold, grams, number, search_table, search_table_name, searched, token
from pycrm.declare.table import key_column
from pycrm.scope.actor import key

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["enter", "indexes", "is_behind", "rebuild", "refresh"]

_WORTH_A_COPY = 50
_AT_ONCE = 1000


def enter(tx: Transaction, cls: Any, records: Iterable[Any]) -> None:
    """Enter new records."""
    names = [spec.name for spec in searched(cls)]
    _write(tx, cls, [(one.id, [getattr(one, name) for name in names]) for one in records])


def refresh(tx: Transaction, cls: Any, id: UUID) -> None:
    """Enter a record again whose texts have changed, all of them, whoever changed one."""
    table = cls.__table__.c
    rows = tx.fetch(_texts(cls).where(table[key_column(cls)] == id))
    for name in _places(tx, cls):
        column = "of_id" if name == search_table_name(cls) else "rowid"
        mark = "?" if tx.dialect == "sqlite" else "%s"
        at = key(tx, id) if column == "of_id" else number(id)
        tx.write_one(f"DELETE FROM {tx.store.quoted(name)} WHERE {column} = {mark}", [at])
    _write(tx, cls, [(id, row[1:]) for row in rows])


def indexes(classes: Iterable[Any]) -> list[str]:
    """The tables of FTS5 that SQLite keeps for these classes."""
    return [f"{search_table_name(cls)}_fts" for cls in classes if searched(cls)]


def is_behind(tx: Transaction, cls: Any) -> bool:
    """Whether the index is missing, or lacks a record or a field."""
    if _missing(tx, cls):
        return True
    table, texts = cls.__table__.c, search_table(cls)
    lacks: list[Any] = [texts.c.of_id.is_(None)]
    for spec in searched(cls):
        column = spec.columns[0]
        lacks.append(sa.and_(table[column].is_not(None), texts.c[column].is_(None)))
    joined = sa.outerjoin(cls.__table__, texts, table.id == texts.c.of_id)
    behind: Any = sa.select(sa.literal_column("1")).select_from(joined).where(sa.or_(*lacks)).limit(1)
    return bool(tx.fetch(behind))


def rebuild(tx: Transaction, classes: Iterable[Any]) -> None:
    """Make the indexes of these classes again from their records."""
    for cls in classes:
        _rebuild(tx, cls)


def _rebuild(tx: Transaction, cls: Any) -> None:
    name = search_table_name(cls)
    quoted = tx.store.quoted
    if tx.dialect == "sqlite":
        tx.write_one(f"DROP TABLE IF EXISTS {quoted(f'{name}_fts')}", [])
        options = "id UNINDEXED, grams, detail=none, columnsize=0"
        tx.write_one(f"CREATE VIRTUAL TABLE {quoted(f'{name}_fts')} USING fts5({options})", [])
    else:
        index = f"ix_{name}_grams"[:63]
        made = f"CREATE INDEX IF NOT EXISTS {quoted(index)} ON {quoted(name)} USING gin (grams)"
        tx.write_one(made, [])
    tx.write_one(f"DELETE FROM {quoted(name)}", [])
    rows = tx.fetch(_texts(cls))
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        _write(tx, cls, [(tx.crm.unkey(row[0]), row[1:]) for row in part])


def _texts(cls: Any) -> Any:
    table = cls.__table__.c
    return sa.select(table[key_column(cls)], *(table[spec.columns[0]] for spec in searched(cls)))


def _missing(tx: Transaction, cls: Any) -> bool:
    name = search_table_name(cls)
    if tx.dialect == "sqlite":
        asked = "SELECT 1 FROM sqlite_master WHERE name = ?"
        return tx.run(asked, [f"{name}_fts"]).fetchone() is None
    return tx.run("SELECT to_regclass(%s)", [f"ix_{name}_grams"[:63]]).fetchone()[0] is None


def _places(tx: Transaction, cls: Any) -> list[str]:
    name = search_table_name(cls)
    return [name, f"{name}_fts"] if tx.dialect == "sqlite" else [name]


def _write(tx: Transaction, cls: Any, entries: Sequence[tuple[UUID, Sequence[str | None]]]) -> None:
    texts: list[tuple[Any, ...]] = []
    numbered: list[tuple[int, bytes, str]] = []
    is_sqlite = tx.dialect == "sqlite"
    for id, values in entries:
        folded = [None if value is None else fold(value) for value in values]
        found = grams([one for one in folded if one is not None])
        texts.append((key(tx, id), *folded, None if is_sqlite else found))
        if is_sqlite:
            numbered.append((number(id), id.bytes, " ".join(map(token, found))))
    names = [column.name for column in search_table(cls).columns]
    table = search_table_name(cls)
    if not is_sqlite and len(texts) >= _WORTH_A_COPY:
        tx.copy_many(table, names, texts)
    else:
        _insert(tx, table, names, texts)
    if is_sqlite:
        # FTS5 writes its pending rows out whenever a number is smaller than the one before.
        _insert(tx, f"{table}_fts", ["rowid", "id", "grams"], sorted(numbered))


def _insert(tx: Transaction, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    mark = "?" if tx.dialect == "sqlite" else "%s"
    quoted = tx.store.quoted
    columns, marks = ", ".join(map(quoted, names)), ", ".join([mark] * len(names))
    text = f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})"
    if len(rows) == 1:
        tx.write_one(text, rows[0])
    elif rows:
        tx.run_many(text, rows)
