"""Leads become customers at the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from house import enterprise
from revision.world import lead_of

from pycrm import CRM, Contact, Customer, Opportunity, Source

from .conftest import Pycrm


def test_a_lead_is_converted_with_a_deal(crm: CRM, pycrm: Pycrm) -> None:
    """Its owner says of which lead, and is told what became of it; a colleague is told of none."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        lead: Any = session.add(lead_of("Zhao Min", session.find(Source)[0], company="Zhao Pumps"))
        lead = session.move(session.move(lead, "assign"), "accept")
    words = (
        "convert",
        str(lead.id),
        "--opportunity",
        "name=Ten pumps",
        "--opportunity",
        "expected_close=2026-12-01",
    )
    assert pycrm(*words, "--as", "rep_b").code == 4
    assert pycrm(*words, "--department", "kitchen", "--as", "rep_a").code == 2
    said = pycrm(*words, "--because", "they ordered", "--as", "rep_a")
    assert said.code == 0, said.err
    assert [line.split(" (")[0] for line in said.out.splitlines()] == [
        "Zhao Min",
        "contact: Zhao Min",
        "opportunity: Ten pumps",
        "came along: 0 records",
    ]
    with crm.view("rep_a") as session:
        (deal,) = session.find(Opportunity)
        assert (deal.name, deal.expected_close) == ("Ten pumps", date(2026, 12, 1))
        assert session.get(deal.customer).name == "Zhao Pumps"
        assert [one.name for one in session.find(Contact)] == ["Zhao Min"]
        assert session.count(Customer) == 1
        assert session.history(lead)[0].reason == "they ordered"
    assert pycrm("convert", str(lead.id), "--as", "rep_a", "--json").code == 5
