"""Rules of the core's nouns that need other data than the record itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pycrm.declare.policy import OWN_PAIR
from pycrm.entities.activity import Activity, Commitment, Task
from pycrm.entities.amendment import Amendment
from pycrm.entities.customer import Contact, Customer
from pycrm.entities.handover import Handover
from pycrm.entities.lead import Lead
from pycrm.entities.opportunity import Opportunity, OpportunityLine
from pycrm.entities.org import OrgUnit, RoleAssignment, User
from pycrm.entities.party import Party
from pycrm.entities.product import Product, ProductState
from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.scope.actor import Source

__all__ = [
    "refuse_closing_with_work",
    "refuse_early_close",
    "refuse_late_correction",
    "refuse_leaving_with_work",
    "refuse_other_terms",
    "refuse_own_hand",
    "refuse_retired_product",
    "refuse_rewriting",
    "refuse_second_primary",
    "refuse_unfounded_estimate",
    "refuse_unreachable",
    "refuse_used_product",
    "refuse_used_unit",
]

_CORRECTED_WITHIN = timedelta(hours=24)
_CLOSES = ("expected_close", "closed_on")


def refuse_other_terms(after: dict[str, Any]) -> None:
    """A share or a delegation is ended; for other terms a new one is given, and held against the rules."""
    others = [Problem(name, "rule", "end it and give a new one") for name in after if name != "archived_at"]
    if others:
        raise ConflictError("a share or delegation is ended, not changed", fields=others)


def refuse_second_primary(session: Any, contact: Contact) -> None:
    """A customer has at most one primary contact (COR-7)."""
    table = Contact.__table__.c
    statement = sa.select(table.id).where(
        table.customer_id == contact.customer.id, table.is_primary.is_(True), table.archived_at.is_(None)
    )
    others = [row for row in session.transaction.fetch(statement) if not session.is_same(row[0], contact)]
    if others:
        problem = Problem("is_primary", "rule", "the customer has a primary contact already")
        raise ConflictError(problem.message, fields=[problem])


def refuse_unreachable(session: Any, party: Party, points: Any) -> None:
    """A customer keeps at least one way of contact (COR-E1)."""
    table = Customer.__table__.c
    if not points and session.transaction.fetch(
        sa.select(table.id).where(table.party_id == party.id, table.archived_at.is_(None))
    ):
        missing = Problem("contact_points", "required", "at least one way of contact is required")
        raise InvalidError("a customer needs at least one way of contact", fields=[missing])


def refuse_used_unit(session: Any, unit: OrgUnit) -> None:
    """A unit is not put away while people, records or units are in it (COR-25)."""
    tx = session.transaction
    people, below, given = User.__table__.c, OrgUnit.__table__.c, RoleAssignment.__table__.c
    asked = {
        "people": [sa.select(people.id).where(people.home_unit_id == unit.id, people.archived_at.is_(None))],
        "units": [sa.select(below.id).where(below.parent_id == unit.id, below.archived_at.is_(None))],
        "roles": [sa.select(given.id).where(given.unit_id == unit.id, given.archived_at.is_(None))],
        "records": [
            sa.select(cls.__table__.c.id).where(
                cls.__table__.c.owner_unit_id == unit.id, cls.__table__.c.archived_at.is_(None)
            )
            for cls in tx.crm.records()
            # A handover of the past holds nothing open in the giver's unit.
            if OWN_PAIR in cls.__scope__.pairs and cls is not Handover
        ],
    }
    held = [word for word, each in asked.items() if any(tx.fetch(one.limit(1)) for one in each)]
    if held:
        raise ConflictError(f"the unit still holds {' and '.join(held)}", data={"holds": held})


def refuse_used_product(session: Any, product: Product) -> None:
    """A product that stands on a line is retired, not put away (COR-13)."""
    lines = OpportunityLine.__table__.c
    if session.transaction.fetch(sa.select(lines.id).where(lines.product_id == product.id).limit(1)):
        raise ConflictError(
            "the product stands on opportunities; retire it instead", data={"holds": ["opportunities"]}
        )


def refuse_retired_product(session: Any, before: Any, after: Any) -> None:
    """An old line keeps its retired product, but is not moved to another one (COR-13)."""
    kept = {line.id: line.product for line in before}
    retired = [
        Problem(f"lines/{index}/product", "rule", "the product is retired")
        for index, line in enumerate(after)
        if not line.is_new
        and line.product != kept.get(line.id)
        and session.get(line.product).state is ProductState.RETIRED
    ]
    if retired:
        raise InvalidError("a retired product cannot be put on a new line", fields=retired)


def refuse_early_close(session: Any, opportunity: Opportunity, dates: dict[str, Any]) -> None:
    """An opportunity does not close before the day on which it was filed (PIP-E6).

    What is imported or synchronised was filed elsewhere, on a day that is not known here.
    """
    if session.actor.source in (Source.IMPORT, Source.SYNC):
        return
    filed = session.crm.calendar_day(opportunity.created_at)
    early = [
        Problem(name, "range", f"lies before {filed.isoformat()}, when the opportunity was filed")
        for name in _CLOSES
        if dates.get(name) is not None and dates[name] < filed
    ]
    if early:
        raise InvalidError(f"{early[0].path} {early[0].message}", fields=early)


def refuse_unfounded_estimate(session: Any, opportunity: Opportunity, percent: int | None) -> None:
    """An own estimate of the probability has a reason, and none is made of what is decided (PIP-5)."""
    if percent is None:
        return
    if session.stage(opportunity).is_closed:
        wrong = Problem(
            "manual_probability", "rule", "a decided opportunity has the probability of its stage"
        )
        raise InvalidError(wrong.message, fields=[wrong])
    if not (session.transaction.memo.get("reason") or "").strip():
        missing = Problem("because", "required", "say why the probability is not that of the stage")
        raise InvalidError(missing.message, fields=[missing])


def refuse_late_correction(session: Any, activity: Activity) -> None:
    """An activity is closed after 24 hours: what was wrong is said in a note beside it (COR-14)."""
    if activity.created_at + _CORRECTED_WITHIN < session.now:
        raise ConflictError(
            "an activity is closed 24 hours after its entry; add a note with the correction",
            data={"closed_at": (activity.created_at + _CORRECTED_WITHIN).isoformat()},
        )


def refuse_rewriting(handover: Handover) -> None:
    """What was handed over stays as it was written; `undo_handover` alone goes on from it."""
    raise ConflictError(
        "a handover is not changed; undo it, or hand over again", data={"id": str(handover.id)}
    )


def refuse_own_hand(amendment: Amendment) -> None:
    """An amendment goes its way by the verbs that decide on it, and stays as it went."""
    raise ConflictError("an amendment is decided on, not changed", data={"id": str(amendment.id)})


def refuse_leaving_with_work(session: Any, user: User) -> None:
    """Nobody leaves while open records are theirs: these are handed over first (COR-26)."""
    tx = session.transaction
    work = {
        Customer: None,
        Lead: Lead.stage.in_(_open_stages(tx, Lead)),
        Opportunity: Opportunity.stage.in_(_open_stages(tx, Opportunity)),
        Task: Task.stage.in_(_open_stages(tx, Task)),
        Commitment: Commitment.stage.in_(_open_stages(tx, Commitment)),
    }
    holds: dict[str, int] = {}
    for cls, is_open in work.items():
        table = cls.__table__.c
        statement = sa.select(sa.func.count()).where(table.owner_id == user.id, table.archived_at.is_(None))
        number = tx.fetch(statement if is_open is None else statement.where(is_open))[0][0]
        if number:
            holds[cls.__name__] = int(number)
    if holds:
        raise ConflictError("the user still owns open records; hand them over first", data={"holds": holds})


def refuse_closing_with_work(session: Any, customer: Customer) -> None:
    """A customer with open items is not closed: those that the mover sees, since others tell nothing."""
    holds: dict[str, int] = {}
    for cls in (Opportunity, Task, Commitment):
        is_open = cls.stage.in_(_open_stages(session.transaction, cls))
        # Whoever is not shown where they stand is not told of them.
        with suppress(InvalidError):
            holds[cls.__name__] = session.count(cls, cls.customer == customer, is_open)
    if any(holds.values()):
        holds = {name: number for name, number in holds.items() if number}
        raise ConflictError("the customer still has open items; close them first", data={"holds": holds})


def _open_stages(tx: Any, cls: Any) -> set[str]:
    """The stages in which work goes on, of every pipeline of a class."""
    return {
        stage.key
        for key in tx.crm.pipelines.keys_of(tx, cls)
        for stage in tx.crm.pipelines.current(tx, key).pipeline.stages
        if not stage.is_closed
    }
