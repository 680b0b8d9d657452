"""Publishing models, and trying one before: who would rise and fall, with nothing stored (VAL-9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.entities.customer import Customer
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.scope.actor import unkey
from pycrm.scoring.book import CustomerScore, ScoreNow
from pycrm.scoring.measure import as_of, everybody, refuse_without, run
from pycrm.scoring.model import UNRATED, ScoreModel
from pycrm.scoring.shelf import keep_model, model_of, models
from pycrm.scoring.statement import CUSTOMER, Layers
from pycrm.scoring.weigh import judged, usable, weigh

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Mover", "Trial", "publish", "published", "try_model", "unpublished"]


@attrs.frozen
class Mover:
    """A customer whose grade would be another."""

    customer: Ref[Customer]
    former: str
    grade: str


@attrs.frozen
class Trial:
    """What a model would make of the customers as of a day.

    Args:
        matrix: how many customers have the first grade today and would have the second.
        movers: those who would change, the best new grades first.
        warnings: indicators that are not available here.
    """

    as_of: date
    matrix: Mapping[tuple[str, str], int]
    movers: tuple[Mover, ...]
    warnings: tuple[Problem, ...]


def published(tx: Transaction) -> list[ScoreModel]:
    """See `Session.score_models`."""
    return [model_of(one) for one in models(tx)]


def try_model(tx: Transaction, given: Any, day: date | None) -> Trial:
    """See `Session.try_score_model`."""
    refuse_without(tx, Action.READ, "trying score models")
    model, day = _checked(tx, given), as_of(tx, day)
    former = _grades(tx, model.key)
    layers = Layers(tx.crm.catalog, everybody(model.of), whole=True)
    items = usable(tx.crm.catalog, model)
    judged(layers, model, items)
    weigh(layers, model, items)
    matrix, movers = Counter[tuple[str, str]](), []
    for key, grade in run(tx, layers.statement(CUSTOMER, sa.column("crm_own_grade")), day):
        id = unkey(key)
        assert id is not None
        was = former.get(id, UNRATED)
        matrix[was, grade] += 1
        if was != grade:
            movers.append(Mover(Ref(Customer.__name__, id), was, grade))
    order = {grade: at for at, grade in enumerate((*model.grades, UNRATED))}
    movers.sort(key=lambda one: (order[one.grade], order.get(one.former, -1), one.customer.id))
    return Trial(day, dict(matrix), tuple(movers), tuple(_warnings(tx, model)))


def publish(tx: Transaction, given: Any, reason: str | None, *, confirmed: bool) -> ScoreModel:
    """See `Session.publish_score_model`."""
    refuse_without(tx, Action.UPDATE, "publishing score models")
    model = _checked(tx, given)
    there = [one.version for one in models(tx, model.key)]
    if model.version in there:
        raise ConflictError(f"version {model.version} is published, and published versions never change")
    if model.version != max(there, default=0) + 1:
        wrong = Problem("version", "range", f"the next version is {max(there, default=0) + 1}")
        raise InvalidError(wrong.message, fields=[wrong])
    warnings = list(_warnings(tx, model))
    if warnings and not confirmed:
        raise InvalidError(f"{warnings[0].message}: confirm it", fields=warnings)
    keep_model(tx, model, reason)
    return model


def _checked(tx: Transaction, given: Any) -> ScoreModel:
    """A model that could be weighed.

    Raises:
        InvalidError: with all that is wrong with it.
    """
    model = given if isinstance(given, ScoreModel) else ScoreModel.from_dict(given)
    problems = list(model.problems(tx.crm.catalog.indicators))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)
    return model


def _warnings(tx: Transaction, model: ScoreModel) -> list[Problem]:
    """What is not available here (VAL-E3)."""
    catalog = tx.crm.catalog
    found = []
    for index, item in enumerate(model.items):
        lacking = catalog.lacking(catalog.indicators[item.indicator])
        if lacking:
            said = f"{item.indicator} is not available here: nobody offers {', '.join(lacking)}"
            found.append(Problem(f"items/{index}/indicator", "unavailable", said))
    return found


def _grades(tx: Transaction, key: str) -> dict[Any, str]:
    """The grade of today of each customer of a model."""
    now, own = ScoreNow.__table__, CustomerScore.__table__
    same = sa.and_(own.c.run_id == now.c.run_id, own.c.customer_id == now.c.customer_id)
    statement = sa.select(own.c.customer_id, own.c.grade).select_from(now.join(own, same))
    return {
        unkey(id): grade for id, grade in tx.fetch(statement.where(now.c.model == sa.literal(key, sa.Text())))
    }


def unpublished(tx: Transaction) -> list[ScoreModel]:
    """The models of plugins that the database lacks; once entered they belong to whoever sets scores."""
    declared = [model for plugin in tx.crm.registry.plugins for model in plugin.models]
    there = {one.key for one in models(tx)} if declared else set()
    return [model for model in declared if model.key not in there]
