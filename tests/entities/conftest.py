"""The small world that the nouns are tried in."""

from __future__ import annotations

import pytest
from revision.world import World, world

from pycrm import CRM


@pytest.fixture
def made(crm: CRM) -> World:
    """The small world of two salespeople."""
    return world(crm)
