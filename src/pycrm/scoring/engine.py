"""Where a run is worked out: in the operational database itself, or in DuckDB beside it, with the same result.

Either freezes the ranks first, unless the run has them already, and then scores one batch of customers
after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawKey
from pycrm.declare.row import layout
from pycrm.entities.customer import Customer
from pycrm.errors import InvalidError, Problem
from pycrm.revision.sql import insert_rows
from pycrm.scope.actor import unkey
from pycrm.scoring import ranks
from pycrm.scoring.book import CustomerScore, ScoreRun, ScoreStep, ScoreTotal
from pycrm.scoring.measure import everybody, moments
from pycrm.scoring.model import ScoreModel
from pycrm.scoring.scale import Percentile
from pycrm.scoring.shelf import rows
from pycrm.scoring.statement import CUSTOMER, Layers
from pycrm.scoring.weigh import judge, judged, scored, usable, weigh

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.scoring.duck import Duck
    from pycrm.store import Transaction

__all__ = ["DATABASE", "DUCKDB", "Batch", "Engine", "Work", "engine", "insert", "score"]

DATABASE: Final = "database"
DUCKDB: Final = "duckdb"
Engine = Literal["database", "duckdb"]
BATCH = 20_000


@attrs.frozen
class Batch:
    """The next customers of a run by their ids: the last of them, and how many they are."""

    until: UUID
    number: int


class Work(Protocol):
    """A run in the making."""

    @property
    def total(self) -> int:
        """How many customers there are."""

    def batch(self, tx: Transaction, begun: ScoreRun) -> Batch | None:
        """The batch after those that are done; None after the last."""

    def score(self, tx: Transaction, begun: ScoreRun, batch: Batch) -> None:
        """Write the scores of a batch."""


Opening = Callable[["CRM", Any, ScoreRun, ScoreModel], AbstractContextManager[Work]]


def engine(name: str) -> Opening:
    """What begins to work out a run.

    Raises:
        InvalidError: there is no engine of that name.
    """
    if name not in _ENGINES:
        wrong = Problem("engine", "unknown", f"there is no engine {name}: it is {' or '.join(_ENGINES)}")
        raise InvalidError(wrong.message, fields=[wrong])
    return _ENGINES[name]


def insert(tx: Transaction, cls: Any, select: Any, begun: ScoreRun) -> None:
    """Write what a SELECT over the operational database gives."""
    given = moments(tx, select, begun.as_of)
    statement = sa.insert(cls.__table__).from_select(list(layout(cls).names), select, include_defaults=False)
    tx.execute(statement, given)


def _frozen(begun: ScoreRun, model: ScoreModel, layers: Layers) -> Iterator[tuple[Any, Any]]:
    """The books that hold the ranks of a run, each with the SELECT of its rows over measured values."""
    known = layers.catalog.indicators
    own = [column for column in layers.columns if column.name in known]
    ranked = [one for one in own if isinstance(model.scale_of(one.name, known), Percentile)]
    # Every run has a row here, by which is seen that its ranks are frozen.
    told: list[tuple[str, Any, Any]] = [("", sa.func.count(), sa.cast(sa.null(), sa.Double()))]
    told += [(column.name, sa.func.count(column), sa.cast(sa.null(), sa.Double())) for column in ranked]
    told += [(name, sa.func.count(), sa.func.max(sa.column(name, sa.Double()))) for name in layers.overall]
    if ranked:
        steps = [ranks.steps(begun.id, column.name, column, layers.source) for column in ranked]
        yield ScoreStep, layers.read(sa.union_all(*steps))
    yield ScoreTotal, layers.read(ranks.totals(begun.id, told, layers.source))


def _is_frozen(tx: Transaction, begun: ScoreRun) -> bool:
    # Whoever runs the same waits here, and finds them frozen.
    rows(tx, ScoreRun, ScoreRun.__table__.c.id == sa.literal(begun.id, RawKey()), lock=True)
    table = ScoreTotal.__table__.c
    return bool(rows(tx, ScoreTotal, table.run_id == sa.literal(begun.id, RawKey()), limit=1))


def _measured(tx: Transaction, model: ScoreModel, *, apart: bool = False) -> Layers:
    catalog = tx.crm.catalog
    layers = Layers(catalog, everybody(model.of), whole=True, apart=apart)
    layers.measure([catalog.indicators[item.indicator] for item in usable(catalog, model)])
    return layers


# --- in the operational database ---------------------------------------------------------------------


@attrs.frozen
class _InPlace:
    """Each batch is one statement, which writes as it reads."""

    model: ScoreModel
    total: int

    def batch(self, tx: Transaction, begun: ScoreRun) -> Batch | None:
        next_ids = self._beyond(begun).order_by(Customer.__table__.c.id).limit(BATCH).subquery()
        number = sa.select(sa.func.count()).select_from(next_ids).scalar_subquery()
        last = sa.select(next_ids.c.customer, number).order_by(next_ids.c.customer.desc()).limit(1)
        for key, counted in tx.fetch(last, moments(tx, last, begun.as_of)):
            until = unkey(key)
            assert until is not None
            return Batch(until, int(counted))
        return None

    def score(self, tx: Transaction, begun: ScoreRun, batch: Batch) -> None:
        until = Customer.__table__.c.id <= sa.literal(batch.until, RawKey())
        score(tx, begun, self.model, self._beyond(begun).where(until))

    def _beyond(self, begun: ScoreRun) -> Any:
        found = everybody(self.model.of)
        if begun.reached is None:
            return found
        return found.where(Customer.__table__.c.id > sa.literal(begun.reached, RawKey()))


def score(tx: Transaction, begun: ScoreRun, model: ScoreModel, population: Any) -> None:
    """Write the scores of these customers by the tables of a run, which one statement works out."""
    catalog = tx.crm.catalog
    items = usable(catalog, model)
    layers = Layers(catalog, population, whole=False, tables=begun.tables)
    judged(layers, model, items)
    weigh(layers, model, items)
    insert(tx, CustomerScore, scored(layers, model, items, begun.id, begun.before), begun)


@contextmanager
def _in_place(crm: CRM, who: Any, begun: ScoreRun, model: ScoreModel) -> Iterator[Work]:
    def freeze(session: Any) -> int:
        tx = session.transaction
        if not _is_frozen(tx, begun):
            for cls, select in _frozen(begun, model, _measured(tx, model)):
                insert(tx, cls, select, begun)
        counted = sa.select(sa.func.count()).select_from(everybody(model.of).subquery())
        return int(tx.fetch(counted, moments(tx, counted, begun.as_of))[0][0])

    yield _InPlace(model, crm.run(who, freeze))


# --- in DuckDB ---------------------------------------------------------------------------------------


@attrs.define
class _Beside:
    """All customers are judged at once; a batch is what is written at once."""

    model: ScoreModel
    duck: Duck
    judged: Layers
    total: int
    left: list[Batch]

    def batch(self, tx: Transaction, begun: ScoreRun) -> Batch | None:
        beyond = [one for one in self.left if begun.reached is None or one.until > begun.reached]
        return beyond[0] if beyond else None

    def score(self, tx: Transaction, begun: ScoreRun, batch: Batch) -> None:
        within = [*_beyond(begun), sa.literal(batch.until, RawKey()) >= CUSTOMER]
        items = usable(tx.crm.catalog, self.model)
        layers = self.judged.kept("crm_judged", *within, tables=begun.tables)
        weigh(layers, self.model, items)
        _write(tx, CustomerScore, self.duck.rows(scored(layers, self.model, items, begun.id, begun.before)))


@contextmanager
def _beside(crm: CRM, who: Any, begun: ScoreRun, model: ScoreModel) -> Iterator[Work]:
    from pycrm.scoring.duck import duck

    def freeze(session: Any) -> None:
        if not _is_frozen(session.transaction, begun):
            for cls, found in frozen:
                _write(session.transaction, cls, found)

    with duck(crm, begun.as_of) as beside:
        # Nothing is written while facts are read and worked out, so that others may write.
        with crm.view(who) as session:
            layers = _measured(session.transaction, model, apart=True)
            beside.load(session.transaction, layers.facts())
            beside.keep("crm_measured", layers.statement())
            measured = layers.kept("crm_measured", tables=begun.tables)
            frozen = [(cls, beside.rows(select)) for cls, select in _frozen(begun, model, measured)]
        crm.run(who, freeze)
        with crm.view(who) as session:
            beside.load(session.transaction, _books(begun))
        judge(measured, model, usable(crm.catalog, model))
        beside.keep("crm_judged", measured.statement())
        total = int(beside.rows(sa.select(sa.func.count()).select_from(sa.table("crm_judged")))[0][0])
        yield _Beside(model, beside, measured, total, _batches(beside, begun))


def _books(begun: ScoreRun) -> dict[str, Any]:
    """What a run is judged by: its ranks, and the grades that it begins from."""
    found = {}
    for cls, run in ((ScoreStep, begun.tables), (ScoreTotal, begun.tables), (CustomerScore, begun.before)):
        table = cls.__table__
        if run is not None:
            found[table.name] = sa.select(*table.c).where(table.c.run_id == sa.literal(run, RawKey()))
    return found


def _beyond(begun: ScoreRun) -> list[Any]:
    return [] if begun.reached is None else [sa.literal(begun.reached, RawKey()) < CUSTOMER]


def _batches(duck: Duck, begun: ScoreRun) -> list[Batch]:
    place = sa.func.row_number().over(order_by=CUSTOMER)
    placed = sa.select(CUSTOMER, place.label("place")).select_from(sa.table("crm_judged"))
    placed = placed.where(*_beyond(begun))
    placed_ = placed.subquery().c
    piece = sa.func.floor((placed_.place - 1) * (1.0 / BATCH))
    found = sa.select(sa.func.max(placed_.customer), sa.func.count()).group_by(piece).order_by(piece)
    return [Batch(until, number) for until, number in duck.rows(found)]


def _write(tx: Transaction, cls: Any, found: Sequence[Sequence[Any]]) -> None:
    if tx.dialect == "sqlite":
        found = [[one.bytes if isinstance(one, UUID) else one for one in row] for row in found]
    insert_rows(tx, cls, found)


_ENGINES: dict[str, Opening] = {DATABASE: _in_place, DUCKDB: _beside}
