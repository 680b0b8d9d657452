"""What used to be told of hidden records and fields, and is told no more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pycrm import (
    CRM,
    Customer,
    FieldRule,
    InvalidError,
    Money,
    MoveError,
    Opportunity,
    Role,
    User,
)
from pycrm.declare.codec import dump
from pycrm.entities.org import FieldReading
from pycrm.exchange import export_csv

_COPIES = ("parent_owner", "parent_unit")


def hide(crm: CRM, field: str, *, write: bool = False) -> None:
    """Staff do not read a field of opportunities any more."""
    with crm.session(crm.system("rules")) as session:
        staff = next(role for role in session.find(Role, children=True) if role.name == "staff")
        rule = FieldRule(entity="Opportunity", field_name=field, read=FieldReading.HIDDEN, write=write)
        session.change(staff, rules=[*staff.rules, rule])


def deals(crm: CRM, amount: Money | None) -> Opportunity:
    """An opportunity of rep_a at a customer of rep_w, at the stage before the one that asks for an amount."""
    with crm.session("rep_w") as session:
        customer = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
    with crm.session(crm.system("test")) as session:
        made = Opportunity(customer=customer, name="deal", expected_close=date(2027, 1, 1), amount=amount)
        return session.add(made, owner=next(one for one in session.find(User) if one.login == "rep_a"))


def test_whose_the_hidden_parent_is_stays_hidden(crm: CRM, cast: Any, tmp_path: Any) -> None:
    """Who owns an opportunity at somebody else's customer reads, filters, sorts and exports no owner of it."""
    deal = deals(crm, None)
    for login in ("rep_a", "rep_w", "dir"):
        with crm.view(login) as session:
            found = session.get(deal.ref)
            assert not any(hasattr(found, name) for name in _COPIES)
            assert dump(found).keys().isdisjoint(_COPIES)
            assert session.fields(Opportunity).keys().isdisjoint(_COPIES)
            for column in (Opportunity.parent_owner, Opportunity.parent_unit):
                with pytest.raises(InvalidError, match="unknown field"):
                    session.find(Opportunity, column == cast.people["rep_w"].id)
                with pytest.raises(InvalidError, match="unknown field"):
                    session.find(Opportunity, order=column)
    with crm.session("lead_e") as session:
        assert not hasattr(session.change(session.get(deal.ref), need="flow"), "parent_owner")
        with pytest.raises(InvalidError), open(tmp_path / "out.csv", "w", encoding="utf-8") as stream:
            export_csv(session, Opportunity, stream, columns=["name", "parent_owner"])


@pytest.mark.parametrize("amount", [None, Money("10", "CNY")])
def test_a_gate_tells_nothing_of_a_hidden_field(crm: CRM, cast: Any, amount: Money | None) -> None:
    """Whether the hidden amount is there or not, the move to the stage that asks for it is refused alike."""
    deal = deals(crm, amount)
    hide(crm, "amount")
    with crm.session(crm.system("stages")) as session:
        deal = session.move(session.get(deal.ref), to="contacted")
    with crm.view("rep_a") as session:
        (offered,) = [one for one in session.moves(session.get(deal.ref)) if one.target == "quoted"]
        assert {"kind": "field", "name": "amount"} in offered.missing
    with crm.session("rep_a") as session, pytest.raises(MoveError) as refused:
        session.move(session.get(deal.ref), to="quoted")
    assert {"kind": "field", "name": "amount"} in refused.value.data["missing"]


def test_who_may_write_a_hidden_field_gives_it_in_the_move(crm: CRM, cast: Any) -> None:
    """An amount that its writer is not shown opens the gate when it is given in the same act."""
    deal = deals(crm, Money("10", "CNY"))
    hide(crm, "amount", write=True)
    with crm.session(crm.system("stages")) as session:
        session.move(session.get(deal.ref), to="contacted")
    with crm.session("rep_a") as session:
        moved = session.move(session.get(deal.ref), to="quoted", amount=Money("20", "CNY"))
        assert moved.stage == "quoted"
    with crm.view("dir") as session:
        assert str(session.get(deal.ref).amount) == "20.00 CNY"


@pytest.mark.parametrize("amount", [None, Money("10", "CNY")])
def test_who_may_not_write_a_hidden_field_cannot_give_it(crm: CRM, cast: Any, amount: Money | None) -> None:
    """An amount from somebody who neither reads nor writes it is refused as an unknown field, there or not."""
    deal = deals(crm, amount)
    hide(crm, "amount")
    with (
        crm.session("rep_a") as session,
        pytest.raises(InvalidError, match="Opportunity: amount: unknown field"),
    ):
        session.move(session.get(deal.ref), to="quoted", amount=Money("20", "CNY"))


@pytest.mark.parametrize("amount", [None, Money("10", "CNY")])
def test_who_reads_the_field_moves_as_before(crm: CRM, cast: Any, amount: Money | None) -> None:
    """The leader, who reads what staff do not, is asked for the amount only where there is none."""
    deal = deals(crm, amount)
    hide(crm, "amount")
    with crm.view("lead_e") as session:
        (offered,) = [one for one in session.moves(session.get(deal.ref)) if one.target == "quoted"]
    assert ({"kind": "field", "name": "amount"} in offered.missing) == (amount is None)
