"""Whom to send for a new opportunity, and people who work together on a customer for a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from pycrm import (
    Activity,
    Customer,
    Money,
    NotReadError,
    Opportunity,
    Organization,
    Ref,
    Session,
    Shared,
    ShareMode,
    Task,
    User,
)
from pycrm.plugins.supervision.hours import by_owner
from pycrm.plugins.supervision.limits import Limits, limits_of
from pycrm.plugins.supervision.logs import share
from pycrm.plugins.supervision.people import people
from pycrm.plugins.supervision.training import TrainingRecord, passed

__all__ = ["Candidate", "Member", "TeamWork", "form_team", "rank", "suggest"]

# A statement takes some thousands of values.
_AT_ONCE = 5000


@attrs.frozen
class Candidate:
    """Somebody who might be sent for an opportunity, and what speaks for it (SUP-9).

    Args:
        won, closed: deals in the same industry and size band.
        open_deals: what the person has to do already.
        trained: whether some training was passed as a whole.
        contacts: activities with this customer.
        least: the closed deals that a rate needs.
    """

    person: User
    won: int
    closed: int
    open_deals: int
    trained: bool
    contacts: int
    least: int = 5

    @property
    def is_too_few(self) -> bool:
        """Whether too few deals were closed for a rate."""
        return self.closed < self.least

    @property
    def rate(self) -> Decimal | None:
        """The win rate in percent to 2 places; None of too few."""
        return None if self.is_too_few else share(self.won, self.closed)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for and against the person, in words."""
        rate = (
            f"too few ({self.closed})"
            if self.is_too_few
            else f"won {self.won} of {self.closed}: {self.rate} %"
        )
        training = "trained" if self.trained else "not trained"
        return rate, f"{self.open_deals} open deals", training, f"{self.contacts} contacts with the customer"


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best first: by rate, those with too few deals after all others, then by load, training, contacts."""

    def place(one: Candidate) -> tuple[Any, ...]:
        rate = one.rate
        return (rate is None, -(rate or 0), one.open_deals, not one.trained, -one.contacts, one.person.id)

    return sorted(candidates, key=place)


def suggest(session: Session, opportunity: Opportunity | Ref[Opportunity]) -> list[Candidate]:
    """The people of the scope for an opportunity, the best first, each with reasons; the leader decides.

    Deals are compared of customers in the same industry, and whose amounts are of the same size.

    Raises:
        NotFoundError: the opportunity is missing or out of scope.
    """
    deal = session.get(opportunity if isinstance(opportunity, Ref) else opportunity.ref)
    customer = session.get(deal.customer)
    limits, found = limits_of(session), people(session)
    ids = [one.id for one in found]
    if not ids:
        return []
    alike = _of_industry(session, customer)
    band = _band(deal, limits)
    closed, load = _deals(session, ids, alike, band, limits)
    contacts = by_owner(session.find(Activity, Activity.owner.in_(ids), Activity.customer == customer.id))
    trained = {
        one.owner.id
        for one in session.find(TrainingRecord, TrainingRecord.owner.in_(ids))
        if one.owner is not None and len(set(passed(session, one))) == 1
    }
    return rank(
        Candidate(
            person=one,
            won=sum(closed.get(one.id, ())),
            closed=len(closed.get(one.id, ())),
            open_deals=load.get(one.id, 0),
            trained=one.id in trained,
            contacts=len(contacts.get(one.id, ())),
            least=limits.least_closed,
        )
        for one in found
    )


def _of_industry(session: Session, customer: Customer) -> set[UUID] | None:
    """The customers in sight of the same industry; None where that is not known, and all are alike."""
    organization = session.facet(customer.party, Organization)
    industry = None if organization is None else _shown(organization, "industry")
    if industry is None:
        return None
    parties = [one.of.id for one in session.find(Organization, Organization.industry == industry)]
    found: set[UUID] = set()
    for at in range(0, len(parties), _AT_ONCE):
        some = parties[at : at + _AT_ONCE]
        found |= {one.id for one in session.find(Customer, Customer.party.in_(some))}
    return found


def _band(deal: Opportunity, limits: Limits) -> int | None:
    """In which of the size bands an amount lies; None where there is no amount to be seen."""
    amount: Money | None = _shown(deal, "amount")
    return None if amount is None else sum(amount.amount >= bound for bound in limits.bands)


def _shown(record: Any, name: str) -> Any:
    try:
        return getattr(record, name)
    except NotReadError:
        return None


def _deals(
    session: Session, ids: Sequence[UUID], alike: set[UUID] | None, band: int | None, limits: Limits
) -> tuple[dict[UUID, list[bool]], dict[UUID, int]]:
    """Of each person whether comparable deals were won, and how many are open."""
    closed: dict[UUID, list[bool]] = {}
    load: dict[UUID, int] = {}
    for owner, deals in by_owner(session.find(Opportunity, Opportunity.owner.in_(list(ids)))).items():
        for one in deals:
            kind = session.stage(one).kind
            if kind not in ("won", "lost"):
                load[owner] = load.get(owner, 0) + 1
            elif (alike is None or one.customer.id in alike) and (band is None or _band(one, limits) == band):
                closed.setdefault(owner, []).append(kind == "won")
    return closed, load


# --- teams for a time ------------------------------------------------------------------------------------


@attrs.frozen
class Member:
    """What somebody does in a team: the part, and the task with which it begins."""

    part: str
    task: str
    due_at: datetime


@attrs.frozen
class TeamWork:
    """A team that was formed: the shares by which its members see the customer, and their tasks."""

    shares: tuple[Shared, ...]
    tasks: tuple[Task, ...]


def form_team(
    session: Session, customer: Customer, members: Mapping[User, Member], *, because: str
) -> TeamWork:
    """Let several people work on one customer, each with a part and a task (SUP-8).

    They see the customer and what hangs on it, and nothing else of each other's.

    Raises:
        NotFoundError: the customer is missing or out of scope.
        ForbiddenError: the actor does not lead a member.
    """
    shares, tasks = [], []
    for person, member in members.items():
        shares.append(
            session.share(customer, user=person, mode=ShareMode.WORK, part=member.part, because=because)
        )
        task = Task(title=member.task, due_at=member.due_at, customer=customer, reason=because)
        tasks.append(session.add(task, owner=person))
    return TeamWork(tuple(shares), tuple(tasks))
