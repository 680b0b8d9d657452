"""Empty databases, and the folders that the clinic's plugins ship."""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from house import drop_database

from pycrm import CRM, FixedClock
from pycrm.app.setup import make_migration

from .clinic import Clinic, Lab
from .clinic_next import Clinic as NextClinic

SERVER = os.environ.get("PYCRM_TEST_POSTGRESQL", "")


class Shelf:
    """Packages of migrations, written to a folder that is on the path."""

    def __init__(self, root: Path, texts: dict[str, str]) -> None:
        self.root, self.texts = root, texts

    def put(self, package: str, name: str, text: str | None = None) -> Path:
        """Ship one more file with a package, one of `texts` unless given."""
        path = self.root / package / "versions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.root / package / "__init__.py").write_text("")
        path.write_text(text if text is not None else self.texts[f"{package}/{name}"], "utf-8")
        importlib.invalidate_caches()
        return path


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The clinic's two migrations and the laboratory's first, as pycrm writes them."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), {})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(shelf.root)
        folder = shelf.put("clinic_steps", "__init__.py", "").parent
        lab = shelf.put("lab_steps", "__init__.py", "").parent
        make_migration(CRM("sqlite://", plugins=[Clinic, Lab]), "clinic", "visits", folder)
        make_migration(CRM("sqlite://", plugins=[Clinic, Lab]), "lab", "findings", lab)
        make_migration(CRM("sqlite://", plugins=[NextClinic]), "clinic", "rooms", folder)
    found = {
        f"{path.parent.parent.name}/{path.name}": path.read_text("utf-8")
        for path in shelf.root.rglob("0*.py")
    }
    rooms = "clinic_steps/0002_rooms.py"
    # What an author adds by hand: a value for the rows that have none.
    known = '    op.execute("UPDATE clinic_visit SET headcount = 1 WHERE headcount IS NULL")\n'
    found[rooms] = found[rooms].replace("    op.create_table", f"{known}    op.create_table", 1)
    return found


@pytest.fixture
def shelf(tmp_path: Path, texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Where plugins find their migrations; nothing lies on it yet."""
    root = tmp_path / "shelf"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    return Shelf(root, texts)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    if not SERVER:
        pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
    import psycopg

    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield f"{SERVER.rpartition('/')[0]}/{name}"
    drop_database(SERVER, name)


@pytest.fixture
def at() -> Iterator[Callable[..., CRM]]:
    """Make CRMs at an address; they are closed after the test."""
    made: list[CRM] = []

    def open_(database: str, *plugins: Any, **options: Any) -> CRM:
        options = {"clock": FixedClock("2026-06-30T09:00:00+08:00"), "random": random.Random(7)} | options
        made.append(CRM(database, plugins=plugins, **options))
        return made[-1]

    yield open_
    for crm in made:
        with suppress(Exception):
            crm.close()
