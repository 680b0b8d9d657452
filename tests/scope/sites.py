"""A plugin whose records have teams, for the tests of them."""

from __future__ import annotations

from datetime import date

from pycrm import Customer, Field, Link, Money, Plugin, Record, User, field, link, team, through

__all__ = ["PAID", "Site", "SiteMember", "Sites", "Spending", "Visit"]


class Site(
    Record, table="sites_site", scope=through("customer", team=team("SiteMember", "site", part="part"))
):
    """A building site at a customer, with people from anywhere."""

    customer: Link[Customer] = link("Customer")
    name: Field[str] = field("Name", order=True)


class SiteMember(Record, table="sites_member", scope=through("site")):
    """Somebody works on a site."""

    site: Link[Site] = link("Site")
    user: Link[User] = link("Person")
    part: Field[str] = field("Part")
    since: Field[date] = field("Since")
    until: Field[date | None] = field("Until", default=None)


class Visit(Record, table="sites_visit", scope=through("site")):
    """Somebody was there."""

    site: Link[Site] = link("Site")
    on: Field[date] = field("On", order=True)


class Spending(Record, table="sites_spending", scope=through("site", owned=True, parts=("lead",))):
    """What somebody has spent there: for that person and for who leads the team."""

    site: Link[Site] = link("Site")
    amount: Field[Money] = field("Amount")


class Sites(Plugin):
    """Sites."""

    name = "sites"
    records = (Site, SiteMember, Visit, Spending)


PAID = Money("100.00", "CNY")
