"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping

from pycrm import Activity, Change, ConflictError, Plugin, Session, StageMove, hookimpl
from pycrm.plugins.supervision import directing, processes, rules, visits
from pycrm.plugins.supervision.directive import Directive, DirectiveReply
from pycrm.plugins.supervision.jobs import JOBS
from pycrm.plugins.supervision.limits import Limits
from pycrm.plugins.supervision.model import CheckIn, CustomerSite, Leave, VisitPlan, WorkLog, Workplace

__all__ = ["Supervision"]


class Supervision(Plugin):
    """Supervision

    Logs of each day's work by everybody's own clock, planned visits and check-ins, directives of leaders,
    the staff monitor, and what the receiver of a customer has to know.
    """

    name = "supervision"
    records = (Workplace, Leave, WorkLog, VisitPlan, CheckIn, Directive, DirectiveReply)
    facets = (CustomerSite,)
    pipelines = (processes.LOG, processes.VISIT, processes.DIRECTIVE)
    jobs = JOBS
    migrations = "pycrm.plugins.supervision.migrations"

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    @hookimpl
    def before_add(
        self,
        session: Session,
        record: Workplace | Leave | WorkLog | CheckIn | Directive | DirectiveReply,
    ) -> None:
        """Leaders enter what is theirs to say of people, and people what is theirs to say of their day."""
        if isinstance(record, Workplace | Leave):
            rules.refuse_staff(session, record, f"entering a {type(record).__name__.lower()}")
        elif isinstance(record, WorkLog | CheckIn):
            rules.refuse_stranger(session, record, "recording one's day")
        elif isinstance(record, Directive):
            directing.refuse_no_leader(session, record)
        else:
            rules.refuse_closed_directive(session, record)

    @hookimpl
    def before_change(
        self,
        session: Session,
        record: Workplace | Leave | WorkLog | CheckIn | Directive | DirectiveReply,
        changes: Mapping[str, Change],
    ) -> None:
        """Logs are written by their person, and what leaders have said stays as it was said."""
        fields = rules.written(changes)
        if isinstance(record, Workplace | Leave):
            rules.refuse_staff(session, record, f"changing a {type(record).__name__.lower()}")
        elif isinstance(record, WorkLog):
            if fields:
                rules.refuse_foreign_log(session, record, fields)
        elif isinstance(record, CheckIn):
            if session.actor.ref is not None:
                raise ConflictError("a check-in stays as it is")
        elif fields:
            raise ConflictError("what was said stays; say a further word", data={"fields": sorted(fields)})

    @hookimpl
    def before_move(self, session: Session, record: WorkLog | Directive, move: StageMove) -> None:
        """The clock decides how a log stands, and the author closes an instruction."""
        if isinstance(record, WorkLog):
            rules.refuse_wrong_hour(session, record, move)
        else:
            rules.refuse_wrong_close(session, record, move)

    @hookimpl
    def record_added(self, session: Session, record: Directive | Activity) -> None:
        """An instruction becomes a task, and a visit keeps what was planned."""
        if isinstance(record, Directive):
            rules.add_task(session, record)
        else:
            visits.keep_plan(session, record)
