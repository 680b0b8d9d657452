"""Invented customers and the people who speak for them."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
from pycrm import Money
from pycrm.entities.customer import Department, SigningGrade, TradeRole
from pycrm.plugins.projects import TenderKind

from b2b_project_sales.sample.acts import FileCustomer, Somebody
from b2b_project_sales.sample.people import REGIONS, Region, Seller
from b2b_project_sales.sample.words import (
    BRANCHES,
    DECIDING,
    FAMILY_NAMES,
    GIVEN_NAMES,
    SOURCES,
    STEMS,
)

__all__ = ["Draft", "drafts", "filing"]

_DEPARTMENTS = (Department.TECHNICAL, Department.PROCUREMENT, Department.USER, Department.DECISION)
_SHARES = (5, 4, 3)
# There are 2,880 names; when half are taken, the next of the same name is counted.
_MANY_NAMES = 1440


@attrs.frozen(eq=False)
class Draft:
    """A customer before it is filed: whose it is, where, since which week, and how much it buys."""

    number: int
    name: str
    city: str
    industry: str
    seller: str
    region: Region
    week: int
    weight: float


def drafts(random: Random, many: int, weeks: int) -> list[Draft]:
    """So many customers; a few salespeople have many of them, and a few customers buy most."""
    sellers = [
        [(seller.login, 1 / (place + 1) ** 0.6) for place, seller in enumerate(_by_turns(region))]
        for region in REGIONS
    ]
    taken: set[str] = set()
    found = []
    for number in range(many):
        place = random.choices(range(len(REGIONS)), _SHARES)[0]
        region = REGIONS[place]
        logins, weights = zip(*sellers[place], strict=True)
        city = random.choice(region.cities)
        name, industry = _name(random, city, taken)
        found.append(
            Draft(
                number=number,
                name=name,
                city=city[0],
                industry=industry,
                seller=random.choices(logins, weights)[0],
                region=region,
                week=_week(random, weeks),
                weight=min(random.paretovariate(1.1), 25),
            )
        )
    return found


def _by_turns(region: Region) -> list[Seller]:
    """One of each team after the other, so that the teams are alike and the people are not."""
    return [seller for pair in zip(*(team.sellers for team in region.teams), strict=True) for seller in pair]


def _week(random: Random, weeks: int) -> int:
    # Two in five were brought along when the company began; the others came one by one.
    return random.randrange(4) if random.randrange(5) < 2 else random.randrange(4, weeks - 4)


def _name(random: Random, city: tuple[str, str], taken: set[str]) -> tuple[str, str]:
    while True:
        stem, (industry, chinese, english) = random.choice(STEMS), random.choice(BRANCHES)
        name = f"{city[0]} {stem[1]} {english}" if random.randrange(3) == 0 else city[1] + stem[0] + chinese
        if name in taken and len(taken) >= _MANY_NAMES:
            name = f"{name} {len(taken)}"
        if name not in taken:
            taken.add(name)
            return name, industry


def filing(random: Random, draft: Draft) -> FileCustomer:
    """The act of filing a customer, with a contact in one to three departments."""
    wanted = random.sample(_DEPARTMENTS, random.randint(1, 3))
    people = tuple(
        Somebody(
            random.choice(FAMILY_NAMES) + random.choice(GIVEN_NAMES), department, _mobile(draft, 1 + place)
        )
        for place, department in enumerate(wanted)
    )
    details = {
        "mobile": _mobile(draft, 0),
        "email": f"office{draft.number}@example.com",
        "industry": draft.industry,
        "employees": random.choice((40, 85, 160, 320, 700, 1500)),
        "signing_grade": random.choice(list(SigningGrade)),
        "trade_role": random.choices(list(TradeRole)[:4], (6, 2, 3, 1))[0],
    }
    source = random.choice(SOURCES)
    return FileCustomer(draft.number, draft.name, draft.city, source, details, people, _buying(random))


def _mobile(draft: Draft, place: int) -> str:
    # Numbers 1380000xxxx are given to nobody: ten thousand are enough for two thousand customers.
    return f"138{5 * draft.number + place:08d}"


def _buying(random: Random) -> dict[str, Any]:
    if random.randrange(5) < 2:
        return {}
    return {
        "decision_process": random.choice(DECIDING),
        "annual_budget": Money(random.randrange(2, 90) * 100_000, "CNY"),
        "budget_month": random.choice((1, 9, 10, 11)),
        "tender_from": Money(random.choice((200_000, 500_000, 1_000_000)), "CNY"),
        "usual_tender": random.choice(list(TenderKind)),
        "certificates": tuple(random.sample(("ISO 9001", "ISO 14001", "CE", "CCC"), 2)),
    }
