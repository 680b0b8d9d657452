"""Asking for changes of many records at once: what is looked up for one is looked up for all (REV-15)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.entities.amendment import Amendment, AmendmentMode
from pycrm.entities.org import Action
from pycrm.entities.party import Party
from pycrm.errors import AmendmentRequiredError, ForbiddenError, Problem
from pycrm.revision.amendment.apply import read_lines, rehearse
from pycrm.revision.amendment.book import (
    CLOSED,
    Draft,
    Place,
    drafted,
    entering,
    open_already,
    open_amendment,
    places,
    taken,
    turn_all,
    with_tasks,
    write_drafted,
    write_paths,
)
from pycrm.revision.amendment.decide import finish
from pycrm.revision.amendment.difference import PathChange
from pycrm.revision.amendment.model import LineAct
from pycrm.revision.amendment.policy import Rule
from pycrm.revision.amendment.propose import Proposal, carry_out, refuse_unfounded
from pycrm.revision.amendment.route import Approvers, Flows, Found, Route
from pycrm.scope.gateway import fetch_some, query
from pycrm.scope.sharing import giver_of
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Asked", "Opening"]

Ruled = Sequence[tuple[PathChange, Rule]]


@attrs.frozen
class Asked:
    """What became of the request for one record.

    `amendment` is one that waits for others, `lines` what it proposes; without lines it was open
    before and asks for the same. `is_written` says whether something changed at once.
    """

    amendment: UUID | None = None
    lines: tuple[PathChange, ...] = ()
    is_written: bool = False
    waiting: tuple[Amendment, Found] | None = None


class Opening:
    """Amendments of several records of one class, which are written down together.

    `ask` takes the requests one by one and refuses what is to be refused, `keep` what came of each,
    and `write` ends it.
    """

    def __init__(
        self,
        tx: Transaction,
        because: str,
        draft: Draft | None,
        records: Sequence[Any],
        parts: Iterable[UUID],
    ) -> None:
        """Without a draft only what needs no reason of its own is done.

        Args:
            because: what the history says where nothing else is asked for.
            records: all of which something may be asked.
            parts: their parties, whose fields are asked for with them.
        """
        self._tx, self._because, self._draft = tx, because, draft
        self._ids = [record.id for record in records]
        self._parts = list(parts)
        self._approvers, self._flows = Approvers(tx), Flows(tx)
        self._approvers.learn(records)
        self._open: _Open | None = None
        self._granted: set[UUID] | None = None
        self._kept: list[Asked] = []

    def ask(self, asked: Proposal) -> Asked:
        """Change at once what may be, and prepare an amendment for the rest.

        Raises:
            AmendmentRequiredError: a field asks for a reason, and none was given.
            ConflictError: an amendment is open over one of the paths, or nobody can approve it.
            RefusedError: as a direct change would be.
        """
        with self._reasoned():
            found = self._ask(asked)
        if found.is_written and self._tx.actor.is_given_more:
            self._note_giver(asked.record)
        return found

    def _note_giver(self, record: Any) -> None:
        """Keep on whose behalf this was done, where the actor's own reach does not cover it."""
        giver = giver_of(self._tx, type(record), record.id, Action.UPDATE)
        if giver is not None:
            self._tx.memo["on_behalf"] = giver

    def _ask(self, asked: Proposal) -> Asked:
        later = asked.waiting(False)
        waiting, known = self._not_asked_yet(later)
        now = [pair for pair in asked.ruled if pair not in later]
        draft = self._founded([*waiting, *now])
        made = None
        if waiting and draft is not None:
            self._refuse_ungranted(asked.record)
            made = drafted(self._tx, asked.record, Route.of(self._flows, waiting), draft)
        is_written = self._write_now(asked, now)
        if made is None or draft is None:
            return Asked(known, is_written=is_written)
        lines = tuple(one for one, _ in waiting)
        rehearse(self._tx, lines)
        found = self._approvers.seats(made, 0)
        if found.step is None:
            # There is nobody to be asked: it is done now.
            finish(self._tx, open_amendment(self._tx, asked.record, waiting, draft))
            return Asked(is_written=True)
        return Asked(made.id, lines, is_written, (made, found))

    def keep(self, one: Asked) -> None:
        """Have an amendment written down with the others."""
        if one.waiting is not None:
            self._kept.append(one)

    def write(self) -> None:
        """Write down what was kept, and ask those who decide first."""
        tx, kept = self._tx, [(*one.waiting, one.lines) for one in self._kept if one.waiting is not None]
        self._kept = []
        write_paths(tx, [(made.id, places(lines)) for made, _, lines in kept])
        with self._reasoned():
            write_drafted(tx, [(made, lines) for made, _, lines in kept])
            new = with_tasks(tx, [made for made, _, _ in kept])
            turn_all(tx, [entering(tx, made, found) for made, (_, found, _) in zip(new, kept, strict=True)])

    @contextmanager
    def _reasoned(self) -> Iterator[None]:
        """Within, the history keeps why this is asked for."""
        outer = self._tx.memo.get("reason")
        self._tx.memo["reason"] = self._because
        try:
            yield
        finally:
            self._tx.memo["reason"] = outer

    def _not_asked_yet(self, later: Ruled) -> tuple[Ruled, UUID | None]:
        """What no open amendment asks for, and one that asks for the rest.

        Raises:
            ConflictError: an open amendment asks for another value (REV-8).
        """
        if not later:
            return (), None
        if self._open is None:
            self._open = _Open(self._tx, self._ids, [*self._ids, *self._parts])
        lists: dict[tuple[str, str], list[tuple[PathChange, Rule]]] = {}
        for pair in later:
            lists.setdefault((pair[0].entity, pair[0].name), []).append(pair)
        rest: list[tuple[PathChange, Rule]] = []
        known: UUID | None = None
        for pairs in lists.values():
            # The rows of a list stay together.
            holders = [self._open.asking_for(one) for one, _ in pairs]
            if None in holders:
                rest += pairs
            else:
                known = holders[0]
        self._open.refuse_taken([one for one, _ in rest])
        return rest, known

    def _founded(self, pairs: Ruled) -> Draft | None:
        """The draft, with reason and evidence that these rules ask for."""
        ruled = {one.name: (one, rule) for one, rule in pairs if rule.mode is not AmendmentMode.FREE}
        if not ruled:
            return None
        if self._draft is None:
            message = f"{', '.join(ruled)}: changes only by an amendment, which needs a reason"
            raise AmendmentRequiredError(
                message,
                fields=[Problem(name, "key", "changes only by an amendment") for name in ruled],
                data={
                    "current": {one.path: one.base for one, _ in ruled.values()},
                    "policy": {name: str(rule.mode) for name, (_, rule) in ruled.items()},
                },
            )
        refuse_unfounded(self._draft.reason, self._draft.evidence, [rule for _, rule in ruled.values()])
        return self._draft

    def _refuse_ungranted(self, record: Any) -> None:
        """Only who may change a record asks for a change; all are held until the end of the session.

        Raises:
            ForbiddenError: changing it is not granted.
        """
        cls = type(record)
        if self._granted is None:
            # The parties first, as by everybody who changes them.
            fetch_some(self._tx, Party, self._parts, lock=True)
            found = fetch_some(self._tx, cls, self._ids, Action.UPDATE, lock=True)
            self._granted = {one.id for one in found}
        if record.id not in self._granted:
            raise ForbiddenError(f"changing this {cls.__name__.lower()} is not granted")

    def _write_now(self, asked: Proposal, now: Ruled) -> bool:
        targets = asked.only(one for one, _ in now) if asked.ruled else asked.targets
        recorded = any(rule.mode is not AmendmentMode.FREE for _, rule in now)
        carry_out(self._tx, asked.record, targets, "amend" if recorded else "change")
        return bool(targets)


class _Open:
    """The open amendments of some records, and what those of them ask for that are in sight."""

    def __init__(self, tx: Transaction, roots: Sequence[UUID], ids: Iterable[UUID]) -> None:
        self._tx = tx
        self._taken: dict[Place, UUID] = taken(tx, ids)
        self._asked: dict[tuple[UUID, str, str, str], UUID] = {}
        seen = {one.id: one for one in fetch_some(tx, Amendment, self._taken.values())}
        for some in pieces(roots):
            about = [Amendment.record.in_(some), Amendment.state.not_in(CLOSED)]
            found = query(tx, Amendment, about).records()
            seen |= {one.id: one for one in found}
        for id, read in read_lines(tx, list(seen.values())).items():
            for line in read.lines:
                self._asked[_what(line)] = id

    def asking_for(self, one: PathChange) -> UUID | None:
        """The amendment that asks for just this."""
        return self._asked.get(_what(one))

    def refuse_taken(self, differences: Iterable[PathChange]) -> None:
        """Refuse what an open amendment takes up, whatever it asks for.

        Raises:
            ConflictError: naming it where it is in sight.
        """
        for place in sorted(places(differences), key=lambda one: one[2]):
            if place in self._taken:
                raise open_already(self._tx, place[2], self._taken[place])


def _what(one: Any) -> tuple[UUID, str, str, str]:
    # An added row has no id of its own: its number says nothing.
    path = one.path.partition("/")[0] if one.act is LineAct.ADD else one.path
    return one.record, one.entity, path, json.dumps(one.new, ensure_ascii=False, sort_keys=True)
