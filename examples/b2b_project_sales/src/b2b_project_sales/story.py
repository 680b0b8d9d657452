"""How one project was won: told from what stands in the database, as its lead, its team and others see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
from pycrm import CRM, Customer, Session, User
from pycrm.plugins.projects import (
    Bid,
    BidRank,
    CostEntry,
    ProgressReport,
    ProjectEvaluation,
    ProjectFile,
    Stakeholder,
    StrategyPlan,
    SurveyForm,
    TeamMember,
    blocks,
    completeness,
    costs,
    figures,
    overview,
    picture,
    similar,
    stances,
    support,
)

from b2b_project_sales.sample.projects import STORY

__all__ = ["Chapter", "tell"]


@attrs.frozen
class Chapter:
    """A part of the story: its title, and its lines."""

    title: str
    lines: tuple[str, ...]


def tell(crm: CRM) -> list[Chapter]:
    """The story of the sample's project: survey, go or no-go, people, team, costs, bid and handing over."""
    with crm.view("zhou") as session:
        found = session.find(ProjectFile, ProjectFile.name == STORY)
        if not found:
            return []
        project = session.get(found[0].ref)
        people = {one.id: one for one in session.find(User)}
        lead = people[session.get(project.customer).owner.id].login  # type: ignore[union-attr]
        told = [
            Chapter("The file", tuple(_file(session, project))),
            Chapter("Survey", tuple(_survey(session, project))),
            Chapter("Go or no-go", tuple(_evaluations(session, project))),
            Chapter("People at the customer", tuple(_people(session, project))),
        ]
    told.append(Chapter("Team", tuple(_team(crm, project, people, lead))))
    with crm.view(lead) as session:
        told += [
            Chapter("Costs against budget", tuple(_costs(session, project))),
            Chapter("Bid", tuple(_bid(session, project))),
            Chapter("Handing over", tuple(_end(session, project, people))),
        ]
        seen = len(overview(session, closed=True))
    with crm.view("zhou") as session:
        return [*told, Chapter("All projects", tuple(_others(session, project, seen)))]


def _file(session: Session, project: ProjectFile) -> Iterator[str]:
    yield f"{project.name}: {project.investment_scale} are invested, {project.our_scope_value} of it with us"
    yield " > ".join(stay.label for stay in session.stages(project))


def _survey(session: Session, project: ProjectFile) -> Iterator[str]:
    for form in session.find(SurveyForm, SurveyForm.project == project.id, children=True):
        for item in form.items:
            yield f"{item.block.value}: {item.answer}, says {item.source} ({item.sure} % sure)"
    seen = picture(session, project)
    doubted = [one.block.value for one in blocks(seen) if one.is_contradicted]
    yield f"{completeness(seen)} % is known; contradiction: {', '.join(doubted) or 'none'}"


def _evaluations(session: Session, project: ProjectFile) -> Iterator[str]:
    mine = ProjectEvaluation.project == project.id
    found = session.find(ProjectEvaluation, mine, children=True)
    for one in sorted(found, key=lambda one: one.turn):
        vetoed = [row.name for row in one.criteria if row.veto_at is not None and row.score <= row.veto_at]
        why = f", vetoed by {', '.join(vetoed)}" if vetoed else ""
        yield f"round {one.turn}: {one.total} of 100, {one.decision}{why}"
    for plan in session.find(StrategyPlan, StrategyPlan.project == project.id):
        yield f"strategy, {session.stage(plan).label.lower()}: {plan.theme}"


def _people(session: Session, project: ProjectFile) -> Iterator[str]:
    every = session.find(Stakeholder, Stakeholder.project == project.id, order=Stakeholder.name)
    for one in sorted(every, key=lambda one: -one.influence):
        yield f"{one.name}, {one.department}: influence {one.influence}, stance {one.stance:+d}"
        for change in stances(session, one)[1:]:
            yield f"  {change.on} {change.before:+d} to {change.after:+d}: {change.evidence} ({change.by})"
    found = support(picture(session, project))
    yield f"support {found.index}, {found.unknown} stances unknown"


def _team(crm: CRM, project: ProjectFile, people: dict[object, User], lead: str) -> Iterator[str]:
    with crm.view(lead) as session:
        members = session.find(TeamMember, TeamMember.project == project.id)
    for one in sorted(members, key=lambda one: (one.until is not None, one.role.value)):
        user = people[one.user.id]
        with crm.view(user.login) as session:
            sees = (
                "sees the file"
                if session.find(ProjectFile, ProjectFile.id == project.id)
                else "left the team"
            )
            theirs = session.count(Customer, Customer.id == project.customer.id)
            mine = session.count(CostEntry, CostEntry.project == project.id)
        yield (
            f"{user.name}, {one.role}: {sees}, {'and' if theirs else 'not'} the customer, {mine} of its costs"
        )
    inside = {one.user.id for one in members}
    others = [one for one in people.values() if one.id not in inside]
    yield f"of {len(others)} others {sum(_sees(crm, project, one.login) for one in others)} see it: the managers above"


def _sees(crm: CRM, project: ProjectFile, login: str) -> bool:
    with crm.view(login) as session:
        return bool(session.find(ProjectFile, ProjectFile.id == project.id))


def _costs(session: Session, project: ProjectFile) -> Iterator[str]:
    for line in costs(session, project):
        yield f"{line.kind}: {line.spent} of {line.budget}, {line.used} %"
    found = figures(session, project)
    yield (
        f"contract {found.contract} - goods {found.goods} - pursuit {found.pursuit} = {found.contribution}, "
        f"{found.percent} %"
    )


def _bid(session: Session, project: ProjectFile) -> Iterator[str]:
    (bid,) = session.find(Bid, Bid.project == project.id, children=True)
    checked = sum(one.checked_by is not None for one in bid.documents)
    yield f"{checked} of {len(bid.documents)} documents were checked by a second person"
    yield from (_rank(one) for one in bid.ranking)


def _rank(one: BidRank) -> str:
    return f"{one.place}. {one.bidder}, {one.price}"


def _end(session: Session, project: ProjectFile, people: dict[object, User]) -> Iterator[str]:
    for one in session.find(Stakeholder, Stakeholder.project == project.id, order=Stakeholder.name):
        yield f"{one.name} is looked after by {people[one.our_person.id].name}"
    reports: Sequence[ProgressReport] = session.find(
        ProgressReport, ProgressReport.project == project.id, order=ProgressReport.written_at
    )
    abroad = [one for one in reports if one.time_zone is not None]
    yield f"{len(reports)} weekly reports, {len(abroad)} of them from another time zone"


def _others(session: Session, project: ProjectFile, seen: int) -> Iterator[str]:
    lines = overview(session, closed=True)
    for one in lines:
        used = f", {one.cost_used} % of a budget" if one.cost_used is not None else ""
        yield f"{one.health.value:6} {one.name}: {one.stage}, support {one.support}{used}"
    for like in similar(session, project):
        if like.lesson is not None:
            yield f"like this one: {like.name}, {like.result} to {', '.join(like.competitors)}: {like.lesson}"
    yield f"the lead of this story sees {seen} of these {len(lines)}"
