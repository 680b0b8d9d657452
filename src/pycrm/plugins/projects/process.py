"""How projects, plans and bids run, and what opens their gates (PRJ-15)."""

from __future__ import annotations

from typing import Any

from pycrm import Move, Need, Pipeline, Stage, Use, Where

__all__ = ["BID", "CLOSED", "PLAN", "PROJECT"]

_PURSUED = ("initiated", "strategy", "technical", "bid", "negotiation")
CLOSED = ("won", "handed_over", "lost", "stopped")
# What every step ahead asks for: the decision stands, and nothing has changed since.
_DECIDED = "projects.decided"


def _zh(text: str) -> dict[str, Any]:
    return {"translations": {"zh": text}}


_PLAN = Need(
    "approved_plan",
    "An approved strategy plan",
    "StrategyPlan",
    match={"project": "id"},
    where=Where("stage", "=", "approved"),
    **_zh("已批准的竞争策略"),
)
_ACCEPTED = Need(
    "technical_stakeholder",
    "A technical stakeholder with a stance of 1 or more",
    "Stakeholder",
    match={"project": "id"},
    where=(Where("department", "=", "technical"), Where("stance", ">=", 1)),
    **_zh("态度为 1 以上的技术干系人"),
)
_TEAM = Use("projects.team", {"roles": ("lead", "technical", "commercial")})

PROJECT = Pipeline(
    "projects_project",
    1,
    "ProjectFile",
    "Project",
    **_zh("项目过程"),
    stages=(
        Stage("information", "Information", probability=10, stall_days=45, **_zh("信息收集")),
        Stage("initiated", "Initiated", probability=25, stall_days=45, **_zh("立项")),
        Stage("strategy", "Strategy", probability=40, stall_days=45, **_zh("竞争策略")),
        Stage("technical", "Technical acceptance", probability=50, stall_days=45, **_zh("技术认可")),
        Stage("bid", "Bid", probability=65, stall_days=30, **_zh("投标")),
        Stage("negotiation", "Negotiation", probability=80, stall_days=30, **_zh("谈判")),
        Stage("won", "Won", kind="won", **_zh("中标")),
        Stage("handed_over", "Handed over", kind="won", **_zh("移交执行")),
        Stage("lost", "Lost", kind="lost", required=("lost_reason", "lesson"), **_zh("丢标")),
        Stage("stopped", "Stopped", kind="lost", **_zh("终止")),
    ),
    moves=(
        Move(
            *("initiate", "information", "initiated", "Initiate"),
            guards=("projects.known", _DECIDED),
            **_zh("立项"),
        ),
        Move(
            *("plan", "initiated", "strategy", "Begin the strategy"),
            records=_PLAN,
            guards=(_TEAM, _DECIDED),
            **_zh("制定策略"),
        ),
        Move(
            *("accept", "strategy", "technical", "Accepted technically"),
            records=_ACCEPTED,
            guards=_DECIDED,
            **_zh("技术认可"),
        ),
        Move("tender", "technical", "bid", "Go to tender", guards=_DECIDED, **_zh("投标")),
        Move(
            *("negotiate", ("technical", "bid"), "negotiation", "Negotiate"), guards=_DECIDED, **_zh("谈判")
        ),
        Move("win", ("bid", "negotiation"), "won", "Win", **_zh("中标")),
        Move("hand_over", "won", "handed_over", "Hand over to execution", **_zh("移交执行")),
        Move("lose", _PURSUED, "lost", "Lose", **_zh("丢标")),
        Move("stop", ("information", *_PURSUED), "stopped", "Stop", reason=True, **_zh("终止")),
    ),
)

PLAN = Pipeline(
    "projects_plan",
    1,
    "StrategyPlan",
    "Strategy plan",
    **_zh("策略审批"),
    stages=(
        Stage("draft", "Draft", **_zh("草拟")),
        Stage("approved", "Approved", kind="won", **_zh("已批准")),
        Stage("dropped", "Dropped", kind="lost", **_zh("作废")),
    ),
    moves=(
        Move(
            *("approve", "draft", "approved", "Approve"), reach="unit", guards="projects.led", **_zh("批准")
        ),
        Move("revise", "approved", "draft", "Revise", reason=True, **_zh("修订")),
        Move("drop", ("draft", "approved"), "dropped", "Drop", reason=True, **_zh("作废")),
    ),
)

BID = Pipeline(
    "projects_bid",
    1,
    "Bid",
    "Bid",
    **_zh("投标过程"),
    stages=(
        Stage("preparing", "Preparing", **_zh("编制")),
        Stage("handed_in", "Handed in", required="documents", **_zh("已递交")),
        Stage("opened", "Opened", required=("opened_on", "ranking"), **_zh("已开标")),
        Stage("won", "Won", kind="won", **_zh("中标")),
        Stage(
            "lost",
            "Lost",
            kind="lost",
            required=("review_reason", "review_competitor", "price_gap", "lesson"),
            **_zh("未中标"),
        ),
        Stage("withdrawn", "Withdrawn", kind="lost", **_zh("撤回")),
    ),
    moves=(
        Move("hand_in", "preparing", "handed_in", "Hand in", guards="projects.checked", **_zh("递交")),
        Move("open", "handed_in", "opened", "Opened", **_zh("开标")),
        Move("win", "opened", "won", "Win", **_zh("中标")),
        Move("lose", "opened", "lost", "Lose", **_zh("未中标")),
        Move(*("withdraw", ("preparing", "handed_in"), "withdrawn", "Withdraw"), reason=True, **_zh("撤回")),
    ),
)
