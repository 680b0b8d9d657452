"""Whose work somebody may look at."""

from __future__ import annotations

from uuid import UUID

from pycrm import OrgUnit, Ref, Session, User
from pycrm.plugins.supervision.model import Workplace

__all__ = ["people"]


def people(session: Session, *, unit: OrgUnit | Ref[OrgUnit] | None = None) -> list[User]:
    """The people whose work the actor may look at, by name: those with a workplace in sight.

    Args:
        unit: only those who belong to it or to a unit below.
    """
    ids = {one.owner.id for one in session.find(Workplace) if one.owner is not None}
    units = None if unit is None else _below(session, unit.id)
    found = (
        session.find(User, User.id.in_(sorted(ids)), User.state == "active", order=User.name) if ids else []
    )
    return [one for one in found if units is None or one.home_unit.id in units]


def _below(session: Session, top: UUID) -> set[UUID]:
    parents = {one.id: one.parent for one in session.find(OrgUnit)}
    found, new = {top}, {top}
    while new:
        new = {id for id, parent in parents.items() if parent is not None and parent.id in new} - found
        found |= new
    return found
