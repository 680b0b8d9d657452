"""Reading ten thousand customers, and a page of fifty.

The whole session counts: it finds out who asks, what that person may see, and reads. The driver
begins, runs the one SELECT with the condition already in it, and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.timing import paired
from pycrm import Customer

__all__ = ["page_50", "read_10k"]

READ = {"sqlite": 1.9, "postgresql": 1.9}
PAGE = {"sqlite": 2.6, "postgresql": 1.8}
COLUMNS = (
    "id, version, created_at, created_by_id, updated_at, updated_by_id, archived_at, owner_id, "
    "owner_unit_id, stage, stage_at, stage_config, pipeline, pipeline_version, "
    "code, party_id, name, kind, lifecycle, source_id, signing_grade, "
    "trade_role, channel, strategic, parent_group_id, needs, preferences, active_at, "
    "last_contact_at, next_contact_on"
)


def read_10k(bench: Bench) -> Iterator[Figure]:
    """Ten thousand customers as records."""
    with bench.opened(bench.url) as (crm, driver):

        def ours() -> list[Customer]:
            with crm.view(bench.shape.top) as session:
                return session.find(Customer, limit=10_000)

        reference = _select(bench, driver, "archived_at IS NULL ORDER BY id LIMIT ?", (10_000,))
        assert len(ours()) == len(reference()) == 10_000
        yield bench.figure("read_10k", paired(ours, reference, bench.pairs(24)), READ)


def page_50(bench: Bench) -> Iterator[Figure]:
    """A page of fifty by name, for a salesperson and for top management."""
    owner = next(one for one in bench.shape.people if one.login == bench.shape.salesperson)
    whose = bench.server.id(owner.id)
    with bench.opened(bench.url) as (crm, driver):
        for name, login, where, values in (
            ("page_50_salesperson", bench.shape.salesperson, "owner_id = ? AND ", (whose,)),
            ("page_50_top", bench.shape.top, "", ()),
        ):

            def ours(login: str = login) -> Sequence[Customer]:
                with crm.view(login) as session:
                    return session.page(Customer, order=Customer.name, size=50).items

            # One more than the page holds tells whether there is a next one, here as there.
            rest = f"{where}archived_at IS NULL ORDER BY name, id LIMIT ?"
            reference = _select(bench, driver, rest, (*values, 51))
            assert [one.code for one in ours()] == [row[14] for row in reference()[:50]]
            yield bench.figure(name, paired(ours, reference, bench.pairs(400), warm=20), PAGE)


def _select(bench: Bench, connection: Any, rest: str, values: Sequence[Any]) -> Callable[[], list[Any]]:
    cursor = connection.cursor()
    text = bench.server.marked(f"SELECT {COLUMNS} FROM crm_customer WHERE {rest}")

    def read() -> list[Any]:
        cursor.execute(bench.server.begin_read)
        cursor.execute(text, values)
        rows: list[Any] = cursor.fetchall()
        cursor.execute("COMMIT")
        return rows

    return read
