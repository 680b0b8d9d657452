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
from pycrm.pipeline import SALES, Use, judging


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


def _board_is_as_its_deals(crm: CRM) -> bool:
    """Whether a board of deals that differ in what they lack says of each what the deal itself does."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        hongda = session.add(Customer.organization("Hongda", source="exhibition", mobile="13800000001"))
        for at in range(6):
            values = {"need": "pumps"} if at % 2 else {}
            more = {"amount": Money(1, "CNY")} if at % 3 else {}
            close = date(2026, 9, 1)
            deal = Opportunity(customer=hongda, name=f"D{at}", expected_close=close, **values, **more)
            session.move(session.add(deal), "contacted")
        deals = session.find(Opportunity)
        single = [session.moves(deal) for deal in deals]
        assert len({str(moves) for moves in single}) > 1
        return session.moves_all(deals) == single


def test_cards_of_one_stage_are_judged_by_what_each_has(crm: CRM) -> None:
    """A salesperson's board says of each deal what that deal lacks, though many of a stage are judged at once."""
    assert _board_is_as_its_deals(crm)


def test_cards_taken_for_alike_would_be_noticed(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were all deals of a stage taken for alike, the board would speak of one for all."""
    monkeypatch.setattr(judging, "is_filled", lambda value: True)
    assert not _board_is_as_its_deals(crm)
