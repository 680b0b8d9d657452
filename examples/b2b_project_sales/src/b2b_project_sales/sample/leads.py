"""Cards from the fair: who takes them up, which of them become customers, and which lie open today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import attrs
from pycrm import Contact, Lead, LeadContactPoint, Note, Session
from pycrm.entities.party import ContactPointKind

from b2b_project_sales.sample.acts import Act, Book
from b2b_project_sales.sample.customers import Draft
from b2b_project_sales.sample.words import BRANCHES, FAMILY_NAMES, GIVEN_NAMES, NEEDS, STEMS, UNFIT

__all__ = ["acts"]

# One customer in so many was a card once, from the time on when people collect them.
_CONVERTED, _SINCE = 5, 10
_OPEN_WEEKS = 5


@attrs.frozen
class EnterLead:
    """A card is entered, with what was said when it changed hands."""

    number: int
    name: str
    company: str
    mobile: str
    need: str

    def do(self, session: Session, book: Book) -> None:
        points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value=self.mobile)]
        lead = session.add(
            Lead(
                name=self.name,
                company=self.company,
                source=book.sources["trade fair"],
                campaign_code="fair",
                need_text=self.need,
                contact_points=points,
            )
        )
        session.add(Note(body="Talked for ten minutes at our stand.", lead=lead))
        book.leads[self.number] = lead


@attrs.frozen
class MoveLead:
    """A lead is given to somebody, taken up or rejected."""

    number: int
    to: str
    reject_reason: str | None = None

    def do(self, session: Session, book: Book) -> None:
        values = {} if self.reject_reason is None else {"reject_reason": self.reject_reason}
        book.leads[self.number] = session.move(book.leads[self.number], self.to, **values)


@attrs.frozen
class ConvertLead:
    """A lead turns out to be of a customer that was filed meanwhile."""

    number: int
    customer: int

    def do(self, session: Session, book: Book) -> None:
        customer = book.customers[self.customer]
        contact = session.find(Contact, Contact.customer == customer.id, limit=1)[0]
        done = session.convert(book.leads[self.number], customer=customer, contact=contact)
        book.leads[self.number] = done.lead


def acts(seed: int, known: Sequence[Draft], weeks: int) -> Iterator[tuple[int, str, Act]]:
    """Everything that is done with leads: the week, who does it, and what."""
    random, number = Random(f"leads {seed}"), 0
    for draft in known:
        if draft.week >= _SINCE and random.randrange(_CONVERTED) == 0:
            week = draft.week - random.randint(1, 3)
            yield week, draft.seller, _card(random, number, draft.name)
            yield week, draft.seller, MoveLead(number, "assign")
            yield week + 1, draft.seller, MoveLead(number, "accept")
            yield draft.week + 1, draft.seller, ConvertLead(number, draft.number)
            number += 1
    for seller in sorted({draft.seller for draft in known}):
        for _ in range(random.randint(1, 5)):
            week = weeks - random.randint(2, _OPEN_WEEKS)
            yield week, seller, _card(random, number, None)
            for later, step in enumerate(random.choice(_WAYS)):
                reason = random.choice(UNFIT) if step == "reject" else None
                yield week + later // 2, seller, MoveLead(number, step, reason)
            number += 1


_WAYS: tuple[tuple[str, ...], ...] = ((), ("assign",), ("assign", "accept"), ("assign", "accept", "reject"))


def _card(random: Random, number: int, company: str | None) -> EnterLead:
    name = random.choice(FAMILY_NAMES) + random.choice(GIVEN_NAMES)
    # As those of customers, numbers that are given to nobody.
    stem, branch = random.choice(STEMS), random.choice(BRANCHES)
    unknown = f"{stem[1]} {branch[2]}" if random.randrange(2) else f"{stem[0]}{branch[1]}"
    return EnterLead(number, name, company or unknown, f"1370000{number:04d}", random.choice(NEEDS)[1])
