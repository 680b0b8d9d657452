"""What is kept of the words of leaders: directives, and what is said to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pycrm import (
    Activity,
    Customer,
    Field,
    InvalidError,
    Link,
    Opportunity,
    Problem,
    Record,
    Task,
    User,
    field,
    link,
    through,
)
from pycrm.plugins.supervision.model import VisitPlan, WorkLog

__all__ = ["TARGETS", "Directive", "DirectiveKind", "DirectiveReply", "DirectiveState"]

#: The kinds of records on which a directive is written, and the link that names each.
TARGETS = {
    Activity: "activity",
    WorkLog: "log",
    VisitPlan: "visit",
    Opportunity: "opportunity",
    Customer: "customer",
    Task: "task",
}


class DirectiveKind(StrEnum):
    """A word, praise, or something to be done."""

    COMMENT = "comment"
    PRAISE = "praise"
    INSTRUCTION = "instruction"


class DirectiveState(StrEnum):
    """How far a directive has come: the stages of the pipeline ``supervision_directive``."""

    UNREAD = "unread"
    READ = "read"
    ANSWERED = "answered"
    DONE = "done"


class Directive(
    Record,
    table="supervision_directive",
    scope=through(*TARGETS.values(), owned=True, stays=True),
    pipeline="supervision_directive",
    indexes=(("owner_id", "stage"), ("by_id", "due_at")),
):
    """What a leader says about a record, to one person (批示); that person owns it and hands it to nobody.

    It is never edited or deleted: a mistake is answered by a further one. An instruction is to be
    answered until it is due.
    """

    activity: Link[Activity | None] = link("Activity", zh="跟进记录", default=None)
    log: Link[WorkLog | None] = link("Work log", zh="工作日志", default=None)
    visit: Link[VisitPlan | None] = link("Planned visit", zh="拜访计划", default=None)
    opportunity: Link[Opportunity | None] = link("Opportunity", zh="商机", default=None)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    task: Link[Task | None] = link("Task", zh="任务", default=None)
    text: Field[str] = field("Text", zh="内容", longest=2000)
    kind: Field[DirectiveKind] = field("Kind", zh="类型", default=DirectiveKind.COMMENT)
    due_at: Field[datetime | None] = field("Due at", zh="截止时间", default=None)
    by: Link[User | None] = link("By", zh="批示人", init=False, default=None)

    def begin(self, session: Any) -> dict[str, Any]:
        """It is the word of whoever writes it."""
        return {"by": session.actor.ref}

    def check(self, moment: datetime) -> None:
        """It is about one record, and an instruction is due."""
        wrong = []
        if sum(getattr(self, name) is not None for name in TARGETS.values()) != 1:
            wrong.append(Problem("activity", "required", "name the one record that it is about"))
        if (self.kind is DirectiveKind.INSTRUCTION) != (self.due_at is not None):
            wrong.append(Problem("due_at", "rule", "an instruction is due, and nothing else"))
        if wrong:
            raise InvalidError(wrong[0].message, fields=wrong)


class DirectiveReply(
    Record,
    table="supervision_reply",
    scope=through("directive", owned=True, stays=True),
    indexes=(("directive_id",),),
):
    """What is said to a directive, by the person it is for or by its author (回复)."""

    directive: Link[Directive] = link("Directive", zh="批示")
    text: Field[str] = field("Text", zh="内容", longest=2000)
