"""Fields added at run time: the first fifty in the order of one, and of one value.

Beside the same verb over a declared field of customers; and the statement that was sent, beside the best one
over a column that was added to the table of customers itself, with an index of its own, both on the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.reading import COLUMNS
from benchmarks.timing import paired
from pycrm import CRM, Customer, CustomField, CustomKind

__all__ = ["custom_field"]

GOALS = {"sqlite": 2.0, "postgresql": 2.0}
_PAGE, _ALIKE = 50, 60


def custom_field(bench: Bench) -> Iterator[Figure]:
    """Sorted and filtered lists of fifty for top management, among all customers with the field."""
    with bench.copy() as url, bench.opened(url) as (crm, driver):
        _fill(bench, crm, driver)
        bench.server.settle(url)
        cursor = driver.cursor()
        cursor.execute(bench.server.begin_read)
        with crm.view(bench.shape.top) as session:
            beds = session.custom(Customer).beds
            value, owner = max(1, bench.shape.customers // _ALIKE) // 2, _owner(session)
            lists: dict[str, tuple[Any, Any, str]] = {
                "sorted": (
                    lambda: session.page(Customer, order=beds, size=_PAGE).items,
                    lambda: (
                        session.page(Customer, Customer.name >= "", order=Customer.name, size=_PAGE).items
                    ),
                    "beds IS NOT NULL AND archived_at IS NULL ORDER BY beds, id LIMIT 51",
                ),
                "falling": (
                    lambda: session.page(Customer, order=beds.desc(), size=_PAGE).items,
                    lambda: (
                        session.page(
                            Customer, Customer.name >= "", order=Customer.name.desc(), size=_PAGE
                        ).items
                    ),
                    "beds IS NOT NULL AND archived_at IS NULL ORDER BY beds DESC, id DESC LIMIT 51",
                ),
                "filtered": (
                    lambda: session.find(Customer, beds == value, limit=_PAGE),
                    lambda: session.find(Customer, Customer.owner == owner, limit=_PAGE),
                    f"beds = {value} AND archived_at IS NULL ORDER BY id LIMIT {_PAGE}",
                ),
            }
            for name, (ours, declared, where) in lists.items():
                sent = _sent(crm, ours)
                text = f"SELECT {COLUMNS} FROM crm_customer WHERE {where}"
                assert len(ours()) == len(declared()) == _PAGE
                taken = paired(ours, declared, bench.pairs(60), warm=8)
                yield bench.figure(f"custom_field_{name}", taken, GOALS, "a declared field")
                by_hand = (text, ())
                taken = paired(
                    lambda a=sent: _rows(cursor, *a),
                    lambda a=by_hand: _rows(cursor, *a),
                    bench.pairs(60),
                    warm=8,
                )
                yield bench.figure(f"custom_field_{name}_statement", taken, GOALS, "a column of the table")


def _rows(cursor: Any, text: str, values: Any) -> list[Any]:
    found: list[Any] = cursor.execute(text, values).fetchall()
    return found


def _owner(session: Any) -> Any:
    """Somebody who has more customers than a page holds."""
    (first,) = session.find(Customer, limit=1)
    return first.owner


def _sent(crm: CRM, act: Callable[[], Any]) -> tuple[str, Any]:
    """The first statement of a reading, with its values as the driver takes them."""
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        found.append((text, values))

    sa.event.listen(crm.store.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sa.event.remove(crm.store.engine, "before_cursor_execute", note)
    return found[0]


def _fill(bench: Bench, crm: CRM, driver: Any) -> None:
    """The same number of beds for some sixty customers each, in no order, as a field and as a column."""
    with crm.session(crm.system("benchmark")) as session:
        field = {"entity": "Customer", "name": "beds", "label": "Beds", "kind": CustomKind.WHOLE}
        session.add(CustomField(**field, is_sorted=True))
    several = max(1, bench.shape.customers // _ALIKE)
    beds = f"(row_number() OVER (ORDER BY id) * 7919) % {several}"
    kept = "version, created_at, updated_at"
    cursor = driver.cursor()
    for text in (
        "BEGIN",
        f"INSERT INTO custom_crm_customer (of_id, {kept}, beds) SELECT id, {kept}, {beds} FROM crm_customer",
        "ALTER TABLE crm_customer ADD COLUMN beds BIGINT",
        "UPDATE crm_customer SET beds = f.beds FROM custom_crm_customer f WHERE f.of_id = crm_customer.id",
        "CREATE INDEX ix_bench_beds ON crm_customer (beds, id)",
        "COMMIT",
    ):
        cursor.execute(text)
