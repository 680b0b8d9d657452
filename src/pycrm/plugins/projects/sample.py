"""Sample data of projects: three files of an invented company, one under way, one that was decided against."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from pycrm import CRM, Contact, Department, Money, Session
from pycrm.plugins.company import Company, company
from pycrm.plugins.projects.cost import CostBudget, CostEntry, CostKind, LabourRate
from pycrm.plugins.projects.evaluation import EvaluationCriterion, ProjectEvaluation
from pycrm.plugins.projects.project import (
    CompetitorEntry,
    Funding,
    Milestone,
    ProjectFile,
    ProjectRole,
    TeamMember,
    TenderKind,
)
from pycrm.plugins.projects.stakeholder import Stakeholder, StakeholderDepartment, StakeholderRole
from pycrm.plugins.projects.weekly import draft

__all__ = ["add"]

_CRITERIA = (
    *(("Budget 预算", 25), ("Fit 匹配度", 25), ("Relations 关系", 20)),
    *(("Competition 竞争", 15), ("Profit 利润", 15)),
)
# Department, name, role, influence, stance.
_PEOPLE = (
    ("user", "Bian Ning 卞宁", StakeholderRole.USER, 3, 2),
    ("technical", "Jiang Heng 江衡", StakeholderRole.INFLUENCER, 4, 1),
    ("procurement", "Ou Yi 欧怡", StakeholderRole.BUYER, 3, -1),
    ("decision", "Mu Cheng 穆成", StakeholderRole.DECIDER, 5, 0),
)
# Whose project, of which seller, its investment in million yuan, and how its criteria are scored.
_UNDER_WAY = ("Tidegate", "rep_a", 46, (4, 5, 4, 3, 4))
_STOPPED = ("Saltmarsh", "rep_b", 120, (3, 3, 2, 0, 2))
_NEW = ("Stonebridge", "rep_w", 210, ())


def add(crm: CRM, *, seed: int = 14, today: date | None = None) -> None:
    """Add the invented company and the files of three of its projects.

    Args:
        seed: equal seeds and days give equal data, down to the ids.
        today: the day with which its story ends; the CRM's own if not given.

    Raises:
        ConflictError: the database has an organisation already.
    """
    with company(crm, seed=seed, today=today) as told:
        told.at(40)
        with told.system() as session:
            session.add(LabourRate(grade="senior", rate=_yuan(180)))
        for at, (key, seller, millions, scores) in enumerate((_UNDER_WAY, _STOPPED, _NEW)):
            told.at(11 - 3 * at, 10)
            with told.as_(seller) as session:
                project = _open(session, told, key, millions)
                if scores:
                    _learn(session, told, project, seller)
                    _evaluate(session, project, scores)
        _pursue(told)
        told.at(3, 15)
        with told.as_("rep_b") as session:
            session.move(
                _file(session, told, "Saltmarsh"), "stop", because="The evaluation says no go. 评估不通过"
            )


def _yuan(amount: int) -> Money:
    return Money(amount, "CNY")


def _file(session: Session, told: Company, key: str) -> ProjectFile:
    return session.find(ProjectFile, ProjectFile.customer == told.customers[key].id)[0]


def _open(session: Session, told: Company, key: str, millions: int) -> ProjectFile:
    deal = session.get(told.opportunities[key].ref)
    return session.add(
        ProjectFile(
            customer=told.customers[key],
            opportunity=deal,
            name=deal.name,
            investment_scale=_yuan(millions * 1_000_000),
            scope="Pumps, valves and controls, with commissioning 水泵、阀门与控制，含调试",
            site="on the customer's ground 客户厂区",
            bid_date=told.day + timedelta(days=45),
            our_scope_value=deal.amount,
            goods_share=Decimal(75),
            tender_kind=TenderKind.OPEN,
        )
    )


def _learn(session: Session, told: Company, project: ProjectFile, seller: str) -> None:
    """What has to be known before a project begins: the money, the competitor, and who decides."""
    session.change(project, funding=Funding.APPROVED)
    session.add(CompetitorEntry(project=project, competitor="Norlake 北湖", strengths="the price 价格"))
    for department, name, part, influence, stance in _PEOPLE:
        contact = Contact.named(
            name,
            customer=session.get(project.customer),
            department=Department(department),
            email=f"{department}.{seller}@example.com",
        )
        session.add(
            Stakeholder(
                project=project,
                contact=session.add(contact),
                department=StakeholderDepartment(department),
                role=part,
                influence=influence,
                stance=stance,
                needs="Less electricity 省电" if department == "user" else None,
                our_person=told.people[seller],
            )
        )


def _evaluate(session: Session, project: ProjectFile, scores: tuple[int, ...]) -> None:
    criteria = [
        EvaluationCriterion(name=name, weight=weight, score=score, veto_at=0)
        for (name, weight), score in zip(_CRITERIA, scores, strict=True)
    ]
    session.add(ProjectEvaluation(project=session.get(project.ref), criteria=criteria))


def _pursue(told: Company) -> None:
    """The one under way gets a team from the other region, a budget, a milestone, and its week is told."""
    told.at(9, 14)
    with told.as_("rep_a") as session:
        project = session.move(_file(session, told, "Tidegate"), "initiate")
        since = session.crm.calendar_day(session.now)
        engineer = told.people["rep_w"]
        session.add(TeamMember(project=project, user=engineer, role=ProjectRole.TECHNICAL, since=since))
        session.add(CostBudget(project=project, kind=CostKind.TRAVEL, amount=_yuan(20_000)))
        session.add(
            Milestone(
                project=project, name="Trial pump runs 试用泵运行", planned=told.day + timedelta(days=14)
            )
        )
    told.at(4, 17)
    with told.as_("rep_w") as session:
        project = session.find(ProjectFile, ProjectFile.name == told.opportunities["Tidegate"].name)[0]
        day = session.crm.calendar_day(session.now)
        session.add(
            CostEntry(project=project, kind=CostKind.TRAVEL, amount=_yuan(3_860), on=day, voucher="T-0417")
        )
    told.at(1, 16)
    with told.as_("rep_a") as session:
        session.add(
            draft(session, _file(session, told, "Tidegate"), "Talks go on as planned. 洽谈按计划进行。")
        )
