"""What a score is made of: the contributions of its indicators, which add up to it (VAL-8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.raw import RawDate, RawKey
from pycrm.declare.row import layout
from pycrm.entities.customer import Customer
from pycrm.entities.grade import GradeOverride
from pycrm.entities.org import Action
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import Query, bounded, not_in_sight, query
from pycrm.scope.predicate import renamed, scope_of
from pycrm.scoring.book import DONE, CustomerScore, ScoreNow, ScoreRun
from pycrm.scoring.grade import Override, lasting, read_override, today, told_of
from pycrm.scoring.indicator import Aspect
from pycrm.scoring.part import Part, Parts, Sheet
from pycrm.scoring.plan import planned
from pycrm.scoring.shelf import in_force, measurable, rows

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Graded", "Part", "Score", "graded", "history", "score", "scores"]

_SHOWN = 5


@attrs.frozen
class Score:
    """A customer's score of one run.

    Args:
        score: 0 to 100 with two places; None where nothing could be weighed.
        grade: the one in force: that of the `override` while one lasts, else the `computed` one.
        computed: to which the runs came, which rises at once and falls late.
        own: that of the score alone.
        as_of, tables_of: the day of the facts, and that of the ranks.
        parts: every indicator of the model.
        lacking: aspects of which nothing is available here.
    """

    customer: Ref[Customer]
    model: str
    version: int
    as_of: date
    tables_of: date
    score: Decimal | None
    grade: str
    computed: str
    own: str
    parts: Sequence[Part]
    lacking: tuple[Aspect, ...]
    before: Score | None = None
    override: Override | None = None

    @property
    def aspects(self) -> dict[Aspect, float]:
        """The points of each aspect that has some, 0 to 100."""
        found = {}
        for aspect in Aspect:
            of = [part for part in self.parts if part.aspect is aspect and part.weight > 0]
            if of:
                found[aspect] = sum(one.contribution for one in of) / sum(one.weight for one in of)
        return found

    @cached_property
    def _moves(self) -> list[tuple[Part, float]]:
        former = {one.indicator: one.contribution for one in self.before.parts} if self.before else {}
        moved = [(one, one.contribution - former.get(one.indicator, 0.0)) for one in self.parts]
        return sorted(moved, key=lambda pair: (-pair[1], pair[0].indicator)) if self.before else []

    @property
    def gains(self) -> list[tuple[Part, float]]:
        """The five indicators that added most against the run before, and by how much."""
        return [one for one in self._moves if one[1] > 0][:_SHOWN]

    @property
    def losses(self) -> list[tuple[Part, float]]:
        """The five indicators that took most against the run before, and by how much."""
        return [one for one in self._moves[::-1] if one[1] < 0][:_SHOWN]


@attrs.frozen
class Graded:
    """A customer's score of today in short: the grade in force, and 0 to 100 with two places."""

    model: str
    grade: str
    score: Decimal | None


def graded(tx: Transaction, customers: Iterable[Any]) -> dict[UUID, Graded]:
    """See `Session.graded`."""
    asked = query(tx, Customer, [Customer.id.in_(list(customers))])
    if asked.nothing:
        return {}
    found: dict[UUID, Graded] = {}
    for key, model, grade, hundredths, set_ in _grades(tx, asked):
        id = unkey(key)
        if id is None or id in found:
            continue
        lasts_here = set_ is not None and set_ in in_force(tx, model).grades
        score = None if hundredths is None else Decimal(hundredths).scaleb(-2)
        found[id] = Graded(model, set_ if lasts_here else grade, score)
    return found


def _grades(tx: Transaction, asked: Query) -> list[Any]:
    """Of customers the key, and of each model by which they are scored grade, score and what is set over it."""
    same = asked.comparisons()
    if same is None:
        return tx.fetch(_of_many(tx, asked, asked.where, sa.literal(today(tx), RawDate())))

    def statement() -> Any:
        return _of_many(tx, asked, same.where(), sa.bindparam("today", type_=RawDate()))

    dialect = tx.store.engine.dialect
    day = RawDate().bind_processor(dialect)(today(tx))
    alike = ("graded", asked.scope.shape, same.key, frozenset(field_rights(tx, GradeOverride).closed))
    return asked.run(alike, statement, same.bound(dialect) | {"today": day})


def _of_many(tx: Transaction, asked: Query, conditions: Iterable[Any], day: Any) -> Any:
    now, own, lasts = ScoreNow.__table__, CustomerScore.__table__, lasting(tx, day=day)
    asked.where = list(conditions)
    is_own = sa.and_(own.c.run_id == now.c.run_id, own.c.customer_id == asked.table.c.id)
    asked.source = asked.source.join(now, now.c.customer_id == asked.table.c.id).join(own, is_own)
    asked.source = asked.source.outerjoin(lasts, lasts.c.of_id == asked.table.c.id)
    told = asked.select(own.c.customer_id, now.c.model, own.c.grade, own.c.score, lasts.c.grade)
    return told.order_by(now.c.model)


def score(tx: Transaction, customer: UUID, model: str | None) -> Score | None:
    """See `Session.score`."""
    told = _told(tx, customer, model, 2)
    found = [_score(tx, _noted(tx, row), row[_OWN:]) for row in told]
    if not found:
        return None
    over = read_override(told[0][:_RUN_AT])
    if over is not None and over.grade not in in_force(tx, found[0].model).grades:
        over = None
    now = _in_force(found[0], over)
    return attrs.evolve(now, before=found[1]) if len(found) > 1 else now


def _in_force(found: Score, over: Override | None) -> Score:
    return found if over is None else attrs.evolve(found, grade=over.grade, override=over)


def history(tx: Transaction, customer: UUID, model: str | None) -> list[Score]:
    """See `Session.score_history`."""
    return [_score(tx, _noted(tx, row), row[_OWN:]) for row in _told(tx, customer, model, None)]


def _told(tx: Transaction, customer: UUID, model: str | None, limit: int | None) -> list[Any]:
    """All that is said of a customer's scores by a model, the newest first, in one statement with its scope.

    Raises:
        NotFoundError: the customer is missing or out of scope.
    """
    scope = scope_of(tx, Customer, Action.READ, True)
    key = (
        "scores of one",
        limit,
        model is None,
        scope.shape,
        frozenset(field_rights(tx, GradeOverride).closed),
    )
    plan = planned(tx, key, lambda: _of_one(tx, scope, limit, model is None))
    given = {"given_customer": customer, "given_model": model, "given_today": today(tx)}
    rows = plan.given(tx, **given, **{_GIVEN + name: value for name, value in scope.values.items()})
    if not rows:
        raise not_in_sight(Customer)
    # A customer in sight has a row, whether it has scores or not.
    return [row for row in rows if row[_ID] is not None]


def _of_one(tx: Transaction, scope: Any, limit: int | None, is_first: bool) -> Any:
    """What people set over the scores of a customer, and each score with its run."""
    customer, own, run = Customer.__table__, CustomerScore.__table__, ScoreRun.__table__
    lasts = lasting(tx, day=sa.bindparam("given_today", type_=RawDate()))
    id = sa.bindparam("given_customer", type_=RawKey())
    model: Any = sa.bindparam("given_model", type_=sa.Text())
    if is_first:
        now = ScoreNow.__table__.c
        model = sa.select(sa.func.min(now.model)).where(now.customer_id == id).scalar_subquery()
    is_run = sa.and_(
        run.c.id == own.c.run_id, run.c.state == sa.literal(DONE, sa.Text()), run.c.model == model
    )
    # Not within brackets: of those SQLite would make a table of all scores that there are.
    source = customer.outerjoin(own, own.c.customer_id == customer.c.id).outerjoin(run, is_run)
    source = source.outerjoin(lasts, lasts.c.of_id == customer.c.id)
    told = (*(run.c[name] for name in _RUN.names), *(own.c[name] for name in _COLUMNS))
    statement = sa.select(*told_of(lasts), *told).select_from(source).where(customer.c.id == id)
    if scope.where is not None:
        statement = statement.where(renamed(scope.where, _GIVEN))
    statement = statement.order_by(run.c.as_of.desc().nulls_last(), run.c.number.desc())
    return statement if limit is None else statement.limit(limit)


def _noted(tx: Transaction, row: Any) -> ScoreRun:
    """The run of a row, made once: a run that is done does not change."""
    memo = ("run", row[_ID])
    if memo not in tx.memo:
        (tx.memo[memo],) = _RUN.build([row[_RUN_AT:_OWN]])
    found: ScoreRun = tx.memo[memo]
    return found


_GIVEN = "given_"
_RUN = layout(ScoreRun)
_COLUMNS = ("customer_id", "score", "own", "grade", "inputs")
# The places of a run and of a score among the columns, behind the three of an override.
_RUN_AT = 3
_ID, _OWN = _RUN_AT + _RUN.names.index("id"), _RUN_AT + len(_RUN.names)


def scores(
    tx: Transaction, model: str, conditions: Iterable[Any], grade: str | None, limit: int | None
) -> list[Score]:
    """See `Session.scores`."""
    lasts = lasting(tx, in_force(tx, model))
    asked = query(tx, Customer, conditions)
    if asked.nothing:
        return []
    now, own = ScoreNow.__table__, CustomerScore.__table__
    is_now = sa.and_(now.c.customer_id == asked.table.c.id, now.c.model == sa.literal(model, sa.Text()))
    is_own = sa.and_(own.c.run_id == now.c.run_id, own.c.customer_id == asked.table.c.id)
    asked.source = asked.source.join(now, is_now).join(own, is_own)
    asked.source = asked.source.outerjoin(lasts, lasts.c.of_id == asked.table.c.id)
    if grade is not None:
        asked.where.append(sa.func.coalesce(lasts.c.grade, own.c.grade) == grade)
    statement = asked.select(*told_of(lasts), own.c.run_id, *(own.c[name] for name in _COLUMNS))
    best_first = (sa.func.coalesce(own.c.score, -1).desc(), asked.table.c.id)
    limit = bounded(limit)
    ordered = statement.order_by(*best_first)
    told = tx.fetch(ordered if limit is None else ordered.limit(limit))
    by_id = _runs(tx, [unkey(row[3]) for row in told])
    return [_in_force(_score(tx, by_id[unkey(row[3])], row[4:]), read_override(row[:3])) for row in told]


def _runs(tx: Transaction, ids: list[UUID | None]) -> dict[UUID | None, ScoreRun]:
    wanted = [sa.literal(one, RawKey()) for one in dict.fromkeys(ids)]
    found = rows(tx, ScoreRun, ScoreRun.__table__.c.id.in_(wanted)) if wanted else []
    return {one.id: one for one in found}


def _score(tx: Transaction, run: ScoreRun, row: Sequence[Any]) -> Score:
    customer, hundredths, own, grade, inputs = row
    id = unkey(customer)
    assert id is not None
    sheet, lacking = _sheet(tx, run)
    return Score(
        customer=Ref(Customer.__name__, id),
        model=run.model,
        version=run.model_version,
        as_of=run.as_of,
        tables_of=_day_of_tables(tx, run),
        score=None if hundredths is None else Decimal(hundredths).scaleb(-2),
        grade=grade,
        computed=grade,
        own=own,
        parts=Parts(sheet, inputs),
        lacking=lacking,
    )


def _sheet(tx: Transaction, run: ScoreRun) -> tuple[Sheet, tuple[Aspect, ...]]:
    """What is alike in all scores of a run, and the aspects of which nothing was available in it."""
    memo = ("sheet", run.id)
    if memo not in tx.memo:
        model, known = measurable(tx, run.model, run.model_version), tx.crm.catalog.indicators
        absent = {one["indicator"] for one in json.loads(run.lacking)}
        there = {known[item.indicator].aspect for item in model.items if item.indicator not in absent}
        weighed = [Aspect(one) for one, weight in model.weights.items() if weight > 0]
        lacking = tuple(one for one in weighed if one not in there)
        tx.memo[memo] = Sheet(tx, model, absent), lacking
    found: tuple[Sheet, tuple[Aspect, ...]] = tx.memo[memo]
    return found


def _day_of_tables(tx: Transaction, run: ScoreRun) -> date:
    if run.tables == run.id:
        return run.as_of
    memo = ("tables of", run.tables)
    if memo not in tx.memo:
        tx.memo[memo] = rows(tx, ScoreRun, ScoreRun.__table__.c.id == sa.literal(run.tables, RawKey()))[
            0
        ].as_of
    found: date = tx.memo[memo]
    return found
