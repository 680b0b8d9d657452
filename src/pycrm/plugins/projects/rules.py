"""What the plugin refuses because of other records than the one in hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pycrm import (
    Change,
    ConflictError,
    ForbiddenError,
    InvalidError,
    Problem,
    Reach,
    Ref,
    Session,
    User,
)
from pycrm.plugins.projects.cost import CostBudget
from pycrm.plugins.projects.evaluation import ProjectEvaluation
from pycrm.plugins.projects.process import CLOSED
from pycrm.plugins.projects.project import ProjectFile, ProjectRole, TeamMember, wrong
from pycrm.plugins.projects.pursuit import Bid
from pycrm.plugins.projects.stakeholder import Stakeholder, StakeholderDepartment

__all__ = [
    "charges",
    "is_led_by",
    "leads",
    "refuse_changed_evaluation",
    "refuse_deviation",
    "refuse_leaving_charges",
    "refuse_moved_membership",
    "refuse_other_budget",
    "refuse_other_deal",
    "refuse_others_check",
    "refuse_outside_team",
    "refuse_past_bid",
    "refuse_second_lead",
    "refuse_staffing",
    "refuse_stranger",
    "refuse_unproved_stance",
    "today",
]

# People of other companies who have a say all the same.
_OUTSIDE = (StakeholderDepartment.DESIGNER, StakeholderDepartment.CONSULTANT)


def today(session: Session) -> date:
    """The business day."""
    return session.crm.calendar_day(session.now)


# --- the file -------------------------------------------------------------------------------------


def refuse_past_bid(session: Session, project: ProjectFile) -> None:
    """A new project has its bid date before it (PRJ-E3)."""
    if project.bid_date is not None and project.bid_date < today(session):
        raise wrong("bid_date", "range", "lies in the past")


def refuse_other_deal(session: Session, project: ProjectFile) -> None:
    """The opportunity is the customer's, and no other open project's: its value is counted once (PRJ-18)."""
    if session.get(project.opportunity).customer.id != project.customer.id:
        raise wrong("opportunity", "rule", "is another customer's")
    # Two who file it at once take turns.
    session.hold(project.opportunity)
    others = session.find(ProjectFile, ProjectFile.opportunity == project.opportunity.id)
    if any(one.stage not in CLOSED for one in others):
        taken = Problem("opportunity", "rule", "has a project file already")
        raise ConflictError(taken.message, fields=[taken])


def refuse_other_budget(session: Session, budget: CostBudget) -> None:
    """A kind has one budget: whoever wants more amends it, to which others have to agree."""
    # Two who enter one at once take turns.
    session.hold(budget.project)
    mine = CostBudget.project == budget.project.id
    if any(one.kind is budget.kind for one in session.find(CostBudget, mine)):
        taken = Problem("kind", "rule", f"{budget.kind} has a budget: amend it")
        raise ConflictError(taken.message, fields=[taken])


# --- the team ------------------------------------------------------------------------------------


def is_led_by(session: Session, project: Ref[ProjectFile]) -> bool:
    """Whether the actor leads the project as a manager does: by a role over units, not by the team."""
    if session.actor.is_system:
        return True
    by_role = any(one.kind == "role" for one in session.explain("update", project))
    return by_role and session.reaches(ProjectFile, "update", Reach.UNIT)


def leads(
    session: Session, project: Ref[ProjectFile], *, beside: TeamMember | None = None
) -> list[TeamMember]:
    """The memberships as lead, of any day, of a project."""
    role = TeamMember.role == ProjectRole.LEAD
    found = session.find(TeamMember, TeamMember.project == project.id, role)
    return [one for one in found if beside is None or one.id != beside.id]


def refuse_moved_membership(after: Mapping[str, Any]) -> None:
    """A membership stays that of one person in one project."""
    others = [name for name in ("project", "user") if name in after]
    if others:
        fields = [Problem(name, "rule", "end it and enter another") for name in others]
        raise ConflictError("a membership is ended, and another one entered", fields=fields)


def refuse_staffing(session: Session, project: Ref[ProjectFile]) -> None:
    """Team, budgets and revenue are kept by the lead, by who filed it, by the customer's owner and by leaders."""
    actor, day = session.actor, today(session)
    if actor.is_system or any(
        one.kind in ("role", "delegation") for one in session.explain("update", project)
    ):
        return
    filed_by = session.get(project).created_by
    if filed_by is not None and filed_by.id == actor.id:
        return
    if not any(one.user.id == actor.id and _holds(one, day) for one in leads(session, project)):
        raise ForbiddenError("this is for the lead of the project, the customer's owner and leaders")


def _holds(member: TeamMember, day: date) -> bool:
    return member.since <= day and (member.until is None or day <= member.until)


def refuse_second_lead(session: Session, member: TeamMember, after: Mapping[str, Any]) -> None:
    """A project has one lead at a time (PRJ-E5)."""
    now: dict[str, Any] = {
        name: after.get(name, getattr(member, name)) for name in ("role", "since", "until")
    }
    if now["role"] is not ProjectRole.LEAD or after.get("archived_at") is not None:
        return
    session.hold(member.project)
    for one in leads(session, member.project, beside=member if after else None):
        if one.since <= (now["until"] or date.max) and now["since"] <= (one.until or date.max):
            taken = Problem("role", "rule", "the project has a lead at that time")
            raise ConflictError(taken.message, fields=[taken], data={"lead": str(one.user.id)})


def charges(session: Session, member: TeamMember) -> list[Stakeholder]:
    """The stakeholders of whom a member is in charge, in order of their names (PRJ-16)."""
    return session.find(
        Stakeholder,
        Stakeholder.project == member.project.id,
        Stakeholder.our_person == member.user.id,
        order=Stakeholder.name,
    )


def refuse_leaving_charges(session: Session, member: TeamMember, after: Mapping[str, Any]) -> None:
    """Whoever leaves the team has handed on the stakeholders first (PRJ-16)."""
    ends = after.get("until") is not None or after.get("archived_at") is not None
    held = charges(session, member) if ends else []
    if held:
        names = ", ".join(one.name for one in held)
        raise ConflictError(
            f"name who looks after {names} from now on",
            data={"stakeholders": [str(one.id) for one in held]},
        )


# --- stakeholders --------------------------------------------------------------------------------


def refuse_stranger(session: Session, one: Stakeholder, after: Mapping[str, Any]) -> None:
    """A stakeholder is a contact of the customer, a designer or a consultant (PRJ-E6)."""
    department = after.get("department", one.department)
    if department in _OUTSIDE:
        return
    customer = session.get(one.project).customer
    if session.get(after.get("contact", one.contact)).customer.id != customer.id:
        raise wrong("contact", "rule", "is no contact of the customer, and neither designer nor consultant")


def refuse_outside_team(session: Session, one: Stakeholder, person: Ref[User]) -> None:
    """Who is in charge of a stakeholder is in the team (PRJ-7)."""
    found = session.find(TeamMember, TeamMember.project == one.project.id, TeamMember.user == person.id)
    if not any(_holds(member, today(session)) for member in found):
        raise wrong("our_person", "rule", "is not in the team of the project")


def refuse_unproved_stance(changes: Mapping[str, Change]) -> None:
    """A stance changes with what proves it (PRJ-7)."""
    if "stance" in changes and "stance_evidence" not in changes:
        raise wrong("stance_evidence", "required", "say what shows the new stance")


# --- evaluations and bids ------------------------------------------------------------------------


def refuse_deviation(session: Session, one: ProjectEvaluation) -> None:
    """Top management alone decides otherwise than the figures (PRJ-3)."""
    if one.decision is not one.verdict and not session.reaches(ProjectEvaluation, "update", Reach.ALL):
        raise ForbiddenError(f"the figures say {one.verdict}: top management may decide otherwise")


def refuse_changed_evaluation(one: ProjectEvaluation, changes: Mapping[str, Change]) -> None:
    """What was decided stays, but for conditions that have been met: one evaluates anew."""
    others = changes.keys() - {"conditions", "archived_at"}
    if "conditions" in changes:
        before, after = ({_terms(row) for row in rows} for rows in changes["conditions"])  # type: ignore[attr-defined]
        others = others | ({"conditions"} if before != after else set())
    if others:
        fields = [Problem(name, "rule", "evaluate anew") for name in sorted(others)]
        raise ConflictError("an evaluation stays as it was decided: evaluate anew", fields=fields)


def _terms(condition: Any) -> tuple[Any, ...]:
    return condition.text, condition.due_on


def refuse_others_check(session: Session, bid: Bid, documents: Any) -> None:
    """Whoever checks a document says so, and a new edition is checked anew (PRJ-14)."""
    before = {one.id: one for one in bid.documents if not one.is_new}
    problems = []
    for place, one in enumerate(documents):
        known = None if one.is_new else before.get(one.id)
        path = f"documents/{place}/checked_by"
        if one.checked_by is None:
            continue
        if known is None or known.checked_by != one.checked_by:
            if one.checked_by.id != session.actor.id:
                problems.append(Problem(path, "rule", "only who has checked it says so"))
        elif known.edition != one.edition:
            problems.append(Problem(path, "rule", "a new edition is checked anew"))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)
