"""Records of a plugin are handed over with all others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, FixedClock, Money, Opportunity, Task


@pytest.mark.parametrize("archived", [False, True])
def test_projects_go_with_their_customer(b2b: CRM, clock: FixedClock, archived: bool) -> None:
    """A leaver's projects, also archived ones, are the receiver's with stage and evaluation (SUP-10)."""
    from b2b_project_sales.project import Project, ProjectKind

    cast = enterprise(b2b)
    with b2b.session("rep_a") as session:
        customer = session.add(Customer.organization("Mill", email="m@example.com", source="exhibition"))
        close = b2b.calendar_day(session.now) + timedelta(days=90)
        deal = session.add(Opportunity(customer=customer, name="Line 2", expected_close=close))
        draft: dict[str, Any] = {"kind": ProjectKind.EXPANSION, "investment": Money("5000000", "CNY")}
        project = session.add(Project(customer=customer, opportunity=deal, name="Line 2", **draft))
        session.add(Task(title="Survey", due_at=session.now, opportunity=deal))
        if archived:
            session.archive(project)
    clock.advance(days=1)
    with b2b.session("lead_e") as session:
        seen = session.preview_handover("rep_a", "rep_b")
        assert seen.counts()["Project", "information"] == 1
        done = session.hand_over("rep_a", "rep_b", because="leaves the company")
    with b2b.view("rep_b") as session:
        (moved,) = session.find(Project, archived=True)
        assert (moved.id, moved.stage, moved.stage_at) == (project.id, project.stage, project.stage_at)
        assert (moved.owner, moved.created_by) == (cast.people["rep_b"].ref, cast.people["rep_a"].ref)
        assert session.history(moved)[0].act == "hand_over"
    with b2b.view("rep_a") as session:
        assert session.find(Project, archived=True) == []
    with b2b.session("lead_e") as session:
        undone = session.undo_handover(session.get(done.ref), because="stays with us")
    assert undone.returned["Project"] == 1
    with b2b.view("rep_a") as session:
        assert [one.id for one in session.find(Project, archived=True)] == [project.id]
