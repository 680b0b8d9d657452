"""Two years of business, drawn from a seed: who does what at which moment. No database is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import attrs

from b2b_project_sales.sample import deals, leads
from b2b_project_sales.sample import projects as portfolio
from b2b_project_sales.sample.acts import Act
from b2b_project_sales.sample.customers import drafts, filing
from b2b_project_sales.sample.people import DIRECTOR, REGIONS

__all__ = ["WEEKS", "Calendar", "Sitting", "plan"]

WEEKS = 104


@attrs.frozen
class Calendar:
    """The 104 weeks before a day, and when each person sits down in them."""

    today: date

    def day(self, week: int, weekday: int = 0) -> date:
        """The day of that week, 0 for Monday; it always lies before today."""
        first = self.today - timedelta(weeks=WEEKS - week)
        return first + timedelta(days=(weekday - first.weekday()) % 7)

    def moment(self, week: int, place: int) -> datetime:
        """When the person of that place in the company sits down: between 9 and 17 o'clock in China."""
        day = self.day(week, place % 5)
        return datetime.combine(day, time(1 + place // 5 % 8, 7 * place % 60), UTC)

    @property
    def beginning(self) -> datetime:
        """The moment at which the company is set up: before anybody sits down."""
        return datetime.combine(self.today - timedelta(weeks=WEEKS), time(0, 30), UTC)


@attrs.frozen
class Sitting:
    """One person at the desk, once a week: a session."""

    moment: datetime
    login: str
    acts: tuple[Act, ...]


def plan(seed: int, today: date, customers: int, opportunities: int, projects: int) -> list[Sitting]:
    """Every sitting of two years, in the order of time; equal for equal arguments."""
    random, calendar = Random(seed), Calendar(today)
    known = drafts(random, customers, WEEKS)
    files = portfolio.files(known, min(projects, opportunities))
    sales = deals.drafts(random, known, opportunities - len(files), WEEKS)
    desks: dict[tuple[int, str], list[Act]] = defaultdict(list)
    for draft in known:
        desks[draft.week, draft.seller].append(filing(random, draft))
    for sale in sales:
        for week, login, act in deals.acts(random, sale, calendar):
            desks[week, login].append(act)
    for file in files:
        for week, login, act in portfolio.acts(file, calendar):
            desks[week, login].append(act)
    for week, login, act in leads.acts(seed, known, WEEKS):
        desks[week, login].append(act)
    places = {login: place for place, login in enumerate(_logins())}
    sittings = [
        Sitting(calendar.moment(week, places[login]), login, tuple(acts))
        for (week, login), acts in desks.items()
    ]
    return sorted(sittings, key=lambda sitting: (sitting.moment, sitting.login))


def _logins() -> Iterator[str]:
    for region in REGIONS:
        yield from (seller.login for seller in region.sellers)
    for region in REGIONS:
        yield region.manager.login
    yield DIRECTOR.login
