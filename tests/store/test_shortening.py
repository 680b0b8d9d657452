"""The log of a SQLite file stays short, whoever reads old states meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Source
from pycrm.store import shortening

LONG = 200_000


@pytest.fixture
def crm(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CRM]:
    """A CRM on a file whose log is long at 200 KB, and which asks after each commit."""
    monkeypatch.setattr(shortening, "_PAUSE_S", 0.0)
    with CRM(sqlite_database) as made:
        made.migrate()
        path = str(made.store.url.database)
        made.store.shortening = shortening.Shortening(path, LONG)
        yield made


def log(crm: CRM) -> int:
    """The bytes of the log."""
    return os.stat(f"{crm.store.url.database}-wal").st_size


def write(crm: CRM, times: int, name: str) -> None:
    """So many acts of a row and its history."""
    for at in range(times):
        with crm.session(crm.system("log")) as session:
            session.add(Source(name=f"{name} {at}"))


@pytest.fixture
def reader(crm: CRM) -> Iterator[Any]:
    """A connection that reads an old state, as a long report does."""
    import sqlite3

    with closing(sqlite3.connect(str(Path(str(crm.store.url.database))), isolation_level=None)) as made:
        made.execute("BEGIN")
        made.execute("SELECT count(*) FROM crm_source").fetchall()
        yield made


def test_a_log_that_grew_while_somebody_read_is_begun_anew(crm: CRM, reader: Any) -> None:
    """Nobody who writes is refused while a report reads an old state, and once it ends the log is short again."""
    write(crm, 60, "while it reads")
    assert log(crm) > LONG
    assert reader.execute("SELECT count(*) FROM crm_source").fetchall() == [(0,)]
    reader.execute("COMMIT")
    write(crm, 1, "after it")
    assert log(crm) < LONG
    with crm.view(crm.system("log")) as session:
        assert session.count(Source) == 61


def test_without_it_the_log_would_stay_long(crm: CRM, reader: Any) -> None:
    """SQLite by itself begins the log anew where it is, and its file stays as long as it was."""
    crm.store.shortening = None
    write(crm, 60, "while it reads")
    reader.execute("COMMIT")
    write(crm, 1, "after it")
    assert log(crm) > LONG
