"""Two databases for two worlds."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pool import Pool

from pycrm import CRM, ClaimPolicy, Customer, FixedClock

from .adding import add_fields
from .two_worlds import START, Pair
from .valuing import Valued


@pytest.fixture
def pair(request: pytest.FixtureRequest, database: str, clock: FixedClock) -> Iterator[Pair]:
    """Two CRMs on copies of one database, under the policy that tells a writer nothing."""
    if database.startswith("sqlite"):
        yield from _pair(database, _copied(database), clock)
        return
    pool: Pool = request.getfixturevalue("postgresql_pool")
    other = pool.take()
    yield from _pair(database, other, clock)
    pool.give_back(other)


@pytest.fixture(scope="module")
def pair_of_files(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The same on SQLite alone, for what need not be tried on both; every play begins it anew."""
    file = tmp_path_factory.mktemp("pair") / "test.db"
    shutil.copy(sqlite_template, file)
    yield from _pair(f"sqlite:///{file}", _copied(f"sqlite:///{file}"), FixedClock(START))


def _pair(database: str, other: str, clock: FixedClock) -> Iterator[Pair]:
    crms = [
        CRM(
            address, plugins=(Valued,), clock=clock, random=random.Random(7), claims={"*": ClaimPolicy.SILENT}
        )
        for address in (database, other)
    ]
    for crm in crms:
        crm.migrate()
        add_fields(crm)
        with crm.view(crm.system("administration")) as session:
            session.custom(Customer)
    pair = Pair((crms[0], crms[1]))
    yield pair
    pair.close()


def _copied(database: str) -> str:
    file = Path(database.removeprefix("sqlite:///"))
    shutil.copy(file, file.with_name("other.db"))
    return f"sqlite:///{file.with_name('other.db')}"
