"""A year of a shop's sales in France, entered as records of a plugin: UCI Online Retail (Chen, 2012)."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from pycrm import CRM, Customer, Field, Link, Money, Plugin, Record, field, link, owned
from pycrm import Source as Origin
from pycrm.scoring import Supply
from pycrm.scoring.feeds import transactions

__all__ = ["LAST_DAY", "Row", "Sale", "Shop", "enter", "read"]

LAST_DAY = date(2011, 12, 9)


class Row(NamedTuple):
    """A line of the file."""

    invoice: str
    product: str
    qty: int
    on: date
    net: Decimal
    customer: str


def read(path: Path) -> list[Row]:
    """The lines of the file; an invoice whose number begins with C is a credit note."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> Row:
    qty = int(line["Quantity"])
    on = datetime.strptime(line["InvoiceDate"], "%m/%d/%Y %H:%M").date()
    net = qty * Decimal(line["UnitPrice"])
    return Row(line["InvoiceNo"], line["StockCode"], qty, on, net, line["CustomerID"])


class Sale(Record, table="shop_sale", scope=owned()):
    """A line of an invoice or a credit note."""

    invoice: Field[str] = field("Invoice", longest=20)
    product: Field[str] = field("Product", longest=20)
    qty: Field[int] = field("Quantity")
    on: Field[date] = field("On")
    net: Field[Money] = field("Net")
    customer: Link[Customer | None] = link("Customer", default=None)


def _lines() -> Any:
    sale = Sale.__table__.c
    return sa.select(
        sale.customer_id.label("customer"),
        sale.on.label("on"),
        sale.invoice.label("origin"),
        sale.product.label("product"),
        sa.cast(sale.qty, sa.Double()).label("qty"),
        sale.net.label("net"),
        (sale.qty < 0).label("is_return"),
    ).where(sale.customer_id.is_not(None))


class Shop(Plugin):
    """Shop

    What was sold, line by line.
    """

    name = "shop"
    records = (Sale,)
    supplies = (Supply(transactions, _lines),)


def enter(crm: CRM, rows: list[Row]) -> dict[str, Customer]:
    """File the customers and enter the lines; gives the customers by the file's numbers."""
    numbers = sorted({row.customer for row in rows if row.customer})
    with crm.session(crm.system("shop")) as session:
        session.add(Origin(name="shop"))
        drafts = [Customer.organization(f"Customer {one}", source="shop", phone=one) for one in numbers]
        customers = dict(zip(numbers, session.add_all(drafts), strict=True))
        session.add_all(
            Sale(
                invoice=row.invoice,
                product=row.product,
                qty=row.qty,
                on=row.on,
                net=Money(row.net, "GBP"),
                customer=customers.get(row.customer),
            )
            for row in rows
        )
    return customers
