"""Enables, takes back and uninstalls plugins in copies of a database, each time cut off at another statement.

python -m store.troubled ORIGIN COPY NUMBER SEED [FAULT]

ORIGIN is the address of an empty database, which is filled here; COPY that of what is made of it. Prints as JSON
what was tried, and where core did not work without the plugin, rows were lost, or the act could not be taken up
again. It is a program of its own, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa
from house import drop_database
from testing.test_bundled import TestProjects, TestSegments, TestSupervision

from pycrm import CRM, CRMError, Customer, FixedClock
from pycrm.app import enabling
from pycrm.app.setup import take_back
from pycrm.testing import Organisation
from pycrm.testing.examples import Examples
from store.databases import catalogue, fetch, names
from store.upgrading import FAULTS, NOW, Copies

# Each with what it requires, and what its examples need.
PLUGINS: dict[str, tuple[tuple[str, ...], Any]] = {
    "customer_value": ((), {}),
    "segments": (("customer_value",), TestSegments.values),
    "supervision": ((), TestSupervision.values),
    "projects": ((), TestProjects.values),
}
WAYS = ("fails", "killed before", "killed after")


class CutError(Exception):
    """Stands for a disk, a server or a network that fails in the midst of it."""


@attrs.define
class Cut:
    """Counts the statements of the process, and fails or kills it at one of them."""

    at: int = 0
    way: str = ""
    seen: int = 0

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Within, statements are counted."""
        before, after = self._before, self._after
        sa.event.listen(sa.Engine, "before_cursor_execute", before)
        sa.event.listen(sa.Engine, "after_cursor_execute", after)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", before)
            sa.event.remove(sa.Engine, "after_cursor_execute", after)

    def _before(self, *given: Any) -> None:
        self.seen += 1
        if self.seen == self.at and self.way == "fails":
            raise CutError
        if self.seen == self.at and self.way == "killed before":
            os.kill(os.getpid(), signal.SIGKILL)

    def _after(self, *given: Any) -> None:
        if self.seen == self.at and self.way == "killed after":
            os.kill(os.getpid(), signal.SIGKILL)


def opened(url: str, plugins: tuple[str, ...] = ()) -> CRM:
    """A CRM with these plugins, whatever the database says."""
    return CRM(url, plugins=plugins, clock=FixedClock(NOW))


def enable(url: str, name: str) -> None:
    """Enable the plugin."""
    enabling.enable(url, name, clock=FixedClock(NOW))


def uninstall(url: str, name: str) -> None:
    """Uninstall it with all its rows."""
    with suppress(enabling.NotFoundError):
        enabling.uninstall(url, name, clock=FixedClock(NOW))


def downgrade(url: str, name: str) -> None:
    """Take every step of it back."""
    with CRM.open(url, clock=FixedClock(NOW)) as crm:
        while take_back(crm, name) is not None:
            pass


ACTS: dict[str, Callable[[str, str], None]] = {
    "enable": enable,
    "uninstall": uninstall,
    "downgrade": downgrade,
}


@attrs.define
class Trouble:
    """One act on one plugin: how it ends in peace, and what is wrong where it is cut off."""

    copies: Copies
    name: str
    act: str
    statements: int = 0
    rows: dict[str, int] = attrs.field(factory=dict)
    peace: Any = None

    def begin(self) -> None:
        """Do it once in peace."""
        self.copies.renew()
        self.rows = self.counted()
        cut = Cut()
        with cut.planted():
            ACTS[self.act](self.copies.copy, self.name)
        self.statements, self.peace = cut.seen, self.standing()

    def counted(self) -> dict[str, int]:
        """How many rows each table of the plugin has."""
        # What an index of texts holds is derived.
        own = (one for one in names(self.copies.copy) if one.startswith(f"{self.name}_"))
        there = [one for one in own if "_search" not in one]
        return {one: fetch(self.copies.copy, f"SELECT count(*) FROM {one}")[0][0] for one in there}

    def standing(self) -> Any:
        """The tables as they are declared, and which plugins are enabled."""
        return catalogue(self.copies.copy), enabling.enabled(self.copies.copy)

    def cut(self, at: int, way: str) -> list[str]:
        """Cut it off at a statement; gives what is wrong afterwards."""
        self.copies.renew()
        said = f"{self.act} {self.name}, {way} statement {at} of {self.statements}"
        try:
            self._done(at, way)
            return [f"{said}: {one}" for one in self._wrong()]
        except CRMError as error:
            return [f"{said}: {type(error).__name__}: {error}"]

    def _done(self, at: int, way: str) -> None:
        if way == "fails":
            with suppress(CRMError, CutError), Cut(at, way).planted():
                ACTS[self.act](self.copies.copy, self.name)
            return
        child = os.fork()
        if not child:
            try:
                with Cut(at, way).planted():
                    ACTS[self.act](self.copies.copy, self.name)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
            raise SystemExit("the act failed instead of being killed")

    def _wrong(self) -> Iterator[str]:
        url = self.copies.copy
        # A table is there with its rows, or is gone with its step.
        lost = {one: count for one, count in self.counted().items() if count != self.rows.get(one, 0)}
        if lost:
            yield f"rows were lost or came: {lost}"
        with opened(url) as crm:
            before = _customers(crm)
            with crm.session("ana") as session:
                session.add(Customer.organization("Later", source="fair", email="later@example.com"))
            if _customers(crm) != before + 1:
                yield "core does not work while the plugin is off"
        # Whoever starts it is let in, or told what is wanting.
        try:
            with CRM.open(url, clock=FixedClock(NOW)) as crm, crm.view("ana") as session:
                session.find(Customer)
        except CRMError as error:
            if self.name not in str(error):
                yield f"the start is refused without its cause: {error}"
        if not (self.act == "enable" and self.name in enabling.enabled(url)):
            ACTS[self.act](url, self.name)
        if self.standing() != self.peace:
            yield "taken up again it does not end as in peace"


def _customers(crm: CRM) -> int:
    with crm.view("ana") as session:
        return session.count(Customer)


def filled(url: str, name: str, *, beforehand: bool) -> None:
    """Bring an empty database to where an act begins: core with the sample people, and the plugin filled or not."""
    required, values = PLUGINS[name]
    with opened(url) as crm:
        crm.migrate()
        Organisation.found(crm)
        with crm.session("ana") as session:
            session.add(Customer.organization("Hongda", source="fair", email="h@example.com"))
    for one in (*required, *((name,) if beforehand else ())):
        enable(url, one)
    if beforehand:
        with opened(url, (*required, name)) as crm:
            plugin = crm.registry.plugin(name)
            examples = Examples(Organisation(crm), values, by_system=_BY_SYSTEM.get(name, ()))
            for cls in (*plugin.records, *plugin.facets):
                examples.add(cls, "ana")


_BY_SYSTEM = {"segments": TestSegments.by_system, "supervision": TestSupervision.by_system}


def main(origin: str, copy: str, number: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Cut each act on each plugin off so many times in all."""
    if fault:
        FAULTS[fault]()
    chance, wrong, tried, statements = random.Random(seed), [], Counter[str](), Counter[str]()
    struck: set[tuple[str, str, int, str]] = set()
    kinds = [(name, act) for name in PLUGINS for act in ACTS]
    each, more = divmod(number, len(kinds))
    for place, (name, act) in enumerate(kinds):
        url = f"{origin}_{name}_{act}"
        _make(url)
        filled(url, name, beforehand=act != "enable")
        trouble = Trouble(Copies(url, copy), name, act)
        trouble.begin()
        statements[f"{act} {name}"] = trouble.statements
        for _ in range(each + (place < more)):
            at, way = chance.randint(1, trouble.statements), chance.choice(WAYS)
            struck.add((name, act, at, way))
            tried[way] += 1
            wrong += trouble.cut(at, way)
        trouble.copies.drop()
        _drop(url)
    return {
        "cuts": sum(tried.values()),
        "ways": dict(sorted(tried.items())),
        "statements": dict(sorted(statements.items())),
        "struck": len(struck),
        "wrong": wrong,
    }


def _make(url: str) -> None:
    if not url.startswith("sqlite"):
        _server(url, f"CREATE DATABASE {url.rpartition('/')[2]}")


def _drop(url: str) -> None:
    if url.startswith("sqlite"):
        for end in ("", "-wal", "-shm"):
            Path(f"{url.removeprefix('sqlite:///')}{end}").unlink(missing_ok=True)
    else:
        drop_database(f"{url.rpartition('/')[0]}/postgres", url.rpartition("/")[2])


def _server(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])))
