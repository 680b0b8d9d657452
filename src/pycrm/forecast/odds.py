"""How likely each open opportunity is, by a model of those that closed, if it is worth anything."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Ref
from pycrm.declare.raw import instant
from pycrm.entities.opportunity import Opportunity
from pycrm.forecast.closing import opportunities
from pycrm.forecast.logistic import BackTest, LogisticModel, back_test, fit_logistic
from pycrm.forecast.stage import entries, in_versions, limited, scanned
from pycrm.scope.actor import unkey

if TYPE_CHECKING:
    from pycrm.forecast.stage import Course
    from pycrm.scope.gateway import Query
    from pycrm.store import Transaction

__all__ = ["Odds", "odds"]

# The latest rows of history that are looked at: minutes of arithmetic are not worth more.
_MOST = 20_000
_TRAINED = 0.7
_LEAST_OF_A_KIND = 10
_CENT = Decimal("0.01")


@attrs.frozen
class Odds:
    """What a model says of the open opportunities, and how it did on those it had not seen.

    Args:
        verdict: ``"better than chance"``, ``"no better than chance"`` or ``"too few"``.
        back_test: None where too few were closed.
        of: the probability of each open opportunity in percent; none unless better than chance.
    """

    verdict: str
    back_test: BackTest | None
    of: dict[Ref[Opportunity], Decimal]


@attrs.frozen
class _Case:
    """An opportunity as it stood when it entered a stage, and whether it was won."""

    id: UUID
    row: tuple[float, ...]
    won: bool = False


def odds(tx: Transaction, conditions: Iterable[Any], least: int, pipeline: str | None = None) -> Odds:
    """See `Session.odds`."""
    given = list(conditions)
    cases = _closed(*_asked(tx, given, pipeline))
    cut = int(len(cases) * _TRAINED)
    parts = cases[:cut], cases[cut:]
    kinds = [sum(one.won is kind for one in part) for part in parts for kind in (True, False)]
    if len(cases) < least or min(kinds) < _LEAST_OF_A_KIND:
        return Odds("too few", None, {})
    (rows, won), (later, came) = (([one.row for one in part], [one.won for one in part]) for part in parts)
    tried = back_test(fit_logistic(rows, won), later, came, won)
    if not tried.is_better_than_chance:
        return Odds("no better than chance", tried, {})
    model = fit_logistic([*rows, *later], [*won, *came])
    return Odds(
        "better than chance",
        tried,
        {one[0]: one[1] for one in _said(model, _open(*_asked(tx, given, pipeline)))},
    )


def _said(model: LogisticModel, cases: Iterable[_Case]) -> Iterable[tuple[Ref[Opportunity], Decimal]]:
    for one in cases:
        percent = Decimal(model.probability(one.row) * 100).quantize(_CENT, ROUND_HALF_UP)
        yield Ref(Opportunity.__name__, one.id), percent


def _closed(asked: Query, of: Course) -> list[_Case]:
    """One case of each closed opportunity, at one of the stages that it passed, by the time of closing.

    Which one its id decides, so that no case depends on how it ended, and none counts twice.
    """
    tx, table, entry = asked.tx, asked.table.c, entries(asked, of)
    asked.where.append(in_versions(tx, Opportunity, lambda stage: stage.is_closed))
    columns = (table.id, *_seen(table), entry.at, entry.stage, table.stage, table.pipeline_version)
    statement = asked.select(*columns).order_by(table.stage_at.desc(), table.id, entry.seq).limit(_MOST)
    rows = scanned(asked, statement)
    open_, found = _open_keys(of), []
    for raw, group in groupby(rows, key=lambda row: row[0]):
        passed = [row for row in group if row[5] in open_]
        id = unkey(raw)
        if passed and id is not None:
            _, amount, currency, made, at, stage, end, version = passed[id.int % len(passed)]
            row = _row(of, tx.crm.currency, (amount, currency, made, at, stage))
            found.append(_Case(id, row, of.versions[version].stage(end).kind == "won"))
    return found[::-1]


def _open(asked: Query, of: Course) -> list[_Case]:
    tx, table = asked.tx, asked.table.c
    asked.where.append(in_versions(tx, Opportunity, lambda stage: not stage.is_closed))
    statement = asked.select(table.id, *_seen(table), table.stage_at, table.stage).order_by(table.id)
    rows = scanned(asked, statement)
    currency = tx.crm.currency
    return [_Case(id, _row(of, currency, row[1:])) for row in rows if (id := unkey(row[0])) is not None]


def _asked(tx: Transaction, conditions: list[Any], pipeline: str | None) -> tuple[Query, Course]:
    asked = opportunities(tx, conditions)
    asked.column(Opportunity.created_at)
    return asked, limited(asked, pipeline)


def _seen(table: Any) -> tuple[Any, ...]:
    return table.amount, table.amount_currency, table.created_at


def _open_keys(of: Course) -> list[str]:
    return [key for key, stage in of.stages.items() if not stage.is_closed]


def _row(of: Course, own: str, seen: Any) -> tuple[float, ...]:
    """Which stage, how much in the CRM's own currency, and how old in days when it entered the stage."""
    amount, currency, made, at, stage = seen
    is_known = amount is not None and currency == own
    if isinstance(at, int):
        made, at = instant(made), instant(at)
    age = max(0.0, (at - made).total_seconds() / 86_400)
    size = math.log1p(max(0, amount)) if is_known else 0.0
    return (*(float(key == stage) for key in _open_keys(of)), float(is_known), size, math.log1p(age))
