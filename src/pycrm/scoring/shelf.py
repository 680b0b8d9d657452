"""Reading and writing the books of scoring: the models in force, and rows by conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.errors import ConflictError, NotFoundError
from pycrm.revision.sql import insert_text
from pycrm.scoring.book import ScoreModelVersion
from pycrm.scoring.model import ScoreModel
from pycrm.scoring.plan import planned

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["all_in_force", "in_force", "keep_model", "measurable", "model_of", "models", "rows"]

# Beside what a definition says stands who declared its indicators, for the day on which they are gone.
_HOMES = "plugins"


def models(tx: Transaction, key: str | None = None) -> list[ScoreModelVersion]:
    """The published versions by key and number."""
    made, table = layout(ScoreModelVersion), ScoreModelVersion.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.key, table.version)
    return made.build(tx.fetch(statement if key is None else statement.where(table.key == key)))


def model_of(row: ScoreModelVersion) -> ScoreModel:
    """The model that a published version is of."""
    return _read(row.definition)


@lru_cache(maxsize=64)
def _read(definition: str) -> ScoreModel:
    """The model that a definition says, read once however often it is asked for."""
    told = json.loads(definition)
    told.pop(_HOMES, None)
    return ScoreModel.from_dict(told)


def all_in_force(tx: Transaction) -> list[ScoreModel]:
    """The newest version of each model."""
    newest = {one.key: one for one in models(tx)}
    return [model_of(one) for one in newest.values()]


def in_force(tx: Transaction, key: str, version: int | None = None) -> ScoreModel:
    """A published version, without a number the newest.

    Raises:
        NotFoundError: there is none.
    """
    plan = planned(tx, ("score model", version is None), lambda: _one(newest=version is None))
    given = {"given_key": key} if version is None else {"given_key": key, "given_version": version}
    found = plan.given(tx, **given)
    if not found:
        raise NotFoundError("no such score model")
    return _read(found[0][0])


def _one(*, newest: bool) -> Any:
    table = ScoreModelVersion.__table__.c
    of = table.key == sa.bindparam("given_key", type_=sa.Text())
    found = sa.select(table.definition).where(of)
    if newest:
        return found.order_by(table.version.desc()).limit(1)
    return found.where(table.version == sa.bindparam("given_version", type_=sa.BigInteger()))


def measurable(tx: Transaction, key: str, version: int | None = None) -> ScoreModel:
    """A published version as `in_force`, all of whose indicators are loaded.

    Raises:
        NotFoundError: there is none.
        ConflictError: the plugin of some of its indicators is not loaded; ``data["plugins"]`` names it.
    """
    model = in_force(tx, key, version)
    known = tx.crm.catalog.indicators
    gone = [item.indicator for item in model.items if item.indicator not in known]
    if gone:
        (row,) = [one for one in models(tx, key) if one.version == model.version]
        loaded = {plugin.name for plugin in tx.crm.registry.plugins}
        homes = [name for name in json.loads(row.definition).get(_HOMES, ()) if name not in loaded]
        raise _gone(model, gone, homes)
    return model


def _gone(model: ScoreModel, codes: list[str], homes: list[str]) -> ConflictError:
    whose = (
        f" of the plugin {' or '.join(homes)}, which is not loaded" if homes else ", which nobody declares"
    )
    return ConflictError(
        f"the score model {model.key} {model.version} needs {', '.join(codes)}{whose}: "
        "enable it, or publish a version without them",
        data={"indicators": codes, "plugins": homes},
    )


def keep_model(tx: Transaction, model: ScoreModel, reason: str | None) -> None:
    """Write a version down."""
    homes = sorted(tx.crm.catalog.homes(item.indicator for item in model.items))
    text = json.dumps(model.as_dict() | {_HOMES: homes}, ensure_ascii=False, sort_keys=True)
    row = ScoreModelVersion(
        key=model.key, version=model.version, definition=text, at=tx.moment, by=tx.actor.ref, reason=reason
    )
    tx.write_one(insert_text(tx, ScoreModelVersion), layout(ScoreModelVersion).dump[tx.dialect](row))


def rows(
    tx: Transaction,
    cls: Any,
    *where: Any,
    order: Iterable[Any] = (),
    limit: int | None = None,
    lock: bool = False,
) -> list[Any]:
    """Rows of one of these books; with `lock` nobody else changes them until the transaction ends."""
    made, table = layout(cls), cls.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).where(*where).order_by(*order)
    if lock and tx.dialect == "postgresql":
        statement = statement.with_for_update()
    return made.build(tx.fetch(statement if limit is None else statement.limit(limit)))
