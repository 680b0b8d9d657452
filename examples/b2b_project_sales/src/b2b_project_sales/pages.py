"""What the product shows besides lists and forms: the pursuits of a customer, and all of them by bid date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycrm import Customer, Panel, Screen, Session
from pycrm.plugins.projects import ProjectFile

__all__ = ["PURSUITS", "PURSUITS_OF_CUSTOMER"]

_OVER = ("won", "handed_over", "lost", "stopped")
_MOST = 100


def _of_customer(session: Session, customer: Customer) -> Mapping[str, Any] | None:
    """How many projects of the customer are pursued, what our part of them is, and when the next bid is."""
    projects = session.find(ProjectFile, ProjectFile.customer == customer.id, ProjectFile.stage.not_in(_OVER))
    if not projects:
        return None
    parts = [one.our_scope_value for one in projects if one.our_scope_value is not None]
    bids = [one.bid_date for one in projects if one.bid_date is not None]
    return {
        "Open projects": len(projects),
        "Our part of them": sum(parts[1:], parts[0]) if len({one.currency for one in parts}) == 1 else None,
        "Next bid": min(bids, default=None),
    }


def _pursuits(session: Session, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """The projects that are pursued, the nearest bid first."""
    today = session.crm.calendar_day(session.now)
    projects = session.find(ProjectFile, ProjectFile.stage.not_in(_OVER), limit=_MOST)
    dated = sorted(projects, key=lambda one: (one.bid_date is None, one.bid_date or today, one.name))
    left = {one.id: (one.bid_date - today).days for one in dated if one.bid_date is not None}
    return {"projects": dated, "left": left}


PURSUITS_OF_CUSTOMER = Panel("pursuits", "Pursuits", Customer, _of_customer, permission="projectfile.read")
PURSUITS = Screen("pursuits", "Pursuits", _pursuits, "b2b/pursuits.html", permission="projectfile.read")
