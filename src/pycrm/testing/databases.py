"""Databases for tests: copies of one that was made once, on SQLite and, where a server is named, PostgreSQL."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from pycrm.app import CRM
from pycrm.testing.organisation import Organisation
from pycrm.values import FixedClock

__all__ = ["KINDS", "NOW", "SERVER", "Databases"]

#: The address of a superuser's database; with it all is tried on PostgreSQL too.
SERVER = os.environ.get("PYCRM_TEST_POSTGRESQL", "")
KINDS = ("sqlite", "postgresql") if SERVER else ("sqlite",)
NOW = "2026-06-30T09:00:00+08:00"

# In memory where the system offers a folder there: each commit waits for its disk.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Databases:
    """Databases of one kind; each has the tables of core and the sample organisation.

    Args:
        kind: ``sqlite`` or ``postgresql``.
    """

    def __init__(self, kind: str = "sqlite") -> None:
        self.kind = kind
        self._folder = Path(tempfile.mkdtemp(prefix="pycrm-", dir=_MEMORY))
        self._template = f"pycrm_template_{uuid4().hex[:12]}"
        self._made: list[str] = []
        self._open: list[CRM] = []

    def open(self, plugins: Iterable[Any] = (), *, url: str | None = None) -> CRM:
        """A CRM with these plugins, migrated, on a database of its own or on the one of that address."""
        crm = CRM(
            url or self.new(), plugins=plugins, clock=FixedClock(NOW), random=random.Random(len(self._open))
        )
        self._open.append(crm)
        crm.migrate()
        return crm

    def new(self) -> str:
        """The address of a new database, as the template is."""
        if not self._made:
            self._made.append(self._template)
            self._create(self._template, None)
            crm = self.open(url=self._address(self._template))
            Organisation.found(crm)
            crm.close()
        name = f"pycrm_{uuid4().hex[:12]}"
        self._made.append(name)
        self._create(name, self._template)
        return self._address(name)

    def close(self) -> None:
        """Close every CRM and drop every database."""
        for crm in self._open:
            crm.close()
        if self.kind == "postgresql":
            # The template last: roles for raw SQL are shared with it.
            for name in reversed(self._made):
                self._drop(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self, name: str) -> str:
        if self.kind == "sqlite":
            return f"sqlite:///{self._folder}/{name}.db"
        return f"{SERVER.rpartition('/')[0]}/{name}"

    def _create(self, name: str, template: str | None) -> None:
        if self.kind == "sqlite":
            if template is not None:
                shutil.copy(self._folder / f"{template}.db", self._folder / f"{name}.db")
            return
        with _server() as connection:
            connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))

    def _drop(self, name: str) -> None:
        with _server() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            asked = "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') LIKE %s"
            for (role,) in connection.execute(asked, (f"raw SQL of {name}/%",)).fetchall():
                connection.execute(f'DROP ROLE "{role}"')


def _server() -> Any:
    import psycopg

    return psycopg.connect(SERVER, autocommit=True)
