"""One class, many CRMs: plugins differ, the declared classes are shared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from declare.sample import Badge, Bag, Fair, Hall, Item, Shop, Stall
from pycrm import CRM, Customer, InvalidError, Money, Session
from pycrm.declare.codec import dump, load_patch

Open = Callable[..., CRM]


@pytest.fixture
def fair(open_crm: Open) -> CRM:
    """A CRM of a trade fair with its people."""
    crm = open_crm(plugins=[Fair])
    crm.migrate()
    enterprise(crm)
    return crm


def customer(session: Session) -> Customer:
    """A new customer."""
    return session.add(Customer.organization("Ningbo Pump", mobile="13800138000", source="exhibition"))


def stall(session: Session, **values: Any) -> Stall:
    """A new stall of a new customer."""
    return session.add(
        Stall(**({"customer": customer(session), "number": "A1", "opens": date(2026, 9, 1)} | values))
    )


def test_two_crms_share_a_customer_class(tmp_path: Path) -> None:
    """A fair and a shop in one process both extend Customer, and neither knows the other's records."""
    with_fair = CRM(f"sqlite:///{tmp_path}/fair.db", plugins=[Fair])
    with_shop = CRM(f"sqlite:///{tmp_path}/shop.db", plugins=[Shop])
    for crm in (with_fair, with_shop):
        crm.migrate()
        enterprise(crm)
    with with_fair.session("rep_a") as session:
        made = stall(session)
        badge = session.add(Badge(of=made.customer, colour="red"))
        assert session.find(Customer, Badge.colour == "red") == [session.get(made.customer)]
        with pytest.raises(InvalidError):
            session.find(Customer, Bag.weight > 1)
    with with_shop.session("rep_a") as session:
        bag = session.add(Bag(customer=customer(session), weight=3))
        assert session.find(Bag) == [bag]
        with pytest.raises(InvalidError):
            session.find(Customer, Badge.colour == "red")
    assert badge.colour == "red"
    tables = [set(crm.metadata.tables) for crm in (with_fair, with_shop)]
    assert tables[0] ^ tables[1] == {"fair_stall", "fair_item", "fair_badge", "shop_bag"}
    assert Customer.__table__ is Customer.__table__
    for crm in (with_fair, with_shop):
        crm.close()


def test_tables_get_their_keys_and_indexes_from_the_declaration(fair: CRM) -> None:
    """The tables of a CRM have foreign keys, and an index for each order, alone, by owner and by unit."""
    table = fair.metadata.tables["fair_stall"]
    targets = {key.parent.name: key.target_fullname for key in table.foreign_keys}
    assert targets == {"customer_id": "crm_customer.id", "beside_id": "fair_stall.id"}
    indexes = {tuple(column.name for column in index.columns) for index in table.indexes}
    assert {("opens", "id"), ("parent_owner_id", "opens", "id"), ("parent_unit_id", "opens", "id")} <= indexes
    required = {column.name for column in table.columns if not column.nullable}
    assert {"customer_id", "number", "hall", "opens", "places", "corner", "tags"} <= required
    assert not {"beside_id", "width", "price", "price_currency", "rank"} & required
    with fair.store.connect() as connection:
        assert {"fair_stall", "fair_item", "fair_badge"} <= set(sa.inspect(connection).get_table_names())


def test_every_kind_of_value_survives_both_databases(fair: CRM) -> None:
    """What is written is read back equal and of the same type, at its bounds too."""
    written = {
        "number": "\u00e9北\U0001f600",
        "hall": Hall.SOUTH,
        "opens": date(9999, 12, 31),
        "built_at": fair.clock.now().replace(microsecond=123456),
        "places": 2**63 - 1,
        "corner": True,
        "width": Decimal("-92233720368547758.07"),
        "price": Money("-92233720368547758.07", "CNY"),
        "tags": ("a", '"', "北"),
    }
    with fair.session("rep_a") as session:
        first = stall(session)
        made = stall_beside(session, first, written)
    with fair.view("rep_a") as session:
        read = session.get(Stall, made.id)
        assert {name: getattr(read, name) for name in written} == written
        assert [type(getattr(read, name)) for name in written] == [type(value) for value in written.values()]
        assert read.beside == first.ref
        assert session.get(Stall, first.id).price is None
        assert session.find(Stall, Stall.price < Money("0", "CNY")) == [made]
        assert session.find(Stall, Stall.price < Money("0", "USD")) == []
        assert session.find(Stall, Stall.hall == Hall.SOUTH, Stall.corner.is_(True)) == [made]
        assert session.find(Stall, Stall.beside == first) == [made]


def stall_beside(session: Session, first: Stall, values: dict[str, Any]) -> Stall:
    """A stall of the same customer beside another one."""
    return session.add(Stall(customer=first.customer, beside=first, **values))


def test_rows_belong_to_their_record(fair: CRM) -> None:
    """Rows are read with their record in their order, and only on request in a list."""
    items = [Item(name="lamp", qty=Decimal("1.5")), Item(name="desk", qty=Decimal(2))]
    with fair.session("rep_a") as session:
        made = stall(session, items=items)
    with fair.view("rep_a") as session:
        read = session.get(Stall, made.id)
        assert [(item.name, item.qty) for item in read.items] == [
            ("lamp", Decimal("1.500")),
            ("desk", Decimal(2)),
        ]
        assert [item.position for item in read.items] == [0, 1]
        assert {item.parent for item in read.items} == {made.id}
        (listed,) = session.find(Stall)
        assert not hasattr(listed, "items")
        assert session.children(listed).items == read.items
        assert session.find(Stall, children=True)[0].items == read.items
        # What was read can be sent back as it is.
        posted = {"items": dump(read)["items"]}
        assert [item.id for item in load_patch(Stall, posted)["items"]] == [item.id for item in read.items]


def test_rows_are_compared_by_their_ids(fair: CRM) -> None:
    """A changed list keeps the ids of rows that stay, adds new ones and removes what is missing."""
    with fair.session("rep_a") as session:
        made = stall(session, items=[Item(name=name, qty=Decimal(1)) for name in ("lamp", "desk", "chair")])
    lamp, desk, chair = made.items
    with fair.session("rep_a") as session:
        changed = session.change(made, items=[chair, lamp, Item(name="rug", qty=Decimal(1))])
    assert changed.version == 2
    assert [item.id for item in changed.items[:2]] == [chair.id, lamp.id]
    with fair.view("rep_a") as session:
        read = session.get(Stall, made.id)
        assert [item.name for item in read.items] == ["chair", "lamp", "rug"]
        (revision, _) = session.history(read)
        touched = {change.path.split("/")[1] for change in revision.changes}
        rug = read.items[2]
        assert touched == {str(item.id) for item in (lamp, desk, chair, rug)}
        removed = {change.path: (change.old, change.new) for change in revision.changes}
        assert removed[f"items/{desk.id}/name"] == ("desk", None)
    with fair.session("rep_a") as session:
        other = stall_beside(session, made, {"number": "B2", "opens": made.opens})
        with pytest.raises(InvalidError, match="not one of the record"):
            session.change(other, items=[lamp])
