"""All indicators of the catalogue for all customers: in one statement, one by one, and by functions in Python.

Facts of every feed are made up in a copy of the loaded database; see `facts`. The model weighs every
indicator alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from benchmarks import facts
from benchmarks.bench import Bench
from benchmarks.facts import TODAY, Facts
from benchmarks.figure import LIMIT, Figure
from benchmarks.timing import Timed, in_turn, timed
from pycrm import CRM, Customer, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring.model import Item, ScoreModel

__all__ = ["scoring"]

# Milliseconds for saying the statement, cold and known, and for explaining one score.
COLD, KNOWN, EXPLAINED = 150.0, 5.0, 0.3
# Each is a share of what the other way takes.
HOOKS = {"sqlite": 1 / 8, "postgresql": 1 / 10}
ONE_BY_ONE, REFRESHED, DUCKDB = 1 / 8, 1 / 6, 1.0
_DIRTY = 1000
_HOOKED = ("T01", "T02", "T04", "T06", "T08", "T10")
# One indicator in so many is asked for by itself, and one dirty customer in so many.
_SAMPLE, _ALONE = 13, 100


def scoring(bench: Bench) -> Iterator[Figure]:
    """Every figure of one database at one size."""
    with bench.copy() as url:
        facts.enter(bench.server, url)
        yield from _said(bench, url)
        with _opened(url) as crm:
            yield from _measured(bench, crm)
            yield from _kept(bench, crm)


@contextmanager
def _opened(url: str) -> Iterator[CRM]:
    clock = FixedClock(f"{TODAY.isoformat()}T12:00:00+08:00")
    with CRM(url, plugins=[CustomerValue, Facts], clock=clock) as crm:
        crm.migrate()
        yield crm


def _model(crm: CRM) -> ScoreModel:
    there = crm.catalog.available()
    items = tuple(Item(one.code, 1.0, None, "benchmark" if one.reason_needed else None) for one in there)
    return ScoreModel("bench", 1, "All", {"C": 25, "T": 35, "F": 25, "S": 15}, items)


def _figure(bench: Bench, name: str, ours: Timed, reference: str, other: Timed, goal: float) -> Figure:
    return Figure(
        name=name,
        database=bench.server.name,
        size=bench.shape.size,
        ours_ms=ours.wall,
        reference=reference,
        reference_ms=other.wall,
        goal=goal,
        issue="scoring",
        ours_cpu=ours.cpu,
        reference_cpu=other.cpu,
    )


def _limit(bench: Bench, name: str, ours: Timed, limit: float) -> Figure:
    # By processor time: it is this program's alone, whatever else the machine does.
    return _figure(bench, name, Timed(ours.cpu, ours.cpu), LIMIT, Timed(limit, limit), 1.0)


def _said(bench: Bench, url: str) -> Iterator[Figure]:
    """Building and compiling the statement for all indicators, the first time and later."""
    from pycrm.scoring.measure import plan

    cold, known = [], []
    for _ in range(3):
        with _opened(url) as crm, crm.view(crm.system("saying")) as session:
            codes = tuple(one.code for one in crm.catalog.available())

            def say(tx: Any = session.transaction, codes: Any = codes) -> Any:
                return plan(tx, codes)

            cold.append(timed(say))
            known.append(timed(say))
    yield _limit(bench, "score_said", min(cold, key=lambda one: one.cpu), COLD)
    yield _limit(bench, "score_said_again", min(known, key=lambda one: one.cpu), KNOWN)


def _measured(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """All indicators in one statement, one after the other, and in DuckDB; some by functions in Python."""
    codes = [one.code for one in crm.catalog.available()]

    def ask(*asked: str, **how: Any) -> Any:
        with crm.view(crm.system("measuring")) as session:
            return session.measure(*asked, as_of=TODAY, **how)

    some = codes[::_SAMPLE]
    acts: list[Callable[[], Any]] = [
        lambda: ask(*codes),
        lambda: [ask(code) for code in some],
        lambda: ask(*codes, engine="duckdb"),
    ]
    together, alone, duck = in_turn(acts, 1 if bench.quick else 3, warm=0)
    times = len(codes) / len(some)
    one_by_one = Timed(alone.wall * times, alone.cpu * times)
    yield _figure(bench, "score_measure", together, "a query an indicator", one_by_one, ONE_BY_ONE)
    yield _figure(bench, "score_duckdb", duck, "the database", together, DUCKDB)
    assert _by_hooks(bench, crm) == {
        key.id: [row[code].value for code in _HOOKED] for key, row in ask(*_HOOKED).items()
    }
    six, hooks = in_turn([lambda: ask(*_HOOKED), lambda: _by_hooks(bench, crm)], bench.pairs(3), warm=1)
    yield _figure(bench, "score_six", six, "functions in Python", hooks, HOOKS[bench.server.name])


def _by_hooks(bench: Bench, crm: CRM) -> dict[Any, list[Any]]:
    """Six indicators by a function each, called with the lines of one customer after the other."""
    with crm.view(crm.system("loading")) as session:
        customers = session.transaction.run(
            "SELECT id FROM crm_customer WHERE archived_at IS NULL"
        ).fetchall()
        text = 'SELECT customer, "on", origin, net FROM facts_transactions ORDER BY customer'
        told = session.transaction.run(text).fetchall()
    is_sqlite = bench.server.name == "sqlite"
    lines: dict[Any, list[Line]] = {
        key: [(date.fromisoformat(on) if is_sqlite else on, origin, net) for _, on, origin, net in rows]
        for key, rows in groupby(told, key=lambda row: row[0])
    }
    from pycrm.scope.actor import unkey

    return {unkey(key): [hook(lines.get(key, [])) for hook in _FUNCTIONS] for (key,) in customers}


Line = tuple[date, str, int]


def _purchases(lines: Sequence[Line]) -> list[date]:
    found: dict[str, tuple[date, int]] = {}
    for on, origin, net in lines:
        if on <= TODAY:
            first, total = found.get(origin, (on, 0))
            found[origin] = (min(first, on), total + net)
    return sorted(on for on, net in found.values() if net > 0)


def _within(on: date) -> bool:
    return TODAY - timedelta(365) < on <= TODAY


def _number(lines: Sequence[Line]) -> int:
    return sum(_within(on) for on in _purchases(lines))


def _amount(lines: Sequence[Line]) -> int:
    return sum(net for on, _, net in lines if _within(on))


def _mean(lines: Sequence[Line]) -> float | None:
    number = _number(lines)
    return _amount(lines) / number if number else None


def _recency(lines: Sequence[Line]) -> int | None:
    bought = _purchases(lines)
    return (TODAY - bought[-1]).days if bought else None


def _interval(lines: Sequence[Line]) -> float | None:
    bought = _purchases(lines)
    return (bought[-1] - bought[0]).days / (len(bought) - 1) if len(bought) > 1 else None


def _overdue(lines: Sequence[Line]) -> float | None:
    last, interval = _recency(lines), _interval(lines)
    return last / interval if last is not None and interval else None


_FUNCTIONS = (_number, _amount, _mean, _recency, _interval, _overdue)


def _kept(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """A full run, the scores of some who changed since, and what one score is made of."""
    with crm.session(crm.system("publishing")) as session:
        session.publish_score_model(_model(crm))
    crm.run_scores(crm.system("scoring"), "bench", engine="duckdb")
    with crm.view(crm.system("picking")) as session:
        customers = session.find(Customer, limit=_DIRTY)

    def refresh(some: Sequence[Any]) -> Any:
        with crm.session(crm.system("scoring")) as session:
            return session.refresh_scores("bench", some)

    few = customers[:: max(1, len(customers) // (len(customers) // _ALONE))]
    dirty, alone = in_turn(
        [lambda: refresh(customers), lambda: [refresh([one]) for one in few]], 1 if bench.quick else 3, warm=0
    )
    times = len(customers) / len(few)
    naive = Timed(alone.wall * times, alone.cpu * times)
    yield _figure(bench, "score_refresh_1000", dirty, "one customer after the other", naive, REFRESHED)
    with crm.view(crm.system("explaining")) as session:
        session.score(customers[0], "bench")
        told = timed(lambda: [session.score(one, "bench") for one in customers[:200]])
    yield _limit(bench, "score_explained", Timed(told.wall / 200, told.cpu / 200), EXPLAINED)
