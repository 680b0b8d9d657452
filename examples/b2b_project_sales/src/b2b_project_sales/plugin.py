"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pycrm import (
    Contact,
    InvalidError,
    Money,
    MoveError,
    Opportunity,
    Plugin,
    Problem,
    Session,
    Task,
    hookimpl,
)
from pycrm.entities.activity import TaskPriority
from pycrm.entities.customer import Department
from pycrm.hooks import Change, StageMove

from b2b_project_sales.buyer import BuyerProfile
from b2b_project_sales.pages import PURSUITS, PURSUITS_OF_CUSTOMER
from b2b_project_sales.process import PROJECT, is_decided
from b2b_project_sales.project import Criterion, Project
from b2b_project_sales.words import WORDS

__all__ = ["ProjectSales"]

# From here on a sale is a project, and is offered only after the decision to go for it.
_LARGE = Money("1000000", "CNY")
_OFFERED = ("quoted", "negotiating", "won")
_DEPARTMENTS = (Department.USER, Department.TECHNICAL, Department.PROCUREMENT, Department.DECISION)
_BEFORE_THE_BID = timedelta(days=3)


class ProjectSales(Plugin):
    """Project sales

    Project files with an evaluation and a go or no-go, how buyers decide, and the rules that tie
    large opportunities to their projects.
    """

    name = "b2b"
    api = ">=0.1,<0.2"
    records = (Project,)
    children = (Criterion,)
    facets = (BuyerProfile,)
    pipelines = (PROJECT,)
    guards = {"b2b.decided": is_decided}
    panels = (PURSUITS_OF_CUSTOMER,)
    pages = (PURSUITS,)
    templates = "b2b_project_sales.templates"
    words = WORDS
    sample = "b2b_project_sales.sample:add"

    @hookimpl
    def before_add(self, session: Session, record: Project) -> None:
        """A new project has its bid date before it."""
        if isinstance(record, Project):
            _refuse_past_bid(session, record)

    @hookimpl
    def before_change(self, session: Session, record: Opportunity, changes: Mapping[str, Change]) -> None:
        """No offer of a million or more without a project that was decided for."""
        if isinstance(record, Opportunity) and "stage" in changes:
            amount = changes["amount"].after if "amount" in changes else record.amount
            if changes["stage"].after in _OFFERED and _is_large(amount):
                _refuse_undecided(session, record)

    @hookimpl
    def before_move(self, session: Session, record: Project, move: StageMove) -> None:
        """A project is initiated once we know somebody in every department that has a say."""
        if isinstance(record, Project) and move.target == "initiated":
            _refuse_strangers(session, record)

    @hookimpl
    def record_moved(self, session: Session, record: Project, move: StageMove) -> None:
        """Whoever goes to tender is reminded of the bid date."""
        if isinstance(record, Project) and move.target == "bid":
            _remind(session, record)


def _refuse_past_bid(session: Session, project: Project) -> None:
    today = session.crm.calendar_day(session.now)
    if project.bid_on is not None and project.bid_on < today:
        late = Problem("bid_on", "range", "lies in the past")
        raise InvalidError("the bid date lies in the past", fields=[late])


def _is_large(amount: Any) -> bool:
    return isinstance(amount, Money) and amount.currency == _LARGE.currency and amount >= _LARGE


def _refuse_undecided(session: Session, deal: Opportunity) -> None:
    projects = session.find(Project, Project.opportunity == deal.id)
    if all(project.stage in ("information", "stopped") for project in projects):
        message = f"from {_LARGE} on, an offer needs a project that was decided for"
        missing = {"kind": "record", "name": "Project", "message": message}
        raise MoveError(f"Not yet: {message}.", data={"missing": [missing]})


def _refuse_strangers(session: Session, project: Project) -> None:
    contacts = session.find(Contact, Contact.customer == project.customer.id, Contact.left_on.is_(None))
    known = {contact.department for contact in contacts}
    lacking = [one.value for one in _DEPARTMENTS if one not in known]
    if lacking:
        missing = [{"kind": "record", "name": "Contact", "message": f"contact: {one}"} for one in lacking]
        raise MoveError(f"Not yet: no contact in {', '.join(lacking)}.", data={"missing": missing})


def _remind(session: Session, project: Project) -> None:
    if project.bid_on is None:
        return
    due = datetime.combine(project.bid_on, time(9), UTC) - _BEFORE_THE_BID
    session.add(
        Task(
            title=f"Hand in the bid: {project.name}"[:300],
            due_at=max(due, session.now),
            priority=TaskPriority.HIGH,
            customer=project.customer,
            opportunity=project.opportunity,
        )
    )
