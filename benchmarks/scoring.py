"""All indicators of the catalogue for all customers with one model, ranks and grades, beside other ways to the same.

Facts of every feed are made up in a copy of the loaded database; see `facts`. The model weighs every
indicator alike. Beside a query an indicator and DuckDB stand all of them; beside SQL by hand, pandas and
functions in Python those in `value`, over the feeds with nearly all of the facts. Of a million customers
the operational database is not asked for all at once, which takes it minutes; a run is kept of the model for
distributors alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isclose
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks import facts
from benchmarks.bench import Bench
from benchmarks.facts import TODAY, Facts
from benchmarks.figure import LIMIT, Figure
from benchmarks.peers import installed
from benchmarks.placing import placed
from benchmarks.timing import Timed, in_turn, timed
from benchmarks.value.beside import beside
from benchmarks.value.hooks import COMPANY, HOOKS
from benchmarks.value.judging import RANKED, points
from benchmarks.value.records import FactRecords, entered, found
from benchmarks.value.rows import customers_of, loaded
from pycrm import CRM, Customer, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scope.actor import unkey
from pycrm.scoring.measure import everybody, plan
from pycrm.scoring.model import Item, ScoreModel
from pycrm.scoring.moment import value_of
from pycrm.scoring.plan import Plan, planned
from pycrm.scoring.statement import CUSTOMER, Layers
from pycrm.scoring.weigh import judged, weigh

__all__ = ["scoring"]

# Milliseconds for saying the statement, cold and known, and for explaining one score.
COLD, KNOWN, EXPLAINED = 150.0, 5.0, 0.3
# Each is a share of what the other way takes.
HOOKS_GOAL = {"sqlite": 1 / 8, "postgresql": 1 / 10}
# Beside the fastest that functions in Python can be.
ROWS_GOAL = 1 / 2
ONE_BY_ONE, REFRESHED, DUCKDB, BY_HAND, PANDAS = 1 / 8, 1 / 6, 1.0, 1.25, 0.5
ASPECTS = {"C": 25.0, "T": 35.0, "F": 25.0, "S": 15.0}
_DIRTY = 1000
# One indicator in so many is asked for by itself where time is short, and one dirty customer in so many.
_SAMPLE, _ALONE, _FEW = 4, 100, 10_000
# Functions in Python take as long for each customer, however many there are; of so few records are entered.
_HOOKED, _RECORDED = 2000, 500
# Of more customers what all indicators come to is not kept here: that would be gigabytes.
_KEPT = 100_000
_SMALLER = "distributor"
_AT_ONCE = 10_000


def scoring(bench: Bench) -> Iterator[Figure]:
    """Every figure of one database at one size."""
    with bench.copy() as url:
        facts.enter(bench.server, url)
        yield from _said(bench, url)
        with _opened(url) as crm:
            if bench.shape.customers <= _KEPT:
                yield from _together(bench, crm)
                yield from _hooked(bench, crm)
            if bench.server.name == "sqlite":
                yield from _beside(bench, crm)
            yield from _kept(bench, crm)


@contextmanager
def _opened(url: str) -> Iterator[CRM]:
    clock = FixedClock(f"{TODAY.isoformat()}T12:00:00+08:00")
    with CRM(url, plugins=[CustomerValue, Facts, FactRecords], clock=clock) as crm:
        crm.migrate()
        yield crm


def _model(crm: CRM) -> ScoreModel:
    there = crm.catalog.available()
    items = tuple(Item(one.code, 1.0, None, "benchmark" if one.reason_needed else None) for one in there)
    return ScoreModel("bench", 1, "All", ASPECTS, items)


def _layers(crm: CRM, model: ScoreModel, *, apart: bool = False) -> Layers:
    """Everybody measured, ranked, weighed and graded."""
    layers = Layers(crm.catalog, everybody(), whole=True, apart=apart)
    judged(layers, model, model.items)
    weigh(layers, model, model.items)
    return layers


def _graded(layers: Layers) -> Any:
    return layers.statement(CUSTOMER, sa.column("crm_score_now"), sa.column("crm_own_grade"))


def _rows(tx: Any, asked: Plan) -> Iterator[Any]:
    """The rows, of which no more than some are kept at once: of a million customers there are gigabytes."""
    cursor = tx.run(asked.text, [asked.bound[name](value_of(tx.crm, name, TODAY)) for name in asked.names])
    while some := cursor.fetchmany(_AT_ONCE):
        yield from some


def _drained(tx: Any, asked: Plan) -> int:
    return sum(1 for _ in _rows(tx, asked))


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
    cold, known = [], []
    for _ in range(3):
        with _opened(url) as crm, crm.view(crm.system("saying")) as session:
            codes = tuple(one.code for one in crm.catalog.available())

            def say(tx: Any = session.transaction, codes: Any = codes) -> Any:
                return plan(tx, codes)

            cold.append(timed(say))
            known.append(timed(say))
    yield _limit(bench, "score_said", sorted(cold, key=lambda one: one.cpu)[1], COLD)
    yield _limit(bench, "score_said_again", min(known, key=lambda one: one.cpu), KNOWN)


def _has_time(bench: Bench) -> bool:
    """Whether all is asked, and three times: of more customers it is less in which chance has a part."""
    return not bench.quick and bench.shape.customers <= _FEW


def _together(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """All indicators by one statement, with scores and grades; each by one of its own; and in DuckDB."""
    model = _model(crm)
    codes = [item.indicator for item in model.items]
    some = codes if _has_time(bench) else codes[::_SAMPLE]

    def ask(*asked: str) -> int:
        with crm.view(crm.system("measuring")) as session:
            tx = session.transaction
            if asked:
                return sum(_drained(tx, plan(tx, (code,))) for code in asked)
            return _drained(tx, planned(tx, "benchmark", lambda: _graded(_layers(crm, model))))

    acts: list[Callable[[], Any]] = [
        *(ask, lambda: ask(*some), lambda: _in_duckdb(crm, model), lambda: _gathered(crm, model))
    ]
    together, alone, duckdb, gathered = in_turn(acts, 3 if _has_time(bench) else 1, warm=0)
    one_by_one = _times(alone, len(codes) / len(some))
    yield _figure(bench, "score_all", together, "a query an indicator", one_by_one, ONE_BY_ONE)
    yield _figure(bench, "score_gathered", gathered, "a query an indicator", one_by_one, 1.0)
    yield _figure(bench, "score_duckdb", duckdb, "the database", together, DUCKDB)


def _gathered(crm: CRM, model: ScoreModel) -> list[Any]:
    """Each feed gathered once by customer, for all indicators, and nothing made of it: one row that counts.

    No statement that gives all indicators can take less.
    """

    def made() -> Any:
        whole = _layers(crm, model)
        layers = Layers(crm.catalog, everybody(), whole=True)
        layers.work_out([one for one in whole.values if one.feed is not None])
        counted = sa.select(*(sa.func.count(column) for column in layers.columns))
        return layers.read(counted.select_from(layers.source))

    with crm.view(crm.system("measuring")) as session:
        return list(_rows(session.transaction, planned(session.transaction, "gathered", made)))


def _in_duckdb(crm: CRM, model: ScoreModel) -> int:
    from pycrm.scoring.duck import duck

    with crm.view(crm.system("measuring")) as session, duck(crm, TODAY) as apart:
        layers = _layers(crm, model, apart=True)
        apart.load(session.transaction, layers.facts())
        return len(apart.rows(_graded(layers)))


def _hooked(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """The indicators that `value` says, beside functions in Python called for one customer after the other.

    Once with the records that the session finds of a customer, as whoever extends a CRM writes such functions; and
    once with the bare rows that three statements of the driver give. Both sides give the values and their points,
    percentiles among them; and, in rows of their own, the values alone.
    """
    codes = tuple(HOOKS)
    with crm.view(crm.system("picking")) as session:
        customers = customers_of(session.transaction, _HOOKED)
    recorded = [id for id in map(unkey, customers[:_RECORDED]) if id is not None]
    entered(crm, recorded)
    _agree(crm, codes, customers, _by_rows(crm, customers))
    _agree(crm, codes, customers, _by_records(crm, recorded))

    def ours(said: Callable[[Any], Plan]) -> int:
        with crm.view(crm.system("measuring")) as session:
            return _drained(session.transaction, said(session.transaction))

    acts: list[Callable[[], Any]] = [
        lambda: ours(lambda tx: plan(tx, codes)),
        lambda: ours(lambda tx: _values(tx, codes)),
        lambda: _by_records(crm, recorded),
        lambda: _by_rows(crm, customers),
        lambda: points(told[0]),
        lambda: points(told[1]),
    ]
    told = _by_records(crm, recorded), _by_rows(crm, customers)
    judged, measured, *theirs = in_turn(acts, 3 if _has_time(bench) else 1, warm=0)
    goals = HOOKS_GOAL[bench.server.name], ROWS_GOAL
    for way, those, goal, alone, given in zip(
        ("records", "rows"), told, goals, theirs, theirs[2:], strict=False
    ):
        reference, more = f"functions over {way}, of {len(those)}", bench.shape.customers / len(those)
        their, both = _times(alone, more), _times(Timed(alone.wall + given.wall, alone.cpu + given.cpu), more)
        yield _figure(bench, "score_hooks", judged, reference, both, goal)
        yield _figure(bench, "score_hooks_values", measured, reference, their, goal)


def _values(tx: Any, codes: tuple[str, ...]) -> Plan:
    """The statement of the values alone."""

    def made() -> Any:
        layers = Layers(tx.crm.catalog, everybody(), whole=True)
        layers.measure([tx.crm.catalog.indicators[code] for code in codes])
        return layers.statement(CUSTOMER, *(sa.column(code) for code in codes))

    return planned(tx, ("values", codes), made)


def _times(taken: Timed, number: float) -> Timed:
    return Timed(taken.wall * number, taken.cpu * number)


def _by_records(crm: CRM, customers: Sequence[UUID]) -> list[list[Any]]:
    with crm.view(crm.system("loading")) as session:
        return [[hook(its) for hook in HOOKS.values()] for its in (found(session, one) for one in customers)]


def _by_rows(crm: CRM, customers: Sequence[Any]) -> list[list[Any]]:
    with crm.view(crm.system("loading")) as session:
        tx = session.transaction
        return [[hook(its) for hook in HOOKS.values()] for its in (loaded(tx, one) for one in customers)]


def _agree(crm: CRM, codes: Sequence[str], customers: Sequence[Any], told: list[list[Any]]) -> None:
    """What functions said of the first of these customers is what the statement gives."""
    with crm.view(crm.system("comparing")) as session:
        tx, some = session.transaction, {unkey(key) for key in customers[: len(told)]}
        ours = {}
        for key, *row in _rows(tx, plan(tx, codes)):
            if unkey(key) in some:
                ours[unkey(key)] = row
    for key, theirs, their_points in zip(customers, told, points(told), strict=False):
        row = ours[unkey(key)]
        for code, one, other in zip(codes, row[::2], theirs, strict=True):
            assert _near(one, other) or code == COMPANY, f"{code}: {one} is not {other}"
        for code, one, other in zip(codes, row[1::2], their_points, strict=True):
            assert _near(one, other) or code in RANKED, f"points of {code}: {one} are not {other}"


def _near(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)


def _beside(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """In DuckDB, beside SQL by hand and beside pandas, over the same files of facts."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        rounds = 1 if bench.quick or bench.shape.customers > _KEPT else 3
        told = beside(crm, Path(folder), rounds, installed())
    yield _figure(bench, "score_in_duckdb", told.ours, "SQL by hand", told.by_hand, BY_HAND)
    if told.by_pandas is not None:
        yield _figure(bench, "score_in_duckdb", told.program.time, "pandas", told.by_pandas.time, PANDAS)
        ours, theirs = (Timed(one.mebibytes, one.mebibytes) for one in (told.program, told.by_pandas))
        yield _figure(bench, "score_in_duckdb_mib", ours, "pandas", theirs, PANDAS)


def _kept(bench: Bench, crm: CRM) -> Iterator[Figure]:
    """A full run, the scores of some who changed since, and what one score is made of."""
    key = _SMALLER
    if bench.shape.customers <= _KEPT:
        model = _model(crm)
        key = model.key
        with crm.session(crm.system("publishing")) as session:
            session.publish_score_model(model)
    crm.run_scores(crm.system("scoring"), key, engine="duckdb")
    with crm.view(crm.system("picking")) as session:
        customers = session.find(Customer, limit=_DIRTY)

    def refresh(some: Sequence[Any]) -> Any:
        with crm.session(crm.system("scoring")) as session:
            return session.refresh_scores(key, some)

    few = customers[::_ALONE]
    dirty, alone = in_turn(
        [lambda: refresh(customers), lambda: [refresh([one]) for one in few]], 1 if bench.quick else 3, warm=0
    )
    naive = _times(alone, len(customers) / len(few))
    yield _figure(bench, "score_refresh_1000", dirty, "one customer after the other", naive, REFRESHED)
    if key != _SMALLER:
        yield _explained(bench, crm, customers[:200])


def _explained(bench: Bench, crm: CRM, customers: Sequence[Any]) -> Figure:
    """What each of these scores is made of, down to the last part, by the wall: the database works for it too."""
    with placed(bench.server, bench.url), crm.view(crm.system("explaining")) as session:
        for one in customers:
            _adds_up(session.score(one, "bench"))
        runs = [timed(lambda: [_explain(session, one) for one in customers]) for _ in range(9)]
    told = min(runs, key=lambda one: one.wall)
    once = Timed(told.wall / len(customers), told.cpu / len(customers))
    return _figure(bench, "score_explained", once, LIMIT, Timed(EXPLAINED, EXPLAINED), 1.0)


def _explain(session: Any, customer: Customer) -> float:
    """What the parts of a score come to: each is looked at, and let go with the next customer."""
    return sum(part.contribution for part in session.score(customer, "bench").parts)


def _adds_up(score: Any) -> None:
    """The contributions are the score before it was rounded, which points and weights alone give as well."""
    over = under = 0.0
    for aspect, weight in ASPECTS.items():
        points = [one.points for one in score.parts if one.aspect == aspect and one.points is not None]
        if points:
            over, under = over + weight * sum(points) / len(points), under + weight
    told = sum(one.contribution for one in score.parts)
    assert abs(told - over / under) <= 1e-9, f"{told} is not {over / under}"
    assert abs(told - float(score.score)) <= 0.005 + 1e-9, f"{told} is not {score.score}"
