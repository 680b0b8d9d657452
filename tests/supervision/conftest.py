"""The world of these tests: made once for each database, and copied."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import NOW, SERVER
from pool import Pool

from pycrm import CRM, FixedClock
from pycrm.plugins.supervision import Supervision

from .world import World, enter


def _entered(address: str) -> None:
    crm = CRM(address, plugins=[Supervision], clock=FixedClock(NOW), random=random.Random(1))
    enter(crm)
    crm.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file to copy, with units, people and where they work."""
    path = tmp_path_factory.mktemp("supervision") / "template.db"
    _entered(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_pool() -> Iterator[Pool]:
    """PostgreSQL databases with the same."""
    if SERVER is None:
        pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
    pool = Pool(SERVER, f"supervision_{uuid4().hex[:12]}")
    pool.begin()
    _entered(pool.address(pool.template))
    yield pool
    pool.close()


@pytest.fixture
def world(open_crm: Callable[..., CRM]) -> World:
    """A CRM with supervision, units and people."""
    return World(open_crm(plugins=[Supervision]))
