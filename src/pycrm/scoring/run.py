"""Running a model: ranks first, then customers in batches, each committed with how far the run has come.

A run that was interrupted goes on where it stopped; nothing is written twice, since the scores of a
batch and the mark of how far it came are one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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
from pycrm.scoring import engine as engines
from pycrm.scoring.book import (
    DONE,
    FULL,
    INCREMENTAL,
    RUNNING,
    CustomerScore,
    GradeChange,
    ScoreNow,
    ScoreRun,
)
from pycrm.scoring.changed import changed
from pycrm.scoring.engine import DATABASE, Work
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.measure import as_of, refuse_without, some
from pycrm.scoring.model import Item, ScoreModel
from pycrm.scoring.shelf import measurable, rows
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.store import Transaction

__all__ = ["Progress", "latest", "refresh", "run", "runs"]

Progress = Callable[[int, int], None]


def run(
    crm: CRM,
    who: Any,
    key: str,
    *,
    day: date | None = None,
    engine: str = DATABASE,
    progress: Progress | None = None,
) -> ScoreRun:
    """See `CRM.run_scores`."""
    open_ = engines.engine(engine)
    begun, model = crm.run(who, lambda session: _begin(session.transaction, key, day))
    with open_(crm, who, begun, model) as work:
        while begun.state == RUNNING:
            if progress is not None:
                progress(begun.customers, max(work.total, begun.customers))
            begun = crm.run(who, partial(_next, begun.id, work))
    if progress is not None:
        progress(begun.customers, begun.customers)
    return begun


def _next(number: UUID, work: Work, session: Any) -> ScoreRun:
    """Score the next customers by their ids, and say how far the run has come."""
    tx = session.transaction
    # Two who run the same take turns, and the second goes on where the first has come.
    mine = ScoreRun.__table__.c.id == sa.literal(number, RawKey())
    begun: ScoreRun = rows(tx, ScoreRun, mine, lock=True)[0]
    if begun.state == DONE:
        return begun
    batch = work.batch(tx, begun)
    if batch is None:
        return _end(tx, begun)
    work.score(tx, begun, batch)
    begun = layout(ScoreRun).copy(
        begun, {"reached": batch.until, "customers": begun.customers + batch.number}
    )
    _keep(tx, begun)
    return begun


def _begin(tx: Transaction, key: str, day: date | None) -> tuple[ScoreRun, ScoreModel]:
    """The run of that day that was interrupted, or a new one; and its model."""
    refuse_without(tx, Action.UPDATE, "scoring customers")
    model, day = measurable(tx, key), as_of(tx, day)
    table = ScoreRun.__table__.c
    same = (table.model == key, table.model_version == model.version, table.kind == FULL)
    left = rows(tx, ScoreRun, *same, table.state == RUNNING, table.as_of == sa.literal(day, RawDate()))
    if left:
        return left[0], model
    id = tx.crm.identifiers.new()
    return _enter(tx, model, FULL, day, id, id, _before(tx, key, day)), model


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
    found = latest(tx, key, until=day.replace(day=1))
    return found.id if found else None


def latest(
    tx: Transaction, key: str, *, kind: str | None = FULL, until: date | None = None
) -> ScoreRun | None:
    """The newest run of a model that is done; with `until` the newest as of a day before that."""
    table = ScoreRun.__table__.c
    wanted = [table.state == DONE]
    if kind is not None:
        wanted.append(table.kind == kind)
    if until is not None:
        wanted.append(table.as_of < sa.literal(until, RawDate()))
    found = _newest(tx, key, *wanted, limit=1)
    return found[0] if found else None


def runs(tx: Transaction, key: str) -> list[ScoreRun]:
    """See `Session.score_runs`."""
    refuse_without(tx, Action.READ, "asking for runs of score models")
    return _newest(tx, key)


def _newest(tx: Transaction, key: str, *where: Any, limit: int | None = None) -> list[ScoreRun]:
    """The runs of a model, the newest day first, and of one day the last that was begun."""
    table = ScoreRun.__table__.c
    order = (table.as_of.desc(), table.number.desc())
    return rows(tx, ScoreRun, table.model == key, *where, order=order, limit=limit)


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
        model = sa.literal(begun.model, sa.Text())
        held, at = now.c.model == model, sa.literal(tx.moment, RawInstant())
        source = own.join(now, sa.and_(now.c.customer_id == own.c.customer_id, held)).join(
            former, sa.and_(former.c.run_id == now.c.run_id, former.c.customer_id == own.c.customer_id)
        )
        changes = sa.select(own.c.run_id, own.c.customer_id, model, former.c.grade, own.c.grade, at)
        changes = changes.select_from(source).where(own.c.run_id == mine, former.c.grade != own.c.grade)
        engines.insert(tx, GradeChange, changes, begun)
        scored_now = sa.select(own.c.customer_id).where(own.c.run_id == mine)
        # A full run speaks of everybody: who is not in it has no score of today.
        those = () if begun.kind == FULL else (now.c.customer_id.in_(scored_now),)
        tx.execute(sa.delete(now).where(held, *those))
        entered = sa.select(own.c.customer_id, model, own.c.run_id)
        engines.insert(tx, ScoreNow, entered.where(own.c.run_id == mine), begun)
    ended = layout(ScoreRun).copy(begun, {"state": DONE, "ended_at": tx.moment})
    _keep(tx, ended)
    return ended  # type: ignore[no-any-return]


def refresh(tx: Transaction, key: str, customers: list[UUID] | None) -> ScoreRun | None:
    """See `Session.refresh_scores`."""
    refuse_without(tx, Action.UPDATE, "scoring customers")
    full = latest(tx, key)
    if full is None:
        return None
    model = measurable(tx, key, full.model_version)
    if customers is None:
        customers = changed(tx, model, full.began_at)
    begun = _enter(
        tx, model, INCREMENTAL, as_of(tx, None), tx.crm.identifiers.new(), full.tables, full.before
    )
    for ids in pieces(customers):
        engines.score(tx, begun, model, some(ids, model.of))
        _forget(tx, key, ids)
    table = CustomerScore.__table__.c
    counted = sa.select(sa.func.count()).where(table.run_id == sa.literal(begun.id, RawKey()))
    return _end(tx, layout(ScoreRun).copy(begun, {"customers": int(tx.fetch(counted)[0][0])}))


def _forget(tx: Transaction, key: str, ids: list[UUID]) -> None:
    """Those of these customers who are no more have no score of today."""
    customer, now = Customer.__table__.c, ScoreNow.__table__.c
    # Asked of each of these: all customers that there are would take seconds to read.
    there = sa.exists().where(customer.id == now.customer_id, customer.archived_at.is_(None))
    those = now.customer_id.in_([sa.literal(one, RawKey()) for one in ids])
    gone = sa.delete(ScoreNow.__table__).where(now.model == sa.literal(key, sa.Text()), those)
    tx.execute(gone.where(~there))
