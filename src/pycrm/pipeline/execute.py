"""Moving records through their pipelines, and saying what a move still needs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError, NotReadError, Problem
from pycrm.hooks import StageMove
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.chart import Chart, Facts, Requirement
from pycrm.pipeline.model import Move, Stage
from pycrm.revision.add import written
from pycrm.revision.amendment.policy import refuse_guarded
from pycrm.revision.change import apply
from pycrm.revision.whole import completed
from pycrm.scope.actor import bounds
from pycrm.scope.fields import field_rights, refuse_unwritable

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["AllowedMove", "entry", "entry_values", "move", "moves", "stage_of", "stages"]


@attrs.frozen
class AllowedMove:
    """A move that leads out of a record's stage, and what it still needs; nothing means allowed."""

    key: str
    target: str
    label: str
    missing: tuple[Requirement, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the record could take this move now."""
        return not self.missing


def entry_values(tx: Transaction, cls: Any) -> dict[str, Any]:
    """Stage, time and version with which a new record of the class begins."""
    if cls.__pipeline__ is None:
        return {}
    chart = tx.crm.pipelines.current(tx, cls.__pipeline__)
    pipeline = chart.pipeline
    return {"stage": pipeline.entry.key, "stage_at": tx.moment, "pipeline_version": pipeline.version}


def entry(tx: Transaction, record: Any, source: str | None, stage: Stage, reason: str | None) -> StageEntry:
    """The row that keeps a stage as it was entered."""
    return StageEntry(
        record=record.id,
        seq=record.version,
        pipeline=type(record).__pipeline__,
        version=record.pipeline_version,
        source=source,
        stage=stage.key,
        label=stage.label,
        probability=stage.probability,
        at=record.stage_at,
        by=tx.actor.ref,
        reason=reason,
    )


def stage_of(tx: Transaction, record: Any) -> Stage:
    """The stage in which a record stands, of its own pipeline version."""
    chart: Chart = tx.crm.pipelines.of(tx, record)
    return chart.pipeline.stage(record.stage)


def _values(tx: Transaction, record: Any) -> dict[str, Any]:
    """What gates are judged by: a hidden field counts as empty, since a gate would tell whether it is."""
    hidden = field_rights(tx, type(record)).hidden
    found: dict[str, Any] = {}
    for name in type(record).__specs__.keys() - hidden:
        try:
            found[name] = getattr(record, name)
        except NotReadError:
            if type(record).__specs__[name].child is not None:
                found[name] = getattr(tx.session.children(record), name)
    return found


def _of_pipeline(record: Any) -> None:
    if type(record).__pipeline__ is None:
        wrong = Problem("to", "rule", f"a {type(record).__name__.lower()} has no pipeline")
        raise InvalidError(wrong.message, fields=[wrong])


def moves(tx: Transaction, record: Any) -> list[AllowedMove]:
    """Every move out of the record's stage with what it still needs."""
    _of_pipeline(record)
    chart = tx.crm.pipelines.of(tx, record)
    # Guards judge the record whole here as in `move`, or the two would answer differently.
    record, _ = completed(tx, record, {})
    values = _values(tx, record)
    return [
        AllowedMove(one.key, one.target, one.label, tuple(_missing(tx, chart, values, one, record)))
        for one in chart.moves_from(record.stage)
    ]


def _missing(tx: Transaction, chart: Chart, values: Any, one: Move, record: Any) -> list[Requirement]:
    found = chart.missing(values, one, record=record, reason="asked for when it is taken")
    if one.reason:
        found.append({"kind": "reason"})
    if one.permission and not _holds(tx, type(record), one.permission):
        found.append({"kind": "permission", "name": one.permission})
    return found


def _holds(tx: Transaction, cls: Any, permission: str) -> bool:
    return permission in [action.value for action in Action] and not bounds(tx.actor, cls, permission).nothing


def move(tx: Transaction, record: Any, to: str, values: dict[str, Any], because: str | None) -> Any:
    """Take a move, writing what it was missing in the same act; see `Session.move`."""
    _of_pipeline(record)
    cls = type(record)
    chart: Chart = tx.crm.pipelines.of(tx, record)
    chosen = chart.resolve(record.stage, to)
    if chosen.permission and not _holds(tx, cls, chosen.permission):
        raise ForbiddenError(f"the move {chosen.key} needs the right to {chosen.permission}")
    refuse_unwritable(tx, cls, values)
    refuse_guarded(tx, record, values)
    record, values = completed(tx, record, values)
    known = {name: value for name, value in values.items() if name in cls.__specs__}
    facts = Facts(_values(tx, record) | known, layout(cls).copy(record, known), because)
    outcome = chart.execute(record.stage, chosen, facts)
    step = StageMove(cls.__pipeline__, chosen.key, record.stage, chosen.target, because)
    hooks = tx.crm.hooks
    if hooks.has("before_move", cls):
        hooks.before("before_move", session=tx.session, record=record, move=step)
    system = {"stage": outcome.target.key, "stage_at": tx.moment}
    made = apply(tx, record, values, "move", **system)
    written(tx, [entry(tx, made, record.stage, outcome.target, because)])
    if hooks.has("record_moved", cls):
        hooks.observe("record_moved", session=tx.session, record=made, move=step)
    return made


@attrs.frozen
class Stay:
    """A stage that a record was in: label and probability as they were then."""

    stage: str
    label: str
    probability: int | None
    since: datetime
    reason: str | None


def stages(tx: Transaction, record: Any) -> list[Stay]:
    """The stages that a record went through, oldest first; the caller has checked the scope."""
    names = layout(StageEntry).names
    table = StageEntry.__table__.c
    rows = tx.fetch(
        sa.select(*(table[name] for name in names)).where(table.record_id == record.id).order_by(table.seq)
    )
    return [
        Stay(one.stage, one.label, one.probability, one.at, one.reason)
        for one in layout(StageEntry).build(rows)
    ]
