"""Scores of those whose facts have changed are brought up to date, and are then what a full run would give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import CRM, Customer, Field, FixedClock, Link, Organization, Party, Record, field, link, through
from pycrm.scoring import Indicator, Linear, Supply, changed, one, total, zero
from pycrm.scoring.book import CustomerScore, ScoreNow
from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds import profile
from pycrm.scoring.model import ScoreModel

from .shop import Mark, Sale, Shop, filed, opened

JUNE = date(2026, 6, 30)
Open = Callable[..., CRM]
RETURNS = Feed("shop_returns", "Something came back", on=date, net=int)


class Return(Record, table="shop_return", scope=through("sale")):
    """Something came back of a sale."""

    sale: Link[Sale] = link("Sale")
    on: Field[date] = field("On")
    net: Field[int] = field("Net")


def _returns() -> Any:
    sale, back = Sale.__table__, Return.__table__
    asked = sa.select(sale.c.customer_id.label("customer"), back.c.on, back.c.net)
    asked = asked.select_from(back.join(sale, sale.c.id == back.c.sale_id))
    return asked.where(back.c.archived_at.is_(None), sale.c.archived_at.is_(None))


def _sales() -> Any:
    sale = Sale.__table__.c
    asked = sa.select(sale.customer_id.label("customer"), sale.on, sale.net)
    return asked.where(sale.archived_at.is_(None))


class Desk(Shop):
    """Desk

    A shop that takes things back, and asks how many people work for a customer.
    """

    records = (Mark, Sale, Return)
    supplies = (Shop.supplies[0], Supply(Shop.supplies[1].feed, _sales), Supply(RETURNS, _returns))
    indicators = (
        *Shop.indicators,
        Indicator("MR01", "Returned", "退货", "T", "money", zero(total(RETURNS.net)), Linear(90, 0)),
        Indicator("ME01", "People", "人数", "C", "count", one(profile.employees), Linear(0, 50)),
    )


DESK = ScoreModel("desk", 1, "Desk", {"T": 60, "C": 40}, "MT90:2 MR01:1 ME01:1 MC01:1")
FACTS = [("sell", 0, 70), ("sell", 1, 20), ("give_back", 0, 30)]
Acts = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "sell",
                "mark",
                "give_back",
                "move_sale",
                "move_return",
                "reprice",
                "withdraw",
                "hire",
                "leave",
                "come",
            ]
        ),
        st.integers(0, 3),
        st.integers(1, 90),
    ),
    max_size=8,
)


def act(session: Any, customers: list[Customer], what: str, at: int, amount: int) -> None:
    """Do one thing that changes the facts of a customer."""
    customer, other = customers[at % len(customers)], customers[(at + 1) % len(customers)]
    sales = session.find(Sale, Sale.customer == customer)
    returns = session.find(Return, Return.sale.in_(sales)) if sales else []
    if what == "sell":
        session.add(Sale(customer=customer, on=JUNE, net=amount))
    elif what == "mark":
        session.add(Mark(customer=customer, on=JUNE, respect="C01", points=amount))
    elif what == "come":
        customers.append(session.add(Customer.organization(f"Late {amount}", source="shop", phone="1")))
    elif what == "leave" and len(customers) > 2:
        session.archive(session.get(Customer, customer.id))
        customers.remove(customer)
    elif what == "hire":
        party = session.get(Customer, customer.id).party
        there = session.facet(party, Organization)
        if there is None:
            session.add(Organization(of=party, employees=amount))
        else:
            session.change(there, employees=amount)
    elif what == "move_return" and returns:
        for sale in session.find(Sale, Sale.customer == other)[:1]:
            session.change(returns[0], sale=sale)
    elif sales and what == "give_back":
        session.add(Return(sale=sales[0], on=JUNE, net=amount))
    elif sales and what == "move_sale":
        session.change(sales[0], customer=other)
    elif sales and what == "reprice":
        session.change(sales[0], net=amount)
    elif sales and what == "withdraw":
        session.archive(sales[0])


def today(crm: CRM) -> dict[Any, Any]:
    """The score of today of each customer."""
    now, own = ScoreNow.__table__, CustomerScore.__table__
    same = sa.and_(own.c.run_id == now.c.run_id, own.c.customer_id == now.c.customer_id)
    asked = sa.select(own.c.customer_id, own.c.score, own.c.own, own.c.inputs).select_from(
        now.join(own, same)
    )
    with crm.view(crm.system("looking")) as session:
        return {id: told for id, *told in session.transaction.fetch(asked)}


@pytest.fixture
def desk(open_crm: Open) -> CRM:
    """A desk without customers."""
    return opened(lambda **given: open_crm(**(given | {"plugins": (Desk,)})), DESK)


def holds(crm: CRM, before: list[Any], after: list[Any]) -> None:
    """Refreshing those who changed gives everybody the score that refreshing everybody gives."""
    customers = filed(crm, 3)
    with crm.session(crm.system("before")) as session:
        for one_ in before:
            act(session, customers, *one_)
    clock: Any = crm.clock
    clock.advance(seconds=1)
    crm.run_scores(crm.system("scoring"), "desk")
    clock.advance(seconds=1)
    with crm.session(crm.system("after")) as session:
        for one_ in after:
            act(session, customers, *one_)
    with crm.session(crm.system("scoring")) as session:
        session.refresh_scores("desk")
    told = today(crm)
    with crm.session(crm.system("scoring")) as session:
        everybody = session.find(Customer)
        session.refresh_scores("desk", everybody)
    assert told == today(crm)
    assert len(told) == len(everybody)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session is committed when it begins, so that only what changed after a run counts as such."""
    monkeypatch.setattr(changed, "_LONGEST", timedelta(0))


def test_those_who_changed_are_as_a_full_run_would_have_them(desk: CRM, at_once: None) -> None:
    """VAL-10: whatever is entered, changed, moved, taken away or archived after a run."""

    @settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
    @given(before=Acts, after=Acts)
    def whatever(before: list[Any], after: list[Any]) -> None:
        holds(desk, before, after)

    whatever()
    # What must be seen whatever was drawn: each way in which a fact leaves or reaches a customer.
    for what in ("move_sale", "move_return", "reprice", "withdraw", "hire", "come"):
        holds(desk, FACTS, [(what, 0, 50)])


def test_nobody_changed(desk: CRM) -> None:
    """Where nothing has changed since long before the run nobody is scored anew."""
    customers = filed(desk, 2)
    desk.clock.advance(hours=3)  # type: ignore[attr-defined]
    desk.run_scores(desk.system("scoring"), "desk")
    with desk.session(desk.system("scoring")) as session:
        assert session.refresh_scores("desk").customers == 0
    with desk.session(desk.system("selling")) as session:
        session.add(Sale(customer=customers[1], on=JUNE, net=5))
    with desk.session(desk.system("scoring")) as session:
        assert session.refresh_scores("desk").customers == 1


def _moves_are_not_seen(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks to whom a fact belonged before."""
    patch.setattr(changed._Book, "former", lambda self, cls: iter(()))


def _one_link_is_followed(patch: pytest.MonkeyPatch) -> None:
    """Only records that lead to a customer themselves are seen."""
    real = changed._Book.customers
    patch.setattr(
        changed._Book,
        "customers",
        lambda self, cls, ids, *, further=False, by=(): (
            iter(()) if by and cls is not Customer else real(self, cls, ids, further=further, by=by)
        ),
    )


def _parties_are_not_seen(patch: pytest.MonkeyPatch) -> None:
    """What changes about a party is not taken for a change of its customer."""
    real = changed._read
    patch.setattr(
        changed,
        "_read",
        lambda tx, model: {cls: names for cls, names in real(tx, model).items() if cls is not Party},
    )


@pytest.mark.parametrize(
    ("plant", "what"),
    [
        (_moves_are_not_seen, "move_sale"),
        (_one_link_is_followed, "give_back"),
        (_parties_are_not_seen, "hire"),
    ],
)
def test_each_planted_fault_is_seen(
    sqlite_database: str,
    at_once: None,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    plant: Any,
    what: str,
) -> None:
    """Were one of the ways to a customer passed over, a score would be out of date."""
    plant(monkeypatch)
    crm = opened(lambda **_: CRM(sqlite_database, clock=clock, plugins=(Desk,)), DESK)
    with pytest.raises(AssertionError):
        holds(crm, FACTS, [(what, 0, 50)])
    crm.close()
