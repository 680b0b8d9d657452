"""Two databases for two worlds."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from house import drop_database

from pycrm import CRM, ClaimPolicy, FixedClock

from .two_worlds import Pair


@pytest.fixture
def pair(database: str, clock: FixedClock) -> Iterator[Pair]:
    """Two CRMs on copies of one database, under the policy that tells a writer nothing."""
    yield from _pair(database, clock)


@pytest.fixture
def pair_in_a_file(sqlite_database: str, clock: FixedClock) -> Iterator[Pair]:
    """The same on SQLite alone, for what need not be tried on both."""
    yield from _pair(sqlite_database, clock)


def _pair(database: str, clock: FixedClock) -> Iterator[Pair]:
    other = _copied(database)
    crms = [
        CRM(address, clock=clock, random=random.Random(7), claims={"*": ClaimPolicy.SILENT})
        for address in (database, other)
    ]
    yield Pair((crms[0], crms[1]))
    for crm in crms:
        with suppress(Exception):
            crm.close()
    if other.startswith("postgresql"):
        drop_database(os.environ["PYCRM_TEST_POSTGRESQL"], other.rpartition("/")[2])


def _copied(database: str) -> str:
    if database.startswith("sqlite"):
        file = Path(database.removeprefix("sqlite:///"))
        shutil.copy(file, file.with_name("other.db"))
        return f"sqlite:///{file.with_name('other.db')}"
    import psycopg

    server, _, name = database.rpartition("/")
    twin = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(os.environ["PYCRM_TEST_POSTGRESQL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {twin} TEMPLATE {name}".encode())
    return f"{server}/{twin}"
