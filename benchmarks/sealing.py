"""Proving a sealed history, and committing while it is sealed: each a second, against a limit."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from statistics import median
from threading import Event
from typing import Any

from benchmarks.bench import Bench
from benchmarks.changing import changer
from benchmarks.figure import LIMIT, Figure
from benchmarks.load import identifier
from benchmarks.timing import timed
from pycrm import CRM

__all__ = ["change_singly", "commits_sealed", "history_verify", "verify_single"]

#: Changes that are to be proven in a second.
LEAST = 200_000
#: Commits of all writers that are to be done in a second beside a sealer.
LEAST_COMMITS = 500
# Changes of each customer, where each is a revision.
_ROUNDS = 5
_WRITERS = 8
_EACH = 125


def history_verify(bench: Bench) -> Iterator[Figure]:
    """The whole chain of the loaded database, sealed before."""
    yield _proof(bench, "history_verify", lambda driver: None)


def verify_single(bench: Bench) -> Iterator[Figure]:
    """A chain of revisions that hold one change each, as people's work does."""
    # What the loaded customers began with stands in a few large revisions and takes a fifth of the time.
    if bench.shape.size == "10k":
        yield _proof(bench, "history_verify_single", lambda driver: change_singly(bench, driver))


def _proof(bench: Bench, name: str, prepare: Callable[[Any], None]) -> Figure:
    with ExitStack() as stack:
        crm, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        crm.heads = bench.folder / name
        crm.heads.mkdir(exist_ok=True)
        prepare(driver)
        _list_loaded(driver)
        crm.seal()
        changes = crm.verify().changes
        runs = [timed(lambda: _proven(crm)) for _ in range(bench.pairs(8))]
    return Figure(
        name=name,
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=median(run.wall for run in runs),
        reference=LIMIT,
        reference_ms=changes / LEAST * 1000,
        goal=1.0,
        ours_cpu=median(run.cpu for run in runs),
    )


def change_singly(bench: Bench, driver: Any) -> None:
    """In the place of the history that was loaded: of each customer some changes, each a revision of its own."""
    server, cursor = bench.server, driver.cursor()
    cursor.execute("SELECT id FROM crm_customer")
    customers = [row[0] for row in cursor.fetchall()]
    now = datetime.now(UTC)
    revisions: list[Any] = []
    changes: list[Any] = []
    for version in range(2, 2 + _ROUNDS):
        for number, customer in enumerate(customers):
            made = server.id(
                identifier(round(now.timestamp() * 1000) + len(revisions), random.Random(number))
            )
            revisions.append((made, server.moment(now), "benchmark", "job"))
            text = json.dumps(
                {"channel": [None if version == 2 else f"fair {version - 1}", f"fair {version}"]}
            )
            changes.append((customer, version, "Customer", made, "change", text))
    cursor.execute(server.begin_write)
    server.bulk(cursor, "crm_revision", ("id", "at", "actor", "source"), revisions)
    names = ("record_id", "version", "entity", "revision_id", "act", "changes")
    server.bulk(cursor, "crm_change", names, changes)
    cursor.execute("COMMIT")


def commits_sealed(bench: Bench) -> Iterator[Figure]:
    """Eight threads that change a customer of their own each, while a sealer never rests; on a server only."""
    if bench.server.name != "postgresql":
        return
    with ExitStack() as stack:
        crm, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        crm.heads = bench.folder
        _list_loaded(driver)
        crm.seal()
        busiest = [index for index, _ in bench.shape.owned.most_common(_WRITERS)]
        writers = [changer(crm, bench.shape.people[index].login, 1) for index in busiest]
        stack.enter_context(_sealing(crm))
        pool = stack.enter_context(ThreadPoolExecutor(_WRITERS))
        runs = [timed(lambda: list(pool.map(_repeat, writers))) for _ in range(bench.pairs(8))]
    yield Figure(
        name="commits_sealed",
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=median(run.wall for run in runs),
        reference=LIMIT,
        reference_ms=_WRITERS * _EACH / LEAST_COMMITS * 1000,
        goal=1.0,
    )


def _list_loaded(driver: Any) -> None:
    # The history was loaded past the session, so its revisions stand on no list yet.
    driver.cursor().execute(
        "INSERT INTO crm_unsealed SELECT id, 'revision' FROM crm_revision r "
        "WHERE NOT EXISTS (SELECT 1 FROM crm_unsealed u WHERE u.id = r.id)"
    )


def _repeat(act: Callable[[], None]) -> None:
    for _ in range(_EACH):
        act()


@contextmanager
def _sealing(crm: CRM) -> Iterator[None]:
    """Within the block a thread seals, again and again; what it left is sealed after, and all is proven."""
    done = Event()

    def seal() -> None:
        while not done.is_set():
            crm.seal()
            done.wait(0.05)

    with ThreadPoolExecutor(1) as pool:
        sealer = pool.submit(seal)
        try:
            yield
        finally:
            done.set()
        sealer.result()
    crm.seal()
    found = crm.verify()
    assert found.holds, str(found.broken)
    assert found.tail == 0


def _proven(crm: CRM) -> None:
    found = crm.verify()
    assert found.holds, str(found.broken)
