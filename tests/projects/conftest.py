"""Projects of these tests: one database of each kind for all of them, and in it a project for each test."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import BOTH, MEMORY, SERVER
from house import enterprise
from pool import Pool

from pycrm import CRM, FixedClock

from .world import FILED, PLUGINS, World


@pytest.fixture(scope="session", params=BOTH)
def enterprise_crm(request: pytest.FixtureRequest) -> Iterator[CRM]:
    """A CRM with project files and people."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    pool = None
    address = f"sqlite:///{folder}/projects.db"
    if request.param == "postgresql":
        if SERVER is None:
            pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
        pool = Pool(SERVER, f"projects_{uuid4().hex[:12]}")
        pool.begin()
        address = pool.address(pool.template)
    crm = CRM(address, plugins=PLUGINS, clock=FixedClock(FILED), random=random.Random(1))
    crm.migrate()
    enterprise(crm)
    yield crm
    crm.close()
    shutil.rmtree(folder)
    if pool is not None:
        pool.close()


@pytest.fixture
def world(enterprise_crm: CRM) -> World:
    """A project of its own, filed on 2026-06-01, on the day of the catalogue."""
    return World.entered(enterprise_crm)
