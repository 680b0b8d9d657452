"""Headquarters' table of projects, and projects like another one (PRJ-10, PRJ-17)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs

from pycrm import Money, Ref, Session
from pycrm.plugins.projects.backing import support
from pycrm.plugins.projects.desk import Desk, Picture
from pycrm.plugins.projects.finance import used
from pycrm.plugins.projects.lights import Light, health
from pycrm.plugins.projects.project import CompetitorEntry, ProjectFile, ProjectRole

__all__ = ["Likeness", "Line", "overview", "similar"]


@attrs.frozen
class Line:
    """A project in headquarters' table; `project` leads to the file itself.

    Args:
        days_to_bid: None where there is no bid date, below nought where it has passed.
        cost_used: the most that is used of any budget, in percent.
        contacted_on: the last day on which somebody met a stakeholder.
    """

    project: Ref[ProjectFile]
    number: str
    name: str
    value: Money | None
    stage: str
    days_to_bid: int | None
    health: Light
    support: Decimal | None
    cost_used: Decimal | None
    contacted_on: date | None


def overview(session: Session, *, closed: bool = False) -> list[Line]:
    """The reader's projects, the greatest value first; those that are decided only where asked for.

    What nobody may be shown of costs and meetings is told as a share and as a day.
    """
    pictures = Desk(session, session.find(ProjectFile, order=ProjectFile.name)).pictures()
    lines = [_line(one) for one in pictures if closed or one.is_open]
    return sorted(lines, key=lambda one: (-(one.value.units if one.value else 0), one.name, one.number))


def _line(picture: Picture) -> Line:
    project, desk = picture.project, picture.desk
    met = [desk.met[one.contact.id] for one in picture.of(desk.stakeholders) if one.contact.id in desk.met]
    return Line(
        project=project.ref,
        number=project.number,
        name=project.name,
        value=project.our_scope_value,
        stage=project.stage,
        days_to_bid=None if project.bid_date is None else (project.bid_date - picture.today).days,
        health=health(picture).light,
        support=support(picture).index,
        cost_used=used(picture) if _may_see_costs(picture) else None,
        contacted_on=max(met, default=None),
    )


def _may_see_costs(picture: Picture) -> bool:
    """Members see their own costs alone; the lead, the customer's owner and leaders see what all of them are."""
    session, me = picture.desk.session, picture.desk.session.actor.id
    if any(one.user.id == me and one.role is ProjectRole.LEAD for one in picture.team):
        return True
    return any(one.kind != "team" for one in session.explain("read", picture.project))


@attrs.frozen
class Likeness:
    """A project like another: what became of it, what was learnt, and which competitors both have."""

    project: Ref[ProjectFile]
    name: str
    scale: Money
    result: str
    lesson: str | None
    competitors: tuple[str, ...]


def similar(session: Session, project: ProjectFile) -> list[Likeness]:
    """The reader's projects of the same industry with half to one and a half times the scale.

    Those with more competitors in common come first.
    """
    if project.industry is None:
        return []
    scale = project.investment_scale
    found = [
        one
        for one in session.find(ProjectFile, ProjectFile.industry == project.industry)
        if one.id != project.id
        and one.investment_scale.currency == scale.currency
        and abs(one.investment_scale.units - scale.units) * 2 <= scale.units
    ]
    rivals = Desk(session, [project, *found]).competitors
    mine = _names(rivals[project.id])
    lines = [
        Likeness(
            *(one.ref, one.name, one.investment_scale, one.stage, one.lesson),
            tuple(sorted(mine & _names(rivals[one.id]))),
        )
        for one in found
    ]
    return sorted(lines, key=lambda one: (-len(one.competitors), one.name))


def _names(entries: list[CompetitorEntry]) -> set[str]:
    return {one.competitor for one in entries}
