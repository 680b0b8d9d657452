"""What a session adds to the statements that it sends: its resolver once, its gateway each time.

The reference runs the very text that pycrm sent, on the same cursor, and has the same builder make
records of the rows. Each run is a few turns, and what counts is processor time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.by_hand import Asked
from benchmarks.figure import Figure
from benchmarks.scoping import sent
from benchmarks.timing import Timed, paired, timed
from pycrm import CRM, Customer
from pycrm.scope.actor import Source, resolve
from pycrm.scope.fields import view_of

__all__ = ["gateway_overhead"]

GATEWAY = {"sqlite": 1.15, "postgresql": 1.15}
# Entering adds to BEGIN and COMMIT one statement, which says who somebody is and what that person may do.
# No goal was asked for, so these only watch over it.
SESSION = {"sqlite": 5.0, "postgresql": 4.0}
_TURNS = 10


def gateway_overhead(bench: Bench) -> Iterator[Figure]:
    """A page and a list in a session that was entered before, and entering one."""
    with bench.opened(bench.url) as (crm, driver):
        for figure in (*_gateway(bench, crm), _session(bench, crm, driver)):
            yield attrs.evolve(figure, issue="scope")


def _gateway(bench: Bench, crm: CRM) -> Iterator[Figure]:
    for reader in ("salesperson", "branch", "top"):
        with crm.view(getattr(bench.shape, reader)) as session:
            acts: dict[str, Callable[[], Any]] = {
                "page": lambda session=session: session.page(Customer, order=Customer.name, size=50).items,
                "find": lambda session=session: session.find(Customer, order=Customer.name, limit=50),
            }
            for name, act in acts.items():
                prebuilt = _prebuilt(session, sent(session, act))
                assert act() == prebuilt()[:50], f"{reader} reads other records"
                both = paired(_turns(act), _turns(prebuilt), bench.pairs(80), warm=10)
                yield bench.figure(f"gateway_{name}_{reader}", both, GATEWAY, "prebuilt statement")


def _prebuilt(session: Any, asked: Asked) -> Callable[[], list[Any]]:
    tx = session.transaction
    cursor, build = tx.cursor, view_of(tx, Customer).build

    def read() -> list[Any]:
        cursor.execute(asked.text, asked.values)
        found: list[Any] = build(cursor.fetchall())
        return found

    return read


def _session(bench: Bench, crm: CRM, driver: Any) -> Figure:
    """Entering a session and leaving it, beside the statement that it sends."""
    login, server, cursor = bench.shape.branch, bench.server, driver.cursor()
    with crm.view(login) as session:
        tx = session.transaction
        asked = sent(session, lambda: resolve(tx, login, source=Source.PYTHON))

    def ours() -> None:
        with crm.view(login):
            pass

    def reference() -> list[Any]:
        cursor.execute(server.begin_read)
        cursor.execute(asked.text, asked.values)
        rows: list[Any] = cursor.fetchall()
        cursor.execute("COMMIT")
        return rows

    assert reference(), "nobody was found"
    both = paired(_turns(ours), _turns(reference), bench.pairs(80), warm=10)
    return bench.figure("session_enter", both, SESSION)


def _turns(act: Callable[[], Any]) -> Callable[[], Timed]:
    """Some turns as one run, in processor time, which other work on the machine disturbs less."""

    def run() -> Timed:
        cpu = timed(lambda: [act() for _ in range(_TURNS)]).cpu / _TURNS
        return Timed(cpu, cpu)

    return run
