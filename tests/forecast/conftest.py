"""Opportunities with a past: filed, moved and closed on days that the test says."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import pytest
from house import enterprise

from pycrm import CRM, Customer, FixedClock, Money, Opportunity

LATER = date(2026, 9, 30)


@attrs.define
class Desk:
    """A salesperson's desk: what each move is done with."""

    crm: CRM
    clock: FixedClock
    customers: dict[str, Any] = attrs.field(factory=dict)

    def at(self, day: str) -> None:
        """Let it be ten in the morning of that day."""
        self.clock.set(f"{day}T10:00:00+08:00")

    def customer(self, who: str) -> Any:
        """The one customer of a person."""
        if who not in self.customers:
            with self.crm.session(who) as session:
                name, mail = f"Works of {who}", f"{who}@example.com"
                made = session.add(Customer.organization(name, email=mail, source="exhibition"))
            self.customers[who] = made
        return self.customers[who]

    def deals(self, who: str, *amounts: str | None, close: date = LATER, **more: Any) -> list[Any]:
        """New opportunities of a person, of these amounts in yuan or ``"100 USD"``."""
        customer = self.customer(who)
        with self.crm.session(who) as session:
            drafts = [
                Opportunity(
                    customer=customer,
                    name=f"Deal {at}",
                    amount=None
                    if amount is None
                    else Money(*amount.split())
                    if " " in amount
                    else Money(amount, "CNY"),
                    expected_close=close,
                    need="pumps",
                    **more,
                )
                for at, amount in enumerate(amounts)
            ]
            return session.add_all(drafts)

    def move(self, who: str, deals: list[Any], to: str, on: date | None = None) -> list[Any]:
        """Take all of them to a stage; won ones close on that day, or today."""
        with self.crm.session(who) as session:
            values: dict[str, Any] = {"lost_reason": "price"} if to == "lost" else {}
            if to == "won":
                values = {"closed_on": on or self.crm.calendar_day(session.now)}
            return [session.move(session.get(one.ref), to=to, **values) for one in deals]


@pytest.fixture
def desk(crm: CRM, clock: FixedClock) -> Desk:
    """The catalogue's people, each with a desk of their own."""
    enterprise(crm, since=date(2024, 1, 1))
    return Desk(crm, clock)
