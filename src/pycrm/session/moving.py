"""The verbs by which records go through their pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from pycrm import pipeline as pipelines
from pycrm.declare import Record
from pycrm.entities.amendment import Amendment
from pycrm.scope.fields import shown
from pycrm.session.act import Act
from pycrm.session.deciding import Deciding

if TYPE_CHECKING:
    from uuid import UUID

    from pycrm.declare import Ref
    from pycrm.entities import Contact, Customer, Lead, Opportunity
    from pycrm.entities.customer import ContactDraft, CustomerDraft, Department
    from pycrm.pipeline.execute import Trial
    from pycrm.session.converting import Conversion

__all__ = ["Moving"]

R = TypeVar("R", bound=Record)


class Moving(Deciding):
    """What a writing session does with pipelines."""

    def move(self, record: R, /, to: str, *, because: str | None = None, **values: Any) -> R:
        """Take a record to another stage of its pipeline, supplying missing fields in the same act.

        Args:
            to: the key of a stage or of a move.
            because: the comment; some moves ask for one.

        Raises:
            MoveError: a gate is not met; ``data["missing"]`` lists every requirement. A required field
                that is hidden from the mover counts as empty unless a value for it comes with the move.
            ConflictError: no such move leads out of the stage; ``data["allowed"]`` lists those that do.
            InvalidError: the name fits several moves, or a supplied value is wrong.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with Act(self, record, because):
            made = pipelines.execute.move(self.transaction, record, to, values, because)
            return shown(self.transaction, made)  # type: ignore[no-any-return]

    def try_move(self, record: Record, /, to: str, *, because: str | None = None, **values: Any) -> Trial:
        """What `move` with the same arguments would do; nothing is done.

        Returns:
            the record as it would be, or the refusal that `move` would raise.

        Raises:
            NotFoundError: the record is missing or out of scope.
        """
        with Act(self, record, because):
            found = pipelines.execute.trial(self.transaction, record, to, values, because)
            made = None if found.record is None else shown(self.transaction, found.record)
            return attrs.evolve(found, record=made)

    def propose(
        self,
        record: Record,
        /,
        to: str,
        *,
        because: str,
        evidence: Sequence[str] = (),
        **values: Any,
    ) -> Amendment:
        """Put a move before those who have to agree to it; it is taken when the last of them has.

        What comes with the move waits with it. Each time somebody decides, the gates are asked anew.

        Args:
            to: the key of a stage or of a move that names an approval flow.
            because: the reason, of at least 5 characters.
            evidence: what proves it, each as a text.

        Returns:
            the amendment with its state.

        Raises:
            MoveError: a gate besides the consent is not met.
            InvalidError: nobody has to agree to this move; no reason; a supplied value is wrong.
            ConflictError: no such move leads out of the stage, another one waits already, or there is
                nobody who could agree.
            StaleError, NotFoundError, ForbiddenError: as for `change`.
        """
        with Act(self, record, because):
            return pipelines.proposing.propose(self.transaction, record, to, values, because, evidence)

    def convert(
        self,
        lead: Lead,
        /,
        *,
        customer: Customer | CustomerDraft | Ref[Customer] | UUID | None = None,
        contact: Contact | ContactDraft | Ref[Contact] | UUID | None = None,
        department: Department | str = "other",
        opportunity: Mapping[str, Any] | Opportunity | Ref[Opportunity] | UUID | None = None,
        because: str | None = None,
    ) -> Conversion:
        """Make a lead a customer, or add it to one, with all that was written of it (COR-11).

        Activities, commitments, tasks and notes of the lead, open and done, and records of plugins that are
        seen through both, are the customer's from now on and stay with the lead too. The lead names the
        customer (`Lead.converted_to`), an opportunity the lead (`Opportunity.source_lead`). What is new
        belongs to the owner of the lead.

        Args:
            customer: one that there is, or a draft; without it the lead's company becomes an organisation, and
                a lead without a company a person.
            contact: one of that customer, or a draft; without it an organisation gets a person of the lead's
                name. A customer that is a person has none.
            department: of the contact that is made.
            opportunity: one of that customer, or the fields of a new one: at least ``name`` and
                ``expected_close``. Need and campaign come from the lead.
            because: the reason.

        Raises:
            ConflictError: it was converted before, is in no stage from which it can be, or its mobile number or
                mailbox is held by a customer: name that one.
            InvalidError: contact or opportunity belong to another customer, a rule is broken, or the actor is
                not shown what a customer would be made of.
            StaleError, NotFoundError, ForbiddenError: as for `change`, and as for `add`.
        """
        with Act(self, lead, because):
            # Who converts nothing need not wait for what it takes.
            from pycrm.session.converting import convert

            made = convert(self, lead, customer, contact, department, opportunity)
            return made._replace(lead=shown(self.transaction, made.lead))

    def move_where(
        self, cls: type[R], /, *conditions: Any, to: str, because: str | None = None, **values: Any
    ) -> int:
        """Take a move of all records that meet the conditions, in one act and one revision.

        Only records in the actor's sight and reach for changing count, none that is archived. Each is
        held against its gates, and what refuses one of them refuses all.

        Args:
            conditions: as in `find`.
            to: the key of a stage or of a move, which must lead out of where each of them stands.
            because: the comment.

        Returns:
            how many records were moved.

        Raises:
            MoveError, ConflictError, ForbiddenError: as for `move`.
            InvalidError: as for `move`, and values that `change_where` takes for no set of records.
        """
        with Act(self, None, because):
            return pipelines.execute.move_where(self.transaction, cls, conditions, to, values, because)
