"""A transfer, a demotion or the end of a share holds for whatever begins after it (S22, T11)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from evidence import asked_for, keep, of_database
from house import Cast, enterprise

from pycrm import CRM, Customer, RoleAssignment
from pycrm.errors import StoreError

ROUNDS = 12
EXAMPLE = "one act that takes or gives sight, while two threads of the person concerned read"


class Ledger:
    """What is known to be committed: the number of acts that have begun, and the last that has ended."""

    def __init__(self, starts: bool) -> None:
        self._lock = threading.Lock()
        self.begun = 0
        self.ended = (0, starts)
        self.compared = 0

    def begin(self) -> int:
        with self._lock:
            self.begun += 1
            return self.begun

    def end(self, number: int, sees: bool) -> None:
        with self._lock:
            self.ended = (number, sees)


def watch(
    crm: CRM, login: str, customer: Any, ledger: Ledger, stop: threading.Event, wrong: list[str]
) -> int:
    """Read again and again; whatever began after an act and ended before the next one must agree with it."""
    compared = 0
    while not stop.is_set():
        number, sees = ledger.ended
        with crm.view(login) as session:
            found = session.find_one(Customer, customer.id) is not None
            listed = session.count(Customer, Customer.id == customer.id) == 1
        if ledger.begun == number:
            compared += 1
            ledger.compared += 1
            if (found, listed) != (sees, sees):
                wrong.append(f"{login} after act {number}: {found}, {listed} instead of {sees}")
    return compared


def race(
    crm: CRM,
    login: str,
    customer: Any,
    act: Callable[[bool], Any],
    starts: bool = True,
    rounds: int = ROUNDS,
) -> tuple[int, list[str]]:
    """Give and take the sight of a customer while two threads of that person read."""
    ledger, stop, wrong = Ledger(starts), threading.Event(), []
    counts: list[int] = []

    def reader() -> None:
        counts.append(watch(crm, login, customer, ledger, stop, wrong))

    readers = [threading.Thread(target=reader) for _ in range(2)]
    for one in readers:
        one.start()
    try:
        for index in range(rounds):
            sees = (index % 2 == 1) is starts
            number = ledger.begin()
            act(sees)
            ledger.end(number, sees)
            _until_compared(ledger)
    finally:
        stop.set()
        for one in readers:
            one.join()
    return sum(counts), wrong


def _until_compared(ledger: Ledger) -> None:
    """Wait until somebody has read after the act; a busy machine takes its time."""
    before, patience = ledger.compared, time.monotonic() + 30
    while ledger.compared == before and time.monotonic() < patience:
        time.sleep(0.002)


def one_of(crm: CRM, login: str) -> Any:
    with crm.view(login) as session:
        return session.find(Customer, limit=1)[0]


def transfer(crm: CRM, cast: Cast, customer: Any) -> Callable[[bool], Any]:
    def act(sees: bool) -> None:
        def go(session: Any) -> None:
            to = cast.people["rep_a" if sees else "rep_b"]
            session.assign(session.get(customer.ref), to, because="shared out anew")

        crm.run("lead_e", go)

    return act


def share(crm: CRM, cast: Cast, customer: Any) -> Callable[[bool], Any]:
    shares: list[Any] = []

    def act(sees: bool) -> None:
        def go(session: Any) -> None:
            if sees:
                given = session.share(customer, user=cast.people["rep_a"], because="joint visit")
                shares.append(given.share)
            elif shares:
                session.archive(shares.pop())

        crm.run("lead_w", go)

    return act


def demotion(crm: CRM, cast: Cast, customer: Any) -> Callable[[bool], Any]:
    held: list[Any] = []
    with crm.view("admin") as session:
        held += session.find(RoleAssignment, RoleAssignment.user == cast.people["lead_e"])

    def act(sees: bool) -> None:
        def go(session: Any) -> Any:
            if not sees:
                return session.archive(held.pop())
            return session.add(
                RoleAssignment(
                    user=cast.people["lead_e"],
                    role=cast.roles["leader"],
                    unit=cast.units["East"],
                    since=date(2026, 1, 1),
                )
            )

        answer = crm.run("admin", go)
        if sees:
            held.append(answer)

    return act


PLANS: dict[str, tuple[Any, str, str, bool]] = {
    "transfer": (transfer, "rep_a", "rep_a", True),
    "share": (share, "lead_w", "rep_a", False),
    "demotion": (demotion, "rep_c", "lead_e", True),
}


def raced(crm: CRM, plan: str, rounds: int = ROUNDS) -> tuple[int, list[str]]:
    """How many readings were compared in such a race, and those that were wrong."""
    make, owner, viewer, starts = PLANS[plan]
    cast = enterprise(crm, customers=True)
    customer = one_of(crm, owner)
    act = make(crm, cast, customer)
    assert (one_of_or_none(crm, viewer, customer) is not None) is starts
    return race(crm, viewer, customer, act, starts, rounds)


@pytest.mark.parametrize("plan", PLANS)
def test_what_begins_after_the_commit_agrees_with_it(crm: CRM, plan: str) -> None:
    """Two threads of the person read while the sight is taken and given; none is a step behind."""
    compared, wrong = raced(crm, plan)
    assert wrong == []
    assert compared >= ROUNDS


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.parametrize("plan", PLANS)
def test_thousands_of_rounds(crm: CRM, database: str, plan: str) -> None:
    """So it is in thousands of rounds, and the figures are kept as evidence."""
    rounds, began = asked_for(1700), time.monotonic()
    compared, wrong = raced(crm, plan, rounds)
    figures = {"examples": rounds, "readings": compared, "failures": len(wrong)}
    more = {"database": of_database(database), "race": plan, "seconds": round(time.monotonic() - began)}
    keep("T11", EXAMPLE, 10_000, more | figures)
    assert wrong == []


def one_of_or_none(crm: CRM, login: str, customer: Any) -> Any:
    with crm.view(login) as session:
        return session.find_one(Customer, customer.id)


def test_an_actor_remembered_too_long_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were an actor kept from one session to the next, the race would find it."""
    from pycrm.session import unit

    cast = enterprise(crm, customers=True)
    customer = one_of(crm, "rep_c")
    act = demotion(crm, cast, customer)
    kept: dict[Any, Any] = {}
    resolve = unit.resolve
    monkeypatch.setattr(
        unit, "resolve", lambda tx, who, **more: kept.setdefault(str(who), resolve(tx, who, **more))
    )
    _, wrong = race(crm, "lead_e", customer, act)
    assert wrong


PUBLIC = [name for name in dir(__import__("pycrm").Session) if not name.startswith("_")]


def test_no_verb_works_without_an_actor(crm: CRM) -> None:
    """A session that was not entered, and one that has ended, refuses every verb (T13)."""
    enterprise(crm, customers=True)
    customer = one_of(crm, "rep_a")
    arguments: dict[str, tuple[Any, ...]] = {
        "find": (Customer,),
        "count": (Customer,),
        "page": (Customer,),
        "get": (Customer, customer.id),
        "find_one": (Customer, customer.id),
        "add": (Customer.organization("Hongda", mobile="13800008000", source="exhibition"),),
        "change": (customer,),
        "archive": (customer,),
        "history": (customer,),
        "explain": ("read", customer),
        "fields": (Customer,),
        "card": (customer,),
        "share": (customer,),
        "sql": ("SELECT 1",),
    }
    assert set(arguments) <= set(PUBLIC)
    with crm.session("rep_a") as ended:
        pass
    for session in (crm.session("rep_a"), ended):
        for name, given in arguments.items():
            if session is ended and name in ("fields", "sql"):
                continue
            with pytest.raises(StoreError):
                getattr(session, name)(*given)
