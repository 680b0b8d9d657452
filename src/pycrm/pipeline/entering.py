"""Writing what records entered: a row for each stage, and on earlier rows that a record is back where it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.chart import Visit
from pycrm.revision.add import written
from pycrm.scope.comparison import padded
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["entries", "first_entries", "write_entries"]


def first_entries(tx: Transaction, record: Any) -> list[StageEntry]:
    """The rows that keep where a new record stands."""
    tree = tx.crm.pipelines.of(tx, record).routes.tree
    return [
        _entry(tx, record, region, None, tree.stages[key], None)
        for key in tree.first
        if (region := tree.region(key)) is not None
    ]


def entries(tx: Transaction, record: Any, visits: Iterable[Visit], reason: str | None) -> list[StageEntry]:
    """The rows that keep what a record entered, by a move or by another version of its pipeline."""
    return [_entry(tx, record, visit.region, visit.source, visit.stage, reason) for visit in visits]


def _entry(
    tx: Transaction, record: Any, region: str, source: str | None, stage: Any, reason: str | None
) -> StageEntry:
    return StageEntry(
        record=record.id,
        seq=record.version,
        region=region,
        pipeline=record.pipeline,
        version=record.pipeline_version,
        source=source,
        stage=stage.key,
        label=stage.label,
        probability=stage.probability,
        at=tx.moment,
        by=tx.actor.ref,
        reason=reason,
    )


def write_entries(tx: Transaction, rows: Sequence[StageEntry]) -> None:
    """Write rows of records that were there before, each of which may be back in a stage that it had left."""
    entered: dict[tuple[str, str], list[StageEntry]] = {}
    for row in rows:
        entered.setdefault((row.region, row.stage), []).append(row)
    # Before they are written: a row that leaves a stage for itself is not the one by which it is left.
    for some in entered.values():
        for piece in pieces(some):
            _back(tx, piece)
    written(tx, rows)


_KEPT = ("record", "region", "stage", "at")


def _back(tx: Transaction, rows: list[StageEntry]) -> None:
    """Mark the rows by which these records had left a stage that they enter now, all at one moment."""
    dump = layout(StageEntry).dump_of(_KEPT, tx.dialect)
    given = padded([dump(row) for row in rows])
    values = {f"of_{at}": one[0] for at, one in enumerate(given)}
    values |= dict(zip(_KEPT[1:], given[0][1:], strict=True))
    text, names = tx.store.common(("back in a stage", len(given)), partial(_marks, len(given)))
    tx.write_one(text, [values[name] for name in names])


def _marks(number: int) -> Any:
    # A record keeps its pipeline, so its key is not asked for; it would lead SQLite to another index.
    table = StageEntry.__table__.c
    records = [sa.bindparam(f"of_{at}", type_=table.record_id.type) for at in range(number)]
    return (
        sa.update(StageEntry.__table__)
        .values(back_at=sa.bindparam("at", type_=table.at.type))
        .where(
            table.record_id.in_(records),
            table.region == sa.bindparam("region", type_=table.region.type),
            table.source == sa.bindparam("stage", type_=table.source.type),
            table.back_at.is_(None),
        )
    )
