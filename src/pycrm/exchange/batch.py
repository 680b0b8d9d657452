"""One batch of rows within one transaction: found again or new, written, and a verdict for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.policy import ClaimPolicy
from pycrm.errors import RefusedError
from pycrm.exchange import book
from pycrm.exchange.merge import Held, held, update
from pycrm.exchange.plan import Draft
from pycrm.exchange.report import KeyChange, RowVerdict, Verdict
from pycrm.exchange.resolve import References, lookups
from pycrm.revision import claim
from pycrm.revision.amendment.book import Draft as Proposed
from pycrm.revision.amendment.opening import Asked, Opening
from pycrm.scope.fields import whole

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.exchange.shape import Shape
    from pycrm.session import Session

__all__ = ["take"]

# Into how many parts a batch is cut when it is refused. With one bad row in a hundred, two would
# write every good row five times, eight write it three times.
_PARTS = 8
_REASON = "imported"


def take(
    session: Session, shape: Shape, drafts: Sequence[Draft], proposed: Proposed | None = None
) -> list[RowVerdict]:
    """Write what the drafts say, and tell what became of each, in their order.

    Rows that are refused leave no trace; the others are written all the same. `proposed` is what the
    importer says about changes of key data; without it none is asked for.
    """
    return _Batch(session, shape, drafts, proposed).verdicts


@attrs.frozen
class _New:
    """A record that is made and waits to be added, with all that came before it."""

    draft: Draft
    record: Any
    owner: Any
    stage: str | None


class _Batch:
    def __init__(
        self, session: Session, shape: Shape, drafts: Sequence[Draft], proposed: Proposed | None
    ) -> None:
        self._session, self._shape = session, shape
        self._reason = _REASON if proposed is None else proposed.reason
        self._entity: str = shape.cls.__name__
        self._waiting: dict[str, _New] = {}
        self._verdicts: list[RowVerdict] = []
        sound = [draft for draft in drafts if not draft.problems]
        self._references = References(session)
        self._references.prepare(draft.values for draft in sound)
        self._known = book.find(session.transaction, self._entity, (draft.key for draft in sound))
        self._held = held(session, shape, (id for ids in self._known.values() for id in ids))
        away = [id for id, one in self._held.items() if getattr(one.record, "archived_at", None) is not None]
        self._put_away = book.put_away_by_revert(session.transaction, self._entity, away)
        self._opening = self._opened(proposed)
        for draft in drafts:
            self._one(draft)
        self._flush()
        self._opening.write()
        self.verdicts = sorted(self._verdicts, key=lambda verdict: verdict.line)

    def _one(self, draft: Draft) -> None:
        if draft.problems:
            repeated = all(problem.code == "duplicate" for problem in draft.problems)
            code = "duplicate" if repeated else "invalid"
            self._verdicts.append(RowVerdict.refused(draft.line, draft.problems, key=draft.key, code=code))
            return
        if self._waiting and self._refers_to_waiting(draft):
            self._flush()
        try:
            values = self._shape.values(self._references.resolved(draft.values))
            owner, stage = values.pop("owner", None), values.pop("stage", None)
            if any(id in self._held for id in self._known.get(draft.key, ())):
                self._again(draft, values, stage)
            else:
                self._refuse_held(draft)
                self._waiting[draft.key] = _New(draft, self._shape.record(values), owner, stage)
        except RefusedError as error:
            self._verdicts.append(_refused(draft, error))

    def _refers_to_waiting(self, draft: Draft) -> bool:
        """Whether the row names one that stands shortly before it: a unit its parent, say."""
        return any(one.entity == self._entity and one.text in self._waiting for one in lookups(draft.values))

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._add(list(waiting.values()))

    def _add(self, some: Sequence[_New]) -> None:
        """Add records all at once, or by parts where one of them is refused."""
        if not some:
            return
        try:
            with self._session.attempt():
                made = self._added(some)
        except RefusedError as error:
            if len(some) == 1:
                self._verdicts.append(_refused(some[0].draft, error))
                return
            size = -(-len(some) // _PARTS)
            for start in range(0, len(some), size):
                self._add(some[start : start + size])
            return
        for one, record in zip(some, made, strict=True):
            self._references.learn(self._entity, one.draft.key, record.id)
            self._verdicts.append(RowVerdict(one.draft.line, Verdict.IMPORTED, one.draft.key))

    def _added(self, some: Sequence[_New]) -> list[Any]:
        session = self._session
        made = session.add_all([one.record for one in some], owners=[one.owner for one in some])
        keys = [(one.draft.key, record.id) for one, record in zip(some, made, strict=True)]
        book.enter(session.transaction, self._entity, keys)
        pairs = [(id, other) for key, id in keys for other in self._known.get(key, ())]
        claim.suspect_all(session.transaction, self._policy, self._entity, pairs, "key")
        for one, record in zip(some, made, strict=True):
            if one.stage is not None and one.stage != record.stage:
                session.move(record, one.stage, because=self._reason)
        return made

    def _again(self, draft: Draft, values: dict[str, Any], stage: str | None) -> None:
        """Hold a row against the record that it was imported as before."""
        one, *others = (self._held[id] for id in self._known[draft.key] if id in self._held)
        if others:
            self._refuse(draft, "conflict", "several records were imported by this key; merge them first")
            return
        is_away = getattr(one.record, "archived_at", None) is not None
        if is_away and one.record.id not in self._put_away:
            self._refuse(draft, "conflict", "the record was put away; restore it first")
            return
        differing = None if is_away else update(self._session, self._shape, one, values)
        moves = stage is not None and stage != one.record.stage
        if differing is None and not moves and not is_away:
            self._verdicts.append(RowVerdict(draft.line, Verdict.UNCHANGED, draft.key))
            return
        # What stands before this row in the file may claim what this row is about to claim.
        self._flush()
        with self._session.attempt():
            if is_away:
                differing = update(self._session, self._shape, self._brought_back(one), values)
            asked = Asked() if differing is None else self._opening.ask(differing)
            if stage is not None and moves:
                current = self._session.get(self._shape.cls, one.record.id)
                self._session.move(current, stage, because=self._reason)
        self._opening.keep(asked)
        self._verdicts.append(_verdict(draft, asked, moves or is_away))

    def _brought_back(self, one: Held) -> Held:
        """A record that was put away when its import was taken back, as a file brings it again."""
        with whole(self._session.transaction):
            return attrs.evolve(one, record=self._session.restore(one.record, because=self._reason))

    def _opened(self, proposed: Proposed | None) -> Opening:
        records = [one.record for one in self._held.values()]
        parties = [one.party.id for one in self._held.values() if one.party is not None]
        return Opening(self._session.transaction, self._reason, proposed, records, parties)

    @property
    def _policy(self) -> ClaimPolicy:
        """What an importer is told of a hidden record that was imported by the same key."""
        crm: CRM = self._session.crm
        return crm.claim_policy(f"{self._entity}.key", ClaimPolicy.ASK)

    def _refuse_held(self, draft: Draft) -> None:
        """Refuse a key by which a record out of sight was imported, where the policy says so.

        Raises:
            ConflictError: it is held elsewhere.
            ForbiddenError: the importer has been told so too often within the hour.
        """
        for other in self._known.get(draft.key, ()):
            claim.refuse_held(self._session.transaction, self._policy, self._entity, other, "key")

    def _refuse(self, draft: Draft, code: str, reason: str) -> None:
        self._verdicts.append(RowVerdict(draft.line, Verdict.REFUSED, draft.key, code, reason))


def _verdict(draft: Draft, asked: Asked, moves: bool) -> RowVerdict:
    """What became of a row that differs from its record."""
    amendment = "" if asked.amendment is None else str(asked.amendment)
    if not asked.lines:
        verdict = Verdict.UPDATED if asked.is_written or moves else Verdict.UNCHANGED
        return RowVerdict(draft.line, verdict, draft.key, amendment=amendment)
    changes = tuple(KeyChange(one.path, one.base, one.new) for one in asked.lines)
    return RowVerdict(draft.line, Verdict.PROPOSED, draft.key, amendment=amendment, changes=changes)


def _refused(draft: Draft, error: RefusedError) -> RowVerdict:
    code = error.code
    if any(problem.code == "unique" for problem in error.fields):
        # A strong duplicate is named to who sees it; of another nothing is told (COR-6).
        code = "duplicate" if "record" in error.data else "held_elsewhere"
    return RowVerdict(draft.line, Verdict.REFUSED, draft.key, code, error.message, error.fields)
