"""Two hundred people at work at the same time, and what becomes of them when far more come than there is room for.

`pycrm serve` runs in processes of its own on PostgreSQL and is asked over loopback sockets. Each person thinks two
seconds on average between requests; seven of ten requests read, half of these pages and half over REST, three write.
Then a flood of others comes for a while. What is too much has to be told to come back (503), and within thirty
seconds after the flood the two hundred have to be answered as before.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from pycrm import CRM, Customer, User
from pycrm.credential import Scope, make_token, set_password, sign_in
from pycrm.credential.model import Limits

__all__ = ["crowd"]

PEOPLE, LOGINS, THINK = 200, 50, 2.0
_FLOOD, _FLOOD_THINK = 600, 0.5
_WORKERS = max(2, min(4, os.cpu_count() or 2))
# In milliseconds; errors are those of a thousand requests.
GOALS = {"crowd_read_p95": 300.0, "crowd_write_p95": 600.0, "crowd_recovery": 30_000.0}
_PASSWORD = "a horse in the orchard"
_RECOVERED = 2.0


@attrs.define
class Taken:
    """What became of the requests of some people: milliseconds of reads and of writes, refusals, errors."""

    reads: list[float] = attrs.field(factory=list)
    writes: list[float] = attrs.field(factory=list)
    busy: int = 0
    errors: list[str] = attrs.field(factory=list)

    @property
    def number(self) -> int:
        """How many there were."""
        return len(self.reads) + len(self.writes) + self.busy + len(self.errors)


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed; of none it is nought.

    >>> p95([float(one) for one in range(1, 101)])
    95.0
    """
    return sorted(values)[(len(values) * 95 - 1) // 100] if values else 0.0


class Line:
    """One connection that is kept, as browsers and programs keep theirs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, headers: str, body: bytes = b"") -> tuple[int, str, bytes]:
        """Status, head and body of the answer."""
        # A server hangs up on who thinks for long, and whoever has something to ask calls again.
        if self._open is None or self._open[0].at_eof():
            self.close()
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{headers}"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = int(told.lower().partition("content-length:")[2].split("\r\n")[0] or 0)
            return int(told.split(" ", 2)[1]), told, await reader.readexactly(length)
        except (OSError, EOFError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open[1].close()
        self._open = None


@attrs.define
class Person:
    """Somebody at work: how the server knows them, and a customer that this person alone changes."""

    token: str
    cookie: str
    customer: str
    version: int
    may_change: bool
    noise: random.Random

    def next(self) -> tuple[bool, str, str, str, bytes]:
        """The next request: whether it reads, method, path, headers, body."""
        lot = self.noise.random()
        rest, page = f"Authorization: Bearer {self.token}\r\n", f"Cookie: pycrm={self.cookie}\r\n"
        if lot < 0.2:
            return True, "GET", "/api/v1/customers?sort=name&size=50", rest, b""
        if lot < 0.35:
            return True, "GET", f"/api/v1/customers/{self.customer}", rest, b""
        if lot < 0.55:
            return True, "GET", "/customers", page, b""
        if lot < 0.7:
            return True, "GET", f"/customers/{self.customer}", page, b""
        rest += "Content-Type: application/json\r\n"
        if lot < 0.85 and self.may_change:
            body = json.dumps({"channel": f"channel {self.noise.randrange(10**9)}"}).encode()
            path = f"/api/v1/customers/{self.customer}"
            return False, "PATCH", path, f"{rest}If-Match: {self.version}\r\n", body
        task = {"title": "Call them back", "due_at": "2027-03-01T09:00:00+00:00", "customer": self.customer}
        return False, "POST", "/api/v1/tasks", rest, json.dumps(task).encode()


async def work(person: Person, port: int, think: float, taken: Callable[[], Taken | None]) -> None:
    """Ask and think in turn until `taken` says that it is over."""
    line = Line(port)
    await asyncio.sleep(person.noise.random() * think)
    while (into := taken()) is not None:
        reads, method, path, headers, body = person.next()
        begun = time.perf_counter()
        try:
            status, _, told = await line.ask(method, path, headers, body)
        except (OSError, EOFError, ValueError) as error:
            into.errors.append(f"{method} {path}: {type(error).__name__}")
        else:
            spent = (time.perf_counter() - begun) * 1000
            if status == 503:
                into.busy += 1
            elif status >= 400:
                into.errors.append(f"{method} {path}: {status} {told[:200]!r}")
            else:
                (into.reads if reads else into.writes).append(spent)
                if method == "PATCH":
                    person.version = json.loads(told)["version"]
        await asyncio.sleep(person.noise.expovariate(1 / think))
    line.close()


def crowd(bench: Bench) -> Iterator[Figure]:
    """Times of the two hundred, then a flood, and how long it takes until all is as before."""
    if bench.server.name != "postgresql":
        return
    with bench.copy() as url:
        people = hired(url, bench)
        with served(bench, url) as port:
            calm, flooded, recovery = asyncio.run(_day(people, port, 15.0 if bench.quick else 60.0))
    for name, value in (
        ("crowd_read_p95", p95(calm.reads)),
        ("crowd_write_p95", p95(calm.writes)),
        ("crowd_recovery", recovery * 1000),
    ):
        yield _figure(bench, name, value, GOALS[name])
    yield _figure(bench, "crowd_errors", 1000 * (len(calm.errors) + calm.busy) / max(1, calm.number), 1.0)
    # Of the flood nothing may break; and a flood that nobody was sent away of was none.
    yield _figure(bench, "crowd_flood_errors", 1000 * len(flooded.errors) / max(1, flooded.number), 1.0)
    yield _figure(bench, "crowd_flood_unshed", 0.0 if flooded.busy else 2.0, 1.0)
    for one in [*calm.errors, *flooded.errors][:5]:
        print(f"crowd: {one}", file=sys.stderr)


def _figure(bench: Bench, name: str, value: float, limit: float) -> Figure:
    return Figure(
        name, bench.server.name, bench.shape.size, value, reference=LIMIT, reference_ms=limit, goal=1.0
    )


async def _day(people: list[Person], port: int, seconds: float) -> tuple[Taken, Taken, float]:
    """What the people had in peace, what the flood had, and the seconds from its end until all was as before."""
    now: list[Taken | None] = [Taken()]
    tasks = [asyncio.create_task(work(one, port, THINK, lambda: now[0])) for one in people]
    await asyncio.sleep(3)  # the first requests of all, which nobody measures
    calm = now[0] = Taken()
    await asyncio.sleep(seconds)
    now[0] = Taken()
    flood: list[Taken | None] = [flooded := Taken()]
    others = [asyncio.create_task(work(one, port, _FLOOD_THINK, lambda: flood[0])) for one in _others(people)]
    await asyncio.sleep(15)
    flood[0] = None
    await asyncio.gather(*others)
    ended = time.perf_counter()
    recovery = await _recovered(now, _RECOVERED * max(p95(calm.reads), 50.0), ended)
    now[0] = None
    await asyncio.gather(*tasks)
    return calm, flooded, recovery


async def _recovered(now: list[Taken | None], limit: float, ended: float) -> float:
    """The seconds until two in which nobody was refused and reads took no longer than twice as long as in peace."""
    while time.perf_counter() - ended < 60:
        window = now[0] = Taken()
        await asyncio.sleep(2)
        if window.reads and not window.busy and not window.errors and p95(window.reads) <= limit:
            return time.perf_counter() - ended
    return 60.0


def _others(people: list[Person]) -> Iterator[Person]:
    """The flood: as the people are, who read and add tasks, since each customer is changed by one alone."""
    for number in range(_FLOOD):
        yield attrs.evolve(people[number % len(people)], may_change=False, noise=random.Random(1000 + number))


def hired(url: str, bench: Bench) -> list[Person]:
    """Two hundred people under fifty logins, of all ranks, each known by a token and by a session."""
    shape = bench.shape
    leaders = [shape.leader, shape.branch, shape.region, shape.top]
    owners = sorted(index for index, number in shape.owned.items() if number >= PEOPLE // LOGINS)
    # A leader who owns customers too would change them as two people.
    owners = [index for index in owners if shape.people[index].login not in leaders]
    step = max(1, len(owners) // (LOGINS - 4))
    logins = [shape.people[index].login for index in owners[::step][: LOGINS - 4]]
    people: list[Person] = []
    with CRM(url) as crm:
        _passwords(crm, [*logins, *leaders])
        for number in range(PEOPLE):
            all_of_them = [*logins, *leaders]
            login = all_of_them[number % len(all_of_them)]
            people.append(_hired(crm, login, number // len(all_of_them), number, login in logins))
    return people


def _passwords(crm: CRM, logins: list[str]) -> None:
    def act(session: Any) -> None:
        for login in logins:
            set_password(session, session.find(User, User.login == login)[0], _PASSWORD)

    crm.run(crm.system("benchmark"), act)


def _hired(crm: CRM, login: str, turn: int, number: int, may_change: bool) -> Person:
    token = crm.run(login, lambda session: make_token(session, "crowd", scope=Scope.WRITE)).secret
    limits = Limits(timedelta(hours=2), timedelta(hours=12), 10_000)
    cookie = sign_in(crm, login, _PASSWORD, place=str(number), limits=limits).secret
    with crm.view(login) as session:
        mine = () if not may_change else (Customer.owner == session.find(User, User.login == login)[0],)
        own = session.page(Customer, *mine, order=Customer.name, size=50).items
    customer = own[turn % len(own)]
    return Person(token, cookie, str(customer.id), customer.version, may_change, random.Random(number))


@contextmanager
def served(bench: Bench, url: str) -> Iterator[int]:
    """The port at which `pycrm serve` answers for that database, in several processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "pycrm", "serve", "--database", url, "--port", str(port)]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYCRM_")}
    with open(bench.folder / "crowd.log", "wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(_WORKERS)],
            cwd=bench.folder,
            env=surroundings | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=log,
            stderr=log,
        )
        try:
            _until_ready(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _until_ready(port: int) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not get ready")
