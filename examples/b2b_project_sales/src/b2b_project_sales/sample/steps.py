"""What is done on a project file: each step by one person in one session, through the plugin `projects`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
from pycrm import (
    Activity,
    ActivityKind,
    Contact,
    Department,
    Money,
    Opportunity,
    Outcome,
    Session,
)
from pycrm.plugins.projects import (
    Bid,
    BidDocument,
    BidRank,
    Block,
    CompetitorEntry,
    CostBudget,
    CostEntry,
    CostKind,
    EvaluationCriterion,
    Funding,
    ProjectEvaluation,
    ProjectFile,
    ProjectRole,
    RevenueKind,
    RevenueLine,
    Stakeholder,
    StakeholderDepartment,
    StakeholderRole,
    StrategyMove,
    StrategyPlan,
    SurveyForm,
    SurveyItem,
    TeamMember,
    TenderKind,
    draft,
    leave,
)

from b2b_project_sales.sample.acts import Book
from b2b_project_sales.sample.customers import Draft
from b2b_project_sales.sample.people import REGIONS

if TYPE_CHECKING:
    from b2b_project_sales.sample.projects import File

__all__ = [
    "Cast",
    "Scene",
    "agree",
    "bid",
    "budget",
    "cast_of",
    "checked",
    "evaluated",
    "hand_over",
    "know_all",
    "lost",
    "lost_bid",
    "moved",
    "moved_bid",
    "open_file",
    "opened",
    "plan",
    "report",
    "revenue",
    "spent",
    "stance",
    "stopped",
    "survey",
    "visit",
]

_CRITERIA = (
    ("Budget", 20),
    ("Fit", 20),
    ("Relations", 20),
    ("Competition", 15),
    ("Profit", 15),
    ("Resources", 10),
)
# Whose office is far away, and by which clock they work there.
_OVERSEAS = "Africa/Lagos"
# department, name, role, influence, stance
_PEOPLE = (
    ("user", "Bai Lu 白露", StakeholderRole.USER, 3, 2),
    ("technical", "Jiang Heng 江衡", StakeholderRole.INFLUENCER, 4, 1),
    ("procurement", "Ou Yi 欧怡", StakeholderRole.BUYER, 3, -1),
    ("decision", "Mu Cheng 穆成", StakeholderRole.DECIDER, 5, 0),
)


@attrs.frozen
class Cast:
    """Who works on a project, by login: two of them come from the other regions."""

    lead: str
    manager: str
    technical: str
    commercial: str
    overseas: str


def cast_of(customer: Draft) -> Cast:
    """The team of a customer's project: its owner, and people of other regions."""
    home = REGIONS.index(customer.region)
    near, far = (REGIONS[(home + step) % len(REGIONS)] for step in (1, 2))
    mates = [one.login for one in customer.region.sellers if one.login != customer.seller]
    return Cast(
        lead=customer.seller,
        manager=customer.region.manager.login,
        technical=near.sellers[0].login,
        commercial=mates[0],
        overseas=far.sellers[-1].login,
    )


@attrs.frozen
class Scene:
    """The project that a step is about, and who is who."""

    book: Book
    file: File
    cast: Cast
    bid_date: date

    def project(self, session: Session) -> ProjectFile:
        """The file as it is now."""
        return session.get(self.book.files[self.file.place])

    def stakeholder(self, session: Session, department: str) -> Stakeholder:
        """The stakeholder of a department."""
        mine = Stakeholder.project == self.project(session).id
        return session.find(Stakeholder, mine, Stakeholder.department == StakeholderDepartment(department))[0]

    def bid(self, session: Session) -> Bid:
        """The bid for the project."""
        return session.find(Bid, Bid.project == self.project(session).id, children=True)[0]


How = Callable[[Session, Scene], None]


def _yuan(amount: int) -> Money:
    return Money(amount, "CNY")


def open_file(session: Session, scene: Scene) -> None:
    """The opportunity, its file, the team and the people at the customer."""
    file, book = scene.file, scene.book
    customer = book.customers[file.customer.number]
    deal = Opportunity(
        customer=customer,
        name=file.name,
        amount=_yuan(file.value),
        expected_close=scene.bid_date + timedelta(weeks=6),
    )
    project = session.add(
        ProjectFile(
            customer=customer,
            opportunity=session.add(deal),
            name=file.name,
            investment_scale=_yuan(file.yuan),
            scope="Pumps, valves and controls, with commissioning",
            industry=file.industry,
            site="on the customer's ground",
            bid_date=scene.bid_date,
            our_scope_value=_yuan(file.value),
            goods_share=Decimal(75),
            tender_kind=TenderKind.OPEN,
        )
    )
    book.files[file.place] = project.ref
    since = session.crm.calendar_day(session.now)
    for role in (ProjectRole.TECHNICAL, ProjectRole.COMMERCIAL, ProjectRole.OVERSEAS):
        zone = _OVERSEAS if role is ProjectRole.OVERSEAS else None
        user = book.people[getattr(scene.cast, role.value)]
        session.add(TeamMember(project=project, user=user, role=role, since=since, time_zone=zone))
    for department, name, part, influence, said in _PEOPLE:
        contact = Contact.named(
            name,
            customer=customer,
            department=Department(department),
            email=f"{department}{file.place}@example.com",
        )
        session.add(
            Stakeholder(
                project=project,
                contact=session.add(contact),
                department=StakeholderDepartment(department),
                role=part,
                influence=influence,
                stance=said,
                our_person=book.people[
                    scene.cast.technical if department == "technical" else scene.cast.lead
                ],
            )
        )


def survey(session: Session, scene: Scene) -> None:
    """Two people say different things of the money."""
    said = (("approved", "their planner, on the telephone", 60), ("applied", "their bookkeeping", 80))
    items = [
        SurveyItem(
            block=Block.FUNDING, question="Is the money there?", answer=answer, source=source, sure=sure
        )
        for answer, source, sure in said
    ]
    session.add(SurveyForm(project=scene.project(session), items=items))


def know_all(session: Session, scene: Scene) -> None:
    """What has to be known before a project begins."""
    project = session.change(scene.project(session), funding=Funding.APPLIED)
    session.add(CompetitorEntry(project=project, competitor="Norlake", strengths="the price"))
    session.change(
        scene.stakeholder(session, "user"), needs="Less electricity, and one supplier for all pumps"
    )


def evaluated(scores: tuple[int, ...]) -> How:
    """The project is scored; competition at 1 or below is a veto."""

    def how(session: Session, scene: Scene) -> None:
        criteria = [
            EvaluationCriterion(
                name=name, weight=weight, score=score, veto_at=1 if name == "Competition" else None
            )
            for (name, weight), score in zip(_CRITERIA, scores, strict=True)
        ]
        session.add(ProjectEvaluation(project=scene.project(session), criteria=criteria))

    return how


def moved(to: str) -> How:
    """The project goes on, and its opportunity with it."""
    deals = {"initiate": "quoted", "accept": "negotiating", "win": "won"}

    def how(session: Session, scene: Scene) -> None:
        project = session.move(scene.project(session), to)
        if to in deals:
            won = {"closed_on": session.crm.calendar_day(session.now)} if to == "win" else {}
            session.move(session.get(project.opportunity), deals[to], **won)

    return how


def stopped(session: Session, scene: Scene) -> None:
    """Nobody goes after a project that was decided against."""
    session.move(scene.project(session), "stop", because="The evaluation says no go.")


def plan(session: Session, scene: Scene) -> None:
    """How we mean to win."""
    due = session.crm.calendar_day(session.now) + timedelta(weeks=4)
    moves = [
        StrategyMove(
            against="Norlake",
            action="Show the energy bill of a plant of the same size",
            who=scene.book.people[scene.cast.technical],
            due_on=due,
        )
    ]
    session.add(
        StrategyPlan(project=scene.project(session), theme="Cheaper over ten years, not today", moves=moves)
    )


def agree(session: Session, scene: Scene) -> None:
    """A leader agrees to the plan."""
    (found,) = session.find(StrategyPlan, StrategyPlan.project == scene.project(session).id)
    session.move(found, "approve")


def budget(amount: int) -> How:
    """So much may be spent on travel."""

    def how(session: Session, scene: Scene) -> None:
        project = scene.project(session)
        session.add(CostBudget(project=project, kind=CostKind.TRAVEL, amount=_yuan(amount)))

    return how


def spent(amount: int, approved_by: str | None = None) -> How:
    """Somebody travelled; beyond the budget a leader enters it."""

    def how(session: Session, scene: Scene) -> None:
        day = session.crm.calendar_day(session.now)
        session.add(
            CostEntry(
                project=scene.project(session),
                kind=CostKind.TRAVEL,
                amount=_yuan(amount),
                on=day,
                voucher=f"T-{scene.file.place}-{day:%m%d}",
                approved_by=scene.book.people[getattr(scene.cast, approved_by)] if approved_by else None,
            )
        )

    return how


def stance(department: str, value: int, evidence: str) -> How:
    """Somebody at the customer thinks otherwise of us."""

    def how(session: Session, scene: Scene) -> None:
        one = scene.stakeholder(session, department)
        session.change(one, stance=value, stance_evidence=evidence)

    return how


def visit(session: Session, scene: Scene) -> None:
    """Everybody who has a say is met."""
    project = scene.project(session)
    for one in session.find(Stakeholder, Stakeholder.project == project.id, order=Stakeholder.name):
        session.add(
            Activity(
                kind=ActivityKind.VISIT,
                customer=project.customer,
                opportunity=project.opportunity,
                contact=one.contact,
                started_at=session.now - timedelta(hours=2),
                summary="Went through the drawings and the duty points together.",
                outcome=Outcome.POSITIVE,
            )
        )


def report(session: Session, scene: Scene) -> None:
    """What happened in the week, with its facts filled in."""
    session.add(draft(session, scene.project(session), "Talks go on as planned."))


def bid(session: Session, scene: Scene) -> None:
    """The bid is prepared."""
    deadline = datetime.combine(scene.bid_date, time(2), UTC)
    documents = [BidDocument(name="Price"), BidDocument(name="Technical part")]
    session.add(
        Bid(project=scene.project(session), deadline=deadline, bond=_yuan(20_000), documents=documents)
    )


def checked(session: Session, scene: Scene) -> None:
    """A second person looks the documents over."""
    me = scene.book.people[scene.cast.technical]
    documents = [BidDocument(name=name, checked_by=me) for name in ("Price", "Technical part")]
    session.change(scene.bid(session), documents=documents)


def moved_bid(to: str) -> How:
    """The bid goes on."""

    def how(session: Session, scene: Scene) -> None:
        session.move(scene.bid(session), to)

    return how


def opened(*, first: bool) -> How:
    """The bids are opened: ours is the first, or the second."""

    def how(session: Session, scene: Scene) -> None:
        ours = BidRank(place=1 if first else 2, bidder="We", price=_yuan(scene.file.value), is_ours=True)
        price = _yuan(scene.file.value * (104 if first else 95) // 100)
        theirs = BidRank(place=2 if first else 1, bidder="Norlake", price=price)
        day = session.crm.calendar_day(session.now)
        session.move(scene.bid(session), "open", opened_on=day, ranking=[ours, theirs])

    return how


_LESSON = "Meet the design institute before the specification is written."


def lost_bid(session: Session, scene: Scene) -> None:
    """The bid is closed with its review."""
    session.move(
        scene.bid(session),
        "lose",
        review_reason="Their price was lower, and the specification was theirs.",
        review_competitor="Norlake",
        price_gap=Decimal("5.26"),
        lesson=_LESSON,
    )


def lost(session: Session, scene: Scene) -> None:
    """The project is closed with what was learnt."""
    project = session.move(scene.project(session), "lose", lost_reason="price", lesson=_LESSON)
    session.move(session.get(project.opportunity), "lost", lost_reason="price too high")


def revenue(session: Session, scene: Scene) -> None:
    """What the contract brings, and what the goods cost."""
    day, project = session.crm.calendar_day(session.now), scene.project(session)
    for kind, amount in ((RevenueKind.CONTRACT, 2_000_000), (RevenueKind.GOODS, 1_500_000)):
        session.add(RevenueLine(project=project, kind=kind, amount=_yuan(amount), on=day, origin="K-2041"))


def hand_over(session: Session, scene: Scene) -> None:
    """The engineer leaves the team, and the lead looks after who was the engineer's."""
    mine = TeamMember.project == scene.project(session).id
    (member,) = session.find(TeamMember, mine, TeamMember.role == ProjectRole.TECHNICAL)
    leave(session, member, scene.book.people[scene.cast.lead])
