"""The rules of the example's plugin: something large is offered only for a project that was decided for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from b2b_project_sales import BuyerProfile, ProjectSales
from house import enterprise

from pycrm import (
    CRM,
    Contact,
    Customer,
    Department,
    Money,
    MoveError,
    Opportunity,
    Session,
    Task,
    User,
)
from pycrm.plugins.projects import (
    EvaluationCriterion,
    Funding,
    ProjectEvaluation,
    ProjectFile,
    ProjectRole,
    Stakeholder,
    StakeholderDepartment,
    StakeholderRole,
    StrategyPlan,
    TeamMember,
)


def customer(session: Session) -> Customer:
    """A customer of rep_a's."""
    return session.add(Customer.organization("Ningbo Works", source="exhibition", email="a@example.com"))


def deal(session: Session, owner: Customer, amount: str | None) -> Opportunity:
    """An opportunity at that customer."""
    money = None if amount is None else Money(amount, "CNY")
    given = {"name": "Waterworks", "expected_close": date(2026, 12, 1), "amount": money}
    return session.add(Opportunity(customer=owner, **given))


def project(session: Session, sale: Opportunity) -> ProjectFile:
    """The file of an opportunity, with all that has to be known, and decided for."""
    given: dict[str, Any] = {"investment_scale": Money("20000000", "CNY"), "scope": "Pumps"}
    given |= {"bid_date": date(2026, 9, 30), "our_scope_value": Money("2000000", "CNY")}
    made = session.add(
        ProjectFile(
            customer=sale.customer,
            opportunity=sale,
            name="Waterworks",
            funding=Funding.APPROVED,
            no_competitors=True,
            **given,
        )
    )
    me = session.find(User, User.login == "rep_a")[0]
    for role in (ProjectRole.TECHNICAL, ProjectRole.COMMERCIAL):
        session.add(TeamMember(project=made, user=me, role=role, since=date(2026, 6, 1)))
    for one in ("user", "technical", "procurement", "decision"):
        contact = Contact.named(
            one, customer=sale.customer, department=Department(one), email=f"{one}@example.com"
        )
        session.add(
            Stakeholder(
                project=made,
                contact=session.add(contact),
                department=StakeholderDepartment(one),
                role=StakeholderRole.INFLUENCER,
                influence=3,
                stance=1,
                needs="Less energy",
                our_person=me,
            )
        )
    lines = [EvaluationCriterion(name="Fit", weight=100, score=4)]
    session.add(ProjectEvaluation(project=made, criteria=lines))
    return made


@pytest.fixture
def house(b2b: CRM) -> CRM:
    """The plugin in the catalogue's organisation."""
    enterprise(b2b)
    return b2b


@pytest.mark.parametrize("given", ["before", "in the same act"])
def test_a_large_offer_needs_a_project(house: CRM, given: str) -> None:
    """A salesperson cannot quote a million without a project that was initiated, whenever the amount is named."""
    amount = Money("1000000", "CNY")
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "1000000" if given == "before" else None)
        with pytest.raises(MoveError) as refused:
            session.move(sale, "quoted", amount=amount)
        assert [one["name"] for one in refused.value.data["missing"]] == ["ProjectFile"]
        begun = project(session, sale)
        with pytest.raises(MoveError):
            session.move(sale, "negotiating", amount=amount)
        assert session.get(Opportunity, sale.id).stage == "filed"
        begun = session.move(begun, "initiate")
        assert session.move(sale, "quoted", amount=amount).stage == "quoted"
        session.move(begun, "stop", because="the funds are gone")
        with pytest.raises(MoveError):
            session.move(session.get(sale.ref), "negotiating")


def test_a_smaller_offer_needs_none(house: CRM) -> None:
    """A salesperson quotes 999,999.99 without any project."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "999999.99")
        assert session.move(sale, "quoted").stage == "quoted"


def test_without_the_plugin_nothing_is_refused(open_crm: Callable[..., CRM]) -> None:
    """In a CRM without the plugin the same large offer passes: the refusal is the plugin's."""
    crm = open_crm()
    enterprise(crm)
    with crm.session("rep_a") as session:
        assert session.move(deal(session, customer(session), "1000000"), "quoted").stage == "quoted"


def test_going_to_tender_reminds_of_the_bid(house: CRM) -> None:
    """Whoever takes a project to tender finds a task three days before the bid date."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "2000000")
        begun = session.move(project(session, sale), "initiate")
        plan = session.add(StrategyPlan(project=begun, theme="Service nearby"))
    with house.session("lead_e") as session:
        session.move(session.get(plan.ref), "approve")
    with house.session("rep_a") as session:
        for move in ("plan", "accept"):
            begun = session.move(begun, move)
        assert session.find(Task) == []
        session.move(begun, "tender")
    with house.view("rep_a") as session:
        (task,) = session.find(Task)
        assert task.due_at == datetime(2026, 9, 27, 9, tzinfo=UTC)
        assert task.opportunity == sale.ref


def test_a_colleague_does_not_see_how_a_customer_buys(house: CRM) -> None:
    """What the plugin keeps is seen by owner and leader, and not by a colleague of the same rank."""
    assert ProjectSales.facets == (BuyerProfile,)
    with house.session("rep_a") as session:
        buyer = customer(session)
        session.add(BuyerProfile(of=buyer, decision_process="The owner decides alone."))
    for login, sees in (("rep_a", True), ("lead_e", True), ("rep_b", False), ("lead_w", False)):
        with house.view(login) as session:
            assert session.count(BuyerProfile) == int(sees)
            assert (session.facet(buyer, BuyerProfile) is not None) is sees
