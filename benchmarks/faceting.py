"""Pages of a list that two facets narrow, for people of every reach.

Each customer has a row of both, as a vertical adds them: of the one a quarter have the value that is
looked for, of the other a fifth, in no order. The statement of pycrm stands beside the best one by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.by_hand import SIZE, Asked, Reader, fastest, rows_of, written
from benchmarks.figure import Figure
from benchmarks.reading import COLUMNS
from benchmarks.scoping import PAGE, every_sent, readers
from benchmarks.timing import paired
from pycrm import CRM, Customer, Facet, Field, Plugin, field

__all__ = ["page_facets"]

_GROUPS, _TIERS = 4, 5


class Blood(Facet, table="bench_clinic_blood", of=Customer):
    """What a clinic knows of a customer."""

    blood: Field[int] = field("Blood group", order=True)


class Standing(Facet, table="bench_club_standing", of=Customer):
    """What a club knows of a customer."""

    tier: Field[int] = field("Tier", order=True)


class Clinic(Plugin):
    """Clinic

    A facet of customers.
    """

    name = "bench_clinic"
    facets = (Blood,)


class Club(Plugin):
    """Club

    Another facet of customers.
    """

    name = "bench_club"
    facets = (Standing,)


def page_facets(bench: Bench) -> Iterator[Figure]:
    """The first page by name of the customers with two values of two facets."""
    with bench.copy() as url, CRM(url, plugins=[Clinic(), Club()]) as crm, bench.opened(url) as (_, driver):
        crm.migrate()
        _fill(driver)
        bench.server.settle(url)
        for reader in readers(bench):
            yield attrs.evolve(_measured(bench, crm, driver, reader), issue="scope")


def _fill(driver: Any) -> None:
    cursor = driver.cursor()
    kept = "version, created_at, updated_at"
    cursor.execute("BEGIN")
    for table, column, several, step in (
        ("bench_clinic_blood", "blood", _GROUPS, 7919),
        ("bench_club_standing", "tier", _TIERS, 104_729),
    ):
        value = f"((row_number() OVER (ORDER BY id)) * {step} / 64) % {several}"
        cursor.execute(
            f"INSERT INTO {table} (of_id, {kept}, {column}) SELECT id, {kept}, {value} FROM crm_customer"
        )
    cursor.execute("COMMIT")


def _measured(bench: Bench, crm: CRM, driver: Any, reader: Reader) -> Figure:
    conditions = (Blood.blood == 1, Standing.tier == 1)
    cursor = driver.cursor()
    cursor.execute(bench.server.begin_read)
    with crm.view(reader.login) as session:

        def turn() -> Any:
            return session.page(Customer, *conditions, order=Customer.name, size=SIZE)

        ours = every_sent(session, turn)
        found = _by_hand(bench, reader)
        rows = [rows_of(cursor, one) for one in ours][-1]
        assert len(rows) == SIZE + 1 or len(rows) == len(turn().items)
        best = fastest(bench, cursor, found, rows)
        both = paired(
            lambda: [rows_of(cursor, one) for one in ours],
            lambda: rows_of(cursor, best),
            bench.pairs(60),
            warm=6,
        )
    cursor.execute("COMMIT")
    return bench.figure(f"page_facets_{reader.name}", both, PAGE)


def _by_hand(bench: Bench, reader: Reader) -> list[Asked]:
    """The facets asked of each row of the list, as pages of conditions are written, or joined to begin with."""
    parts = " AND ".join(
        f"(SELECT f.{column} FROM {table} AS f WHERE f.of_id = crm_customer.id) = 1"
        for table, column in (("bench_clinic_blood", "blood"), ("bench_club_standing", "tier"))
    )
    found = written(bench, attrs.evolve(reader, kept=f" AND {parts}"), None)
    names = ", ".join(f"crm_customer.{name.strip()}" for name in COLUMNS.split(","))
    joined = (
        "crm_customer JOIN bench_clinic_blood AS b ON b.of_id = crm_customer.id AND b.blood = 1 "
        "JOIN bench_club_standing AS s ON s.of_id = crm_customer.id AND s.tier = 1"
    )
    for one in written(bench, attrs.evolve(reader, columns=names, source=joined), None)[:1]:
        found.append(one)
    return found
