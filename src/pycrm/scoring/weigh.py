"""From points to a score and a grade: the last layers of the statement (VAL-4, VAL-6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.raw import RawKey
from pycrm.scoring.book import CustomerScore
from pycrm.scoring.catalog import Catalog
from pycrm.scoring.function import hundredths, listed, ratio
from pycrm.scoring.indicator import Aspect
from pycrm.scoring.model import UNRATED, Item, ScoreModel
from pycrm.scoring.statement import CUSTOMER, Layers

__all__ = ["judge", "judged", "scored", "usable", "weigh"]

_SCORE: Any = sa.column("crm_score_now", sa.BigInteger())
_OWN: Any = sa.column("crm_own_grade", sa.Text())


def usable(catalog: Catalog, model: ScoreModel) -> list[Item]:
    """The items of a model that can be measured here, in its order."""
    return [item for item in model.items if catalog.is_available(catalog.indicators[item.indicator])]


def judged(layers: Layers, model: ScoreModel, items: Sequence[Item]) -> None:
    """Add values and points of a model's items."""
    layers.measure([layers.catalog.indicators[item.indicator] for item in items])
    judge(layers, model, items)


def judge(layers: Layers, model: ScoreModel, items: Sequence[Item]) -> None:
    """Add points of a model's items, which are measured."""
    known = layers.catalog.indicators
    scales = {item.indicator: model.scale_of(item.indicator, known) for item in items}
    layers.judge(scales, {code: known[code].on_none for code in scales})


def weigh(layers: Layers, model: ScoreModel, items: Sequence[Item]) -> None:
    """Add the points of aspects, the score in hundredths and the grade by the score alone."""
    known = layers.catalog.indicators
    aspects = {}
    for aspect in Aspect:
        of = [item for item in items if known[item.indicator].aspect is aspect]
        if of and model.weights.get(aspect.value, 0) > 0:
            aspects[aspect] = _mean([(_points(item.indicator), item.weight) for item in of])
    layers.layer([(f"a:{aspect.value}", mean) for aspect, mean in aspects.items()], "crm_aspects")
    whole: list[Any] = [
        (sa.column(f"a:{one.value}", sa.Double()), model.weights[one.value]) for one in aspects
    ]
    score = hundredths(_mean(whole)) if whole else sa.cast(sa.null(), sa.BigInteger())
    layers.layer([(_SCORE.name, score)], "crm_weighed")
    layers.layer([(_OWN.name, _grade(model))], "crm_graded")


def _points(code: str) -> Any:
    return sa.column(f"p:{code}", sa.Double())


def _mean(parts: list[tuple[Any, float]]) -> Any:
    """The weighted mean of what is there; nothing where none is."""
    over: Any = sum(
        (sa.func.coalesce(points * float(weight), 0.0) for points, weight in parts), sa.literal(0.0)
    )
    under: Any = sum(
        (sa.case((points.is_not(None), float(weight)), else_=0.0) for points, weight in parts),
        sa.literal(0.0),
    )
    return ratio(over, under)


def _grade(model: ScoreModel) -> Any:
    steps = [(round(least * 100) <= _SCORE, sa.literal(grade, sa.Text())) for grade, least in model.bands]
    return sa.case(*steps, else_=sa.literal(UNRATED, sa.Text()))


def scored(layers: Layers, model: ScoreModel, items: Sequence[Item], run: UUID, before: UUID | None) -> Any:
    """The rows of a run: with the grade in force, which rises at once and falls late."""
    former = CustomerScore.__table__.alias("former")
    source = layers.source
    fallen: Any = sa.literal(0, sa.BigInteger())
    grade: Any = _OWN
    if before is not None:
        is_before = sa.and_(former.c.run_id == sa.literal(before, RawKey()), former.c.customer_id == CUSTOMER)
        source = source.outerjoin(former, is_before)
        lies_below = _rank(model, _OWN) > _rank(model, former.c.grade)
        so_many = sa.func.coalesce(former.c.fallen, 0) + 1
        held = sa.and_(lies_below, so_many < model.patience)
        fallen = sa.case((held, so_many), else_=fallen)
        grade = sa.case((held, former.c.grade), else_=_OWN)
    inputs: list[Any] = [
        sa.column(name) for item in items for name in (item.indicator, f"p:{item.indicator}")
    ]
    columns = [sa.literal(run, RawKey()), CUSTOMER, _SCORE, _OWN, grade, fallen]
    told = listed(inputs) if inputs else sa.literal("[]", sa.Text())
    return layers.read(sa.select(*columns, told).select_from(source))


def _rank(model: ScoreModel, grade: Any) -> Any:
    """The place of a grade, the best first; what is not rated has none and holds nothing."""
    return sa.case(*((grade == name, at) for at, name in enumerate(model.grades)))
