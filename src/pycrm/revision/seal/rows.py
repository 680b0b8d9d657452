"""Reading the rows that a seal covers, as both databases give them, with their digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pycrm.declare.table import SALT
from pycrm.revision.model import AccessRow, ChangeRow, ElevationRow, ExportRow, RevisionRow
from pycrm.revision.seal.digest import change_digest, revision_digest, row_digest
from pycrm.revision.seal.model import TombstoneRow

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["BOOKS", "Digested", "Source", "changes", "items", "place_of", "tombstones"]

#: What a link of the chain stands for, and the book that holds it.
BOOKS: dict[str, Any] = {
    "revision": RevisionRow,
    "look": AccessRow,
    "export": ExportRow,
    "elevation": ElevationRow,
}

Key = tuple[bytes, int, str]


#: A row by what it is ordered, which one it is (its key), and its digest: a bare tuple, for there are many.
Digested = tuple[Any, bytes, int, str, bytes]


class Source(NamedTuple):
    """Where the ids of the sealed come from: a table, its columns of order and id, and a condition."""

    table: str
    order: str
    id: str
    where: str = ""
    values: tuple[Any, ...] = ()
    is_long: bool = True


def changes(tx: Transaction, source: Source) -> Iterator[Digested]:
    """The change rows of each revision."""
    names = ("salt", "record_id", "revision_id", "version", "entity", "act", "reason", "changes")
    found = _read(tx, source, ChangeRow, "revision_id", names)
    for at, salt, record, revision, version, entity, act, reason, text in found:
        digest = change_digest(salt, record, revision, version, entity, act, reason, text)
        yield at, record, version, entity, digest


def items(tx: Transaction, source: Source, kind: str) -> Iterator[Digested]:
    """The rows of one book."""
    cls = BOOKS[kind]
    digest = revision_digest if kind == "revision" else partial(row_digest, kind)
    for at, *values in _read(tx, source, cls, "id", columns_of(cls)):
        yield at, values[0], 0, kind, digest(values)


def tombstones(tx: Transaction, source: Source) -> Iterator[Digested]:
    """What an erasure says of each row that it changed."""
    names = ("record_id", "version", "entity", "revision_id", "before", "after")
    for at, *values in _read(tx, source, TombstoneRow, "revision_id", names):
        yield at, values[0], values[1], values[2], row_digest("tombstone", values)


def columns_of(cls: Any) -> tuple[str, ...]:
    """The columns that a digest covers: the salt stands second, whatever the book gains later."""
    names = [spec.columns[0] for spec in cls.__specs__.values()]
    return (names[0], *([SALT] if cls.__salted__ else []), *names[1:])


def _read(tx: Transaction, source: Source, cls: Any, key: str, names: Iterable[str]) -> Iterator[Any]:
    wanted = ", ".join(_as_bytes(tx, cls, name) for name in names)
    text = (
        f"SELECT s.{source.order}, {wanted} FROM {source.table} s "
        f"JOIN {cls.__tablename__} c ON c.{key} = s.{source.id} {source.where} ORDER BY s.{source.order}"
    )
    return rows(tx, text, source.values, is_long=source.is_long)


def _as_bytes(tx: Transaction, cls: Any, name: str) -> str:
    """A column in the form that both databases share: ids as bytes, instants as microseconds."""
    column = f"c.{tx.store.quoted(name)}"
    if tx.dialect == "sqlite":
        return column
    kinds = {spec.columns[0]: spec.kind.name for spec in cls.__specs__.values()}
    return _FORMS.get(kinds.get(name, "key"), "{}").format(column)


_FORMS = {
    "key": "uuid_send({})",
    "link": "uuid_send({})",
    "instant": "(extract(epoch FROM {}) * 1000000)::bigint",
    # As the history keeps lists on SQLite, so that a digest is the same on both.
    "texts": "replace({}::text, '\", \"', '\",\"')",
}


def rows(tx: Transaction, text: str, values: Any = (), *, is_long: bool = False) -> Iterator[Any]:
    """The rows of a text, as they come; of a long answer never more than a few thousand at once.

    Raises:
        StoreError: the database does not give them.
    """
    failed: Any = tx.store.engine.dialect.loaded_dbapi.Error
    try:
        with closing(_cursor(tx, is_long)) as cursor:
            cursor.execute(text, values)
            yield from cursor
    except failed as error:
        raise tx.store.translated(error) from error


def _cursor(tx: Transaction, is_long: bool) -> Any:
    driver: Any = tx.connection.connection.driver_connection
    if tx.dialect == "sqlite":
        return driver.cursor()
    if not is_long:
        return driver.cursor(binary=True)
    number = tx.memo["cursors"] = tx.memo.get("cursors", 0) + 1
    cursor = driver.cursor(f"pycrm_seal_{number}", binary=True)
    cursor.itersize = 5000
    return cursor


def place_of(row: Digested) -> tuple[str, UUID, int]:
    """Entity, record and version of a row."""
    _, record, version, entity, _ = row
    return entity, UUID(bytes=record), version
