"""What is wrong with an indicator of characteristics, or with what it is told, a case says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import CRM, DeclarationError, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import (
    Feed,
    Window,
    as_of,
    average,
    catalog,
    count,
    month_number,
    one,
    percent,
    total,
    zero,
)
from pycrm.scoring.feed import Supply
from pycrm.scoring.feeds import (
    contacts,
    decisions,
    estimates,
    groups,
    judgement,
    opportunities,
    profile,
    relations,
    staffing,
    ties,
)
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.supplies import selling

from .cases import cases, enter, fact_plugin, wrong
from .records import desk_of
from .test_indicators import FEEDS, TODAY
from .test_judging import READING, opened, traits
from .test_selling import Deals

Known = dict[str, Indicator]
Plant = Callable[[pytest.MonkeyPatch, Known], None]


def _value(known: Known, code: str, value: Any) -> None:
    known[code] = attrs.evolve(known[code], value=value)


def _rows(patch: pytest.MonkeyPatch, feed: Feed, rows: Callable[[], Any]) -> None:
    patch.setattr(feed, "rows", rows)


def a_day_too_long(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C12 takes a rating of 730 days ago."""
    rated = one(judgement.rated_on)
    _value(known, "C12", sa.case((Window(731).holds(rated), one(judgement.credit_rating))))


def begun_months_count(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C09 counts a month that has only begun."""
    _value(known, "C09", month_number(as_of()) - month_number(one(profile.filed_on)))


def who_left_today_is_there(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C19 counts who left on the day."""
    active = sa.or_(contacts.left_on.is_(None), contacts.left_on >= as_of())
    _value(known, "C19", zero(count(contacts, where=active)))


def nobody_is_left_out(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C20 asks persons for departments."""
    covered = sa.case((one(profile.is_person), 0.0), else_=known["C20"].value)
    _value(known, "C20", covered)


def oneself_is_another(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C10 counts the customer itself."""
    _value(known, "C10", zero(one(groups.customers)))


def a_year_ago_is_not_looked_up(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C14 compares with what is entered now."""
    now = one(staffing.now)
    _value(known, "C14", percent(now - now, now))


def the_mean_is_the_median(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C18 takes the mean."""
    _value(known, "C18", average(decisions.days))


def every_estimate_counts(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C15 adds up estimates of the same category."""
    demand = FEEDS["demands"]
    amount = sa.cast(demand.qty * demand.list_price, sa.BigInteger()).label("amount")
    _rows(patch, estimates, lambda: sa.select(demand.customer, demand.category, amount))
    _value(known, "C15", total(estimates.amount))


def each_tie_is_another(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C34 counts ties and not customers."""
    _value(known, "C34", zero(count(ties)))


def tomorrow_is_known(patch: pytest.MonkeyPatch, known: Known) -> None:
    """C34 counts what comes to be after the day."""
    patch.setattr(relations, "at", None)


PLANTS: dict[Plant, str] = {
    a_day_too_long: "C12",
    begun_months_count: "C09",
    who_left_today_is_there: "C19",
    nobody_is_left_out: "C20",
    oneself_is_another: "C10",
    a_year_ago_is_not_looked_up: "C14",
    the_mean_is_the_median: "C18",
    every_estimate_counts: "C15",
    each_tie_is_another: "C34",
    tomorrow_is_known: "C34",
}


def test_the_table_sees_the_fault(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window too long, a month too many, one customer too many: each turns a case of its indicator red."""
    monkeypatch.setattr(catalog, "SUPPLIES", ())
    facts = fact_plugin((), FEEDS.values())
    crm: Any = CRM(sqlite_database, clock=clock, plugins=(CustomerValue, facts))
    crm.migrate()
    table = cases(Path(__file__).with_name("characteristics.txt"), FEEDS)
    customers = dict(zip(table, enter(crm, FEEDS, table), strict=True))

    def told(codes: Collection[str]) -> list[str]:
        asked = [case for case in table if case.code in codes]
        return list(wrong(crm, asked, [customers[case] for case in asked], TODAY))

    assert told(PLANTS.values()) == []
    unseen = []
    for plant, code in PLANTS.items():
        with pytest.MonkeyPatch.context() as patch:
            known = dict(crm.catalog.indicators)
            plant(patch, known)
            patch.setattr(crm.catalog, "indicators", known)
            patch.setattr(crm.catalog, "memo", {})
            if not told({code}):
                unseen.append(plant.__name__)
    assert unseen == []
    crm.close()


def test_deals_as_they_are_now(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed that tells of a past day where deals stand now is found out by `test_selling`."""

    class Always:
        """A window without end."""

        @staticmethod
        def holds(on: Any) -> Any:
            return sa.true()

    clock.set("2026-01-10T10:00:00+08:00")
    desk = desk_of(CRM(sqlite_database, clock=clock, plugins=(Deals,)), clock)
    hongda = desk.company("Hongda")
    deal = desk.deal(hongda, "1000")
    desk.at("2026-03-10")
    desk.move(deal, "quoted")
    assert desk.value(hongda, "DL03", "2026-03-09") == 10_000
    monkeypatch.setattr(selling, "LIFE", Always)
    desk.crm.catalog.supplies["opportunities"] = [Supply(opportunities, selling._opportunities)]
    desk.crm.catalog.memo.clear()
    assert desk.value(hongda, "DL03", "2026-03-09") == 60_000
    desk.crm.close()


def test_nothing_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that forgets a forbidden field is found out."""
    names = tuple(name for name in catalog.FORBIDDEN if name != "gender")
    monkeypatch.setattr(catalog, "FORBIDDEN", names)
    opened(Supply(traits, READING["a sex"][0])).close()
    with pytest.raises(DeclarationError):
        opened(Supply(traits, READING["a faith"][0]))
