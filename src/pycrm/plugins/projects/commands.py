"""What the command line offers under ``projects``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import attrs
import typer

from pycrm import NotFoundError, Session, User
from pycrm.plugins.projects import headquarters as table
from pycrm.plugins.projects.backing import Visit, visits
from pycrm.plugins.projects.backing import support as support_of
from pycrm.plugins.projects.desk import Desk, picture
from pycrm.plugins.projects.finance import CostLine
from pycrm.plugins.projects.finance import costs as costs_of
from pycrm.plugins.projects.knowledge import blocks, completeness
from pycrm.plugins.projects.lights import health as health_of
from pycrm.plugins.projects.project import ProjectFile

__all__ = ["COMMANDS"]

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number of a project, or its name.")]


@attrs.frozen
class Row:
    """A project as it is listed."""

    number: str
    name: str
    value: str | None
    stage: str
    days_to_bid: int | None
    health: str
    support: Decimal | None
    cost_used: Decimal | None
    last_contact: date | None


@attrs.frozen
class Person:
    """A stakeholder on the map."""

    name: str
    department: str
    role: str
    influence: int
    stance: int | None
    in_charge: str
    last_met: date | None
    due: date
    overdue: int


@attrs.frozen
class Spent:
    """Costs of one kind."""

    kind: str
    budget: str
    spent: str
    used: Decimal | None


@attrs.frozen
class Why:
    """How a project is doing, and what is to be said of it."""

    health: str
    causes: tuple[str, ...]
    completeness: Decimal
    missing: tuple[str, ...]
    contradictions: tuple[str, ...]


@attrs.frozen
class Index:
    """The support for us on a project."""

    index: Decimal | None
    coverage: Decimal
    unknown: int


@attrs.frozen
class Alike:
    """A project like another one."""

    name: str
    scale: str
    result: str
    lesson: str | None
    competitors: tuple[str, ...]


def list_(
    session: Session,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are decided, too.")] = False,
) -> list[Row]:
    """List your projects, the greatest value first, with health, support and last contact."""
    return [_row(one) for one in table.overview(session, closed=closed)]


def _row(line: table.Line) -> Row:
    return Row(
        number=line.number,
        name=line.name,
        value=None if line.value is None else str(line.value),
        stage=line.stage,
        days_to_bid=line.days_to_bid,
        health=line.health.value,
        support=line.support,
        cost_used=line.cost_used,
        last_contact=line.contacted_on,
    )


def map_(session: Session, number: Number) -> list[Person]:
    """Show who has a say in a project, what they think of us, and when they are to be met."""
    people = _people(session)
    return [_person(one, people) for one in visits(picture(session, _project(session, number)))]


def _people(session: Session) -> dict[UUID, str]:
    return {one.id: one.name for one in session.find(User)}


def _person(visit: Visit, people: Mapping[UUID, str]) -> Person:
    one = visit.stakeholder
    return Person(
        name=one.name,
        department=one.department.value,
        role=one.role.value,
        influence=one.influence,
        stance=one.stance,
        in_charge=people.get(one.our_person.id, ""),
        last_met=visit.met_on,
        due=visit.due_on,
        overdue=visit.overdue,
    )


def costs(session: Session, number: Number) -> list[Spent]:
    """Compare the costs of a project with its budgets, kind by kind, as far as you see them."""
    return [_spent(one) for one in costs_of(session, _project(session, number))]


def _spent(line: CostLine) -> Spent:
    return Spent(line.kind, str(line.budget), str(line.spent), line.used)


def health(session: Session, number: Number) -> Why:
    """Say how a project is doing and why, and what is not known of it yet."""
    seen = picture(session, _project(session, number))
    found, known = health_of(seen), blocks(seen)
    return Why(
        health=found.light.value,
        causes=tuple(f"{one.light}: {one.text}" for one in found.causes),
        completeness=completeness(seen),
        missing=tuple(what for one in known for what in one.missing),
        contradictions=tuple(one.block.value for one in known if one.is_contradicted),
    )


def support(session: Session, number: Number) -> Index:
    """Measure the support for us on a project, and how many departments were met lately."""
    found = support_of(picture(session, _project(session, number)))
    return Index(found.index, found.coverage, found.unknown)


def overdue(session: Session) -> list[Person]:
    """List the stakeholders whom you should have met by now, of all your projects."""
    me, people = session.actor.id, _people(session)
    pictures = [one for one in Desk(session, session.find(ProjectFile)).pictures() if one.is_open]
    late = [one for seen in pictures for one in visits(seen) if one.overdue]
    mine = [one for one in late if one.stakeholder.our_person.id == me]
    return [_person(one, people) for one in sorted(mine, key=lambda one: (-one.overdue, one.due_on))]


def similar(session: Session, number: Number) -> list[Alike]:
    """List projects of the same industry and about the same scale, with what was learnt of them."""
    return [
        Alike(one.name, str(one.scale), one.result, one.lesson, one.competitors)
        for one in table.similar(session, _project(session, number))
    ]


def _project(session: Session, number: str) -> ProjectFile:
    found = session.find(ProjectFile, ProjectFile.number == number)
    found = found or session.find(ProjectFile, ProjectFile.name == number)
    if not found:
        raise NotFoundError("no such project")
    return found[0]


COMMANDS = (list_, map_, costs, health, support, overdue, similar)
