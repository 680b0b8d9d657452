"""What is wrong with an indicator of contribution, a case says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import CRM
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import Feed, Window, let, overall, percent, plan, ratio, total, zero
from pycrm.scoring.feeds import costs, earnings, items, receivables
from pycrm.scoring.feeds.ledger import SERVING
from pycrm.scoring.indicator import Indicator

from .cases import cases, enter, fact_plugin, wrong
from .test_indicators import FEEDS, TODAY

Known = dict[str, Indicator]
Plant = Callable[[pytest.MonkeyPatch, Known], None]


def _replace(known: Known, code: str, **changed: Any) -> None:
    known[code] = attrs.evolve(known[code], **changed)


def _column(patch: pytest.MonkeyPatch, feed: Feed, name: str, by: str) -> None:
    """In a derived feed one column says what another does."""
    rows: Any = feed.rows

    def faulty() -> Any:
        made = rows().subquery()
        names = ["customer", *feed.columns]
        return sa.select(*(made.c[by if one == name else one].label(one) for one in names))

    patch.setattr(feed, "rows", faulty)


def a_day_too_long(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F10 takes in the day 365 days ago."""
    _replace(known, "F10", value=zero(total(costs.amount, where=costs.kind.in_(SERVING), within=Window(366))))


def nothing_owed_is_not_known(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F17 has no basis where nothing is owed."""
    _replace(known, "F17", value=percent(known["F16"].value, known["F15"].value))


def spent_for_nothing_is_left_out(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F11 leaves out who costs and does not buy."""
    _replace(known, "F11", zero_where=None)


def not_known_is_not_yet(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F13 gives no points where nobody knows what was spent."""
    _replace(known, "F13", zero_where=None, on_none="zero")


def each_sale_by_itself(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F13 waits for one sale that earns all that was spent."""
    _column(patch, earnings, "so_far", by="amount")


def late_is_in_time(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F20 counts whatever was paid."""
    _column(patch, items, "in_time", by="paid")


def balance_of_today(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F29 takes what is owed today for the mean of the year."""
    _replace(known, "F29", value=let(zero(total(receivables.amount))) * 0.06)


def a_month_more_has_ended(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F29 looks at the ends of months one later."""
    value_of = plan.value_of

    def later(crm: CRM, name: str, day: date) -> Any:
        found = value_of(crm, name, day)
        return found + 1 if name == "moment_ended" else found

    patch.setattr(plan, "value_of", later)


def losses_are_set_off(patch: pytest.MonkeyPatch, known: Known) -> None:
    """F05 takes shares of what is left when losses are taken off."""
    contribution = known["F04"].value
    _replace(known, "F05", value=ratio(contribution * 100.0, overall(contribution)))


FAULTS: dict[Plant, tuple[str, str]] = {
    a_day_too_long: ("finance", "F10"),
    spent_for_nothing_is_left_out: ("finance", "F11"),
    not_known_is_not_yet: ("finance", "F13"),
    each_sale_by_itself: ("finance", "F13"),
    nothing_owed_is_not_known: ("collection", "F17"),
    late_is_in_time: ("collection", "F20"),
    balance_of_today: ("collection", "F29"),
    a_month_more_has_ended: ("collection", "F29"),
    losses_are_set_off: ("share", "F05"),
}


@pytest.mark.parametrize("table", ["finance", "collection", "share"])
def test_the_table_sees_the_fault(open_crm: Callable[..., CRM], table: str) -> None:
    """A window too long, a basis that is none, a cost or a payment counted otherwise turns a case red."""
    facts: Any = fact_plugin((), FEEDS.values())
    plants = {plant: code for plant, (home, code) in FAULTS.items() if home == table}
    found = [
        case
        for case in cases(Path(__file__).with_name(f"{table}.txt"), FEEDS)
        if case.code in plants.values()
    ]
    crm = open_crm(plugins=(CustomerValue, facts))
    crm.migrate()
    customers = enter(crm, FEEDS, found)
    assert list(wrong(crm, found, customers, TODAY)) == []
    for plant, code in plants.items():
        with pytest.MonkeyPatch.context() as patch:
            known = {one.code: one for one in CustomerValue.indicators}
            plant(patch, known)
            patch.setattr(CustomerValue, "indicators", tuple(known.values()))
            told = list(wrong(open_crm(plugins=(CustomerValue, facts)), found, customers, TODAY))
        assert any(f": {code} is" in line for line in told), plant.__doc__
