"""What is seen through another record follows that record, and the people who own it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from house import Cast, enterprise

from pycrm import CRM, Customer, Note, Opportunity, Task, User
from pycrm.revision import change
from pycrm.scope import organisation

DUE = datetime.fromisoformat("2026-07-10T09:00:00+08:00")


@pytest.fixture
def cast(crm: CRM) -> Cast:
    """The people of the catalogue; rep_a and rep_w have a customer each."""
    people = enterprise(crm)
    for login in ("rep_a", "rep_w"):
        with crm.session(login) as session:
            session.add(Customer.organization(login, email=f"{login}@example.com", source="exhibition"))
    return people


def titles(crm: CRM, login: str) -> list[str]:
    """What somebody sees of opportunities, tasks and notes."""
    with crm.view(login) as session:
        found = [one.name for one in session.find(Opportunity)]
        found += [one.title for one in session.find(Task)] + [one.body for one in session.find(Note)]
        return sorted(found)


def filed(crm: CRM) -> dict[str, Any]:
    """At the customer of rep_a an opportunity with a task and a note, and a task of the customer itself."""
    with crm.session(crm.system("test")) as session:
        customers = {customer.name: customer for customer in session.find(Customer)}
        a = customers["rep_a"]
        deal = session.add(Opportunity(customer=a, name="deal", expected_close=date(2027, 1, 1)))
        session.add(Task(title="of the deal", due_at=DUE, opportunity=deal))
        session.add(Task(title="of both", due_at=DUE, customer=a, opportunity=deal))
        session.add(Note(body="note", opportunity=deal))
    return customers | {"deal": deal}


def redirected(crm: CRM, things: dict[str, Any]) -> None:
    """The opportunity turns out to be of the other customer; another note is added at once."""
    with crm.session(crm.system("correction")) as session:
        deal = session.change(session.get(things["deal"].ref), customer=things["rep_w"])
        session.add(Note(body="why", opportunity=deal))


def test_an_opportunity_takes_along_what_is_seen_through_it(crm: CRM, cast: Cast) -> None:
    """When an opportunity goes to another customer, its tasks and notes leave the former owner's sight."""
    things = filed(crm)
    assert titles(crm, "rep_a") == titles(crm, "lead_e") == ["deal", "note", "of both", "of the deal"]
    assert titles(crm, "rep_w") == titles(crm, "lead_w") == []
    redirected(crm, things)
    assert titles(crm, "rep_a") == titles(crm, "lead_e") == ["of both"]
    assert titles(crm, "rep_w") == titles(crm, "lead_w") == ["deal", "note", "of the deal", "why"]


def test_without_the_copies_it_would_stay_in_sight(
    crm: CRM, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the copies left, or left below, the former owner would go on seeing, and the test above tells."""
    things = filed(crm)
    with monkeypatch.context() as patch:
        patch.setattr(organisation, "carry", lambda tx, entity, id, pair: None)
        redirected(crm, things)
    assert "note" in titles(crm, "rep_a")
    with monkeypatch.context() as patch:
        patch.setattr(change, "_new_place", lambda tx, made, differing: {})
        with crm.session(crm.system("correction")) as session:
            session.change(session.get(things["deal"].ref), customer=things["rep_a"])
    assert "deal" in titles(crm, "rep_w")


def test_who_moves_takes_the_records_along(crm: CRM, cast: Cast) -> None:
    """When rep_a goes to West, their leader changes for customers and all below, also for what is new."""
    filed(crm)
    with crm.session(crm.system("transfer")) as session:
        rep, unit = cast.people["rep_a"], cast.units["West"]
        (customer,) = session.find(Customer, Customer.name == "rep_a")
        session.add(Note(body="before", customer=customer))
        session.amend(session.get(User, rep.id), home_unit=unit, because="transferred")
        session.add(Note(body="after", customer=customer))
        draft = Customer.organization("late", email="late@example.com", source="exhibition")
        assert session.add(draft, owner=rep).owner_unit == unit.ref
    expected = ["after", "before", "deal", "note", "of both", "of the deal"]
    assert titles(crm, "rep_a") == titles(crm, "lead_w") == expected
    assert titles(crm, "lead_e") == []
