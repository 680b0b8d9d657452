"""The invented company in which each bundled plugin shows itself: two regions, seven people, ten customers.

Everybody and everything is invented. What is entered is written by whoever would have written it, at the moment
when that would have been, through the verbs that anybody uses. Equal seeds and days give equal data, down to
the ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import attrs

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    ConflictError,
    Contact,
    Customer,
    Department,
    FixedClock,
    Money,
    Opportunity,
    OrgUnit,
    Outcome,
    Region,
    Role,
    RoleAssignment,
    Session,
    Source,
    UnitKind,
    User,
)

__all__ = ["INVENTED", "Company", "company"]

INVENTED = "invented for demonstration"

_DAYS = 60
_COMPANY = "Lantern Pumps 灯塔泵业"
# Unit, what it is called, and the one that it is part of.
_UNITS = (("hq", _COMPANY, None), ("east", "East 东区", "hq"), ("west", "West 西区", "hq"))
# Login, name, unit, role.
_PEOPLE = (
    ("dir", "Gu Ran 顾然", "hq", "top"),
    ("admin", "Fang Yi 方毅", "hq", "administrator"),
    ("lead_e", "Mo Lan 莫岚", "east", "leader"),
    ("rep_a", "An Qi 安琪", "east", "staff"),
    ("rep_b", "Bai Lu 白露", "east", "staff"),
    ("lead_w", "Wen Bo 闻博", "west", "leader"),
    ("rep_w", "Wei Ran 韦然", "west", "staff"),
)
_SOURCES = ("Exhibition", "Recommended", "Website")
_REGIONS = {"east": "Yunze 云泽", "west": "Lishan 栗山"}
# Name, industry, employees, yearly revenue in yuan, whose, and what they want to buy for how many thousand.
_CUSTOMERS = (
    ("Tidegate Waterworks 潮门水务", "water", 420, 180_000_000, "rep_a", ("Booster station 加压泵站", 860)),
    (
        "Brightwell Textiles 明井纺织",
        "textiles",
        1300,
        640_000_000,
        "rep_a",
        ("Dye house pumps 染厂水泵", 320),
    ),
    ("Northlamp Paper 北灯纸业", "paper", 760, 410_000_000, "rep_a", ("Stock pumps 浆泵", 1_450)),
    ("Greenford Foods 青渡食品", "food", 210, 95_000_000, "rep_a", None),
    ("Saltmarsh Chemicals 盐泽化工", "chemicals", 950, 820_000_000, "rep_b", ("Acid pumps 耐酸泵", 2_300)),
    (
        "Quietbay Shipyard 静湾船厂",
        "shipbuilding",
        2600,
        1_700_000_000,
        "rep_b",
        ("Ballast pumps 压载泵", 980),
    ),
    ("Larkhill Dairy 云雀乳业", "food", 180, 76_000_000, "rep_b", None),
    (
        "Stonebridge Mining 石桥矿业",
        "mining",
        3100,
        2_400_000_000,
        "rep_w",
        ("Mine drainage 矿井排水", 3_600),
    ),
    ("Fernvale Hospital 蕨谷医院", "health", 890, 350_000_000, "rep_w", ("Heating pumps 供热循环泵", 240)),
    ("Owlwood Brewery 鸮林酒业", "food", 330, 130_000_000, "lead_w", None),
)
_SURNAMES = (("Ai", "艾"), ("Chu", "楚"), ("Dai", "戴"), ("Hua", "华"), ("Kang", "康"), ("Miao", "苗"))
_GIVEN = (("Anran", "安然"), ("Boyuan", "博远"), ("Chenxi", "晨曦"), ("Enze", "恩泽"), ("Jingyi", "静怡"))
_SAID = (
    (ActivityKind.VISIT, "Walked through the pump house together and noted the duty points."),
    (ActivityKind.CALL, "Asked how the trial pump runs; they are content with the noise."),
    (ActivityKind.CALL, "Talked about delivery before the holidays and the spare parts."),
    (ActivityKind.VISIT, "Showed the energy bill of a plant of the same size."),
    (ActivityKind.EMAIL, "Sent the drawing of the base frame, as they had asked."),
)


@attrs.frozen
class Company:
    """The company while its story is told: `at` sets the clock, `as_` lets somebody act.

    `day` is the last day of the story, `chance` what is drawn from; people, customers, contacts and
    opportunities stand under their login and the first word of their name.
    """

    crm: CRM
    clock: FixedClock
    chance: Random
    day: date
    people: dict[str, User] = attrs.field(factory=dict)
    customers: dict[str, Customer] = attrs.field(factory=dict)
    contacts: dict[str, Contact] = attrs.field(factory=dict)
    opportunities: dict[str, Opportunity] = attrs.field(factory=dict)

    def at(self, days_ago: int, hour: int = 9, minute: int = 0) -> None:
        """Set the clock to that hour, so many days before the end of the story."""
        day = self.day - timedelta(days=days_ago)
        self.clock.set(datetime.combine(day, time(hour, minute), self.crm.zone))

    def as_(self, login: str) -> Session:
        """A session of somebody."""
        return self.crm.session(login)

    def system(self) -> Session:
        """A session of whoever sets the product up."""
        return self.crm.session(self.crm.system("sample data"))

    def workdays(self, days_ago: int) -> list[int]:
        """Which of the last so many days were working days, as days ago, the oldest first; today is not among them."""
        return [ago for ago in range(days_ago, 0, -1) if (self.day - timedelta(days=ago)).weekday() < 5]


@contextmanager
def company(crm: CRM, *, seed: int, today: date | None = None) -> Iterator[Company]:
    """Found the company in an empty database, and let its first two months of selling pass.

    While it is told, the CRM's clock stands in the past and its identifiers come from the seed, so nobody
    else should use the CRM; both are put back at the end.

    Args:
        seed: equal seeds and days give equal data.
        today: the day with which the story ends; the CRM's own if not given.

    Yields:
        the company, on the morning of its last day.

    Raises:
        ConflictError: the database has an organisation already.
    """
    day = today or crm.calendar_day(crm.clock.now())
    begins = datetime.combine(day - timedelta(days=_DAYS), time(8), crm.zone)
    chance = Random(seed)
    with crm.replay(begins, chance) as clock:
        told = Company(crm, clock, chance, day)
        with told.system() as session:
            _found(session, told)
        _file(told)
        _talk(told)
        told.at(0)
        yield told


def _found(session: Session, told: Company) -> None:
    """Units, people with their roles, and what is common knowledge."""
    if session.count(OrgUnit):
        raise ConflictError("the database has an organisation already; sample data go into an empty one")
    roles = {role.name: role for role in session.find(Role)}
    units: dict[str, OrgUnit] = {}
    since = session.crm.calendar_day(session.now)
    for code, name, above in _UNITS:
        kind = UnitKind.REGION if above else UnitKind.COMPANY
        units[code] = session.add(OrgUnit(name=name, code=code, kind=kind, parent=units.get(above or "")))
    for login, name, unit, role in _PEOPLE:
        user = session.add(User(login=login, name=name, home_unit=units[unit], email=f"{login}@example.com"))
        session.add(RoleAssignment(user=user, role=roles[role], unit=units[unit], since=since))
        told.people[login] = user
    session.add_all([Source(name=name) for name in _SOURCES])
    session.add_all([Region(name=name) for name in _REGIONS.values()])


def _file(told: Company) -> None:
    """Each seller files the own customers, with somebody to talk to and what they may buy."""
    for number, (name, industry, employees, revenue, seller, deal) in enumerate(_CUSTOMERS):
        told.at(_DAYS - number, 10)
        details: dict[str, Any] = {
            "industry": industry,
            "employees": employees,
            "annual_revenue": Money(revenue, "CNY"),
            "region": _REGIONS["west" if seller.endswith("_w") else "east"],
            "channel": INVENTED,
        }
        key = name.split()[0]
        with told.as_(seller) as session:
            draft = Customer.organization(
                name, source=told.chance.choice(_SOURCES), phone=f"0210000{number:04}", **details
            )
            told.customers[key] = session.add(draft)
            told.contacts[key] = session.add(_somebody(told, number, key))
            if deal is not None:
                told.opportunities[key] = session.add(_deal(told, key, number, *deal))


def _somebody(told: Company, number: int, key: str) -> Contact:
    (surname, written), (given, sign) = told.chance.choice(_SURNAMES), told.chance.choice(_GIVEN)
    draft: Any = Contact.named(
        f"{surname} {given} {written}{sign}",
        customer=told.customers[key],
        department=Department.TECHNICAL,
        email=f"contact{number}@example.com",
    )
    return draft  # type: ignore[no-any-return]


def _deal(told: Company, key: str, number: int, title: str, thousands: int) -> Opportunity:
    closes = told.day + timedelta(days=20 + 9 * number)
    return Opportunity(
        customer=told.customers[key],
        name=title,
        amount=Money(thousands * 1000, "CNY"),
        expected_close=closes,
        next_step="Send the quotation with the duty points",
    )


def _talk(told: Company) -> None:
    """On each working day since somebody has talked to some customers."""
    last = _DAYS - len(_CUSTOMERS)
    for ago in told.workdays(last):
        for at, (name, *_, seller, _) in enumerate(_CUSTOMERS):
            # Some are seldom called: they are the ones that nobody cares for.
            if told.chance.random() > (0.02 if at % 4 == 3 else 0.16):
                continue
            kind, summary = told.chance.choice(_SAID)
            told.at(ago, 10 + at % 7, 5 * at)
            with told.as_(seller) as session:
                session.add(
                    Activity(
                        kind=kind,
                        customer=told.customers[name.split()[0]],
                        contact=told.contacts[name.split()[0]],
                        started_at=session.now - timedelta(minutes=40),
                        duration_min=told.chance.choice((10, 25, 40)),
                        summary=summary,
                        outcome=told.chance.choice((Outcome.POSITIVE, Outcome.POSITIVE, Outcome.NEUTRAL)),
                    )
                )
    for key, ago in (("Tidegate", 30), ("Northlamp", 21), ("Saltmarsh", 17), ("Stonebridge", 12)):
        told.at(ago, 17)
        deal = told.opportunities[key]
        with told.as_(next(seller for name, *_, seller, _ in _CUSTOMERS if name.startswith(key))) as session:
            told.opportunities[key] = session.move(session.get(deal.ref), "contacted")
