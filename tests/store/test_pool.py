"""The suite's own databases: one that comes back from a test is as it was before."""

from __future__ import annotations

import pytest
from house import enterprise
from pool import Pool

from pycrm import CRM

from .databases import fetch

pytestmark = pytest.mark.postgresql


def rows(database: str) -> dict[str, list[str]]:
    tables = fetch(database, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'crm%'")
    return {name: sorted(map(repr, fetch(database, f"SELECT * FROM {name}"))) for (name,) in tables}


def test_rows_do_not_pass_from_test_to_test(postgresql_pool: Pool) -> None:
    """Whatever a test has written, few rows or many, the next one finds none of it."""
    address = postgresql_pool.take()
    before = rows(address)
    with CRM(address) as crm:
        enterprise(crm)
    many = "INSERT INTO crm_setting SELECT i::text, repeat('x', 90) FROM generate_series(1, 2000) AS i"
    fetch(address, many)
    assert rows(address) != before
    postgresql_pool.give_back(address)
    assert postgresql_pool.take() == address
    assert rows(address) == before
    postgresql_pool.give_back(address)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE stranger (id int)",
        "ALTER TABLE crm_user ADD COLUMN more int",
        "ALTER TABLE crm_user DROP COLUMN login",
        "ALTER TABLE crm_user ALTER login SET DEFAULT 'x'",
        "CREATE INDEX more ON crm_user (name)",
        "GRANT SELECT ON crm_user TO PUBLIC",
        "ALTER TABLE crm_user DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY more ON crm_user USING (true)",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA more",
        "ANALYZE crm_role",
    ],
)
def test_a_changed_database_is_not_used_again(postgresql_pool: Pool, change: str) -> None:
    """A test that changes more than rows is the last to have that database."""
    address = postgresql_pool.take()
    fetch(address, change)
    postgresql_pool.give_back(address)
    other = postgresql_pool.take()
    assert other != address
    postgresql_pool.give_back(other)
