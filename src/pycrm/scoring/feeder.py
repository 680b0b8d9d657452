"""A program of its own that reads a SQLite file and writes what it finds as Arrow, one stream after the other.

Within the program that has the file open it would be read by a second copy of SQLite, and neither knows
the locks of the other: the one that closes the file takes the write-ahead log away from the other, and
what is committed from then on is lost. It imports nothing of pycrm.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

__all__ = ["asked"]

_AT_ONCE = 1 << 16


def asked(file: str, texts: list[str]) -> bytes:
    """What the program is told on its standard input: the file, and the statements to answer in turn."""
    return json.dumps([file, texts]).encode()


def main() -> None:
    """Answer all statements from one state of the file."""
    import adbc_driver_sqlite.dbapi as driver
    import pyarrow as pa

    file, texts = json.load(sys.stdin)
    with driver.connect(f"file:{quote(file)}") as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_AT_ONCE)})
        for text in texts:
            cursor.execute(text)
            found = cursor.fetch_record_batch()
            with pa.ipc.new_stream(sys.stdout.buffer, _schema(found.schema)) as stream:
                for batch in _batches(found):
                    stream.write_batch(batch)
            sys.stdout.buffer.flush()


def _schema(schema: Any) -> Any:
    """Bytes are keys here, and nothing else is."""
    import pyarrow as pa

    keyed = [one.with_type(pa.uuid()) if one.type == pa.binary() else one for one in schema]
    return pa.schema(keyed)


def _batches(found: Any) -> Iterator[Any]:
    """The rows without the first, which only said of what types the columns are."""
    import pyarrow as pa

    skipped, schema = 1, _schema(found.schema)
    for batch in found:
        arrays = [
            pa.ExtensionArray.from_storage(pa.uuid(), one.cast(pa.binary(16)))
            if one.type == pa.binary()
            else one
            for one in batch.slice(skipped).columns
        ]
        skipped = 0
        yield pa.record_batch(arrays, schema=schema)


if __name__ == "__main__":
    main()
