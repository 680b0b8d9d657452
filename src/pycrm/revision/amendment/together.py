"""Deciding on several amendments at once, each by itself, with a few statements for all of them.

One amendment is decided on in the same way, as the only one of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.errors import ConflictError, RefusedError
from pycrm.revision.amendment.apply import (
    MovedError,
    Reading,
    as_submitter,
    attempted,
    perform,
    read_lines,
    rehearse,
)
from pycrm.revision.amendment.book import Tasks, Turn, entering
from pycrm.revision.amendment.judge import (
    Held,
    comment_of,
    decided,
    lapsing,
    mine,
    refuse_bystander,
    refuse_other,
)
from pycrm.revision.amendment.model import Decided
from pycrm.revision.amendment.route import Approvers

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["approve", "is_ahead", "reject", "withdraw"]

_SUBMITTED, _CONFLICTED = AmendmentState.SUBMITTED, AmendmentState.CONFLICTED


def approve(tx: Transaction, given: Sequence[Amendment], because: str | None) -> list[Decided]:
    """Agree to each; see `Session.approve`."""
    return _Agreement(tx, given, because).told


class _Agreement:
    """Somebody's agreement to amendments, some of which it makes true."""

    def __init__(self, tx: Transaction, given: Sequence[Amendment], because: str | None) -> None:
        self._tx, self._because = tx, because
        self._held = held = Held(tx, given, _SUBMITTED)
        self._tasks = held.sift(held.open, lambda one: mine(tx, one))
        self._read: dict[UUID, Reading] = read_lines(tx, held.open)
        self._set_apart()
        self._approvers = Approvers.of(tx, held.open)
        self._turns = held.sift(held.open, self._next)
        self._as_submitters(self._try)
        self._set_apart()
        self._go_on()
        self.told = held.told

    def _set_apart(self) -> None:
        """What is in conflict is not decided on."""
        some = [one for one in self._held.open if self._read[one.id].is_conflicting]
        self._held.take(Turn(one, {"state": _CONFLICTED}) for one in some)

    def _next(self, one: Amendment) -> Turn:
        """The turn that this agreement is to an amendment."""
        task: ApprovalTask = self._tasks[one.id]
        tasks = Tasks(changed=decided(self._tx, one, task, ApprovalState.APPROVED, self._because))
        waiting = {
            each.group
            for each in one.tasks
            if each.state is ApprovalState.PENDING and each.round == one.round and each.group != task.group
        }
        if waiting:
            return Turn(one, tasks=tasks)
        return entering(self._tx, one, self._approvers.seats(one, one.step + 1), tasks)

    def _as_submitters(self, act: Callable[[Amendment], object]) -> None:
        """Do this with each, with the rights of whoever submitted it."""
        by_author: dict[Any, list[Amendment]] = {}
        for one in self._held.open:
            by_author.setdefault(one.submitted_by, []).append(one)
        for some in by_author.values():
            try:
                with as_submitter(self._tx, some[0]):
                    self._held.sift(some, act)
            except RefusedError as refusal:
                for one in some:
                    self._held.refuse(one, refusal)

    def _try(self, one: Amendment) -> None:
        """Make it true where nobody is left to be asked, else see whether it could be."""
        self._tx.memo["reason"] = one.reason
        if not self._is_last(one) or is_ahead(self._tx, one):
            rehearse(self._tx, self._read[one.id].lines)
            return
        try:
            self._perform(one)
        except MovedError:
            # One of those before it, or a hook, has written to the same record.
            self._read[one.id] = read_lines(self._tx, [one])[one.id]
            if not self._read[one.id].is_conflicting:
                self._perform(one)

    def _perform(self, one: Amendment) -> None:
        with attempted(self._tx):
            perform(self._tx, one, self._read[one.id])

    def _is_last(self, one: Amendment) -> bool:
        return self._turns[one.id].values.get("state") is AmendmentState.APPROVED

    def _go_on(self) -> None:
        """Write the decisions down; of those that are agreed, that they were applied or have their day."""
        passed = self._held.take(self._turns[one.id] for one in self._held.open)
        agreed = [one for one in passed if one.state is AmendmentState.APPROVED]
        applied = {"state": AmendmentState.APPLIED, "applied_at": self._tx.moment}
        scheduled = {"state": AmendmentState.SCHEDULED}
        self._held.take(Turn(one, scheduled) for one in agreed if is_ahead(self._tx, one))
        self._held.take(Turn(one, applied) for one in agreed if not is_ahead(self._tx, one))


def is_ahead(tx: Transaction, amendment: Amendment) -> bool:
    """Whether its day is still to come."""
    return amendment.effective_on is not None and amendment.effective_on > tx.crm.calendar_day(tx.moment)


def reject(tx: Transaction, given: Sequence[Amendment], because: str | None) -> list[Decided]:
    """Refuse each, with a comment; see `Session.reject`."""
    comment = comment_of(because)
    held = Held(tx, given, _SUBMITTED, _CONFLICTED)
    turns = held.sift(held.open, lambda one: _rejection(tx, one, comment))
    held.take(turns.values())
    return held.told


def _rejection(tx: Transaction, one: Amendment, comment: str) -> Turn:
    tasks = lapsing(one)
    if one.state is _CONFLICTED:
        refuse_bystander(tx, one)
    else:
        tasks.changed |= decided(tx, one, mine(tx, one), ApprovalState.REJECTED, comment)
    return Turn(one, {"state": AmendmentState.REJECTED, "verdict": comment}, tasks)


def withdraw(tx: Transaction, given: Sequence[Amendment], because: str | None) -> list[Decided]:
    """Take each back, until the first decision; see `Session.withdraw`."""
    states = (AmendmentState.DRAFT, _SUBMITTED, _CONFLICTED, AmendmentState.SCHEDULED)
    held = Held(tx, given, *states)
    turns = held.sift(held.open, lambda one: _withdrawal(tx, one, because))
    held.take(turns.values())
    return held.told


def _withdrawal(tx: Transaction, one: Amendment, because: str | None) -> Turn:
    refuse_other(tx, one)
    decisive = (ApprovalState.APPROVED, ApprovalState.REJECTED)
    if any(task.state in decisive for task in one.tasks):
        raise ConflictError("somebody has decided on it already")
    return Turn(one, {"state": AmendmentState.WITHDRAWN, "verdict": because}, lapsing(one))
