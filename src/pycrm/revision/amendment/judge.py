"""Who may decide on an amendment, which is held until the end of the session meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, Problem, RefusedError, StaleError
from pycrm.revision.amendment.book import Tasks, Turn, decided_already, turn_all, with_tasks
from pycrm.revision.amendment.model import Decided
from pycrm.revision.amendment.route import is_top
from pycrm.scope.gateway import fetch_some, not_found

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Held",
    "approvers_of",
    "comment_of",
    "decided",
    "hold",
    "is_author",
    "lapsing",
    "mine",
    "refuse_bystander",
    "refuse_other",
]

T = TypeVar("T")


class Held:
    """Amendments as they are now, held until the end of the session, and what becomes of each.

    One that is refused stops no other. They are taken in one order, so that two who decide on the
    same ones do not wait for each other in a circle.
    """

    def __init__(self, tx: Transaction, given: Sequence[Amendment], *states: AmendmentState) -> None:
        self._tx, self._given = tx, given
        found = fetch_some(tx, Amendment, (one.id for one in given), Action.READ, lock=True)
        now = {one.id: one for one in with_tasks(tx, found)}
        self._open: dict[UUID, Amendment] = {}
        self._done: dict[UUID, Amendment] = {}
        self._refused: dict[UUID, RefusedError] = {}
        for one in sorted(given, key=lambda each: each.id):
            try:
                self._open[one.id] = _fitting(now.get(one.id), one, states)
            except RefusedError as refusal:
                self._refused[one.id] = refusal

    @property
    def open(self) -> list[Amendment]:
        """Those about which nothing is decided yet."""
        return list(self._open.values())

    def sift(self, some: Iterable[Amendment], act: Callable[[Amendment], T]) -> dict[UUID, T]:
        """What the act gives for each of them; those that it refuses are open no more."""
        found: dict[UUID, T] = {}
        for one in some:
            try:
                found[one.id] = act(one)
            except RefusedError as refusal:
                self.refuse(one, refusal)
        return found

    def refuse(self, one: Amendment, refusal: RefusedError) -> None:
        """Decide nothing about one of them."""
        self._open.pop(one.id, None)
        self._refused[one.id] = refusal

    def take(self, turns: Iterable[Turn]) -> list[Amendment]:
        """Take some of them further; they are open no more."""
        made = turn_all(self._tx, list(turns))
        self._done |= {one.id: one for one in made}
        for one in made:
            self._open.pop(one.id, None)
        return made

    @property
    def told(self) -> list[Decided]:
        """What became of each, in the order in which they were given."""
        return [
            Decided(self._done.get(one.id, one), None if one.id in self._done else self._refused.get(one.id))
            for one in self._given
        ]


def _fitting(found: Amendment | None, given: Amendment, states: Sequence[AmendmentState]) -> Amendment:
    if found is None:
        raise not_found(Amendment)
    if found.round != given.round:
        raise StaleError("it was submitted again in the meantime", data={"state": found.state.value})
    if found.state not in states:
        raise ConflictError(f"it is {found.state.value}", data={"state": found.state.value})
    return found


def hold(tx: Transaction, amendment: Amendment, *states: AmendmentState) -> Amendment:
    """One amendment as it is now, held until the end of the session.

    Raises:
        NotFoundError: it is missing or out of scope.
        StaleError: another proposal stands in it than the one that was read.
        ConflictError: it has come further than that.
    """
    held = Held(tx, [amendment], *states)
    for one in held.told:
        if one.refusal is not None:
            raise one.refusal
    return held.open[0]


def is_author(tx: Transaction, amendment: Amendment) -> bool:
    """Whether the actor submitted it."""
    return bool(amendment.submitted_by == tx.actor.ref)


def refuse_other(tx: Transaction, amendment: Amendment) -> None:
    """Refuse whoever did not submit it."""
    if not is_author(tx, amendment):
        raise ForbiddenError("whoever submitted it takes it back")


def approvers_of(tx: Transaction) -> dict[Any, Any]:
    """For whom the actor decides: for oneself, and for those who delegated that, with these as givers."""
    found = {
        held.giver: held.giver
        for held in tx.actor.held
        if held.giver is not None and held.action == Action.APPROVE
    }
    return found | {tx.actor.id: None}


def mine(tx: Transaction, amendment: Amendment) -> ApprovalTask:
    """The task by which the actor decides.

    Raises:
        ForbiddenError: the actor submitted it, or was not asked.
        ConflictError: the actor's task is decided already.
    """
    if is_author(tx, amendment):
        raise ForbiddenError("nobody decides on an own amendment")
    people = approvers_of(tx)
    own = [task for task in amendment.tasks if task.approver.id in people and task.round == amendment.round]
    pending = [task for task in own if task.state is ApprovalState.PENDING]
    if pending:
        found = min(pending, key=lambda task: people[task.approver.id] is not None)
        giver = people[found.approver.id]
        if giver is not None:
            tx.memo["on_behalf"] = giver
        return found
    if any(task.state is ApprovalState.LAPSED and task.step == amendment.step for task in own):
        raise decided_already()
    raise ForbiddenError("this is not yours to decide")


def refuse_bystander(tx: Transaction, amendment: Amendment) -> None:
    """Of a conflicted one decide those who were asked, or top management."""
    people = approvers_of(tx)
    asked = any(task.approver.id in people for task in amendment.tasks)
    if is_author(tx, amendment) or not (asked or is_top(tx, tx.actor.id)):
        raise ForbiddenError("this is not yours to decide")


def decided(
    tx: Transaction, amendment: Amendment, task: ApprovalTask, state: ApprovalState, because: str | None
) -> dict[UUID, Mapping[str, Any]]:
    """The task with its decision; the others of its group have nothing left to decide."""
    changed: dict[UUID, Mapping[str, Any]] = {
        one.id: {"state": ApprovalState.LAPSED}
        for one in amendment.tasks
        if one.group == task.group and one.state is ApprovalState.PENDING
    }
    return changed | {task.id: {"state": state, "comment": because, "decided_at": tx.moment}}


def lapsing(amendment: Amendment) -> Tasks:
    """Its tasks with nothing left to decide."""
    pending = [task for task in amendment.tasks if task.state is ApprovalState.PENDING]
    return Tasks(changed={task.id: {"state": ApprovalState.LAPSED} for task in pending})


def comment_of(because: str | None, least: int = 1) -> str:
    """The comment without which nothing is refused.

    Raises:
        InvalidError: there is none, or a shorter one.
    """
    if because is None or len(because.strip()) < least:
        missing = Problem("because", "required", "say why")
        raise InvalidError(missing.message, fields=[missing])
    return because
