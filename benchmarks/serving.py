"""One request over REST, in processor time: a list of fifty, one record, a change with its revision.

Requests go to the application as a server would hand them on, so that neither a network nor the parsing
of HTTP counts. The reference is the same verb of a session, without HTTP and without JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.timing import Timed, paired
from pycrm import CRM, Customer
from pycrm.credential import Scope, make_token
from pycrm.serve import application

__all__ = ["Client", "rest"]

LIST = {"sqlite": 6.0, "postgresql": 6.0}
GET = {"sqlite": 3.0, "postgresql": 2.5}
CHANGE = {"sqlite": 2.5, "postgresql": 2.5}


class Client:
    """Asks an application without a network."""

    def __init__(self, app: Any, token: str) -> None:
        self._app, self._loop = app, asyncio.new_event_loop()
        self._headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]

    def ask(self, method: str, target: str, body: bytes = b"", version: int | None = None) -> Any:
        """The data of the answer; whatever is refused fails."""
        return self._loop.run_until_complete(self._asked(method, target, body, version))

    async def _asked(self, method: str, target: str, body: bytes, version: int | None) -> Any:
        path, _, query = target.partition("?")
        headers = [*self._headers, *([(b"if-match", b"%d" % version)] if version is not None else [])]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "root_path": "", "scheme": "http"}
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self._app(scope, receive, send)
        if said[0]["status"] >= 400:
            raise RuntimeError(f"{method} {target}: {said[1]['body'][:300]}")
        return said[1]["body"]

    def close(self) -> None:
        """Let the threads of the application end."""
        self._app.desk.close()
        self._loop.close()


def rest(bench: Bench) -> Iterator[Figure]:
    """A list of fifty in scope, one customer, and a change with its revision, by a salesperson."""
    with bench.copy() as url, bench.opened(url) as (crm, _):
        login = bench.shape.salesperson
        token = crm.run(login, lambda session: make_token(session, "benchmark", scope=Scope.WRITE)).secret
        with closing(Client(application(crm), token)) as client:
            yield from _figures(bench, crm, client, login)


def _figures(bench: Bench, crm: CRM, client: Client, login: str) -> Iterator[Figure]:
    with crm.view(login) as session:
        ids = [one.id for one in session.page(Customer, order=Customer.name, size=50)]
    path = f"/api/v1/customers/{ids[0]}"

    def listed() -> Any:
        with crm.view(login) as session:
            return session.page(Customer, order=Customer.name, size=50).items

    def got() -> Any:
        with crm.view(login) as session:
            return session.get(Customer, ids[0])

    assert len(json.loads(client.ask("GET", "/api/v1/customers?sort=name&size=50"))["items"]) == len(listed())
    for name, ours, reference, goals in (
        ("rest_list_50", lambda: client.ask("GET", "/api/v1/customers?sort=name&size=50"), listed, LIST),
        ("rest_get", lambda: client.ask("GET", path), got, GET),
        ("rest_change", _changing(client, crm, login, ids[1]), _changed(crm, login, ids[2]), CHANGE),
    ):
        taken = paired(ours, reference, bench.pairs(200), warm=10)
        yield bench.figure(name, (_by_cpu(taken[0]), _by_cpu(taken[1])), goals, "session")


def _by_cpu(taken: Timed) -> Timed:
    """Processor time in the place of the wall, which tells little where others work on the machine."""
    return attrs.evolve(taken, wall=taken.cpu)


def _changing(client: Client, crm: CRM, login: str, id: Any) -> Callable[[], Any]:
    number = 0
    with crm.view(login) as session:
        first = session.get(Customer, id).version

    def change() -> Any:
        nonlocal number
        number += 1
        body = json.dumps({"channel": f"channel {number}"}).encode()
        return client.ask("PATCH", f"/api/v1/customers/{id}", body, first + number - 1)

    return change


def _changed(crm: CRM, login: str, id: Any) -> Callable[[], Any]:
    number = 0

    def change() -> Any:
        nonlocal number
        number += 1
        with crm.session(login) as session:
            return session.change(session.get(Customer, id), channel=f"channel {number}")

    return change
