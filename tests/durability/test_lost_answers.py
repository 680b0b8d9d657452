"""A connection that breaks around a commit doubles nothing where the caller asks again by the same id (T23)."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, AlreadyDoneError, Customer, Note, StoreError, UnknownOutcomeError

from .books import disagreements
from .proxy import MOMENTS, Proxy

pytestmark = pytest.mark.postgresql


@contextmanager
def behind(address: str, part: float, seed: int) -> Iterator[tuple[CRM, Proxy]]:
    """A CRM that reaches its database through a proxy which breaks that part of the commits."""
    with CRM(address) as crm:
        enterprise(crm)
        with crm.session("rep_a") as session:
            session.add(Customer.organization("Firm", mobile="13900000001", source="exhibition"))
    proxy = Proxy(address, 0, random.Random(seed))
    with CRM(proxy.url) as crm:
        # Whether the database was migrated is asked in peace.
        crm.refuse_unmigrated()
        proxy.part = part
        yield crm, proxy
    proxy.close()


def noting(number: int) -> Any:
    """Writes a note that bears a number."""
    return lambda session: session.add(Note(body=f"note {number}", customer=session.find(Customer)[0]))


def asked_again(crm: CRM, number: int, operation: str | None) -> Counter[str]:
    """Write a note as often as it takes until an answer comes, and count the answers."""
    told: Counter[str] = Counter()
    while True:
        try:
            with crm.session("rep_a", operation=operation) as session:
                noting(number)(session)
        except AlreadyDoneError as done:
            told["already done" if done.data.get("revision") else "done by nobody knows what"] += 1
            return told
        except UnknownOutcomeError:
            told["unknown"] += 1
        except StoreError:
            told["failed"] += 1
        else:
            told["done"] += 1
            return told


def asked_until(crm: CRM, proxy: Proxy, cuts: int) -> tuple[Counter[str], int]:
    """Write notes until so many commits were broken: what was told, and how many notes there should be."""
    told: Counter[str] = Counter()
    number = 0
    while proxy.cuts.total() < cuts:
        told += asked_again(crm, number, f"op {number}")
        number += 1
    return told, number


def doubled(crm: CRM, address: str, number: int) -> list[str]:
    """Which of that many notes are not there exactly once, read past the proxy."""
    with CRM(address) as straight, straight.view(straight.system("test")) as session:
        found = Counter(one.body for one in session.find(Note))
        wrong = [f"note {n}: {found[f'note {n}']}" for n in range(number) if found[f"note {n}"] != 1]
    with CRM(address) as straight:
        return wrong + disagreements(straight)


def test_an_act_asked_again_takes_effect_once(postgresql_database: str) -> None:
    """Over twenty broken commits each act takes effect once when it is asked for again by its id."""
    with behind(postgresql_database, 0.7, random.randrange(10**6)) as (crm, proxy):
        told, number = asked_until(crm, proxy, 20)
        assert doubled(crm, postgresql_database, number) == []
    assert told["unknown"] == proxy.cuts.total()
    # Where the commit had reached the server, the second time says so.
    assert told["already done"] >= proxy.cuts["after"] / 2


def test_run_asks_again_by_itself(postgresql_database: str) -> None:
    """A job with an operation id goes on over broken commits, and ends done or already done."""
    with behind(postgresql_database, 0.5, random.randrange(10**6)) as (crm, proxy):
        told: Counter[str] = Counter()
        for n in range(15):
            try:
                crm.run("rep_a", noting(n), operation=f"op {n}")
            except AlreadyDoneError:
                told["already done"] += 1
            else:
                told["done"] += 1
        assert doubled(crm, postgresql_database, 15) == []
        assert told.total() == 15
        assert proxy.cuts.total() > 0
        proxy.part = 1.0
        with pytest.raises(UnknownOutcomeError):
            crm.run("rep_a", noting(99))


def test_without_an_id_an_act_is_doubled(postgresql_database: str) -> None:
    """Who asks again without an id writes a second time what had taken effect: the proxy is seen to work."""
    with behind(postgresql_database, 0.7, 1) as (crm, _):
        for n in range(15):
            asked_again(crm, n, None)
        assert doubled(crm, postgresql_database, 15) != []


def test_a_connection_that_broke_while_it_waited_is_no_matter(postgresql_database: str) -> None:
    """After the server has ended every connection that waits, the next session begins as if nothing were (T24)."""
    import psycopg

    with CRM(postgresql_database) as crm:
        enterprise(crm)
        with crm.view("rep_a"), crm.view("rep_b"), crm.view("lead_e"):
            pass
        with psycopg.connect(postgresql_database, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        for who in ("rep_a", "rep_b", "lead_e"):
            with crm.session(who) as session:
                session.add(Customer.person(who, email=f"{who}@example.com", source="exhibition"))
        with crm.view(crm.system("test")) as session:
            assert session.count(Customer) == 3


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_ten_thousand_broken_commits(postgresql_database: str) -> None:
    """Over ten thousand broken commits every act takes effect exactly once, and without ids many do not (T23)."""
    wanted, seed, began = (
        evidence.asked_for(10_000),
        evidence.next_seed("T23", "postgresql"),
        time.monotonic(),
    )
    with behind(postgresql_database, 0.8, seed) as (crm, proxy):
        told, number = asked_until(crm, proxy, wanted)
        cuts = dict(sorted(proxy.cuts.items()))
        wrong = doubled(crm, postgresql_database, number)
        for n in range(number, number + 100):
            asked_again(crm, n, None)
        without = [one for one in doubled(crm, postgresql_database, number + 100) if one not in wrong]
    evidence.keep(
        *(
            "T23",
            "a connection broken before, at or after a commit; its act is asked for again by its id",
            10_000,
        ),
        {
            "database": "postgresql",
            "seed": seed,
            "examples": sum(cuts.values()),
            "cuts": cuts,
            "acts": number,
            "already_done": told["already done"],
            "failures": len(wrong),
            "planted": 1,
            "caught": int(bool(without)),
            "of_100_acts_without_id_doubled": len(without),
            "seconds": round(time.monotonic() - began),
        },
    )
    assert cuts.keys() == set(MOMENTS)
    assert wrong == []
    assert without != []
