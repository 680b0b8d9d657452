"""Running a model: ranks first, then customers in batches, each committed with how far the run has come.

A run that was interrupted goes on where it stopped; nothing is written twice, since the scores of a
batch and the mark of how far it came are one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import RawDate, RawInstant, RawKey
from pycrm.declare.row import layout
from pycrm.entities.customer import Customer
from pycrm.entities.org import Action
from pycrm.revision.sql import insert_text
from pycrm.scope.actor import unkey
from pycrm.scoring import ranks
from pycrm.scoring.book import (
    DONE,
    FULL,
    INCREMENTAL,
    RUNNING,
    CustomerScore,
    GradeChange,
    ScoreNow,
    ScoreRun,
    ScoreStep,
    ScoreTotal,
)
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.measure import as_of, everybody, moments, refuse_without, some
from pycrm.scoring.model import Item, ScoreModel
from pycrm.scoring.scale import Percentile
from pycrm.scoring.shelf import in_force, rows
from pycrm.scoring.statement import Layers
from pycrm.scoring.weigh import judged, scored, usable, weigh

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.store import Transaction

__all__ = ["Progress", "latest", "refresh", "run", "runs"]

BATCH = 20_000
Progress = Callable[[int, int], None]


def run(
    crm: CRM, who: Any, key: str, *, day: date | None = None, progress: Progress | None = None
) -> ScoreRun:
    """See `CRM.run_scores`."""
    begun: ScoreRun = crm.run(who, lambda session: _begin(session.transaction, key, day))
    total = crm.run(who, lambda session: _ranked(session.transaction, begun))
    while begun.state == RUNNING:
        if progress is not None:
            progress(begun.customers, max(total, begun.customers))
        number = begun.id
        begun = crm.run(who, partial(_next, number))
    if progress is not None:
        progress(begun.customers, begun.customers)
    return begun


def _next(number: UUID, session: Any) -> ScoreRun:
    return _batch(session.transaction, number)


def _begin(tx: Transaction, key: str, day: date | None) -> ScoreRun:
    """The run of that day that was interrupted, or a new one."""
    refuse_without(tx, Action.UPDATE, "scoring customers")
    model, day = in_force(tx, key), as_of(tx, day)
    table = ScoreRun.__table__.c
    same = (table.model == key, table.model_version == model.version, table.kind == FULL)
    left = rows(tx, ScoreRun, *same, table.state == RUNNING, table.as_of == sa.literal(day, RawDate()))
    if left:
        return left[0]  # type: ignore[no-any-return]
    id = tx.crm.identifiers.new()
    return _enter(tx, model, FULL, day, id, id, _before(tx, key, day))


def _enter(
    tx: Transaction, model: ScoreModel, kind: str, day: date, id: UUID, tables: UUID, before: UUID | None
) -> ScoreRun:
    lacking = [
        {"indicator": item.indicator, "feeds": list(tx.crm.catalog.lacking(indicator))}
        for item, indicator in _items(tx, model)
        if not tx.crm.catalog.is_available(indicator)
    ]
    row = ScoreRun(
        id=id,
        number=_next_number(tx, model.key),
        model=model.key,
        model_version=model.version,
        kind=kind,
        as_of=day,
        state=RUNNING,
        began_at=tx.moment,
        by=tx.actor.ref,
        tables=tables,
        before=before,
        lacking=json.dumps(lacking),
    )
    tx.write_one(insert_text(tx, ScoreRun), layout(ScoreRun).dump[tx.dialect](row))
    return row


def _next_number(tx: Transaction, key: str) -> int:
    table = ScoreRun.__table__.c
    highest = sa.select(sa.func.coalesce(sa.func.max(table.number), 0)).where(table.model == key)
    return int(tx.fetch(highest)[0][0]) + 1


def _items(tx: Transaction, model: ScoreModel) -> list[tuple[Item, Indicator]]:
    return [(item, tx.crm.catalog.indicators[item.indicator]) for item in model.items]


def _before(tx: Transaction, key: str, day: date) -> UUID | None:
    """The last full run of an earlier month: grades fall by months, however often one runs (VAL-6)."""
    table = ScoreRun.__table__.c
    earlier = table.as_of < sa.literal(day.replace(day=1), RawDate())
    found = rows(
        tx, ScoreRun, table.model == key, table.kind == FULL, table.state == DONE, earlier,
        order=(table.as_of.desc(), table.number.desc()), limit=1,
    )  # fmt: skip
    return found[0].id if found else None


def latest(tx: Transaction, key: str, *, kind: str | None = FULL) -> ScoreRun | None:
    """The newest run of a model that is done."""
    table = ScoreRun.__table__.c
    of_kind = () if kind is None else (table.kind == kind,)
    order = (table.as_of.desc(), table.number.desc())
    found = rows(tx, ScoreRun, table.model == key, table.state == DONE, *of_kind, order=order, limit=1)
    return found[0] if found else None


def runs(tx: Transaction, key: str) -> list[ScoreRun]:
    """See `Session.score_runs`."""
    refuse_without(tx, Action.READ, "asking for runs of score models")
    table = ScoreRun.__table__.c
    order = (table.as_of.desc(), table.number.desc())
    return rows(tx, ScoreRun, table.model == key, order=order)


def _ranked(tx: Transaction, begun: ScoreRun) -> int:
    """Freeze the ranks of a run, unless it has them; gives the number of customers."""
    model = in_force(tx, begun.model, begun.model_version)
    counted = everybody(model.of).subquery()
    statement = sa.select(sa.func.count()).select_from(counted)
    number = int(tx.fetch(statement, moments(tx, statement, begun.as_of))[0][0])
    table = ScoreTotal.__table__.c
    if rows(tx, ScoreTotal, table.run_id == sa.literal(begun.id, RawKey()), limit=1):
        return number
    catalog = tx.crm.catalog
    layers = Layers(catalog, everybody(model.of), whole=True)
    layers.measure([catalog.indicators[item.indicator] for item in usable(catalog, model)])
    ranked = [
        column
        for column in layers.columns
        if column.name in catalog.indicators
        and isinstance(model.scale_of(column.name, catalog.indicators), Percentile)
    ]
    # Every run has a row here, by which is seen that its ranks are frozen.
    told: list[tuple[str, Any, Any]] = [("", sa.func.count(), sa.cast(sa.null(), sa.Double()))]
    told += [(column.name, sa.func.count(column), sa.cast(sa.null(), sa.Double())) for column in ranked]
    told += [(name, sa.func.count(), sa.func.max(sa.column(name, sa.Double()))) for name in layers.overall]
    for column in ranked:
        _insert(tx, ScoreStep, layers.read(ranks.steps(begun.id, column.name, column, layers.source)), begun)
    _insert(tx, ScoreTotal, layers.read(ranks.totals(begun.id, told, layers.source)), begun)
    return number


def _insert(tx: Transaction, cls: Any, select: Any, begun: ScoreRun) -> None:
    given = moments(tx, select, begun.as_of)
    statement = sa.insert(cls.__table__).from_select(list(layout(cls).names), select, include_defaults=False)
    tx.execute(statement, given)


def _batch(tx: Transaction, id: UUID) -> ScoreRun:
    """Score the next customers by their ids, and say how far the run has come."""
    table = ScoreRun.__table__.c
    begun: ScoreRun = rows(tx, ScoreRun, table.id == sa.literal(id, RawKey()))[0]
    if begun.state == DONE:
        return begun
    model, customer = in_force(tx, begun.model, begun.model_version), Customer.__table__.c
    beyond = [] if begun.reached is None else [customer.id > sa.literal(begun.reached, RawKey())]
    next_ids = everybody(model.of).where(*beyond).order_by(customer.id).limit(BATCH).subquery()
    number = sa.select(sa.func.count()).select_from(next_ids).scalar_subquery()
    last = sa.select(next_ids.c.customer, number).order_by(next_ids.c.customer.desc()).limit(1)
    found = tx.fetch(last, moments(tx, last, begun.as_of))
    if not found:
        return _end(tx, begun)
    reached, done = unkey(found[0][0]), int(found[0][1])
    _score(tx, begun, model, everybody(model.of).where(*beyond, customer.id <= sa.literal(reached, RawKey())))
    begun = layout(ScoreRun).copy(begun, {"reached": reached, "customers": begun.customers + done})
    _keep(tx, begun)
    return begun


def _score(tx: Transaction, begun: ScoreRun, model: ScoreModel, population: Any) -> None:
    catalog = tx.crm.catalog
    items = usable(catalog, model)
    layers = Layers(catalog, population, whole=False, tables=begun.tables)
    judged(layers, model, items)
    weigh(layers, model, items)
    _insert(tx, CustomerScore, scored(layers, model, items, begun.id, begun.before), begun)


def _keep(tx: Transaction, begun: ScoreRun) -> None:
    table = ScoreRun.__table__
    statement = sa.update(table).where(table.c.id == sa.literal(begun.id, RawKey()))
    changed = statement.values(
        reached=sa.literal(begun.reached, RawKey()),
        customers=begun.customers,
        state=begun.state,
        ended_at=sa.literal(begun.ended_at, RawInstant()),
    )
    tx.execute(changed)


def _end(tx: Transaction, begun: ScoreRun) -> ScoreRun:
    """Note whose grade changed, make these the scores of today, and say that the run is done."""
    newest = latest(tx, begun.model, kind=None)
    if newest is None or newest.as_of <= begun.as_of:
        own, now, mine = CustomerScore.__table__, ScoreNow.__table__, sa.literal(begun.id, RawKey())
        former = CustomerScore.__table__.alias("former")
        held = now.c.model == sa.literal(begun.model, sa.Text())
        source = own.join(now, sa.and_(now.c.customer_id == own.c.customer_id, held)).join(
            former, sa.and_(former.c.run_id == now.c.run_id, former.c.customer_id == own.c.customer_id)
        )
        at = sa.literal(tx.moment, RawInstant())
        changes = sa.select(own.c.run_id, own.c.customer_id, former.c.grade, own.c.grade, at)
        changes = changes.select_from(source).where(own.c.run_id == mine, former.c.grade != own.c.grade)
        _insert(tx, GradeChange, changes, begun)
        scored_now = sa.select(own.c.customer_id).where(own.c.run_id == mine)
        # A full run speaks of everybody: who is not in it has no score of today.
        those = () if begun.kind == FULL else (now.c.customer_id.in_(scored_now),)
        tx.execute(sa.delete(now).where(held, *those))
        entered = sa.select(own.c.customer_id, sa.literal(begun.model, sa.Text()), own.c.run_id)
        _insert(tx, ScoreNow, entered.where(own.c.run_id == mine), begun)
    ended = layout(ScoreRun).copy(begun, {"state": DONE, "ended_at": tx.moment})
    _keep(tx, ended)
    return ended  # type: ignore[no-any-return]


def refresh(tx: Transaction, key: str, customers: list[UUID]) -> ScoreRun | None:
    """See `Session.refresh_scores`."""
    refuse_without(tx, Action.UPDATE, "scoring customers")
    full = latest(tx, key)
    if full is None:
        return None
    model = in_force(tx, key, full.model_version)
    begun = _enter(
        tx, model, INCREMENTAL, as_of(tx, None), tx.crm.identifiers.new(), full.tables, full.before
    )
    for ids in _pieces(customers):
        _score(tx, begun, model, some(ids, model.of))
    table = CustomerScore.__table__.c
    counted = sa.select(sa.func.count()).where(table.run_id == sa.literal(begun.id, RawKey()))
    return _end(tx, layout(ScoreRun).copy(begun, {"customers": int(tx.fetch(counted)[0][0])}))


def _pieces(ids: list[UUID]) -> Iterator[list[UUID]]:
    for at in range(0, len(ids), 500):
        yield ids[at : at + 500]
