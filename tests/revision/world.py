"""A small world to act in: customers, deals and leads of two salespeople, and what the tables hold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
from house import Cast, contents, enterprise

from pycrm import (
    CRM,
    Activity,
    Contact,
    Customer,
    Lead,
    LeadContactPoint,
    Money,
    Opportunity,
    OpportunityLine,
    Organization,
    Product,
    ProductCategory,
)
from pycrm.entities.activity import ActivityKind
from pycrm.entities.customer import Department
from pycrm.entities.party import ContactPointKind
from pycrm.entities.product import ProductState

CLOSE = date(2026, 12, 1)


@attrs.define
class World:
    """What was made, as stored."""

    cast: Cast
    pump: Customer
    other: Customer
    hidden: Customer
    archived: Customer
    deal: Opportunity
    second: Opportunity
    lost: Opportunity
    hidden_deal: Opportunity
    lead: Lead
    hidden_lead: Lead
    contact: Contact
    activity: Activity
    product: Product
    retired: Product
    stale: Customer
    stale_deal: Opportunity


def line(product: Product, qty: str = "2", price: str = "10", discount: str = "0") -> OpportunityLine:
    """A line of an opportunity in yuan."""
    return OpportunityLine(
        product=product, qty=Decimal(qty), unit_price=Money(price, "CNY"), discount=Decimal(discount)
    )


def lead_of(name: str, source: Any, mobile: str = "13700000001", **values: Any) -> Lead:
    """A lead with a mobile number."""
    points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value=mobile)]
    return Lead(**({"name": name, "source": source, "contact_points": points} | values))


def catalogue(crm: CRM) -> tuple[Product, Product]:
    """A product that is sold and one that is retired."""
    with crm.session(crm.system("catalogue")) as session:
        category = session.add(ProductCategory(name="Pumps"))
        product = session.add(Product(code="P1", name="Pump", category=category, unit="piece"))
        retired = session.add(
            Product(code="P0", name="Old", category=category, unit="piece", state=ProductState.RETIRED)
        )
    return product, retired


def world(crm: CRM) -> World:
    """Ana's and Wu's records: rep_a acts, rep_w is hidden from rep_a."""
    cast = enterprise(crm)
    product, retired = catalogue(crm)
    with crm.session("rep_w") as session:
        hidden = session.add(
            Customer.organization("Hidden", mobile="138 0013 8000", source="exhibition", tax_id="T-HIDDEN")
        )
        hidden_deal = session.add(Opportunity(customer=hidden, name="Hidden", expected_close=CLOSE))
        hidden_lead = session.add(lead_of("Hidden", hidden.source))
    with crm.session("rep_a") as session:
        pump = session.add(
            Customer.organization("Ningbo Pump", mobile="13900000001", source="exhibition", tax_id="T-PUMP")
        )
        other = session.add(Customer.person("Wang", email="wang@example.com", source="exhibition"))
        archived = session.add(Customer.organization("Gone", mobile="13900000003", source="exhibition"))
        stale = session.add(Customer.organization("Stale", mobile="13900000004", source="exhibition"))
        lines = [line(product), line(product, "1", "5")]
        deal = session.add(Opportunity(customer=pump, name="Pumps", expected_close=CLOSE, lines=lines))
        second = session.add(
            Opportunity(customer=pump, name="More", expected_close=CLOSE, lines=[line(product)])
        )
        lost = session.add(Opportunity(customer=pump, name="Lost", expected_close=CLOSE))
        lost = session.move(lost, to="lost", lost_reason="price")
        lead = session.add(lead_of("Fair visitor", pump.source, "13700000002"))
        contact = session.add(
            Contact.named(
                "Li", customer=pump, department=Department.USER, mobile="13600000001", is_primary=True
            )
        )
        activity = session.add(
            Activity(
                kind=ActivityKind.CALL,
                customer=pump,
                started_at=session.now - timedelta(hours=1),
                summary="Asked for a quotation",
            )
        )
    with crm.session("rep_a") as session:
        archived = session.archive(archived)
        session.change(stale, channel="fair")
        session.change(second, next_step="call")
    return World(
        *(cast, pump, other, hidden, archived, deal, second, lost, hidden_deal, lead, hidden_lead),
        *(contact, activity, product, retired, stale, second),
    )


def organization(session: Any, customer: Customer) -> Organization:
    """What is known of the customer as a company."""
    found = session.facet(customer.party, Organization)
    assert found is not None
    return found


def tables(crm: CRM) -> dict[str, list[str]]:
    """Every row of every table, read past the session."""
    # That somebody acted as the system, or was told of a hidden value, stays where the act was undone.
    return contents(crm, crm.metadata.tables.keys() - {"crm_elevation", "crm_probe"})


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """The tables that changed."""
    return [name for name in before if before[name] != after[name]]
