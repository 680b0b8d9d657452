"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pycrm import Money, MoveError, Opportunity, Plugin, Session, Task, hookimpl
from pycrm.entities.activity import TaskPriority
from pycrm.hooks import Change, StageMove
from pycrm.plugins.projects import ProjectFile

from b2b_project_sales.buyer import BuyerProfile
from b2b_project_sales.pages import PURSUITS, PURSUITS_OF_CUSTOMER
from b2b_project_sales.words import WORDS

__all__ = ["ProjectSales"]

# From here on a sale is a project, and is offered only after the decision to go for it.
_LARGE = Money("1000000", "CNY")
_OFFERED = ("quoted", "negotiating", "won")
_UNDECIDED = ("information", "stopped")
_BEFORE_THE_BID = timedelta(days=3)


class ProjectSales(Plugin):
    """Project sales

    How buyers decide, and the rules that tie large opportunities to the project files of the plugin `projects`.
    """

    name = "b2b"
    api = ">=0.1,<0.2"
    requires = ("projects",)
    facets = (BuyerProfile,)
    panels = (PURSUITS_OF_CUSTOMER,)
    screens = (PURSUITS,)
    templates = "b2b_project_sales.templates"
    words = WORDS
    sample = "b2b_project_sales.sample:add"

    @hookimpl
    def before_change(self, session: Session, record: Opportunity, changes: Mapping[str, Change]) -> None:
        """No offer of a million or more without a project that was decided for."""
        if isinstance(record, Opportunity) and "stage" in changes:
            amount = changes["amount"].after if "amount" in changes else record.amount
            if changes["stage"].after in _OFFERED and _is_large(amount):
                _refuse_undecided(session, record)

    @hookimpl
    def record_moved(self, session: Session, record: ProjectFile, move: StageMove) -> None:
        """Whoever goes to tender is reminded of the bid date."""
        if isinstance(record, ProjectFile) and move.target == "bid":
            _remind(session, record)


def _is_large(amount: Any) -> bool:
    return isinstance(amount, Money) and amount.currency == _LARGE.currency and amount >= _LARGE


def _refuse_undecided(session: Session, deal: Opportunity) -> None:
    projects = session.find(ProjectFile, ProjectFile.opportunity == deal.id)
    if all(project.stage in _UNDECIDED for project in projects):
        message = f"from {_LARGE} on, an offer needs a project that was decided for"
        missing = {"kind": "record", "name": "ProjectFile", "message": message}
        raise MoveError(f"Not yet: {message}.", data={"missing": [missing]})


def _remind(session: Session, project: ProjectFile) -> None:
    if project.bid_date is None:
        return
    due = datetime.combine(project.bid_date, time(9), UTC) - _BEFORE_THE_BID
    session.add(
        Task(
            title=f"Hand in the bid: {project.name}"[:300],
            due_at=max(due, session.now),
            priority=TaskPriority.HIGH,
            customer=project.customer,
            opportunity=project.opportunity,
        )
    )
