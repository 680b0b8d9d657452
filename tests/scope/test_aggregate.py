"""Counts and sums over what somebody sees."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Contact, Customer, InvalidError, Money, Opportunity


@pytest.fixture(autouse=True)
def cast(crm: CRM) -> Any:
    """The people of the catalogue."""
    return enterprise(crm)


def customer(session: Any) -> Customer:
    """A customer of whoever acts."""
    made: Customer = session.add(Customer.organization("Big", mobile="13800000010", source="exhibition"))
    return made


def deal(at: Customer, amount: Money) -> Opportunity:
    """An opportunity of that amount."""
    return Opportunity(customer=at, name="x", amount=amount, expected_close=date(2027, 1, 1))


def test_sums_are_exact_to_64_bits(crm: CRM) -> None:
    """Sums are exact to the fen up to the largest amount there is; above, the refusal says so."""
    most = 2**63 - 1
    with crm.session("rep_c") as session:
        big = customer(session)
        session.add_all(deal(big, Money.minor(fen, "CNY")) for fen in (most - 7, 5))
        assert session.sum(Opportunity.amount) == Money.minor(most - 2, "CNY")
        session.add(deal(big, Money.minor(most, "CNY")))
        with pytest.raises(InvalidError, match="too large"):
            session.sum(Opportunity.amount)


def test_amounts_of_two_currencies_are_two(crm: CRM) -> None:
    """Ten yuan and ten dollars count as two amounts, and their sum is refused with one for each."""
    with crm.session("rep_c") as session:
        big = customer(session)
        session.add_all(deal(big, Money(10, currency)) for currency in ("CNY", "USD", "USD"))
        assert session.count(Opportunity, distinct=Opportunity.amount) == 2
        with pytest.raises(InvalidError) as refused:
            session.sum(Opportunity.amount)
    assert refused.value.data["sums"] == {"CNY": "10.00", "USD": "20.00"}


def test_only_money_is_summed(crm: CRM) -> None:
    """Whoever sums something else than a money field of a record is refused."""
    with crm.view("dir") as session:
        for amount in (Customer.version, Opportunity.__table__.c.amount, 5, None, Contact.level):
            with pytest.raises(InvalidError):
                session.sum(amount)


def test_a_sum_of_nothing_is_zero_in_the_currency_of_the_crm(crm: CRM) -> None:
    """Who sees no opportunity reads zero, whether nothing is granted or nothing is there."""
    for login in ("admin", "rep_c"):
        with crm.view(login) as session:
            assert session.sum(Opportunity.amount) == Money(0, "CNY")
