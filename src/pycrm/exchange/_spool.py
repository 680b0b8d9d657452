"""What an import sets aside on disk: rows until their record comes, and the keys it has met."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from pycrm.errors import Problem
from pycrm.exchange.reading import Row

__all__ = ["Seen", "Spool"]


class Spool:
    """The rows of a children's table by the key of their parent, in a scratch database.

    SQLite keeps a database without a name in its page cache and moves it to a temporary file when
    it grows, so memory stays bounded and nothing is left behind.
    """

    def __init__(self, rows: Iterable[Row], key_of: Callable[[list[str]], str]) -> None:
        import sqlite3  # most imports have no second table

        self.damaged: list[tuple[int, tuple[Problem, ...]]] = []
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA cache_size = -8192")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE child (key TEXT NOT NULL, line INTEGER NOT NULL, cells TEXT NOT NULL)")
        self._db.execute("CREATE TABLE taken (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO child VALUES (?, ?, ?)", self._sound(rows, key_of))
        self._db.execute("CREATE INDEX child_key ON child (key, line)")

    def _sound(
        self, rows: Iterable[Row], key_of: Callable[[list[str]], str]
    ) -> Iterator[tuple[str, int, str]]:
        for row in rows:
            problems = row.problems
            if not problems:
                try:
                    yield key_of(row.values), row.line, json.dumps(row.values, ensure_ascii=False)
                    continue
                except ValueError as error:
                    problems = (Problem(f"line/{row.line}", "required", f"line {row.line}: {error}"),)
            self.damaged.append((row.line, problems))

    def take(self, key: str) -> list[Row]:
        """The rows of that parent, in the order of their file."""
        self._db.execute("INSERT OR IGNORE INTO taken VALUES (?)", (key,))
        found = self._db.execute("SELECT line, cells FROM child WHERE key = ? ORDER BY line", (key,))
        return [Row(line, json.loads(cells)) for line, cells in found]

    def left(self) -> Iterator[tuple[int, str]]:
        """Line and key of every row whose parent never came."""
        yield from self._db.execute(
            "SELECT line, key FROM child WHERE key NOT IN (SELECT key FROM taken) ORDER BY line"
        )

    def close(self) -> None:
        """Throw the scratch database away."""
        self._db.close()


class Seen:
    """The keys that a file has had so far, in a scratch database: a hash and a few bytes a key."""

    def __init__(self) -> None:
        import sqlite3

        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA cache_size = -8192")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")
        self._db.execute("BEGIN")

    def add(self, key: str) -> bool:
        """Whether the key is new; one false alarm in 10**7 files of a million keys."""
        done = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hash(key),))
        return done.rowcount == 1

    def close(self) -> None:
        """Throw the scratch database away."""
        self._db.close()
