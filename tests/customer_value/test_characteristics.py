"""What the core and the plugin keep of customers is what the indicators of characteristics measure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import (
    CRM,
    Contact,
    Department,
    FixedClock,
    Money,
    Organization,
    Plugin,
    Problem,
    Region,
    SigningGrade,
)
from pycrm.declare.raw import RawDate
from pycrm.plugins.customer_value import CustomerValue, Purchasing, ValueProfile
from pycrm.scoring import Indicator, Nearest, Table, floor, months_between, one
from pycrm.scoring.feeds import profile
from pycrm.scoring.scale import from_data, to_data

from .records import Desk, desk_of

TODAY = "2026-06-30"


class Places(Plugin):
    """Places

    What regions and industries are worth to this house.
    """

    name = "places"
    indicators = (
        Indicator(
            *("PL01", "Region", "地区", "C", "points", one(profile.region)),
            Nearest({"Zhejiang": 60, "East": 40, "Hangzhou": 90, "Jiang": 10}),
        ),
        Indicator(
            *("PL02", "Industry", "行业", "C", "points", one(profile.industry)),
            Table({"pumps": 80}),
            "neutral",
        ),
        Indicator(
            *("PL03", "Region of many names", "地区", "C", "points", one(profile.region)),
            Nearest({f"Place {at}": at % 101 for at in range(300)} | {"East": 40}),
        ),
    )


@pytest.fixture
def desk(open_crm: Callable[..., CRM], clock: FixedClock) -> Desk:
    """A desk on the first of January 2026, with the indicators of customer value."""
    crm = open_crm(plugins=(CustomerValue, Places))
    clock.set("2026-01-01T10:00:00+08:00")
    crm.migrate()
    return desk_of(crm, clock, "web")


def test_a_company(desk: Desk) -> None:
    """All that is entered of a company, its people and by judgement is measured, and what is known of a person."""
    li = desk.human("Li", birth_date=date(1986, 7, 1), income_band="high", signing_grade=SigningGrade.A)
    pumps = desk.company(
        "Pumps",
        employees=250,
        registered_capital=Money("25000000", "CNY"),
        annual_revenue=Money("100", "USD"),
        industry="pumps",
        ownership_kind="state",
        market_position="follower",
        listed=True,
        founded_on=date(2016, 6, 29),
        signing_grade=SigningGrade.B,
        strategic=True,
        tax_id="91440300MA5F",
    )
    desk.at("2026-02-28")
    found = {
        "credit_rating": "AA",
        "rated_on": date(2026, 1, 1),
        "purchasing": Purchasing.CENTRAL,
        "switching_cost": 4,
        "zone": "near",
        "is_reference": False,
        "verified_on": date(2026, 6, 20),
    }
    desk.do(lambda session: session.add(ValueProfile(of=session.get(pumps.ref), **found)))
    for name, department, more in (
        ("Li", Department.DECISION, {"level": 4}),
        ("Wang", Department.USER, {"level": 5, "left_on": date(2026, 6, 29)}),
        ("Zhao", Department.TECHNICAL, {}),
    ):
        draft = Contact.named(name, customer=pumps, department=department, phone="1", **more)
        desk.do(lambda session, draft=draft: session.add(draft))
    desk.at(TODAY)
    # 250 employees; ten thousands of yuan, and none in dollars; 3,653 days; six months; name, way of
    # contact, source, industry, size, tax id and two departments; ten days since it was verified.
    expected = {
        "C01": (250, 60),
        "C02": (2500, 50),
        "C03": (None, 50),
        "C04": ("pumps", 50),
        "C05": (None, 50),
        "C06": ("state", 50),
        "C07": (1, 100),
        "C08": (3653 / 365.25, 3653 / 73.05),
        "C12": ("AA", 90),
        "C13": ("follower", 50),
        "C17": ("central", 100),
        "C18": (None, None),
        "C19": (2, 25),
        "C20": (50, 50),
        "C21": (4, 75),
        "C22": (1, 100),
        "C23": (70, 70),
        "C24": (10, 100),
        "C26": (1, 100),
        "C27": (0, 0),
        "C29": (4, 75),
        "C30": ("near", None),
        "C32": (None, None),
        "C35": ("B", 70),
        "C36": (1, 200 / 3),
        "PL02": ("pumps", 80),
    }
    told = desk.measured(pumps, *expected)
    # 25 of the 35 points that may be known of a person; the 40th birthday is tomorrow; departments it has none.
    person = desk.measured(li, "C01", "C07", "C20", "C23", "C32", "C33", "C35")
    assert [one.value for one in person.values()] == [
        *(None, None, None, pytest.approx(500 / 7), 39, "high", "A")
    ]
    # Nobody here keeps sales, demands, rivals, flags or relations: that is another thing than having none.
    nobody = desk.measured(pumps, "C09", "C15", "C16", "C28", "C31", "C34")
    assert {(one.value, one.state, one.points) for one in nobody.values()} == {(None, "unavailable", None)}
    assert {code: (one.value, one.points) for code, one in told.items()} == {
        code: (pytest.approx(value) if isinstance(value, float) else value, pytest.approx(points))
        for code, (value, points) in expected.items()
    }


def test_the_nearest_region(desk: Desk) -> None:
    """A region counts by its own points, else by those of the nearest that it lies in."""
    places: dict[str, Any] = {}
    for name, parent in (
        ("East", None),
        ("Zhejiang", "East"),
        ("Hangzhou", "Zhejiang"),
        ("Yuhang", "Hangzhou"),
        ("Ningbo", "Zhejiang"),
        ("Jiangsu", "East"),
        ("Abroad", None),
    ):
        region = Region(name=name, parent=places.get(parent or ""))
        places[name] = desk.do(lambda session, region=region: session.add(region))
    worth = {"Yuhang": 90, "Hangzhou": 90, "Ningbo": 60, "Jiangsu": 40, "East": 40, "Abroad": None}
    made = {name: desk.company(name, region=places[name]) for name in worth}
    nowhere = desk.company("Nowhere")
    scale = Places.indicators[0].scale
    told = desk.measured_all("PL01", "PL03")
    for name, points in worth.items():
        near, east = told[made[name].ref].values()
        assert near.points == scale.points_of(near.value) == points, name
        assert east.points == (None if name == "Abroad" else 40)
    assert told[made["Yuhang"].ref]["PL01"].value == "Yuhang < Hangzhou < Zhejiang < East"
    assert told[nowhere.ref]["PL01"].points is None
    # Whoever makes a region a part of what lies in it leaves it without a path, and everything else at work.
    desk.do(lambda session: session.change(session.get(places["East"].ref), parent=places["Zhejiang"]))
    told = desk.measured_all("C05")
    assert [told[made[name].ref]["C05"].value for name in ("Yuhang", "Abroad")] == [None, "Abroad"]


def test_groups_and_files(desk: Desk) -> None:
    """Customers under one top company are one group, however deep; a file is complete by what stands in it (COR-S1)."""
    top = desk.company("Top")
    middle = desk.company("Middle", parent_group=top)
    low, gone = (desk.company(name, parent_group=middle) for name in ("Low", "Gone"))
    alone = desk.company("Alone")
    desk.do(lambda session: session.archive(session.get(gone.ref)))
    desk.do(lambda session: session.add(ValueProfile(of=session.get(middle.ref), group_companies=12)))
    told = desk.measured_all("C10", "C11")
    for which, others, share in ((top, 2, 25), (middle, 2, 25), (low, 2, 25), (alone, 0, None)):
        assert [one.value for one in told[which.ref].values()] == [others, share]
    assert gone.ref not in told
    made = desk.company("Ningbo Pump", email=None, mobile="13800138000")
    assert desk.value(made, "C23", "2026-01-01") == 25
    region = desk.do(lambda session: session.add(Region(name="Ningbo")))

    def fill(session: Any) -> None:
        party = session.get(session.get(made.ref).party)
        session.change(party, region=region)
        session.add(Organization(of=party, industry="pumps"))
        for department in (Department.USER, Department.TECHNICAL):
            session.add(Contact.named(f"of {department}", customer=made, department=department, phone="1"))

    desk.do(fill)
    assert desk.value(made, "C23", "2026-01-01") == 65


def test_a_headcount_of_a_year_ago(desk: Desk) -> None:
    """How many employees there were comes from the history of changes, on the day and a year before."""
    pumps, new = desk.company("Pumps", employees=80), desk.company("New")

    def count(customer: Any, number: int | None) -> None:
        def change(session: Any) -> None:
            party = session.get(session.get(customer.ref).party)
            known = session.facet(party, Organization)
            if known is None:
                session.add(Organization(of=party, employees=number))
            else:
                session.change(known, employees=number)

        desk.do(change)

    desk.at("2026-03-01")
    count(pumps, 100)
    count(new, 10)
    desk.at("2027-03-01")
    count(pumps, 120)
    count(pumps, 110)
    # 2027-02-28 looks back at the 80, 2027-03-01 at the 100 and at the last word of the day.
    days = ("2026-12-31", "2027-02-28", "2027-03-01")
    assert [desk.value(pumps, "C14", day) for day in days] == [None, 25, 10]
    assert [desk.value(new, "C14", day) for day in days] == [None, None, 0]
    desk.at("2027-03-02")
    count(new, None)
    assert desk.value(new, "C14", "2027-03-02") is None


def test_the_quality_of_a_source(desk: Desk) -> None:
    """A source is judged by what all its customers' opportunities came to, once 20 of them are closed."""
    fair, web = desk.company("Fair"), desk.company("Web", source="web")
    deals = [desk.deal(fair if at % 2 else web, "10") for at in range(38)]
    mine = [at for at in range(38) if at % 2]
    other = desk.company("Other")
    more = desk.deal(other, "10")

    def close(session: Any) -> None:
        for at, deal in enumerate(deals):
            if at in (1, 3, 5, 7, 9):
                session.move(session.get(deal.ref), to="won", closed_on=date(2026, 1, 1))
            elif at % 2 or at == 0:
                session.move(session.get(deal.ref), to="lost", lost_reason="price")

    desk.do(close)
    # 19 of the fair are closed.
    assert len(mine) == 19
    assert desk.points(other, "C25", "2026-01-01") == 50
    desk.at("2026-02-01")
    desk.move(more, "lost", lost_reason="price")
    told = desk.measured_all("C25")
    for which, value, points in ((fair, 25, 62.5), (other, 25, 62.5), (web, None, 50)):
        one_ = told[which.ref]["C25"]
        assert (one_.value, one_.points) == (value, points)
    # Two years after the first of January only the last one is left.
    desk.at("2028-01-01")
    assert desk.value(other, "C25", "2027-12-31") == 25
    assert desk.value(other, "C25", "2028-01-01") is None


def test_a_table_of_places_as_data() -> None:
    """A table of places is written as JSON and read back, and one with points beyond 100 is refused."""
    scale = Nearest({"Zhejiang": 60.0, "East": 40.0})
    assert to_data(scale) == {"nearest": {"Zhejiang": 60.0, "East": 40.0}}
    assert from_data(to_data(scale), "scale") == scale
    for wrong in ({"Zhejiang": 101}, {"Zhejiang": "much"}, 7):
        assert isinstance(from_data({"nearest": wrong}, "scale"), Problem), wrong
    assert Nearest({}).points_of("Hangzhou < Zhejiang") is None


def test_whole_numbers(crm: CRM) -> None:
    """Whole months end on the day of the month on which they began, and what is below nought is cut downwards."""
    days = (("2026-01-31", "2026-02-28"), ("2026-01-31", "2026-03-31"), ("2025-12-15", "2026-01-14"))
    numbers = [
        *(floor(sa.literal(one, sa.Double())) for one in (-0.5, -2.0, 2.9)),
        floor(sa.cast(None, sa.Double())),
    ]
    months = [
        months_between(*(sa.literal(date.fromisoformat(day), RawDate()) for day in pair)) for pair in days
    ]
    with crm.store.connect() as connection:
        assert list(connection.execute(sa.select(*numbers, *months)).one()) == [-1, -2, 2, None, 0, 2, 0]
