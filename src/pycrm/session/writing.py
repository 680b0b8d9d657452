"""The verbs that write: each is permitted, checked, versioned and recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pycrm import revision as revisions
from pycrm.declare import Facet, Record, Ref
from pycrm.entities.amendment import Amendment
from pycrm.entities.sharing import Delegation, Share, ShareMode
from pycrm.scope.fields import shown
from pycrm.scope.sharing import Shared, is_seen_by
from pycrm.session.act import Act
from pycrm.session.scoring import Scoring

if TYPE_CHECKING:
    from pycrm.entities import Contact, Customer
    from pycrm.entities.customer import ContactDraft, CustomerDraft
    from pycrm.entities.erasure import Erasure
    from pycrm.entities.handover import Handover, HandoverUndo
    from pycrm.revision.model import Revision


__all__ = ["Writing"]

R = TypeVar("R", bound=Record)
F = TypeVar("F", bound=Facet)
A = TypeVar("A", bound="Record | Facet")


class Writing(Scoring):
    """What a writing session can do."""

    @overload
    def add(self, record: CustomerDraft, /, *, owner: Any = None) -> Customer: ...
    @overload
    def add(self, record: ContactDraft, /, *, owner: Any = None) -> Contact: ...
    @overload
    def add(self, record: A, /, *, owner: Any = None, pipeline: str | None = None) -> A: ...
    def add(self, record: Any, /, *, owner: Any = None, pipeline: str | None = None) -> Any:
        """Add a record, a facet or a draft, and return it as it is stored.

        Args:
            record: made by its class, or a draft such as ``Customer.organization(…)``.
            owner: whose it is; without it the actor's. Another person needs the right to assign.
            pipeline: the key of the pipeline in which it begins; without it the one whose condition the
                record meets, else the one that its class names.

        Raises:
            InvalidError: a rule of the record is broken, or there is no such pipeline for it.
            NotFoundError, ForbiddenError: it links out of sight; the actor may not add this, or not for that owner.
            ConflictError: it holds a value that is held elsewhere.
            AmendmentRequiredError: a facet sets a key field of a record that was there before.
        """
        with Act(self):
            if hasattr(record, "write"):
                return record.write(self, **({} if owner is None else {"owner": owner}))
            made = revisions.add.add_all(self.transaction, [record], [owner], pipeline)
            return shown(self.transaction, made[0])

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
        with Act(self):
            made = revisions.add.add_all(self.transaction, given, whose)
            return [shown(self.transaction, record) for record in made]

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
        with Act(self, record, because):
            return shown(tx := self.transaction, revisions.amendment.policy.change(tx, record, values))  # type: ignore[no-any-return]

    def change_where(
        self, cls: type[A], /, *conditions: Any, because: str | None = None, **values: Any
    ) -> int:
        """Change fields of all records that meet the conditions, in one act and one revision.

        Only records in the actor's sight and reach for changing count, none that is archived, and only
        those that differ get a new version and a change row, as `change` writes it. A whole set costs a few
        statements. Where each record has to be looked at (a `check` of its own, a hook on changes, an
        amendment policy, a link, money, a decimal or an instant) they are changed one by one, with the
        same result; what refuses one of them refuses all.

        Args:
            conditions: as in `find`.

        Returns:
            how many records were changed.

        Raises:
            AmendmentRequiredError: a key field.
            InvalidError: unknown, hidden, masked or computed fields, wrong values, and what is changed
                record by record: unique and special fields, lists, links that decide who sees the
                record, and fields that others are derived from.
            ForbiddenError: writing a field is not granted.
        """
        with Act(self, None, because):
            return revisions.where.change_where(self.transaction, cls, conditions, values)

    def amend(
        self,
        record: A,
        /,
        *,
        because: str | None = None,
        evidence: Sequence[str] = (),
        effective_on: date | None = None,
        split: bool = False,
        **values: Any,
    ) -> A | Amendment:
        """Change key fields with a reason: at once, or by an amendment where others have to agree.

        Which it is say the policies of the fields (`AmendmentPolicy`); where they are silent a key
        field changes at once, and reason and history are kept. Fields of a customer's party and of
        facets (`Organization`, `GradeOverride`) may be named too, and lists of child rows as in `change`.

        Args:
            because: the reason, of at least 5 characters or as many as the policy asks for.
            evidence: what proves it, each as a text, such as the number of a document.
            effective_on: the day from which it holds; a day to come makes it wait.
            split: where other fields stand beside key fields, change these at once (REV-3).

        Returns:
            the record as it is now, or the `Amendment` with its state.

        Raises:
            InvalidError: no reason or evidence, no change, a day that has passed, wrong values.
            AmendmentRequiredError: key fields and others, and nobody asked to split them.
            ConflictError: an amendment is open over one of these paths, or nobody can approve it.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with Act(self, record, because):
            tx = self.transaction
            made = revisions.amendment.propose.amend(
                tx, record, values, because, evidence, effective_on, split
            )
            return self._amended(made)  # type: ignore[no-any-return]

    def _amended(self, made: Any) -> Any:
        """A record as its reader is shown it, or an amendment taken as far as it goes by itself."""
        if isinstance(made, Amendment):
            return revisions.amendment.decide.finish(self.transaction, made)
        return shown(self.transaction, made)

    def archive(self, record: R, /, *, because: str | None = None) -> R:
        """Put a record away: it is found no more, and can be restored.

        Raises:
            ConflictError: it is archived already, or something holds it.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with Act(self, record, because):
            return shown(self.transaction, revisions.archive.archive(self.transaction, record))  # type: ignore[no-any-return]

    def restore(self, record: R, /, *, because: str | None = None) -> R:
        """Bring an archived record back; raises as `archive`."""
        with Act(self, record, because):
            return shown(self.transaction, revisions.archive.restore(self.transaction, record))  # type: ignore[no-any-return]

    def revert(self, revision: Revision, /, *, because: str) -> Any:
        """Take back what one revision changed, by a further one, and return the record as it is now.

        Key fields go back by an amendment. What the actor does not see stays as it is, and a child row
        that had been removed comes back as a new one. A facet is emptied of what it began with.

        Args:
            revision: of a change or an amendment, from `history`.
            because: the reason.

        Raises:
            ConflictError: later revisions touched the same paths (``data["later"]`` lists them), or the
                revision was no change of fields.
            InvalidError: it changed nothing that could be taken back, or a value is not allowed any more.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with Act(self, None, because):
            return self._amended(revisions.revert.revert(self.transaction, revision, because))

    def share(
        self,
        record: Record | Ref[Any],
        /,
        *,
        user: Any = None,
        unit: Any = None,
        mode: ShareMode = ShareMode.READ,
        part: str | None = None,
        until: date | None = None,
        because: str | None = None,
    ) -> Shared:
        """Let a person or a unit read one record with all that hangs on it, or work on it too.

        Owners share within the units of their own leader, leaders with anybody. A share gives no
        right to share on, to assign or to export, and shows no more than its giver sees.

        Args:
            user, unit: for whom; one of the two.
            part: what that person does in the record's team: "presales engineer".
            until: the last day; without it the share lasts until it is archived.

        Returns:
            the share, and whether it shows the receiver anything new.

        Raises:
            InvalidError: nobody or two receivers, a day that has passed, a record without an owner.
            NotFoundError: the record is missing or out of scope.
            ForbiddenError: the actor neither owns nor leads it, or the receiver is too far away.
        """
        ref: Any = record if isinstance(record, Ref) else record.ref
        seen = [] if user is None else [self._reads(user, ref)]
        share = Share(
            entity=ref.entity,
            record=ref.id,
            user=user,
            unit=unit,
            mode=mode,
            part=part,
            until=until,
            reason=because,
        )
        return Shared(self.add(share), not any(seen) or mode is ShareMode.WORK)

    def _reads(self, user: Any, ref: Ref[Any]) -> bool:
        return is_seen_by(self.transaction, user.id, self.crm.record(ref.entity), ref.id)

    def delegate(
        self, receiver: Any, /, *, actions: Sequence[str], since: date, until: date, because: str
    ) -> Delegation:
        """Give another person the own reach for some actions, from a day to a day (SCO-12).

        What that person does by it says on whose behalf. It cannot be passed on, and ends by itself,
        or when the delegation is archived.

        Raises:
            InvalidError: to oneself, an unknown action, or an end before the beginning.
            ConflictError: the same two people have a delegation over some of these days.
        """
        names = tuple(str(getattr(action, "value", action)) for action in actions)
        return self.add(
            Delegation(receiver=receiver, actions=names, since=since, until=until, reason=because)
        )

    def assign(self, record: R, /, owner: Any, *, because: str | None = None) -> R:
        """Hand one record to another person, and return it as it is now.

        What others see through the record they see by its new owner from the commit on. Records
        that belong to it keep the owners that they have of their own; `hand_over` moves all.

        Args:
            owner: a user, by login, id, reference or record.

        Raises:
            ForbiddenError: assigning it is not granted, or not to that person (SCO-9).
            InvalidError: the person has left or is suspended, or records of this kind are not handed on.
            StaleError, NotFoundError: as for `change`.
        """
        with Act(self, record, because):
            made = revisions.assign.assign(self.transaction, record, owner)
            return shown(self.transaction, made)  # type: ignore[no-any-return]

    def hand_over(self, giver: Any, /, to: Any, *, because: str) -> Handover:
        """Pass all that a person owns to others, in one act and one revision (SUP-10 to SUP-12).

        Every record with an owner goes, of the core and of plugins, open, closed and archived, as
        far as the actor's right to assign reaches; what lies in no sight of the actor stays and
        changes no answer. Stages, dates, authors and history stay as they are. Hooks on single
        changes are not called.

        Args:
            giver: a user, by login, id, reference or record, also one who has left.
            to: a user likewise, who takes everything; or a list of `HandoverReceiver`.
            because: the reason, of at least 5 characters.

        Raises:
            ForbiddenError: records in sight are not the actor's to assign, counted by kind in
                ``data["counts"]``, or a receiver is out of reach.
            InvalidError: a receiver has left or is suspended, the rules contradict each other, or
                leave records without a receiver (``data["counts"]`` and ``data["records"]``).
            NotFoundError: no such user, customer or region in sight.
            ConflictError: the giver owns nothing that the actor could hand over.
            StaleError: others handed on the same records meanwhile.
        """
        with Act(self, None, because):
            return revisions.handover.hand_over(self.transaction, giver, to, because)

    def undo_handover(self, handover: Handover, /, *, because: str) -> HandoverUndo:
        """Return within 7 days whatever has not changed since a handover, and list the rest (SUP-14).

        What belongs to a record that stays, stays with it.

        Raises:
            ConflictError: it was undone before, or is older than 7 days.
            InvalidError: the giver has left or is suspended, or there is no reason.
            ForbiddenError: as for `hand_over`.
            StaleError, NotFoundError: as for `change`.
        """
        with Act(self, handover, because):
            return revisions.handover.undo(self.transaction, handover, because)

    def erase(self, record: Record | Ref[Any], /, *, because: str) -> Erasure:
        """Erase the person behind a customer, a contact or a party, everywhere, for good (COR-29).

        Of every record that is about the person, personal fields and free texts go, and ways of
        contact; what others wrote loses the person's name and addresses. In history the values become
        tombstones; time, author and field stay, and the chain still holds. Records that the law
        demands (`Retain`) stay, under the pseudonym that takes the place of the name.

        Returns:
            the evidence: what went, what stayed and why.

        Raises:
            ForbiddenError: the actor may not create an `Erasure`, which is the right to erase.
            HeldError: a legal hold forbids it; ``data["reason"]`` says why.
            InvalidError: no person, or a reason of fewer than 5 characters.
            StaleError: a record of the person is being changed by somebody else.
            NotFoundError: it is missing or out of scope.
        """
        ref: Any = record if isinstance(record, Ref) else record.ref
        found: Any = self.get(ref)
        with Act(self, found, because):
            return revisions.erase.erase(self.transaction, found, because)

    def forget(self, record: A, /, *names: str, because: str) -> A:
        """Empty personal fields of a record, now and in its history, since they may be kept no longer.

        Their values become tombstones, the reasons of their changes with them; the chain still holds.

        Args:
            names: fields that are personal, may be empty, and are no key fields.

        Raises:
            ForbiddenError: the actor may not create an `Erasure`, which is the right to erase.
            HeldError: a legal hold lies on the person that the record describes.
            InvalidError: no such field, or one that does not go by itself.
            StaleError, NotFoundError: as for `erase`.
        """
        found: Any = self._in_sight(record)
        with Act(self, found, because):
            return shown(self.transaction, revisions.erase.forget_fields(self.transaction, found, names))  # type: ignore[no-any-return]

    def hold(self, record: R | Ref[R], /) -> R:
        """Make everybody else who holds this record wait until this session ends; it is returned as it is now.

        A rule over several rows (a budget, one leader at a time) is kept under two who write at once where
        each first holds the record that the rows belong to. Whoever merely changes it waits too.

        Raises:
            NotFoundError, StoreError: it is missing or out of scope; this session only reads.
        """
        with Act(self):
            cls, id = self._named(record if isinstance(record, Ref) else record.ref, None)
            return revisions.hold.hold(self.transaction, cls, id)  # type: ignore[no-any-return]

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Writes within are undone when they are refused, and the session goes on: for work over many rows."""
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
