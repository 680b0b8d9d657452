"""Who the customers are and who speaks for them, from the core's own records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.entities.customer import Contact, Customer
from pycrm.entities.party import Organization, Party, PartyKind, Person
from pycrm.entities.party import Source as Origin
from pycrm.scoring.feed import Source
from pycrm.scoring.feeds import contacts, profile
from pycrm.scoring.function import day_of
from pycrm.scoring.moment import currency

__all__ = ["SOURCES"]


def _own(amount: Any, code: Any) -> Any:
    """An amount in the CRM's currency; in another it is not known here."""
    return sa.case((code == currency(), amount))


def _profile() -> Any:
    customer, party = Customer.__table__.c, Party.__table__.c
    company, person, origin = Organization.__table__.c, Person.__table__.c, Origin.__table__.c
    source = (
        Customer.__table__.join(Party.__table__, party.id == customer.party_id)
        .join(Origin.__table__, origin.id == customer.source_id)
        .outerjoin(Organization.__table__, company.of_id == party.id)
        .outerjoin(Person.__table__, person.of_id == party.id)
    )
    return sa.select(
        customer.id.label("customer"),
        day_of(customer.created_at).label("filed_on"),
        (customer.kind == sa.literal(PartyKind.PERSON.value)).label("is_person"),
        company.employees.label("employees"),
        _own(company.registered_capital, company.registered_capital_currency).label("registered_capital"),
        _own(company.annual_revenue, company.annual_revenue_currency).label("annual_revenue"),
        company.industry.label("industry"),
        company.ownership_kind.label("ownership_kind"),
        company.market_position.label("market_position"),
        company.listed.label("listed"),
        company.founded_on.label("founded_on"),
        person.birth_date.label("birth_on"),
        person.income_band.label("income_band"),
        origin.name.label("source"),
        customer.strategic.label("strategic"),
        customer.signing_grade.label("signing_grade"),
        customer.lifecycle.label("lifecycle"),
        customer.parent_group_id.label("parent_group"),
        customer.next_contact_on.label("next_contact_on"),
    ).select_from(source)


def _contacts() -> Any:
    contact = Contact.__table__.c
    return sa.select(
        contact.customer_id.label("customer"),
        day_of(contact.created_at).label("filed_on"),
        contact.id.label("contact"),
        contact.department.label("department"),
        contact.level.label("level"),
        contact.is_primary.label("is_primary"),
        contact.left_on.label("left_on"),
    ).where(contact.archived_at.is_(None))


SOURCES = (Source(profile, _profile), Source(contacts, _contacts))
