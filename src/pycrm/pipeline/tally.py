"""How much stands in each stage of a pipeline, within what a reader may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.errors import InvalidError
from pycrm.pipeline.choosing import refuse_other
from pycrm.pipeline.judging import refuse_without_pipeline
from pycrm.pipeline.model import Kind, Stage
from pycrm.scope.gateway import query
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["StageTally", "by_stage"]


@attrs.frozen
class StageTally:
    """What stands in one stage: how many records, and their amounts, one sum per currency."""

    stage: str
    label: str
    kind: Kind
    count: int
    sums: tuple[Money, ...]


def by_stage(
    tx: Transaction, cls: Any, amount: Any, conditions: Iterable[Any], pipeline: str | None = None
) -> list[StageTally]:
    """See `Session.by_stage`."""
    refuse_without_pipeline(cls, "entity")
    asked = query(tx, cls, conditions)
    # What is asked for is looked through before anything is sent.
    of = cls.__pipeline__ if pipeline is None else pipeline
    statement = _statement(asked, cls, amount).where(asked.table.c.pipeline == sa.literal(of, sa.Text()))
    refuse_other(tx, cls, of)
    stages = _current(tx, of)
    rows = [] if asked.nothing else tx.fetch(statement)
    counts: dict[str, int] = {}
    sums: dict[str, dict[str, int]] = {}
    for key, version, currency, number, units in rows:
        # A stage that the current version has dropped still holds records of older versions.
        stages.setdefault(key, _stage(tx, of, version, key))
        counts[key] = counts.get(key, 0) + number
        if currency is not None:
            held = sums.setdefault(key, {})
            held[currency] = held.get(currency, 0) + int(units)
    return [
        StageTally(key, stage.label, stage.kind, counts.get(key, 0), _money(sums.get(key, {})))
        for key, stage in stages.items()
    ]


def _statement(asked: Any, cls: Any, amount: Any) -> Any:
    if amount is not None and not isinstance(amount, MoneyColumn):
        raise InvalidError("only amounts of money are summed")
    table = cls.__table__.c
    by = [table.stage, table.pipeline_version]
    if amount is None:
        columns = [*by, sa.null(), sa.func.count(), sa.null()]
    else:
        by.append(asked.column(amount.currency))
        columns = [*by, sa.func.count(), sa.func.sum(asked.column(amount.units))]
    return asked.select(*columns).group_by(*by)


def _current(tx: Transaction, key: str) -> dict[str, Stage]:
    pipeline = tx.crm.pipelines.current(tx, key).pipeline
    return {stage.key: stage for stage in pipeline.stages}


def _stage(tx: Transaction, pipeline: str, version: int, key: str) -> Stage:
    found: Stage = tx.crm.pipelines.chart(tx, pipeline, version).pipeline.stage(key)
    return found


def _money(units: dict[str, int]) -> tuple[Money, ...]:
    return tuple(Money.minor(number, currency) for currency, number in sorted(units.items()))
