"""The verbs that read: each is scoped inside its query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pycrm import pipeline as pipelines
from pycrm import revision as revisions
from pycrm import scope
from pycrm.declare import Facet, Record, Ref
from pycrm.declare.reference import key_of
from pycrm.errors import InvalidError, Problem
from pycrm.scope.children import any_record, with_children
from pycrm.scope.fields import shown
from pycrm.scope.gateway import fetch_one, not_found, query
from pycrm.session.act import reason_text
from pycrm.session.inquiry import Inquiry

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.entities.handover import HandoverPreview
    from pycrm.pipeline.judging import AllowedMove, Probability
    from pycrm.pipeline.model import Stage
    from pycrm.pipeline.standing import Stay
    from pycrm.pipeline.tally import StageTally
    from pycrm.revision.model import Access, Duplicate, Elevation, Export
    from pycrm.scope.access import FieldAccess
    from pycrm.scope.card import Card
    from pycrm.scope.paging import Page
    from pycrm.scope.raw import Rows
    from pycrm.scope.reason import Reason
    from pycrm.values import Money

__all__ = ["Reading"]

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Facet)
A = TypeVar("A", bound="Record | Facet")


class Reading(Inquiry):
    """What every session can ask."""

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
            return shown(self.transaction, new[0])
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
        as_of: datetime | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> list[A]:
        """The records that the actor may see and that meet all conditions.

        Args:
            conditions: over fields of the class, of its facets and of records that one link leads to.
            order: a field, ``Customer.name`` or ``Customer.name.desc()``, or several; then the id.
            limit: at most so many.
            children: read child rows too.
            archived: archived records too.
            as_of: the list as it was at that instant, of what the actor sees now, facets and linked
                records too; what the reader was not shown then is refused as well.
            progress: told, while a list of the past is made, how many records of how many are done.

        Raises:
            InvalidError: a condition names something unknown or unreadable.
        """
        if as_of is not None:
            moment = revisions.inquiry.instant(as_of, "as_of")
            former = revisions.former.Former(self.transaction, cls, conditions, moment, archived)
            return former.records(_several(order), limit, children, progress)
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
        return scope.paging.page(self.transaction, cls, conditions, order, size, after)

    def search(
        self,
        cls: type[A],
        text: str,
        *conditions: ColumnElement[bool],
        order: Any = None,
        size: int = 50,
        after: str | None = None,
    ) -> Page[A]:
        """One page of the records whose searchable fields contain each word of a text.

        A word may stand anywhere in a field, within another word too; capitals and small letters,
        full and half width are one. Fields that the actor does not read are not looked into.

        Args:
            text: 1 to 10 words, parted by white space, together at most 200 characters.
            conditions, order, size, after: as of `page`.

        Raises:
            InvalidError: the actor reads no searchable field of the class, or as `page`.
        """
        wanted = scope.sought.sought(self.transaction, cls, text)
        return scope.paging.page(self.transaction, cls, conditions, order, size, after, wanted)

    def count(
        self,
        cls: type[Any],
        *conditions: ColumnElement[bool],
        distinct: Any = None,
        limit: int | None = None,
        as_of: datetime | None = None,
    ) -> int:
        """How many records the actor may see that meet all conditions.

        Args:
            distinct: count the different values of this field instead.
            limit: stop counting there, which is what lists of millions want.
            as_of: of the list as it was at that instant, as in `find`.
        """
        if as_of is not None:
            moment = revisions.inquiry.instant(as_of, "as_of")
            former = revisions.former.Former(self.transaction, cls, conditions, moment)
            return former.count(distinct, limit)
        return scope.aggregate.count(self.transaction, cls, conditions, distinct, limit)

    def sum(self, amount: Any, *conditions: ColumnElement[bool], as_of: datetime | None = None) -> Money:
        """The sum of a money field over the records that the actor may see.

        Of no records it is zero in the CRM's own currency.

        Args:
            as_of: over the list as it was at that instant, as in `find`.

        Raises:
            InvalidError: the amounts have several currencies; ``data["sums"]`` gives each.
        """
        if as_of is not None:
            moment = revisions.inquiry.instant(as_of, "as_of")
            return revisions.former.former_total(self.transaction, amount, conditions, moment)
        return scope.aggregate.total(self.transaction, amount, conditions)

    def by_stage(
        self,
        cls: type[Record],
        *conditions: ColumnElement[bool],
        amount: Any = None,
        pipeline: str | None = None,
    ) -> list[StageTally]:
        """Number of records, and sums of a money field, in each stage of a pipeline.

        Stages come in the order of the current version, empty ones too; raises as `find`.

        Args:
            pipeline: its key, where it is not the one that the class names.
        """
        return pipelines.tally.by_stage(self.transaction, cls, amount, conditions, pipeline)

    def facet(self, record: Record | Ref[Any], cls: type[F], /) -> F | None:
        """What a plugin keeps of somebody else's record, or None where nothing is kept."""
        return fetch_one(self.transaction, cls, key_of(record))  # type: ignore[no-any-return]

    def children(self, record: A, /) -> A:
        """The same record with its child rows read.

        Raises:
            NotFoundError: it is missing or out of scope, though it was read before.
        """
        if ("new", type(record).__name__, record.id) not in self.transaction.memo:
            self._in_sight(record)
        return with_children(self.transaction, [record])[0]  # type: ignore[no-any-return]

    def card(self, record: Record, /) -> Card:
        """The card of the customer that a record belongs to: name, addresses, the record's contact.

        For whoever sees an activity or a task at somebody else's customer. Cards are never found,
        listed or counted.

        Raises:
            NotFoundError: the record is missing or out of scope.
            InvalidError: it belongs to no customer.
        """
        return scope.card.card(self.transaction, self._in_sight(record))

    def reveal(self, record: A | Ref[Any], /, *names: str, because: str) -> A:
        """The record with fields that are masked, or of a special category, shown.

        That it was shown to whom, on whose behalf, when and what for is written before any value is
        handed out, and stays even where this session rolls back; so is a refusal of fields that the
        actor is shown masked only.

        Raises:
            InvalidError: no field of that name, or one that is hidden from the actor; no purpose.
            ForbiddenError: it is shown to the actor masked only.
            NotFoundError: the record is missing or out of scope.
            StoreError: the look cannot be recorded, so nothing is shown.
        """
        ref: Any = record if isinstance(record, Ref) else record.ref
        cls, key = self._named(ref, None)
        purpose = reason_text(because)
        if not purpose.strip():
            raise InvalidError("say what for", fields=[Problem("because", "required", "say what for")])
        return revisions.access.reveal(self.transaction, cls, key, names, purpose)  # type: ignore[no-any-return]

    def accesses(self, record: Record | Facet, /) -> list[Access]:
        """Who looked at protected fields of the record, or as that user at what the user sees, newest first.

        Raises:
            NotFoundError: the record is missing or out of scope.
            ForbiddenError: the actor neither leads the record nor keeps the roles.
        """
        return revisions.access.accesses(self.transaction, self._in_sight(record))

    def duplicates(self, limit: int | None = 1000) -> list[Duplicate]:
        """Pairs of records that hold the same unique value under the policy *arbiter*, newest first.

        Raises:
            ForbiddenError: the actor holds no grant to read ``duplicates``.
        """
        return revisions.claim.duplicates(self.transaction, limit)

    def exports(self, limit: int | None = 1000) -> list[Export]:
        """Who took out which records, by which filter, newest first (SCO-9).

        Raises:
            ForbiddenError: the actor may not read role assignments.
        """
        return revisions.exports.exports(self.transaction, limit)

    def fields(self, cls: type[Any], /) -> dict[str, FieldAccess]:
        """What the actor may do with each field of a class; others are absent, as unknown ones are."""
        return scope.access.field_access(self.transaction, cls)

    def moves(self, record: Record, /) -> list[AllowedMove]:
        """Every move out of where the record stands, each with what it still needs."""
        return pipelines.judging.moves(self.transaction, [record])[0]

    def moves_all(self, records: Iterable[Record], /, *, needs: bool = True) -> list[list[AllowedMove]]:
        """The moves of each of many records, such as the cards of a board; see `moves`.

        Args:
            needs: what each move needs; without it only the right to it, which takes no further statement.
        """
        return pipelines.judging.moves(self.transaction, list(records), needs)

    def stage(self, record: Record, /) -> Stage:
        """The stage in which the record stands, of the pipeline version that it runs under."""
        return pipelines.execute.stage_of(self.transaction, record)

    def probability(self, record: Record, /) -> Probability:
        """How probable it is to win: that of the stage, and an own estimate where one was made (PIP-5).

        Raises:
            InvalidError: such records run through no stages.
        """
        return pipelines.judging.probability(self.transaction, record)

    def stages(self, record: Record, /) -> list[Stay]:
        """The stages that the record went through, with labels and probabilities of their time.

        Stages within stages are among them; in each region one stay follows the other.
        """
        self._in_sight(record)
        return pipelines.standing.stays(self.transaction, record)

    def preview_handover(self, giver: Any, /, to: Any) -> HandoverPreview:
        """What `hand_over` with the same arguments would do; nothing is changed.

        It counts what the actor may read and assign. Whatever lies out of sight changes no number.

        Raises:
            ForbiddenError: the actor may assign nothing at all.
            InvalidError, NotFoundError: the arguments are wrong, as for `hand_over`.
        """
        return revisions.handover.preview(self.transaction, giver, to)

    def explain(self, action: str, record: Record | Ref[Any], /) -> tuple[Reason, ...]:
        """Each path by which the actor reaches the record for that action; none is no access."""
        cls, key = self._named(record if isinstance(record, Ref) else record.ref, None)
        if fetch_one(self.transaction, cls, key) is None:
            return ()
        return scope.reason.reasons(
            self.transaction, self.actor, any_record(self.transaction, cls, key), action
        )

    def why(self, login: str, record: Record | Ref[Any], /, action: str = "read") -> tuple[Reason, ...]:
        """Each path by which another person reaches a record; none is no access (SCO-16).

        Raises:
            NotFoundError: there is no such user, or no such record in sight of a leader.
            ForbiddenError: the actor neither leads the record nor keeps the roles.
        """
        cls, key = self._named(record if isinstance(record, Ref) else record.ref, None)
        return scope.reason.why(self.transaction, login, cls, key, action)

    def who(self, record: Record | Ref[Any], /, action: str = "read") -> list[tuple[str, tuple[Reason, ...]]]:
        """Everybody who reaches a record, by login, each with the paths that give it (SCO-16).

        It looks at each person with a role: a question for an inquiry, not for a page of a list.

        Raises:
            NotFoundError: there is no such record in sight of a leader.
            ForbiddenError: the actor neither leads the record nor keeps the roles.
        """
        cls, key = self._named(record if isinstance(record, Ref) else record.ref, None)
        return scope.reason.who(self.transaction, cls, key, action)

    def reach(self, cls: type[Any], /) -> str:
        """How far the actor reads that class, in words: ``East and below``, ``your own`` (SCO-18)."""
        return scope.reason.reach_in_words(self.transaction, cls)

    def named(self, cls: type[R], name: Any, /) -> Ref[R]:
        """The reference data of that natural key (a region's name, a product's code).

        Raises:
            InvalidError: there is none of that name.
        """
        return scope.natural.named(self.transaction, cls, name)

    def sql(self, text: str, /, *, most: int = 10_000, seconds: float = 30, **parameters: Any) -> Rows:
        """The rows of one SELECT of the caller's own, over no more than the actor may read.

        On PostgreSQL it runs under a role that row-level security binds to the actor's reach, in this
        transaction; on SQLite only over reference data. Columns of special-category fields are no part
        of the tables here. It needs a grant of its own, on the entity ``sql`` with the action ``read``.

        Args:
            text: one SELECT over tables such as ``crm_customer``, archived rows too, with parameters as
                ``:name``.
            most: refuse an answer of more rows.
            seconds: refuse a statement that takes longer.
            parameters: texts, numbers, ids, records, days, instants, on PostgreSQL lists of them.

        Raises:
            ForbiddenError: the actor holds no such grant, or the database is SQLite and a table scoped.
            InvalidError: it is no reading statement, goes over a limit, or names what is not there or
                may not be read; the two are one answer.
            StoreError: the database has no role for it; the message says what is missing.
        """
        return scope.raw.sql(self.transaction, text, parameters, most, seconds)

    def elevations(self, since: datetime | None = None, *, limit: int = 1000) -> list[Elevation]:
        """Each session that was opened as a system actor, newest first.

        Args:
            since: none before this instant.
            limit: at most so many.

        Raises:
            ForbiddenError: the actor may not read who holds which role.
            InvalidError: the limit is none, or `since` has no time zone.
        """
        return revisions.elevation.elevations(self.transaction, since, limit)


def _several(order: Any) -> Sequence[Any]:
    if order is None:
        return ()
    return tuple(order) if isinstance(order, list | tuple) else (order,)
