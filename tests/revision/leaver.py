"""A leaver with the records of SUP-S4, and what is counted of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from house import Cast, enterprise

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    Contact,
    Customer,
    Department,
    Money,
    Note,
    Opportunity,
    Region,
    Task,
    TaskState,
)

CLOSE = date(2026, 12, 1)
# SUP-S4: of 14 opportunities 6 are open (2 quoted, 4 contacted), 5 won and 3 lost.
STAGES = {"quoted": 2, "contacted": 4, "won": 5, "lost": 3}
KINDS = (Customer, Contact, Opportunity, Task, Activity, Note)
# 37 customers, 52 contacts, 14 opportunities, 23 tasks, 210 activities, 3 notes.
HELD = [37, 52, 14, 23, 210, 3]
NOTHING = [0, 0, 0, 0, 0, 0]


def leaver(crm: CRM) -> Cast:
    """The catalogue's people; rep_a has 25 customers in the north and 12 in the south (SUP-S4)."""
    cast = enterprise(crm)
    with crm.session(crm.system("regions")) as session:
        north = session.add(Region(name="North"))
        session.add_all([Region(name="Far north", parent=north), Region(name="South")])
    with crm.session("rep_a") as session:
        drafts = [
            Customer.organization(
                f"Customer {at}",
                email=f"c{at}@example.com",
                source="exhibition",
                region="South" if at >= 25 else "Far north" if at % 2 else "North",
            )
            for at in range(37)
        ]
        customers = session.add_all(drafts)
        _people(session, customers)
        _sales(session, customers)
        _work(session, customers)
    return cast


def _people(session: Any, customers: list[Any]) -> None:
    for at in range(52):
        whose = customers[at % 37]
        draft = Contact.named(
            f"Person {at}", customer=whose, department=Department.USER, email=f"p{at}@example.com"
        )
        session.add(draft)


def _sales(session: Any, customers: list[Any]) -> None:
    asked = {
        "quoted": {"amount": Money("100", "CNY")},
        "contacted": {},
        "won": {"amount": Money("100", "CNY"), "closed_on": CLOSE},
        "lost": {"lost_reason": "price"},
    }
    stages = [stage for stage, number in STAGES.items() for _ in range(number)]
    for at, stage in enumerate(stages):
        deal = Opportunity(customer=customers[at * 2], name=f"Deal {at}", expected_close=CLOSE)
        made = session.move(session.add(deal), to=stage, **asked[stage])
        if at < 3:
            session.add(Note(body="Likes tea", opportunity=made))


def _work(session: Any, customers: list[Any]) -> None:
    """23 tasks, of which 9 are open, and 210 activities."""
    states = [TaskState.OPEN] * 9 + [TaskState.DONE] * 14
    for at, state in enumerate(states):
        task = session.add(Task(title=f"Task {at}", due_at=session.now, customer=customers[at]))
        if state is TaskState.DONE:
            session.move(session.move(task, TaskState.IN_PROGRESS), TaskState.DONE)
    talk: dict[str, Any] = {"kind": ActivityKind.CALL, "summary": "Talked about the weather"}
    begun = session.now - timedelta(hours=1)
    session.add_all([Activity(customer=customers[at % 37], started_at=begun, **talk) for at in range(210)])


def numbers(crm: CRM, login: str) -> list[int]:
    """What a person counts of each kind."""
    with crm.view(login) as session:
        return [session.count(cls) for cls in KINDS]
