"""Sessions: one actor, one transaction, and every verb by which data are read and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload
from uuid import UUID

from pycrm.declare import Facet, Record, Ref
from pycrm.declare.reference import key_of
from pycrm.entities.org import Reach
from pycrm.errors import AlreadyDoneError, InvalidError, NotFoundError, Problem, RefusedError, StoreError
from pycrm.pipeline import execute, tally
from pycrm.revision import add as adding
from pycrm.revision import archive as archiving
from pycrm.revision import change as changing
from pycrm.revision import history as past
from pycrm.revision import log
from pycrm.revision.model import Revision
from pycrm.scope import aggregate, natural, paging, reason
from pycrm.scope.actor import Actor, bounds, resolve, unkey
from pycrm.scope.children import any_record, with_children
from pycrm.scope.gateway import fetch_one, not_found, query
from pycrm.scope.paging import Page
from pycrm.scope.reason import Reason
from pycrm.values import clean_text

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.app import CRM
    from pycrm.entities import Contact, Customer, OwnershipInterval
    from pycrm.entities.customer import ContactDraft, CustomerDraft
    from pycrm.pipeline.execute import AllowedMove, Stay
    from pycrm.pipeline.model import Stage
    from pycrm.pipeline.tally import StageTally
    from pycrm.store import Transaction
    from pycrm.values import Money

__all__ = ["Session"]

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Facet)
A = TypeVar("A", bound="Record | Facet")


class Session:
    """One actor and one transaction: the only door to the data.

    Use it as a context manager: leaving the block commits, an exception rolls back. Reading is
    scoped inside the query, writing is permitted, checked, versioned and recorded by the verb.
    Made by ``crm.session(actor)`` for writing and by ``crm.view(actor)`` for reading.
    """

    def __init__(self, crm: CRM, transaction: Transaction, who: Any, source: Any) -> None:
        self.crm = crm
        self.transaction = transaction
        self._who, self._source = who, source
        transaction.crm, transaction.session = crm, self
        transaction.before_write = self._before_write

    def __enter__(self) -> Self:
        try:
            self.transaction.actor = resolve(self.transaction, self._who, source=self._source)
            log.refuse_repeated(self.transaction)
        except BaseException:
            self.transaction.rollback()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.transaction.rollback()
            return
        if self.transaction.spoiled is not None:
            self.transaction.rollback()
            raise self.transaction.spoiled
        try:
            log.flush(self.transaction)
        except AlreadyDoneError:
            # Another session took this operation while this one ran; only now can it be looked up.
            self.transaction.rollback()
            with self.crm.view(self.crm.system("repeated operation")) as view:
                view.transaction.operation = self.transaction.operation
                log.refuse_repeated(view.transaction)
            raise
        except BaseException:
            self.transaction.rollback()
            raise
        self.transaction.commit()

    def _before_write(self) -> None:
        self.crm.hooks.mark_write(self)

    @property
    def actor(self) -> Actor:
        """Who acts in this session."""
        found: Actor | None = self.transaction.actor
        if found is None:
            raise StoreError("use the session in a with block")
        return found

    @property
    def now(self) -> datetime:
        """The moment of this session, in UTC: the same for all that it writes."""
        return self.transaction.moment

    # --- writing -------------------------------------------------------------------------------

    @overload
    def add(self, record: CustomerDraft, /, *, owner: Any = None) -> Customer: ...
    @overload
    def add(self, record: ContactDraft, /, *, owner: Any = None) -> Contact: ...
    @overload
    def add(self, record: A, /, *, owner: Any = None) -> A: ...
    def add(self, record: Any, /, *, owner: Any = None) -> Any:
        """Add a record, a facet or a draft, and return it as it is stored.

        Args:
            record: made by its class, or a draft such as ``Customer.organization(…)``.
            owner: whose it is; without it the actor's. Another person needs the right to assign.

        Raises:
            InvalidError: a rule of the record is broken.
            NotFoundError: it links to a record that is missing or out of sight.
            ForbiddenError: the actor may not add this, or not for that owner.
            ConflictError: it holds a value that is held elsewhere.
        """
        with _Act(self):
            if hasattr(record, "write"):
                return record.write(self, **({} if owner is None else {"owner": owner}))
            return adding.add_all(self.transaction, [record], [owner])[0]

    @overload
    def add_all(
        self, records: Sequence[CustomerDraft], /, *, owners: Sequence[Any] | None = None
    ) -> list[Customer]: ...
    @overload
    def add_all(self, records: Iterable[A], /, *, owners: Sequence[Any] | None = None) -> list[A]: ...
    def add_all(self, records: Iterable[Any], /, *, owners: Sequence[Any] | None = None) -> list[Any]:
        """Add many records at once, all or none; see `add`.

        Args:
            owners: whose each is; None among them stands for the actor.
        """
        given = list(records)
        whose = list(owners) if owners is not None else [None] * len(given)
        if given and hasattr(given[0], "write_all"):
            return given[0].write_all(self, given, whose)  # type: ignore[no-any-return]
        with _Act(self):
            return adding.add_all(self.transaction, given, whose)

    def change(self, record: A, /, *, because: str | None = None, **values: Any) -> A:
        """Change fields and return the record as it is now.

        Only what differs is written, with one revision for the session and one change row for the
        record. A list of child rows is compared by their ids: new rows are added, missing removed.

        Raises:
            AmendmentRequiredError: a key field, which only `amend` changes.
            InvalidError: unknown or computed fields, wrong values, broken rules, all at once.
            StaleError: somebody changed the record since it was read.
            NotFoundError, ForbiddenError: it is out of sight, or visible but not the actor's to change.
        """
        with _Act(self, record, because):
            return changing.change(self.transaction, record, values)  # type: ignore[no-any-return]

    def amend(self, record: A, /, *, because: str | None = None, **values: Any) -> A:
        """Change key fields with a reason of at least 5 characters; applied at once and kept.

        Fields of a customer's party and of its `Person` or `Organization` may be named too.

        Raises:
            InvalidError: no reason, unknown fields, wrong values.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with _Act(self, record, because):
            return changing.amend(self.transaction, record, values, because)  # type: ignore[no-any-return]

    def archive(self, record: R, /, *, because: str | None = None) -> R:
        """Put a record away: it is found no more, and can be restored.

        Raises:
            ConflictError: it is archived already, or something holds it.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with _Act(self, record, because):
            return archiving.archive(self.transaction, record)  # type: ignore[no-any-return]

    def restore(self, record: R, /, *, because: str | None = None) -> R:
        """Bring an archived record back; raises as `archive`."""
        with _Act(self, record, because):
            return archiving.restore(self.transaction, record)  # type: ignore[no-any-return]

    def move(self, record: R, /, to: str, *, because: str | None = None, **values: Any) -> R:
        """Take a record to another stage of its pipeline, supplying missing fields in the same act.

        Args:
            to: the key of a stage or of a move.
            because: the comment; some moves ask for one.

        Raises:
            MoveError: a gate is not met; ``data["missing"]`` lists every requirement.
            ConflictError: no such move leads out of the stage; ``data["allowed"]`` lists those that do.
            InvalidError: the name fits several moves, or a supplied value is wrong.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with _Act(self, record, because):
            return execute.move(self.transaction, record, to, values, because)  # type: ignore[no-any-return]

    # --- reading -------------------------------------------------------------------------------

    @overload
    def get(self, what: type[A], id: Any, /) -> A: ...
    @overload
    def get(self, what: Ref[R], /) -> R: ...
    def get(self, what: Any, id: Any = None, /) -> Any:
        """One record with its children, by class and id or by a reference.

        Raises:
            NotFoundError: it is missing or out of scope; the two are one answer.
        """
        cls, key = self._named(what, id)
        new = self.transaction.memo.get(("new", cls.__name__, key))
        if new is not None:
            return new[0]
        found = fetch_one(self.transaction, cls, key)
        if found is None:
            raise not_found(cls)
        return with_children(self.transaction, [found])[0]

    def find_one(self, cls: type[A], id: Any, /) -> A | None:
        """One record by its id, or None where it is missing or out of scope."""
        return fetch_one(self.transaction, cls, key_of(id))  # type: ignore[no-any-return]

    def find(
        self,
        cls: type[A],
        *conditions: ColumnElement[bool],
        order: Any = None,
        limit: int | None = None,
        children: bool = False,
        archived: bool = False,
    ) -> list[A]:
        """The records that the actor may see and that meet all conditions.

        Args:
            conditions: over fields of the class, of its facets and of records that one link leads to.
            order: a field, ``Customer.name`` or ``Customer.name.desc()``, or several; then the id.
            limit: at most so many.
            children: read child rows too.
            archived: archived records too.

        Raises:
            InvalidError: a condition names something unknown or unreadable.
        """
        found = query(self.transaction, cls, conditions, archived).records(_several(order), limit)
        return with_children(self.transaction, found) if children else found

    def page(
        self,
        cls: type[A],
        *conditions: ColumnElement[bool],
        order: Any = None,
        size: int = 50,
        after: str | None = None,
    ) -> Page[A]:
        """One page of a list, by keyset: the cursor of a page leads to the next.

        Args:
            order: one field declared with ``order=True``, or that field's ``.desc()``.
            size: 1 to 500 records.
            after: ``next`` of the page before; it is signed and good for this actor, filter and order.

        Raises:
            InvalidError: a cursor that was not given out for this list, or a size out of bounds.
        """
        return paging.page(self.transaction, cls, conditions, order, size, after)

    def count(
        self, cls: type[Any], *conditions: ColumnElement[bool], distinct: Any = None, limit: int | None = None
    ) -> int:
        """How many records the actor may see that meet all conditions.

        Args:
            distinct: count the different values of this field instead.
            limit: stop counting there, which is what lists of millions want.
        """
        return aggregate.count(self.transaction, cls, conditions, distinct, limit)

    def sum(self, amount: Any, *conditions: ColumnElement[bool]) -> Money:
        """The sum of a money field over the records that the actor may see.

        Of no records it is zero in the CRM's own currency.

        Raises:
            InvalidError: the amounts have several currencies; ``data["sums"]`` gives each.
        """
        return aggregate.total(self.transaction, amount, conditions)

    def by_stage(
        self, cls: type[Record], *conditions: ColumnElement[bool], amount: Any = None
    ) -> list[StageTally]:
        """Number of records, and sums of a money field, in each stage of the class's pipeline.

        Stages come in the order of the current version, empty ones too; raises as `find`.
        """
        return tally.by_stage(self.transaction, cls, amount, conditions)

    def facet(self, record: Record | Ref[Any], cls: type[F], /) -> F | None:
        """What a plugin keeps of somebody else's record, or None where nothing is kept."""
        return fetch_one(self.transaction, cls, key_of(record))  # type: ignore[no-any-return]

    def children(self, record: A, /) -> A:
        """The same record with its child rows read."""
        return with_children(self.transaction, [record])[0]  # type: ignore[no-any-return]

    def moves(self, record: Record, /) -> list[AllowedMove]:
        """Every move out of the record's stage, each with what it still needs."""
        return execute.moves(self.transaction, record)

    def stage(self, record: Record, /) -> Stage:
        """The stage in which the record stands, of the pipeline version that it runs under."""
        return execute.stage_of(self.transaction, record)

    def stages(self, record: Record, /) -> list[Stay]:
        """The stages that the record went through, with labels and probabilities of their time."""
        self._in_sight(record)
        return execute.stages(self.transaction, record)

    def history(self, record: Record | Facet, /) -> list[Revision]:
        """Every change of the record, of its party and of their facets, newest first.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        return past.history(self.transaction, record, self._kin(self._in_sight(record)))

    def as_of(self, record: A, moment: datetime, /) -> A | None:
        """The record with its children as it was at that moment; None before it was added.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        return past.as_of(self.transaction, self._in_sight(record), moment)  # type: ignore[no-any-return]

    def owners(self, record: Record, /) -> list[OwnershipInterval]:
        """Who held the record from when to when, oldest first."""
        return aggregate.owners(self.transaction, self._in_sight(record))

    def explain(self, action: str, record: Record | Ref[Any], /) -> tuple[Reason, ...]:
        """Each path by which the actor reaches the record for that action; none is no access."""
        cls, key = self._named(record if isinstance(record, Ref) else record.ref, None)
        if fetch_one(self.transaction, cls, key) is None:
            return ()
        return reason.reasons(self.transaction, self.actor, any_record(self.transaction, cls, key), action)

    def why(self, login: str, record: Record | Ref[Any], /, action: str = "read") -> tuple[Reason, ...]:
        """Each path by which another person reaches a record; none is no access (SCO-16).

        Raises:
            NotFoundError: there is no such user, or no such record in sight of a leader.
            ForbiddenError: the actor neither leads the record nor keeps the roles.
        """
        cls, key = self._named(record if isinstance(record, Ref) else record.ref, None)
        return reason.why(self.transaction, login, cls, key, action)

    def reach(self, cls: type[Any], /) -> str:
        """How far the actor reads that class, in words: ``East and below``, ``your own`` (SCO-18)."""
        return reason.reach_in_words(self.transaction, cls)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Writes within are undone when they are refused, and the session can go on.

        For work over many rows of which some may be refused, such as an import.
        """
        tx = self.transaction
        spoiled = tx.spoiled
        known = set(tx.memo)
        try:
            with tx.savepoint():
                yield
        except BaseException:
            tx.spoiled = spoiled
            for name in set(tx.memo) - known:
                del tx.memo[name]
            raise

    def named(self, cls: type[R], name: Any, /) -> Ref[R]:
        """The reference data of that natural key (a region's name, a product's code).

        Raises:
            InvalidError: there is none of that name.
        """
        return natural.named(self.transaction, cls, name)

    # --- for records, plugins and faces ----------------------------------------------------------

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
        found = fetch_one(self.transaction, type(record), record.id)
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


class _Act:
    """One verb that writes: refused whole, and refused to who cannot see the record as missing.

    Statements of a verb that failed half-way would be committed with the rest if its caller went
    on; such a session is spoiled: each further verb, and its end, is that same refusal.
    """

    def __init__(self, session: Session, record: Any = None, because: str | None = None) -> None:
        self._session, self._record, self._because = session, record, because

    def __enter__(self) -> None:
        tx = self._session.transaction
        if not tx.write:
            raise StoreError("this session only reads: open it with crm.session")
        if tx.spoiled is not None:
            raise tx.spoiled
        self._outer, self._written = tx.memo.get("reason"), tx.written
        self._noted = len(tx.changes)
        if self._because is not None:
            tx.memo["reason"] = _reason(self._because)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        tx = self._session.transaction
        tx.memo["reason"] = self._outer
        if error is None:
            return
        if tx.written != self._written:
            tx.spoiled = tx.spoiled or error
        del tx.changes[self._noted :]
        hidden = isinstance(error, RefusedError) and not isinstance(error, NotFoundError)
        if hidden and self._record is not None and tx.spoiled is None:
            self._refuse_hidden(error)

    def _refuse_hidden(self, error: BaseException) -> None:
        cls = type(self._record)
        if fetch_one(self._session.transaction, cls, self._record.id) is None:
            raise not_found(cls) from None


def _reason(because: Any) -> str:
    try:
        if not isinstance(because, str):
            raise ValueError("expected text")
        return clean_text(because)
    except ValueError as error:
        wrong = Problem("because", "type", str(error))
        raise InvalidError(f"because: {error}", fields=[wrong]) from None


def _several(order: Any) -> Sequence[Any]:
    if order is None:
        return ()
    return tuple(order) if isinstance(order, list | tuple) else (order,)
