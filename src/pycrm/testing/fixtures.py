"""Fixtures for the tests of plugins; a conftest gets them by ``pytest_plugins = ["pycrm.testing"]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pycrm.app import CRM
from pycrm.testing.databases import KINDS, Databases
from pycrm.testing.organisation import Organisation
from pycrm.values import FixedClock

__all__ = ["clock", "crm", "databases", "organisation", "plugins", "shared"]

_SHARED = pytest.StashKey[dict[str, Databases]]()


def shared(config: pytest.Config, kind: str) -> Databases:
    """The databases of a kind that all tests of a run share, so that their template is made once."""
    made = config.stash.setdefault(_SHARED, {})
    if kind not in made:
        made[kind] = Databases(kind)
        config.add_cleanup(made[kind].close)
    return made[kind]


@pytest.fixture(scope="session", params=KINDS)
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of each kind: SQLite, and PostgreSQL where ``PYCRM_TEST_POSTGRESQL`` names a server."""
    return shared(request.config, request.param)


@pytest.fixture
def plugins() -> Iterable[Any]:
    """The plugins that `crm` loads; a conftest overrides it."""
    return ()


@pytest.fixture
def crm(databases: Databases, plugins: Iterable[Any]) -> Iterator[CRM]:
    """A CRM with `plugins` and the sample organisation, on a database of its own."""
    made = databases.open(plugins)
    yield made
    made.close()


@pytest.fixture
def organisation(crm: CRM) -> Organisation:
    """The people in `crm`: ``with organisation.as_("ana") as session``."""
    return Organisation(crm)


@pytest.fixture
def clock(crm: CRM) -> FixedClock:
    """The clock of `crm`, which stands at Tuesday 2026-06-30, 09:00 in Shanghai, until a test moves it."""
    assert isinstance(crm.clock, FixedClock)
    return crm.clock
