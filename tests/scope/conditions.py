"""What people may ask by, what nobody may, and values that fit no field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pycrm import (
    Contact,
    Customer,
    Facet,
    Field,
    Link,
    Money,
    Opportunity,
    Party,
    Plugin,
    Product,
    Record,
    field,
    link,
    owned,
    through,
)
from pycrm.revision.model import ChangeRow


class Stranger(Record, table="stranger_thing", scope=owned()):
    """A record of some other CRM's plugin."""

    name: Field[str] = field("Name", order=True)
    customer: Link[Customer] = link("Customer")


class Deal(Record, table="trade_deal", scope=through("buyer")):
    """A record that two links lead from to customers."""

    buyer: Link[Customer] = link("Buyer")
    seller: Link[Customer] = link("Seller")


class Rating(Facet, table="trade_rating", of=Customer):
    """What the plugin keeps of customers."""

    points: Field[int] = field("Points")
    note: Field[str | None] = field("Note", default=None)


class Trade(Plugin):
    """Trade"""

    name = "trade"
    records = (Deal,)
    facets = (Rating,)


CUSTOMERS: dict[str, dict[str, Any]] = {
    "Ningbo Pump": {"channel": "fair", "mobile": "13800000001", "industry": "pumps"},
    "Hongda 100%": {"channel": None, "mobile": "13800000002", "strategic": True},
    "hongda_works": {"channel": "web", "mobile": "13800000003", "industry": "steel"},
}
NINGBO, HONGDA, WORKS = CUSTOMERS
ACCEPTED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "equal": (lambda: Customer.name == NINGBO, [NINGBO]),
    "turned": (lambda: sa.literal(NINGBO) == Customer.name, [NINGBO]),
    "unequal": (lambda: Customer.name != NINGBO, [HONGDA, WORKS]),
    "above": (lambda: Customer.version > 1, []),
    "at most": (lambda: Customer.version <= 1, [HONGDA, NINGBO, WORKS]),
    "between": (lambda: Customer.version.between(1, 2), [HONGDA, NINGBO, WORKS]),
    "in": (lambda: Customer.name.in_([NINGBO, WORKS, "?"]), [NINGBO, WORKS]),
    "in nothing": (lambda: Customer.name.in_([]), []),
    "not in": (lambda: Customer.name.not_in([NINGBO]), [HONGDA, WORKS]),
    "empty": (lambda: Customer.channel.is_(None), [HONGDA]),
    "equal to nothing": (lambda: Customer.channel == None, [HONGDA]),  # noqa: E711
    "filled": (lambda: Customer.channel.is_not(None), [NINGBO, WORKS]),
    "distinct": (lambda: Customer.channel.is_distinct_from("web"), [HONGDA, NINGBO]),
    "begins": (lambda: Customer.name.startswith("Ning"), [NINGBO]),
    "contains": (lambda: Customer.name.contains("100%", autoescape=True), [HONGDA]),
    "ends": (lambda: Customer.name.endswith("works"), [WORKS]),
    "like": (lambda: Customer.name.like("%\\_works", escape="\\"), [WORKS]),
    "either case": (lambda: Customer.name.ilike("HONGDA%"), [HONGDA, WORKS]),
    "true": (lambda: Customer.strategic, [HONGDA]),
    "is true": (lambda: Customer.strategic == True, [HONGDA]),  # noqa: E712
    "not true": (lambda: ~Customer.strategic, [NINGBO, WORKS]),
    "and": (lambda: sa.and_(Customer.channel == "web", Customer.version == 1), [WORKS]),
    "or": (lambda: (Customer.channel == "web") | (Customer.channel == "fair"), [NINGBO, WORKS]),
    "not or": (lambda: ~((Customer.channel == "web") | (Customer.channel == "fair")), []),
    "two fields": (lambda: Customer.channel != Customer.name, [NINGBO, WORKS]),
    "anything": (lambda: sa.true(), [HONGDA, NINGBO, WORKS]),
    "nothing": (lambda: sa.false(), []),
    "enumeration": (lambda: Customer.kind == "organization", [HONGDA, NINGBO, WORKS]),
    "link": (lambda: Party.name == NINGBO, [NINGBO]),
}
MONEY: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "more": (lambda: Opportunity.amount > Money("10.00", "CNY"), ["large"]),
    "as much": (lambda: Opportunity.amount == Money("900.50", "CNY"), ["large"]),
    "between": (lambda: Opportunity.amount.between(Money(1, "CNY"), Money(10, "CNY")), ["small"]),
    "none": (lambda: Opportunity.amount.is_(None), ["child"]),
    "other currency": (lambda: Opportunity.amount > Money(1, "USD"), []),
    "date": (lambda: Opportunity.expected_close < date(2027, 1, 20), ["small"]),
    "of the customer": (lambda: Customer.name == NINGBO, ["large", "small"]),
    "of what links twice removed": (lambda: Opportunity.stage == "new", []),
}


def _crafted() -> Any:
    column = sa.Column("name", sa.Text())
    column.table = Customer.__table__
    return column == "x"


REFUSED: dict[str, Callable[[], Any]] = {
    "exists": lambda: sa.select(Customer.id).where(Customer.name == "x").exists(),
    "in a select": lambda: Customer.id.in_(sa.select(Customer.id)),
    "equal to a select": lambda: Customer.id == sa.select(Customer.id).limit(1).scalar_subquery(),
    "a select below and": lambda: sa.and_(Customer.version == 1, sa.select(Customer.id).exists()),
    "text": lambda: sa.text("1 = 1"),
    "text below or": lambda: sa.or_(Customer.name == "x", sa.text("1 = 1")),
    "literal column": lambda: sa.literal_column("1") == 1,
    "bare column": lambda: sa.column("name") == "x",
    "crafted column": _crafted,
    "function": lambda: sa.func.lower(Customer.name) == "x",
    "alias": lambda: Customer.__table__.alias().c.name == "x",
    "class without a link": lambda: Product.name == "x",
    "class that links here": lambda: Contact.name == "x",
    "own books": lambda: ChangeRow.changes.contains("x"),
    "class not registered": lambda: Stranger.name == "x",
    "operator as text": lambda: Customer.name.op("||")("x"),
    "boolean operator as text": lambda: Customer.name.bool_op("=")("x"),
    "pattern of the database": lambda: Customer.name.regexp_match("(a+)+$"),
    "replacing": lambda: Customer.name.regexp_replace("(a+)+$", "") == "x",
    "full text": lambda: Customer.name.match("x"),
    "cast": lambda: sa.cast(Customer.version, sa.Text) == "1",
    "type": lambda: sa.type_coerce(Customer.version, sa.Text) == "1",
    "label": lambda: Customer.name.label("x") == "x",
    "collation": lambda: Customer.name.collate("C") == "x",
    "case": lambda: sa.case((Customer.version == 1, 1), else_=2) == 1,
    # What can fail on one row and not on another tells what that row holds.
    "division": lambda: 1 / (Customer.version - 1) == 1,
    "sum out of range": lambda: Customer.version + (2**63 - 1) > 0,
    "negation": lambda: -Customer.version < 0,
    "joined texts": lambda: Customer.name + "x" == "x",
    "modulo": lambda: Customer.version % 1 == 0,
    "escape at the end": lambda: Customer.name.like("Secret\\"),
    "own escape at the end": lambda: Customer.name.endswith("Secret/", escape="/"),
    "pattern out of a field": lambda: Customer.name.like(Customer.channel),
    "long escape": lambda: Customer.name.like("x", escape="//"),
    # Names of parameters could stand in for those of the scope.
    "named parameter": lambda: Customer.name == sa.bindparam("scope_0", "x"),
    "called parameter": lambda: Customer.name == sa.bindparam(None, callable_=lambda: "x", unique=True),
    "typed parameter": lambda: Customer.name == sa.literal("x", sa.LargeBinary()),
    "literal parameter": lambda: Customer.name == sa.bindparam(None, "x", unique=True, literal_execute=True),
    "tuple": lambda: sa.tuple_(Customer.name, Customer.channel) == ("x", "y"),
    "any of a select": lambda: Customer.id == sa.any_(sa.select(Customer.id).scalar_subquery()),
    "text field as a condition": lambda: Customer.name,
    "python's true": lambda: True,
    "python's text": lambda: "name = 'x'",
    "nothing at all": lambda: None,
    "a class": lambda: Customer,
    "a table": lambda: Customer.__table__,
}
WRONG: dict[str, Callable[[], Any]] = {
    "id": lambda: Customer.id == "nonsense",
    "customer": lambda: Opportunity.customer == 5,
    "expected_close": lambda: Opportunity.expected_close > "2026-01-01",
    "stage_at": lambda: Opportunity.stage_at > date(2026, 1, 1),
    "version": lambda: Customer.version == 2**63,
    "name": lambda: Customer.name == "a\x00b",
    "channel": lambda: Customer.channel == "\ud800",
    "code": lambda: Customer.code == 5,
    "kind": lambda: Customer.kind.in_(["organization", 5]),
    "strategic": lambda: Customer.strategic == 1,
    "needs": lambda: Customer.needs.contains("x"),
    "source": lambda: Customer.source == Customer.name,
    "amount": lambda: Opportunity.__table__.c.amount > Decimal("1.5"),
    "updated_by": lambda: Customer.updated_by.like("x%"),
    "lifecycle": lambda: Customer.lifecycle == Customer.version,
}
