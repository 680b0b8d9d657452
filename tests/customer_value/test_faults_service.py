"""Were one of the rules behind contact and service broken, the cases would show it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import CRM, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import YEAR, Supply, Window, catalog, count, feeds, plan, statement
from pycrm.scoring.feeds import cases, contact, owners

from . import cases as telling
from . import test_own_service as own
from .test_indicators import FEEDS, TODAY

TABLE = Path(__file__).with_name("service.txt")
Plant = Callable[[pytest.MonkeyPatch, CRM], None]


def nothing_of(supply: Supply) -> Supply:
    """A supply that offers the same columns, and no row."""
    return attrs.evolve(supply, rows=lambda: supply.rows().where(sa.false()))


def _a_year_has_a_day_more(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """The day 365 days ago is taken into the year."""
    real = plan.value_of

    def value_of(crm: CRM, name: str, day: date) -> Any:
        found = real(crm, name, day)
        return found - timedelta(1) if name == "moment_day_365" else found

    patch.setattr(plan, "value_of", value_of)


def _later_facts_count(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """What happens after the day is taken for a fact."""
    patch.setattr(statement, "LIFE", Window(ending=-100))


def _the_clock_never_stops(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """The time in which a case waits for its customer counts."""
    (kept,) = crm.catalog.supplies["case_pauses"]
    patch.setitem(crm.catalog.supplies, "case_pauses", [nothing_of(kept)])


def _no_cases_are_unknown(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """Of a customer without cases nobody knows how many it has."""
    told = crm.catalog.indicators
    unsure = attrs.evolve(told["S15"], value=count(cases, within=YEAR))
    patch.setattr(crm.catalog, "indicators", {**told, "S15": unsure})


def _attempts_are_contacts(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """A month's attempts that reached nobody count for its cadence."""
    patch.setattr(contact, "reached", sa.true)


def _every_stretch_is_a_change(patch: pytest.MonkeyPatch, crm: CRM) -> None:
    """A customer that stays with the same person counts as handed over."""
    patch.setattr(feeds.owner_changes, "rows", lambda: sa.select(owners.customer, owners.on))


PLANTS: dict[str, Plant] = {
    "S01": _a_year_has_a_day_more,
    "S02": _later_facts_count,
    "S22": _the_clock_never_stops,
    "S15": _no_cases_are_unknown,
    "S11": _attempts_are_contacts,
    "S14": _every_stretch_is_a_change,
}


def test_each_planted_fault_is_seen(sqlite_database: str, clock: FixedClock) -> None:
    """The cases of an indicator hold, and fail with the fault that is planted under it."""
    offered = telling.fact_plugin((), FEEDS.values())
    crm = CRM(sqlite_database, plugins=(CustomerValue, offered), clock=clock, random=random.Random(7))
    crm.migrate()
    found = [case for case in telling.cases(TABLE, FEEDS) if case.code in PLANTS]
    customers = telling.enter(crm, FEEDS, found)
    assert list(telling.wrong(crm, found, customers, TODAY)) == []
    for code, plant in PLANTS.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch, crm)
            # A statement is said once.
            crm.catalog.memo.clear()
            said = list(telling.wrong(crm, found, customers, TODAY))
        assert any(code in line for line in said), plant.__doc__
    crm.close()


def test_a_calendar_that_nobody_asks_is_seen(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were holidays and make-up days passed over, the hours until an answer would be others."""
    passed_over = [nothing_of(one) if one.feed is feeds.holidays else one for one in catalog.SUPPLIES]
    monkeypatch.setattr(catalog, "SUPPLIES", passed_over)
    offered = telling.fact_plugin((), FEEDS.values())
    crm = CRM(sqlite_database, plugins=(CustomerValue, offered), clock=clock, random=random.Random(7))
    room = own.filled(crm)
    with pytest.raises(AssertionError):
        own.test_what_passed_between_a_customer_and_us(room, clock)
    crm.close()
