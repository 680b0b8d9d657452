"""Who the customers are: what the core itself knows, and what is judged of them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.moment import days_ago

__all__ = ["contacts", "groups", "headcounts", "judgement", "known_groups", "profile", "staffing"]

profile = Feed(
    "profile",
    "What is known of a customer and its party; region is the path of names from its own region upwards, "
    "top_group the topmost company of its group",
    single=True,
    filed_on=date,
    is_person=bool,
    employees=int,
    registered_capital=int,
    annual_revenue=int,
    industry=str,
    region=str,
    ownership_kind=str,
    market_position=str,
    listed=bool,
    founded_on=date,
    birth_on=date,
    income_band=str,
    source=str,
    strategic=bool,
    signing_grade=str,
    lifecycle=str,
    top_group=UUID,
    is_reachable=bool,
    has_tax_id=bool,
    next_contact_on=date,
)

contacts = Feed(
    "contacts",
    "People who speak for a customer; those who left have the day",
    at="filed_on",
    filed_on=date,
    contact=UUID,
    department=str,
    level=int,
    is_primary=bool,
    left_on=date,
)

headcounts = Feed(
    "headcounts",
    "Each number of employees that was entered of a customer; of one day the greatest version is the last",
    on=date,
    version=int,
    employees=int,
)

judgement = Feed(
    "judgement",
    "What somebody judged of a customer or found out; zone is that of its address, group_companies how many "
    "its group is known to have, verified_on when the basic data were last looked through",
    single=True,
    credit_rating=str,
    rated_on=date,
    purchasing=str,
    switching_cost=int,
    zone=str,
    is_reference=bool,
    group_companies=int,
    verified_on=date,
)

_everybody = profile.of_everybody()
_judged = judgement.of_everybody()


def _groups() -> sa.Select[tuple[object, ...]]:
    number = sa.func.count().label("customers")
    members = sa.select(_everybody.top_group, number).group_by(_everybody.top_group).subquery()
    mine = profile.table.join(members, members.c.top_group == profile.top_group)
    return sa.select(profile.customer, members.c.customers).select_from(mine)


groups = Feed.derived(
    "groups",
    "The group that a customer belongs to, and how many customers of ours are in it",
    _groups,
    of=(profile,),
    single=True,
    customers=int,
)


def _known_groups() -> sa.Select[tuple[object, ...]]:
    known = sa.func.max(_judged.group_companies).label("companies")
    told = _everybody.table.join(_judged.table, _judged.customer == _everybody.customer)
    members = sa.select(_everybody.top_group, known).select_from(told).group_by(_everybody.top_group)
    found = members.subquery()
    mine = profile.table.join(found, found.c.top_group == profile.top_group)
    return sa.select(profile.customer, found.c.companies).select_from(mine)


known_groups = Feed.derived(
    "known_groups",
    "How many companies a customer's group is known to have, as any of them has it",
    _known_groups,
    of=(profile, judgement),
    single=True,
    companies=int,
)


def _staffing() -> sa.Select[tuple[object, ...]]:
    entry = headcounts
    is_old = entry.on <= days_ago(365)

    def last(*sort: Any) -> sa.Over[int]:
        order = (entry.on.desc(), entry.version.desc())
        return sa.func.row_number().over(partition_by=[entry.customer, *sort], order_by=order)

    ranked = sa.select(
        entry.customer,
        entry.employees,
        is_old.label("is_old"),
        last().label("place"),
        last(sa.case((is_old, 1), else_=0)).label("place_then"),
    ).subquery()
    at = ranked.c
    return sa.select(
        at.customer,
        sa.func.max(sa.case((at.place == 1, at.employees))).label("now"),
        sa.func.max(sa.case((sa.and_(at.is_old, at.place_then == 1), at.employees))).label("then"),
    ).group_by(at.customer)


staffing = Feed.derived(
    "staffing",
    "How many employees a customer had on the day, and 365 days before",
    _staffing,
    of=(headcounts,),
    single=True,
    now=int,
    then=int,
)
