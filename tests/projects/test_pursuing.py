"""People at the customer and in the team, costs, health, reports, the bid (PRJ-6 to PRJ-14, PRJ-16 to PRJ-18)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest

from pycrm import (
    Activity,
    ActivityKind,
    AmendmentRequiredError,
    ConflictError,
    Contact,
    Customer,
    ForbiddenError,
    HeldError,
    InvalidError,
    MoveError,
    NotFoundError,
    Opportunity,
    Outcome,
    RefusedError,
    Task,
)
from pycrm.plugins.projects import (
    Bid,
    BidDocument,
    BidRank,
    CompetitorEntry,
    CostBudget,
    CostEntry,
    CostKind,
    LabourRate,
    Light,
    LimitedDocument,
    Milestone,
    ProgressReport,
    ProjectDocument,
    ProjectLimits,
    ProjectRole,
    RevenueKind,
    RevenueLine,
    Stakeholder,
    TeamMember,
    costs,
    draft,
    facts,
    health,
    leave,
    overview,
    remind,
    similar,
    stances,
    support,
    visits,
)

from .world import World, file_of, yuan


def test_prj_6_unknown_stances_are_counted_and_weigh_nothing(world: World) -> None:
    """Without the stance of the user the index is over three, and of nobody's there is none."""
    with world.as_("rep_a") as session:
        for department, index in (("user", "4.17"), ("technical", "-18.75"), ("procurement", "0.00")):
            one = world.stakeholder(session, department)
            session.change(one, stance=None, stance_evidence="has left the project")
            found = support(world.picture(session))
            assert str(found.index) == index
        assert found.unknown == 3
        session.change(world.stakeholder(session, "decision"), stance=None, stance_evidence="has left too")
        assert support(world.picture(session)).index is None


def test_prj_7_each_stakeholder_is_due_by_its_influence_or_as_agreed(world: World) -> None:
    """Of influence 5, 4, 3 every 7, 14, 21 days since being entered, else 30; a letter and no answer are no meeting."""
    world.on("2026-06-05")
    with world.as_("rep_a") as session:
        session.change(world.stakeholder(session, "procurement"), influence=2)
        one = world.stakeholder(session, "user")
        given = {"contact": one.contact, "customer": world.project(session).customer}
        for kind, outcome in (
            (ActivityKind.EMAIL, Outcome.POSITIVE),
            (ActivityKind.CALL, Outcome.NO_ANSWER),
        ):
            session.add(
                Activity(
                    kind=kind, started_at=session.now, summary="About the new hall.", outcome=outcome, **given
                )
            )
    world.on("2026-06-30")
    with world.view("tech_1") as session:
        due = {one.stakeholder.name: (one.due_on.day, one.overdue) for one in visits(world.picture(session))}
    # 2026-06-01 and 7, 14, 21 and 30 days.
    assert due == {"Decision": (8, 22), "Technical": (15, 15), "User": (22, 8), "Procurement": (1, 0)}
    with world.as_("tech_1") as session:
        one = world.stakeholder(session, "user")
        session.change(one, contact_every_days=2)
        with pytest.raises(InvalidError, match="say what shows the new stance"):
            session.change(session.get(one.ref), stance=-2)
        session.change(session.get(one.ref), stance=-2, stance_evidence="left the meeting")
        (late,) = [one for one in visits(world.picture(session)) if one.stakeholder.name == "User"]
        assert late.overdue == 27
        (entered, changed) = stances(session, session.get(one.ref))
        assert (entered.on, entered.by, entered.before, entered.after) == (date(2026, 6, 1), "rep_a", None, 2)
        assert (changed.on, changed.by, changed.before, changed.after, changed.evidence) == (
            *(date(2026, 6, 30), "tech_1", 2, -2, "left the meeting"),
        )


def test_a_new_name_is_told_everywhere(world: World) -> None:
    """A person who is called otherwise from now on is called so on the map too, and as before in the past."""
    then = world.crm.clock.now()
    world.on("2026-07-01")
    with world.as_("rep_a") as session:
        contact = session.get(world.stakeholder(session, "user").contact)
        session.amend(session.get(contact.person), name="Uma", because="married")
    with world.view("tech_1") as session:
        assert world.stakeholder(session, "user").name == "Uma"
        held = world.stakeholder(session, "user")
        past = [session.as_of(held, then), *session.find(Stakeholder, Stakeholder.id == held.id, as_of=then)]
        assert [one and one.name for one in past] == ["User", "User"]
        # Nobody was called so then, and nobody is called otherwise now.
        mine = Stakeholder.project == held.project
        assert session.find(Stakeholder, mine, Stakeholder.name == "Uma", as_of=then) == []
        assert session.count(Stakeholder, mine, Stakeholder.name == "User", as_of=then) == 1


def seen(world: World, login: str) -> set[str]:
    """The classes of which somebody reads what belongs to the project or its customer."""
    with world.view("dir") as session:
        project = world.project(session)
    found = set()
    with world.view(login) as session:
        for cls in (*_PARTS, CostBudget, LimitedDocument):
            found |= {cls.__name__ for _ in session.find(cls, cls.project == project.id)}
        for one in (project, project.customer, project.opportunity):
            try:
                found.add(type(session.get(one if one is not project else project.ref)).__name__)
            except NotFoundError:
                continue
        found |= {"Contact" for _ in session.find(Contact, Contact.customer == project.customer.id)}
    return found


_PARTS: tuple[Any, ...] = (TeamMember, Stakeholder, CompetitorEntry, Milestone, ProjectDocument)


def test_prj_8_the_team_sees_the_file_and_nothing_else_of_the_customer(world: World) -> None:
    """Members of other units read the file, lead and executives what is limited; the owner and leaders all of it."""
    with world.as_("rep_a") as session:
        project = world.project(session)
        session.add(CompetitorEntry(project=project, competitor="Norlake"))
        session.add(Milestone(project=project, name="Drawings", planned=date(2026, 7, 31)))
        session.add(ProjectDocument(project=project, title="Plan", place="K:/plan.pdf"))
        session.add(LimitedDocument(project=project, title="Price limit", place="K:/limit.pdf"))
        session.add(CostBudget(project=project, kind=CostKind.BID, amount=yuan(1)))
        since = date(2026, 6, 30)
        executive = {"user": world.people["lead_w"], "role": ProjectRole.EXECUTIVE, "since": since}
        session.add(TeamMember(project=project, **executive))
    file = {cls.__name__ for cls in _PARTS} | {"ProjectFile"}
    every = file | {"LimitedDocument", "CostBudget", "Customer", "Opportunity", "Contact"}
    assert seen(world, "tech_1") == seen(world, "rep_w") == file
    assert seen(world, "lead_w") == file | {"LimitedDocument"}
    assert seen(world, "rep_b") == seen(world, "lead_e2") == set()
    assert seen(world, "rep_a") == seen(world, "lead_e") == seen(world, "dir") == every
    # Another leads it: who owns the customer sees the file all the same.
    with world.as_("lead_e") as session:
        hand_over_lead(session, world)
    assert seen(world, "mkt_1") == file | {"LimitedDocument", "CostBudget"}
    assert seen(world, "rep_a") == every


def hand_over_lead(session: Any, world: World) -> None:
    """From today on mkt_1 leads the project instead of rep_a."""
    leave(session, world.member(session, "rep_a"), world.people["mkt_1"], until=date(2026, 6, 29))
    lead = {"user": world.people["mkt_1"], "role": ProjectRole.LEAD, "since": date(2026, 6, 30)}
    session.add(TeamMember(project=world.project(session), **lead))


def test_prj_8_who_leads_staffs_the_team(world: World) -> None:
    """A member brings nobody in, widens no part and ends no membership; a lead from elsewhere does."""
    since = date(2026, 6, 30)
    for login in ("tech_1", "rep_w"):
        with world.as_(login) as session:
            mine, new = (
                world.member(session, login),
                {"user": world.people["fin_1"], "role": ProjectRole.SALES, "since": since},
            )
            with pytest.raises(ForbiddenError):
                session.add(TeamMember(project=world.project(session), **new))
            with pytest.raises(ForbiddenError):
                session.change(mine, role=ProjectRole.EXECUTIVE)
    with world.as_("lead_e") as session:
        hand_over_lead(session, world)
    with world.as_("mkt_1") as session:
        session.add(TeamMember(project=world.project(session), **new))


def test_prj_8_a_member_takes_nothing_over(world: World) -> None:
    """A member moves the file to no customer of the own, no membership elsewhere, and keeps no budget or revenue."""
    with world.as_("rep_w") as session:
        mine = session.add(Customer.organization(f"Mine {world.name}", source="exhibition", phone="5"))
        deal = session.add(Opportunity(customer=mine, name="Mine", expected_close=date(2026, 12, 1)))
        own = session.add(file_of(deal, f"Mine {world.name}"))
        project = world.project(session)
        with pytest.raises(ForbiddenError):
            session.change(project, customer=mine, opportunity=deal)
        sales = {"user": world.people["rep_b"], "role": ProjectRole.SALES, "since": date(2026, 6, 30)}
        member = session.add(TeamMember(project=own, **sales))
        for values in ({"project": project}, {"user": world.people["rep_w"]}):
            with pytest.raises(ConflictError, match="another one entered"):
                session.change(member, **values)
        day, money = date(2026, 6, 30), yuan(9)
        for draft_ in (
            CostBudget(project=project, kind=CostKind.TRAVEL, amount=money),
            RevenueLine(project=project, kind=RevenueKind.CONTRACT, amount=money, on=day, origin="x"),
        ):
            with pytest.raises(ForbiddenError):
                session.add(draft_)


def test_prj_12_a_budget_is_raised_by_an_amendment_alone(world: World) -> None:
    """A second budget of a kind is refused; more of the first is asked for, and a leader agrees."""
    world.allow(1_000)
    with pytest.raises(ConflictError, match="amend it"):
        world.allow(1_000)
    with world.as_("rep_a") as session:
        (budget,) = session.find(CostBudget, CostBudget.project == world.project(session).id)
        with pytest.raises(AmendmentRequiredError):
            session.change(budget, amount=yuan(2_000))
        asked: Any = session.amend(budget, amount=yuan(2_000), because="a second journey")
    with world.as_("lead_e") as session:
        assert session.get(budget.ref).amount == yuan(1_000)
        session.approve(session.get(asked.ref))
        assert session.get(budget.ref).amount == yuan(2_000)


def test_prj_9_a_report_is_filled_in_with_what_happened(world: World) -> None:
    """Contacts, steps, costs and new people of the week stand in the report, as far as its writer sees them."""
    world.know()
    world.decide()
    world.meet("technical", "2026-06-29")
    world.on("2026-06-30")
    world.spend("rep_a", 300)
    world.spend("tech_1", 200)
    with world.as_("rep_a") as session:
        session.move(world.project(session), "initiate")
        session.add(CompetitorEntry(project=world.project(session), competitor="Norlake"))
    visit = "2026-06-29: visit with Technical: Walked through the plant together."
    with world.as_("rep_a") as session:
        report = session.add(
            draft(session, world.project(session), "Going well", risks=("Norlake is cheap",))
        )
        assert report.facts == (
            *(visit, "2026-06-30: Initiated", "spent: 500.00 CNY", "new competitor: Norlake"),
        )
        assert facts(session, world.project(session), date(2026, 6, 25)) == ()
        first = facts(session, world.project(session), date(2026, 6, 1))
        assert len([one for one in first if one.startswith("new stakeholder: ")]) == 4
    with world.view("tech_1") as session:
        # Whose customer it is not is told of no contact there, and of the own costs alone.
        assert facts(session, world.project(session)) == (
            *("2026-06-30: Initiated", "spent: 200.00 CNY", "new competitor: Norlake"),
        )


def test_prj_10_headquarters_sees_the_state_of_each_project(world: World) -> None:
    """Value, stage, days to the bid, health, support, costs and the last contact stand in one line, by value."""
    world.decide()
    world.allow(1_000)
    world.spend("tech_1", 820)
    world.meet("user", "2026-06-28")
    world.on("2026-06-30")
    lines = {}
    for login in ("dir", "lead_e", "rep_a", "tech_1"):
        with world.view(login) as session:
            every = overview(session)
            assert [one.value.units for one in every if one.value] == sorted(
                (one.value.units for one in every if one.value), reverse=True
            )
            (lines[login],) = [one for one in every if one.name == world.name]
            assert session.get(lines[login].project).name == world.name
    one = lines["dir"]
    assert (one.value, one.stage, one.days_to_bid) == (yuan(2_000_000), "information", 92)
    assert (one.health, one.support, one.cost_used) == (Light.RED, Decimal("23.33"), Decimal("82.00"))
    assert one.contacted_on == date(2026, 6, 28)
    assert lines["lead_e"] == lines["rep_a"] == one
    # Costs of others are told to no member, not even in sum.
    assert (lines["tech_1"].cost_used, lines["tech_1"].contacted_on) == (None, date(2026, 6, 28))
    with world.view("rep_b") as session:
        assert [one for one in overview(session, closed=True) if one.name == world.name] == []


def test_prj_11_health_is_the_worst_of_its_causes(world: World) -> None:
    """Milestones, support and a bid that comes too soon turn a project yellow and red, each by its own bounds."""

    def told(day: str = "2026-06-30") -> dict[str, str]:
        world.on(day)
        with world.as_("rep_a") as session:
            session.add(ProgressReport(project=world.project(session), text="As before."))
            return {one.what: one.light.value for one in health(world.picture(session)).causes}

    assert told() == {}
    with world.as_("rep_a") as session:
        project = world.project(session)
        milestone = session.add(Milestone(project=project, name="Drawings", planned=date(2026, 6, 23)))
    assert told() == {}
    assert told("2026-07-01") == {"milestone": "yellow"}
    assert told("2026-07-14") == {"milestone": "yellow"}
    assert told("2026-07-15") == {"milestone": "red"}
    with world.as_("rep_a") as session:
        milestone = session.change(milestone, forecast=date(2026, 7, 1))
        session.change(milestone, actual=date(2026, 7, 16))
    assert told("2026-07-16") == {}
    for stance, light in ((-1, "yellow"), (-2, "red")):
        with world.as_("rep_a") as session:
            for department in ("user", "technical", "procurement", "decision"):
                given = {"stance": stance if department in ("user", "technical") or stance == -2 else 0}
                one = world.stakeholder(session, department)
                session.change(one, **given, stance_evidence=f"{stance} {department}")
        assert told("2026-07-17")["support"] == light
    with world.as_("rep_a") as session:
        for department in ("user", "technical", "procurement", "decision"):
            session.change(world.stakeholder(session, department), stance=1, stance_evidence="all is well")
    assert told("2026-09-15") == {}
    assert told("2026-09-16") == {"bid": "red"}
    world.know()
    assert told("2026-09-16") == {}


def test_prj_12_labour_costs_hours_by_the_rate_of_the_grade(world: World) -> None:
    """7.5 hours of a grade at 180.00 are 1,350.00; without a rate or hours it is refused."""
    world.decide()
    grade = f"senior {world.name}"
    with world.as_("dir") as session, pytest.raises(ForbiddenError):
        session.add(LabourRate(grade=grade, rate=yuan(180)))
    with world.crm.session(world.crm.system("rates")) as session:
        session.add(LabourRate(grade=grade, rate=yuan(180)))
    with world.as_("tech_1") as session:
        given = {"project": world.project(session), "kind": CostKind.LABOUR, "on": date(2026, 6, 30)}
        entry = session.add(CostEntry(**given, hours=Decimal("7.5"), grade=grade, voucher="log"))
        assert (entry.amount, entry.who) == (yuan(1_350), world.people["tech_1"].ref)
        with pytest.raises(InvalidError, match="no rate"):
            session.add(CostEntry(**given, hours=Decimal(1), grade="unknown"))
        with pytest.raises(InvalidError, match="by its hours"):
            session.add(CostEntry(**given, grade=grade))
        with pytest.raises(ConflictError, match="entered anew"):
            session.change(entry, hours=Decimal(1))
        session.change(entry, voucher="log of June")


def test_prj_12_a_leader_alone_lets_a_budget_be_exceeded(world: World) -> None:
    """Nobody approves their own cost, in the name of a leader, or as a leader of elsewhere."""
    world.decide()
    world.allow(1_000)
    world.spend("rep_a", 999)
    for login, by in (("rep_a", "rep_a"), ("rep_a", "lead_e"), ("tech_1", "lead_e")):
        with pytest.raises(ForbiddenError):
            world.spend(login, 1, approved_by=world.people[by])
    with world.as_("rep_a") as session:
        role, since = ProjectRole.EXECUTIVE, date(2026, 6, 30)
        session.add(
            TeamMember(project=world.project(session), user=world.people["lead_w"], role=role, since=since)
        )
    with pytest.raises(ForbiddenError):
        world.spend("lead_w", 1, approved_by=world.people["lead_w"])
    with pytest.raises(HeldError):
        world.spend("rep_a", 1)
    # What has no budget where others have one has none to spend.
    with pytest.raises(HeldError):
        world.spend("rep_a", 1, kind="sample")
    world.spend("dir", 1, approved_by=world.people["dir"])


def test_prj_12_what_is_left_is_spent_once(world: World) -> None:
    """Of two who spend the last of a budget at the same moment one is refused."""
    world.decide()
    world.allow(1_000)
    refused: list[RefusedError] = []

    def spend(who: str) -> None:
        def act(session: Any) -> None:
            entry = CostEntry(
                project=world.project(session),
                kind=CostKind.TRAVEL,
                amount=yuan(600),
                on=date(2026, 6, 30),
                voucher="R",
            )
            session.add(entry)

        try:
            world.crm.run(who, act)
        except RefusedError as error:
            refused.append(error)

    some = [Thread(target=spend, args=(who,)) for who in ("tech_1", "mkt_1")]
    for one in some:
        one.start()
    for one in some:
        one.join()
    assert [type(one) for one in refused] == [HeldError]
    with world.view() as session:
        assert costs(session, world.project(session))[0].spent == yuan(600)


def test_prj_14_a_bid_is_checked_by_a_second_person(world: World) -> None:
    """Who hands in has not checked, nobody says so for another, and a new edition is checked anew."""
    deadline = datetime(2026, 9, 30, 2, tzinfo=UTC)
    with world.as_("rep_a") as session:
        bid = session.add(
            Bid(
                project=world.project(session),
                deadline=deadline,
                documents=[BidDocument(name="Price"), BidDocument(name="Drawings")],
            )
        )
        with pytest.raises(MoveError) as refused:
            session.move(bid, "hand_in")
        told = [one["message"] for one in refused.value.data["missing"]]
        assert told == ["Price is not checked", "Drawings is not checked"]
        checked = [
            BidDocument(name=name, checked_by=world.people["tech_1"]) for name in ("Price", "Drawings")
        ]
        with pytest.raises(InvalidError, match="only who has checked"):
            session.change(session.get(bid.ref), documents=checked)
    with world.as_("tech_1") as session:
        bid = session.change(session.get(bid.ref), documents=checked)
        with pytest.raises(MoveError, match="checked by who hands it in"):
            session.move(bid, "hand_in")
    with world.as_("rep_a") as session:
        first, second = session.get(bid.ref).documents
        newer = _edited(first, edition=2)
        with pytest.raises(InvalidError, match="checked anew"):
            session.change(session.get(bid.ref), documents=[newer, second])
        session.move(session.get(bid.ref), "hand_in")


def _edited(row: BidDocument, **values: Any) -> BidDocument:
    """The same row with another value, as the codec makes it."""
    from pycrm.declare.row import layout

    made: BidDocument = layout(BidDocument).copy(row, values)
    return made


def test_prj_14_a_lost_bid_closes_with_its_review(world: World) -> None:
    """Ranking and prices are kept, and why it was lost, to whom, by how much, and what was learnt."""
    with world.as_("tech_1") as session:
        document = BidDocument(name="Price", checked_by=world.people["tech_1"])
        deadline = datetime(2026, 9, 30, 2, tzinfo=UTC)
        bid = session.add(Bid(project=world.project(session), deadline=deadline, documents=[document]))
    with world.as_("mkt_1") as session:
        bid = session.move(session.get(bid.ref), "hand_in")
        ranks = [
            BidRank(place=1, bidder="Norlake", price=yuan(1_900_000)),
            BidRank(place=2, bidder="We", price=yuan(2_000_000), is_ours=True),
        ]
        with pytest.raises(InvalidError, match="a place of its own"):
            session.change(bid, ranking=[ranks[0], ranks[0]])
        bid = session.move(bid, "open", opened_on=date(2026, 6, 30), ranking=ranks)
        with pytest.raises(MoveError) as refused:
            session.move(bid, "lose")
        asked = ["review_reason", "review_competitor", "price_gap", "lesson"]
        assert [one["name"] for one in refused.value.data["missing"]] == asked
        review = dict(zip(asked, ("price", "Norlake", Decimal("5.26"), "Ask before"), strict=True))
        assert session.move(bid, "lose", **review).stage == "lost"


def titles(world: World, login: str) -> list[str]:
    """The tasks of somebody at the project, by their titles."""
    with world.view("dir") as session:
        mine = Task.opportunity == world.project(session).opportunity.id
        found = session.find(Task, mine, Task.owner == world.people[login].id)
        return sorted(one.title.replace(world.name, "it") for one in found)


def test_who_has_to_act_is_reminded_once(world: World) -> None:
    """Of the bid 30, 14, 7, 3 and 1 days before, of budgets and people; nobody twice."""
    with world.view() as session:
        project = world.project(session)

    def night() -> None:
        world.crm.run(world.crm.system("reminders"), lambda session: remind(session, project.id))

    with world.as_("rep_a") as session:
        deadline = datetime(2026, 9, 30, 2, tzinfo=UTC)
        session.add(Bid(project=world.project(session), deadline=deadline))
        session.change(world.stakeholder(session, "user"), our_person=world.people["tech_1"])
    world.decide()
    world.allow(1_000)
    world.spend("mkt_1", 800)
    for _ in range(2):
        night()
    assert titles(world, "tech_1") == ["Meet User, due since 2026-06-22: it"]
    assert titles(world, "rep_a")[0] == "Costs reach 80 % of a budget: it"
    assert not [one for one in titles(world, "rep_a") if one.startswith("Bid")]
    for left in (31, 30, 29, 14, 7, 2, 1, -1):
        world.on((date(2026, 9, 30) - timedelta(days=left)).isoformat())
        night()
    bids = [one for one in titles(world, "rep_a") if one.startswith("Bid")]
    assert bids == sorted(f"Bid within {days} days, on 2026-09-30: it" for days in (30, 14, 7, 3, 1))


def test_prj_16_who_leaves_names_a_receiver_for_each_stakeholder(world: World) -> None:
    """Charges are listed and keep the member until each of them has somebody of the team."""
    with world.as_("rep_a") as session:
        for department in ("user", "technical"):
            session.change(world.stakeholder(session, department), our_person=world.people["tech_1"])
        member = world.member(session, "tech_1")
        with pytest.raises(ConflictError, match="Technical, User") as held:
            session.change(member, until=date(2026, 6, 30))
        user, technical = (world.stakeholder(session, one) for one in ("user", "technical"))
        assert held.value.data["stakeholders"] == [str(technical.id), str(user.id)]
        with pytest.raises(InvalidError, match="who looks after User"):
            leave(session, member, {technical.id: world.people["mkt_1"]})
        with pytest.raises(InvalidError, match="not in the team"):
            leave(session, member, world.people["fin_1"])
        to = {technical.id: world.people["mkt_1"], user.id: world.people["rep_a"]}
        assert leave(session, member, to).until == date(2026, 6, 30)
        kept = {
            one.name: one.our_person
            for one in session.find(Stakeholder, Stakeholder.project == member.project.id)
        }
        assert (kept["User"], kept["Technical"]) == (world.people["rep_a"].ref, world.people["mkt_1"].ref)


def test_prj_17_projects_like_this_one_tell_their_lessons(world: World) -> None:
    """Of the same industry and half to one and a half times the scale, those with the same competitor first."""
    industry = f"industry of {world.name}"
    with world.as_("rep_a") as session:
        project = session.change(world.project(session), industry=industry)
        session.add(CompetitorEntry(project=project, competitor="Norlake"))
        made = []
        for at, (name, scale, of) in enumerate(
            (
                ("half", 10_000_000, industry),
                ("less", 9_999_999, industry),
                ("more", 30_000_000, industry),
                ("much", 30_000_001, industry),
                ("food", 20_000_000, "food"),
            )
        ):
            deal = session.add(
                Opportunity(customer=project.customer, name=name, expected_close=date(2026, 12, 1 + at))
            )
            made.append(session.add(file_of(deal, name, investment_scale=yuan(scale), industry=of)))
        session.add(CompetitorEntry(project=made[2], competitor="Norlake"))
        session.move(made[0], "stop", because="no budget")
        session.change(session.get(made[0].ref), lesson="Ask for the budget first.")
        found = [(one.name, one.result, one.lesson, one.competitors) for one in similar(session, project)]
    assert found == [
        ("more", "information", None, ("Norlake",)),
        ("half", "stopped", "Ask for the budget first.", ()),
    ]
    with world.view("tech_1") as session:
        # Whoever sees one project alone is told of no other.
        assert similar(session, world.project(session)) == []


def test_prj_18_the_value_is_counted_once_by_the_opportunity(world: World) -> None:
    """A forecast with the project is the forecast without it: its value is that of the opportunity."""
    with world.view() as session:
        deal = session.get(world.project(session).opportunity)
        alone = session.sum(Opportunity.amount, Opportunity.id == deal.id)
        assert alone == yuan(2_000_000) == world.project(session).our_scope_value
        before = session.sum(Opportunity.amount)
    with world.as_("rep_a") as session:
        session.change(world.project(session), our_scope_value=yuan(9_000_000))
    with world.view() as session:
        assert session.sum(Opportunity.amount) == before


def test_limits_are_data(world: World) -> None:
    """Whoever keeps the figures sets others, by which projects are judged from then on."""
    with world.as_("rep_a") as session, pytest.raises(ForbiddenError):
        session.add(ProjectLimits())
    system = world.crm.system("limits")
    with world.crm.session(system) as session:
        made = session.add(ProjectLimits(costs_before_go=yuan(10), report_red_days=3, report_yellow_days=2))
    try:
        with pytest.raises(MoveError, match="no costs beyond 10"):
            world.spend("rep_a", 11)
        world.on("2026-06-05")
        with world.view() as session:
            assert health(world.picture(session)).light is Light.RED
    finally:
        with world.crm.session(system) as session:
            session.archive(session.get(made.ref))
