"""Databases for tests: SQLite always, PostgreSQL where a server is named.

`PYCRM_TEST_POSTGRESQL` is the address of a superuser. One migrated template is made a worker, and
each test has a copy to itself, so that tests can run in any order.
"""

from __future__ import annotations

import gc
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from pycrm import CRM, FixedClock
from pycrm.app.setup import differences

sys.path.insert(0, str(Path(__file__).parent))

from pool import Pool

SERVER = os.environ.get("PYCRM_TEST_POSTGRESQL")
NOW = "2026-06-30T09:00:00+08:00"

# Speed is a matter of benchmarks: a test that is slow on a busy machine is not wrong.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI judges a change, and so draws the same examples each time; new ones are drawn by whoever works on
# the product, and by `make torture`.
settings.register_profile("ci", parent=settings.get_profile("suite"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("PYCRM_CI") else "suite")

# Each commit of SQLite waits for its disk, so files lie in memory where the system offers room for that.
MEMORY = (
    "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30 else None
)
if MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

# The suite makes many objects and hardly a cycle: to look for them as often as Python does by itself takes
# a twentieth of it.
gc.set_threshold(20_000, 20, 50)

# Files with a test that takes ten times as long as the others, or more.
LONG = {"test_bank_marketing.py", "test_help.py", "test_matrix.py", "test_scaffold.py", "test_two_worlds.py"}

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever touches a database is run on both, unless it names its own."""
    named = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize") if mark.args}
    if "database" in metafunc.fixturenames and "database" not in named:
        metafunc.parametrize("database", BOTH, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a folder stay together, and what takes longest comes first.

    Each of the two processes begins with one half: so most worlds that a folder shares are made in one
    of them only, neither waits for the other's, and at the end neither is left alone with a long test.
    """
    folders = {item.path.parent: place for place, item in reversed(list(enumerate(items)))}

    def place(item: Any) -> tuple[bool, bool, int]:
        needs_sample = "sample_file" in item.fixturenames
        return not needs_sample, item.path.name not in LONG, folders[item.path.parent]

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was loaded stays to the end: looking through it for garbage takes a twentieth of the suite."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """CI refuses a skipped test."""
    skipped = terminalreporter.stats.get("skipped", [])
    if os.environ.get("PYCRM_CI") and skipped:
        terminalreporter.section("skipped tests are failures here", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """CI refuses a skipped test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("PYCRM_CI") and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = 1


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    crm = CRM(f"sqlite:///{path}", clock=FixedClock(NOW), random=random.Random(1))
    crm.migrate()
    found = differences(crm)
    assert not found, f"core's migrations lag behind its declarations (scripts/first_migration.py): {found}"
    crm.close()
    return path


@pytest.fixture(scope="session")
def postgresql_pool() -> Iterator[Pool]:
    """Migrated PostgreSQL databases, which tests take and give back."""
    if SERVER is None:
        pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
    pool = Pool(SERVER, f"template_{uuid4().hex[:12]}")
    pool.begin()
    crm = CRM(pool.address(pool.template), clock=FixedClock(NOW), random=random.Random(1))
    crm.migrate()
    crm.close()
    yield pool
    pool.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path) -> Iterator[str]:
    """The address of a fresh, migrated SQLite file."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    path = folder / "test.db"
    shutil.copy(sqlite_template, path)
    yield f"sqlite:///{path}"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_database(postgresql_pool: Pool) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    address = postgresql_pool.take()
    yield address
    postgresql_pool.give_back(address)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database."""
    return str(request.getfixturevalue(f"{request.param}_database"))


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at the catalogue's "today", Tuesday 2026-06-30."""
    return FixedClock(NOW)


@pytest.fixture
def open_crm(database: str, clock: FixedClock) -> Iterator[Callable[..., CRM]]:
    """Make CRMs on the test's database; they are closed after the test."""
    made: list[CRM] = []

    def open_(**options: Any) -> CRM:
        options = {"clock": clock, "random": random.Random(7)} | options
        made.append(CRM(database, **options))
        return made[-1]

    yield open_
    for crm in made:
        with suppress(Exception):
            crm.close()


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM without further plugins."""
    return open_crm()


@pytest.fixture
def cast(crm: CRM) -> Any:
    """The catalogue's people in their units; see `house.enterprise`."""
    from house import enterprise

    return enterprise(crm)
