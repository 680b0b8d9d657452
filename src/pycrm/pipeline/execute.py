"""Moving records through their pipelines: judged, taken by the chart, and only then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, MoveError, RefusedError
from pycrm.hooks import StageMove
from pycrm.pipeline.bringing import bring_about, fields_set, told
from pycrm.pipeline.chart import Chart, Outcome
from pycrm.pipeline.effect import Effect
from pycrm.pipeline.entering import entries, write_entries
from pycrm.pipeline.facts import Requirement, words_of
from pycrm.pipeline.judging import facts_of, lacking, refuse_without_pipeline
from pycrm.pipeline.model import Stage
from pycrm.pipeline.standing import standing_of, standings
from pycrm.pipeline.way import Standing
from pycrm.revision import amendment
from pycrm.revision.change import apply
from pycrm.revision.telling import tell
from pycrm.revision.where import batches, refuse_single
from pycrm.revision.whole import completed
from pycrm.scope.fields import refuse_unwritable
from pycrm.scope.gateway import Query, fetch_one, not_found
from pycrm.scope.predicate import require_record

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Trial", "move", "move_where", "stage_of", "trial"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def stage_of(tx: Transaction, record: Any) -> Stage:
    """The stage in which a record stands, of its own pipeline version."""
    chart: Chart = tx.crm.pipelines.of(tx, record)
    return chart.pipeline.stage(record.stage)


def move(
    tx: Transaction,
    record: Any,
    to: str,
    values: dict[str, Any],
    because: str | None,
    *,
    is_approved: bool = False,
    kept: Mapping[str, Any] = _NOTHING,
) -> Any:
    """Take a move, writing what it was missing in the same act; see `Session.move`.

    `kept` are fields that only pycrm writes and that come with the move.
    """
    refuse_without_pipeline(type(record))
    said = (values, because, is_approved)
    made, outcome = _taken(tx, record, standing_of(tx, record), to, said, {}, kept)
    write_entries(tx, entries(tx, made[0], outcome.visits, outcome.reason))
    return _brought_about(tx, made)


def move_where(
    tx: Transaction,
    cls: Any,
    conditions: Sequence[Any],
    to: str,
    values: dict[str, Any],
    because: str | None,
) -> int:
    """Take a move of all records that meet the conditions; see `Session.move_where`."""
    refuse_without_pipeline(cls)
    require_record(tx, cls)
    refuse_single(tx, cls, values)
    rows = Query(tx, cls, conditions, action=Action.UPDATE)
    if rows.nothing:
        return 0
    number = 0
    outcomes: dict[Any, Outcome] = {}
    for batch in batches(tx, rows):
        done = [
            _taken(tx, record, standing, to, (dict(values), because, False), outcomes)
            for record, standing in zip(batch, standings(tx, batch), strict=True)
        ]
        write_entries(
            tx,
            [
                entry
                for made, outcome in done
                for entry in entries(tx, made[0], outcome.visits, outcome.reason)
            ],
        )
        for made, _ in done:
            _brought_about(tx, made)
        number += len(done)
    return number


Said = tuple[dict[str, Any], str | None, bool]
Taken = tuple[Any, StageMove, tuple[Effect, ...]]


def _taken(
    tx: Transaction,
    record: Any,
    standing: Standing,
    to: str,
    said: Said,
    outcomes: dict[Any, Outcome],
    kept: Mapping[str, Any] = _NOTHING,
) -> tuple[Taken, Outcome]:
    """A record moved and written, but for the rows of its stages and for effects on other records.

    `outcomes` keeps where a move leads: of a pipeline without stages in stages that is the same from each
    stage, and a chart has to be asked once.
    """
    cls, (values, because, is_approved) = type(record), said
    chart: Chart = tx.crm.pipelines.of(tx, record)
    step = chart.resolve(standing, to)
    for way in step:
        if (right := lacking(tx, record, way.move)) is not None:
            raise ForbiddenError(f"the move {way.move.key}: {words_of(right)}")
    refuse_unwritable(tx, cls, values)
    if not is_approved:
        amendment.policy.refuse_guarded(tx, record, values)
    record, values = completed(tx, record, values)
    known = {name: value for name, value in values.items() if name in cls.__specs__} | dict(kept)
    whole = layout(cls).copy(record, known)
    facts = facts_of(tx, record, known, because, whole, is_approved)
    same = (chart.pipeline.identity, standing.leaves, step)
    outcome = outcomes.get(same)
    if outcome is None or not chart.routes.tree.is_flat or chart.missing(standing, step[0], facts):
        outcome = outcomes[same] = chart.execute(standing, step, facts)
    effects = chart.effects(outcome, whole)
    way = step[0]
    done = StageMove(chart.pipeline.key, way.move.key, way.source, way.to, because, told(effects))
    if tx.crm.hooks.has("before_move", cls):
        tx.crm.hooks.before("before_move", session=tx.session, record=record, move=done)
    system = dict(kept) | _system(tx, chart, record, outcome) | fields_set(tx, record, effects)
    made = apply(tx, record, {n: value for n, value in values.items() if n not in system}, "move", **system)
    return (made, done, effects), outcome


def _brought_about(tx: Transaction, taken: Taken) -> Any:
    """The record as it is when all that comes with its move is written and told."""
    made, done, effects = taken
    made = bring_about(tx, made, effects)
    return tell(tx, "record_moved", made, move=done)


@attrs.frozen
class Trial:
    """What a move would do, or why it would be refused; nothing was done.

    Attributes:
        record: as it would be, None where the move would be refused.
        refusal: the error that `Session.move` would raise, else None.
    """

    record: Any
    refusal: RefusedError | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the move could be made now."""
        return self.refusal is None

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """What the move still needs, where a gate refuses it."""
        return tuple(self.refusal.data.get("missing", ())) if isinstance(self.refusal, MoveError) else ()


def trial(tx: Transaction, record: Any, to: str, values: dict[str, Any], because: str | None) -> Trial:
    """Take a move and undo it: all that refuses it, and all that it does, is as it would be."""
    refuse_without_pipeline(type(record))
    if fetch_one(tx, type(record), record.id) is None:
        raise not_found(type(record))
    try:
        with amendment.apply.rehearsing(tx):
            made = move(tx, record, to, values, because)
    except RefusedError as refusal:
        return Trial(None, refusal)
    return Trial(made)


def _system(tx: Transaction, chart: Chart, record: Any, outcome: Outcome) -> dict[str, Any]:
    """What pycrm writes of a move: the stage and what changes with it."""
    found: dict[str, Any] = {}
    if any(not visit.region for visit in outcome.visits):
        found = {"stage": outcome.target.key, "stage_at": tx.moment}
        found |= {name: None for name in type(record).dropped_by_moves if getattr(record, name) is not None}
    config = chart.routes.tree.config(outcome.leaves)
    if config != record.stage_config:
        found["stage_config"] = config
    return found
