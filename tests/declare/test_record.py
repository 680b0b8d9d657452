"""Records are frozen values: a typed column on the class, a typed value on the instance."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from attrs.exceptions import FrozenInstanceError
from sqlalchemy.sql.elements import BinaryExpression

from declare.sample import Badge, Hall, Item, Stall
from pycrm import Customer, InvalidError, Money, NotReadError, Ref

CUSTOMER = Ref[Customer]("Customer", UUID(int=7))
OPENS = date(2026, 9, 1)


def stall(**values: Any) -> Stall:
    """A stall with what is required and these values."""
    return Stall(**({"customer": CUSTOMER, "number": "A1", "opens": OPENS} | values))


def stored(made: Any, **values: Any) -> Any:
    """The record as one that came from a database, with its kept fields."""
    from pycrm.declare.row import layout

    return layout(type(made)).copy(made, values)


def test_the_class_gives_columns_and_the_instance_values() -> None:
    """A developer compares a field on the class and reads it on the record."""
    condition = Stall.opens >= OPENS
    assert isinstance(condition, BinaryExpression)
    assert str(condition) == "fair_stall.opens >= :opens_1"
    assert str(Stall.customer) == "fair_stall.customer_id"
    assert stall().opens == OPENS
    assert stall().customer == CUSTOMER


def test_one_declaration_gives_the_statement_table() -> None:
    """A developer who declares fields gets their columns, without keys or indexes."""
    table = Stall.__table__
    wanted = ["customer_id", "beside_id", "number", "hall", "opens", "built_at", "places", "corner"]
    wanted += ["width", "price", "price_currency", "tags", "rank"]
    assert [name for name in table.c.keys() if name in wanted] == wanted  # noqa: SIM118
    assert table.name == "fair_stall"
    assert (list(table.primary_key), table.indexes, table.foreign_keys) == ([], set(), set())
    assert Stall.__table__ is table


def test_kept_columns_follow_the_scope() -> None:
    """A record that is seen through its customer carries the customer's owner, not one of its own."""
    names = set(Stall.__table__.c.keys())
    assert {"id", "version", "parent_owner_id", "parent_unit_id"} <= names
    assert "owner_id" not in names
    assert {"of_id", "version", "colour"} <= set(Badge.__table__.c.keys())
    assert {"id", "parent_id", "position", "name", "qty"} == set(Item.__table__.c.keys())


def test_a_record_cannot_be_assigned_to() -> None:
    """Nobody changes a value in place: neither its fields nor anything new on it."""
    made = stall()
    with pytest.raises(FrozenInstanceError):
        made.number = "B2"
    with pytest.raises(FrozenInstanceError):
        del made.number
    with pytest.raises(FrozenInstanceError):
        made.colour = "red"  # type: ignore[attr-defined]
    assert not hasattr(made, "__dict__")
    assert made.number == "A1"


def test_a_record_refuses_every_wrong_value_at_once() -> None:
    """A developer who passes four wrong values is told all four by name, and nothing is coerced."""
    with pytest.raises(InvalidError) as refused:
        stall(number=5, opens="2026-09-01", places=0, corner=1)
    assert {(one.path, one.message) for one in refused.value.fields} == {
        ("number", "expected text"),
        ("opens", "expected a date"),
        ("places", "must be at least 1"),
        ("corner", "expected true or false"),
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("places", True, "whole number"),
        ("places", 1.0, "whole number"),
        ("places", 10**5000, "too large"),
        ("places", 2**63, "too large"),
        ("opens", datetime(2026, 9, 1, tzinfo=UTC), "date"),
        ("built_at", datetime(2026, 9, 1), "no time zone"),
        ("width", 1.5, "decimal"),
        ("width", Decimal("0.123"), "decimal places"),
        ("width", Decimal("NaN"), "finite"),
        ("width", Decimal("1e1000000"), "digits"),
        ("price", Decimal(5), "money"),
        ("hall", "north", "one of Hall.NORTH, Hall.SOUTH"),
        ("tags", "abc", "list"),
        ("tags", ["ok", 5], "text"),
        ("tags", ["a" * 11], "longer than 10"),
        ("number", "a" * 9, "longer than 8"),
        ("number", "a\x00", "NUL"),
        ("number", "\ud800", "surrogate"),
        ("number", "", "required"),
        ("number", None, "required"),
        ("items", "abc", "list of rows"),
        ("items", [{"name": "lamp"}], "rows of Item, not dict"),
        ("customer", "Ningbo", "Customer"),
        ("customer", Ref("Lead", UUID(int=7)), "expected a Customer, not a Lead"),
    ],
    # A number of 5,000 digits is no name for a test.
    ids=lambda value: value if isinstance(value, str) and value.isprintable() else "value",
)
def test_a_record_refuses_what_it_cannot_store(name: str, value: Any, words: str) -> None:
    """A value of another type or out of bounds is refused at its field."""
    with pytest.raises(InvalidError) as refused:
        stall(**{name: value})
    (problem,) = refused.value.fields
    assert problem.path == name
    assert words in problem.message


def test_unknown_missing_and_computed_arguments_are_refused() -> None:
    """The constructor takes only declared fields that people may write."""
    with pytest.raises(TypeError, match="number"):
        Stall(customer=CUSTOMER, opens=OPENS)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        stall(colour="red")
    with pytest.raises(TypeError, match="rank"):
        stall(rank=1)


def test_values_are_normalised_once() -> None:
    """Text is kept in normal form C, an instant in UTC, a link as a reference."""
    made = stall(number="e\u0301", built_at=datetime.fromisoformat("2026-09-01T08:00:00+08:00"))
    assert made.number == "\u00e9"
    assert made.built_at == datetime(2026, 9, 1, tzinfo=UTC)
    assert made.built_at.tzinfo is UTC
    other = stored(stall(), id=UUID(int=9), version=1)
    assert stall(beside=other).beside == Ref("Stall", UUID(int=9))


def test_records_are_equal_by_class_id_and_version() -> None:
    """Two readings of one version are equal, another version or class is not."""
    made = stall()
    one, same = (stored(made, id=UUID(int=1), version=1) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one == stored(one, number="Z9")
    assert one != stored(one, version=2)
    assert one != stored(one, id=UUID(int=2))
    assert one != stored(Badge(of=Ref("Customer", UUID(int=1)), colour="red"), version=1)
    assert made != stall()
    assert made == made


def test_children_are_equal_by_their_fields() -> None:
    """Two rows with the same contents are equal wherever they stand."""
    assert Item(name="lamp", qty=Decimal(2)) == Item(name="lamp", qty=Decimal("2.000"))
    assert Item(name="lamp", qty=Decimal(2)) != Item(name="lamp", qty=Decimal(3))
    assert Item(name="lamp", qty=Decimal(2)).is_new


def test_what_was_not_read_is_no_none() -> None:
    """Whoever looks at a field that was not read gets an error that names it, never None."""
    with pytest.raises(NotReadError, match=r"Stall\.version was not read") as refused:
        stall().version  # noqa: B018
    assert refused.value.name == "version"
    assert not hasattr(stall(), "id")
    assert stall().beside is None


def test_a_representation_shows_no_personal_data() -> None:
    """A log line with a record in it holds its plain fields only."""
    from pycrm import ContactPoint, Person
    from pycrm.entities.party import ContactPointKind

    assert repr(stall()) == (
        "Stall(customer=Ref(Customer 00000000-0000-0000-0000-000000000007), number='A1', "
        "hall=<Hall.NORTH: 'north'>, opens=datetime.date(2026, 9, 1), places=1, corner=False)"
    )
    secret = Person(of=Ref("Party", UUID(int=3)), id_no="110101199003071234", occupation="spy")
    assert "110101" not in repr(secret)
    assert "spy" not in repr(secret)
    assert "138" not in repr(ContactPoint(kind=ContactPointKind.MOBILE, value="13800138000"))


def test_money_is_compared_with_its_currency() -> None:
    """A query for 100 CNY never finds 100 JPY, and money is compared with money only."""
    hundred = Money("100", "CNY")

    def text(condition: Any) -> str:
        return str(condition.compile(compile_kwargs={"literal_binds": True}))

    assert text(Stall.price >= hundred) == "fair_stall.price >= 10000 AND fair_stall.price_currency = 'CNY'"
    assert text(Stall.price == hundred) == "fair_stall.price = 10000 AND fair_stall.price_currency = 'CNY'"
    assert text(Stall.price.is_(None)) == "fair_stall.price IS NULL"
    for other in (None, 100, "100", Decimal(100)):
        with pytest.raises(TypeError, match="money"):
            Stall.price == other  # type: ignore[comparison-overlap]  # noqa: B015
    assert isinstance(Stall.price.desc(), sa.UnaryExpression)


def test_a_list_of_rows_is_no_column() -> None:
    """Rows cannot be compared in a query by mistake."""
    with pytest.raises(AttributeError, match="list of rows"):
        Stall.items  # noqa: B018
    with pytest.raises(AttributeError, match="no field owner"):
        Stall.owner  # noqa: B018
    assert stall(hall=Hall.SOUTH, items=[Item(name="lamp", qty=Decimal(1))]).items[0].name == "lamp"
