"""Since when a record stands in its stage, and whether that is too long (PIP-7).

Days are those of the business calendar's zone, and count from the day of entry: of a stage in which
14 days are allowed, a record that entered on the 1st is stalled from the 16th on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.errors import NotReadError
from pycrm.forecast.period import midnight
from pycrm.forecast.stage import courses, in_versions, staged
from pycrm.pipeline.execute import stage_of
from pycrm.pipeline.model import Stage

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Standing", "overdue", "stalled", "standing"]


@attrs.frozen
class Standing:
    """How a record stands in its stage.

    Args:
        days: since the day on which it entered the stage.
        is_stalled: longer than the stage allows (`Stage.stall_days`).
        is_overdue: longer than the stage usually takes (`Stage.expected_days`), or past the day on which
            it was expected to close.
    """

    stage: str
    label: str
    days: int
    is_stalled: bool
    is_overdue: bool


def standing(tx: Transaction, record: Any) -> Standing:
    """See `Session.standing`."""
    stage, today = stage_of(tx, record), tx.crm.calendar_day(tx.moment)
    days = (today - tx.crm.calendar_day(record.stage_at)).days
    is_late = _is_beyond(days, stage.expected_days) or _is_past(record, today)
    return Standing(
        stage.key,
        stage.label,
        days,
        is_stalled=_is_beyond(days, stage.stall_days) and not stage.is_closed,
        is_overdue=is_late and not stage.is_closed,
    )


def _is_beyond(days: int, allowed: int | None) -> bool:
    return allowed is not None and days > allowed


def _is_past(record: Any, today: date) -> bool:
    if not hasattr(type(record), "expected_close"):
        return False
    try:
        expected: date | None = record.expected_close
    except NotReadError:
        return False
    return expected is not None and expected < today


def stalled(tx: Transaction, cls: Any) -> Any:
    """See `Session.stalled`."""
    staged(tx, cls)
    return _beyond(tx, cls, lambda stage: stage.stall_days)


def overdue(tx: Transaction, cls: Any) -> Any:
    """See `Session.overdue`."""
    staged(tx, cls)
    late = _beyond(tx, cls, lambda stage: stage.expected_days)
    if "expected_close" not in cls.__specs__:
        return late
    today = tx.crm.calendar_day(tx.moment)
    is_open = in_versions(tx, cls, lambda stage: not stage.is_closed)
    return sa.or_(late, sa.and_(is_open, cls.expected_close < today))


def _beyond(tx: Transaction, cls: Any, allowed: Callable[[Stage], int | None]) -> Any:
    """That a record stands in an open stage for longer than is allowed there."""
    today = tx.crm.calendar_day(tx.moment)
    given = {
        allowed(stage)
        for one in courses(tx, cls)
        for pipeline in one.versions.values()
        for stage in pipeline.stages
        if not stage.is_closed
    }
    options = [
        sa.and_(
            in_versions(tx, cls, lambda stage, days=days: allowed(stage) == days and not stage.is_closed),  # type: ignore[misc]
            cls.stage_at < midnight(tx, today - timedelta(days=days)),
        )
        for days in sorted(one for one in given if one is not None)
    ]
    return sa.or_(*options) if options else sa.false()
