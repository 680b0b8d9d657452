"""The stages of a pipeline over all its versions, and the history of those records that a reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.judging import refuse_without_pipeline
from pycrm.pipeline.model import Pipeline, Stage
from pycrm.pipeline.tree import ROOT
from pycrm.scope.gateway import Query, query

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["entries", "in_versions", "named", "part", "percent", "staged", "stages", "versions"]

_CENT = Decimal("0.01")


def staged(tx: Transaction, cls: Any, conditions: Iterable[Any] = ()) -> Query:
    """A scoped reading of records with stages, by a reader who is shown their stages.

    Raises:
        InvalidError: the class has no pipeline, or a condition or a stage is not the reader's to read.
    """
    asked = query(tx, cls, conditions)
    refuse_without_pipeline(cls, "entity")
    asked.column(cls.stage)
    asked.column(cls.stage_at)
    return asked


def entries(asked: Query, regions: Sequence[str] = (ROOT,)) -> Any:
    """The columns of the stage history of what is asked for, joined to it: of a pipeline's own stages.

    Of stages within others the regions are named that they lie in.

    A join, since SQLite looks up a list of keys for each row of the history anew. Left to itself it
    also begins with an index of the history and looks up each row and its record in no order, which
    takes twice as long: the signs keep it to records first, and the rows of each by their key.
    """
    table, key = StageEntry.__table__, asked.table.c.id
    of_pipeline: Any = table.c.pipeline == asked.cls.__pipeline__
    if asked.tx.dialect == "sqlite":
        key = sa.literal_column(f"+{asked.table.name}.id")
        pipeline: Any = sa.literal_column(f"+{table.name}.pipeline", sa.Text())
        of_pipeline = pipeline == asked.cls.__pipeline__
    asked.source = asked.source.join(
        table, sa.and_(table.c.record_id == key, of_pipeline, table.c.region.in_(regions))
    )
    return table.c


def versions(tx: Transaction, cls: Any) -> list[Pipeline]:
    """Every published version of the class's pipeline, the newest first."""
    memo = ("versions", cls.__pipeline__)
    if memo not in tx.memo:
        book = tx.crm.pipelines
        numbers = sorted(book.numbers(tx, cls.__pipeline__), reverse=True)
        tx.memo[memo] = [book.chart(tx, cls.__pipeline__, one).pipeline for one in numbers]
    found: list[Pipeline] = tx.memo[memo]
    return found


def stages(tx: Transaction, cls: Any) -> dict[str, Stage]:
    """Each stage by its key: those of the newest version in its order, then what older ones had besides."""
    found: dict[str, Stage] = {}
    for pipeline in versions(tx, cls):
        for stage in pipeline.stages:
            found.setdefault(stage.key, stage)
    return found


def named(tx: Transaction, cls: Any, key: str) -> Stage:
    """The stage of that key.

    Raises:
        InvalidError: no version has one.
    """
    found = stages(tx, cls).get(key)
    if found is None:
        wrong = Problem("stage", "unknown", f"no stage {key!r}")
        raise InvalidError(wrong.message, fields=[wrong])
    return found


def in_versions(tx: Transaction, cls: Any, holds: Callable[[Stage], bool]) -> Any:
    """The condition that a record stands in a stage for which something holds, by its own version."""
    options = []
    for pipeline in versions(tx, cls):
        keys = [stage.key for stage in pipeline.stages if holds(stage)]
        if keys:
            options.append(sa.and_(cls.pipeline_version == pipeline.version, cls.stage.in_(keys)))
    return sa.or_(*options) if options else sa.false()


def part(number: Any, whole: Any, places: Decimal = _CENT) -> Decimal | None:
    """The quotient of two numbers, rounded half up to 2 places; None where there is no basis."""
    return (Decimal(number) / Decimal(whole)).quantize(places, ROUND_HALF_UP) if whole else None


def percent(number: Any, whole: Any) -> Decimal | None:
    """So many in a hundred, to 2 places; None where there is no basis."""
    return part(Decimal(number) * 100, whole)
