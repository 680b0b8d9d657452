"""The ways that the records of supervision go (appendix A)."""

from __future__ import annotations

from pycrm import Move, Pipeline, Stage

__all__ = ["APPRAISAL", "DIRECTIVE", "LOG", "VISIT"]


def _zh(text: str) -> dict[str, str]:
    return {"zh": text}


LOG = Pipeline(
    "supervision_log",
    1,
    "WorkLog",
    "Work log",
    translations=_zh("工作日志"),
    stages=(
        Stage("open", "Open", translations=_zh("待提交")),
        Stage("late", "Late", translations=_zh("迟交")),
        Stage("submitted", "Submitted", kind="won", translations=_zh("已提交")),
        Stage("submitted_late", "Submitted late", kind="won", translations=_zh("迟交提交")),
        Stage("missing", "Missing", kind="lost", translations=_zh("缺失")),
    ),
    moves=(
        Move("submit", "open", "submitted", "Submit", reach="owner", translations=_zh("提交")),
        Move(
            *("submit_late", ("open", "late"), "submitted_late", "Submit late"),
            reach="owner",
            translations=_zh("补交"),
        ),
        Move("lapse", "open", "late", "Is late", translations=_zh("转为迟交")),
        Move("miss", ("open", "late"), "missing", "Is missing", translations=_zh("转为缺失")),
    ),
)
"""The log of a day (工作日志): submitted, or late by the clock of its writer, and missing after that.

Whoever takes a move, the clock decides whether it may be taken.
"""

VISIT = Pipeline(
    "supervision_visit",
    1,
    "VisitPlan",
    "Planned visit",
    translations=_zh("拜访计划"),
    stages=(
        Stage("planned", "Planned", translations=_zh("已计划")),
        Stage("done", "Done", kind="won", required="activity", translations=_zh("已完成")),
        Stage("skipped", "Skipped", kind="lost", translations=_zh("未执行")),
    ),
    moves=(
        Move("visit", "planned", "done", "Visited", translations=_zh("拜访")),
        Move("skip", "planned", "skipped", "Skip", reason=True, translations=_zh("取消拜访")),
    ),
)
"""A planned visit (拜访计划): done by an activity, or skipped with a reason."""

DIRECTIVE = Pipeline(
    "supervision_directive",
    1,
    "Directive",
    "Directive",
    translations=_zh("批示"),
    stages=(
        Stage("unread", "Unread", translations=_zh("未读")),
        Stage("read", "Read", translations=_zh("已读")),
        Stage("answered", "Answered", translations=_zh("已回复")),
        Stage("done", "Done", kind="won", translations=_zh("已办结")),
    ),
    moves=(
        Move("open", "unread", "read", "Read", reach="owner", translations=_zh("阅读")),
        Move("reply", "read", "answered", "Answer", reach="owner", translations=_zh("回复")),
        Move("close", "answered", "done", "Close", translations=_zh("办结")),
    ),
)
"""A directive (批示): read and answered by whom it is for; an instruction is closed by its author."""

APPRAISAL = Pipeline(
    "supervision_appraisal",
    1,
    "Appraisal",
    "Appraisal",
    translations=_zh("评比考核"),
    stages=(
        Stage("open", "Open", translations=_zh("进行中")),
        Stage("closed", "Closed", kind="won", translations=_zh("已关闭")),
    ),
    moves=(Move("close", "open", "closed", "Close", reach="unit", translations=_zh("关闭")),),
)
"""An appraisal (评比考核): measured while it is open, and a snapshot once it is closed."""
