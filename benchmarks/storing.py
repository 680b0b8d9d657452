"""What history takes on disk: bytes of a change row with its indexes, beside the values that it keeps."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figure import LIMIT, Figure
from benchmarks.sealing import change_singly

__all__ = ["history_bytes"]

#: Bytes beside the values that a change row may take.
MOST = 200


def history_bytes(bench: Bench) -> Iterator[Figure]:
    """Fifty thousand changes of one field, each a revision of its own, as `CRM.history_size` weighs them."""
    with bench.copy() as url, bench.opened(url) as (crm, driver):
        before = {one.entity: one for one in crm.history_size()}
        change_singly(bench, driver)
        after = {one.entity: one for one in crm.history_size()}
        rows = sum(one.rows for one in after.values()) - sum(one.rows for one in before.values())
        taken = sum(one.beside for one in after.values()) - sum(one.beside for one in before.values())
    yield Figure(
        name="history_bytes",
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=taken / rows,
        reference=LIMIT,
        reference_ms=MOST,
        goal=1.0,
    )
