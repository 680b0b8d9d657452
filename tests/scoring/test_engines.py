"""A run is worked out in the operational database or in DuckDB, and nobody can tell which from its scores."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, FixedClock, InvalidError, Plugin
from pycrm.errors import DeclarationError
from pycrm.scoring import Indicator, Percentile, ranks, spoken, total
from pycrm.scoring import engine as engines
from pycrm.scoring.book import CustomerScore, ScoreStep, ScoreTotal
from pycrm.scoring.model import ScoreModel

from .shop import SALES, Sale, Shop, filed, marked, opened, sold

MAY, JUNE = date(2026, 5, 31), date(2026, 6, 30)
Open = Callable[..., CRM]
# Marks of a day and amounts that are ranked, with grades that fall late.
BOTH = ScoreModel("both", 1, "Both", {"T": 50, "S": 50}, "MT90:2 MT02:1 MS02:1", patience=2)
UNEVEN = ScoreModel("uneven", 1, "Uneven", {"T": 1.5, "S": 0.7}, "MT90:2.25 MT02:1.3 MS02:1")


@pytest.fixture
def shop(open_crm: Open, clock: FixedClock) -> tuple[CRM, list[Any]]:
    """Seven customers, of whom two bought alike, one sells back, one has nothing, and one fell in June."""
    crm = opened(open_crm, BOTH)
    clock.set("2026-05-31T09:00:00+08:00")
    customers = filed(crm, 7)
    for customer, net in zip(customers[:5], (100, 300, 300, -50, 70_000), strict=True):
        sold(crm, customer, MAY, net)
    for customer, mark in zip(customers[1:6], (90, 20, 0, 55, 10), strict=True):
        marked(crm, customer, MAY, T02=mark, S02=100 - mark)
        marked(crm, customer, JUNE, T02=mark // 2, S02=mark)
    return crm, customers


def books(crm: CRM, run: Any) -> dict[str, list[Any]]:
    """What a run wrote, without its own id."""
    found: dict[str, list[Any]] = {}
    with crm.view(crm.system("looking")) as session:
        for cls in (CustomerScore, ScoreStep, ScoreTotal):
            columns = [one for one in cls.__table__.c if one.name != "run_id"]
            asked = sa.select(*columns).where(cls.__table__.c.run_id == run.id).order_by(*columns[:2])
            found[cls.__name__] = [_told(row) for row in session.transaction.fetch(asked)]
    return found


def _told(row: Any) -> list[Any]:
    return [json.loads(one) if isinstance(one, str) and one.startswith("[") else one for one in row]


def run(crm: CRM, engine: Any, day: date, model: str = "both", **options: Any) -> Any:
    """Score everybody."""
    return crm.run_scores(crm.system("scoring"), model, as_of=day, engine=engine, **options)


def test_both_engines_write_the_same(shop: tuple[CRM, list[Any]], clock: FixedClock) -> None:
    """VAL-9: scores, grades that fall late and frozen ranks are alike, whoever worked them out."""
    crm, _ = shop
    told = {}
    for day in (MAY, JUNE):
        clock.set(f"{day.isoformat()}T10:00:00+08:00")
        told[day] = [books(crm, run(crm, engine, day)) for engine in ("database", "duckdb")]
    assert told[MAY][0] == told[MAY][1]
    assert told[JUNE][0] == told[JUNE][1]
    # 300 and 300 have one below and each other: (1 of 7... of 5 who bought: 100 below two equal and one above).
    steps = [(row[1], row[3:]) for row in told[MAY][1]["ScoreStep"]]
    assert steps == [(-50.0, [0, 1]), (100.0, [1, 1]), (300.0, [2, 2]), (70_000.0, [4, 1])]
    assert any(row[3] for row in told[JUNE][1]["CustomerScore"]), "nobody's grade was held"


def test_what_was_refreshed_by_ranks_of_duckdb(shop: tuple[CRM, list[Any]], clock: FixedClock) -> None:
    """VAL-10: a customer that is scored anew is ranked by the tables that DuckDB froze."""
    crm, customers = shop
    clock.set("2026-05-31T10:00:00+08:00")
    full = books(crm, run(crm, "duckdb", MAY))
    with crm.session(crm.system("scoring")) as session:
        again = session.refresh_scores("both", customers)
    assert books(crm, again)["CustomerScore"] == full["CustomerScore"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two."""
    monkeypatch.setattr(engines, "BATCH", 2)


@pytest.mark.parametrize("last", ["database", "duckdb"])
def test_an_interrupted_run_goes_on(
    shop: tuple[CRM, list[Any]], clock: FixedClock, small: None, last: Any
) -> None:
    """A run that DuckDB began goes on where it stopped, on either engine, and writes nobody twice."""
    crm, _ = shop
    clock.set("2026-05-31T10:00:00+08:00")
    whole = books(crm, run(crm, "database", MAY))

    def stop(done: int, of: int) -> None:
        assert of == 7
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(crm, "duckdb", MAY, progress=stop)
    again = run(crm, last, MAY)
    assert again.customers == 7
    assert books(crm, again) == whole


def test_a_database_in_memory(clock: FixedClock) -> None:
    """A database that nobody else can read is fetched through the session."""
    made: list[CRM] = []

    def open_(**options: Any) -> CRM:
        made.append(CRM("sqlite:///:memory:", clock=clock, **options))
        return made[-1]

    crm = opened(open_, BOTH)
    customers = filed(crm, 3)
    for customer, net in zip(customers[:2], (100, 300), strict=True):
        sold(crm, customer, MAY, net)
        marked(crm, customer, JUNE, S02=net // 10)
    told = [books(crm, run(crm, engine, JUNE)) for engine in ("database", "duckdb")]
    crm.close()
    assert told[0] == told[1]
    assert [row[3] for row in told[0]["ScoreStep"]] == [0, 1]


def test_what_a_session_has_written_is_measured(open_crm: Open) -> None:
    """Whoever enters facts and measures before they are committed sees them, in either engine."""
    crm = opened(open_crm)
    (customer,) = filed(crm, 1)
    with crm.session(crm.system("measuring")) as session:
        session.add(Sale(customer=customer, on=JUNE, net=700))
        told = [session.measure("MT90", engine=engine) for engine in ("database", "duckdb")]  # type: ignore[arg-type]
    assert [one[customer.ref]["MT90"].value for one in told] == [700, 700]


def test_an_engine_that_is_not_there(open_crm: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed DuckDB is told how, and who misspells it which engines there are."""
    crm = opened(open_crm, BOTH)
    with pytest.raises(InvalidError, match="database or duckdb"):
        run(crm, "duck", JUNE)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(DeclarationError, match=r"pip install 'pycrm\[analytics\]'"):
        run(crm, "duckdb", JUNE)


def _equal_ones_count_whole(patch: pytest.MonkeyPatch) -> None:
    """Who has an equal value lies below, in DuckDB."""
    real = ranks.along_tables

    def along(*given: Any) -> Any:
        inner = real(*given).subquery().c
        return sa.select(inner.worth, (inner.reached + 100.0).label("reached"))

    patch.setattr(ranks, "along_tables", along)


def _numbers_are_decimals(patch: pytest.MonkeyPatch) -> None:
    """DuckDB takes a number with a point for a decimal of few places."""
    real = spoken._VALUES["duckdb"]

    def say(value: Any) -> str:
        return f"CAST({value!r} AS DECIMAL(9, 0))" if isinstance(value, float) else real(value)

    patch.setitem(spoken._VALUES, "duckdb", say)


@pytest.mark.parametrize("plant", [_equal_ones_count_whole, _numbers_are_decimals])
def test_each_planted_fault_is_seen(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, plant: Any
) -> None:
    """Were DuckDB to reckon otherwise, the comparison of the engines would tell."""
    plant(monkeypatch)
    crm = opened(lambda **options: CRM(sqlite_database, clock=clock, **options), UNEVEN)
    for customer, mark in zip(filed(crm, 3), (33, 33, 90), strict=True):
        sold(crm, customer, JUNE, mark)
        marked(crm, customer, JUNE, T02=mark, S02=mark // 2)
    told = [books(crm, run(crm, engine, JUNE, model="uneven")) for engine in ("database", "duckdb")]
    crm.close()
    assert told[0] != told[1]


@pytest.mark.parametrize("plugins", [1, 3])
def test_one_statement_measures_whatever_plugins_bring(open_crm: Open, plugins: int) -> None:
    """However many plugins bring indicators, one statement measures all of them."""

    def named(number: int) -> type[Plugin]:
        code = f"more{number}.amount"
        amount = Indicator(code, "More", "更多", "T", "money", total(SALES.net), Percentile())
        members = {"__doc__": "More\n\nOne indicator more.", "name": f"more{number}", "indicators": (amount,)}
        return type(f"More{number}", (Plugin,), members)

    crm = open_crm(plugins=(Shop, *(named(at) for at in range(plugins))))
    crm.migrate()
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    with crm.view(crm.system("counting")) as session:
        tx = session.transaction
        real = tx.run
        tx.run = lambda text, values=(): sent.append(text) or real(text, values)  # type: ignore[func-returns-value,method-assign]
        sa.event.listen(crm.store.engine, "before_cursor_execute", note)
        session.measure(*(one.code for one in crm.catalog.available()))
    assert len(sent) == 1
