"""Rights that keep an eye on themselves: own roles, the last administrator, exports, cards."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from house import Cast, enterprise

from pycrm import (
    CRM,
    Action,
    Activity,
    ActivityKind,
    Address,
    ConflictError,
    Contact,
    ContactPoint,
    ContactPointKind,
    Customer,
    Department,
    ForbiddenError,
    Grant,
    NotFoundError,
    Opportunity,
    Party,
    PartyKind,
    Reach,
    Role,
    RoleAssignment,
    User,
    UserState,
)
from pycrm.exchange import export_csv


def given(crm: CRM, cast: Cast, by: str, to: str, role: str) -> RoleAssignment:
    """One person gives another a role at the head office."""
    with crm.session(by) as session:
        return session.add(
            RoleAssignment(
                user=cast.people[to], role=cast.roles[role], unit=cast.units["HQ"], since=date(2026, 6, 1)
            )
        )


def held(crm: CRM, login: str) -> Any:
    """The one assignment of a person."""
    with crm.view(crm.system("test")) as session:
        user = session.find(User, User.login == login)[0]
        return session.find(RoleAssignment, RoleAssignment.user == user)[0]


def test_sco_19_an_administrator_does_not_widen_the_own_rights(crm: CRM) -> None:
    """Neither by giving the own person a role, nor through a role that is held; a second one may."""
    cast = enterprise(crm)
    with pytest.raises(ForbiddenError):
        given(crm, cast, "admin", "admin", "top")
    with crm.session("admin") as session:
        own = session.children(session.get(cast.roles["administrator"].ref))
        more = Grant(entity="*", action=Action.READ, reach=Reach.ALL)
        with pytest.raises(ForbiddenError):
            session.change(own, grants=[*own.grants, more])
    mine = held(crm, "admin")
    with crm.session("admin") as session, pytest.raises(ForbiddenError):
        session.change(mine, unit=cast.units["East"])
    given(crm, cast, "admin", "mkt_1", "administrator")
    given(crm, cast, "mkt_1", "admin", "staff")
    with crm.view("admin") as session:
        assert session.count(Customer) == 0


@pytest.mark.parametrize("login", ["dir", "admin"])
@pytest.mark.parametrize("way", ["assignment", "user", "role"])
def test_sco_e5_the_last_one_stays(crm: CRM, login: str, way: str) -> None:
    """The last top manager and the last administrator are neither removed nor suspended; of two, one is."""
    cast = enterprise(crm)
    role = {"dir": "top", "admin": "administrator"}[login]

    assignment = held(crm, login)

    def remove() -> None:
        with crm.session(crm.system("reorganisation")) as session:
            if way == "assignment":
                session.archive(assignment)
            elif way == "role":
                session.archive(session.get(cast.roles[role].ref))
            else:
                session.change(session.get(cast.people[login].ref), state=UserState.SUSPENDED)

    with pytest.raises(ConflictError):
        remove()
    grants = _grants(crm, cast, role)
    with crm.session(crm.system("reorganisation")) as session:
        again = session.add(Role(name=f"second {role}", level=cast.roles[role].level, grants=grants))
        session.add(
            RoleAssignment(
                user=cast.people["mkt_1"], role=again, unit=cast.units["HQ"], since=date(2026, 6, 1)
            )
        )
    remove()
    with crm.view(crm.system("test")) as session:
        assert session.count(RoleAssignment) == 12 + (way != "assignment")


def _grants(crm: CRM, cast: Cast, role: str) -> list[Grant]:
    with crm.view(crm.system("test")) as session:
        stored = session.children(session.get(cast.roles[role].ref)).grants
    return [Grant(entity=one.entity, action=one.action, reach=one.reach) for one in stored]


def test_sco_9_an_export_is_kept_with_filter_columns_and_count(crm: CRM) -> None:
    """The administrator reads who took out what; the one who exported, and staff, do not."""
    enterprise(crm, customers=True)
    with crm.view("lead_e2") as session:
        export_csv(session, Customer, io.BytesIO(), [Customer.name != "rep_c 0"], ["code", "name"])
        with pytest.raises(ForbiddenError):
            session.exports()
        export_csv(session, Customer, io.BytesIO())
    with crm.view("admin") as session:
        all_of_it, kept = session.exports()
    assert (all_of_it.rows, all_of_it.conditions) == (7, None)
    assert (kept.actor, kept.entity, kept.columns, kept.rows) == ("lead_e2", "Customer", ("code", "name"), 6)
    assert "name" in kept.conditions
    assert "rep_c 0" in kept.conditions


def test_an_export_that_cannot_be_kept_writes_nothing(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the book cannot be written, not a row leaves."""
    enterprise(crm, customers=True)

    def broken(*_: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr("pycrm.exchange.exporting.exports.note", broken)
    stream = io.BytesIO()
    with crm.view("lead_e") as session, pytest.raises(OSError, match="full"):
        export_csv(session, Customer, stream)
    assert stream.getvalue() == b""


def test_sco_s4_whoever_sees_a_task_sees_a_card_of_its_customer(crm: CRM) -> None:
    """The engineer lists one activity and sees name, address and that contact; nothing else (SCO-S4)."""
    cast = enterprise(crm, customers=True)
    with crm.session("rep_a") as session:
        customer = session.find(Customer, limit=1)[0]
        party = session.get(customer.party)
        session.change(party, addresses=[Address(text="1 Harbour Road")])
        people = [
            session.add(
                Party(
                    kind=PartyKind.PERSON,
                    name=name,
                    contact_points=[ContactPoint(kind=ContactPointKind.MOBILE, value=number)],
                )
            )
            for name, number in (("Li Lei", "13800008001"), ("Han Meimei", "13800008002"))
        ]
        contacts = [
            session.add(Contact(customer=customer, person=person, department=Department.TECHNICAL))
            for person in people
        ]
        session.add(Opportunity(customer=customer, name="Forklifts", expected_close=date(2026, 12, 1)))
        visits = [
            Activity(
                customer=customer,
                kind=ActivityKind.VISIT,
                started_at=session.now,
                summary="Repair of the north crane",
                contact=contact,
            )
            for contact in contacts
        ]
    with crm.session(crm.system("dispatch")) as session:
        session.add(visits[0], owner=cast.people["tech_1"])
        session.add(visits[1], owner=cast.people["rep_a"])
    with crm.view("tech_1") as session:
        (visit,) = session.find(Activity)
        assert [session.count(cls) for cls in (Customer, Opportunity, Contact, Party)] == [0, 0, 0, 0]
        seen = session.card(visit)
        assert (seen.customer, seen.name, seen.addresses) == (
            customer.ref,
            customer.name,
            ("1 Harbour Road",),
        )
        assert (seen.contact, seen.contact_points) == ("Li Lei", ("13800008001",))
        with pytest.raises(NotFoundError):
            session.get(customer.ref)
    with crm.view("rep_b") as session, pytest.raises(NotFoundError):
        session.card(visit)
