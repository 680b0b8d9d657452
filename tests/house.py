"""The sample organisation of the catalogue (DOMAIN 0.4), for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import attrs

from pycrm import CRM, Customer, OrgUnit, Role, RoleAssignment, Source, User

# unit, its parent
UNITS = (
    ("HQ", None),
    ("East", "HQ"),
    ("East-2", "East"),
    ("West", "HQ"),
    ("Service", "HQ"),
    ("Marketing", "HQ"),
    ("Finance", "HQ"),
)
# login, home unit, role
PEOPLE = (
    ("dir", "HQ", "top"),
    ("admin", "HQ", "administrator"),
    ("lead_e", "East", "leader"),
    ("rep_a", "East", "staff"),
    ("rep_b", "East", "staff"),
    ("lead_e2", "East-2", "leader"),
    ("rep_c", "East-2", "staff"),
    ("lead_w", "West", "leader"),
    ("rep_w", "West", "staff"),
    ("tech_1", "Service", "staff"),
    ("mkt_1", "Marketing", "staff"),
    ("fin_1", "Finance", "staff"),
)
# SCO-S1: who owns how many customers.
OWNED = {"rep_a": 12, "rep_b": 8, "lead_e": 3, "rep_c": 5, "lead_e2": 2, "rep_w": 9, "lead_w": 1}


@attrs.define
class Cast:
    """Units and people by name, each as stored."""

    units: dict[str, OrgUnit]
    people: dict[str, User]
    roles: dict[str, Role]


def enterprise(crm: CRM, *, customers: bool = False, since: date = date(2026, 1, 1)) -> Cast:
    """Add the units and people of the catalogue, with roles since that day.

    With `customers` also the 40 of SCO-S1.
    """
    units: dict[str, Any] = {}
    people: dict[str, Any] = {}
    with crm.session(crm.system("test organisation")) as session:
        roles = {role.name: role for role in session.find(Role)}
        for name, parent in UNITS:
            units[name] = session.add(OrgUnit(name=name, code=name.lower(), parent=units.get(parent)))
        for login, unit, role in PEOPLE:
            people[login] = session.add(User(login=login, name=login.title(), home_unit=units[unit]))
            session.add(RoleAssignment(user=people[login], role=roles[role], unit=units[unit], since=since))
        session.add(Source(name="exhibition"))
    if customers:
        for login, number in OWNED.items():
            with crm.session(login) as session:
                for index in range(number):
                    session.add(
                        Customer.organization(
                            f"{login} {index}", email=f"{login}.{index}@example.com", source="exhibition"
                        )
                    )
    return Cast(units, people, roles)


def rows_of(table: str) -> str:
    """What to read of a table after FROM, to see whether an act that was undone has left anything.

    That somebody acted as the system stays, and so does its place in the chain of history.
    """
    if table in ("crm_unsealed", "crm_seal"):
        return f"(SELECT * FROM {table} WHERE kind <> 'elevation')"
    return table


def contents(crm: CRM, names: Iterable[str]) -> dict[str, list[str]]:
    """Every row of these tables, read past the session; see `rows_of`."""
    found: dict[str, list[str]] = {name: [] for name in names}
    with crm.store.connect() as connection:
        if crm.store.dialect == "postgresql":
            # One question: to ask table by table takes longer than what is tested.
            asked = (f"SELECT '{name}', one::text FROM {rows_of(name)} one" for name in found)
            for name, row in connection.exec_driver_sql(" UNION ALL ".join(asked)).fetchall():
                found[name].append(row)
        else:
            cursor: Any = connection.connection.cursor()
            for name in found:
                found[name] = list(map(repr, cursor.execute(f"SELECT * FROM {rows_of(name)} one")))
            cursor.close()
    return {name: sorted(rows) for name, rows in found.items()}


def drop_database(server: str, name: str) -> None:
    """Drop a database, and the roles that were made for raw SQL in it; copies share those of their template."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        asked = "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') LIKE %s"
        for (role,) in connection.execute(asked, (f"raw SQL of {name}/%",)).fetchall():
            connection.execute(f'DROP ROLE "{role}"'.encode())
