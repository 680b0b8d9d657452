"""Business time that the database counts is business time that Python counts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycrm import CRM, BusinessCalendar, Customer, FixedClock, Holiday
from pycrm.plugins.customer_value import CustomerValue

from .cases import enter, fact_plugin, write
from .test_indicators import FEEDS, TODAY

PAIRS = 300
SHANGHAI = timezone(timedelta(hours=8))
MINUTES = st.integers(0, 60 * 24 * 40)
MAY = datetime(2026, 5, 1, tzinfo=SHANGHAI)


def days_off(chance: random.Random) -> dict[date, bool]:
    """Sixty days of four years on which the calendar differs, some of them for nothing."""
    first = date(2022, 7, 1)
    return {first + timedelta(days=chance.randrange(1460)): chance.random() < 0.4 for _ in range(60)}


def pairs(chance: random.Random, zone: Any) -> Iterator[tuple[datetime, datetime]]:
    """An inbound contact within the year, and the answer: some at the edges of days and of hours."""
    edges = (0, 9 * 3600, 18 * 3600, 86_399.999999)
    midnight = datetime(2026, 6, 30, tzinfo=zone)
    for _ in range(PAIRS):
        days = sorted((chance.randrange(365), chance.randrange(365) if chance.random() < 0.5 else 0))
        moments = [
            midnight
            - timedelta(days=day)
            + timedelta(seconds=chance.choice((*edges, chance.random() * 86_400, chance.random() * 86_400)))
            for day in days
        ]
        yield min(moments), max(moments)


def test_the_database_counts_like_the_calendar(open_crm: Callable[..., CRM], clock: FixedClock) -> None:
    """The hours until an answer are those of the calendar, over holidays, make-up days, nights and edges.

    Shanghai is where the other tests are; this is Newfoundland, half an hour off and west of Greenwich.
    """
    clock.set("2026-06-30T23:59:59-03:30")
    crm: Any = open_crm(plugins=(CustomerValue, fact_plugin((), FEEDS.values())), utc_offset=-3.5)
    crm.migrate()
    enter(crm, FEEDS, [])
    chance = random.Random(2026)
    off, asked = days_off(chance), list(pairs(chance, crm.zone))
    with crm.session(crm.system("calendar")) as session:
        session.add_all([Holiday(on=day, is_working=works) for day, works in off.items()])
        drafts = [Customer.organization(f"Asker {at}", source="cases", phone="1") for at in range(PAIRS)]
        customers = session.add_all(drafts)
    acts = [
        {
            "customer": customer.id,
            "on": moment.astimezone(crm.zone).date(),
            "started_at": moment.astimezone(UTC),
            "direction": way,
        }
        for customer, pair in zip(customers, asked, strict=True)
        for moment, way in zip(pair, ("in", "out"), strict=True)
    ]
    write(crm, FEEDS["contact_acts"], *acts)
    calendar = BusinessCalendar(
        crm.zone,
        holidays=[day for day, works in off.items() if not works],
        makeup=[day for day, works in off.items() if works],
    )
    with crm.view(crm.system("measuring")) as session:
        found = session.measure("S08", as_of=TODAY)
    for customer, (since, until) in zip(customers, asked, strict=True):
        hours = calendar.between(since, until) / timedelta(hours=1)
        assert found[customer.ref]["S08"].value == pytest.approx(hours, abs=1e-9), (since, until)


@given(since=MINUTES, more=MINUTES, holidays=st.sets(st.integers(0, 60)), makeup=st.sets(st.integers(0, 60)))
def test_what_passes_leads_there(since: int, more: int, holidays: set[int], makeup: set[int]) -> None:
    """So many hours after the first instant as pass until the second, it is the second, or work stands still."""
    calendar = BusinessCalendar(
        SHANGHAI,
        holidays=[MAY.date() + timedelta(days=day) for day in holidays],
        makeup=[MAY.date() + timedelta(days=day) for day in makeup],
    )
    first = MAY + timedelta(minutes=since)
    second = first + timedelta(minutes=more)
    passed = calendar.between(first, second)
    reached = calendar.after(first, passed / timedelta(hours=1))
    assert calendar.between(first, reached) == passed
    if passed:
        assert reached <= second
        assert calendar.between(reached, second) == timedelta(0)
    assert calendar.between(second, first) == timedelta(0)
