"""The catalogue's people with workplaces: all in Shanghai, but rep_w in Berlin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import attrs
from house import enterprise

from pycrm import CRM, Activity, ActivityKind, Customer, FixedClock, Holiday, User
from pycrm.plugins.supervision import CheckIn, Supervision, Workplace

__all__ = ["KEEPERS", "SINCE", "World", "enter", "shanghai"]

#: Those of whom a log is expected, and who is led.
KEEPERS = ("rep_a", "rep_b", "rep_c", "rep_w")
OVERSEAS = "Europe/Berlin"
#: From this Monday on.
SINCE = date(2026, 6, 15)


def shanghai(text: str) -> datetime:
    """An instant of 2026 by the clock of Shanghai: ``06-30 15:00``."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


def enter(crm: CRM) -> None:
    """Make the tables, units, people, the holiday of June, and where people work."""
    crm.migrate()
    enterprise(crm)
    with crm.session(crm.system("workplaces")) as session:
        session.add(Holiday(on=date(2026, 6, 19)))
        users = {one.login: one for one in session.find(User)}
        for login in (*KEEPERS, "lead_e", "lead_e2"):
            zone = OVERSEAS if login == "rep_w" else None
            place = Workplace(zone=zone, keeps_log=login in KEEPERS, since=SINCE)
            session.add(place, owner=users[login])


@attrs.define
class World:
    """The CRM, and people who do things in it."""

    crm: CRM
    _users: dict[str, User] = attrs.field(factory=dict)

    @property
    def clock(self) -> FixedClock:
        """The clock of the CRM."""
        assert isinstance(self.crm.clock, FixedClock)
        return self.crm.clock

    def at(self, text: str) -> None:
        """Set the clock, by that of Shanghai."""
        self.clock.set(shanghai(text))

    def act(self, who: str, function: Callable[[Any], Any]) -> Any:
        """Do it in a session of somebody."""
        return self.crm.run(who, function)

    def see(self, who: str, function: Callable[[Any], Any]) -> Any:
        """Look at it as somebody."""
        with self.crm.view(who) as session:
            return function(session)

    def user(self, login: str) -> User:
        """Somebody's record."""
        if not self._users:
            self._users = {one.login: one for one in self.see("dir", lambda s: s.find(User))}
        return self._users[login]

    def give(self, who: str, record: Any, owner: str) -> Any:
        """Add a record of somebody else."""
        return self.act(who, lambda s: s.add(record, owner=self.user(owner)))

    def customer(self, who: str, name: str = "Hongda", **details: Any) -> Customer:
        """Add a customer of somebody."""
        return self.customers(who, name, **details)[0]

    def customers(self, who: str, *names: str, **details: Any) -> list[Customer]:
        """Add several customers of somebody."""
        drafts = [
            Customer.organization(
                name, email=f"{who}.{name}@example.com".replace(" ", ""), source="exhibition", **details
            )
            for name in names
        ]
        made: list[Customer] = self.act(who, lambda s: s.add_all(drafts))
        return made

    def visit(self, who: str, customer: Customer, started: str, **details: Any) -> Activity:
        """Enter a visit, or another activity, that began at that time, now."""
        given: dict[str, Any] = {"kind": ActivityKind.VISIT, "summary": "looked at the pumps"} | details
        one = Activity(customer=customer, started_at=shanghai(started), **given)
        made: Activity = self.act(who, lambda s: s.add(one))
        return made

    def check_in(self, who: str, customer: Customer | None = None, **details: Any) -> CheckIn:
        """Say where somebody is, now."""
        made: CheckIn = self.act(
            who,
            lambda s: s.add(
                CheckIn(at=s.now, customer=None if customer is None else customer.ref, **details)
            ),
        )
        return made

    def job(self, name: str) -> int:
        """Do what is due of one job, item by item, as `CRM.run_jobs` does; how much that was."""
        job = next(one for one in Supervision.jobs if one.name == f"supervision.{name}")
        actor = self.crm.system("job")
        with self.crm.view(actor) as session:
            items = list(job.due(session))
        for item in items:
            self.crm.run(actor, lambda session, item=item: job.act(session, item))
        return len(items)

    def days(self, first: date, last: date) -> list[date]:
        """The working days of Shanghai from the first to the last."""
        every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        return self.see("dir", lambda s: [day for day in every if s.calendar.is_working(day)])  # type: ignore[no-any-return]
