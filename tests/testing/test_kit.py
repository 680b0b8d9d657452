"""The sample organisation and the fixtures that vendors get."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pycrm import CRM, Customer, FixedClock, OrgUnit, User
from pycrm.testing import Databases, Organisation, clock, crm, databases, organisation, plugins
from pycrm.testing.databases import SERVER
from pycrm.testing.organisation import PEOPLE

# What a conftest has from `pytest_plugins`; here they take the place of those of this suite.
__all__ = ["clock", "crm", "databases", "organisation", "plugins"]


def test_everybody_stands_where_the_page_says(organisation: Organisation) -> None:
    """Ana's customer is seen by her, her leader and top management, and by no peer or other branch."""
    with organisation.as_("ana") as session:
        session.add(Customer.organization("Hongda", source="fair", email="hongda@example.com"))
    seen = set()
    for login, _, _ in PEOPLE:
        with organisation.view(login) as session:
            if session.find(Customer):
                seen.add(login)
    assert seen == {"ana", "wu", "lin", "dan"}


def test_each_test_has_a_database_to_itself(databases: Databases) -> None:
    """What one test enters no other test finds, and the template stays as it was."""
    first, second = databases.open(), databases.open()
    with first.session(first.system("test")) as session:
        session.add(OrgUnit(name="West", code="west"))
    with second.view(second.system("test")) as session:
        assert (session.count(OrgUnit), session.count(User)) == (3, len(PEOPLE))


def test_the_clock_is_moved_by_hand(crm: CRM, clock: FixedClock) -> None:
    """Whoever needs another day moves the clock, and the session has it."""
    with crm.view("ana") as session:
        before = session.now
    clock.advance(days=2)
    with crm.view("ana") as session:
        assert session.now - before == timedelta(days=2)


@pytest.mark.postgresql
def test_nothing_is_left_behind() -> None:
    """When the tests are over their databases are gone, and so are roles made for raw SQL."""
    if not SERVER:
        pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
    import psycopg

    made = Databases("postgresql")
    name = made.open().store.url.database
    with psycopg.connect(SERVER) as connection:
        asked = "SELECT count(*) FROM pg_database WHERE datname = %s"
        assert connection.execute(asked, [name]).fetchone() == (1,)
        made.close()
        assert connection.execute(asked, [name]).fetchone() == (0,)
