"""A clinic's plugins in their first version, and a laboratory that extends its visits."""

from __future__ import annotations

from datetime import date

from pycrm import Customer, Facet, Field, Link, Plugin, Record, field, link, through

__all__ = ["Clinic", "Finding", "Lab", "Visit"]


class Visit(Record, table="clinic_visit", scope=through("customer")):
    """A customer came."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("Date", order=True)
    headcount: Field[int | None] = field("People", default=None)


class Finding(Facet, table="lab_finding", of="Visit"):
    """What the laboratory found."""

    note: Field[str] = field("Note")


class Clinic(Plugin):
    """Clinic"""

    name = "clinic"
    records = (Visit,)
    migrations = "clinic_steps"


class Lab(Plugin):
    """Laboratory"""

    name = "lab"
    requires = ("clinic",)
    facets = (Finding,)
