"""Reading the past: one record, a page of a list, and a long report, beside the same of now.

Both sides are views of their own, as a person asks: one reads what is there, the other what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.timing import in_turn, paired
from pycrm import CRM, Customer

__all__ = ["as_of"]

GOALS = {"sqlite": 3.0, "postgresql": 3.0}
#: Records of the past that a long list gives in a second.
LEAST = 20_000
_CHANGES, _CHANGED, _PAGE = 26, 1000, 50
_MOST = 100_000


def as_of(bench: Bench) -> Iterator[Figure]:
    """A record with 26 changes, pages where a thousand records changed since, and a list that all did."""
    if bench.shape.customers > _MOST:
        return
    with bench.copy() as url, bench.opened(url) as (crm, driver):
        yield _record(bench, crm)
        moment = _changed_since(bench, crm)
        bench.server.settle(url)
        yield from _pages(bench, crm, moment)
        yield _report(bench, crm, driver)


def _record(bench: Bench, crm: CRM) -> Figure:
    """A customer as it was before the last of its changes, beside the customer."""
    login = bench.shape.salesperson
    with crm.view(login) as session:
        (held,) = session.find(Customer, limit=1)
    moment = datetime.now(UTC)
    for number in range(_CHANGES):
        moment = datetime.now(UTC)
        with crm.session(login) as session:
            held = session.change(held, channel=f"fair {number}")

    def then() -> Customer | None:
        with crm.view(login) as session:
            return session.as_of(held, moment)

    def now() -> Customer:
        with crm.view(login) as session:
            return session.get(Customer, held.id)

    found = then()
    assert found is not None
    assert (found.version, found.channel) == (_CHANGES, f"fair {_CHANGES - 2}")
    taken = paired(then, now, bench.pairs(200), warm=20)
    return bench.figure("as_of_record", taken, GOALS, "the record of now")


def _changed_since(bench: Bench, crm: CRM) -> datetime:
    """Change a thousand customers, each in a session of its own; the moment before."""
    with crm.view(bench.shape.top) as session:
        held = session.find(Customer, Customer.channel == None, limit=_CHANGED)  # noqa: E711
    moment = datetime.now(UTC)
    for number, customer in enumerate(held):
        with crm.session(bench.shape.top) as session:
            session.change(customer, channel=f"mail {number % 2}")
    return moment


def _pages(bench: Bench, crm: CRM, moment: datetime) -> Iterator[Figure]:
    """The first fifty by name: where what changed says nothing of the list, and where it decides who is on it."""
    conditions = {"as_of_page": (), "as_of_page_moved": (Customer.channel == None,)}  # noqa: E711
    for name, where in conditions.items():

        def then(where: Sequence[Any] = where) -> list[Customer]:
            with crm.view(bench.shape.top) as session:
                return session.find(Customer, *where, order=Customer.name, limit=_PAGE, as_of=moment)

        def now(where: Sequence[Any] = where) -> Sequence[Customer]:
            with crm.view(bench.shape.top) as session:
                return session.page(Customer, *where, order=Customer.name, size=_PAGE).items

        found = then()
        assert len(found) == len(now()) == _PAGE
        assert not any((one.channel or "").startswith("mail") for one in found)
        yield bench.figure(name, paired(then, now, bench.pairs(100), warm=5), GOALS, "the page of now")


def _report(bench: Bench, crm: CRM, driver: Any) -> Figure:
    """Every customer before all of them changed."""
    moment = datetime.now(UTC)
    with crm.session(bench.shape.top) as session:
        number = session.change_where(Customer, channel="everybody")

    def then() -> None:
        with crm.view(bench.shape.top) as session:
            assert len(session.find(Customer, as_of=moment)) == number

    (taken,) = in_turn((then,), bench.pairs(5), warm=1)
    return Figure(
        name="as_of_report",
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=taken.wall,
        reference=LIMIT,
        reference_ms=number / LEAST * 1000,
        goal=1.0,
        ours_cpu=taken.cpu,
    )
