"""The figures that are pinned for Northwind and Chinook, by a second program and by the import's drafts."""

from __future__ import annotations

from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from pycrm.exchange import Drafts, Kind, Mapping, read_table

from . import figures
from .chinook.export import export_chinook
from .northwind.export import export_northwind
from .where import realdata

pytestmark = pytest.mark.realdata

# Opportunities with their lines in another file; owner and customer by the ids of earlier imports.
ORDERS = """
entity = "Opportunity"
source = "northwind"
key = "OrderID"
ignore = ["RequiredDate", "ShippedDate", "ShipVia", "Freight", "ShipName", "ShipAddress", "ShipCity",
    "ShipRegion", "ShipPostalCode", "ShipCountry"]

[formats]
date = "%Y-%m-%d %H:%M:%S.%f"

[columns]
name = { text = "Order {OrderID}" }
customer = { column = "CustomerID", lookup = "external" }
owner = { column = "EmployeeID", lookup = "external" }
expected_close = "OrderDate"

[[children]]
field = "lines"
file = "order_details"
parent = "OrderID"

[children.columns]
product = { column = "ProductID", lookup = "external" }
qty = "Quantity"
unit_price = { column = "UnitPrice", money = "USD" }
discount = { column = "Discount", times = "100" }
"""
KINDS: dict[str, Any] = {
    "name": "text",
    "customer": Kind("link", entity="Customer"),
    "owner": Kind("link", entity="User"),
    "expected_close": "date",
    "lines": {
        "product": Kind("link", entity="Product"),
        "qty": "decimal",
        "unit_price": "money",
        "discount": "decimal",
    },
}


def test_northwind_is_as_pinned() -> None:
    """Sums per subtree, rounded half up per line, agree with the pinned ones to the cent."""
    with closing(figures.load_northwind(realdata("northwind", "create.sql"))) as database:
        found = figures.northwind(database)
    assert {name: str(figure.amount) for name, figure in found.items()} == {
        name: amount for name, (amount, _, _) in figures.PINNED_NORTHWIND.items()
    }
    assert (found["Fuller"].documents, found["Buchanan"].documents) == (830, 224)
    assert (found["Fuller"].customers, found["Buchanan"].customers) == (89, 77)


def test_only_the_rule_of_the_house_gives_the_pinned_sums() -> None:
    """Another rounding gives another sum: 1,265,793.02 half even, 1,265,793.04 without rounding."""
    with closing(figures.load_northwind(realdata("northwind", "create.sql"))) as database:
        assert figures.northwind(database, figures.half_even)["Fuller"].amount == Decimal("1265793.02")
        assert figures.northwind(database, figures.as_it_is)["Fuller"].amount == Decimal("1265793.04")


def test_chinook_is_as_pinned() -> None:
    """Three agents have their customers and invoices, the general manager all, the IT manager none."""
    with closing(figures.open_chinook(realdata("chinook", "Chinook_Sqlite.sqlite"))) as database:
        found = figures.chinook(database)
    for name, (amount, customers) in figures.PINNED_CHINOOK.items():
        assert str(found[name].amount) == amount
        assert customers in (None, found[name].customers)


def test_exported_orders_come_back_with_their_lines(tmp_path: Path) -> None:
    """Read through a mapping, 830 orders have 2,155 lines that sum to the pinned figures."""
    files = export_northwind(realdata("northwind", "create.sql"), tmp_path)
    sums: dict[str, Decimal] = {}
    orders = lines = 0
    with read_table(files["orders"]) as table, read_table(files["order_details"]) as details:
        plan = Mapping.parse(ORDERS).plan(table.header, KINDS, files={"order_details": details.header})
        with Drafts(plan, table, {"order_details": details}) as drafts:
            for draft in drafts:
                assert not draft.problems
                orders += 1
                lines += len(draft.values["lines"])
                owner = draft.values["owner"].text
                for line in draft.values["lines"]:
                    amount = line["unit_price"].amount * line["qty"] * (100 - line["discount"]) / 100
                    rounded = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
                    sums[owner] = sums.get(owner, Decimal(0)) + rounded
            assert list(drafts.orphans()) == []
    assert (orders, lines) == (830, 2155)
    assert sum(sums.values()) == Decimal("1265793.29")
    assert sums["northwind:1"] == Decimal("192107.67")
    assert sum(sums[f"northwind:{number}"] for number in (5, 6, 7, 9)) == Decimal("344581.79")


def test_exports_have_every_row_and_no_binary_column(tmp_path: Path) -> None:
    """The files hold the rows of the tables, units for managers, and each employee's unit."""
    northwind = export_northwind(realdata("northwind", "create.sql"), tmp_path / "northwind")
    chinook = export_chinook(realdata("chinook", "Chinook_Sqlite.sqlite"), tmp_path / "chinook")
    counts = {}
    for folder, files in (("n", northwind), ("c", chinook)):
        for name, path in files.items():
            with read_table(path, delimiter=",") as table:
                rows = list(table)
                assert not any(row.problems for row in rows)
                assert "Photo" not in table.header
                counts[f"{folder}/{name}"] = len(rows)
    assert counts["n/customers"] == 93
    assert counts["n/employees"] == 9
    assert counts["n/units"] == 2
    assert counts["n/orders"] == 830
    assert counts["n/order_details"] == 2155
    assert counts["c/units"] == 3
    assert counts["c/customers"] == 59
    assert counts["c/invoices"] == 412
