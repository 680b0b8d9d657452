"""What supervision does by itself when the time has come."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from pycrm import Job, Session
from pycrm.plugins.supervision.appraising import due_appraisals, measure, open_appraisal, to_measure
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.logs import due_logs, settle_log
from pycrm.plugins.supervision.model import CheckIn
from pycrm.plugins.supervision.training import due_trainings, train
from pycrm.plugins.supervision.visits import due_visits, skip_passed

__all__ = ["JOBS"]


def _old_positions(session: Session) -> list[UUID]:
    """The check-ins whose position was kept long enough (SUP-7)."""
    oldest = session.now - timedelta(days=limits_of(session).position_days)
    return [one.id for one in session.find(CheckIn, CheckIn.at < oldest, CheckIn.latitude.is_not(None))]


def _drop_position(session: Session, check_in: UUID) -> None:
    one = session.get(CheckIn, check_in)
    session.forget(one, "latitude", "longitude", "accuracy_m", because="kept long enough")


JOBS = (
    Job("supervision.logs", due=due_logs, act=settle_log),
    Job("supervision.visits", due=due_visits, act=skip_passed),
    Job("supervision.trainings", due=due_trainings, act=train),
    Job("supervision.appraisals", due=due_appraisals, act=open_appraisal),
    Job("supervision.measures", due=to_measure, act=measure, daily=True),
    Job("supervision.positions", due=_old_positions, act=_drop_position),
)
