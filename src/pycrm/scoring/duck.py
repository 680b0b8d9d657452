"""DuckDB beside the operational database: facts are copied into its memory, and the rest is worked out there.

Facts come by ADBC, as columns, all from one state of the operational database. Nothing else is read and
nothing is fetched from anywhere: the extensions that DuckDB would load are switched off.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawBool, RawDate, RawInstant, RawKey
from pycrm.errors import DeclarationError, StoreError
from pycrm.scoring import feeder
from pycrm.scoring.moment import moments_in, value_of
from pycrm.scoring.spoken import said

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.store import Transaction

__all__ = ["Duck", "duck"]

_SETTINGS: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    # Rows go back by keys, so that nobody needs them in the order in which they came.
    "preserve_insertion_order": "false",
}

# Facts repeat themselves: compressed, those of a million customers take a tenth of the memory. That costs
# a quarter of the time, which what is read from is worth and what is made on the way is not.
_COMPRESSED = ("ATTACH ':memory:' AS crm (COMPRESS)", "USE crm")
_MANY = 100_000


@contextmanager
def duck(crm: CRM, day: date) -> Iterator[Duck]:
    """A database of DuckDB, in memory and empty, that is thrown away after.

    Raises:
        DeclarationError: DuckDB and what it is fed by are not installed.
    """
    try:
        import adbc_driver_manager  # noqa: F401
        import duckdb
        import pyarrow  # noqa: F401
    except ImportError as error:
        told = f"the engine duckdb needs {error.name}: pip install 'pycrm[analytics]'"
        raise DeclarationError(told) from error
    with closing(duckdb.connect(":memory:", config=_SETTINGS)) as connection:
        for statement in _COMPRESSED:
            connection.execute(statement)
        yield Duck(crm, day, connection)


class Duck:
    """What stands in DuckDB, as of a day."""

    def __init__(self, crm: CRM, day: date, connection: Any) -> None:
        self.connection = connection
        self._moment = partial(value_of, crm, day=day)

    def rows(self, statement: Any) -> list[Any]:
        """The rows of a statement over what stands there."""
        found: list[Any] = self.connection.execute(said(statement, "duckdb", self._moment)).fetchall()
        return found

    def keep(self, name: str, statement: Any) -> None:
        """Make a table of what a statement over what stands there gives."""
        self._make(name, said(statement, "duckdb", self._moment))

    def load(self, tx: Transaction, wanted: Mapping[str, Any]) -> None:
        """Copy what these SELECTs over the operational database give into tables of these names.

        What the transaction itself has written is seen only through it, and so is a database that has one
        connection and no more: its rows are fetched and not streamed.
        """
        if tx.store.in_memory or tx.written:
            for name, select in wanted.items():
                typed = _typed(select) if tx.dialect == "postgresql" else select
                given = {one: self._moment(one) for one in moments_in(typed)}
                self._take(name, select, _arrow(select, tx.fetch(typed, given), tx.dialect), tx.dialect)
            return
        typing = _typed if tx.dialect == "postgresql" else _sampled
        texts = [said(typing(select), tx.dialect, self._moment) for select in wanted.values()]
        with _SNAPSHOTS[tx.dialect](tx, texts) as streams:
            for (name, select), stream in zip(wanted.items(), streams, strict=True):
                self._take(name, select, stream, tx.dialect)

    def _take(self, name: str, select: Any, facts: Any, dialect: str) -> None:
        columns = ", ".join(_as_duck(column, dialect) for column in select.selected_columns)
        self.connection.register("crm_arriving", facts)
        self._make(name, f"SELECT {columns} FROM crm_arriving")
        self.connection.unregister("crm_arriving")

    def _make(self, name: str, text: str) -> None:
        made = self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {text}").fetchone()
        if made[0] > _MANY:
            # Only now it is compressed.
            self.connection.execute("CHECKPOINT")


def _as_duck(column: Any, dialect: str) -> str:
    """A column that has arrived, as it stands in DuckDB."""
    name = f'"{column.key}"'
    if isinstance(column.type, RawInstant) and dialect == "sqlite":
        return f"make_timestamp({name}) AS {name}"
    if isinstance(column.type, RawDate):
        return f"CAST({name} AS DATE) AS {name}"
    return f"CAST({name} AS BOOLEAN) AS {name}" if isinstance(column.type, RawBool) else name


@attrs.frozen
class _Kind:
    """A type of columns: in PostgreSQL, by a value in SQLite, and in Arrow, where SQLite may differ."""

    of: type
    postgresql: str
    sqlite: str
    arrow: str
    arrow_of_sqlite: str = ""


_KINDS = (
    _Kind(RawKey, "UUID", "zeroblob(16)", "binary"),
    _Kind(RawInstant, "TIMESTAMP", "0", "timestamp", "int64"),
    _Kind(RawDate, "DATE", "''", "date32", "string"),
    _Kind(RawBool, "BOOLEAN", "0", "bool_", "int64"),
    _Kind(sa.Double, "DOUBLE PRECISION", "CAST(0.5 AS REAL)", "float64"),
    _Kind(sa.BigInteger, "BIGINT", "0", "int64"),
    _Kind(sa.Text, "TEXT", "''", "string"),
)


def _kind(column: Any) -> _Kind:
    return next(one for one in _KINDS if isinstance(column.type, one.of))


def _typed(select: Any) -> Any:
    """A SELECT of PostgreSQL whose columns have the types that they are said to have."""
    facts = select.subquery("crm_facts")
    return sa.select(*(_cast(one) for one in facts.c)).select_from(facts)


def _cast(column: Any) -> Any:
    name = f'crm_facts."{column.key}"'
    name = f"timezone('UTC', {name})" if isinstance(column.type, RawInstant) else name
    return sa.literal_column(f"CAST({name} AS {_kind(column).postgresql})").label(column.key)


def _sampled(select: Any) -> Any:
    """A SELECT of SQLite with a row before it: the driver takes the type of a column from its first rows."""
    facts = select.subquery("crm_facts")
    first: Any = sa.select(*(sa.literal_column(_kind(one).sqlite).label(one.key) for one in facts.c))
    return sa.union_all(first, sa.select(*facts.c))


# --- facts, from one state of the operational database, whatever others write meanwhile --------------


@contextmanager
def _of_sqlite(tx: Transaction, texts: list[str]) -> Iterator[Iterator[Any]]:
    """By a program of its own; see `feeder`."""
    import pyarrow as pa

    # Without the folder of the program among those that modules are looked for in.
    command = [sys.executable, "-P", feeder.__file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as program:  # type: ignore[call-overload]
        try:
            program.stdin.write(feeder.asked(str(tx.store.url.database), texts))
            program.stdin.close()
            yield (pa.ipc.open_stream(program.stdout) for _ in texts)
        except pa.ArrowException as error:
            raise StoreError(f"facts could not be read: {program.stderr.read().decode()[-500:]}") from error
        finally:
            program.stdout.close()


@contextmanager
def _of_postgresql(tx: Transaction, texts: list[str]) -> Iterator[Iterator[Any]]:
    import adbc_driver_postgresql.dbapi as driver

    address = tx.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with driver.connect(address) as connection, connection.cursor() as cursor:
        # What is no query cannot be copied.
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL timezone TO 'UTC'")
        if tx.store.schema:
            cursor.execute(f"SET LOCAL search_path TO {tx.store.quoted(tx.store.schema)}")
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "true"})
        yield (_answer(cursor, text) for text in texts)


def _answer(cursor: Any, text: str) -> Any:
    cursor.execute(text)
    return cursor.fetch_record_batch()


_SNAPSHOTS = {"sqlite": _of_sqlite, "postgresql": _of_postgresql}


def _arrow(select: Any, rows: Sequence[Sequence[Any]], dialect: str) -> Any:
    """Rows that were fetched, as columns."""
    import pyarrow as pa

    given = {}
    for at, column in enumerate(select.selected_columns):
        kind, values = _kind(column), [row[at] for row in rows]
        if kind.of is RawKey:
            raw = pa.array([one.bytes if isinstance(one, UUID) else one for one in values], pa.binary(16))
            given[column.key] = pa.ExtensionArray.from_storage(pa.uuid(), raw)
        else:
            arrow = kind.arrow_of_sqlite if dialect == "sqlite" and kind.arrow_of_sqlite else kind.arrow
            given[column.key] = pa.array(
                values, pa.timestamp("us") if arrow == "timestamp" else getattr(pa, arrow)()
            )
    return pa.table(given)
