"""A lead becomes a customer on its page, which asks whom it joins and whether a deal begins."""

from __future__ import annotations

from pycrm import Contact, Customer, Lead, LeadContactPoint, Note, Opportunity
from pycrm.entities.party import ContactPointKind

from .conftest import Company


def taken(company: Company, *, company_name: str | None = "Zhao Pumps") -> Lead:
    """A lead that rep_a has accepted, with a note of it."""
    with company.crm.session("rep_a") as session:
        source = session.find(Customer, limit=1)[0].source
        points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value="13911112222")]
        made = session.add(
            Lead(name="Zhao Min", company=company_name, source=source, contact_points=tuple(points))
        )
        session.add(Note(body="Met at the fair", lead=made))
        return session.move(session.move(made, "assign"), "accept")


def test_the_button_of_a_lead_leads_to_a_customer(company_on_both: Company) -> None:
    """Converting asks first; with nothing chosen the company becomes a customer with all that was written."""
    company = company_on_both
    lead = taken(company)
    reader = company.reader("rep_a")
    page = reader.see(f"/leads/{lead.id}")
    move = page.form(f"/leads/{lead.id}/move")
    assert ("to", "convert") in move.buttons
    asked = reader.follow(reader.post(f"/leads/{lead.id}/move", [*move.fields, ("to", "convert")]))
    assert "Without a choice Zhao Pumps becomes a customer." in asked.words
    form = asked.form(f"/leads/{lead.id}/convert")
    made = reader.follow(reader.send(form, o__name="Ten pumps", o__expected_close="2026-09-30"))
    assert "Zhao Pumps" in made.words
    with company.crm.view("rep_a") as session:
        lead = session.get(lead.ref)
        assert lead.stage == "converted"
        (deal,) = session.find(Opportunity, Opportunity.source_lead == lead.id)
        assert (deal.name, deal.customer.id) == ("Ten pumps", lead.converted_to.id)
        assert session.count(Contact, Contact.customer == lead.converted_to.id) == 1
        assert session.count(Note, Note.customer == lead.converted_to.id) == 1


def test_what_is_wrong_is_said_beside_it_and_nothing_is_made(company: Company) -> None:
    """A deal without a day, and a number that a customer holds already, are told with all that was typed."""
    lead = taken(company, company_name=None)
    reader = company.reader("rep_a")
    form = reader.see(f"/leads/{lead.id}/convert").form(f"/leads/{lead.id}/convert")
    refused = reader.send(form, o__name="Ten pumps")
    assert refused.status == 422
    assert "a value is required" in refused.text
    assert "Ten pumps" in refused.text
    with company.crm.session("rep_a") as session:
        session.add(Customer.person("Zhao Min", source="exhibition", mobile="13911112222"))
    refused = reader.send(form)
    assert refused.status == 409
    with company.crm.view("rep_a") as session:
        assert session.get(lead.ref).converted_to is None


def test_the_page_of_somebody_elses_lead_is_none(company: Company) -> None:
    """A colleague gets the same answer as for a lead that there is not, to look and to act."""
    lead = taken(company)
    reader = company.reader("rep_b") if "rep_b" in company.cast.people else company.reader("rep_w")
    assert reader.ask(f"/leads/{lead.id}/convert").status == 404
