"""The pages that people open all day, in processor time: a list, a record's page, a board, a day.

Of the example company, for the leader of a region, through the application as a server would hand requests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.serving import Client, by_cpu
from benchmarks.timing import Timed, in_turn
from pycrm import CRM, Customer, User
from pycrm.cli.demo import EXAMPLE, installed
from pycrm.credential import set_password, sign_in
from pycrm.credential.model import Limits
from pycrm.serve import application

__all__ = ["pages"]

#: Milliseconds of processor time that each page may take.
MOST = {"page_list": 8.0, "page_record": 10.0, "page_board": 25.0, "page_day": 25.0}
_PASSWORD = "nine pumps in a row"
_CARDS = 200


def pages(bench: Bench) -> Iterator[Figure]:
    """A list of fifty customers, the page of one, a board of two hundred cards, and the day of a leader."""
    with _company(bench) as crm, closing(_Browser(application(crm), crm)) as browser:
        paths = _paths(crm, browser.login)
        assert browser.ask("GET", paths["page_board"]).count(b"data-card=") >= _CARDS
        acts: list[Callable[[], Any]] = [
            lambda path=path: browser.ask("GET", path) for path in paths.values()
        ]
        for name, taken in zip(paths, in_turn(acts, bench.pairs(60), warm=4), strict=True):
            limit = Timed(MOST[name], MOST[name])
            figure = bench.figure(name, (by_cpu(taken), limit), {bench.server.name: 1.0}, LIMIT)
            yield attrs.evolve(figure, size="example", reference_cpu=None)


class _Browser(Client):
    """A client that has signed in as people do."""

    login = ""

    def __init__(self, app: Any, crm: CRM) -> None:
        super().__init__(app, "")
        example = installed(EXAMPLE)
        self.login = example.people["manager"]

        def choose(session: Any) -> None:
            (person,) = session.find(User, User.login == self.login)
            set_password(session, person, _PASSWORD)

        crm.run(crm.system("benchmark"), choose)
        limits = Limits(timedelta(hours=2), timedelta(hours=12), 100)
        secret = sign_in(crm, self.login, _PASSWORD, place="benchmark", limits=limits).secret
        self._headers = [(b"host", b"127.0.0.1"), (b"cookie", f"pycrm={secret}; pycrm_language=zh".encode())]


@contextmanager
def _company(bench: Bench) -> Iterator[CRM]:
    """The example company in a database of its own."""
    example, url = installed(EXAMPLE), bench.server.create()
    try:
        with CRM(url, plugins=example.plugins) as crm:
            crm.migrate()
            example.add(crm)
            if example.model is not None:
                crm.run_scores(crm.system("benchmark"), example.model)
            yield crm
    finally:
        bench.server.drop(url)


def _paths(crm: CRM, login: str) -> dict[str, str]:
    with crm.view(login) as session:
        (customer,) = session.find(Customer, order=Customer.active_at.desc(), limit=1)
    return {
        "page_list": "/customers",
        "page_record": f"/customers/{customer.id}",
        "page_board": "/board/opportunities",
        "page_day": "/",
    }
