"""Project files are handed over with all else of their customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, FixedClock, Money, NotFoundError, Opportunity, Task
from pycrm.plugins.projects import ProjectFile, TeamMember, leave


def test_projects_go_with_their_customer(b2b: CRM, clock: FixedClock) -> None:
    """A leaver's projects are seen by the receiver, and by the leaver no more once the lead is handed on (SUP-10)."""
    cast = enterprise(b2b)
    with b2b.session("rep_a") as session:
        customer = session.add(Customer.organization("Mill", email="m@example.com", source="exhibition"))
        close = b2b.calendar_day(session.now) + timedelta(days=90)
        deal = session.add(Opportunity(customer=customer, name="Line 2", expected_close=close))
        given: dict[str, Any] = {"investment_scale": Money("5000000", "CNY"), "scope": "Line 2"}
        project = session.add(ProjectFile(customer=customer, opportunity=deal, name="Line 2", **given))
        session.add(Task(title="Survey", due_at=session.now, opportunity=deal))
    with b2b.view("rep_b") as session:
        assert session.find(ProjectFile) == []
    clock.advance(days=1)
    with b2b.session("lead_e") as session:
        session.hand_over("rep_a", "rep_b", because="leaves the company")
    with b2b.session("rep_b") as session:
        (moved,) = session.find(ProjectFile)
        assert (moved.id, moved.stage, moved.stage_at) == (project.id, project.stage, project.stage_at)
        assert moved.created_by == cast.people["rep_a"].ref
        (member,) = session.find(TeamMember, TeamMember.project == moved.id)
        leave(session, member, cast.people["rep_b"])
    with b2b.view("rep_a") as session:
        assert [one.id for one in session.find(ProjectFile)] == [project.id]
    clock.advance(days=1)
    with b2b.view("rep_a") as session, pytest.raises(NotFoundError):
        session.get(project.ref)
