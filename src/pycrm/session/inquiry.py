"""The verbs that ask about one record: its past, and who holds it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pycrm import revision as revisions
from pycrm import scope
from pycrm.declare import Facet, Record
from pycrm.session import beyond as wider
from pycrm.session.beyond import Beyond
from pycrm.session.unit import Unit

if TYPE_CHECKING:
    from pycrm.entities import OwnershipInterval
    from pycrm.revision.model import Difference, Revision
    from pycrm.scope.team import Member

__all__ = ["Inquiry"]

A = TypeVar("A", bound="Record | Facet")


class Inquiry(Unit):
    """What every session can ask of a record's past, and of those who hold it."""

    def history(
        self,
        record: Record | Facet,
        /,
        *,
        field: str | None = None,
        by: Any = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: Revision | None = None,
        limit: int | None = None,
    ) -> list[Revision]:
        """The changes of the record, of its party and of their facets, newest first.

        Values are shown as far as the actor's field rights go, those of now and those that the same
        roles gave when they were written.

        Args:
            field: those that touched this field or its rows.
            by: those made by this user: a login, an id, a reference or a record.
            since, until: those after the one instant and not after the other.
            before: those older than this revision, the last of a list before.
            limit: at most so many.

        Raises:
            NotFoundError: the record is missing or out of scope; or there is no such user in sight.
            InvalidError: an unknown or hidden field, an instant without a zone.
        """
        kin = self._kin(self._in_sight(record))
        found = revisions.inquiry.revisions(self.transaction, kin, field, by, since, until, before, limit)
        return revisions.amendment.view.attributed(self.transaction, found)

    def diff(
        self, record: Record | Facet, /, since: datetime, until: datetime | None = None
    ) -> list[Difference]:
        """What differs between two moments in the record, its party and their facets, path by path.

        Args:
            since: the earlier moment; what was not there yet is None on the old side.
            until: the later moment, without it now.

        Raises:
            NotFoundError: the record is missing or out of scope.
            InvalidError: an instant without a zone.
        """
        return revisions.inquiry.difference(self.transaction, self._kin(self._in_sight(record)), since, until)

    def as_of(self, record: A, moment: datetime, /) -> A | None:
        """The record with its children as it was at that moment; None before it was added.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        moment = revisions.inquiry.instant(moment, "moment")
        tx = self.transaction
        with scope.fields.whole(tx):
            now = self._in_sight(record)
        found = revisions.undo.as_of(tx, now, moment)
        return None if found is None else revisions.redaction.shown_then(tx, [found], moment)[0]

    def owners(self, record: Record, /) -> list[OwnershipInterval]:
        """Who held the record from when to when, oldest first."""
        return scope.aggregate.owners(self.transaction, self._in_sight(record))

    def team(self, record: Record, /) -> list[Member]:
        """Who works on the record: its owner first, then its team and those whom it is shared with today.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        return scope.team.team(self.transaction, self._in_sight(record))

    def reached(self, cls: type[A], text: str, /) -> list[A]:
        """Whom a mobile number or a mailbox belongs to: the parties in sight that keep it as theirs alone.

        Numbers are compared by their digits, mailboxes without regard to case, and always whole.

        Raises:
            InvalidError: such records have no ways of contact, or the actor does not read them plainly.
        """
        return revisions.reached.reached(self.transaction, cls, text)

    def custom(self, cls: type[Record], /) -> Any:
        """The facet of the fields that administrators added to a class (`CustomField`), as they are now.

        ``F = session.custom(Customer)``: then ``F.blood_type`` is a field in conditions and orders,
        ``session.add(F(of=customer, blood_type="A"))`` fills it in, and `facet`, `change`, `amend` and
        `history` go on from there.

        Raises:
            InvalidError: no fields were added to the class.
        """
        return self.crm.custom(self.transaction, cls)

    def beyond(self, purpose: str, /, *classes: type[Any]) -> Beyond:
        """All rows of some classes, for a rule of a plugin that has to hold over rows of others too.

        A budget is exceeded by what everybody has spent, whoever of them asks. What is read so must not
        be handed out: what the person learns of it is the author's word, as of a guard. Each call leaves
        a row in the book of system actors, with its purpose.

        Args:
            purpose: what for, in words.
            classes: of which records; no other is read.

        Returns:
            what finds, counts and sums them, and cannot write; special-category fields stay closed.

        Raises:
            DeclarationError: no purpose.
        """
        return wider.beyond(self.transaction, purpose, classes)
