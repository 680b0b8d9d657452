"""What a database holds, read past every session, and whether it holds together."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from house import rows_of

from pycrm import CRM
from pycrm.declare import Child
from pycrm.declare.table import key_column

__all__ = ["Books", "Shape", "Tables", "disagreements", "shape", "unsound"]

Tables = dict[str, Counter[tuple[Any, ...]]]
#: Of each table that differs, how many rows came and how many went.
Shape = dict[str, tuple[int, int]]

# That somebody acted as the system, or was told of a hidden value, stays where the act was undone.
_KEPT_APART = {"crm_elevation", "crm_probe"}


class Books:
    """Every table of a database, read by the driver alone."""

    def __init__(self, crm: CRM) -> None:
        self._names = sorted(crm.metadata.tables.keys() - _KEPT_APART)
        self._file = str(crm.store.url.database)
        self._address = crm.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.is_server = crm.store.dialect == "postgresql"
        self._server: Any = None

    def read(self) -> Tables:
        """Every row of every table, in no order."""
        if self.is_server:
            return self._from_server()
        found = {}
        # Opened anew: whoever keeps a connection keeps a power cut or a full disk from the database.
        connection = sqlite3.connect(self._file)
        try:
            for name in self._names:
                found[name] = Counter(connection.execute(f"SELECT * FROM {rows_of(name)}").fetchall())
        finally:
            connection.close()
        return found

    def _from_server(self) -> Tables:
        import psycopg

        if self._server is None:
            self._server = psycopg.connect(self._address, autocommit=True)
        parts = (f"SELECT '{name}', t::text FROM {rows_of(name)} t" for name in self._names)
        found: Tables = {name: Counter() for name in self._names}
        for name, row in self._server.execute(" UNION ALL ".join(parts)).fetchall():
            found[name][(row,)] += 1
        return found

    def close(self) -> None:
        """Leave the server."""
        if self._server is not None:
            self._server.close()


def shape(before: Tables, after: Tables) -> Shape:
    """Of each table that differs, how many rows came and how many went."""
    return {
        name: ((after[name] - rows).total(), (rows - after[name]).total())
        for name, rows in before.items()
        if after[name] != rows
    }


def disagreements(crm: CRM) -> list[str]:
    """Which books disagree, asked of the driver: versions and changes, revisions and what is to be sealed."""
    found = []
    with crm.store.connect() as connection:
        for cls in (*crm.records(), *(facet for of in crm.records() for facet in crm.facets_of(of))):
            key, table = key_column(cls), cls.__tablename__
            apart = connection.exec_driver_sql(
                f"SELECT count(*) FROM {table} r WHERE version <> coalesce((SELECT max(c.version) "
                f"FROM crm_change c WHERE c.record_id = r.{key} AND c.entity = '{cls.__name__}'), 0)"
            ).scalar()
            found += [f"{apart} rows of {table} differ from their history"] if apart else []
        for what, text in _AGREEING.items():
            apart = connection.exec_driver_sql(text).scalar()
            found += [f"{apart} {what}"] if apart else []
    return found


_LISTED = (
    "SELECT count(*) FROM {} b WHERE (SELECT count(*) FROM crm_unsealed u WHERE u.id = b.id) "
    "+ (SELECT count(*) FROM crm_seal s WHERE s.item_id = b.id) <> 1"
)
_AGREEING = {
    "revisions without a change": "SELECT count(*) FROM crm_revision r WHERE NOT EXISTS "
    "(SELECT 1 FROM crm_change c WHERE c.revision_id = r.id)",
    "changes without a revision": "SELECT count(*) FROM crm_change c WHERE NOT EXISTS "
    "(SELECT 1 FROM crm_revision r WHERE r.id = c.revision_id)",
    "revisions that wait for no seal": _LISTED.format("crm_revision"),
    "looks that wait for no seal": _LISTED.format("crm_access"),
    "exports that wait for no seal": _LISTED.format("crm_export"),
    "sessions of system actors that wait for no seal": _LISTED.format("crm_elevation"),
    "operations done twice": "SELECT count(*) - count(DISTINCT operation) FROM crm_revision "
    "WHERE operation IS NOT NULL",
}


def unsound(crm: CRM) -> list[str]:
    """What does not hold together: history that leads elsewhere, books that disagree, a broken seal."""
    found = disagreements(crm)
    with crm.view(crm.system("test: does it hold together")) as session:
        for cls in crm.records():
            for record in session.find(cls, archived=True, children=True):
                then = session.as_of(record, session.now)
                if then is None:
                    found.append(f"{cls.__name__} {record.id} has no history")
                    continue
                names = [name for name, spec in cls.__specs__.items() if _is_kept(cls, name, spec)]
                apart = [n for n in names if _plain(getattr(then, n)) != _plain(getattr(record, n))]
                if apart or then.version != record.version:
                    found.append(f"{cls.__name__} {record.id} v{record.version}: {apart}")
    verified = crm.verify()
    if verified.broken is not None:
        found.append(f"the seal: {verified.broken}")
    return found


def _is_kept(cls: Any, name: str, spec: Any) -> bool:
    return name not in cls.keeps_latest and (not spec.derived or name == "version")


def _plain(value: Any) -> Any:
    """A value that compares by what it holds: rows of children by their fields."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Child):
        specs = type(value).__specs__
        return {name: getattr(value, name) for name, spec in specs.items() if not spec.derived}
    return value
