"""What ties a customer to us: what it hears of us, comes to, consents to, and says to others."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.customer import contacts
from pycrm.scoring.feeds.trade import transactions
from pycrm.scoring.function import days_between

__all__ = [
    "attendances",
    "consenting",
    "consents",
    "logins",
    "membership",
    "mentions",
    "points",
    "referral_sales",
    "referrals",
    "sends",
]

sends = Feed(
    "sends",
    "Marketing messages sent to a customer's people, with the day on which one of them first answered",
    on=date,
    responded_on=date,
)

attendances = Feed(
    "attendances",
    "Registrations for events by the day of the event; state is confirmed, attended, no_show or what else it was",
    on=date,
    state=str,
)

referrals = Feed("referrals", "Customers whom a customer brought to us", on=date, referred=UUID)

mentions = Feed(
    "mentions",
    "What a customer said of us in public; tone is positive, negative or neutral",
    on=date,
    tone=str,
)

membership = Feed(
    "membership",
    "Levels of membership, each from the day on which it was reached to the last on which it holds; the rank of "
    "the level and that of the highest there is",
    at="since",
    since=date,
    until=date,
    rank=int,
    highest_rank=int,
)

points = Feed(
    "points",
    "Entries of points; kind is earn, redeem or another, and what is taken away is negative",
    on=date,
    kind=str,
    points=int,
)

logins = Feed("logins", "Times that somebody of a customer signed in to the portal", on=date)

consents = Feed(
    "consents",
    "What contacts said to messages of a purpose by a channel; state is granted, refused or withdrawn",
    on=date,
    contact=UUID,
    purpose=str,
    channel=str,
    state=str,
)


def _consenting() -> sa.Select[Any]:
    said, who = consents, contacts
    # What was said last holds for its channel; of two words on one day the no.
    newest = (said.on.desc(), sa.case((said.state == "granted", 1), else_=0))
    by_channel = (said.customer, said.contact, said.channel)
    rank = sa.func.row_number().over(partition_by=by_channel, order_by=newest).label("rank")
    told = (
        sa.select(said.customer, said.contact, said.state, rank)
        .where(said.purpose == "marketing")
        .subquery("told")
    )
    granted = (
        sa.select(told.c.customer, told.c.contact)
        .where(told.c.rank == 1, told.c.state == "granted")
        .distinct()
        .subquery("granted")
    )
    both = sa.and_(granted.c.customer == who.customer, granted.c.contact == who.contact)
    consents_ = sa.case((granted.c.contact.is_not(None), 1), else_=0)
    return sa.select(who.customer, who.left_on, consents_.label("consents")).join_from(
        who.table, granted, both, isouter=True
    )


consenting = Feed.derived(
    "consenting",
    "Contacts: consents is 1 where marketing may reach them by some channel",
    _consenting,
    of=(contacts, consents),
    left_on=date,
    consents=int,
)

_everybody = transactions.of_everybody()


def _referral_sales() -> sa.Select[Any]:
    line = _everybody
    brought = sa.select(referrals.customer, referrals.referred).distinct().subquery("brought")
    first = sa.func.min(sa.case((line.net > 0, line.on)), type_=line.on.type)
    sale = (
        sa.select(line.customer, line.on, line.net, first.over(partition_by=line.customer).label("first"))
        .where(line.customer.in_(sa.select(referrals.referred)))
        .subquery("sale")
    )
    return (
        sa.select(brought.c.customer, sale.c.net)
        .join_from(brought, sale, sale.c.customer == brought.c.referred)
        .where(days_between(sale.c.first, sale.c.on) < 365)
    )


referral_sales = Feed.derived(
    "referral_sales",
    "Lines that customers whom a customer brought to us bought within a year of their first purchase",
    _referral_sales,
    of=(referrals, _everybody),
    net=int,
)
