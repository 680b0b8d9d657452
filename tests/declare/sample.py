"""A plugin of a trade fair: one record with a field of every kind, its rows, and a facet."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pycrm import (
    Child,
    Children,
    Customer,
    Facet,
    Field,
    Link,
    Money,
    Plugin,
    Record,
    children,
    field,
    ge,
    link,
    through,
)


class Hall(StrEnum):
    """Where a stall stands."""

    NORTH = "north"
    SOUTH = "south"


class Item(Child, table="fair_item"):
    """Something hired for a stall."""

    name: Field[str] = field("Name", longest=20)
    qty: Field[Decimal] = field("Quantity", scale=3, validator=ge(0))


class Stall(Record, table="fair_stall", scope=through("customer")):
    """A stall that a customer hires."""

    customer: Link[Customer] = link("Customer")
    beside: Link[Stall | None] = link("Beside", default=None)
    number: Field[str] = field("Number", longest=8)
    hall: Field[Hall] = field("Hall", default=Hall.NORTH)
    opens: Field[date] = field("Opens", order=True)
    built_at: Field[datetime | None] = field("Built at", default=None)
    places: Field[int] = field("Places", default=1, validator=ge(1))
    corner: Field[bool] = field("Corner", default=False)
    width: Field[Decimal | None] = field("Width", default=None, scale=2)
    price: Field[Money | None] = field("Price", default=None)
    tags: Field[tuple[str, ...]] = field("Tags", default=(), longest=10)
    items: Children[Item] = children("Items", default=())
    rank: Field[int | None] = field("Rank", init=False, default=None)


class Badge(Facet, table="fair_badge", of=Customer):
    """What the fair keeps of a customer."""

    colour: Field[str] = field("Colour", longest=20)


class Fair(Plugin):
    """Trade fair"""

    name = "fair"
    records = (Stall,)
    children = (Item,)
    facets = (Badge,)


class Bag(Record, table="shop_bag", scope=through("customer")):
    """What a customer carries home."""

    customer: Link[Customer] = link("Customer")
    weight: Field[int] = field("Weight", default=0)


class Shop(Plugin):
    """Shop"""

    name = "shop"
    records = (Bag,)
