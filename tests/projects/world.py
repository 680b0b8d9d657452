"""One project at a customer of rep_a's, with the stakeholders of PRJ-S2 and a team from four units."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import attrs
from conftest import NOW

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    Contact,
    Customer,
    Department,
    FixedClock,
    Money,
    Opportunity,
    Session,
    User,
)
from pycrm.plugins.projects import (
    CostBudget,
    CostEntry,
    CostKind,
    EvaluationCriterion,
    Funding,
    Picture,
    ProjectEvaluation,
    ProjectFile,
    ProjectRole,
    Projects,
    Stakeholder,
    StakeholderDepartment,
    StakeholderRole,
    TeamMember,
    picture,
)

__all__ = ["FILED", "PLUGINS", "SCORES", "World", "criteria", "evaluation", "file_of", "yuan"]

PLUGINS = (Projects,)
# The day on which the project was filed.
FILED = "2026-06-01T09:00:00+08:00"
# PRJ-S1: budget, fit, relations, competition, profit, resources.
WEIGHTS = (20, 20, 20, 15, 15, 10)
SCORES = (4, 5, 3, 2, 4, 3)
TEAM = (
    ("tech_1", ProjectRole.TECHNICAL, None),
    ("mkt_1", ProjectRole.COMMERCIAL, None),
    ("rep_w", ProjectRole.OVERSEAS, "Africa/Lagos"),
)
# PRJ-S2: department, influence, stance.
PEOPLE = (("user", 3, 2), ("technical", 4, 1), ("procurement", 3, -1), ("decision", 5, 0))


def yuan(amount: int | str) -> Money:
    """An amount in the currency of the CRM."""
    return Money(str(amount), "CNY")


def criteria(scores: Iterable[int] = SCORES, veto_at: int | None = None) -> list[EvaluationCriterion]:
    """The lines of PRJ-S1, perhaps with a veto on the competition."""
    return [
        EvaluationCriterion(
            name=f"criterion {place}", weight=weight, score=score, veto_at=veto_at if place == 3 else None
        )
        for place, (weight, score) in enumerate(zip(WEIGHTS, scores, strict=True))
    ]


def evaluation(
    project: Any, scores: Iterable[int] = SCORES, veto_at: int | None = None, **more: Any
) -> ProjectEvaluation:
    """An evaluation that says go, unless other scores are given."""
    return ProjectEvaluation(project=project, criteria=criteria(scores, veto_at), **more)


_numbers = count(1)


@attrs.define
class World:
    """A CRM of which one project is looked at; its customer is rep_a's, who leads it."""

    crm: CRM
    clock: FixedClock
    name: str
    people: dict[str, User]

    @classmethod
    def entered(cls, crm: CRM, name: str = "Waterworks") -> World:
        """A new customer with four contacts, its project with stakeholders, and a team from four units."""
        clock = crm.clock
        assert isinstance(clock, FixedClock)
        clock.set(FILED)
        with crm.view("dir") as session:
            people = {one.login: one for one in session.find(User)}
        made = cls(crm, clock, f"{name} {next(_numbers)}", people)
        with crm.session("rep_a") as session:
            made.file(session)
        clock.set(NOW)
        return made

    def file(self, session: Session) -> ProjectFile:
        """The project, as rep_a files it."""
        host = f"{self.name.replace(' ', '').lower()}.example.com"
        works = session.add(Customer.organization(self.name, source="exhibition", email=f"a@{host}"))
        deal = session.add(
            Opportunity(
                customer=works, name=self.name, amount=yuan(2_000_000), expected_close=date(2026, 12, 1)
            )
        )
        project = session.add(file_of(deal, self.name))
        for login, role, zone in TEAM:
            since, user = date(2026, 6, 1), self.people[login]
            session.add(TeamMember(project=project, user=user, role=role, since=since, time_zone=zone))
        for name, influence, stance in PEOPLE:
            draft = Contact.named(
                name.title(), customer=works, department=Department(name), email=f"{name}@{host}"
            )
            session.add(
                Stakeholder(
                    project=project,
                    contact=session.add(draft),
                    department=StakeholderDepartment(name),
                    role=StakeholderRole.INFLUENCER,
                    influence=influence,
                    stance=stance,
                    our_person=self.people["rep_a"],
                )
            )
        return project

    def on(self, day: str, hour: str = "09:00:00") -> None:
        """It is that day."""
        self.clock.set(f"{day}T{hour}+08:00")

    def as_(self, who: str) -> AbstractContextManager[Session]:
        """A session of somebody."""
        return self.crm.session(who)

    def view(self, who: str = "rep_a") -> AbstractContextManager[Session]:
        """A session of somebody who reads."""
        return self.crm.view(who)

    def project(self, session: Session) -> ProjectFile:
        """The project, with its children."""
        return session.get(session.find(ProjectFile, ProjectFile.name == self.name)[0].ref)

    def picture(self, session: Session) -> Picture:
        """What is known of it."""
        return picture(session, self.project(session))

    def stakeholder(self, session: Session, department: str) -> Stakeholder:
        """The stakeholder of a department."""
        mine = Stakeholder.project == self.project(session).id
        return session.find(Stakeholder, mine, Stakeholder.department == StakeholderDepartment(department))[0]

    def member(self, session: Session, login: str) -> TeamMember:
        """The first membership of somebody."""
        mine = TeamMember.project == self.project(session).id
        return session.find(TeamMember, mine, TeamMember.user == self.people[login].id)[0]

    def meet(self, department: str, day: str, who: str = "rep_a") -> None:
        """Somebody of a department is visited on a day."""
        self.on(day)
        with self.as_(who) as session:
            project, one = self.project(session), self.stakeholder(session, department)
            session.add(
                Activity(
                    kind=ActivityKind.VISIT,
                    customer=project.customer,
                    opportunity=project.opportunity,
                    contact=one.contact,
                    started_at=session.now,
                    summary="Walked through the plant together.",
                )
            )

    def decide(self, who: str = "rep_a", **more: Any) -> None:
        """It is evaluated: go, unless other scores are given."""
        with self.as_(who) as session:
            session.add(evaluation(self.project(session), **more))

    def spend(self, who: str, amount: int | str, kind: str = "travel", **more: Any) -> None:
        """Somebody has spent something, with a voucher."""
        with self.as_(who) as session:
            draft = {"voucher": "R-1", "on": self.crm.calendar_day(session.now)} | more
            kinds = CostKind(kind)
            session.add(CostEntry(project=self.project(session), kind=kinds, amount=yuan(amount), **draft))

    def allow(self, amount: int, kind: str = "travel") -> None:
        """So much may be spent of a kind."""
        with self.as_("rep_a") as session:
            session.add(CostBudget(project=self.project(session), kind=CostKind(kind), amount=yuan(amount)))

    def know(self, **more: Any) -> None:
        """The file has all eight blocks, but for what is given otherwise."""
        with self.as_("rep_a") as session:
            given = {"funding": Funding.APPROVED, "no_competitors": True} | more
            session.change(self.project(session), **given)
            session.change(self.stakeholder(session, "user"), needs="Less energy")


def file_of(deal: Opportunity, name: str, **more: Any) -> ProjectFile:
    """The file of an opportunity's project, with a bid in September."""
    given: dict[str, Any] = {
        "investment_scale": yuan(20_000_000),
        "scope": "Pumps and controls of the new hall",
        "industry": "water",
        "bid_date": date(2026, 9, 30),
        "our_scope_value": yuan(2_000_000),
        "goods_share": Decimal(75),
    }
    return ProjectFile(customer=deal.customer, opportunity=deal, name=name, **(given | more))
