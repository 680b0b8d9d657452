"""One unit of work: an actor, a transaction, and how it ends."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from pycrm.declare import Record, Ref
from pycrm.declare.reference import key_of
from pycrm.entities.org import Reach
from pycrm.errors import AlreadyDoneError, ConflictError, InvalidError, NotFoundError, StoreError
from pycrm.revision import elevation, log
from pycrm.revision.looking import Look, begin_look
from pycrm.scope.actor import Actor, bounds, resolve, unkey
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.sharing import widened

if TYPE_CHECKING:
    from types import TracebackType

    from pycrm.app import CRM
    from pycrm.store import Transaction
    from pycrm.worktime import BusinessCalendar


__all__ = ["Unit"]


class Unit:
    """One actor and one transaction; leaving the block commits, an exception rolls back."""

    def __init__(self, crm: CRM, transaction: Transaction, who: Any, source: Any) -> None:
        self.crm = crm
        self._transaction = transaction
        self._who, self._source = who, source
        transaction.crm, transaction.session = crm, self
        transaction.before_write = self._before_write
        transaction.before_end = self._before_end

    def __enter__(self) -> Self:
        try:
            self._transaction.actor = self._resolved()
            elevation.keep(self._transaction)
            log.refuse_repeated(self._transaction)
        except BaseException as failed:
            self._undo(failed)
            raise
        return self

    def _resolved(self) -> Actor:
        if isinstance(self._who, Look):
            return begin_look(self._transaction, self._who, self._source)
        actor = resolve(self._transaction, self._who, source=self._source)
        return widened(self._transaction, actor) if actor.is_given_more else actor

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._before_end()
        if error is not None:
            self._undo(error)
            return
        if self._transaction.spoiled is not None:
            self._undo(self._transaction.spoiled)
            raise self._transaction.spoiled
        try:
            log.flush(self._transaction)
        except AlreadyDoneError as done:
            # Another session took this operation while this one ran; only now can it be looked up.
            self._undo(done)
            with self.crm.view(self.crm.system("repeated operation")) as view:
                view.transaction.operation = self._transaction.operation
                log.refuse_repeated(view.transaction)
            raise
        except BaseException as failed:
            self._undo(failed)
            raise
        try:
            self._transaction.commit()
        except StoreError as failed:
            self._keep(failed)
            raise

    def _undo(self, error: BaseException) -> None:
        self._transaction.rollback()
        self._keep(error)

    def _keep(self, error: BaseException) -> None:
        for keep in self._transaction.after_rollback:
            try:
                keep()
            except ConflictError:
                # Written after all: the commit had taken effect, and only its answer was lost.
                continue
            except StoreError as unkept:
                # Why the session failed matters more, and tells whether it may be tried again.
                error.add_note(f"what must stay written could not be: {unkept}")

    def _before_write(self) -> None:
        self.crm.hooks.mark_write(self)

    def _before_end(self) -> None:
        self.crm.hooks.refuse_ending(self)

    @property
    def transaction(self) -> Transaction:
        """The way in for the product's own rooms; there is none before somebody acts.

        Raises:
            StoreError: the session was not entered.
        """
        if self._transaction.actor is None:
            raise StoreError("use the session in a with block")
        return self._transaction

    @property
    def actor(self) -> Actor:
        """Who acts in this session."""
        found: Actor = self.transaction.actor
        return found

    @property
    def now(self) -> datetime:
        """The moment of this session, in UTC: the same for all that it writes."""
        return self.transaction.moment

    @property
    def calendar(self) -> BusinessCalendar:
        """The working days and hours of the enterprise, with the holidays that it has entered."""
        return self.crm.business_calendar(self.transaction)

    def reaches(self, cls: type[Any], action: str, least: Reach) -> bool:
        """Whether some grant of the actor reaches at least as far as `least`."""
        held = bounds(self.actor, cls, action)
        ranks = {Reach.OWN: held.own, Reach.UNIT: bool(held.units), Reach.SUBTREE: bool(held.roots)}
        order = [Reach.OWN, Reach.UNIT, Reach.SUBTREE]
        if held.everything or least is Reach.NONE:
            return True
        return any(ranks[one] for one in order[order.index(least) :]) if least in order else False

    def random_bytes(self, number: int) -> bytes:
        """Bytes from the CRM's source of randomness."""
        return self.crm.identifiers.bytes(number)

    def missing(self, cls: type[Any]) -> NotFoundError:
        """The refusal for a record that is missing or out of scope."""
        return not_found(cls)

    def is_same(self, key: Any, record: Record) -> bool:
        """Whether a key as the driver gave it is that of the record."""
        try:
            return unkey(key) == record.id
        except AttributeError:
            return False

    def _in_sight(self, record: Any) -> Any:
        tx = self.transaction
        memo = ("in sight", type(record), record.id, tx.whole > 0)
        # What a view sees stays as it is, so that one look is enough.
        found = None if tx.write else tx.memo.get(memo)
        if found is None:
            found = tx.memo[memo] = fetch_one(tx, type(record), record.id)
        if found is None:
            raise not_found(type(record))
        return found

    def _kin(self, record: Any) -> list[tuple[str, UUID]]:
        found = [(type(record).__name__, record.id)]
        found += [(facet.__name__, record.id) for facet in self.crm.facets_of(type(record))]
        for spec in type(record).__specs__.values():
            if spec.unique and spec.target:
                part = getattr(record, spec.name)
                found.append((part.entity, part.id))
                found += [
                    (facet.__name__, part.id) for facet in self.crm.facets_of(self.crm.record(part.entity))
                ]
        return found

    def _named(self, what: Any, id: Any) -> tuple[Any, UUID]:
        if isinstance(what, Ref):
            return self.crm.record(what.entity), what.id
        if not isinstance(what, type):
            raise InvalidError("name a class and an id, or a reference")
        try:
            return what, key_of(id) if not isinstance(id, str) else UUID(id)
        except (TypeError, ValueError):
            raise not_found(what) from None
