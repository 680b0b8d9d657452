"""Deciding on amendments: each decision is taken once, by somebody who was asked, on values of now."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any

from pycrm.declare import Ref
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, Problem, RefusedError
from pycrm.revision.amendment import together
from pycrm.revision.amendment.apply import (
    as_submitter,
    attempted,
    lines_of,
    perform,
    read_lines,
    rehearse,
    wanted,
)
from pycrm.revision.amendment.book import (
    CLOSED,
    Tasks,
    claim_paths,
    decided_already,
    enter,
    release_paths,
    turn,
    write_lines,
)
from pycrm.revision.amendment.difference import STAGE, PathChange
from pycrm.revision.amendment.judge import (
    comment_of,
    decided,
    hold,
    is_author,
    lapsing,
    mine,
    refuse_bystander,
    refuse_other,
)
from pycrm.revision.amendment.model import Batch, Decided
from pycrm.revision.amendment.policy import LEAST_REASON, Rule, rule_of
from pycrm.revision.amendment.propose import proposal, refuse_unfounded
from pycrm.revision.amendment.route import Flows, Route, is_top
from pycrm.revision.amendment.together import is_ahead
from pycrm.revision.place import user_of
from pycrm.scope.gateway import fetch_one
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


def approve(tx: Transaction, what: Any, because: str | None) -> Any:
    """Agree to an amendment, or to all of a batch that wait; see `Session.approve`."""
    return _all_or_none(tx, what, [_SUBMITTED], lambda some: together.approve(tx, some, because))


def reject(tx: Transaction, what: Any, because: str | None) -> Any:
    """Refuse it, with a comment; see `Session.reject`."""
    states = (_SUBMITTED, _CONFLICTED)
    return _all_or_none(tx, what, states, lambda some: together.reject(tx, some, because))


def withdraw(tx: Transaction, what: Any, because: str | None) -> Any:
    """Take back what one submitted, until the first decision; see `Session.withdraw`."""
    states = [one for one in AmendmentState if one not in CLOSED]
    return _all_or_none(tx, what, states, lambda some: together.withdraw(tx, some, because))


def _all_or_none(
    tx: Transaction,
    what: Any,
    states: Container[AmendmentState],
    act: Callable[[Sequence[Amendment]], list[Decided]],
) -> Any:
    """Decide on an amendment, or on those of a batch that are still to be decided on.

    Raises:
        RefusedError: one of them is refused, and nothing was decided.
        ConflictError: nothing of the batch is to be decided on.
    """
    if not isinstance(what, Batch):
        return _decided_on(act([what]))[0]
    some = [one for one in what.amendments if one.state in states]
    if not some:
        raise decided_already()
    with attempted(tx):
        made = {one.id: one for one in _decided_on(act(some))}
    return Batch(what.id, tuple(made.get(one.id, one) for one in what.amendments))


def _decided_on(told: Sequence[Decided]) -> list[Amendment]:
    for one in told:
        if one.refusal is not None:
            raise one.refusal
    return [one.amendment for one in told]


def finish(tx: Transaction, amendment: Amendment, act: str = "amend") -> Amendment:
    """What follows when nobody is left to be asked: applied now, or on its day."""
    if amendment.state is not AmendmentState.APPROVED:
        return amendment
    if is_ahead(tx, amendment):
        return turn(tx, amendment, state=AmendmentState.SCHEDULED)
    with as_submitter(tx, amendment):
        perform(tx, amendment, read_lines(tx, [amendment])[amendment.id], act)
    return turn(tx, amendment, state=AmendmentState.APPLIED, applied_at=tx.moment)


def settle(tx: Transaction, amendment: Amendment) -> Amendment:
    """Apply an amendment whose day has come, or leave it to people where it cannot be."""
    now = hold(tx, amendment, AmendmentState.SCHEDULED)
    read = read_lines(tx, [now])[now.id]
    if read.is_conflicting:
        return turn(tx, now, state=_CONFLICTED)
    try:
        with as_submitter(tx, now):
            rehearse(tx, read.lines)
    except RefusedError as refusal:
        return turn(tx, now, state=_CONFLICTED, verdict=refusal.message)
    return finish(tx, turn(tx, now, state=AmendmentState.APPROVED))


def return_(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Send it back for change; see `Session.return_`."""
    comment = comment_of(because)
    now = hold(tx, amendment, _SUBMITTED)
    task = mine(tx, now)
    tasks = lapsing(now)
    tasks.changed |= decided(tx, now, task, ApprovalState.RETURNED, comment)
    return turn(tx, now, tasks, state=AmendmentState.DRAFT, verdict=comment)


def rebase(tx: Transaction, amendment: Amendment) -> Amendment:
    """Base it on the values of now, and ask again from the beginning; see `Session.rebase`."""
    now = hold(tx, amendment, _CONFLICTED, AmendmentState.DRAFT)
    if not is_author(tx, now):
        if now.state is AmendmentState.DRAFT:
            raise ForbiddenError("whoever submitted it submits it again")
        refuse_bystander(tx, now)
    return _again(tx, now, [(one, rule_of(tx, one)) for one in wanted(tx, lines_of(tx, now))])


def submit(tx: Transaction, amendment: Amendment, values: dict[str, Any], because: str | None) -> Amendment:
    """Submit again what was sent back, changed or not; see `Session.submit`."""
    now = hold(tx, amendment, AmendmentState.DRAFT)
    refuse_other(tx, now)
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
    release_paths(tx, [now])
    claim_paths(tx, now.id, [one for one, _ in ruled])
    write_lines(tx, now.id, now.round + 1, [(one, one.base) for one, _ in ruled])
    values |= {"state": _SUBMITTED, "round": now.round + 1, "step": 0, "verdict": None}
    values |= {"route": Route.of(Flows(tx), ruled).text, "submitted_at": tx.moment}
    return finish(tx, enter(tx, turn(tx, now, lapsing(now), **values)))


def override(tx: Transaction, amendment: Amendment, because: str | None) -> Amendment:
    """Apply it past its flow; see `Session.override`."""
    reason = comment_of(because, LEAST_REASON)
    now = hold(tx, amendment, _SUBMITTED)
    refuse_no_top(tx)
    if is_author(tx, now):
        raise ForbiddenError("nobody decides on an own amendment")
    read = read_lines(tx, [now])[now.id]
    if read.is_conflicting:
        return turn(tx, now, state=_CONFLICTED)
    with as_submitter(tx, now):
        rehearse(tx, read.lines)
    state = AmendmentState.APPROVED
    passed = turn(tx, now, lapsing(now), state=state, overridden=True, verdict=reason)
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
    now = hold(tx, amendment, _SUBMITTED)
    task = mine(tx, now)
    made = _task_like(task, _able(tx, now, who), tx.crm.identifiers.new(), tx)
    return turn(tx, now, Tasks(added=[made]))


def entrust(tx: Transaction, amendment: Amendment, who: Any, because: str | None) -> Amendment:
    """Leave one's own task to another person; see `Session.entrust`."""
    now = hold(tx, amendment, _SUBMITTED)
    task = mine(tx, now)
    made = _task_like(task, _able(tx, now, who), task.group, tx, giver=task.approver)
    gone = {"state": ApprovalState.LAPSED, "comment": because, "decided_at": tx.moment}
    return turn(tx, now, Tasks(added=[made], changed={task.id: gone}))


def decide(
    tx: Transaction, given: Sequence[Amendment | Batch], verdict: str, because: str | None
) -> list[Decided]:
    """Approve or reject several, each by itself; see `Session.decide`."""
    acts = {"approve": together.approve, "reject": together.reject}
    if verdict not in acts:
        wrong = Problem("verdict", "type", "expected approve or reject")
        raise InvalidError(wrong.message, fields=[wrong])
    some = [one for each in given for one in (each.amendments if isinstance(each, Batch) else [each])]
    return acts[verdict](tx, some, because)


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
