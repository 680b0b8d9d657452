"""Raw SQL on SQLite: reference data alone, watched while it runs and not a moment longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from house import enterprise
from revision.world import tables

from pycrm import CRM, Customer, FixedClock, ForbiddenError, InvalidError, Source

GRANTS = ("sql", "Source", "Customer", "Product.read")


@pytest.fixture
def crm(sqlite_database: str) -> Iterator[CRM]:
    """The enterprise of the catalogue in a SQLite file."""
    crm = CRM(sqlite_database, clock=FixedClock("2026-06-30T09:00:00+08:00"))
    enterprise(crm, customers=True)
    yield crm
    crm.close()


def test_reference_data_are_read_with_their_types(crm: CRM) -> None:
    """An analyst reads sources as ids, instants and texts, through sub-queries and parameters too."""
    with crm.view(crm.system("analysis", grants=GRANTS)) as session:
        (source,) = session.find(Source)
        found = session.sql(
            "WITH some AS (SELECT * FROM crm_source WHERE name = :name) "
            "SELECT id, created_at, upper(name) AS loud, (SELECT count(*) FROM some) AS many FROM some",
            name="exhibition",
        )
        assert session.sql("SELECT name FROM crm_source WHERE id = :id", id=source).rows == (("exhibition",),)
    assert found.columns == ("id", "created_at", "loud", "many")
    assert found.rows == ((source.id, datetime(2026, 6, 30, 1, 0, tzinfo=UTC), "EXHIBITION", 1),)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM crm_customer",
        "SELECT count(*) FROM crm_customer",
        "SELECT name FROM crm_source WHERE EXISTS (SELECT 1 FROM crm_customer)",
        "WITH crm_source AS (SELECT name FROM crm_party) SELECT * FROM crm_source",
        "SELECT login FROM crm_user",
    ],
)
def test_scoped_tables_are_refused(crm: CRM, text: str) -> None:
    """Rows that not everybody may see are not read by raw SQL, whoever asks."""
    with crm.view(crm.system("analysis", grants=(*GRANTS, "*"))) as session, pytest.raises(ForbiddenError):
        session.sql(text)


ESCAPES = (
    "PRAGMA user_version",
    "ATTACH ':memory:' AS other",
    "SELECT load_extension('x')",
    "SELECT writefile('x', 'y')",
    "SELECT randomblob(1000000000)",
    "UPDATE crm_source SET name = 'x'",
    "DELETE FROM crm_source",
    "INSERT INTO crm_source (name) VALUES ('x')",
    "CREATE TEMP TABLE stolen AS SELECT 1",
    "DROP TABLE crm_source",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "VACUUM",
    "SELECT 1; SELECT 2",
    "SELECT * FROM sqlite_master",
    "SELECT count(*) FROM sqlite_schema",
    "SELECT * FROM pragma_table_info('crm_user')",
    "SELECT rowid FROM crm_source",
    "SELECT * FROM crm_claim",
    "SELECT count(*) FROM crm_setting",
    "SELECT * FROM crm_unit_closure",
    "SELECT * FROM crm_region",
    "SELECT nothing FROM crm_source",
    "SELECT :a",
    "nonsense",
    "",
)


def test_no_escape_changes_anything(crm: CRM) -> None:
    """Each way out is refused, nothing is changed, and the session writes as before."""
    before = tables(crm)
    with crm.session(crm.system("analysis", grants=GRANTS)) as session:
        for text in ESCAPES:
            with pytest.raises(InvalidError):
                session.sql(text)
            assert session.count(Customer) == 40
        assert tables(crm) == before
        # Neither the watch nor the clock stayed on the connection.
        session.add(Source(name="fair"))
    with crm.view(crm.system("analysis", grants=GRANTS)) as session:
        assert session.sql("SELECT count(*) FROM crm_source").rows == ((2,),)


def test_limits_refuse(crm: CRM) -> None:
    """Too many rows and too long a statement are refused."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
    with crm.view(crm.system("analysis", grants=GRANTS)) as session:
        with pytest.raises(InvalidError, match=r"longer than 0.1 seconds"):
            session.sql(f"{endless} max(i) FROM n", seconds=0.1)
        with pytest.raises(InvalidError, match="more than 10000 rows"):
            session.sql(f"{endless} i FROM n")
        assert len(session.sql(f"{endless} i FROM n LIMIT 3", most=3)) == 3


def test_raw_sql_is_a_right_of_its_own(crm: CRM) -> None:
    """Neither the director nor a system actor with every grant may use it unless it is named."""
    for who in ("dir", crm.system("test")):
        with crm.view(who) as session, pytest.raises(ForbiddenError):
            session.sql("SELECT 1")
