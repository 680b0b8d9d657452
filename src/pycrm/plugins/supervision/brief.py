"""What a receiver has to know of a customer, and the pages of a handover (交接)."""

from __future__ import annotations

from typing import Any

import attrs

from pycrm import (
    Activity,
    Commitment,
    Contact,
    Customer,
    Handover,
    HandoverPreview,
    Money,
    NotReadError,
    Opportunity,
    Party,
    Product,
    Ref,
    Session,
    User,
)
from pycrm.plugins.supervision.people import people

__all__ = ["Brief", "Deal", "HandoverPage", "Price", "brief", "briefs", "handover_page"]

_LAST_ACTIVITIES = 3
_LAST_PRICES = 5
# What no plugin of this product tells of yet.
_UNAVAILABLE = ("complaints", "receivables")


@attrs.frozen
class Deal:
    """An open opportunity: its stage by name, and what comes next."""

    record: Opportunity
    stage: str
    next_step: str | None


@attrs.frozen
class Price:
    """A price that stood on an opportunity."""

    product: Ref[Product]
    unit_price: Money
    opportunity: Ref[Opportunity]


@attrs.frozen
class Brief:
    """A customer in one look (SUP-13), as far as the reader sees what belongs to it.

    Args:
        grade: by the score, or the signing grade where there is none.
        activities: the last three, the newest first.
        commitments: open ones of anyone, the earliest first.
        prices: the last that were asked, the newest first.
        unavailable: what nobody tells of here.
    """

    customer: Customer
    party: Party
    grade: str | None
    contacts: tuple[Contact, ...]
    activities: tuple[Activity, ...]
    commitments: tuple[Commitment, ...]
    deals: tuple[Deal, ...]
    prices: tuple[Price, ...]
    unavailable: tuple[str, ...] = _UNAVAILABLE


def brief(session: Session, customer: Customer | Ref[Customer]) -> Brief:
    """What there is to know of a customer before one meets it.

    Raises:
        NotFoundError: it is missing or out of scope.
    """
    found: Customer = session.get(customer if isinstance(customer, Ref) else customer.ref)
    deals = session.find(Opportunity, Opportunity.customer == found.id, order=Opportunity.created_at.desc())
    stages = [session.stage(one) for one in deals]
    score = session.score(found)
    return Brief(
        customer=found,
        party=session.get(found.party),
        grade=score.grade if score is not None else found.signing_grade,
        contacts=tuple(session.find(Contact, Contact.customer == found.id, order=Contact.name)),
        activities=tuple(
            session.find(
                *(Activity, Activity.customer == found.id),
                order=Activity.started_at.desc(),
                limit=_LAST_ACTIVITIES,
            )
        ),
        commitments=tuple(
            session.find(
                *(Commitment, Commitment.customer == found.id, Commitment.stage == "open"),
                order=Commitment.due_on,
            )
        ),
        deals=tuple(
            Deal(one, stage.label, _shown(one, "next_step"))
            for one, stage in zip(deals, stages, strict=True)
            if not stage.is_closed
        ),
        prices=tuple(_prices(session, deals)),
    )


def _shown(record: Any, name: str) -> Any:
    """A field, or nothing where it is hidden from the reader."""
    try:
        return getattr(record, name)
    except NotReadError:
        return None


def _prices(session: Session, deals: list[Opportunity]) -> list[Price]:
    found: list[Price] = []
    for deal in deals:
        for line in session.children(deal).lines:
            price = _shown(line, "unit_price")
            if price is not None:
                found.append(Price(line.product, price, deal.ref))
        if len(found) >= _LAST_PRICES:
            break
    return found[:_LAST_PRICES]


def briefs(session: Session, handover: Handover | Ref[Handover]) -> list[Brief]:
    """The briefs of the customers of a handover that the reader sees, by name of the customer.

    Raises:
        NotFoundError: the handover is missing or out of scope.
    """
    found: Handover = session.get(handover if isinstance(handover, Ref) else handover.ref)
    receivers = {one.receiver.id for one in session.children(found).receivers}
    held = session.find(Customer, Customer.owner.in_(sorted(receivers)), order=Customer.name)
    went = [one for one in held if session.owners(one)[-1].since == found.done_at]
    return [brief(session, one) for one in went]


@attrs.frozen
class HandoverPage:
    """The four steps of a handover on a page: who, to whom, what would move, and what was done.

    Args:
        giver: who hands over; `receivers` those to whom the actor may hand.
        preview: what would move, once it is known to whom.
        done: the handovers of this giver that the actor sees, the newest first.
    """

    giver: User
    receivers: tuple[User, ...]
    preview: HandoverPreview | None
    done: tuple[Handover, ...]


def handover_page(session: Session, giver: User | Ref[User], to: Any = None) -> HandoverPage:
    """What the page of a handover shows; `session.hand_over` does it.

    Args:
        to: as of `session.hand_over`, once it is chosen.

    Raises:
        ForbiddenError: the actor may hand over nothing.
        InvalidError: a receiver has left, or the rules contradict each other.
    """
    user: User = session.get(giver if isinstance(giver, Ref) else giver.ref)
    others = tuple(one for one in people(session) if one.id != user.id)
    preview = None if to is None else session.preview_handover(user, to)
    done = session.find(Handover, Handover.giver == user.id, order=Handover.done_at.desc())
    return HandoverPage(user, others, preview, tuple(done))
