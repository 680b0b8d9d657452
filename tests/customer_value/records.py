"""Customers and what they did, entered through sessions on days that the test says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs

from pycrm import CRM, Customer, FixedClock, Money, Opportunity, Source

__all__ = ["Desk", "desk_of"]


@attrs.define
class Desk:
    """Whoever enters records, and asks what they come to."""

    crm: CRM
    clock: FixedClock

    def at(self, day: str) -> None:
        """Let it be ten in the morning of that day."""
        self.clock.set(f"{day}T10:00:00+08:00")

    def do(self, act: Callable[[Any], Any]) -> Any:
        """What an act in a session of its own gives."""
        with self.crm.session(self.crm.system("entering")) as session:
            return act(session)

    def company(self, name: str, **details: Any) -> Any:
        """A new organisation as a customer."""
        details = {"source": "fair", "email": f"{name.lower()}@example.com"} | details
        return self.do(lambda session: session.add(Customer.organization(name, **details)))

    def human(self, name: str, **details: Any) -> Any:
        """A new person as a customer."""
        details = {"source": "fair", "email": f"{name.lower()}@example.com"} | details
        return self.do(lambda session: session.add(Customer.person(name, **details)))

    def deal(self, customer: Any, amount: str, currency: str = "CNY") -> Any:
        """A new opportunity."""
        made = Opportunity(
            customer=customer,
            name="Deal",
            need="pumps",
            amount=Money(amount, currency),
            expected_close=date(2026, 12, 31),
        )
        return self.do(lambda session: session.add(made))

    def move(self, deal: Any, to: str, **values: Any) -> Any:
        """Take it to a stage."""
        return self.do(lambda session: session.move(session.get(deal.ref), to=to, **values))

    def value(self, customer: Any, code: str, day: str) -> Any:
        """The value of an indicator of a customer as of a day."""
        return self.measured(customer, code, day=day)[code].value

    def points(self, customer: Any, code: str, day: str) -> Any:
        """Its points."""
        return self.measured(customer, code, day=day)[code].points

    def measured(self, customer: Any, *codes: str, day: str | None = None) -> Any:
        """Several indicators of a customer, as of a day or today, by their codes."""
        return self.measured_all(*codes, day=day)[customer.ref]

    def measured_all(self, *codes: str, day: str | None = None) -> Any:
        """Several indicators of all customers."""
        at = None if day is None else date.fromisoformat(day)
        with self.crm.view(self.crm.system("measuring")) as session:
            return session.measure(*codes, as_of=at)


def desk_of(crm: CRM, clock: FixedClock, *sources: str) -> Desk:
    """A desk in a CRM that knows these sources, and ``fair``."""
    made = Desk(crm, clock)
    made.do(lambda session: session.add_all([Source(name=one) for one in ("fair", *sources)]))
    return made
