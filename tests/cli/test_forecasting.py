"""Funnels and forecasts at the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pycrm import CRM, Customer, FixedClock, Money, Opportunity, Target

from .conftest import Pycrm


@pytest.fixture
def deals(crm: CRM, cast: Any) -> list[Opportunity]:
    """Three deals of rep_a: one quoted, one lost from "contacted", one filed without an amount."""
    with crm.session("rep_a") as session:
        works = session.add(Customer.organization("Works", email="w@example.com", source="exhibition"))
        made = [
            session.add(
                Opportunity(customer=works, name=name, amount=amount, expected_close=date(2026, 9, 1))
            )
            for name, amount in (("One", Money(1000, "CNY")), ("Two", Money(500, "CNY")), ("Three", None))
        ]
        quoted = session.move(made[0], to="quoted")
        lost = session.move(session.move(made[1], to="contacted"), to="lost", lost_reason="price")
        session.add(Target(since=date(2026, 7, 1), until=date(2026, 9, 30), amount=Money(2000, "CNY")))
    return [quoted, lost, made[2]]


def test_a_funnel_and_what_is_behind_it(pycrm: Pycrm, deals: list[Opportunity]) -> None:
    """A leader reads number, amount, days and conversion of each stage, and lists the records behind."""
    said = pycrm("funnel", "--as", "lead_e", "--json")
    rows = {one["stage"]: one for one in said.data["stages"]}
    assert rows["quoted"] | {"label": ""} == {
        "stage": "quoted", "label": "", "kind": "open", "count": 1, "sums": {"CNY": "1000.00"}, "days": "0.00",
        "stalled": 0, "left": 0, "forward": 0, "conversion": None,
    }  # fmt: skip
    assert (rows["filed"]["conversion"], rows["contacted"]["conversion"]) == ("100.00", "0.00")
    told = pycrm("funnel", "opportunity", "--where", "amount>=600", "--as", "lead_e").out
    assert "Conversion %" in told
    assert "1,000.00 CNY" in told
    behind = ("funnel", "--stage", "contacted", "--number", "left", "--as", "lead_e")
    assert [one["id"] for one in pycrm(*behind, "--json").data["items"]] == [str(deals[1].id)]
    assert "1 left in contacted" in pycrm(*behind).out
    assert pycrm(*behind, "--until", "2026-06-29", "--json").data["items"] == []
    assert pycrm("funnel", "--pipeline", "sales", "--as", "lead_e", "--json").data == said.data
    for wrong in (("--stage", "nowhere"), ("--pipeline", "lead"), ("--within", "filed")):
        assert pycrm("funnel", *wrong, "--as", "lead_e").code == 2
    assert pycrm("funnel", "contacts", "--as", "lead_e").code == 2
    assert {one["count"] for one in pycrm("funnel", "--as", "rep_b", "--json").data["stages"]} == {0}


def test_a_forecast_with_target_and_snapshot(
    pycrm: Pycrm, deals: list[Opportunity], clock: FixedClock
) -> None:
    """A salesperson reads what a quarter will bring, beside the target and the last forecast written down."""
    said = pycrm("forecast", "2026-Q3", "--write-down", "--as", "rep_a", "--json").data
    (one,) = said["outlooks"]
    assert (one["weighted"], one["historic"], one["seasonal_index"]) == ("600.00", None, "1.00")
    assert {each["name"]: each["count"] for each in one["categories"]} == {
        "commit": 0, "best case": 1, "pipeline": 0, "omitted": 0,
    }  # fmt: skip
    assert (said["without_amount"], said["last_snapshot"]) == (1, {"CNY": "600.00"})
    assert [(each["amount"], each["percent"]) for each in said["targets"]] == [("2,000.00 CNY", "0.00")]
    clock.set("2026-07-02T09:00:00+08:00")
    told = pycrm("forecast", "--as", "rep_a").out
    for words in ("Weighted", "600.00 CNY", "no history", "Last written down", "Best case", "2026-07-01 to"):
        assert words in told
    assert pycrm("forecast", "2026-09", "--as", "rep_a", "--json").data["outlooks"][0]["open"] == "1000.00"
    assert pycrm("forecast", "2027", "--as", "rep_a", "--json").data["outlooks"][0]["open"] == "0.00"
    for wrong in ("soon", "2026-13", "2026-Q5"):
        assert pycrm("forecast", wrong, "--as", "rep_a").code == 2
