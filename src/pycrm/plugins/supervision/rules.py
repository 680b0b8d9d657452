"""What people may not do to the records of supervision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pycrm import (
    ConflictError,
    Customer,
    ForbiddenError,
    Opportunity,
    Problem,
    Reach,
    Session,
    StageMove,
    Task,
)
from pycrm.plugins.supervision.directive import Directive, DirectiveKind, DirectiveReply, DirectiveState
from pycrm.plugins.supervision.hours import hours_of
from pycrm.plugins.supervision.logs import CLOSED
from pycrm.plugins.supervision.model import LogState, WorkLog

__all__ = [
    "STAGED",
    "add_task",
    "refuse_closed_directive",
    "refuse_foreign_log",
    "refuse_moving",
    "refuse_staff",
    "refuse_stranger",
    "refuse_unsaying",
    "refuse_wrong_close",
    "refuse_wrong_hour",
    "written",
]

#: What a move changes of a record, and nobody else.
STAGED = frozenset(("stage", "stage_at", "stage_config", "pipeline", "pipeline_version"))
_LONGEST_TITLE = 300


def written(changes: Mapping[str, Any]) -> set[str]:
    """The fields that somebody changes by hand."""
    return set(changes) - STAGED


def refuse_staff(session: Session, record: Any, doing: str) -> None:
    """What leaders enter of their people, nobody enters of themselves."""
    if session.actor.ref is None:
        return
    if not session.reaches(type(record), "create", Reach.UNIT) or record.owner == session.actor.ref:
        raise ForbiddenError(f"{doing} is for those who lead the person")


def refuse_stranger(session: Session, record: Any, doing: str) -> None:
    """What people say of their own day nobody says for them."""
    me = session.actor.ref
    if me is not None and record.owner != me:
        raise ForbiddenError(f"{doing} is for the person alone")


def refuse_foreign_log(session: Session, log: WorkLog, fields: Collection[str]) -> None:
    """A log is written by its person until it is submitted, and never removed (SUP-1, SUP-2)."""
    refuse_stranger(session, log, "writing a log")
    kept = set(fields) - {"remark", "plan"}
    if kept:
        fixed = [Problem(name, "rule", "stays as it is") for name in sorted(kept)]
        raise ConflictError("the log of a day stays", fields=fixed)
    if log.stage in CLOSED:
        raise ConflictError("the log is submitted", data={"state": log.stage})


def refuse_moving(session: Session) -> None:
    """Where somebody was stays as it was said; the product alone forgets it."""
    if session.actor.ref is not None:
        raise ConflictError("a check-in stays as it is")


def refuse_unsaying(fields: Collection[str]) -> None:
    """What was said stays: a mistake is answered by a further word (SUP-4)."""
    raise ConflictError("what was said stays; say a further word", data={"fields": sorted(fields)})


def refuse_wrong_hour(session: Session, log: WorkLog, move: StageMove) -> None:
    """The clock of its person says how a log stands, whoever moves it (SUP-2, SUP-E2)."""
    assert log.owner is not None
    hours = hours_of(session, [log.owner])[log.owner.id]
    if log.on > hours.day(session.now):
        raise ConflictError("that day has not come", data={"on": log.on.isoformat()})
    submitted = move.key in ("submit", "submit_late")
    state = hours.state(log.on, session.now, submitted=submitted)
    if state != LogState(move.target):
        raise ConflictError(f"by the clock the log would be {state.value}", data={"state": state.value})


def refuse_wrong_close(session: Session, directive: Directive, move: StageMove) -> None:
    """An instruction is closed by whoever gave it; other words are not closed."""
    if move.key != "close":
        return
    if directive.kind is not DirectiveKind.INSTRUCTION:
        raise ConflictError("only an instruction is closed", data={"kind": directive.kind.value})
    if session.actor.ref is not None and directive.by != session.actor.ref:
        raise ForbiddenError("an instruction is closed by whoever gave it")


def refuse_closed_directive(session: Session, reply: DirectiveReply) -> None:
    """Nothing is said any more to what is closed; and a reply stands beside its directive."""
    directive = session.get(reply.directive)
    if directive.stage == DirectiveState.DONE:
        raise ConflictError("the directive is closed", data={"state": directive.stage})
    if reply.owner != directive.owner:
        raise ForbiddenError("a reply is kept for the person that the directive is for")


def add_task(session: Session, directive: Directive) -> None:
    """An instruction is a task of the person it is for, due at the same time (SUP-5)."""
    if directive.due_at is None:
        return
    task = Task(
        title=directive.text[:_LONGEST_TITLE],
        due_at=directive.due_at,
        reason="instruction",
        **_place(session, directive),
    )
    session.add(task, owner=directive.owner)


def _place(session: Session, directive: Directive) -> dict[str, Any]:
    """The customer and opportunity of what a directive is about, as far as its author sees them."""
    about = next(
        (one for one in (directive.activity, directive.visit, directive.task) if one is not None), None
    )
    customer, deal = directive.customer, directive.opportunity
    if about is not None:
        customer = getattr(session.get(about), "customer", None)
    if deal is not None:
        customer = session.get(deal).customer
    if customer is not None and session.find_one(Customer, customer.id) is None:
        customer = None
    if deal is not None and session.find_one(Opportunity, deal.id) is None:
        deal = None
    return {"customer": customer, "opportunity": deal}
