"""What the tests of import and export share: a bench to import on, and a second database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pool import leave_alone

from pycrm import CRM

from .bench import Bench


@pytest.fixture
def bench(crm: CRM, cast: Any, tmp_path: Path) -> Bench:
    """The catalogue's enterprise, and a folder for tables and mappings."""
    return Bench(crm, tmp_path)


@pytest.fixture
def twin(database: str, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes a copy of the test's database as it is now, and gives its address."""
    made: list[str] = []

    def on_server(statement: str, alone: str = "") -> None:
        import psycopg

        with psycopg.connect(os.environ["PYCRM_TEST_POSTGRESQL"], autocommit=True) as connection:
            leave_alone(connection, alone)
            connection.execute(statement.encode())

    def copy() -> str:
        name = f"twin_{uuid4().hex[:12]}"
        if database.startswith("sqlite"):
            shutil.copy(database.removeprefix("sqlite:///"), tmp_path / f"{name}.db")
            return f"sqlite:///{tmp_path / name}.db"
        server, _, original = database.rpartition("/")
        on_server(f"CREATE DATABASE {name} TEMPLATE {original}", alone=original)
        made.append(name)
        return f"{server}/{name}"

    yield copy
    for name in made:
        with suppress(Exception):
            on_server(f"DROP DATABASE {name} WITH (FORCE)")
