"""Raw SQL on PostgreSQL: it gives what the session gives, and nothing else can be done with it (T08)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from house import drop_database, enterprise
from hypothesis import HealthCheck, given, settings
from revision.world import tables

from pycrm import (
    CRM,
    Action,
    Customer,
    Field,
    FixedClock,
    ForbiddenError,
    Grant,
    InvalidError,
    Link,
    Opportunity,
    Organization,
    OrgUnit,
    Party,
    Plugin,
    Reach,
    Record,
    Role,
    RoleAssignment,
    Source,
    StoreError,
    User,
    field,
    link,
    through,
)
from pycrm.scope.raw import policies, postgresql, secure

from .rights import ruled
from .worlds import Settled, World, rich_world, settle, worlds

pytestmark = pytest.mark.postgresql

NOW = "2026-06-30T09:00:00+08:00"
READ = {Customer: "id", Opportunity: "id", Party: "id", Organization: "of_id", OrgUnit: "id", User: "id"}
READ |= {Source: "id", Role: "id", RoleAssignment: "id"}


class Visit(Record, table="exam_visit", scope=through("customer")):
    """A visit with something that hardly anybody may know."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    finding: Field[str | None] = field("Finding", default=None, special=True)


class Exam(Plugin):
    """Visits."""

    name = "exam"
    records = (Visit,)


@pytest.fixture
def open_crm(postgresql_database: str) -> Iterator[Callable[..., CRM]]:
    """Make CRMs on one database of PostgreSQL."""
    made: list[CRM] = []

    def open_(**options: Any) -> CRM:
        made.append(CRM(postgresql_database, clock=FixedClock(NOW), **options))
        return made[-1]

    yield open_
    for crm in made:
        crm.close()


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    """The enterprise of the catalogue, crm with the right to raw SQL."""
    crm = open_crm()
    enterprise(crm, customers=True)
    permit(crm)
    return crm


def permit(crm: CRM, people: Any = None) -> None:
    """Give people, or crm, the right to raw SQL and nothing else."""
    with crm.session(crm.system("test")) as session:
        granted = [Grant(entity="sql", action=Action.READ, reach=Reach.OWN)]
        role = session.add(Role(name=f"analyst {uuid4()}", grants=granted))
        for user in people or session.find(User):
            session.add(
                RoleAssignment(user=user, role=role, unit=user.home_unit, since=date(2026, 1, 1)),
            )


def owner_of(crm: CRM, statement: str) -> list[Any]:
    """Run a statement as the tables' owner, past pycrm."""
    with psycopg.connect(crm.store.url.set(drivername="postgresql").render_as_string(False)) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def role_of(crm: CRM) -> str:
    """The role of raw SQL in this database."""
    return str(owner_of(crm, "SELECT roles[1] FROM pg_policies WHERE tablename = 'crm_customer'")[0][0])


def disagreements(crm: CRM, people: Any) -> Iterator[tuple[str, str]]:
    """For whom raw SQL gives other rows than the session does."""
    for who in people:
        with crm.view(who) as session:
            for cls, key in READ.items():
                found = {row[0] for row in session.sql(f"SELECT {key} FROM {cls.__tablename__}")}
                if found != {one.id for one in session.find(cls, archived=True)}:
                    yield str(getattr(who, "name", who)), cls.__name__


@given(world=worlds())
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_raw_sql_gives_what_the_session_finds(open_crm: Callable[..., CRM], world: World) -> None:
    """Whatever the tree, the roles and the owners: nobody gets more or fewer rows by raw SQL."""
    crm = open_crm()
    assert list(disagreements(crm, settled(crm, world).users.values())) == []
    crm.close()


def settled(crm: CRM, world: World) -> Settled:
    """The world, in which all may use raw SQL."""
    made = settle(crm, world)
    permit(crm, made.users.values())
    return made


def test_the_catalogues_people_get_their_own_rows(crm: CRM) -> None:
    """Staff, leaders, the director, the administrator and an engineer get by raw SQL what is theirs."""
    people = ("rep_a", "lead_e", "lead_e2", "dir", "admin", "tech_1")
    assert list(disagreements(crm, people)) == []
    counts = {}
    for who in people:
        with crm.view(who) as session:
            counts[who] = session.sql("SELECT count(*) FROM crm_customer").rows[0][0]
    assert counts == {"rep_a": 12, "lead_e": 30, "lead_e2": 7, "dir": 40, "admin": 0, "tech_1": 0}


def policy_dropped(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """The policy of customers is gone."""
    owner_of(crm, "DROP POLICY pycrm_sql ON crm_customer")


def policy_open(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """The policy of customers lets everything through."""
    owner_of(crm, "ALTER POLICY pycrm_sql ON crm_customer USING (true)")


def security_off(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """The table of opportunities has its policy switched off."""
    owner_of(crm, "ALTER TABLE crm_opportunity DISABLE ROW LEVEL SECURITY")


def reach_unset(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """The reach of the transaction is not set."""
    patch.setattr(postgresql, "reach", lambda tx: {})


def roots_forgotten(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """Units below are not in reach."""
    real = policies.reach
    without = {"own", "units", "all"}
    patch.setattr(
        postgresql,
        "reach",
        lambda tx: {
            name: {word: one[word] for word in without & one.keys()} for name, one in real(tx).items()
        },
    )


PLANTED = (policy_dropped, policy_open, security_off, reach_unset, roots_forgotten)


@pytest.mark.parametrize("plant", [None, *PLANTED], ids=lambda plant: getattr(plant, "__name__", "none"))
def test_a_planted_fault_is_seen(
    open_crm: Callable[..., CRM], plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a policy gone, open or without its setting, somebody would get other rows; as it is, nobody."""
    crm = open_crm()
    made = settled(crm, rich_world())
    if plant is not None:
        plant(crm, monkeypatch)
    assert bool(list(disagreements(crm, made.users.values()))) is (plant is not None)


def test_without_an_actor_no_row_is_visible(crm: CRM) -> None:
    """Whoever takes the role without saying who acts, or says nothing in it, sees no row of any table."""
    granted = [table.__tablename__ for table in policies.exposed(crm)]
    assert len(granted) > 20
    for said in ("", "{}", None):
        with psycopg.connect(
            crm.store.url.set(drivername="postgresql").render_as_string(False)
        ) as connection:
            connection.execute(f'SET ROLE "{role_of(crm)}"'.encode())
            if said is not None:
                connection.execute("SELECT set_config('pycrm.reach', %s, false)", (said,))
            for table in granted:
                assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


ESCAPES = (
    "RESET ROLE",
    "SET ROLE NONE",
    "SET row_security = off",
    "SELECT 1; RESET ROLE",
    "SELECT 1) x; RESET ROLE; SELECT * FROM (SELECT 1",
    "SELECT set_config('role', 'none', true)",
    "SELECT set_config('pycrm.reach', '{\"Customer\": {\"all\": true}}', true), id FROM crm_customer",
    "SELECT \"set_config\"/**/('role', 'none', true)",
    "SELECT pg_catalog.set_config('role', 'none', true)",
    "SELECT current_setting('data_directory')",
    "DO $$ BEGIN DELETE FROM crm_customer; END $$",
    "COPY crm_customer TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "INSERT INTO crm_source (id, name) VALUES (gen_random_uuid(), 'x')",
    "UPDATE crm_customer SET version = 9",
    "DELETE FROM crm_customer",
    "TRUNCATE crm_customer",
    "WITH gone AS (DELETE FROM crm_customer RETURNING id) SELECT * FROM gone",
    "SELECT id INTO TEMP stolen FROM crm_customer",
    "SELECT id FROM crm_customer FOR UPDATE",
    "SELECT id FROM crm_customer TABLESAMPLE SYSTEM (50)",
    "CREATE TABLE stolen AS SELECT * FROM crm_customer",
    "EXPLAIN ANALYZE SELECT * FROM crm_customer",
    "LISTEN x",
    "CALL x()",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT ('/etc/hostname').pg_read_file",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_create(0)",
    "SELECT lo_import('/etc/hostname')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('x', 'y')",
    "SELECT pg_terminate_backend(1)",
    "SELECT query_to_xml('SELECT * FROM crm_user', true, true, '')",
    "SELECT table_to_xml('crm_customer', true, true, '')",
    "SELECT pg_relation_size('crm_customer')",
    "SELECT pg_stat_get_live_tuples('crm_customer'::regclass)",
    "SELECT reltuples FROM pg_class WHERE relname = 'crm_customer'",
    "SELECT * FROM pg_stats",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_authid",
    "SELECT ctid FROM crm_customer",
    "SELECT xmin FROM crm_customer",
    "SELECT * FROM crm_claim",
    "SELECT count(*) FROM crm_setting",
    "SELECT 1 WHERE EXISTS (SELECT FROM crm_change)",
    "SELECT * FROM crm_revision",
    "SELECT * FROM crm_elevation",
    "SELECT * FROM crm_grant",
    "SELECT * FROM crm_import_run",
    "SELECT * FROM crm_unit_closure",
    "SELECT * FROM stolen",
    "SELECT stolen FROM crm_customer",
    "SELECT stolen(id) FROM crm_customer",
    "",
)


def test_no_escape_changes_anything(crm: CRM) -> None:
    """Fifty ways out of raw SQL are refused one by one; nothing is changed and the session goes on."""
    before, role = tables(crm), role_of(crm)
    with crm.session("rep_a") as session:
        for text in ESCAPES:
            with pytest.raises(InvalidError):
                session.sql(text)
            assert session.sql("SELECT current_user").rows == ((role,),)
        assert (session.count(Customer), len(session.find(Source))) == (12, 1)
    assert tables(crm) == before


@pytest.fixture
def visited(open_crm: Callable[..., CRM]) -> CRM:
    """A clinic with one visit, of which the finding is of a special category."""
    crm = open_crm(plugins=[Exam])
    crm.migrate()
    enterprise(crm, customers=True)
    permit(crm)
    with crm.view("rep_a") as session:
        customer = session.find(Customer, limit=1)[0]
    with crm.session(crm.system("clinic")) as session:
        session.add(Visit(customer=customer, on=date(2026, 6, 1), finding="anaemia"))
    return crm


@pytest.mark.parametrize(
    "text",
    [
        "SELECT finding FROM exam_visit",
        "SELECT id FROM exam_visit WHERE finding = 'anaemia'",
        "SELECT id FROM exam_visit ORDER BY finding",
        "SELECT count(*) FROM exam_visit GROUP BY finding",
        "SELECT * FROM exam_visit",
        "SELECT v FROM exam_visit v",
        "SELECT row_to_json(v) FROM exam_visit v",
        "SELECT a.id FROM exam_visit a JOIN exam_visit b USING (finding)",
        "SELECT v.\"finding\"::text || '' FROM exam_visit v",
    ],
)
def test_a_special_column_is_no_part_of_the_table(visited: CRM, text: str) -> None:
    """Nobody selects, filters, sorts, groups or joins by a special-category column, not even its owner."""
    with visited.view("rep_a") as session:
        assert len(session.sql('SELECT id, customer_id, "on" FROM exam_visit')) == 1
        answers = []
        for one in (text, text.replace("finding", "nothing")):
            with pytest.raises(InvalidError) as refused:
                session.sql(one)
            answers.append(str(refused.value.as_dict()).replace("finding", "nothing"))
    assert answers[0] == answers[1]


def test_the_database_itself_withholds_special_columns(visited: CRM) -> None:
    """Were the look at the statement left out, the role still could not read the column."""
    with psycopg.connect(
        visited.store.url.set(drivername="postgresql").render_as_string(False)
    ) as connection:
        connection.execute(f'SET ROLE "{role_of(visited)}"'.encode())
        for text in (
            b"SELECT finding FROM exam_visit",
            b"SELECT * FROM crm_claim",
            b"DELETE FROM exam_visit",
        ):
            with (
                connection.transaction(force_rollback=True),
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                connection.transaction(),
            ):
                connection.execute(text)


def test_values_come_as_python_has_them(crm: CRM) -> None:
    """An analyst gets ids, instants in UTC, numbers, texts and lists, and gives parameters by name."""
    with crm.view("rep_a") as session:
        mine = session.find(Customer, order=Customer.name)
        found = session.sql(
            "SELECT id, created_at, version, name, ':no' AS text, 'a%b' LIKE 'a%' AS yes, "
            "needs, '[1, \"two\"]'::jsonb AS list FROM crm_customer "
            "WHERE name = :name AND id = ANY (:ids) -- :neither",
            name="rep_a 3",
            ids=[one.id for one in mine],
        )
        one = next(one for one in mine if one.name == "rep_a 3")
    at = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)
    assert found.columns == ("id", "created_at", "version", "name", "text", "yes", "needs", "list")
    assert found.rows == ((one.id, at, 1, "rep_a 3", ":no", True, [], [1, "two"]),)
    assert found.rows[0][1].tzinfo is UTC
    assert isinstance(found.dicts()[0]["id"], UUID)


def test_a_parameter_is_never_read_as_sql(crm: CRM) -> None:
    """A value with quotes in it is compared, not run."""
    with crm.view("rep_a") as session:
        for value in ("' OR true --", "\\' OR true --", "$$", "%s", ":name"):
            assert session.sql("SELECT id FROM crm_customer WHERE name = :name", name=value).rows == ()
        for text, given in (("SELECT :a", {}), ("SELECT 1", {"a": 1}), ("SELECT :a", {"a": object()})):
            with pytest.raises(InvalidError):
                session.sql(text, **given)


def test_limits_refuse_and_the_session_goes_on(crm: CRM) -> None:
    """Too many rows and too long a statement are refused; the session still reads and writes."""
    with crm.session("rep_a") as session:
        with pytest.raises(InvalidError, match="more than 11 rows"):
            session.sql("SELECT id FROM crm_customer", most=11)
        assert len(session.sql("SELECT id FROM crm_customer", most=12)) == 12
        with pytest.raises(InvalidError, match=r"longer than 0.2 seconds"):
            session.sql("SELECT count(*) FROM generate_series(1, 100000000000)", seconds=0.2)
        added = session.add(Customer.organization("New", email="new@example.com", source="exhibition"))
        assert session.sql("SELECT name FROM crm_customer WHERE id = :id", id=added).rows == (("New",),)
        with pytest.raises(InvalidError, match="division by zero"):
            session.sql("SELECT 1 / (version - 1) FROM crm_customer")
    with crm.view("rep_a") as session:
        assert session.count(Customer) == 13


def test_raw_sql_is_a_right_of_its_own(open_crm: Callable[..., CRM]) -> None:
    """Neither the director nor a system actor with every grant may use it unless it is named."""
    crm = open_crm()
    enterprise(crm, customers=True)
    for who in ("dir", "admin", crm.system("test"), crm.system("test", grants=["Customer"])):
        with crm.view(who) as session, pytest.raises(ForbiddenError):
            session.sql("SELECT 1")
    with crm.view(crm.system("test", grants=["sql", "Customer.read"])) as session:
        assert session.sql("SELECT count(*) FROM crm_customer").rows == ((40,),)
        assert session.sql("SELECT count(*) FROM crm_opportunity").rows == ((0,),)
        assert session.sql("SELECT count(*) FROM crm_user").rows == ((0,),)


@pytest.fixture
def plain_owner(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, str]]:
    """An empty database of a role that may do nothing else: server, database, its owner's address."""
    from conftest import SERVER

    assert SERVER is not None
    name, secret = f"owned_{uuid4().hex[:12]}", uuid4().hex
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{secret}'".encode())
        connection.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
        place = f"{connection.info.host}:{connection.info.port}/{name}"
    yield SERVER, name, f"postgresql://{name}:{secret}@{place}"
    drop_database(SERVER, name)
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {name}".encode())


def test_who_cannot_make_roles_migrates_all_the_same(plain_owner: tuple[str, str, str]) -> None:
    """Raw SQL says what is missing where migrate could not make its role; all else works, unslowed."""
    server, name, address = plain_owner
    crm = CRM(address, clock=FixedClock(NOW), random=random.Random(3))
    try:
        crm.migrate()
        enterprise(crm, customers=True)
        permit(crm)
        with crm.view("rep_a") as session, pytest.raises(StoreError, match="CREATE ROLE") as refused:
            session.sql("SELECT 1")
        role = str(refused.value).partition("CREATE ROLE ")[2].split()[0]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {role} NOLOGIN".encode())
            connection.execute(f"COMMENT ON ROLE {role} IS 'raw SQL of {name}/public'".encode())
        crm.migrate()
        with crm.view("rep_a") as session, pytest.raises(StoreError, match="GRANT"):
            session.sql("SELECT 1")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"GRANT {role} TO {name}".encode())
        assert list(disagreements(crm, ("rep_a", "lead_e", "dir", "tech_1"))) == []
        # The owner is no superuser, so row-level security is off for owning the tables alone.
        plan = owner_of(crm, "EXPLAIN SELECT * FROM crm_customer ORDER BY id LIMIT 50")
        assert "pycrm.reach" not in str(plan)
        assert "Filter" not in str(plan)
        with crm.view("dir") as session:
            assert (session.count(Customer), len(session.find(Customer))) == (40, 40)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {role} BYPASSRLS".encode())
        with crm.view("rep_a") as session, pytest.raises(StoreError, match="beyond reading"):
            session.sql("SELECT 1")
    finally:
        crm.close()


def test_a_role_that_makes_roles_needs_no_more(plain_owner: tuple[str, str, str]) -> None:
    """An owner with CREATEROLE, and no superuser, gets raw SQL ready by migrate alone."""
    server, name, address = plain_owner
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {name} CREATEROLE".encode())
    crm = CRM(address, clock=FixedClock(NOW))
    try:
        crm.migrate()
        enterprise(crm, customers=True)
        permit(crm)
        assert list(disagreements(crm, ("rep_a", "lead_e", "dir", "tech_1"))) == []
        assert secure(crm)
    finally:
        crm.close()


def test_changed_declarations_close_the_door_until_migrate(open_crm: Callable[..., CRM]) -> None:
    """After a plugin has come, raw SQL is refused until its tables have their policies."""
    crm = open_crm()
    enterprise(crm)
    permit(crm)
    clinic = open_crm(plugins=[Exam])
    clinic.migrate()
    with clinic.view("rep_a") as session:
        assert session.sql("SELECT id FROM exam_visit").rows == ()
    with crm.view("rep_a") as session, pytest.raises(StoreError, match="pycrm migrate"):
        session.sql("SELECT 1")
    assert crm.migrate() == []
    with crm.view("rep_a") as session, pytest.raises(InvalidError):
        session.sql("SELECT id FROM exam_visit")


def test_tenants_share_no_role(open_crm: Callable[..., CRM]) -> None:
    """Two schemas of one database have roles of their own, and neither reads the other's tables."""
    east, west = open_crm(schema="east"), open_crm(schema="west")
    for crm in (east, west):
        crm.migrate()
        enterprise(crm, customers=True)
        permit(crm)
    rows = owner_of(east, "SELECT DISTINCT roles[1] FROM pg_policies WHERE tablename = 'crm_customer'")
    assert len(rows) == 3  # the template's too
    with east.view("dir") as session:
        assert session.sql("SELECT count(*) FROM crm_customer").rows == ((40,),)
        for place in ("west", "public"):
            with pytest.raises(InvalidError):
                session.sql(f"SELECT id FROM {place}.crm_customer")


def test_a_field_that_a_role_hides_is_no_part_of_the_table(crm: CRM) -> None:
    """An analyst whose role hides or masks a field gets neither by raw SQL; the leader gets both."""
    ruled(crm, "staff", ("Customer.channel", "hidden"), ("ContactPoint.value", "masked"))
    for text in ("SELECT channel FROM crm_customer", "SELECT value FROM crm_contact_point"):
        with crm.view("rep_a") as session, pytest.raises(InvalidError):
            session.sql(text)
        with crm.view("lead_e") as session:
            assert len(session.sql(text).rows) == 30


def test_shares_and_delegations_hold_in_raw_sql(crm: CRM) -> None:
    """A customer that rep_a shares, with what hangs on it, is one more row for rep_b."""
    with crm.session("rep_a") as session:
        customer = session.find(Customer, limit=1)[0]
        session.add(Opportunity(customer=customer, name="Forklifts", expected_close=date(2026, 12, 1)))
        session.share(customer, user=session.find(User, User.login == "rep_b")[0])
    with crm.view("rep_b") as session:
        assert len(session.sql("SELECT id FROM crm_customer").rows) == 9
        assert len(session.sql("SELECT id FROM crm_opportunity").rows) == 1
