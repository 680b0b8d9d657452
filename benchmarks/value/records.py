"""The same facts as records of a plugin, as whoever writes functions in Python would read them: through the session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks.value import rows
from pycrm import CRM, Customer, Field, Link, Plugin, Record, Ref, field, link, through
from pycrm.scope.actor import key

__all__ = ["FactRecords", "entered", "found"]


class FactLine(Record, table="factrecords_line", scope=through("customer")):
    """A line of a sale."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    origin: Field[str] = field("Origin")
    product: Field[str | None] = field("Product", default=None)
    category: Field[str | None] = field("Category", default=None)
    qty: Field[Decimal] = field("Quantity", scale=1)
    gross: Field[int | None] = field("Gross", default=None)
    net: Field[int] = field("Net")
    cost: Field[int | None] = field("Cost", default=None)
    list_value: Field[int | None] = field("List value", default=None)
    margin_class: Field[str] = field("Margin class")
    channel: Field[str] = field("Channel")
    is_return: Field[bool] = field("Return")
    is_lead: Field[bool] = field("Lead category")


class FactContact(Record, table="factrecords_contact", scope=through("customer")):
    """A contact, or an attempt at one."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    kind: Field[str] = field("Kind")
    channel: Field[str] = field("Channel")
    direction: Field[str] = field("Direction")
    outcome: Field[str | None] = field("Outcome", default=None)
    level: Field[int | None] = field("Level", default=None)


class FactCost(Record, table="factrecords_cost", scope=through("customer")):
    """What a customer cost."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    kind: Field[str] = field("Kind")
    amount: Field[int] = field("Amount")


class FactRecords(Plugin):
    """Fact records

    What benchmarks reckon with, as records.
    """

    name = "factrecords"
    records = (FactLine, FactContact, FactCost)


def entered(crm: CRM, customers: Sequence[UUID]) -> None:
    """Add the facts of these customers as records."""
    with crm.session(crm.system("entering")) as session:
        for one in customers:
            facts = rows.loaded(session.transaction, key(session.transaction, one))
            for cls, some in zip(FactRecords.records, facts, strict=True):
                session.add_all([cls(customer=Ref.to(Customer, one), **_values(row)) for row in some])


def _values(row: Any) -> dict[str, Any]:
    """A row of facts as a record takes it: some databases have numbers for yes and no."""
    given = row._asdict()
    for name in ("is_return", "is_lead"):
        if name in given:
            given[name] = bool(given[name])
    return given | ({"qty": Decimal(str(row.qty))} if "qty" in given else {})


def found(session: Any, customer: UUID) -> rows.Customer:
    """The facts of a customer, by three questions."""
    those = Ref.to(Customer, customer)
    lines, contacts, costs = (session.find(cls, cls.customer == those) for cls in FactRecords.records)
    return rows.Customer(lines, contacts, costs)
