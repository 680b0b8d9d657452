"""What the core keeps of products and opportunities is what indicators of transactions measure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import (
    CRM,
    Customer,
    Field,
    FixedClock,
    Link,
    Money,
    Plugin,
    Product,
    ProductCategory,
    ProductState,
    Record,
    field,
    link,
    owned,
)
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import Supply
from pycrm.scoring.feeds import transactions

from .records import Desk, desk_of

TODAY = "2026-06-30"


class Bill(Record, table="bills_bill", scope=owned()):
    """What a customer was billed for something of a category."""

    customer: Link[Customer] = link("Customer")
    number: Field[str] = field("Number")
    on: Field[date] = field("On")
    category: Field[str] = field("Category")
    net: Field[Money] = field("Net")


def _lines() -> Any:
    bill = Bill.__table__.c
    return sa.select(
        bill.customer_id.label("customer"),
        bill.number.label("origin"),
        bill.on.label("on"),
        bill.category.label("category"),
        bill.net.label("net"),
    )


class Bills(Plugin):
    """Bills

    What was sold, by categories, without products.
    """

    name = "bills"
    records = (Bill,)
    supplies = (Supply(transactions, _lines),)


@pytest.fixture
def desk(open_crm: Callable[..., CRM], clock: FixedClock) -> Desk:
    """A desk where bills are kept."""
    clock.set("2026-01-01T10:00:00+08:00")
    crm = open_crm(plugins=(CustomerValue, Bills))
    crm.migrate()
    return desk_of(crm, clock)


def product(desk: Desk, code: str, category: Any, **details: Any) -> Any:
    """A new product."""
    made = Product(code=code, name=code, category=category, unit="piece", **details)
    return desk.do(lambda session: session.add(made))


def test_breadth_is_over_what_can_be_bought(desk: Desk) -> None:
    """A category counts as active by a product that is sold today, from the day on which it was filed."""
    hongda = desk.company("Hongda")
    pumps, seals, oils, films = (
        desk.do(lambda session, name=name: session.add(ProductCategory(name=name)))
        for name in ("pumps", "seals", "oils", "films")
    )
    for code, category in (("P1", pumps), ("P2", pumps), ("S1", seals)):
        product(desk, code, category)
    product(desk, "F1", films, state=ProductState.RETIRED)
    bill = Bill(customer=hongda, number="1", on=date(2026, 1, 1), category="pumps", net=Money("9", "CNY"))
    desk.do(lambda session: session.add(bill))
    desk.at("2026-03-01")
    product(desk, "O1", oils)
    assert desk.value(hongda, "T16", "2026-02-28") == 50
    assert desk.value(hongda, "T16", "2026-03-01") == pytest.approx(100 / 3)
    desk.at("2026-03-02")
    desk.do(lambda session: session.archive(session.find(Product, Product.code == "O1")[0]))
    days = ("2026-03-01", "2026-03-02")
    assert [desk.value(hongda, "T16", day) for day in days] == [pytest.approx(100 / 3), 50]


def test_what_nobody_tells_is_not_available(desk: Desk) -> None:
    """Who keeps bills without products, quantities and discounts is told of no products, and of no nought."""
    hongda = desk.company("Hongda")
    codes = ("T01", "T14", "T15", "T17", "T18", "T20", "T22", "T23", "T27", "T32", "T33", "T34", "T37", "T40")
    found = desk.measured(hongda, *codes)
    there = {code for code, one in found.items() if one.state != "unavailable"}
    assert there == {"T01", "T14", "T40"}
    assert all(found[code].value is None for code in codes if code not in there)


def test_deals_are_those_of_the_pipeline(desk: Desk) -> None:
    """One deal of two is won, after 100 days; a third is open at the odds of its stage."""
    hongda, empty = desk.company("Hongda"), desk.company("Empty")
    won, lost = desk.deal(hongda, "100"), desk.deal(hongda, "200")
    desk.at("2026-04-11")
    desk.move(won, "quoted")
    desk.move(won, "won", closed_on=date(2026, 4, 11))
    desk.move(lost, "lost", lost_reason="price")
    desk.at("2026-05-01")
    desk.deal(hongda, "300")
    desk.at(TODAY)
    codes = ("T29", "T30", "T31")
    # 10 % of 300.00 at the first stage.
    assert [desk.value(hongda, code, TODAY) for code in codes] == [50, 3_000, 100]
    assert [desk.value(empty, code, TODAY) for code in codes] == [None, 0, None]
    # The day before, all stood at the first stage.
    assert [desk.value(hongda, code, "2026-04-10") for code in codes] == [None, 3_000, None]
