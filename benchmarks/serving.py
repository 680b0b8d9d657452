"""One request over REST, in processor time: a list of fifty, one record, a change with its revision.

Requests go to the application as a server would hand them on, so that neither a network nor the parsing
of HTTP counts. The reference is the same verb of a session, without HTTP and without JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.timing import Timed, paired
from pycrm import CRM, Customer
from pycrm.credential import Scope, make_token
from pycrm.serve import application

__all__ = ["Client", "by_cpu", "requests", "rest"]

GOALS = {
    "rest_list_50": {"sqlite": 6.0, "postgresql": 6.0},
    "rest_get": {"sqlite": 4.0, "postgresql": 3.0},
    "rest_change": {"sqlite": 2.5, "postgresql": 2.5},
}


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
    with bench.copy() as url, requests(bench, url) as ours, bench.opened(url) as (crm, _):
        verbs = _verbs(crm, bench.shape.salesperson)
        assert len(json.loads(ours["rest_list_50"]())["items"]) == len(verbs["rest_list_50"]())
        for name, goals in GOALS.items():
            taken = paired(ours[name], verbs[name], bench.pairs(200), warm=10)
            yield bench.figure(name, (by_cpu(taken[0]), by_cpu(taken[1])), goals, "session")


@contextmanager
def requests(bench: Bench, url: str) -> Iterator[dict[str, Callable[[], Any]]]:
    """The three requests by the names of their figures, on a database that they may change."""
    with bench.opened(url) as (crm, _):
        login = bench.shape.salesperson
        token = crm.run(login, lambda session: make_token(session, "benchmark", scope=Scope.WRITE)).secret
        with crm.view(login) as session:
            first, second = (one.id for one in session.page(Customer, order=Customer.name, size=2))
        with closing(Client(application(crm), token)) as client:
            yield {
                "rest_list_50": lambda: client.ask("GET", "/api/v1/customers?sort=name&size=50"),
                "rest_get": lambda: client.ask("GET", f"/api/v1/customers/{first}"),
                "rest_change": _changing(client, crm, login, second),
            }


def _verbs(crm: CRM, login: str) -> dict[str, Callable[[], Any]]:
    """The same by the verbs of a session."""
    with crm.view(login) as session:
        ids = [one.id for one in session.page(Customer, order=Customer.name, size=50)]

    def listed() -> Any:
        with crm.view(login) as session:
            return session.page(Customer, order=Customer.name, size=50).items

    def got() -> Any:
        with crm.view(login) as session:
            return session.get(Customer, ids[0])

    return {"rest_list_50": listed, "rest_get": got, "rest_change": _changed(crm, login, ids[2])}


def by_cpu(taken: Timed) -> Timed:
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
