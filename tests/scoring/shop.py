"""A shop that scores its customers by marks that it keeps of them, so that a case says its points outright."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from pycrm import CRM, Customer, Field, Link, Plugin, Record, field, link, through
from pycrm import Source as Origin
from pycrm.scoring import Feed, Indicator, Linear, Percentile, Supply, Window, total
from pycrm.scoring.model import ScoreModel

__all__ = ["MARKS", "SALES", "Mark", "Sale", "Shop", "filed", "marked", "opened", "sold"]

MARKS = Feed("shop_marks", "A mark that somebody gave a customer on a day", on=date, respect=str, points=int)
SALES = Feed("shop_sales", "A sale in minor units", on=date, net=int)


class Mark(Record, table="shop_mark", scope=through("customer")):
    """So many points in one respect."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    respect: Field[str] = field("Respect", longest=20)
    points: Field[int] = field("Points")


class Sale(Record, table="shop_sale", scope=through("customer")):
    """Something was sold."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("On")
    net: Field[int] = field("Net")


def _marks() -> Any:
    mark = Mark.__table__.c
    return sa.select(mark.customer_id.label("customer"), mark.on, mark.respect, mark.points)


def _sales() -> Any:
    sale = Sale.__table__.c
    return sa.select(sale.customer_id.label("customer"), sale.on, sale.net)


def _mark(code: str) -> Indicator:
    value = total(MARKS.points, where=MARKS.respect == code, within=Window(1))
    return Indicator(f"M{code}", f"Mark {code}", f"{code}分", code[0], "points", value, Linear(0, 100))


CODES = ("C01", "C23", "T02", "T06", "F03", "F17", "S25", "S02")
AMOUNT = Indicator("MT90", "Amount", "金额", "T", "money", total(SALES.net), Percentile())


class Shop(Plugin):
    """Shop

    Marks and sales.
    """

    name = "shop"
    records = (Mark, Sale)
    supplies = (Supply(MARKS, _marks), Supply(SALES, _sales))
    indicators = (*(_mark(code) for code in CODES), AMOUNT)


WHOLE = ScoreModel(
    "whole", 1, "Whole", {"C": 20, "T": 35, "F": 30, "S": 15},
    "MC01:1 MC23:1 MT02:3 MT06:1 MF03:2 MF17:1 MS25:1 MS02:1",
)  # fmt: skip
RANKED = ScoreModel("ranked", 1, "Ranked", {"T": 1}, "MT90:1")


def opened(open_crm: Callable[..., CRM], *models: ScoreModel, **options: Any) -> CRM:
    """A CRM with the shop and these models."""
    crm = open_crm(plugins=(Shop,), **options)
    crm.migrate()
    with crm.session(crm.system("cases")) as session:
        session.add(Origin(name="shop"))
        for model in models:
            session.publish_score_model(model)
    return crm


def filed(crm: CRM, number: int, owner: Any = None) -> list[Customer]:
    """So many customers."""
    with crm.session(crm.system("cases")) as session:
        drafts = [Customer.organization(f"Shop {at}", source="shop", phone="1") for at in range(number)]
        return list(session.add_all(drafts, owners=[owner] * number))


def marked(crm: CRM, customer: Customer, day: date, **marks: int) -> None:
    """Give a customer marks on a day."""
    with crm.session(crm.system("cases")) as session:
        session.add_all(
            [Mark(customer=customer, on=day, respect=one, points=points) for one, points in marks.items()]
        )


def sold(crm: CRM, customer: Customer, day: date, net: int) -> None:
    """Sell something for so many minor units."""
    with crm.session(crm.system("cases")) as session:
        session.add(Sale(customer=customer, on=day, net=net))
