"""Amendments: changes of key data that are proposed with a reason, approved, and applied on a day."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pycrm.declare import Child, Children, Field, Link, Record, children, field, ge, link, reference
from pycrm.declare.policy import beside
from pycrm.entities.org import User
from pycrm.errors import InvalidError, Problem

__all__ = [
    "Amendment",
    "AmendmentMode",
    "AmendmentPolicy",
    "AmendmentState",
    "ApprovalFlow",
    "ApprovalMode",
    "ApprovalState",
    "ApprovalStep",
    "ApprovalTask",
    "Approver",
    "Holiday",
    "OnEmpty",
]


class AmendmentMode(StrEnum):
    """How a field is changed."""

    FREE = "free"
    """Directly, by whoever may write it."""
    RECORDED = "recorded"
    """At once, with a reason."""
    APPROVAL = "approval"
    """When those have agreed whom the flow names."""


class AmendmentState(StrEnum):
    """How far an amendment has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CONFLICTED = "conflicted"


class Approver(StrEnum):
    """Who decides in a step."""

    USER = "user"
    """The person with the login that `ApprovalStep.who` gives."""
    ROLE = "role"
    """Whoever holds the role of that name."""
    UNIT_LEADER = "unit_leader"
    """Whoever leads the unit of the record's owner, or the nearest unit above it that is led."""
    LEADER_N_LEVELS = "leader_n_levels"
    """The leaders of so many levels, one after the other, from the unit upwards."""
    UNIT_HEAD = "unit_head"
    """Whoever leads the unit of that code."""
    TOP = "top"
    """Whoever holds a role of top management."""


class ApprovalMode(StrEnum):
    """Whether one of several approvers is enough."""

    ANY = "any"
    ALL = "all"


class OnEmpty(StrEnum):
    """What becomes of a step for which there is nobody."""

    NEXT_LEADER = "next_leader"
    AUTO_PASS = "auto_pass"
    FAIL = "fail"


class ApprovalState(StrEnum):
    """What became of a task."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    LAPSED = "lapsed"


class ApprovalStep(Child, table="crm_approval_step"):
    """One step of a flow: who decides, and when it is needed.

    `who` is a login, the name of a role or the code of a unit, as `approver` asks for. `condition`
    compares old and new value, such as ``percent > 20``; without it the step is always taken.
    """

    approver: Field[Approver] = field("Approver", zh="审批人")
    who: Field[str | None] = field("Login, role or unit", zh="人员角色单位", default=None, longest=100)
    levels: Field[int] = field("Levels", zh="级数", default=1, validator=ge(1))
    mode: Field[ApprovalMode] = field("Mode", zh="方式", default=ApprovalMode.ANY)
    condition: Field[str | None] = field("Condition", zh="条件", default=None, longest=500)
    on_empty: Field[OnEmpty] = field("If nobody", zh="无人时", default=OnEmpty.NEXT_LEADER)

    def check(self, moment: datetime) -> None:
        """A person, a role or a unit is named where one is asked for, and nowhere else."""
        named = self.approver in (Approver.USER, Approver.ROLE, Approver.UNIT_HEAD)
        if named != (self.who is not None):
            wrong = Problem("who", "rule", "a login, role or unit is named, other approvers are found")
            raise InvalidError(wrong.message, fields=[wrong])


class ApprovalFlow(Record, table="crm_approval_flow", scope=reference()):
    """Who agrees, step by step (审批流); an open amendment keeps the steps that it began with.

    A task that is not decided is reminded of after some business hours, and after some more it goes
    to the next leader up as well.
    """

    name: Field[str] = field("Name", zh="名称", unique=True, longest=100, order=True)
    steps: Children[ApprovalStep] = children("Steps", zh="步骤", default=())
    remind_after: Field[int] = field("Remind after (hours)", zh="提醒", default=16, validator=ge(1))
    escalate_after: Field[int] = field("Escalate after (hours)", zh="升级", default=32, validator=ge(1))

    def check(self, moment: datetime) -> None:
        """A flow has steps."""
        if not self.steps:
            raise InvalidError("a flow has steps", fields=[Problem("steps", "required", "a flow has steps")])


class AmendmentPolicy(Record, table="crm_amendment_policy", scope=reference()):
    """How one field, or one path of child rows such as ``lines/qty``, is changed (修订规则).

    Of several for one path the first counts, by `rank`, whose `condition` holds. Without a flow it
    is the unit leader who approves. Where no policy speaks, key fields are recorded, others free.
    """

    entity: Field[str] = field("Entity", zh="对象", longest=100)
    path: Field[str] = field("Field", zh="字段", longest=200)
    mode: Field[AmendmentMode] = field("Mode", zh="方式")
    condition: Field[str | None] = field("Condition", zh="条件", default=None, longest=500)
    flow: Field[str | None] = field("Flow", zh="审批流", default=None, longest=100)
    reason_min: Field[int] = field("Least length of the reason", zh="原因字数", default=5, validator=ge(1))
    evidence_required: Field[bool] = field("Evidence required", zh="须附证据", default=False)
    rank: Field[int] = field("Rank", zh="次序", default=0)


class ApprovalTask(Child, table="crm_approval_task"):
    """One person asked to decide on an amendment.

    Of the tasks of one `group` the first decision counts; a step is passed when each of its groups
    has agreed.
    """

    round: Field[int] = field("Round", zh="轮次")
    step: Field[int] = field("Step", zh="步骤")
    group: Field[UUID] = field("Group", zh="组", column="group_id")
    approver: Link[User] = link("Approver", zh="审批人")
    giver: Link[User | None] = link("Entrusted by", zh="委托人", default=None)
    state: Field[ApprovalState] = field("State", zh="状态", default=ApprovalState.PENDING)
    comment: Field[str | None] = field("Comment", zh="意见", default=None)
    asked_at: Field[datetime] = field("Asked at", zh="提交时间")
    due_at: Field[datetime] = field("Due at", zh="提醒时间")
    escalates_at: Field[datetime] = field("Escalates at", zh="升级时间")
    reminded_at: Field[datetime | None] = field("Reminded at", zh="已提醒", default=None)
    escalated_at: Field[datetime | None] = field("Escalated at", zh="已升级", default=None)
    decided_at: Field[datetime | None] = field("Decided at", zh="审批时间", default=None)


class Amendment(
    Record,
    table="crm_amendment",
    scope=beside("entity", "record"),
    indexes=(("record_id",), ("batch_id",)),
):
    """A change of key data on its way (修订单); whoever sees the record sees it.

    Those that one import has asked for have one `batch`.

    Its lines are read by `session.lines`, which hides what the reader may not see. The verbs of a
    session alone write it.
    """

    entity: Field[str] = field("Entity", zh="对象", init=False, longest=100)
    record: Field[UUID] = field("Record", zh="记录", init=False, column="record_id")
    state: Field[AmendmentState] = field("State", zh="状态", init=False)
    reason: Field[str] = field("Reason", zh="原因", init=False)
    evidence: Field[tuple[str, ...]] = field("Evidence", zh="证据", init=False, longest=1000)
    effective_on: Field[date | None] = field("Effective on", zh="生效日期", init=False, default=None)
    submitted_by: Link[User | None] = link("Submitted by", zh="提交人", init=False, default=None)
    submitted_at: Field[datetime] = field("Submitted at", zh="提交时间", init=False, order=True)
    round: Field[int] = field("Round", zh="轮次", init=False)
    step: Field[int] = field("Step", zh="当前步骤", init=False)
    route: Field[str] = field("Route", zh="路径", init=False, longest=100_000)
    waits: Field[str | None] = field("Waits for", zh="等待", init=False, default=None)
    verdict: Field[str | None] = field("Verdict", zh="结论", init=False, default=None)
    overridden: Field[bool] = field("Overridden", zh="越权", init=False)
    applied_at: Field[datetime | None] = field("Applied at", zh="应用时间", init=False, default=None)
    batch: Field[UUID | None] = field("Batch", zh="批次", init=False, default=None, column="batch_id")
    tasks: Children[ApprovalTask] = children("Tasks", zh="审批任务", default=())

    def begin(self, session: Any) -> dict[str, Any]:
        """Only `amend` makes one: a row without its lines would be a lie."""
        raise InvalidError("an amendment is made by amend")


class Holiday(Record, table="crm_holiday", scope=reference()):
    """A day on which the business calendar differs from its week (节假日): closed, or made up for."""

    on: Field[date] = field("Day", zh="日期", unique=True, order=True)
    name: Field[str | None] = field("Name", zh="名称", default=None, longest=100)
    is_working: Field[bool] = field("Working day", zh="工作日", default=False)
