"""What a served CRM tells of itself while its database fails (T82): readiness, one line a failure, nobody's data."""

from __future__ import annotations

import gc
import json
import logging
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest
from durability.proxy import Proxy
from house import enterprise

from pycrm import CRM, Customer, FixedClock
from pycrm.http import log as logging_requests
from pycrm.http.log import Lines

from .browser import Browser, Reply
from .conftest import Served, with_forms

# What no log may hold: of a customer, of whoever writes, of what is asked for.
MARKS = ("Zhang Marker", "13900424242", "marker-424242@example.com", "secret need 424242", "query-424242")
RED_WITHIN, GREEN_WITHIN = 2.0, 5.0


class Gate(Proxy):
    """A proxy that can be shut: whoever is connected is cut off, and nobody else gets through."""

    is_shut = False

    def __attrs_post_init__(self) -> None:
        self._inside: set[socket.socket] = set()
        super().__attrs_post_init__()

    def shut(self) -> None:
        """Cut everybody off."""
        self.is_shut = True
        for one in list(self._inside):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        if self.is_shut:
            client.close()
            return
        self._inside.add(client)
        try:
            super()._serve(client)
        finally:
            self._inside.discard(client)


@attrs.define
class Told:
    """What was answered, and what every logger said, line by line."""

    replies: list[Reply] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list)

    def unlogged(self) -> list[str]:
        """The requests that failed by our fault and do not stand in exactly one line."""
        ids = Counter(json.loads(line).get("request") for line in self.lines)
        failed = [one.header("x-request-id") for one in self.replies if one.status >= 500]
        assert all(failed), "a failure without the id of its request"
        return [one for one in failed if ids[one] != 1]

    def marks(self) -> list[str]:
        """The marks that stand in some line."""
        return [mark for mark in MARKS if any(mark in line for line in self.lines)]


@pytest.fixture
def told() -> Iterator[Told]:
    """All that is logged, by whatever logger, as a server writes it."""
    kept = Told()

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.lines.append(Lines().format(record))

    root, handler, http = logging.getLogger(), Keep(), logging.getLogger("pycrm.http")
    before = http.level
    root.addHandler(handler)
    http.setLevel(logging.INFO)
    yield kept
    root.removeHandler(handler)
    http.setLevel(before)


def _served(url: str, clock: FixedClock) -> Iterator[Served]:
    crm = CRM(url, clock=clock, random=random.Random(7))
    crm.migrate()
    cast = enterprise(crm)
    with crm.session("rep_a") as session:
        session.add(
            Customer.organization(
                MARKS[0], mobile=MARKS[1], email=MARKS[2], source="exhibition", needs=[MARKS[3]]
            )
        )
    made = Served(crm, clock, cast, with_forms)
    yield made
    made.close()


@pytest.fixture
def gate(postgresql_database: str) -> Iterator[Gate]:
    """A gate before the PostgreSQL server, which cuts no commits until it is told to."""
    made = Gate(postgresql_database, 0.0, random.Random(5))
    yield made
    made.is_shut = False
    made.close()


@pytest.fixture
def behind(gate: Gate, clock: FixedClock) -> Iterator[Served]:
    """A CRM that reaches its database through the gate, served."""
    yield from _served(gate.url, clock)
    # A pool that was thrown away closes what was in use then when it is collected, which the driver warns of.
    gc.collect()


def _mail(browser: Browser, at: int) -> Reply:
    """One of the requests of a salesperson's program: it reads, searches, writes what is marked, and what is wrong."""
    customer = {
        "name": f"{MARKS[0]} {at}",
        "kind": "organization",
        "needs": [MARKS[3]],
        "contact_points": [{"kind": "email", "value": f"{at}-{MARKS[2]}"}],
    }
    asks: tuple[Callable[[], Reply], ...] = (
        lambda: browser.get("/api/v1/customers"),
        lambda: browser.get(f"/api/v1/customers?name={MARKS[4]}"),
        lambda: browser.post("/api/v1/customers", json=customer),
        lambda: browser.post("/api/v1/customers", json=customer | {"mail": MARKS[2]}),
        lambda: browser.get(f"/test/form?secret={MARKS[4]}"),
    )
    return asks[at % len(asks)]()


def _work(served: Served, told: Told, until: Callable[[], bool]) -> list[threading.Thread]:
    """Two programs that ask without a pause."""

    def ask(browser: Browser, begin: int) -> None:
        at = begin
        while not until():
            told.replies.append(_mail(browser, at))
            at += 1

    programs = [served.program("rep_a") for _ in range(2)]
    threads = [threading.Thread(target=ask, args=(one, at * 1000)) for at, one in enumerate(programs)]
    for one in threads:
        one.start()
    return threads


def _becomes(browser: Browser, status: int) -> float:
    """After how many seconds the server says that it is ready, or not."""
    begun = time.monotonic()
    while browser.get("/readyz").status != status:
        assert time.monotonic() - begun < 20, f"it never answers {status}"
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_a_lost_server_is_told_of_and_nobody_on_it(
    gate: Gate, behind: Served, told: Told, postgresql_database: str
) -> None:
    """Commits that break, connections that are killed and a server that is gone: readiness follows within
    seconds, each failure stands in one line by the id of its request, and no line holds what people typed.
    """
    behind.serve(threads=4)
    watching, is_over = behind.browser(), threading.Event()
    assert watching.get("/readyz").status == 200
    threads = _work(behind, told, is_over.is_set)
    gate.part = 0.3
    time.sleep(1.0)
    gate.part = 0.0
    with psycopg.connect(postgresql_database, autocommit=True) as server:
        for _ in range(5):
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.1)
    gate.shut()
    red = _becomes(watching, 503)
    time.sleep(0.5)
    gate.is_shut = False
    green = _becomes(watching, 200)
    is_over.set()
    for one in threads:
        one.join(20)
    assert red < RED_WITHIN
    assert green < GREEN_WITHIN
    assert sum(one.status >= 500 for one in told.replies) >= 3, "hardly anything failed"
    assert sum(one.status < 300 for one in told.replies) >= 3, "hardly anything was done"
    assert told.unlogged() == []
    assert told.marks() == []
    assert behind.program("rep_a").get("/api/v1/customers").status == 200


@pytest.fixture
def in_a_file(sqlite_database: str, clock: FixedClock) -> Iterator[Served]:
    """A CRM in a SQLite file, served."""
    yield from _served(sqlite_database, clock)


def _without_file(served: Served, told: Told) -> tuple[float, float]:
    """Take the file away for a while, in which people go on; how long it took to be told so, both ways."""
    served.serve(threads=4)
    watching, programs = served.browser(), [served.program("rep_a") for _ in range(2)]
    path = Path(str(served.crm.store.url.database))
    for at in range(5):
        told.replies.append(_mail(programs[0], at))
    served.crm.store.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    red = _becomes(watching, 503)
    for at in range(10):
        told.replies.append(_mail(programs[at % 2], at))
    path.rmdir()
    path.with_suffix(".away").rename(path)
    return red, _becomes(watching, 200)


def test_a_lost_file_is_told_of_and_nobody_in_it(in_a_file: Served, told: Told) -> None:
    """A file that is away: the same holds."""
    red, green = _without_file(in_a_file, told)
    assert (red < RED_WITHIN, green < GREEN_WITHIN) == (True, True)
    assert sum(one.status >= 500 for one in told.replies) >= 3
    assert (told.unlogged(), told.marks()) == ([], [])


@pytest.mark.parametrize("fault", ["a line is lost", "an error is written with its text"])
def test_what_logs_lack_or_tell_is_seen(
    in_a_file: Served, told: Told, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Were a failure not written, or what was asked for written with it, this would show."""
    write = logging_requests.Note.write

    def lost(self: Any) -> None:
        if self.status < 500:
            write(self)

    def telling(self: Any) -> None:
        logging.getLogger("pycrm.http").error("request", extra={"pycrm": {"asked": MARKS[4]}})
        write(self)

    monkeypatch.setattr(logging_requests.Note, "write", lost if fault == "a line is lost" else telling)
    _without_file(in_a_file, told)
    assert bool(told.unlogged()) == (fault == "a line is lost")
    assert bool(told.marks()) == (fault != "a line is lost")
