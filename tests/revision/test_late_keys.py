"""Key data of somebody who was there before change by an amendment alone, also where there were none yet (REV-2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from house import enterprise

from pycrm import CRM, AmendmentRequiredError, Customer, NotFoundError, Organization, Party, Ref
from pycrm.revision.amendment import policy as policies
from revision.world import differing, tables


def filed(crm: CRM) -> Customer:
    """A company of rep_a, of which nothing but its name and telephone is known."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        return session.add(Customer.organization("Hongda", source="exhibition", phone="1"))


def add(crm: CRM, who: str, **values: Any) -> Organization:
    """Add what is known of a company."""
    with crm.session(who) as session:
        return session.add(Organization(**values))


def test_a_tax_id_does_not_come_in_by_the_back_door(crm: CRM) -> None:
    """Whoever adds a tax id to a company that is there is told to amend it, and nothing is written."""
    hongda = filed(crm)
    before = tables(crm)
    with pytest.raises(AmendmentRequiredError) as refused:
        add(crm, "rep_a", of=hongda.party, tax_id="T1", industry="logistics")
    assert [one.path for one in refused.value.fields] == ["tax_id"]
    assert refused.value.data == {"current": {"tax_id": None}, "policy": {"tax_id": "recorded"}}
    with pytest.raises(AmendmentRequiredError), crm.session("rep_a") as session:
        session.add_all([Organization(of=hongda.party, tax_id="T1")])
    assert differing(before, tables(crm)) == []


def test_what_is_no_key_is_added_and_a_key_is_amended(crm: CRM) -> None:
    """The industry is simply added; the tax id comes by an amendment, where there is no row yet too."""
    hongda = filed(crm)
    assert add(crm, "rep_a", of=hongda.party, industry="logistics").industry == "logistics"
    with crm.session("rep_a") as session:
        works = session.add(Customer.organization("Works", source="exhibition", phone="2"))
    with crm.session("rep_a") as session:
        session.amend(works, tax_id="T2", because="seen on the licence")
    with crm.view("rep_a") as session:
        assert session.get(Organization, works.party.id).tax_id == "T2"


def test_whoever_enters_a_company_enters_its_tax_id(crm: CRM) -> None:
    """A company is entered with its tax id in one act, or part by part in one session."""
    filed(crm)
    with crm.session("rep_a") as session:
        session.add(Customer.organization("Mill", source="exhibition", phone="3", tax_id="T3"))
        party = session.get(session.add(Customer.organization("Shop", source="exhibition", phone="4")).party)
        assert session.add(Organization(of=party, tax_id="T4")).tax_id == "T4"


def test_nobody_learns_by_it_whether_a_company_is_there(crm: CRM) -> None:
    """A colleague's company and one that there is not give the same answer, before anything of keys is said."""
    hongda = filed(crm)
    for party in (hongda.party, Ref.to(Party, UUID(int=7))):
        with pytest.raises(NotFoundError) as refused:
            add(crm, "rep_b", of=party, tax_id="T1")
        assert refused.value.data == {}


def test_the_back_door_is_seen_when_it_is_open(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were nobody to look, the tax id would stand there without a reason (the planted fault)."""
    hongda = filed(crm)
    monkeypatch.setattr(policies, "refuse_late_keys", lambda tx, records: None)
    assert add(crm, "rep_a", of=hongda.party, tax_id="T1").tax_id == "T1"
