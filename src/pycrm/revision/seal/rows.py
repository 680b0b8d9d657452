"""Reading the rows that a seal covers, as both databases give them, with their digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pycrm.declare.table import SALT
from pycrm.revision.model import AccessRow, ChangeRow, ElevationRow, ExportRow, RevisionRow
from pycrm.revision.seal.digest import change_digests, encoded, revision_digests, row_digest
from pycrm.revision.seal.model import SealRow, TombstoneRow

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "ALL",
    "BOOKS",
    "SOME",
    "Digested",
    "Key",
    "Links",
    "Source",
    "changes",
    "columns_of",
    "items",
    "place_of",
    "rows",
    "sealed",
    "tombstones",
]

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

#: So many rows are taken at once. More of them fall out of the cache of the processor before they are hashed;
#: a server is asked again for each piece.
SOME = {"sqlite": 200, "postgresql": 500}


class Source(NamedTuple):
    """Where the ids of the sealed come from: a table, its columns of order and id, and a condition."""

    table: str
    order: str
    id: str
    where: str = ""
    values: tuple[Any, ...] = ()
    is_long: bool = True


#: The whole chain in the order of its links.
ALL = Source("crm_seal", "number", "item_id")


class Links(NamedTuple):
    """Links of the chain, one after another, column by column as they are kept.

    `own` are the digests of what they seal; None where it is no revision, or is gone.
    """

    numbers: tuple[int, ...]
    kinds: tuple[str, ...]
    items: tuple[bytes, ...]
    hashes: tuple[str, ...]
    marks: tuple[str, ...]
    own: Sequence[bytes | None]


def sealed(tx: Transaction) -> Iterator[Links]:
    """The links in their order, some hundreds at once, each beside its revision."""
    wanted = [_as_bytes(tx, SealRow, "s", name) for name in ("number", "kind", "item_id", "hash", "marks")]
    wanted += [_as_bytes(tx, RevisionRow, "r", name) for name in columns_of(RevisionRow)[1:]]
    text = f"SELECT {', '.join(wanted)} FROM crm_seal s LEFT JOIN crm_revision r ON r.id = s.item_id "
    for some in pieces(tx, f"{text} ORDER BY s.number", is_long=True):
        numbers, kinds, items, hashes, marks, moments, *rest = zip(*some, strict=True)
        if None not in moments and kinds.count("revision") == len(kinds):
            own: Sequence[bytes | None] = revision_digests([items, moments, *rest])
        else:
            own = [_own(kind, item, values) for _, kind, item, _, _, *values in some]
        yield Links(numbers, kinds, items, hashes, marks, own)


def _own(kind: str, item: bytes, values: Sequence[Any]) -> bytes | None:
    if kind != "revision" or values[0] is None:
        return None
    return revision_digests([(value,) for value in (item, *values)])[0]


def changes(tx: Transaction, source: Source) -> Iterator[list[Digested]]:
    """The change rows of each revision, piece by piece."""
    names = ("record_id", "version", "entity", "salt", "revision_id", "act", "reason")
    is_server = tx.dialect == "postgresql"
    # SQLite gives the bytes that it keeps; a server would take longer to give them than a text.
    text = "c.changes" if is_server else "CAST(c.changes AS BLOB)"
    for some in _read(tx, source, ChangeRow, "revision_id", names, text):
        at, records, versions, entities, salts, revisions, acts, reasons, values = zip(*some, strict=True)
        kept = map(encoded, values) if is_server else values
        digests = change_digests([salts, records, revisions, versions, entities, acts, reasons, kept])
        yield list(zip(at, records, versions, entities, digests, strict=True))


def items(tx: Transaction, source: Source, kind: str) -> Iterator[list[Digested]]:
    """The rows of one book, piece by piece."""
    cls = BOOKS[kind]
    for some in _read(tx, source, cls, "id", columns_of(cls)):
        at, *columns = zip(*some, strict=True)
        if kind == "revision":
            digests = revision_digests(columns)
        else:
            digests = [row_digest(kind, row) for row in zip(*columns, strict=True)]
        yield list(zip(at, columns[0], repeat(0), repeat(kind), digests))


def tombstones(tx: Transaction, source: Source) -> Iterator[list[Digested]]:
    """What an erasure says of each row that it changed, piece by piece."""
    names = ("record_id", "version", "entity", "revision_id", "before", "after")
    for some in _read(tx, source, TombstoneRow, "revision_id", names):
        yield [(at, *values[:3], row_digest("tombstone", values)) for at, *values in some]


def columns_of(cls: Any) -> tuple[str, ...]:
    """The columns that a digest covers: the salt stands second, whatever the book gains later."""
    names = [spec.columns[0] for spec in cls.__specs__.values()]
    return (names[0], *([SALT] if cls.__salted__ else []), *names[1:])


def _read(
    tx: Transaction, source: Source, cls: Any, key: str, names: Iterable[str], *more: str
) -> Iterator[list[Any]]:
    wanted = ", ".join([*(_as_bytes(tx, cls, "c", name) for name in names), *more])
    text = (
        f"SELECT s.{source.order}, {wanted} FROM {source.table} s "
        f"JOIN {cls.__tablename__} c ON c.{key} = s.{source.id} {source.where} ORDER BY s.{source.order}"
    )
    return pieces(tx, text, source.values, is_long=source.is_long)


def _as_bytes(tx: Transaction, cls: Any, table: str, name: str) -> str:
    """A column in the form that both databases share: ids as bytes, instants as microseconds."""
    column = f"{table}.{tx.store.quoted(name)}"
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
    """The rows of a text, as they come; raises as `pieces`."""
    return chain.from_iterable(pieces(tx, text, values, is_long=is_long))


def pieces(tx: Transaction, text: str, values: Any = (), *, is_long: bool = False) -> Iterator[list[Any]]:
    """The rows of a text, some hundreds at once; of a long answer never more are held.

    Raises:
        StoreError: the database does not give them.
    """
    failed: Any = tx.store.engine.dialect.loaded_dbapi.Error
    driver: Any = tx.connection.connection.driver_connection
    try:
        if tx.dialect == "postgresql" and is_long:
            number = tx.memo["cursors"] = tx.memo.get("cursors", 0) + 1
            yield from _ahead(driver, f"pycrm_seal_{number}", text, values)
            return
        with closing(driver.cursor() if tx.dialect == "sqlite" else driver.cursor(binary=True)) as cursor:
            cursor.execute(text, values)
            yield from iter(partial(cursor.fetchmany, SOME[tx.dialect]), [])
    except failed as error:
        raise tx.store.translated(error) from error


def _ahead(driver: Any, name: str, text: str, values: Any) -> Iterator[list[Any]]:
    """The pieces of a long answer: the server is asked for the next one before this one is hashed, and looks meanwhile.

    A second thread that asks would wait for the lock of the interpreter, which hashing holds.
    """
    asked = f"FETCH FORWARD {SOME['postgresql']} FROM {name}"
    with driver.pipeline():
        driver.cursor().execute(f"DECLARE {name} NO SCROLL CURSOR FOR {text}", values, prepare=False)
        coming = driver.cursor(binary=True).execute(asked, prepare=False)
        while found := coming.fetchall():
            coming = driver.cursor(binary=True).execute(asked, prepare=False)
            yield found


def place_of(row: Digested) -> tuple[str, UUID, int]:
    """Entity, record and version of a row."""
    _, record, version, entity, _ = row
    return entity, UUID(bytes=record), version
