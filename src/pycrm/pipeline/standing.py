"""Where records stand and stood: read from the rows that keep each stage as it was entered (`entering`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.carry import carried
from pycrm.pipeline.tree import ROOT, Tree
from pycrm.pipeline.way import Standing
from pycrm.scope.actor import key
from pycrm.scope.comparison import padded
from pycrm.scope.gateway import in_sight
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Stay", "standing_of", "standings", "stays"]

_CLOSED = ("won", "lost")


@attrs.frozen
class Stay:
    """A stage that a record was in: label and probability as they were then.

    `region` is empty for stages of the pipeline itself; stages within another are of the region that it
    is, and in each region one stay follows the other. `until` is None as long as the stay lasts.
    """

    stage: str
    label: str
    probability: int | None
    since: datetime
    reason: str | None
    region: str = ROOT
    until: datetime | None = None


# --- where a record stands -----------------------------------------------------------------------------


def standing_of(tx: Transaction, record: Any) -> Standing:
    """Where a record stands, and where it came from if a move could lead it back there."""
    return standings(tx, [record])[0]


def standings(tx: Transaction, records: Sequence[Any]) -> list[Standing]:
    """Where records stand; the history of those that could be led back is read in one statement."""
    found: list[Standing] = []
    returning: dict[int, tuple[str, ...]] = {}
    places: dict[Any, tuple[Standing, tuple[str, ...]]] = {}
    for at, record in enumerate(records):
        leaves = record.stage_config or (record.stage,)
        place = (record.pipeline, record.pipeline_version, leaves)
        if place not in places:
            routes = tx.crm.pipelines.of(tx, record).routes
            places[place] = (Standing(leaves), routes.returning(leaves))
        standing, back = places[place]
        found.append(standing)
        if back:
            returning[at] = back
    if not returning:
        return found
    rows: dict[UUID, list[StageEntry]] = {}
    for row in _rows(tx, _in_sight(tx, [records[at] for at in returning])):
        rows.setdefault(row.record, []).append(row)
    for at, back in returning.items():
        past = list(_past(tx, rows.get(records[at].id, ())))
        before = {key: _kept(tx, records[at], _left_for(past, key)) for key in back}
        found[at] = Standing(found[at].leaves, before)
    return found


def _in_sight(tx: Transaction, records: Sequence[Any]) -> list[UUID]:
    """Of some records those that the actor may read: a copy in hand tells nothing of the past."""
    if tx.whole:
        return [one.id for one in records]
    found: list[UUID] = []
    for cls in {type(record) for record in records}:
        found += in_sight(tx, cls, [one.id for one in records if type(one) is cls])
    return found


def _rows(tx: Transaction, records: Iterable[UUID]) -> list[StageEntry]:
    """What the records entered, of each in the order in which it did."""
    made, found = layout(StageEntry), []
    for some in pieces(records):
        given = padded(some)
        values = {f"of_{at}": key(tx, one) for at, one in enumerate(given)}
        found += tx.kept(("stages of", len(given)), partial(_entered_by, len(given)), values)
    return made.build(found)


def _entered_by(number: int) -> Any:
    table = StageEntry.__table__.c
    records = [sa.bindparam(f"of_{at}", type_=table.record_id.type) for at in range(number)]
    return (
        sa.select(*(table[name] for name in layout(StageEntry).names))
        .where(table.record_id.in_(records))
        .order_by(table.record_id, table.seq, table.region)
    )


@attrs.frozen
class _Moment:
    """Where a record stood after one act: the stage of each region, and what the act entered."""

    tree: Tree
    at: Mapping[str, str]
    entered: Sequence[StageEntry]


def _past(tx: Transaction, rows: Iterable[StageEntry]) -> Iterator[_Moment]:
    held: dict[str, str] = {}
    for _, group in groupby(rows, lambda row: row.seq):
        entered = list(group)
        held |= {row.region: row.stage for row in entered}
        tree = tx.crm.pipelines.chart(tx, entered[0].pipeline, entered[0].version).routes.tree
        yield _Moment(tree, dict(_active(tree, held, ROOT)), entered)


def _active(tree: Tree, held: Mapping[str, str], region: str) -> Iterator[tuple[str, str]]:
    """Of what each region held last what is active, from the pipeline's own stages inwards."""
    key = held.get(region)
    if key is not None:
        yield region, key
        yield from _inside(tree, held, key)


def _inside(tree: Tree, held: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    stage = tree.stages[key]
    if stage.parallel:
        for one in stage.stages:
            yield from _inside(tree, held, one.key)
    elif stage.stages:
        yield from _active(tree, held, key)


def _kept(tx: Transaction, record: Any, left: tuple[_Moment | None, tuple[str, ...]]) -> tuple[str, ...]:
    """The leaves that were left, in the version to which the record was moved over since."""
    moment, leaves = left
    if moment is None or moment.entered[0].version == record.pipeline_version:
        return leaves
    mapping = tx.crm.pipelines.mapping(tx, record.pipeline, record.pipeline_version)
    return carried(moment.tree, tx.crm.pipelines.of(tx, record).routes.tree, leaves, mapping)


def _left_for(past: Sequence[_Moment], key: str) -> tuple[_Moment | None, tuple[str, ...]]:
    """When and which leaves were left for a paused or closed stage: the last at work, or undecided."""
    region = past[-1].tree.region(key) if past else None
    if region is None or past[-1].at.get(region) != key:
        return None, ()
    is_hold = past[-1].tree.stages[key].kind == "hold"
    was_away = False
    for one in reversed(past):
        stood = one.at.get(region)
        if stood is None:
            was_away = True
            continue
        if was_away and stood != key:
            # It came here from outside, so there is no stage within that it left for this one.
            return None, ()
        was_away = False
        kind = one.tree.stages[stood].kind
        if kind not in _CLOSED and not (is_hold and kind == "hold"):
            return one, tuple(_leaves(one, stood))
    return None, ()


def _leaves(moment: _Moment, key: str) -> Iterator[str]:
    """The innermost stages within an active one at that moment."""
    stage = moment.tree.stages[key]
    if not stage.stages:
        yield key
        return
    for inner in [one.key for one in stage.stages] if stage.parallel else [moment.at[key]]:
        yield from _leaves(moment, inner)


# --- where it stood ------------------------------------------------------------------------------------


def stays(tx: Transaction, record: Any) -> list[Stay]:
    """The stages that a record went through, oldest first; the caller has checked the scope."""
    found: list[Stay] = []
    lasting: dict[str, int] = {}
    for one in _past(tx, _rows(tx, [record.id])):
        moment = one.entered[0].at
        entered = {row.region for row in one.entered}
        for region in [each for each in lasting if each in entered or each not in one.at]:
            place = lasting.pop(region)
            found[place] = attrs.evolve(found[place], until=moment)
        for row in one.entered:
            is_left = one.at.get(row.region) != row.stage
            if not is_left:
                lasting[row.region] = len(found)
            found.append(
                Stay(
                    row.stage,
                    row.label,
                    row.probability,
                    row.at,
                    row.reason,
                    row.region,
                    row.at if is_left else None,
                )
            )
    return found
