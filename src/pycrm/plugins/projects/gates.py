"""The guards of the pipelines: what a move still lacks, as far as its mover sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pycrm import Session
from pycrm.plugins.projects.desk import picture
from pycrm.plugins.projects.knowledge import blocks, objections
from pycrm.plugins.projects.project import ProjectFile
from pycrm.plugins.projects.pursuit import Bid, StrategyPlan
from pycrm.plugins.projects.rules import is_led_by

__all__ = ["GUARDS"]


def is_known(project: ProjectFile, session: Session) -> list[str] | None:
    """The eight blocks are filled; each thing that is missing is named."""
    return [what for one in blocks(picture(session, project)) for what in one.missing] or None


def is_decided(project: ProjectFile, session: Session) -> list[str] | None:
    """The last evaluation says go, its conditions are met in time, and nothing has changed since."""
    return objections(picture(session, project)) or None


def has_team(project: ProjectFile, session: Session, roles: Iterable[str]) -> list[str] | None:
    """Somebody is in the team in each of these roles."""
    held = {one.role.value for one in picture(session, project).team}
    return [f"team: {role}" for role in roles if role not in held] or None


def is_checked(bid: Bid, session: Session) -> list[str] | None:
    """Each document was checked, by somebody else than who hands the bid in."""
    mine = session.actor.id
    found = [f"{one.name} is not checked" for one in bid.documents if one.checked_by is None]
    found += [
        f"{one.name} was checked by who hands it in"
        for one in bid.documents
        if one.checked_by is not None and one.checked_by.id == mine
    ]
    return found or None


def is_agreed_to_by_a_leader(plan: StrategyPlan, session: Session) -> str | None:
    """Whoever agrees to a plan leads the project, and is not of its team alone."""
    return None if is_led_by(session, plan.project) else "a leader of the project agrees to it"


GUARDS: Mapping[str, Callable[..., object]] = {
    "projects.known": is_known,
    "projects.decided": is_decided,
    "projects.team": has_team,
    "projects.checked": is_checked,
    "projects.led": is_agreed_to_by_a_leader,
}
