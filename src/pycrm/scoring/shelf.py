"""Reading and writing the books of scoring: the models in force, and rows by conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.errors import NotFoundError
from pycrm.revision.sql import insert_text
from pycrm.scoring.book import ScoreModelVersion
from pycrm.scoring.model import ScoreModel

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["all_in_force", "in_force", "keep_model", "models", "rows"]


def models(tx: Transaction, key: str | None = None) -> list[ScoreModelVersion]:
    """The published versions by key and number."""
    made, table = layout(ScoreModelVersion), ScoreModelVersion.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.key, table.version)
    return made.build(tx.fetch(statement if key is None else statement.where(table.key == key)))


def all_in_force(tx: Transaction) -> list[ScoreModel]:
    """The newest version of each model."""
    newest = {one.key: one for one in models(tx)}
    return [ScoreModel.from_dict(json.loads(one.definition)) for one in newest.values()]


def in_force(tx: Transaction, key: str, version: int | None = None) -> ScoreModel:
    """A published version, without a number the newest.

    Raises:
        NotFoundError: there is none.
    """
    # What is published never changes, but which version is the newest may.
    memo = ("score model", key, version)
    if version is not None and memo in tx.memo:
        return tx.memo[memo]  # type: ignore[no-any-return]
    found = [one for one in models(tx, key) if version in (None, one.version)]
    if not found:
        raise NotFoundError("no such score model")
    made = tx.memo[memo] = ScoreModel.from_dict(json.loads(found[-1].definition))
    return made


def keep_model(tx: Transaction, model: ScoreModel, reason: str | None) -> None:
    """Write a version down."""
    text = json.dumps(model.as_dict(), ensure_ascii=False, sort_keys=True)
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
