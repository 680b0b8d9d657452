"""The rules of the example's plugin: when a project is begun, and when something large is offered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from b2b_project_sales import BuyerProfile, Criterion, Project
from b2b_project_sales.project import Decision, ProjectKind
from house import enterprise

from pycrm import (
    CRM,
    Contact,
    Customer,
    InvalidError,
    Money,
    MoveError,
    NotFoundError,
    Opportunity,
    Session,
    Task,
)
from pycrm.entities.customer import Department

# PRJ-S1 of the catalogue: weights and scores of budget, fit, relations, competition, profit, resources.
WEIGHTS = (20, 20, 20, 15, 15, 10)
SCORES = (4, 5, 3, 2, 4, 3)
BLOCKS = {"supply": "Pumps", "our_value": Money("2000000", "CNY"), "competitors": ("none known",)}
DEPARTMENTS = (Department.USER, Department.TECHNICAL, Department.PROCUREMENT, Department.DECISION)


def criteria(scores: tuple[int, ...] = SCORES, veto_at: int | None = None) -> list[Criterion]:
    """The evaluation of PRJ-S1, with a veto on the fourth line."""
    return [
        Criterion(
            name=f"criterion {place}", weight=weight, score=score, veto_at=veto_at if place == 3 else None
        )
        for place, (weight, score) in enumerate(zip(WEIGHTS, scores, strict=True))
    ]


def customer(session: Session, *departments: Department) -> Customer:
    """A customer with one contact in each department."""
    made = session.add(Customer.organization("Ningbo Works", source="exhibition", email="a@example.com"))
    for one in departments:
        session.add(Contact.named(one.value, customer=made, department=one, email=f"{one.value}@example.com"))
    return made


def deal(session: Session, owner: Customer, amount: str | None) -> Opportunity:
    """An opportunity at that customer."""
    return session.add(
        Opportunity(
            customer=owner,
            name="Waterworks",
            expected_close=date(2026, 12, 1),
            amount=None if amount is None else Money(amount, "CNY"),
        )
    )


def project(session: Session, sale: Opportunity, **values: Any) -> Project:
    """The project of an opportunity, with a bid in September."""
    values = {"bid_on": date(2026, 9, 30)} | values
    return session.add(
        Project(
            customer=sale.customer,
            opportunity=sale,
            name="Waterworks",
            kind=ProjectKind.NEW_BUILD,
            investment=Money("20000000", "CNY"),
            **values,
        )
    )


@pytest.fixture
def house(b2b: CRM) -> CRM:
    """The plugin in the catalogue's organisation."""
    enterprise(b2b)
    return b2b


@pytest.mark.parametrize("given", ["before", "in the same act"])
def test_a_large_offer_needs_a_project(house: CRM, given: str) -> None:
    """A salesperson cannot quote a million without a project, whenever the amount is named."""
    amount = Money("1000000", "CNY")
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "1000000" if given == "before" else None)
        with pytest.raises(MoveError) as refused:
            session.move(sale, "quoted", amount=amount)
        assert [one["name"] for one in refused.value.data["missing"]] == ["Project"]
        project(session, sale)
        with pytest.raises(MoveError):
            session.move(sale, "negotiating", amount=amount)
        assert session.get(Opportunity, sale.id).stage == "filed"


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


def test_a_decided_project_opens_the_offer(house: CRM) -> None:
    """Once the project is initiated, its large opportunity is quoted."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *DEPARTMENTS), "2000000")
        begun = session.change(project(session, sale), criteria=criteria())
        assert session.move(begun, "initiated", **BLOCKS).stage == "initiated"
        assert session.move(sale, "quoted").stage == "quoted"


def test_a_stopped_project_closes_it_again(house: CRM) -> None:
    """Nobody quotes a large deal on the strength of a project that was stopped."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *DEPARTMENTS), "2000000")
        begun = session.change(project(session, sale), criteria=criteria())
        begun = session.move(begun, "initiated", **BLOCKS)
        session.move(begun, "stopped", because="the funds are gone")
        with pytest.raises(MoveError):
            session.move(sale, "quoted")


@pytest.mark.parametrize("lacking", DEPARTMENTS)
def test_prj_s5_initiating_names_the_department_without_a_contact(house: CRM, lacking: Department) -> None:
    """A project of which one department is unknown is not initiated, and the answer names it (PRJ-S5)."""
    known = [one for one in DEPARTMENTS if one is not lacking]
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *known), "2000000")
        begun = session.change(project(session, sale), criteria=criteria())
        with pytest.raises(MoveError) as refused:
            session.move(begun, "initiated", **BLOCKS)
        assert [one["message"] for one in refused.value.data["missing"]] == [f"contact: {lacking.value}"]


def test_initiating_asks_for_every_block(house: CRM) -> None:
    """A salesperson who initiates an empty file is told all that it lacks, at once (PRJ-1)."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *DEPARTMENTS), "2000000")
        with pytest.raises(MoveError) as refused:
            session.move(project(session, sale, bid_on=None), "initiated")
    missing = [one["name"] for one in refused.value.data["missing"]]
    assert missing == ["bid_on", "supply", "our_value", "competitors", "b2b.decided"]


def test_prj_s1_the_decision_follows_from_the_evaluation(house: CRM) -> None:
    """72.00 is a go; 69.00 with a vetoed competition is a no-go and opens nothing (PRJ-S1)."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *DEPARTMENTS), "2000000")
        judged = session.change(project(session, sale), criteria=criteria())
        assert (judged.score, judged.decision) == (Decimal("72.00"), Decision.GO)
        judged = session.change(judged, criteria=criteria((4, 5, 3, 1, 4, 3)))
        assert (judged.score, judged.decision) == (Decimal("69.00"), Decision.CONDITIONAL)
        judged = session.change(judged, criteria=criteria((4, 5, 3, 1, 4, 3), veto_at=1))
        assert (judged.score, judged.decision) == (Decimal("69.00"), Decision.NO_GO)
        with pytest.raises(MoveError, match="says no go"):
            session.move(judged, "initiated", **BLOCKS)


@pytest.mark.parametrize(
    ("score", "decision"),
    [
        # 20 x 5/5 + 20 x 5/5 + 20 x 0 + 15 x 5/5 + 15 x 5/5 + 10 x 0 = 70
        ((5, 5, 0, 5, 5, 0), Decision.GO),
        # 20 + 20 + 0 + 15 + 12 + 2 = 69
        ((5, 5, 0, 5, 4, 1), Decision.CONDITIONAL),
        # 20 + 20 + 0 + 0 + 0 + 10 = 50
        ((5, 5, 0, 0, 0, 5), Decision.CONDITIONAL),
        # 20 + 20 + 0 + 0 + 3 + 6 = 49
        ((5, 5, 0, 0, 1, 3), Decision.NO_GO),
    ],
)
def test_prj_3_the_borders_of_the_decision(house: CRM, score: tuple[int, ...], decision: Decision) -> None:
    """70 is a go and 69 is not; 50 is conditional and 49 is not (PRJ-3)."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "2000000")
        assert session.change(project(session, sale), criteria=criteria(score)).decision is decision


def test_prj_e2_weights_add_up(house: CRM) -> None:
    """An evaluation whose weights are not 100 is refused, and its decision cannot be typed (PRJ-E2)."""
    with house.session("rep_a") as session:
        begun = project(session, deal(session, customer(session), "2000000"))
        with pytest.raises(InvalidError, match="add up to 90"):
            session.change(begun, criteria=criteria()[:-1])
        with pytest.raises(InvalidError, match="decision"):
            session.change(begun, decision=Decision.GO)
        with pytest.raises(InvalidError):
            Criterion(name="budget", weight=100, score=6)


def test_prj_e3_a_new_project_has_its_bid_before_it(house: CRM) -> None:
    """A project is not filed with yesterday's bid date, but with today's (PRJ-E3)."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session), "2000000")
        with pytest.raises(InvalidError) as refused:
            project(session, sale, bid_on=date(2026, 6, 29))
        assert [one.path for one in refused.value.fields] == ["bid_on"]
        assert project(session, sale, bid_on=date(2026, 6, 30)).stage == "information"


def test_going_to_tender_reminds_of_the_bid(house: CRM) -> None:
    """Whoever takes a project to tender finds a task three days before the bid date."""
    with house.session("rep_a") as session:
        sale = deal(session, customer(session, *DEPARTMENTS), "2000000")
        begun = session.change(project(session, sale), criteria=criteria())
        begun = session.move(begun, "initiated", **BLOCKS)
        for stage in ("strategy", "technical"):
            begun = session.move(begun, stage)
        assert session.find(Task) == []
        session.move(begun, "bid")
    with house.view("rep_a") as session:
        (task,) = session.find(Task)
        assert task.due_at == datetime(2026, 9, 27, 9, tzinfo=UTC)
        assert task.opportunity is not None
        assert task.opportunity.id == sale.id


def test_a_colleague_sees_neither_project_nor_profile(house: CRM) -> None:
    """What the plugin keeps is seen by owner and leader, and not by a colleague of the same rank."""
    with house.session("rep_a") as session:
        buyer = customer(session)
        begun = project(session, deal(session, buyer, "2000000"))
        session.add(BuyerProfile(of=buyer, decision_process="The owner decides alone."))
    for login, sees in (("rep_a", True), ("lead_e", True), ("rep_b", False), ("lead_w", False)):
        with house.view(login) as session:
            assert (session.count(Project), session.count(BuyerProfile)) == ((1, 1) if sees else (0, 0))
            assert (session.facet(buyer, BuyerProfile) is not None) is sees
            if not sees:
                with pytest.raises(NotFoundError):
                    session.get(Project, begun.id)
