"""The figures that Northwind and Chinook must give, computed without pycrm.

    python -m realdata.figures FOLDER        (in the folder tests)

FOLDER holds `northwind/create.sql` and `chinook/Chinook_Sqlite.sqlite`. Everything here is the
standard library: the tables are read by SQLite, the sums are exact decimals, and the tree of
employees is walked by a loop, so that the library under test is checked by another program.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

CENT = Decimal("0.01")

PINNED_NORTHWIND = {
    "Fuller": ("1265793.29", 830, 89),
    "Buchanan": ("344581.79", 224, 77),
    "Davolio": ("192107.67", None, None),
    "Leverling": ("202812.88", None, None),
    "Peacock": ("232890.89", None, None),
    "Suyama": ("73913.15", None, None),
    "King": ("124568.24", None, None),
    "Callahan": ("126862.30", None, None),
    "Dodsworth": ("77308.09", None, None),
}
PINNED_CHINOOK = {
    "Adams": ("2328.60", None),
    "Peacock": ("833.04", 21),
    "Park": ("775.40", 20),
    "Johnson": ("720.16", 18),
    "Mitchell": ("0.00", 0),
}


class Figure(NamedTuple):
    """What one employee sees: the sum, how many documents, of how many customers."""

    name: str
    amount: Decimal
    documents: int
    customers: int


class Order(NamedTuple):
    """One order or invoice: its employee, its customer and the exact amount of each line."""

    employee: int
    customer: str
    lines: list[Decimal]


def load_northwind(script: Path) -> sqlite3.Connection:
    """A scratch database with the tables of `create.sql`."""
    database = sqlite3.connect(":memory:")
    database.executescript(script.read_text("utf-8"))
    return database


def open_chinook(path: Path) -> sqlite3.Connection:
    """The Chinook database, unwritable."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def exact(value: object) -> Decimal:
    """The decimal that a stored number was written as: SQLite keeps 14.4 as a binary float."""
    return Decimal(str(value))


def half_up(line: Decimal) -> Decimal:
    """Rounded to cents, halves away from zero (DOMAIN 0.2)."""
    return line.quantize(CENT, rounding=ROUND_HALF_UP)


def half_even(line: Decimal) -> Decimal:
    """Rounded to cents, halves to the even neighbour, as Python's round does."""
    return line.quantize(CENT, rounding=ROUND_HALF_EVEN)


def as_it_is(line: Decimal) -> Decimal:
    """Not rounded."""
    return line


def northwind_orders(database: sqlite3.Connection) -> list[Order]:
    """Every order with its lines: quantity x unit price x (1 - discount)."""
    lines: dict[int, list[Decimal]] = {}
    for order, price, quantity, discount in database.execute(
        'SELECT OrderID, UnitPrice, Quantity, Discount FROM "Order Details"'
    ):
        lines.setdefault(order, []).append(exact(price) * quantity * (1 - exact(discount)))
    return [
        Order(employee, customer, lines.get(order, []))
        for order, employee, customer in database.execute(
            "SELECT OrderID, EmployeeID, CustomerID FROM Orders"
        )
    ]


def chinook_orders(database: sqlite3.Connection) -> list[Order]:
    """Every invoice under the agent of its customer."""
    return [
        Order(agent, str(customer), [exact(total)])
        for agent, customer, total in database.execute(
            "SELECT SupportRepId, CustomerId, Total FROM Invoice JOIN Customer USING (CustomerId)"
        )
    ]


def below(boss: int, reports_to: dict[int, int | None]) -> set[int]:
    """The employee and everybody under that employee."""
    found = {boss}
    while True:
        more = {one for one, above in reports_to.items() if above in found} - found
        if not more:
            return found
        found |= more


def figures(
    employees: Iterable[tuple[int, str, int | None]],
    orders: list[Order],
    rounding: Callable[[Decimal], Decimal] = half_up,
) -> list[Figure]:
    """What each employee sees of the orders: the own ones and those of everybody below."""
    people = list(employees)
    reports_to = {number: above for number, _, above in people}
    found = []
    for number, name, _ in people:
        seen = below(number, reports_to)
        own = [order for order in orders if order.employee in seen]
        amount = sum((rounding(line) for order in own for line in order.lines), Decimal(0))
        found.append(Figure(name, half_up(amount), len(own), len({order.customer for order in own})))
    return found


def northwind(
    database: sqlite3.Connection, rounding: Callable[[Decimal], Decimal] = half_up
) -> dict[str, Figure]:
    """The figures of Northwind by last name."""
    people = database.execute("SELECT EmployeeID, LastName, ReportsTo FROM Employees").fetchall()
    return {figure.name: figure for figure in figures(people, northwind_orders(database), rounding)}


def chinook(database: sqlite3.Connection) -> dict[str, Figure]:
    """The figures of Chinook by last name; `customers` counts those with an invoice, which all have."""
    people = database.execute("SELECT EmployeeId, LastName, ReportsTo FROM Employee").fetchall()
    return {figure.name: figure for figure in figures(people, chinook_orders(database))}


def main(folder: Path) -> int:
    """Print the figures beside the pinned ones; the exit code counts the differences."""
    differences = 0
    database = load_northwind(folder / "northwind" / "create.sql")
    print(f"{'Northwind':<12}{'half up':>14}{'half even':>14}{'unrounded':>14}{'orders':>8}{'customers':>11}")
    even, unrounded = northwind(database, half_even), northwind(database, as_it_is)
    for name, figure in northwind(database).items():
        amount, documents, customers = PINNED_NORTHWIND[name]
        agrees = str(figure.amount) == amount and documents in (None, figure.documents)
        agrees = agrees and customers in (None, figure.customers)
        differences += not agrees
        print(
            f"{name:<12}{figure.amount:>14,}{even[name].amount:>14,}{unrounded[name].amount:>14,}"
            f"{figure.documents:>8}{figure.customers:>11}  {'as pinned' if agrees else f'PINNED {amount}'}"
        )
    print(f"customers in the file: {database.execute('SELECT count(*) FROM Customers').fetchone()[0]}\n")
    found = chinook(open_chinook(folder / "chinook" / "Chinook_Sqlite.sqlite"))
    print(f"{'Chinook':<12}{'invoices':>14}{'customers':>14}")
    for name, figure in found.items():
        amount, customers = PINNED_CHINOOK.get(name, (None, None))
        agrees = amount in (None, str(figure.amount)) and customers in (None, figure.customers)
        differences += not agrees
        told = "" if amount is None else "as pinned" if agrees else f"PINNED {amount}"
        print(f"{name:<12}{figure.amount:>14,}{figure.customers:>14}  {told}")
    return differences


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
