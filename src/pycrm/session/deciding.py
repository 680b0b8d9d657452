"""The verbs about amendments: reading what is proposed, and deciding on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pycrm import revision as revisions
from pycrm.declare import Facet, Record
from pycrm.entities.amendment import Amendment
from pycrm.errors import NotFoundError
from pycrm.scope.fields import shown
from pycrm.scope.gateway import fetch_some, not_found
from pycrm.session.act import Act
from pycrm.session.forecasting import Forecasting

if TYPE_CHECKING:
    from pycrm.revision.amendment import AmendmentLine, Batch, Decided, Planned
    from pycrm.revision.model import Revision

__all__ = ["Deciding"]

A = TypeVar("A", bound="Amendment | Batch")


class Deciding(Forecasting):
    """What those who are asked, and those who ask, can do with amendments."""

    def inbox(self) -> list[Amendment | Batch]:
        """The amendments that wait for the actor's decision, the oldest first.

        Also those that wait for somebody who delegated ``approve`` to the actor, and conflicted ones
        that the actor may rebase or reject. Those that one import asked for are one `Batch`.
        """
        return revisions.amendment.view.inbox(self.transaction)

    def waiting(self) -> int:
        """How many decisions wait for the actor: the length of `inbox`, without reading it."""
        return revisions.amendment.view.waiting(self.transaction)

    def batch(self, id: UUID, /) -> Batch:
        """All that one import has asked for by amendments, as far as the actor sees the records.

        Raises:
            NotFoundError: there is no such batch, or none of its records is in sight.
        """
        found = revisions.amendment.view.batch(self.transaction, self._named(Amendment, id)[1])
        if found is None:
            raise NotFoundError("no such batch")
        return found

    def lines(self, amendment: Amendment | Batch, /) -> list[AmendmentLine]:
        """What an amendment changes: of each path the base, what is proposed, and what is there now.

        Values of fields that are hidden from the reader are left out, as in the history. Of a batch
        they are the lines of its amendments, one after the other.

        Raises:
            NotFoundError: the amendment is missing or out of scope.
        """
        if isinstance(amendment, revisions.amendment.Batch):
            seen = fetch_some(self.transaction, Amendment, (one.id for one in amendment.amendments))
            return revisions.amendment.view.lines(self.transaction, seen)
        if not isinstance(amendment, Amendment):
            raise not_found(Amendment)
        return revisions.amendment.view.lines(self.transaction, [self._in_sight(amendment)])

    def ahead(self, record: Record | Facet, /) -> list[Planned]:
        """What will change of the record, its party and their facets by itself, the earliest first.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        return revisions.amendment.view.ahead(self.transaction, self._kin(self._in_sight(record)))

    def overrides(self, since: datetime, until: datetime) -> list[Revision]:
        """What top management changed past the flows between two instants, newest first (REV-18)."""
        return revisions.amendment.view.overrides(self.transaction, since, until)

    def approve(self, amendment: A, /, *, because: str | None = None) -> A:
        """Agree to an amendment; the last of those who are asked makes it true, or schedules it.

        It is checked again with the rights of its submitter and the values of now. Where these are not
        what the submitter saw, nothing is applied and the state is ``conflicted``. Of a batch all that
        wait are agreed to, or none where one of them is refused; `decide` takes each by itself.

        Raises:
            ForbiddenError: the actor submitted it or was not asked, or the submitter may not change
                the record any more.
            ConflictError: it was decided in the meantime.
            StaleError: it was submitted again since it was read.
            RefusedError: a rule refuses the change by now; nothing was decided.
        """
        with Act(self, _single(amendment), because):
            return revisions.amendment.decide.approve(self.transaction, amendment, because)  # type: ignore[no-any-return]

    def reject(self, amendment: A, /, *, because: str) -> A:
        """Refuse an amendment, or all of a batch, with a comment for its submitter; raises as `approve`.

        Raises:
            InvalidError: there is no comment.
        """
        with Act(self, _single(amendment), because):
            return revisions.amendment.decide.reject(self.transaction, amendment, because)  # type: ignore[no-any-return]

    def return_(self, amendment: Amendment, /, *, because: str) -> Amendment:
        """Send an amendment back to its submitter for change; raises as `reject`."""
        with Act(self, amendment, because):
            return revisions.amendment.decide.return_(self.transaction, amendment, because)

    def submit(self, amendment: Amendment, /, *, because: str | None = None, **values: Any) -> Amendment:
        """Submit again what was sent back; with values it asks for these instead of the former ones.

        Raises:
            ForbiddenError: somebody else submitted it.
            ConflictError: it was not sent back, or what it asks for is there already.
        """
        with Act(self, amendment, because):
            return revisions.amendment.decide.submit(self.transaction, amendment, values, because)

    def withdraw(self, amendment: A, /, *, because: str | None = None) -> A:
        """Take back what one submitted, an amendment or a batch, until the first decision (REV-16).

        Raises:
            ForbiddenError: somebody else submitted it.
            ConflictError: somebody has decided on it already.
        """
        with Act(self, _single(amendment), because):
            return revisions.amendment.decide.withdraw(self.transaction, amendment, because)  # type: ignore[no-any-return]

    def rebase(self, amendment: Amendment, /) -> Amendment:
        """Base a conflicted amendment on the values of now; its approval starts again (REV-7).

        Raises:
            ForbiddenError: the actor neither submitted it nor was asked.
            ConflictError: it is not conflicted, or what it asks for is there already.
        """
        with Act(self, amendment):
            return revisions.amendment.decide.rebase(self.transaction, amendment)

    def enlist(self, amendment: Amendment, who: Any, /) -> Amendment:
        """Ask one more person, without whose agreement the step is not passed.

        Args:
            who: a user, by login, id, reference or record.

        Raises:
            ForbiddenError: the actor was not asked.
            InvalidError: the submitter, somebody who is asked already, or who does not see the record.
        """
        with Act(self, amendment):
            return revisions.amendment.decide.enlist(self.transaction, amendment, who)

    def entrust(self, amendment: Amendment, who: Any, /, *, because: str | None = None) -> Amendment:
        """Leave the own decision on one amendment to another person; raises as `enlist`."""
        with Act(self, amendment, because):
            return revisions.amendment.decide.entrust(self.transaction, amendment, who, because)

    def decide(
        self,
        amendments: Batch | Sequence[Amendment | Batch],
        verdict: str,
        /,
        *,
        because: str | None = None,
    ) -> list[Decided]:
        """Approve or reject several amendments, each by itself: one that is refused stops no other.

        Args:
            amendments: a batch, or amendments and batches, such as the whole `inbox`.
            verdict: ``"approve"`` or ``"reject"``.

        Raises:
            InvalidError: another verdict, or a rejection without comment.
        """
        with Act(self, None, because):
            some = [amendments] if isinstance(amendments, revisions.amendment.Batch) else amendments
            return revisions.amendment.decide.decide(self.transaction, some, verdict, because)

    def override(self, record: Any, /, *, because: str, **values: Any) -> Any:
        """Apply an amendment, or write key fields, past every flow: for top management alone (REV-18).

        The revision is marked, and `overrides` lists it.

        Raises:
            ForbiddenError: the actor does not belong to top management, or submitted it.
            InvalidError: no reason of at least 5 characters, or values beside an amendment.
        """
        with Act(self, record, because):
            tx = self.transaction
            if isinstance(record, Amendment) and not values:
                return revisions.amendment.decide.override(tx, record, because)
            self._in_sight(record)
            revisions.amendment.decide.refuse_no_top(tx)
            return shown(tx, revisions.amendment.propose.override(tx, record, values, because))


def _single(what: Amendment | Batch) -> Amendment | None:
    """The record that a decision is about, where it is one."""
    return None if isinstance(what, revisions.amendment.Batch) else what
