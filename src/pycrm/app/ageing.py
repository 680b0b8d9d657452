"""What goes to another stage because time has passed, by the moves of its own pipeline (appendix A)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm import forecast
from pycrm.entities.activity import Activity, ActivityKind, Commitment
from pycrm.entities.customer import ActivityState, Customer, Lifecycle
from pycrm.errors import RefusedError
from pycrm.scope.children import derived_write

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["follow", "run"]

_BROKEN_AFTER, _DORMANT_AFTER, _LOST_AFTER = (timedelta(days=days) for days in (30, 180, 365))
_MET = (ActivityKind.VISIT, ActivityKind.RECEPTION)


@attrs.frozen
class _Ageing:
    """A move that is taken of all records for which some condition holds at the beginning of a day."""

    cls: Any
    move: str
    condition: Callable[[datetime], Any]
    because: str


_AGEING = (
    _Ageing(
        Commitment,
        "break_off",
        lambda today: Commitment.due_on < today.date() - _BROKEN_AFTER,
        "not kept 30 days after it was due",
    ),
    # A day counts whole: 180 days after a contact the customer is active yet (COR-3).
    _Ageing(
        Customer,
        "wake",
        lambda today: Customer.active_at >= today - _DORMANT_AFTER,
        "a contact within 180 days",
    ),
    _Ageing(
        Customer, "lose", lambda today: Customer.active_at < today - _LOST_AFTER, "no contact for 365 days"
    ),
    _Ageing(
        Customer,
        "rest",
        lambda today: Customer.active_at < today - _DORMANT_AFTER,
        "no contact for 180 days",
    ),
)


def run(crm: CRM) -> tuple[int, tuple[str, ...]]:
    """Take the moves that are due, each in a transaction of its own: how many records went, and what refused."""
    actor = crm.system("stages that change with time")
    number, refused = 0, []
    for one in _AGEING:
        try:
            number += crm.run(actor, partial(_take, one))
        except RefusedError as error:
            # The pipeline may be one that the house has published, and ask for what nobody gave.
            refused.append(f"{one.cls.__name__}: {one.move}: {error.message}")
    return number, tuple(refused)


def _take(one: _Ageing, session: Session) -> int:
    day, zone = session.crm.calendar_day(session.now), session.crm.zone
    today, number = datetime.combine(day, time(), zone), 0
    found = forecast.stage.courses(session.transaction, one.cls)
    for pipeline in [version for each in found for version in each.versions.values()]:
        sources = [source for move in pipeline.moves if move.key == one.move for source in move.sources]
        if sources:
            at = (one.cls.pipeline == pipeline.key, one.cls.pipeline_version == pipeline.version)
            where = (*at, one.cls.stage.in_(sources), one.condition(today))
            number += session.move_where(one.cls, *where, to=one.move, because=one.because)
    return number


def follow(session: Session, activity: Activity) -> None:
    """Let a contact tell of its customer: who was met is a visitor, and who was dormant is active again.

    Whoever may not move the customer leaves the latter to the jobs of the night.
    """
    if activity.customer is None:
        return
    tx, table = session.transaction, Customer.__table__.c
    rows = tx.fetch(sa.select(table.stage, table.lifecycle).where(table.id == activity.customer.id))
    for stage, lifecycle in rows:
        if activity.kind in _MET and lifecycle == Lifecycle.PROSPECT:
            derived_write(tx, Customer, activity.customer.id, lifecycle=Lifecycle.VISITOR.value)
        if stage == ActivityState.DORMANT and _is_recent(session, activity):
            with suppress(RefusedError), session.attempt():
                session.move(session.get(activity.customer), "wake", because="a new contact")


def _is_recent(session: Session, activity: Activity) -> bool:
    return activity.started_at >= session.now - _DORMANT_AFTER
