"""Moves to which others have to agree: they wait as an amendment, and are taken when it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.entities.amendment import Amendment, AmendmentMode
from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.chart import Chart
from pycrm.pipeline.judging import refuse_without_pipeline
from pycrm.pipeline.standing import standing_of
from pycrm.pipeline.way import Standing, Way
from pycrm.revision.amendment.apply import rehearse
from pycrm.revision.amendment.book import open_amendment
from pycrm.revision.amendment.decide import finish
from pycrm.revision.amendment.difference import stage_change
from pycrm.revision.amendment.policy import Rule
from pycrm.revision.amendment.propose import draft_of, proposal, writable
from pycrm.scope.children import any_record

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["approval_of", "propose"]


def propose(
    tx: Transaction,
    record: Any,
    to: str,
    values: dict[str, Any],
    because: str | None,
    evidence: Sequence[str],
) -> Amendment:
    """Ask those who have to agree to a move; see `Session.propose`."""
    refuse_without_pipeline(type(record))
    chart: Chart = tx.crm.pipelines.of(tx, record)
    standing = standing_of(tx, record)
    step = chart.resolve(standing, to)
    flow = _flow(step)
    if flow is None:
        alone = Problem("to", "rule", "nobody has to agree to this move")
        raise InvalidError(alone.message, fields=[alone])
    draft = draft_of(because, evidence)
    asked = proposal(tx, record, values)
    change = stage_change(record, _named(chart, standing, step, to))
    ruled = (*asked.ruled, (change, Rule(AmendmentMode.APPROVAL, flow)))
    current = writable(tx, record, [one for one, _ in ruled])
    rehearse(tx, [one for one, _ in ruled])
    return finish(tx, open_amendment(tx, current, ruled, draft))


def approval_of(tx: Transaction, cls: Any, id: UUID, to: str) -> str | None:
    """The flow whose people have to agree to a move of a record."""
    record = any_record(tx, cls, id)
    chart: Chart = tx.crm.pipelines.of(tx, record)
    return _flow(chart.resolve(standing_of(tx, record), to))


def _flow(step: Sequence[Way]) -> str | None:
    return next((way.move.approval for way in step if way.move.approval is not None), None)


def _named(chart: Chart, standing: Standing, step: Sequence[Way], to: str) -> str:
    """How the move is named to those who decide: by the stage that it leads to, if that is one move."""
    found = [way for way in chart.ways(standing) if way.to == step[0].to]
    return step[0].to if [way.name for way in found] == [way.name for way in step] else to
