"""A small sealed history, and hands that change it past the session."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, FieldRule, Grant, Person, Role
from pycrm.entities.org import Action, FieldReading, Reach
from pycrm.exchange import export_csv
from pycrm.revision.seal.heads import Head, load

BOOKS = (
    "crm_change",
    "crm_revision",
    "crm_access",
    "crm_export",
    "crm_elevation",
    "crm_seal",
    "crm_unsealed",
    "crm_tombstone",
)
NUMBER = "11010119900307663X"


def permit(crm: CRM, login: str = "staff") -> None:
    """Let a role look at identity numbers and export customers."""
    with crm.session(crm.system("rights")) as session:
        role = session.find(Role, Role.name == login, children=True)[0]
        rule = FieldRule(entity="Person", field_name="id_no", read=FieldReading.PLAIN, write=True)
        grant = Grant(entity="Customer", action=Action.EXPORT, reach=Reach.OWN)
        session.change(role, rules=[*role.rules, rule], grants=[*role.grants, grant])


def story(crm: CRM) -> Customer:
    """Customers entered, changed, looked at and exported, and sealed twice on the way."""
    enterprise(crm)
    permit(crm)
    with crm.session("rep_a") as session:
        wang = session.add(Customer.person("Wang", mobile="13800138000", source="exhibition", id_no=NUMBER))
        for number in range(3):
            session.add(
                Customer.organization(f"Pump {number}", mobile=f"1390000000{number}", source="exhibition")
            )
    crm.seal()
    with crm.session("rep_a") as session:
        person = session.facet(wang.party, Person)
        assert person is not None
        session.reveal(person, "id_no", because="check-in")
        wang = session.change(wang, channel="fair", because="met there")
    with crm.view("rep_a") as session:
        session.reveal(person, "id_no", because="print the guide sheet")
        export_csv(session, Customer, BytesIO())
        export_csv(session, Customer, BytesIO(), [Customer.name == "Wang"])
    with crm.session("rep_a") as session:
        wang = session.change(wang, channel="web")
    crm.seal()
    return wang


def heads(crm: CRM, folder: Path) -> tuple[Path, list[Head]]:
    """The file of heads in a folder, and what it holds."""
    (path,) = folder.glob("*.heads")
    return path, load(path)


class Hand:
    """Reads and writes tables past every session."""

    def __init__(self, crm: CRM) -> None:
        self.is_server = crm.store.dialect == "postgresql"
        # Who owns the database is held by no foreign key, and what is put back need not outlive a crash.
        options = "-c session_replication_role=replica -c synchronous_commit=off"
        self._engine = sa.create_engine(
            crm.store.url,
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            connect_args={"options": options} if self.is_server else {},
        )
        self._held: sa.Connection | None = None

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        if self._held is not None:
            yield self._held
            return
        with self._engine.connect() as connection:
            yield connection

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row, in the order of its columns."""
        with self._connected() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all()
        return sorted((dict(row) for row in found), key=lambda row: repr(tuple(row.values())))

    def everything(self, tables: Iterable[str]) -> str:
        """What all of these tables hold, read by one connection."""
        with self._engine.connect() as self._held:
            found = "\n".join(repr(self.rows(name)) for name in sorted(tables))
        self._held = None
        return found

    def put(self, table: str, row: dict[str, Any]) -> None:
        """Add a row."""
        names, marks = ", ".join(f'"{one}"' for one in row), ", ".join(f":{one}" for one in row)
        cast = {"fields": "CAST(:fields AS jsonb)", "columns": "CAST(:columns AS jsonb)"}
        if self.is_server:
            for name, text in cast.items():
                if name in row:
                    marks = marks.replace(f":{name}", text)
                    row = row | {name: row[name] if isinstance(row[name], str) else json.dumps(row[name])}
        self._do(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)

    def drop(self, table: str, row: dict[str, Any]) -> None:
        """Delete a row by its key."""
        where, values = _which(table, row)
        self._do(f"DELETE FROM {table} WHERE {where}", values)

    def set(self, table: str, row: dict[str, Any], values: dict[str, Any]) -> None:
        """Write other values into a row."""
        self.drop(table, row)
        self.put(table, row | values)

    def _do(self, text: str, values: dict[str, Any]) -> None:
        with self._connected() as connection:
            plain = {} if self.is_server else {n: v.bytes for n, v in values.items() if isinstance(v, UUID)}
            connection.execute(sa.text(text), values | plain)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is changed within is put back; meanwhile one connection is kept."""
        with self._engine.connect() as self._held:
            kept = {table: self._by_value(table) for table in BOOKS}
            try:
                yield
            finally:
                for table, rows in kept.items():
                    now = self._by_value(table)
                    for value in now.keys() - rows.keys():
                        self.drop(table, now[value])
                    for value in rows.keys() - now.keys():
                        self.put(table, rows[value])
                self._held = None

    def _by_value(self, table: str) -> dict[str, dict[str, Any]]:
        return {repr(row): row for row in self.rows(table)}


KEYS = {
    "crm_change": ("record_id", "version", "entity"),
    "crm_seal": ("number",),
    "crm_tombstone": ("record_id", "version", "entity", "revision_id"),
}


def _which(table: str, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    key = KEYS.get(table, ("id",))
    return " AND ".join(f"{name} = :{name}" for name in key), {name: row[name] for name in key}


def other(value: Any, name: str = "") -> Any:
    """Another value of the same type."""
    if value is None and name.endswith("_id"):
        return uuid4()
    if isinstance(value, bytes):
        return uuid4().bytes
    if isinstance(value, UUID):
        return uuid4()
    if isinstance(value, int):
        return value + 1
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, list):
        return [*value, "x"]
    return f"{value} " if isinstance(value, str) else "x"


def as_id(value: Any) -> UUID:
    """An id as either driver gives it."""
    return UUID(bytes=value) if isinstance(value, bytes) else value
