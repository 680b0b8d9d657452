"""What vendors get to see whether a plugin tells of what is hidden, or keeps half of an act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, Customer, Field, InvalidError, Link, Plugin, Record, field, hookimpl, link, through
from pycrm.store import Transaction
from pycrm.testing import Databases, Organisation, fail_everywhere, tell_apart


class Card(Record, table="shop_card", scope=through("customer")):
    """A card of a customer."""

    customer: Link[Customer] = link("Customer")
    number: Field[str] = field("Number", longest=20)


class Shop(Plugin):
    """Shop"""

    name = "shop"
    records = (Card,)


class Telling(Plugin):
    """A shop that counts past the rights of who asks."""

    name = "shop"
    records = (Card,)

    @hookimpl
    def before_add(self, session: Any, record: Card) -> None:
        """The words of the refusal hold the number of all cards."""
        (number,) = session.transaction.fetch(sa.select(sa.func.count()).select_from(Card.__table__))[0]
        if record.number == "9":
            raise InvalidError(f"card {number} was the last")


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """Databases of this module."""
    made = Databases("sqlite")
    yield made
    made.close()


def card(login: str, number: str) -> Callable[[Organisation], object]:
    """Enter a card of a customer of that person."""

    def enter(organisation: Organisation) -> object:
        with organisation.as_(login) as session:
            draft = Customer.organization(f"{login} {number}", source="fair", email=f"{number}@example.com")
            return session.add(Card(customer=session.add(draft), number=number))

    return enter


def another(session: Any) -> object:
    """Add a card to a customer of one's own."""
    return session.add(Card(customer=session.find(Customer)[0], number="9"))


ASKS = {
    "find": lambda session: session.find(Card),
    "count": lambda session: session.count(Card),
    "add": another,
}


@pytest.mark.parametrize(("plugin", "told"), [(Shop, []), (Telling, ["add"])])
def test_what_a_colleague_has_is_told_by_nothing(databases: Databases, plugin: Any, told: list[str]) -> None:
    """A tight plugin answers alike whether a colleague has a card or not; one that counts all is found out."""
    found = tell_apart(databases, [plugin], "ana", card("ana", "1"), card("ben", "2"), ASKS)
    assert [one.partition(":")[0] for one in found] == told
    if told:
        assert "card 1 was the last" in found[0]
        assert "card 2 was the last" in found[0]


def test_what_is_in_sight_is_told(databases: Databases) -> None:
    """Were the worlds to differ in what the person may see, every ask would tell (the planted difference)."""
    found = tell_apart(databases, [Shop], "wu", card("ana", "1"), card("ben", "2"), ASKS)
    assert {one.partition(":")[0] for one in found} == set(ASKS)


def test_a_cursor_that_tells_is_found_out(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursors of two worlds are the same, byte for byte; were one to hold more than its page, it would be told."""

    def two_of_ana(organisation: Organisation) -> None:
        card("ana", "1")(organisation)
        card("ana", "2")(organisation)

    asks = {"page": lambda session: session.page(Card, size=1)}
    hide = card("ben", "3")
    assert tell_apart(databases, [Shop], "ana", two_of_ana, hide, asks) == []
    monkeypatch.setattr(CRM, "secret", property(lambda crm: repr(crm.store.url).encode()[-60:]))
    (found,) = tell_apart(databases, [Shop], "ana", two_of_ana, hide, asks)
    assert found.startswith("page: ")


def test_an_act_is_kept_whole_or_not_at_all(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an act that fails at any of its statements no table has anything; were it committed, each would say so."""
    crm = databases.open([Shop])
    card("ana", "1")(Organisation(crm))
    assert fail_everywhere(crm, "ana", another) == []
    with crm.view("ana") as session:
        assert sorted(one.number for one in session.find(Card)) == ["1", "9"]
    monkeypatch.setattr(Transaction, "rollback", Transaction.commit)
    found = fail_everywhere(crm, "ana", another)
    assert any("shop_card" in one for one in found)
