"""What is known of projects, read together: each question is asked once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import attrs

from pycrm import Activity, ActivityKind, Outcome, Record, Session
from pycrm.plugins.projects.cost import CostBudget, CostEntry
from pycrm.plugins.projects.evaluation import ProjectEvaluation, SurveyForm, SurveyItem
from pycrm.plugins.projects.limits import ProjectLimits, limits
from pycrm.plugins.projects.process import CLOSED
from pycrm.plugins.projects.project import CompetitorEntry, Milestone, ProjectFile, TeamMember
from pycrm.plugins.projects.pursuit import ProgressReport
from pycrm.plugins.projects.stakeholder import Stakeholder

__all__ = ["Desk", "Picture", "picture"]

R = TypeVar("R", bound=Record)

# A letter is no meeting.
_MEETING = (
    ActivityKind.CALL,
    ActivityKind.VISIT,
    ActivityKind.RECEPTION,
    ActivityKind.MEETING,
    ActivityKind.DEMO,
    ActivityKind.SURVEY,
    ActivityKind.SERVICE,
)
# A statement takes some thousands of values.
_AT_ONCE = 1000


class Desk:
    """Some projects and all that belongs to them.

    Costs and meetings are those of everybody: what comes of them is told, they themselves are not.
    """

    def __init__(self, session: Session, projects: Iterable[ProjectFile]) -> None:
        self.session = session
        self.projects = tuple(projects)
        self.today: date = session.crm.calendar_day(session.now)

    def pictures(self) -> list[Picture]:
        """The picture of each project."""
        return [Picture(self, one) for one in self.projects]

    def _of(self, find: Any, cls: type[R], **options: Any) -> Mapping[UUID, list[R]]:
        found: dict[UUID, list[R]] = {one.id: [] for one in self.projects}
        ids = list(found)
        for at in range(0, len(ids), _AT_ONCE):
            table: Any = cls
            for one in find(cls, table.project.in_(ids[at : at + _AT_ONCE]), **options):
                found[one.project.id].append(one)
        return found

    def _mine(self, cls: type[R], **options: Any) -> Mapping[UUID, list[R]]:
        return self._of(self.session.find, cls, **options)

    @cached_property
    def limits(self) -> ProjectLimits:
        """From when on something is late or dear."""
        return limits(self.session)

    @cached_property
    def _everybody(self) -> Any:
        return self.session.beyond("the state of projects", CostEntry, CostBudget, Activity)

    @cached_property
    def members(self) -> Mapping[UUID, list[TeamMember]]:
        """Who is or was in the team."""
        return self._mine(TeamMember)

    @cached_property
    def stakeholders(self) -> Mapping[UUID, list[Stakeholder]]:
        """Who has a say at the customer."""
        return self._mine(Stakeholder)

    @cached_property
    def competitors(self) -> Mapping[UUID, list[CompetitorEntry]]:
        """Who else wants it."""
        return self._mine(CompetitorEntry)

    @cached_property
    def surveys(self) -> Mapping[UUID, list[SurveyForm]]:
        """What was found out."""
        return self._mine(SurveyForm, children=True)

    @cached_property
    def evaluations(self) -> Mapping[UUID, list[ProjectEvaluation]]:
        """Whether to go after it."""
        return self._mine(ProjectEvaluation, children=True)

    @cached_property
    def milestones(self) -> Mapping[UUID, list[Milestone]]:
        """What has to be reached."""
        return self._mine(Milestone)

    @cached_property
    def reports(self) -> Mapping[UUID, list[ProgressReport]]:
        """What was told each week."""
        return self._mine(ProgressReport)

    @cached_property
    def costs(self) -> Mapping[UUID, list[CostEntry]]:
        """What everybody has spent."""
        return self._of(self._everybody.find, CostEntry)

    @cached_property
    def budgets(self) -> Mapping[UUID, list[CostBudget]]:
        """What may be spent."""
        return self._of(self._everybody.find, CostBudget)

    @cached_property
    def met(self) -> Mapping[UUID, date]:
        """On which day each contact of a stakeholder was last met, by anybody."""
        contacts = sorted({one.contact.id for some in self.stakeholders.values() for one in some})
        found: dict[UUID, date] = {}
        for at in range(0, len(contacts), _AT_ONCE):
            some = contacts[at : at + _AT_ONCE]
            for act in self._everybody.find(
                Activity, Activity.contact.in_(some), Activity.kind.in_(_MEETING), order=Activity.started_at
            ):
                if act.outcome is not Outcome.NO_ANSWER:
                    found[act.contact.id] = self.session.crm.calendar_day(act.started_at)
        return found


@attrs.frozen(eq=False)
class Picture:
    """One project of a desk."""

    desk: Desk
    project: ProjectFile

    def of(self, some: Mapping[UUID, list[R]]) -> list[R]:
        """What belongs to this project."""
        return some[self.project.id]

    @property
    def today(self) -> date:
        """The business day."""
        return self.desk.today

    @property
    def is_open(self) -> bool:
        """Whether it is being pursued."""
        return self.project.stage not in CLOSED

    @property
    def team(self) -> list[TeamMember]:
        """Who is in the team today."""
        day = self.today
        members = self.of(self.desk.members)
        return [one for one in members if one.since <= day and (one.until is None or one.until >= day)]

    @property
    def evaluation(self) -> ProjectEvaluation | None:
        """The newest evaluation."""
        return max(self.of(self.desk.evaluations), key=lambda one: one.turn, default=None)

    @property
    def answers(self) -> list[SurveyItem]:
        """The questions of all surveys that somebody answered."""
        items = (item for form in self.of(self.desk.surveys) for item in form.items)
        return [one for one in items if one.answer is not None and one.answer.strip()]


def picture(session: Session, project: ProjectFile) -> Picture:
    """What is known of one project, which may hold values that are not saved yet."""
    return Picture(Desk(session, [project]), project)
