"""Handing over all that a person owns (SUP-10 to SUP-14), and single records (SCO-9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from house import Cast, enterprise
from revision.world import tables

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    ConflictError,
    Contact,
    Customer,
    Department,
    FixedClock,
    ForbiddenError,
    Handover,
    HandoverReceiver,
    HandoverRule,
    HandoverState,
    InvalidError,
    Note,
    NotFoundError,
    Opportunity,
    Region,
    StaleError,
    Task,
    TaskState,
    User,
    UserState,
)

CLOSE = date(2026, 12, 1)
BECAUSE = "moves to another company"
# SUP-S4: of 14 opportunities 6 are open (2 quoted, 4 contacted), 5 won and 3 lost.
STAGES = {"quoted": 2, "contacted": 4, "won": 5, "lost": 3}
KINDS = (Customer, Contact, Opportunity, Task, Activity, Note)


def leaver(crm: CRM) -> Cast:
    """rep_a with the 37 customers of SUP-S4, 25 in the north and 12 in the south."""
    cast = enterprise(crm)
    with crm.session(crm.system("regions")) as session:
        north, south = (session.add(Region(name=name)) for name in ("North", "South"))
        session.add(Region(name="Far north", parent=north))
    with crm.session("rep_a") as session:
        drafts = [
            Customer.organization(
                f"Customer {at}",
                email=f"c{at}@example.com",
                source="exhibition",
                region="South" if at >= 25 else "Far north" if at % 2 else north,
            )
            for at in range(37)
        ]
        customers = session.add_all(drafts)
        for at in range(52):
            draft = Contact.named(
                f"Person {at}",
                customer=customers[at % 37],
                department=Department.USER,
                email=f"p{at}@example.com",
            )
            session.add(draft)
        stages = [stage for stage, number in STAGES.items() for _ in range(number)]
        deals = session.add_all(
            [
                Opportunity(customer=customers[at * 2], name=f"Deal {at}", expected_close=CLOSE)
                for at in range(14)
            ]
        )
        for deal, stage in zip(deals, stages, strict=True):
            _through(session, deal, stage)
        session.add_all(
            [
                Task(
                    title=f"Task {at}",
                    due_at=session.now,
                    customer=customers[at],
                    state=TaskState.OPEN if at < 9 else TaskState.DONE,
                )
                for at in range(23)
            ]
        )
        session.add_all(
            [
                Activity(
                    kind=ActivityKind.CALL,
                    customer=customers[at % 37],
                    started_at=session.now - timedelta(hours=1),
                    summary="Talked about the weather",
                )
                for at in range(210)
            ]
        )
        session.add_all([Note(body="Likes tea", opportunity=deals[at]) for at in range(3)])
    return cast


def _through(session: Any, deal: Any, stage: str) -> None:
    raise NotImplementedError


def numbers(crm: CRM, login: str) -> list[int]:
    """What a person counts of each kind."""
    with crm.view(login) as session:
        return [session.count(cls) for cls in KINDS]
