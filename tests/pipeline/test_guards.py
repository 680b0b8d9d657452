"""Guards that look at the rows of a record, on boards whose records came without them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
from house import enterprise

from pycrm import CRM, Customer, Money, Opportunity, OpportunityLine, Plugin, Product, ProductCategory
from pycrm.pipeline import SALES, Use


def _priced(record: Any) -> str | None:
    return None if record.lines else "nothing is offered"


class Shop(Plugin):
    """A shop

    Nobody contacts a customer about nothing.
    """

    name = "shop"
    guards = {"shop.priced": _priced}
    pipelines = (
        attrs.evolve(
            SALES,
            version=2,
            moves=tuple(
                attrs.evolve(move, guards=(Use("shop.priced"),)) if move.target == "contacted" else move
                for move in SALES.moves
            ),
        ),
    )


@pytest.fixture
def shop(open_crm: Callable[..., CRM]) -> CRM:
    """Four deals, of which two have a line."""
    crm = open_crm(plugins=[Shop])
    crm.migrate()
    enterprise(crm)
    with crm.session(crm.system("set-up")) as session:
        pumps = session.add(ProductCategory(name="Pumps"))
        pump = session.add(Product(code="P1", name="Pump", unit="piece", category=pumps))
    with crm.session("rep_a") as session:
        hongda = session.add(Customer.organization("Hongda", source="exhibition", mobile="13800000001"))
        line = OpportunityLine(product=pump, qty=Decimal(1), unit_price=Money(1, "CNY"))
        for name, lines in (("A", ()), ("B", (line,)), ("C", ()), ("D", (line,))):
            close = date(2026, 9, 1)
            session.add(Opportunity(customer=hongda, name=name, expected_close=close, lines=lines))
    return crm


def test_a_board_tells_what_guards_say_of_rows(shop: CRM) -> None:
    """A salesperson's board of deals says for which of them nothing is offered, as the deal itself does."""
    with shop.view("rep_a") as session:
        deals = session.find(Opportunity, order=Opportunity.name)
        board = session.moves_all(deals)
        single = [session.moves(session.get(deal.ref)) for deal in deals]
    assert board == single
    first = [{move.target: move.is_allowed for move in moves}["contacted"] for moves in board]
    assert first == [False, True, False, True]
