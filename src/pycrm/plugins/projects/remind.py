"""Tasks for what is due on projects: bids, conditions, budgets, stakeholders (PRJ-4, PRJ-7, PRJ-12, PRJ-14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import attrs

from pycrm import Ref, Session, Task, TaskPriority, TaskState, User
from pycrm.plugins.projects.finance import used
from pycrm.plugins.projects.knowledge import unmet
from pycrm.plugins.projects.picture import Desk, Picture
from pycrm.plugins.projects.project import ProjectFile, ProjectRole
from pycrm.plugins.projects.pursuit import Bid
from pycrm.plugins.projects.support import visits

__all__ = ["remind"]

# So many days before a bid has to be handed in.
_DEADLINES = (1, 3, 7, 14, 30)
_OPEN = (TaskState.OPEN, TaskState.IN_PROGRESS)
_LONGEST = 300


@attrs.frozen
class _Reminder:
    """What somebody is told once, as a task."""

    user: Ref[User]
    title: str


def remind(session: Session) -> int:
    """Add a task for each thing that is due and for which none is open, and return how many there are.

    For a session that sees every project and may assign tasks, best a nightly one: ``crm.run(crm.system("project
    reminders"), remind)``. It can be called as often as one likes.
    """
    number = 0
    projects = session.find(ProjectFile)
    bids = session.find(Bid, Bid.stage == "preparing")
    for picture in Desk(session, projects).pictures():
        if not picture.is_open:
            continue
        theirs = [one for one in bids if one.project.id == picture.project.id]
        for one in _due(picture, theirs):
            number += _told(session, picture.project, one)
    return number


def _told(session: Session, project: ProjectFile, one: _Reminder) -> bool:
    title = one.title[:_LONGEST]
    known = session.find(Task, Task.opportunity == project.opportunity.id, Task.title == title, archived=True)
    if any(task.owner == one.user and (task.stage in _OPEN or _is_deadline(title)) for task in known):
        return False
    # In the evening of the day; a task is not due before it is there.
    day = session.crm.calendar_day(session.now)
    evening = datetime.combine(day, time(18), session.crm.zone).astimezone(UTC)
    task = Task(
        title=title,
        due_at=max(evening, session.now),
        priority=TaskPriority.HIGH,
        customer=project.customer,
        opportunity=project.opportunity,
    )
    session.add(task, owner=one.user)
    return True


def _is_deadline(title: str) -> bool:
    """Whether it is told once and never again: there is one such day."""
    return title.startswith("Bid within ")


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
                yield _Reminder(lead, f"Bid within {within} days, on {day}: {name}")
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
