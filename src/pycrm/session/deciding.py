"""The verbs about amendments: reading what is proposed, and deciding on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pycrm.declare import Facet, Record
from pycrm.entities.amendment import Amendment
from pycrm.revision.amendment import AmendmentLine, Decided, Planned, propose, view
from pycrm.revision.amendment import decide as deciding
from pycrm.revision.model import Revision
from pycrm.scope.fields import shown
from pycrm.session.act import Act
from pycrm.session.forecasting import Forecasting

__all__ = ["Deciding"]


class Deciding(Forecasting):
    """What those who are asked, and those who ask, can do with amendments."""

    def inbox(self) -> list[Amendment]:
        """The amendments that wait for the actor's decision, the oldest first.

        Also those that wait for somebody who delegated ``approve`` to the actor, and conflicted ones
        that the actor may rebase or reject.
        """
        return view.inbox(self.transaction)

    def lines(self, amendment: Amendment, /) -> list[AmendmentLine]:
        """What an amendment changes: of each path the base, what is proposed, and what is there now.

        Values of fields that are hidden from the reader are left out, as in the history.

        Raises:
            NotFoundError: the amendment is missing or out of scope.
        """
        return view.lines(self.transaction, self._in_sight(amendment))

    def ahead(self, record: Record | Facet, /) -> list[Planned]:
        """What will change of the record, its party and their facets by itself, the earliest first.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        return view.ahead(self.transaction, self._kin(self._in_sight(record)))

    def overrides(self, since: datetime, until: datetime) -> list[Revision]:
        """What top management changed past the flows between two instants, newest first (REV-18)."""
        return view.overrides(self.transaction, since, until)

    def approve(self, amendment: Amendment, /, *, because: str | None = None) -> Amendment:
        """Agree to an amendment; the last of those who are asked makes it true, or schedules it.

        It is checked again with the rights of its submitter and the values of now. Where these are not
        what the submitter saw, nothing is applied and the state is ``conflicted``.

        Raises:
            ForbiddenError: the actor submitted it or was not asked, or the submitter may not change
                the record any more.
            ConflictError: it was decided in the meantime.
            StaleError: it was submitted again since it was read.
            RefusedError: a rule refuses the change by now; nothing was decided.
        """
        with Act(self, amendment, because):
            return deciding.approve(self.transaction, amendment, because)

    def reject(self, amendment: Amendment, /, *, because: str) -> Amendment:
        """Refuse an amendment with a comment, which its submitter reads; raises as `approve`.

        Raises:
            InvalidError: there is no comment.
        """
        with Act(self, amendment, because):
            return deciding.reject(self.transaction, amendment, because)

    def return_(self, amendment: Amendment, /, *, because: str) -> Amendment:
        """Send an amendment back to its submitter for change; raises as `reject`."""
        with Act(self, amendment, because):
            return deciding.return_(self.transaction, amendment, because)

    def submit(self, amendment: Amendment, /, *, because: str | None = None, **values: Any) -> Amendment:
        """Submit again what was sent back; with values it asks for these instead of the former ones.

        Raises:
            ForbiddenError: somebody else submitted it.
            ConflictError: it was not sent back, or what it asks for is there already.
        """
        with Act(self, amendment, because):
            return deciding.submit(self.transaction, amendment, values, because)

    def withdraw(self, amendment: Amendment, /, *, because: str | None = None) -> Amendment:
        """Take back what one submitted, until the first decision (REV-16).

        Raises:
            ForbiddenError: somebody else submitted it.
            ConflictError: somebody has decided on it already.
        """
        with Act(self, amendment, because):
            return deciding.withdraw(self.transaction, amendment, because)

    def rebase(self, amendment: Amendment, /) -> Amendment:
        """Base a conflicted amendment on the values of now; its approval starts again (REV-7).

        Raises:
            ForbiddenError: the actor neither submitted it nor was asked.
            ConflictError: it is not conflicted, or what it asks for is there already.
        """
        with Act(self, amendment):
            return deciding.rebase(self.transaction, amendment)

    def enlist(self, amendment: Amendment, who: Any, /) -> Amendment:
        """Ask one more person, without whose agreement the step is not passed.

        Args:
            who: a user, by login, id, reference or record.

        Raises:
            ForbiddenError: the actor was not asked.
            InvalidError: the submitter, somebody who is asked already, or who does not see the record.
        """
        with Act(self, amendment):
            return deciding.enlist(self.transaction, amendment, who)

    def entrust(self, amendment: Amendment, who: Any, /, *, because: str | None = None) -> Amendment:
        """Leave the own decision on one amendment to another person; raises as `enlist`."""
        with Act(self, amendment, because):
            return deciding.entrust(self.transaction, amendment, who, because)

    def decide(
        self, amendments: Sequence[Amendment], verdict: str, /, *, because: str | None = None
    ) -> list[Decided]:
        """Approve or reject several amendments, each by itself: one that is refused stops no other.

        Args:
            verdict: ``"approve"`` or ``"reject"``.

        Raises:
            InvalidError: another verdict, or a rejection without comment.
        """
        with Act(self, None, because):
            return deciding.decide(self.transaction, amendments, verdict, because)

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
                return deciding.override(tx, record, because)
            self._in_sight(record)
            deciding.refuse_no_top(tx)
            return shown(tx, propose.override(tx, record, values, because))
