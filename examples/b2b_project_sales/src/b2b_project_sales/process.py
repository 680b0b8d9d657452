"""How a project runs, from the first information to the handing over, and what opens its gates."""

from __future__ import annotations

from typing import Any

from pycrm import Move, Pipeline, Stage

from b2b_project_sales.project import Decision

__all__ = ["PROJECT", "is_decided"]

_PURSUED = ("initiated", "strategy", "technical", "bid", "negotiation")
_BLOCKS = ("bid_on", "supply", "our_value", "competitors")


def is_decided(project: Any) -> str | None:
    """The guard of "initiate": the evaluation says go, if only on conditions."""
    if project.decision in (Decision.GO, Decision.CONDITIONAL):
        return None
    return "the evaluation is missing" if project.decision is None else "the evaluation says no go"


def _zh(text: str) -> dict[str, str]:
    return {"zh": text}


PROJECT = Pipeline(
    "b2b_project",
    1,
    "Project",
    "Project",
    translations=_zh("项目过程"),
    stages=(
        Stage("information", "Information", probability=5, stall_days=45, translations=_zh("信息收集")),
        Stage("initiated", "Initiated", probability=20, required=_BLOCKS, translations=_zh("立项")),
        Stage("strategy", "Strategy", probability=35, translations=_zh("竞争策略")),
        Stage("technical", "Technical acceptance", probability=50, translations=_zh("技术认可")),
        Stage("bid", "Bid", probability=65, stall_days=30, translations=_zh("投标")),
        Stage("negotiation", "Negotiation", probability=80, stall_days=30, translations=_zh("谈判")),
        Stage("won", "Won", kind="won", translations=_zh("中标")),
        Stage("handed_over", "Handed over", kind="won", translations=_zh("移交执行")),
        Stage("lost", "Lost", kind="lost", required=("lost_reason", "lesson"), translations=_zh("丢标")),
        Stage("stopped", "Stopped", kind="lost", translations=_zh("终止")),
    ),
    moves=(
        Move(
            "initiate", "information", "initiated", "Initiate", guards="b2b.decided", translations=_zh("立项")
        ),
        Move("plan", "initiated", "strategy", "Plan", translations=_zh("制定策略")),
        Move("accept", "strategy", "technical", "Accepted technically", translations=_zh("技术认可")),
        Move("tender", "technical", "bid", "Go to tender", translations=_zh("投标")),
        Move("negotiate", ("technical", "bid"), "negotiation", "Negotiate", translations=_zh("谈判")),
        Move("win", ("bid", "negotiation"), "won", "Win", translations=_zh("中标")),
        Move("hand_over", "won", "handed_over", "Hand over", translations=_zh("移交")),
        Move("lose", _PURSUED, "lost", "Lose", translations=_zh("丢标")),
        Move("stop", ("information", *_PURSUED), "stopped", "Stop", reason=True, translations=_zh("终止")),
    ),
)
