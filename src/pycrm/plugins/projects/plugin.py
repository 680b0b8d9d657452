"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping

from pycrm import AmendmentMode, AmendmentPolicy, Change, Plugin, Session, hookimpl
from pycrm.plugins.projects import commands, rules, showing, spending
from pycrm.plugins.projects.cost import CostBudget, CostEntry, LabourRate, RevenueLine
from pycrm.plugins.projects.evaluation import (
    EvaluationCondition,
    EvaluationCriterion,
    ProjectEvaluation,
    SurveyForm,
    SurveyItem,
)
from pycrm.plugins.projects.gates import GUARDS
from pycrm.plugins.projects.limits import ProjectLimits
from pycrm.plugins.projects.process import BID, PLAN, PROJECT
from pycrm.plugins.projects.project import (
    CompetitorEntry,
    LimitedDocument,
    Milestone,
    ProjectDocument,
    ProjectFile,
    ProjectRole,
    TeamMember,
)
from pycrm.plugins.projects.pursuit import (
    Bid,
    BidDocument,
    BidRank,
    ProgressReport,
    StrategyMove,
    StrategyPlan,
)
from pycrm.plugins.projects.reminders import REMINDERS
from pycrm.plugins.projects.stakeholder import Stakeholder
from pycrm.plugins.projects.words import WORDS

__all__ = ["Projects"]


class Projects(Plugin):
    """Project files

    Few, large, long sales: what is known before one begins, go or no-go, the people at the customer, a team from
    anywhere, costs against what they bring, the bid.
    """

    name = "projects"
    words = WORDS
    records = (
        *(ProjectLimits, LabourRate, ProjectFile, TeamMember, CompetitorEntry, Stakeholder, SurveyForm),
        *(ProjectEvaluation, StrategyPlan, Milestone, ProgressReport, ProjectDocument, LimitedDocument),
        *(CostBudget, CostEntry, RevenueLine, Bid),
    )
    children = (*(SurveyItem, EvaluationCriterion, EvaluationCondition, StrategyMove, BidDocument, BidRank),)
    pipelines = (PROJECT, PLAN, BID)
    guards = GUARDS
    policies = (AmendmentPolicy(entity=CostBudget.__name__, path="amount", mode=AmendmentMode.APPROVAL),)
    commands = commands.COMMANDS
    jobs = (REMINDERS,)
    panels = showing.PANELS
    tiles = showing.TILES
    finders = showing.FINDERS
    templates = "pycrm.plugins.projects.templates"
    migrations = "pycrm.plugins.projects.migrations"
    sample = "pycrm.plugins.projects.sample:add"

    @hookimpl
    def before_add(
        self,
        session: Session,
        record: ProjectFile
        | TeamMember
        | Stakeholder
        | ProjectEvaluation
        | CostBudget
        | RevenueLine
        | CostEntry
        | LabourRate
        | ProjectLimits
        | Bid,
    ) -> None:
        """What a new one of these may not do; see `rules` and `spending`."""
        if isinstance(record, ProjectFile):
            rules.refuse_past_bid(session, record)
            rules.refuse_other_deal(session, record)
        elif isinstance(record, TeamMember):
            rules.refuse_staffing(session, record.project)
            rules.refuse_second_lead(session, record, {})
        elif isinstance(record, Stakeholder):
            rules.refuse_stranger(session, record, {})
            rules.refuse_outside_team(session, record, record.our_person)
        elif isinstance(record, ProjectEvaluation):
            rules.refuse_deviation(session, record)
        elif isinstance(record, CostBudget):
            rules.refuse_staffing(session, record.project)
            rules.refuse_other_budget(session, record)
            spending.refuse_foreign_money(session, {"amount": record.amount})
        elif isinstance(record, RevenueLine):
            rules.refuse_staffing(session, record.project)
            spending.refuse_foreign_money(session, {"amount": record.amount})
        elif isinstance(record, CostEntry):
            spending.refuse_spending(session, record)
        elif isinstance(record, LabourRate):
            spending.refuse_foreign_money(session, {"rate": record.rate})
        elif isinstance(record, ProjectLimits):
            names = ("costs_before_go", "evidence_above")
            spending.refuse_foreign_money(session, {name: getattr(record, name) for name in names})
        else:
            rules.refuse_others_check(session, record, record.documents)

    @hookimpl
    def before_change(
        self,
        session: Session,
        record: ProjectFile
        | TeamMember
        | Stakeholder
        | ProjectEvaluation
        | CostBudget
        | RevenueLine
        | CostEntry
        | LabourRate
        | ProjectLimits
        | Bid,
        changes: Mapping[str, Change],
    ) -> None:
        """What a change of one of these may not do; see `rules` and `spending`."""
        after = {name: change.after for name, change in changes.items()}
        if isinstance(record, ProjectFile):
            if {"customer", "opportunity"} & after.keys():
                rules.refuse_staffing(session, record.ref)
        elif isinstance(record, TeamMember):
            rules.refuse_moved_membership(after)
            rules.refuse_staffing(session, record.project)
            rules.refuse_second_lead(session, record, after)
            rules.refuse_leaving_charges(session, record, after)
        elif isinstance(record, Stakeholder):
            rules.refuse_unproved_stance(changes)
            if {"contact", "department"} & after.keys():
                rules.refuse_stranger(session, record, after)
            if "our_person" in changes:
                rules.refuse_outside_team(session, record, after["our_person"])  # type: ignore[arg-type]
        elif isinstance(record, ProjectEvaluation):
            rules.refuse_changed_evaluation(record, changes)
        elif isinstance(record, CostBudget | RevenueLine):
            rules.refuse_staffing(session, record.project)
            spending.refuse_foreign_money(session, after)
        elif isinstance(record, CostEntry):
            spending.refuse_changed_cost(changes)
            if "archived_at" in after and after["archived_at"] is None:
                spending.refuse_spending(session, record)
        elif isinstance(record, LabourRate | ProjectLimits):
            spending.refuse_foreign_money(session, after)
        elif "documents" in changes:
            rules.refuse_others_check(session, record, after["documents"])

    @hookimpl
    def record_added(self, session: Session, record: ProjectFile) -> None:
        """Whoever files a project leads it, until the lead is handed on."""
        if session.actor.ref is not None:
            day = rules.today(session)
            lead = TeamMember(project=record, user=session.actor.ref, role=ProjectRole.LEAD, since=day)
            session.add(lead)
