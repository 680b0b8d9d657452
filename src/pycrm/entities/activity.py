"""What was said and done, what was promised, and what is to be done next."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pycrm.declare import Field, Link, Record, field, ge, link, minimum_length, through
from pycrm.declare.alias import Alias
from pycrm.entities.customer import Contact, Customer
from pycrm.entities.lead import Lead
from pycrm.entities.opportunity import Opportunity
from pycrm.entities.org import Reach
from pycrm.errors import InvalidError, Problem

__all__ = [
    "Activity",
    "ActivityKind",
    "Commitment",
    "CommitmentState",
    "Direction",
    "Note",
    "Outcome",
    "Task",
    "TaskPriority",
    "TaskState",
]

_LATEST_ENTRY = timedelta(days=7)


class ActivityKind(StrEnum):
    """What sort of meeting it was."""

    CALL = "call"
    VISIT = "visit"
    RECEPTION = "reception"
    MEETING = "meeting"
    EMAIL = "email"
    MESSAGE = "message"
    QUOTATION = "quotation"
    DEMO = "demo"
    SURVEY = "survey"
    SERVICE = "service"
    OTHER = "other"


class Direction(StrEnum):
    """Who began it."""

    IN = "in"
    OUT = "out"


class Outcome(StrEnum):
    """How it went."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    NO_ANSWER = "no_answer"


class CommitmentState(StrEnum):
    """What became of a promise: the stages of the pipeline ``commitment``."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class TaskState(StrEnum):
    """How far a task is: the stages of the pipeline ``task``."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskPriority(StrEnum):
    """What comes first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Activity(Record, table="crm_activity", scope=through("customer", "lead", owned=True)):
    """A contact with a customer or a lead (跟进记录)."""

    kind: Field[ActivityKind] = field("Kind", zh="类型")
    direction: Field[Direction] = field("Direction", zh="方向", default=Direction.OUT)
    channel: Field[str | None] = field("Channel", zh="渠道", default=None, longest=60)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    lead: Link[Lead | None] = link("Lead", zh="线索", default=None)
    contact: Link[Contact | None] = link("Contact", zh="联系人", default=None)
    opportunity: Link[Opportunity | None] = link("Opportunity", zh="商机", default=None)
    started_at: Field[datetime] = field("Started at", zh="时间", order=True)
    duration_min: Field[int | None] = field("Minutes", zh="时长", default=None, validator=ge(0))
    summary: Field[str] = field("Summary", zh="摘要", validator=minimum_length(10))
    outcome: Field[Outcome | None] = field("Outcome", zh="结果", default=None)
    next_step: Field[str | None] = field("Next step", zh="下一步", default=None, longest=400)
    next_on: Field[date | None] = field("Next on", zh="下次日期", default=None)
    location: Field[str | None] = field("Place", zh="地点", default=None, longest=200)

    def check(self, moment: datetime) -> None:
        """An activity names a customer or a lead and does not lie in the future (COR-14)."""
        _one_of(self, "customer", "lead")
        if self.started_at > moment:
            late = Problem("started_at", "range", "lies in the future")
            raise InvalidError("an activity cannot lie in the future", fields=[late])

    derives_from = ("started_at",)

    def derive(self, session: Any) -> dict[str, Any]:
        """Staff enter an activity within seven days; later entry needs a leader (COR-14)."""
        if self.started_at < session.now - _LATEST_ENTRY and not session.reaches(
            type(self), "create", Reach.UNIT
        ):
            late = Problem("started_at", "range", "lies more than 7 days back")
            raise InvalidError("an activity is entered within 7 days; later a leader does it", fields=[late])
        return {}


class Commitment(
    Record, table="crm_commitment", scope=through("customer", "lead", owned=True), pipeline="commitment"
):
    """A promise made to a customer (承诺); its owner is whoever promised.

    `state` is another name of its stage.
    """

    activity: Link[Activity | None] = link("Activity", zh="跟进记录", default=None)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    lead: Link[Lead | None] = link("Lead", zh="线索", default=None)
    text: Field[str] = field("Promise", zh="承诺内容", longest=1000)
    to_contact: Link[Contact | None] = link("To", zh="承诺对象", default=None)
    due_on: Field[date] = field("Due on", zh="到期日", order=True)
    kept_on: Field[date | None] = field("Kept on", zh="兑现日期", default=None)

    state = Alias("stage")

    def check(self, moment: datetime) -> None:
        """A promise is made to a customer or a lead; none has the date of its keeping before it is kept."""
        _one_of(self, "customer", "lead")
        if self.kept_on is not None and self.stage == CommitmentState.OPEN:
            wrong = Problem("kept_on", "rule", "an open commitment has no such date: move it to kept")
            raise InvalidError(wrong.message, fields=[wrong])


class Task(
    Record,
    table="crm_task",
    scope=through("customer", "lead", "opportunity", owned=True),
    pipeline="task",
):
    """Something to be done (任务); its owner is whoever does it.

    `state` is another name of its stage.
    """

    title: Field[str] = field("Title", zh="标题", longest=300)
    due_at: Field[datetime] = field("Due at", zh="截止时间", order=True)
    priority: Field[TaskPriority] = field("Priority", zh="优先级", default=TaskPriority.NORMAL)
    reason: Field[str | None] = field("Reason", zh="原因", default=None, longest=400)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    lead: Link[Lead | None] = link("Lead", zh="线索", default=None)
    opportunity: Link[Opportunity | None] = link("Opportunity", zh="商机", default=None)

    state = Alias("stage")


class Note(Record, table="crm_note", scope=through("customer", "lead", "opportunity")):
    """A free text kept with a customer, a lead or an opportunity (备注)."""

    body: Field[str] = field("Text", zh="内容", longest=20000)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    lead: Link[Lead | None] = link("Lead", zh="线索", default=None)
    opportunity: Link[Opportunity | None] = link("Opportunity", zh="商机", default=None)

    def check(self, moment: datetime) -> None:
        """A note belongs to something."""
        _one_of(self, "customer", "lead", "opportunity")


def _one_of(record: Record, *names: str) -> None:
    if not any(getattr(record, name) for name in names):
        words = " or ".join(names)
        missing = Problem(names[0], "required", f"name a {words}")
        raise InvalidError(f"{type(record).__name__.lower()}: name a {words}", fields=[missing])
