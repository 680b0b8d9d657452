"""What a weekly report can say by itself (PRJ-9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from pycrm import Activity, Money, Session
from pycrm.plugins.projects.cost import CostEntry
from pycrm.plugins.projects.desk import picture
from pycrm.plugins.projects.project import CompetitorEntry, ProjectFile
from pycrm.plugins.projects.pursuit import ProgressReport, monday
from pycrm.plugins.projects.stakeholder import Stakeholder

__all__ = ["draft", "facts"]


def draft(session: Session, project: ProjectFile, text: str, **more: object) -> ProgressReport:
    """A report on this week with its facts filled in, ready for ``session.add``.

    Args:
        more: risks and help needed, as fields of `ProgressReport`.
    """
    return ProgressReport(project=project, text=text, facts=facts(session, project), **more)  # type: ignore[arg-type]


def facts(session: Session, project: ProjectFile, week: date | None = None) -> tuple[str, ...]:
    """Contacts, steps, costs and new people of a week, as the writer sees them.

    Args:
        week: its Monday, or any day of it; this week without it.
    """
    zone = session.crm.zone
    first = monday(week or session.crm.calendar_day(session.now))
    since, until = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(days=7)))
    found = (_contacts, _steps, _costs, _news)
    return tuple(line for look in found for line in look(session, project, since, until))


def _contacts(session: Session, project: ProjectFile, since: datetime, until: datetime) -> Iterator[str]:
    people = {
        one.contact.id: one.name for one in session.find(Stakeholder, Stakeholder.project == project.id)
    }
    acts = session.find(
        *(Activity, Activity.started_at >= since, Activity.started_at < until),
        Activity.customer == project.customer.id,
        order=Activity.started_at,
    )
    for act in acts:
        met = people.get(act.contact.id) if act.contact is not None else None
        of_deal = act.opportunity is not None and act.opportunity.id == project.opportunity.id
        if met is not None or of_deal:
            day = session.crm.calendar_day(act.started_at)
            yield f"{day}: {act.kind.value}{f' with {met}' if met else ''}: {act.summary}"[:500]


def _steps(session: Session, project: ProjectFile, since: datetime, until: datetime) -> Iterator[str]:
    for stay in session.stages(project)[1:]:
        if since <= stay.since < until:
            yield f"{session.crm.calendar_day(stay.since)}: {stay.label}"


def _costs(session: Session, project: ProjectFile, since: datetime, until: datetime) -> Iterator[str]:
    first, end = since.date(), until.date()
    entries = session.find(
        *(CostEntry, CostEntry.project == project.id, CostEntry.on >= first, CostEntry.on < end)
    )
    nothing = Money(0, session.crm.currency)
    together = sum((one.amount for one in entries if one.amount is not None), nothing)
    if together != nothing:
        yield f"spent: {together}"


def _news(session: Session, project: ProjectFile, since: datetime, until: datetime) -> Iterator[str]:
    desk = picture(session, project).desk
    for one in desk.stakeholders[project.id]:
        if since <= one.created_at < until:
            yield f"new stakeholder: {one.name} ({one.department.value})"
    rivals: list[CompetitorEntry] = desk.competitors[project.id]
    for rival in rivals:
        if since <= rival.created_at < until:
            yield f"new competitor: {rival.competitor}"
