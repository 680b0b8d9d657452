"""What the product shows besides lists and forms: the pursuits of a customer, and all of them by bid date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycrm import Customer, Panel, Screen, Session

from b2b_project_sales.project import Project

__all__ = ["PURSUITS", "PURSUITS_OF_CUSTOMER"]

_OVER = ("won", "handed_over", "lost", "stopped")
_MOST = 100


def _of_customer(session: Session, customer: Customer) -> Mapping[str, Any] | None:
    """How many projects of the customer are pursued, what our part of them is, and when the next bid is."""
    projects = session.find(Project, Project.customer == customer.id, Project.stage.not_in(_OVER))
    if not projects:
        return None
    parts = [one.our_value for one in projects if one.our_value is not None]
    bids = [one.bid_on for one in projects if one.bid_on is not None]
    return {
        "Open projects": len(projects),
        "Our part of them": sum(parts[1:], parts[0]) if len({one.currency for one in parts}) == 1 else None,
        "Next bid": min(bids, default=None),
    }


def _pursuits(session: Session, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """The projects that are pursued, the nearest bid first."""
    today = session.crm.calendar_day(session.now)
    projects = session.find(Project, Project.stage.not_in(_OVER), limit=_MOST)
    dated = sorted(projects, key=lambda one: (one.bid_on is None, one.bid_on or today, one.name))
    left = {one.id: (one.bid_on - today).days for one in dated if one.bid_on is not None}
    return {"projects": dated, "left": left}


PURSUITS_OF_CUSTOMER = Panel("pursuits", "Pursuits", Customer, _of_customer, permission="project.read")
PURSUITS = Screen("pursuits", "Pursuits", _pursuits, "b2b/pursuits.html", permission="project.read")
