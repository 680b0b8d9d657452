"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping

from pycrm import Activity, Change, Plugin, Session, StageMove, hookimpl
from pycrm.plugins.supervision import appraising, desk, directing, processes, rules, showing, training, visits
from pycrm.plugins.supervision.appraisal import Appraisal, AppraisalItem, AppraisalMeasure, AppraisalPlan
from pycrm.plugins.supervision.commands import COMMANDS
from pycrm.plugins.supervision.directive import Directive, DirectiveReply
from pycrm.plugins.supervision.jobs import JOBS
from pycrm.plugins.supervision.limits import Limits
from pycrm.plugins.supervision.model import CheckIn, CustomerSite, Leave, VisitPlan, WorkLog, Workplace
from pycrm.plugins.supervision.training import TrainingPlan, TrainingRecord, TrainingResult, TrainingStep
from pycrm.plugins.supervision.words import WORDS

__all__ = ["Supervision"]


class Supervision(Plugin):
    """Supervision

    Logs of each day's work by everybody's own clock, planned visits and check-ins, directives of leaders,
    the staff monitor, appraisals and training, and what the receiver of a customer has to know.
    """

    name = "supervision"
    words = WORDS
    records = (
        *(Workplace, Leave, WorkLog, VisitPlan, CheckIn, Directive, DirectiveReply),
        *(AppraisalPlan, Appraisal, TrainingPlan, TrainingRecord),
    )
    children = (AppraisalMeasure, AppraisalItem, TrainingStep, TrainingResult)
    facets = (CustomerSite,)
    pipelines = (processes.LOG, processes.VISIT, processes.DIRECTIVE, processes.APPRAISAL)
    jobs = JOBS
    commands = COMMANDS
    screens = (*desk.SCREENS, *showing.SCREENS)
    banners = showing.BANNERS
    templates = "pycrm.plugins.supervision.templates"
    migrations = "pycrm.plugins.supervision.migrations"
    sample = "pycrm.plugins.supervision.sample:add"

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    @hookimpl
    def before_add(
        self,
        session: Session,
        record: Workplace
        | Leave
        | WorkLog
        | CheckIn
        | Directive
        | DirectiveReply
        | Appraisal
        | TrainingRecord,
    ) -> None:
        """Leaders enter what is theirs to say of people, and people what is theirs to say of their day."""
        if isinstance(record, WorkLog | CheckIn):
            rules.refuse_stranger(session, record, "recording one's day")
        elif isinstance(record, Directive):
            directing.refuse_no_leader(session, record)
        elif isinstance(record, DirectiveReply):
            rules.refuse_closed_directive(session, record)
        else:
            rules.refuse_staff(session, record, f"entering a {type(record).__name__.lower()}")

    @hookimpl
    def before_change(
        self,
        session: Session,
        record: Workplace
        | Leave
        | WorkLog
        | CheckIn
        | Directive
        | DirectiveReply
        | Appraisal
        | TrainingRecord,
        changes: Mapping[str, Change],
    ) -> None:
        """Logs are written by their person, and what leaders have said stays as it was said."""
        fields = rules.written(changes)
        if isinstance(record, Workplace | Leave):
            rules.refuse_staff(session, record, f"changing a {type(record).__name__.lower()}")
        elif isinstance(record, CheckIn):
            rules.refuse_moving(session)
        elif fields:
            _check(session, record, fields)

    @hookimpl
    def before_move(self, session: Session, record: WorkLog | Directive | Appraisal, move: StageMove) -> None:
        """The clock decides how a log stands, the author closes an instruction, leaders close a period."""
        if isinstance(record, WorkLog):
            rules.refuse_wrong_hour(session, record, move)
        elif isinstance(record, Directive):
            rules.refuse_wrong_close(session, record, move)
        else:
            appraising.refuse_unranked(session, move)

    @hookimpl
    def record_added(self, session: Session, record: Directive | DirectiveReply | Activity) -> None:
        """An instruction becomes a task, a word of the person it is for answers it, a visit keeps what was planned."""
        if isinstance(record, Directive):
            rules.add_task(session, record)
        elif isinstance(record, DirectiveReply):
            directing.take_answer(session, record)
        else:
            visits.keep_plan(session, record)


def _check(
    session: Session,
    record: WorkLog | Directive | DirectiveReply | Appraisal | TrainingRecord,
    fields: set[str],
) -> None:
    if isinstance(record, WorkLog):
        rules.refuse_foreign_log(session, record, fields)
    elif isinstance(record, Appraisal):
        appraising.refuse_other_hand(session, record, fields)
    elif isinstance(record, TrainingRecord):
        training.refuse_other_hand(session, fields)
    else:
        rules.refuse_unsaying(fields)
