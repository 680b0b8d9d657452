"""Who the customers are and who speaks for them, from the core's own records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.entities.customer import Contact, Customer
from pycrm.entities.party import ContactPoint, Organization, Party, PartyKind, Person, Region
from pycrm.entities.party import Source as Origin
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.scoring.feed import Supply
from pycrm.scoring.feeds import contacts, headcounts, profile
from pycrm.scoring.function import day_of, place_of
from pycrm.scoring.moment import currency
from pycrm.scoring.scale import WITHIN
from pycrm.scoring.supplies.inside import pair

__all__ = ["SUPPLIES"]

_DEEPEST = 20


def _own(amount: Any, code: Any) -> Any:
    """An amount in the CRM's currency; in another it is not known here."""
    return sa.case((code == currency(), amount))


def _regions() -> Any:
    """The path of each region: its name and those of what it lies in, the nearest first."""
    begun, above = Region.__table__.c, Region.__table__.alias("above").c
    path = (
        sa.select(
            begun.id,
            sa.cast(begun.name, sa.Text()).label("path"),
            begun.parent_id.label("up"),
            sa.literal(1).label("depth"),
        )
    ).cte("crm_region_path", recursive=True)
    longer = path.c.path + WITHIN + sa.cast(above.name, sa.Text())
    step = sa.select(path.c.id, longer, above.parent_id, path.c.depth + 1)
    # Whoever made regions each a part of the other gets an end all the same.
    path = path.union_all(step.where(above.id == path.c.up, path.c.depth < _DEEPEST))
    return sa.select(path.c.id, path.c.path).where(path.c.up.is_(None)).subquery("crm_region")


def _groups() -> Any:
    """The topmost company of each customer that belongs to a group, the top itself among them."""
    member, above = Customer.__table__.c, Customer.__table__.alias("above").c
    path = (
        sa.select(member.id, member.parent_group_id.label("up"))
        .where(member.parent_group_id.is_not(None))
        .cte("crm_group_path", recursive=True)
    )
    step = sa.select(path.c.id, above.parent_group_id).where(above.id == path.c.up)
    # No row comes twice, so that a circle ends, though without a top.
    path = path.union(step.where(above.parent_group_id.is_not(None)))
    top = Customer.__table__.alias("top").c
    tops = sa.select(path.c.id, path.c.up.label("top"))
    tops = tops.where(top.id == path.c.up, top.parent_group_id.is_(None))
    found = tops.cte("crm_group_top")
    return sa.union(sa.select(found.c.id, found.c.top), sa.select(found.c.top, found.c.top)).subquery(
        "crm_group"
    )


def _profile() -> Any:
    regions, tops = _regions(), _groups()
    customer, party = Customer.__table__.c, Party.__table__.c
    company, person, origin = Organization.__table__.c, Person.__table__.c, Origin.__table__.c
    source = (
        Customer.__table__.join(Party.__table__, party.id == customer.party_id)
        .join(Origin.__table__, origin.id == customer.source_id)
        .outerjoin(Organization.__table__, company.of_id == party.id)
        .outerjoin(Person.__table__, person.of_id == party.id)
        .outerjoin(regions, regions.c.id == party.region_id)
        .outerjoin(tops, tops.c.id == customer.id)
    )
    point = ContactPoint.__table__.c
    is_reachable = sa.exists().where(point.parent_id == party.id)
    return (
        sa.select(
            customer.id.label("customer"),
            day_of(customer.created_at).label("filed_on"),
            (customer.kind == sa.literal(PartyKind.PERSON.value)).label("is_person"),
            company.employees.label("employees"),
            _own(company.registered_capital, company.registered_capital_currency).label("registered_capital"),
            _own(company.annual_revenue, company.annual_revenue_currency).label("annual_revenue"),
            company.industry.label("industry"),
            regions.c.path.label("region"),
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
            tops.c.top.label("top_group"),
            is_reachable.label("is_reachable"),
            company.tax_id.is_not(None).label("has_tax_id"),
            customer.next_contact_on.label("next_contact_on"),
        )
        .where(customer.archived_at.is_(None))
        .select_from(source)
    )


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


def _headcounts() -> Any:
    """From the history of the parties: there is no other place that keeps what was."""
    change, revision, customer = ChangeRow.__table__.c, RevisionRow.__table__.c, Customer.__table__.c
    source = (ChangeRow.__table__.join(RevisionRow.__table__, revision.id == change.revision_id)).join(
        Customer.__table__, customer.party_id == change.record_id
    )
    return (
        sa.select(
            customer.id.label("customer"),
            day_of(revision.at).label("on"),
            change.version.label("version"),
            sa.cast(pair(change.changes, "employees", 1), sa.BigInteger()).label("employees"),
        )
        .select_from(source)
        .where(change.entity == Organization.__name__, place_of('"employees":[', change.changes) > 0)
    )


SUPPLIES = (Supply(profile, _profile), Supply(contacts, _contacts), Supply(headcounts, _headcounts))
