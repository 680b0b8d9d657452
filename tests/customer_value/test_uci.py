"""A year of real sales with credit notes: the indicators agree with a second program over the same file."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from realdata.where import realdata

from pycrm import CRM, Customer, FixedClock, Money
from pycrm.plugins.customer_value import CustomerValue
from pycrm.plugins.customer_value.clv import Band, Bands, Dimension

from .uci import LAST_DAY, Row, Sale, Shop, enter, read
from .uci_reference import figures, rfm

pytestmark = pytest.mark.realdata

# Of VAL-S5, for a shop of small customers: net in pence.
CUTS = {
    Dimension.RECENCY: [(0, 30, 5), (30, 60, 4), (60, 120, 3), (120, 240, 2), (240, None, 1)],
    Dimension.FREQUENCY: [(0, 1, 1), (1, 2, 2), (2, 5, 3), (5, 11, 4), (11, None, 5)],
    Dimension.MONEY: [
        (0, 10_000, 1),
        (10_000, 50_000, 2),
        (50_000, 200_000, 3),
        (200_000, 500_000, 4),
        (500_000, None, 5),
    ],
}
BANDS = Bands(
    Band(which, points, low, high) for which, ladder in CUTS.items() for low, high, points in ladder
)


@pytest.fixture
def shop(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM of the shop on the last day of the file."""
    clock = FixedClock(f"{LAST_DAY}T20:00:00+08:00")
    crm = open_crm(plugins=(CustomerValue, Shop), currency="GBP", clock=clock)
    crm.migrate()
    return crm


def by_customer(rows: list[Row]) -> dict[str, list[Row]]:
    """The lines of each customer whose number they bear."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.customer:
            found[row.customer].append(row)
    return found


def measured(crm: CRM, customers: dict[str, Customer], codes: list[str]) -> dict[str, dict[str, Any]]:
    """The values of all customers by the file's numbers."""
    with crm.view(crm.system("measuring")) as session:
        found = session.measure(*codes, as_of=LAST_DAY)
    return {number: {code: found[one.ref][code].value for code in codes} for number, one in customers.items()}


def test_a_second_program_finds_the_same(shop: CRM) -> None:
    """Eighteen indicators of each customer, and its points of RFM from net figures, within three seconds."""
    begun = time.process_time()
    rows = read(realdata("uci_retail_france", "france.csv"))
    customers = enter(shop, rows)
    expected = {number: figures(lines, LAST_DAY) for number, lines in by_customer(rows).items()}
    found = measured(shop, customers, list(expected["12731"]))
    codes = {number: points(values) for number, values in found.items()}
    assert time.process_time() - begun <= 3
    differing = {
        (number, code, value, found[number][code])
        for number, values in expected.items()
        for code, value in values.items()
        if not is_same(value, found[number][code])
    }
    assert not differing
    assert codes == {number: rfm(values) for number, values in expected.items()}
    # Counted by hand in the file: the largest customer has twelve invoices, the last of 2011-11-16.
    largest = found["12731"]
    assert (largest["T06"], largest["T01"], largest["T02"], codes["12731"]) == (23, 12, 1_879_341, "555")
    sold_as_published(shop)
    total = sum(one["T03"] for one in found.values())
    assert Decimal(total) / 100 == Decimal("197403.90") - Decimal("691.06")


def sold_as_published(shop: CRM) -> None:
    """461 invoices, 69 of them credit notes, net 197,403.90, of 87 customers and 66 lines of nobody."""
    with shop.view(shop.system("counting")) as session:
        assert session.sum(Sale.net) == Money("197403.90", "GBP")
        invoices = {sale.invoice for sale in session.find(Sale)}
        assert session.count(Sale, Sale.customer.is_(None)) == 66
        # Worked out by awk over the file.
        assert session.sum(Sale.net, Sale.customer.is_(None)) == Money("691.06", "GBP")
        assert session.count(Customer) == 87
    assert (len(invoices), sum(name.startswith("C") for name in invoices)) == (461, 69)


def is_same(value: float | None, other: float | None) -> bool:
    """Whether both are the same number or both are none."""
    if value is None or other is None:
        return value is other
    return math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-9)


def points(values: dict[str, Any]) -> str:
    """The points of RFM by the bands of the plugin."""
    return BANDS.points(recency=values["T06"], frequency=values["T01"], money=values["T02"]).code
