"""Proving a sealed history: changes a second, against a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.timing import timed
from pycrm import CRM

__all__ = ["history_verify"]

#: Changes that are to be proven in a second.
LEAST = 200_000


def history_verify(bench: Bench) -> Iterator[Figure]:
    """The whole chain of the loaded database, sealed before."""
    with ExitStack() as stack:
        crm, driver = stack.enter_context(bench.opened(stack.enter_context(bench.copy())))
        crm.heads = bench.folder
        # The history was loaded past the session, so its revisions stand on no list yet.
        driver.cursor().execute(
            "INSERT INTO crm_unsealed SELECT id, 'revision' FROM crm_revision r "
            "WHERE NOT EXISTS (SELECT 1 FROM crm_unsealed u WHERE u.id = r.id)"
        )
        crm.seal()
        changes = crm.verify().changes
        runs = [timed(lambda: _proven(crm)) for _ in range(bench.pairs(8))]
    yield Figure(
        name="history_verify",
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=median(run.wall for run in runs),
        reference=LIMIT,
        reference_ms=changes / LEAST * 1000,
        goal=1.0,
    )


def _proven(crm: CRM) -> None:
    found = crm.verify()
    assert found.holds, str(found.broken)
