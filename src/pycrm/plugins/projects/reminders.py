"""Tasks for what is due on projects: bids, conditions, budgets, stakeholders (PRJ-4, PRJ-7, PRJ-12, PRJ-14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from uuid import UUID

import attrs

from pycrm import Job, Ref, Session, Task, TaskPriority, TaskState, User
from pycrm.plugins.projects.backing import visits
from pycrm.plugins.projects.desk import Desk, Picture
from pycrm.plugins.projects.finance import used
from pycrm.plugins.projects.knowledge import unmet
from pycrm.plugins.projects.process import CLOSED
from pycrm.plugins.projects.project import ProjectFile, ProjectRole
from pycrm.plugins.projects.pursuit import Bid

__all__ = ["REMINDERS", "remind"]

# So many days before a bid has to be handed in.
_DEADLINES = (1, 3, 7, 14, 30)
_OPEN = (TaskState.OPEN, TaskState.IN_PROGRESS)
_BID = "Bid within"
_LONGEST = 300


@attrs.frozen
class _Reminder:
    """What somebody is told once, as a task."""

    user: Ref[User]
    text: str

    @property
    def title(self) -> str:
        """The text, as far as a task holds it."""
        return self.text[:_LONGEST]


def remind(session: Session, project: UUID) -> int:
    """Add a task for each thing that is due of a project and of which nobody was told yet; how many these are.

    For a session that sees the project and may assign tasks; `REMINDERS` does so for all projects each day.
    """
    found = session.find(ProjectFile, ProjectFile.id == project)
    number = 0
    for picture in Desk(session, found).pictures():
        bids = session.find(Bid, Bid.project == project, Bid.stage == "preparing")
        deal = Task.opportunity == picture.project.opportunity.id
        told = {_key(task) for task in session.find(Task, deal, archived=True) if _counts(task)}
        for one in _due(picture, bids) if picture.is_open else ():
            if (one.title, one.user.id) not in told:
                number += 1
                _tell(session, picture.project, one)
    return number


def _key(task: Task) -> tuple[str, UUID | None]:
    return task.title, task.owner.id if task.owner is not None else None


def _counts(task: Task) -> bool:
    """Whether its owner is not told again: the task is open, or of a day that comes but once."""
    return task.stage in _OPEN or task.title.startswith(_BID)


def _tell(session: Session, project: ProjectFile, one: _Reminder) -> None:
    # In the evening of the day; a task is not due before it is there.
    day = session.crm.calendar_day(session.now)
    evening = datetime.combine(day, time(18), session.crm.zone).astimezone(UTC)
    task = Task(
        title=one.title,
        due_at=max(evening, session.now),
        priority=TaskPriority.HIGH,
        customer=project.customer,
        opportunity=project.opportunity,
    )
    session.add(task, owner=one.user)


def _due(picture: Picture, bids: list[Bid]) -> Iterator[_Reminder]:
    lead = next((one.user for one in picture.team if one.role is ProjectRole.LEAD), None)
    name = picture.project.name
    if lead is not None:
        crm = picture.desk.session.crm
        days = [crm.calendar_day(one.deadline) for one in bids]
        if not days and picture.project.bid_date is not None:
            days = [picture.project.bid_date]
        for day in days:
            within = _within(picture.today, day)
            if within is not None:
                yield _Reminder(lead, f"{_BID} {within} days, on {day}: {name}")
        for condition in unmet(picture):
            yield _Reminder(lead, f"Decide anew, a condition is not met: {name}: {condition}")
        share = used(picture)
        if share is not None and share >= picture.desk.limits.cost_warning:
            yield _Reminder(lead, f"Costs reach {picture.desk.limits.cost_warning} % of a budget: {name}")
    for visit in visits(picture):
        if visit.overdue:
            one = visit.stakeholder
            yield _Reminder(one.our_person, f"Meet {one.name}, due since {visit.due_on}: {name}")


def _within(today: date, day: date) -> int | None:
    left = (day - today).days
    return next((one for one in _DEADLINES if 0 <= left <= one), None)


def _open(session: Session) -> list[UUID]:
    return [one.id for one in session.find(ProjectFile) if one.stage not in CLOSED]


REMINDERS = Job("projects.reminders", act=remind, due=_open, daily=True)
