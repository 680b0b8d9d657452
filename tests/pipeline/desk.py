"""A plugin whose deals run through a process with everything that a pipeline can ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from house import enterprise

from pycrm import CRM, Plugin, hookimpl
from pycrm.entities import Opportunity
from pycrm.pipeline import (
    RETURN,
    TODAY,
    AddTask,
    Emit,
    Move,
    Need,
    Pipeline,
    SetField,
    Stage,
    Use,
    Where,
)

__all__ = ["PROJECT", "Desk", "desk"]

DECIDES = Need(
    "decider",
    "A contact who decides",
    "Contact",
    match={"customer": "customer"},
    where=Where("department", "=", "decision"),
)


def _region(key: str, label: str, *more: Stage) -> Stage:
    waiting = Stage(f"{key}_waiting", f"{label}: waiting")
    return Stage(key, label, stages=(waiting, *more, Stage(f"{key}_agreed", f"{label}: agreed", kind="done")))


_LEGAL = _region("legal", "Legal", Stage("legal_paused", "Legal: paused", kind="hold"))


PROJECT = Pipeline(
    "project",
    1,
    "Opportunity",
    "Project",
    when=(Where("campaign_code", "=", "project"),),
    stages=(
        Stage("drafted", "Drafted", probability=10),
        Stage(
            "review",
            "Review",
            probability=50,
            parallel=True,
            on_done="sign",
            stages=(_LEGAL, _region("finance", "Finance")),
        ),
        Stage("signing", "Signing", probability=90, required="need"),
        Stage("waiting", "Waiting", kind="hold"),
        Stage("won", "Won", kind="won"),
        Stage("lost", "Lost", kind="lost", required="lost_reason"),
    ),
    moves=(
        Move("submit", "drafted", "review", "Submit", records=DECIDES),
        Move("agree_legal", "legal_waiting", "legal_agreed", "Legal agrees"),
        Move("agree_finance", "finance_waiting", "finance_agreed", "Finance agrees"),
        Move("again", "legal_agreed", "legal_waiting", "Legal again"),
        Move("again", "finance_agreed", "finance_waiting", "Finance again"),
        Move("pause_legal", ("legal_waiting", "legal_agreed"), "legal_paused", "Pause legal"),
        Move("resume_legal", "legal_paused", RETURN, "Resume legal"),
        Move("sign", "review", "signing", "Sign"),
        Move("win", "signing", "won", "Win", approval="top decides"),
        Move("drop", ("drafted", "review", "signing", "waiting"), "lost", "Drop"),
        Move("hold", ("drafted", "review", "signing"), "waiting", "Hold"),
        Move("resume", "waiting", RETURN, "Resume"),
        Move("reopen", "lost", RETURN, "Reopen", reason=True, within_days=180),
        Move("shortcut", "drafted", "signing", "Short cut", guards=Use("desk.long_name", {"least": 8})),
        Move(
            "review_at_once",
            "drafted",
            "review",
            "Review at once",
            into=("legal_agreed", "finance_waiting"),
            effects=(
                AddTask("Call the customer", days=2, priority="high"),
                SetField("closed_on", TODAY),
                Emit("desk.begun"),
                Use("desk.remind", {"word": "finance"}),
            ),
        ),
    ),
)


def _long_name(record: Any, least: int = 1) -> str | None:
    return None if len(record.name) >= least else f"the name has fewer than {least} letters"


def _remind(record: Any, word: str) -> list[Any]:
    return [AddTask(f"Remind {word} of {record.name}"), SetField("next_step", f"remind {word}")]


class Desk(Plugin):
    """Desk

    Deals that legal and finance look at before they are signed.
    """

    name = "desk"
    pipelines = (PROJECT,)
    guards = {"desk.long_name": _long_name}
    actions = {"desk.remind": _remind}
    _seen: list[Any]

    def __init__(self) -> None:
        self._seen = []

    @hookimpl
    def record_moved(self, record: Opportunity, move: Any) -> None:
        """Keeps what was told."""
        self._seen.append((move.key, move.events))


def desk(open_crm: Callable[..., CRM]) -> tuple[CRM, Desk, Any]:
    """A CRM with the desk, its people, and what it was told."""
    plugin = Desk()
    crm = open_crm(plugins=[plugin])
    crm.migrate()
    return crm, plugin, enterprise(crm)
