"""Leaving the team of a project, with a receiver for each stakeholder (PRJ-16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pycrm import InvalidError, Problem, Session
from pycrm.plugins.projects.project import TeamMember
from pycrm.plugins.projects.rules import charges, today

__all__ = ["leave"]


def leave(
    session: Session, member: TeamMember, to: Mapping[UUID, Any] | Any, *, until: date | None = None
) -> TeamMember:
    """End a membership, and put others in charge of the stakeholders that the member had.

    Args:
        to: a user who takes all of them, or users by the ids of the stakeholders; each is in the team.
        until: the member's last day; today without it.

    Raises:
        InvalidError: a stakeholder is left without a receiver (all are named), or a receiver is not in the team.
        ForbiddenError: the actor neither leads the project nor staffs its team.
    """
    held = charges(session, member)
    takers = to if isinstance(to, Mapping) else {one.id: to for one in held}
    missing = [
        Problem(f"to/{one.id}", "required", f"name who looks after {one.name}")
        for one in held
        if takers.get(one.id) is None
    ]
    if missing:
        raise InvalidError(missing[0].message, fields=missing)
    for one in held:
        session.change(one, our_person=takers[one.id])
    return session.change(session.get(member.ref), until=until or today(session))
