"""Deciding on amendments: each decision is taken once, by somebody who was asked, on values of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, Problem, RefusedError, StaleError
from pycrm.revision.amendment.apply import as_submitter, lines_of, perform, rehearse, wanted
from pycrm.revision.amendment.book import (
    Tasks,
    claim_paths,
    decided_already,
    enter,
    release_paths,
    turn,
    with_tasks,
    write_lines,
)
from pycrm.revision.amendment.difference import STAGE, PathChange
from pycrm.revision.amendment.model import AmendmentLine, Decided
from pycrm.revision.amendment.policy import LEAST_REASON, Rule, rule_of
from pycrm.revision.amendment.propose import proposal, refuse_unfounded
from pycrm.revision.amendment.route import Route, is_top
from pycrm.revision.place import user_of
from pycrm.scope.children import any_record
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.sharing import is_seen_by

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "approve",
    "decide",
    "enlist",
    "entrust",
    "finish",
    "override",
    "rebase",
    "reject",
    "return_",
    "settle",
    "submit",
    "withdraw",
]

_SUBMITTED, _CONFLICTED = AmendmentState.SUBMITTED, AmendmentState.CONFLICTED


def approve(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Agree; see `Session.approve`."""
    now = _locked(tx, amendment, _SUBMITTED)
    task = _mine(tx, now)
    lines = lines_of(tx, now)
    if any(line.is_conflicting for line in lines):
        return turn(tx, now, state=_CONFLICTED)
    with as_submitter(tx, now):
        rehearse(tx, lines)
    tasks = Tasks(changed=_decided(tx, now, task, ApprovalState.APPROVED, because))
    waiting = {
        one.group
        for one in now.tasks
        if one.state is ApprovalState.PENDING and one.round == now.round and one.group != task.group
    }
    if waiting:
        return turn(tx, now, tasks)
    return finish(tx, enter(tx, now, now.step + 1, tasks))


def finish(tx: Transaction, amendment: Amendment, act: str = "amend") -> Amendment:
    """What follows when nobody is left to be asked: applied now, or on its day."""
    if amendment.state is not AmendmentState.APPROVED:
        return amendment
    if _is_ahead(tx, amendment):
        return turn(tx, amendment, state=AmendmentState.SCHEDULED)
    with as_submitter(tx, amendment):
        perform(tx, amendment, lines_of(tx, amendment), act)
    return turn(tx, amendment, state=AmendmentState.APPLIED, applied_at=tx.moment)


def _is_ahead(tx: Transaction, amendment: Amendment) -> bool:
    return amendment.effective_on is not None and amendment.effective_on > tx.crm.calendar_day(tx.moment)


def settle(tx: Transaction, amendment: Amendment) -> Amendment:
    """Apply an amendment whose day has come, or leave it to people where it cannot be."""
    now = _locked(tx, amendment, AmendmentState.SCHEDULED)
    lines = lines_of(tx, now)
    if any(line.is_conflicting for line in lines):
        return turn(tx, now, state=_CONFLICTED)
    try:
        with as_submitter(tx, now):
            rehearse(tx, lines)
    except RefusedError as refusal:
        return turn(tx, now, state=_CONFLICTED, verdict=refusal.message)
    return finish(tx, turn(tx, now, state=AmendmentState.APPROVED))


def reject(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Refuse it, with a comment; see `Session.reject`."""
    comment = _comment(because)
    now = _locked(tx, amendment, _SUBMITTED, _CONFLICTED)
    if now.state is _CONFLICTED:
        _refuse_bystander(tx, now)
        return turn(tx, now, _lapsing(tx, now), state=AmendmentState.REJECTED, verdict=comment)
    task = _mine(tx, now)
    tasks = _lapsing(tx, now)
    tasks.changed |= _decided(tx, now, task, ApprovalState.REJECTED, comment)
    return turn(tx, now, tasks, state=AmendmentState.REJECTED, verdict=comment)


def return_(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Send it back for change; see `Session.return_`."""
    comment = _comment(because)
    now = _locked(tx, amendment, _SUBMITTED)
    task = _mine(tx, now)
    tasks = _lapsing(tx, now)
    tasks.changed |= _decided(tx, now, task, ApprovalState.RETURNED, comment)
    return turn(tx, now, tasks, state=AmendmentState.DRAFT, verdict=comment)


def withdraw(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Take back what one submitted, until the first decision; see `Session.withdraw`."""
    states = (AmendmentState.DRAFT, _SUBMITTED, _CONFLICTED, AmendmentState.SCHEDULED)
    now = _locked(tx, amendment, *states)
    _refuse_other(tx, now)
    decided = (ApprovalState.APPROVED, ApprovalState.REJECTED)
    if any(task.state in decided for task in now.tasks):
        raise ConflictError("somebody has decided on it already")
    return turn(tx, now, _lapsing(tx, now), state=AmendmentState.WITHDRAWN, verdict=because)


def rebase(tx: Transaction, amendment: Amendment) -> Amendment:
    """Base it on the values of now, and ask again from the beginning; see `Session.rebase`."""
    now = _locked(tx, amendment, _CONFLICTED, AmendmentState.DRAFT)
    if not _is_author(tx, now):
        if now.state is AmendmentState.DRAFT:
            raise ForbiddenError("whoever submitted it submits it again")
        _refuse_bystander(tx, now)
    return _again(tx, now, [(one, rule_of(tx, one)) for one in wanted(tx, lines_of(tx, now))])


def submit(tx: Transaction, amendment: Amendment, values: dict[str, Any], because: str | None) -> Amendment:
    """Submit again what was sent back, changed or not; see `Session.submit`."""
    now = _locked(tx, amendment, AmendmentState.DRAFT)
    _refuse_other(tx, now)
    if not values:
        return rebase(tx, amendment)
    record = fetch_one(tx, tx.crm.record(now.entity), now.record)
    asked = proposal(tx, record, values)
    refuse_unfounded(because or now.reason, now.evidence, [rule for _, rule in asked.ruled])
    ruled = asked.waiting(True)
    moves = [one for one in wanted(tx, lines_of(tx, now)) if one.path == STAGE]
    if moves:
        # What comes with a move waits with it, and is written with it.
        ruled = (*asked.ruled, *((one, rule_of(tx, one)) for one in moves))
    return _again(tx, now, ruled, **({} if because is None else {"reason": because}))


def _again(
    tx: Transaction, now: Amendment, ruled: Sequence[tuple[PathChange, Rule]], **values: Any
) -> Amendment:
    """A new round: other lines or other bases, asked from the first step on."""
    if not ruled:
        raise ConflictError("what it asks for is there already")
    with as_submitter(tx, now):
        rehearse(tx, [one for one, _ in ruled])
    record = any_record(tx, tx.crm.record(now.entity), now.record)
    release_paths(tx, now)
    claim_paths(tx, now.id, [one for one, _ in ruled])
    write_lines(tx, now.id, now.round + 1, [(one, one.base) for one, _ in ruled])
    values |= {"state": _SUBMITTED, "round": now.round + 1, "step": 0, "verdict": None}
    values |= {"route": Route.of(tx, record, ruled).text, "submitted_at": tx.moment}
    return finish(tx, enter(tx, turn(tx, now, _lapsing(tx, now), **values)))


def override(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Apply it past its flow; see `Session.override`."""
    reason = _comment(because, LEAST_REASON)
    now = _locked(tx, amendment, _SUBMITTED)
    refuse_no_top(tx)
    if _is_author(tx, now):
        raise ForbiddenError("nobody decides on an own amendment")
    lines = lines_of(tx, now)
    if any(line.is_conflicting for line in lines):
        return turn(tx, now, state=_CONFLICTED)
    with as_submitter(tx, now):
        rehearse(tx, lines)
    state = AmendmentState.APPROVED
    passed = turn(tx, now, _lapsing(tx, now), state=state, overridden=True, verdict=reason)
    return finish(tx, passed, "override")


def refuse_no_top(tx: Transaction) -> None:
    """Only top management overrides.

    Raises:
        ForbiddenError: the actor does not belong to it.
    """
    if not is_top(tx, tx.actor.id):
        raise ForbiddenError("only top management overrides a flow")


def enlist(tx: Transaction, amendment: Amendment, who: Any) -> Amendment:
    """Ask one more person, whose agreement is needed too; see `Session.enlist`."""
    now = _locked(tx, amendment, _SUBMITTED)
    task = _mine(tx, now)
    made = _task_like(task, _able(tx, now, who), tx.crm.identifiers.new(), tx)
    return turn(tx, now, Tasks(added=[made]))


def entrust(tx: Transaction, amendment: Amendment, who: Any, because: str | None) -> Amendment:
    """Leave one's own task to another person; see `Session.entrust`."""
    now = _locked(tx, amendment, _SUBMITTED)
    task = _mine(tx, now)
    made = _task_like(task, _able(tx, now, who), task.group, tx, giver=task.approver)
    gone = {"state": ApprovalState.LAPSED, "comment": because, "decided_at": tx.moment}
    return turn(tx, now, Tasks(added=[made], changed={task.id: gone}))


def decide(
    tx: Transaction, amendments: Sequence[Amendment], verdict: str, because: str | None
) -> list[Decided]:
    """Approve or reject several, each by itself; see `Session.decide`."""
    acts = {"approve": approve, "reject": reject}
    if verdict not in acts:
        wrong = Problem("verdict", "type", "expected approve or reject")
        raise InvalidError(wrong.message, fields=[wrong])
    if verdict == "reject":
        _comment(because)
    found: dict[Any, Decided] = {}
    # In one order, so that two who decide on the same ones do not wait for each other in a circle.
    for one in sorted(amendments, key=lambda each: each.id):
        try:
            with tx.session.attempt():
                found[one.id] = Decided(acts[verdict](tx, one, because))
        except RefusedError as refusal:
            found[one.id] = Decided(one, refusal)
    return [found[one.id] for one in amendments]


def _locked(tx: Transaction, amendment: Amendment, *states: AmendmentState) -> Amendment:
    """The amendment as it is now, held until the end of the session.

    Raises:
        NotFoundError: it is missing or out of scope.
        StaleError: another proposal stands in it than the one that was read.
        ConflictError: it has come further than that.
    """
    found = fetch_one(tx, Amendment, amendment.id, Action.READ, lock=True)
    if found is None:
        raise not_found(Amendment)
    if found.round != amendment.round:
        raise StaleError("it was submitted again in the meantime", data={"state": found.state.value})
    if found.state not in states:
        raise ConflictError(f"it is {found.state.value}", data={"state": found.state.value})
    return with_tasks(tx, found)


def _is_author(tx: Transaction, amendment: Amendment) -> bool:
    return bool(amendment.submitted_by == tx.actor.ref)


def _refuse_other(tx: Transaction, amendment: Amendment) -> None:
    if not _is_author(tx, amendment):
        raise ForbiddenError("whoever submitted it takes it back")


def approvers_of(tx: Transaction) -> dict[Any, Any]:
    """For whom the actor decides: for oneself, and for those who delegated that, with these as givers."""
    found = {
        held.giver: held.giver
        for held in tx.actor.held
        if held.giver is not None and held.action == Action.APPROVE
    }
    return found | {tx.actor.id: None}


def _mine(tx: Transaction, amendment: Amendment) -> ApprovalTask:
    """The task by which the actor decides.

    Raises:
        ForbiddenError: the actor submitted it, or was not asked.
        ConflictError: the actor's task is decided already.
    """
    if _is_author(tx, amendment):
        raise ForbiddenError("nobody decides on an own amendment")
    people = approvers_of(tx)
    mine = [task for task in amendment.tasks if task.approver.id in people and task.round == amendment.round]
    pending = [task for task in mine if task.state is ApprovalState.PENDING]
    if pending:
        found = min(pending, key=lambda task: people[task.approver.id] is not None)
        giver = people[found.approver.id]
        if giver is not None:
            tx.memo["on_behalf"] = giver
        return found
    if any(task.state is ApprovalState.LAPSED and task.step == amendment.step for task in mine):
        raise decided_already()
    raise ForbiddenError("this is not yours to decide")


def _refuse_bystander(tx: Transaction, amendment: Amendment) -> None:
    """Of a conflicted one decide those who were asked, or top management."""
    people = approvers_of(tx)
    asked = any(task.approver.id in people for task in amendment.tasks)
    if _is_author(tx, amendment) or not (asked or is_top(tx, tx.actor.id)):
        raise ForbiddenError("this is not yours to decide")


def _decided(
    tx: Transaction, amendment: Amendment, task: ApprovalTask, state: ApprovalState, because: str | None
) -> dict[UUID, Mapping[str, Any]]:
    """The task with its decision; the others of its group have nothing left to decide."""
    changed: dict[UUID, Mapping[str, Any]] = {
        one.id: {"state": ApprovalState.LAPSED}
        for one in amendment.tasks
        if one.group == task.group and one.state is ApprovalState.PENDING
    }
    return changed | {task.id: {"state": state, "comment": because, "decided_at": tx.moment}}


def _lapsing(tx: Transaction, amendment: Amendment) -> Tasks:
    pending = [task for task in amendment.tasks if task.state is ApprovalState.PENDING]
    return Tasks(changed={task.id: {"state": ApprovalState.LAPSED} for task in pending})


def _able(tx: Transaction, amendment: Amendment, who: Any) -> Any:
    """A person who may be asked.

    Raises:
        NotFoundError: no such user.
        InvalidError: the submitter, somebody who is asked already, or who does not see the record.
    """
    ref = user_of(tx, who, "who")
    asked = {task.approver.id for task in amendment.tasks if task.state is ApprovalState.PENDING}
    author = amendment.submitted_by
    if (author is not None and ref.id == author.id) or ref.id in asked:
        wrong = Problem("who", "rule", "neither the submitter nor somebody who is asked already")
        raise InvalidError(wrong.message, fields=[wrong])
    if not is_seen_by(tx, ref.id, tx.crm.record(amendment.entity), amendment.record):
        wrong = Problem("who", "rule", "this person does not see the record")
        raise InvalidError(wrong.message, fields=[wrong])
    return Ref("User", ref.id)


def _task_like(
    task: ApprovalTask, approver: Any, group: Any, tx: Transaction, giver: Any = None
) -> ApprovalTask:
    return ApprovalTask(
        round=task.round,
        step=task.step,
        group=group,
        approver=approver,
        giver=giver,
        asked_at=tx.moment,
        due_at=task.due_at,
        escalates_at=task.escalates_at,
    )


def _comment(because: str | None, least: int = 1) -> str:
    if because is None or len(because.strip()) < least:
        missing = Problem("because", "required", "say why")
        raise InvalidError(missing.message, fields=[missing])
    return because


def conflicts(lines: Sequence[AmendmentLine]) -> list[AmendmentLine]:
    """The lines over which an amendment is in conflict."""
    return [line for line in lines if line.is_conflicting]
