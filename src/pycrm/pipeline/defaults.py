"""The pipelines that come with the core: selling (PIP-16), leads, customers, tasks and promises (appendix A)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from pycrm.pipeline.gate import Need, Where
from pycrm.pipeline.model import RETURN, Move, Pipeline, Stage

__all__ = ["COMMITMENT", "CUSTOMER", "LEAD", "SALES", "TASK"]

_STALL_DAYS: Final = 14
_REOPENED_WITHIN: Final = 180
_OPEN: Final = ("filed", "contacted", "need_confirmed", "quoted", "negotiating")


def _zh(text: str) -> dict[str, str]:
    return {"zh": text}


def _back(source: str, target: str) -> Move:
    return Move("back", source, target, "Go back", translations=_zh("退回"))


SALES: Final = Pipeline(
    "sales",
    1,
    "Opportunity",
    "Sales",
    translations=_zh("销售过程"),
    stages=(
        Stage("filed", "Filed", probability=10, stall_days=_STALL_DAYS, translations=_zh("筛选")),
        Stage("contacted", "Contacted", probability=20, stall_days=_STALL_DAYS, translations=_zh("已联系")),
        Stage(
            "need_confirmed",
            "Need confirmed",
            probability=40,
            stall_days=_STALL_DAYS,
            required="need",
            translations=_zh("需求确认"),
        ),
        Stage(
            "quoted",
            "Quoted",
            probability=60,
            stall_days=_STALL_DAYS,
            required=("amount", "expected_close"),
            translations=_zh("已报价"),
        ),
        Stage(
            "negotiating", "Negotiating", probability=80, stall_days=_STALL_DAYS, translations=_zh("谈判中")
        ),
        Stage("won", "Won", kind="won", required=("amount", "closed_on"), translations=_zh("赢单")),
        Stage(
            "lost",
            "Lost",
            kind="lost",
            required="lost_reason",
            records=Need(
                "competitor",
                "The competitor",
                "LossReason",
                match={"code": "lost_reason"},
                where=Where("needs_competitor", "=", True),
                then="competitors",
            ),
            translations=_zh("丢单"),
        ),
    ),
    moves=(
        # Forward, and over stages: a customer who calls for a quotation is not sent back to the start.
        Move("contact", _OPEN[:1], "contacted", "Contact", translations=_zh("联系")),
        Move("confirm", _OPEN[:2], "need_confirmed", "Confirm the need", translations=_zh("确认需求")),
        Move("quote", _OPEN[:3], "quoted", "Quote", translations=_zh("报价")),
        Move("negotiate", _OPEN[:4], "negotiating", "Negotiate", translations=_zh("谈判")),
        # From every open stage: PIP-S6 counts records won directly from "contacted".
        Move("win", _OPEN, "won", "Win", translations=_zh("赢单")),
        Move("lose", _OPEN, "lost", "Lose", translations=_zh("丢单")),
        *(_back(source, target) for target, source in pairwise(_OPEN)),
        Move(
            "reopen",
            "lost",
            RETURN,
            "Reopen",
            reason=True,
            within_days=_REOPENED_WITHIN,
            translations=_zh("重新打开"),
        ),
        Move(
            "undo_win", "won", RETURN, "Undo the win", reason=True, reach="unit", translations=_zh("撤销赢单")
        ),
    ),
)
"""The default opportunity pipeline (销售过程), with the probabilities of PIP-16.

Every stage is reached by its own verb from each earlier open stage; "back" goes one stage back;
"reopen" leads a lost one back into the stage it was lost from, within 180 days and with a reason;
"undo_win" a won one, which only leaders do (PIP-6).
"""

LEAD: Final = Pipeline(
    "lead",
    1,
    "Lead",
    "Lead",
    translations=_zh("线索"),
    stages=(
        Stage("new", "New", translations=_zh("新线索")),
        Stage("assigned", "Assigned", translations=_zh("已分配")),
        Stage("accepted", "Accepted", translations=_zh("已接受")),
        Stage("converted", "Converted", kind="won", required="converted_to", translations=_zh("已转化")),
        Stage("rejected", "Rejected", kind="lost", required="reject_reason", translations=_zh("已拒绝")),
        Stage("recycled", "Recycled", translations=_zh("已回收")),
    ),
    moves=(
        Move("assign", ("new", "recycled"), "assigned", "Assign", translations=_zh("分配")),
        Move("accept", "assigned", "accepted", "Accept", translations=_zh("接受")),
        Move("convert", "accepted", "converted", "Convert", translations=_zh("转化")),
        Move("reject", ("assigned", "accepted"), "rejected", "Reject", translations=_zh("拒绝")),
        Move("recycle", "rejected", "recycled", "Recycle", reason=True, translations=_zh("回收")),
    ),
)
"""The life of a lead (线索): assigned, accepted and converted, or rejected and recycled on a new fact.

`Session.convert` alone says which customer it became, and so takes the move.
"""

TASK: Final = Pipeline(
    "task",
    1,
    "Task",
    "Task",
    translations=_zh("任务"),
    stages=(
        Stage("open", "Open", translations=_zh("待办")),
        Stage("in_progress", "In progress", translations=_zh("进行中")),
        Stage("done", "Done", kind="won", translations=_zh("已完成")),
        Stage("cancelled", "Cancelled", kind="lost", required="reason", translations=_zh("已取消")),
    ),
    moves=(
        Move("start", "open", "in_progress", "Start", translations=_zh("开始")),
        Move("finish", "in_progress", "done", "Finish", translations=_zh("完成")),
        Move("cancel", ("open", "in_progress"), "cancelled", "Cancel", translations=_zh("取消")),
        Move(
            "reopen",
            "done",
            "open",
            "Reopen",
            reach="owner",
            within_days=0,
            translations=_zh("重新打开"),
        ),
    ),
)
"""The life of a task (任务): begun and done, or cancelled with a reason; reopened by its owner on the same day."""

COMMITMENT: Final = Pipeline(
    "commitment",
    1,
    "Commitment",
    "Commitment",
    translations=_zh("承诺"),
    stages=(
        Stage("open", "Open", translations=_zh("待兑现")),
        Stage("kept", "Kept", kind="won", required="kept_on", translations=_zh("已兑现")),
        Stage("broken", "Broken", kind="lost", translations=_zh("未兑现")),
        Stage("withdrawn", "Withdrawn", kind="lost", translations=_zh("已撤回")),
    ),
    moves=(
        Move("keep", "open", "kept", "Keep", translations=_zh("兑现")),
        Move("break_off", "open", "broken", "Break", reach="unit", translations=_zh("违约")),
        Move("withdraw", "open", "withdrawn", "Withdraw", reason=True, translations=_zh("撤回")),
    ),
)
"""The life of a promise (承诺): kept on a day, broken by the word of a leader, or withdrawn with a reason.

What nobody kept 30 days after it was due is broken by ``pycrm jobs run``.
"""

CUSTOMER: Final = Pipeline(
    "customer",
    1,
    "Customer",
    "Customer",
    translations=_zh("客户"),
    stages=(
        Stage("active", "Active", translations=_zh("活跃")),
        Stage("dormant", "Dormant", translations=_zh("沉睡")),
        Stage("lost", "Lost", kind="lost", translations=_zh("流失")),
        Stage("closed", "Closed", kind="lost", translations=_zh("关闭")),
    ),
    moves=(
        Move("rest", "active", "dormant", "Rest", reach="product", translations=_zh("沉睡")),
        Move("wake", "dormant", "active", "Wake", translations=_zh("唤醒")),
        Move("lose", ("active", "dormant"), "lost", "Lose", reason=True, translations=_zh("流失")),
        Move("win_back", "lost", "active", "Win back", reason=True, translations=_zh("挽回")),
        Move(
            "close", ("active", "dormant", "lost"), "closed", "Close", reason=True, translations=_zh("关闭")
        ),
        Move("reopen", "closed", "active", "Reopen", reason=True, reach="unit", translations=_zh("重新打开")),
    ),
)
"""Whether anything happens between a customer and us (活跃状态, COR-3).

``pycrm jobs run`` lets customers rest after 180 days without a contact and loses them after 365; a new
contact wakes them. They are lost and closed by people with a reason, and only a leader reopens one.
"""
