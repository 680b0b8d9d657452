"""Sample data of customer value: what is judged of the customers of an invented company, and what they score."""

from __future__ import annotations

from datetime import date, timedelta

from pycrm import CRM
from pycrm.plugins.company import Company, company
from pycrm.plugins.customer_value.profile import Purchasing, ValueProfile

__all__ = ["add", "judge"]

_MODEL = "project"
_RATINGS = ("AAA", "AA", "A", "BBB")


def add(crm: CRM, *, seed: int = 11, today: date | None = None) -> None:
    """Add the invented company, judge its customers and score them.

    Args:
        seed: equal seeds and days give equal data, down to the ids.
        today: the day with which its story ends; the CRM's own if not given.

    Raises:
        ConflictError: the database has an organisation already.
    """
    with company(crm, seed=seed, today=today) as told:
        judge(told)


def judge(told: Company) -> None:
    """Let each seller say what was found out of the own customers, and let the product score all of them."""
    for at, (key, customer) in enumerate(told.customers.items()):
        told.at(10 - at, 16)
        verified = told.day - timedelta(days=told.chance.randint(1, 90))
        deal = told.opportunities.get(key)
        with told.system() as session:
            seller = session.get(customer.ref).owner
        profile = ValueProfile(
            of=customer,
            credit_rating=told.chance.choice(_RATINGS),
            rated_on=verified,
            purchasing=told.chance.choice(tuple(Purchasing)),
            switching_cost=told.chance.randint(1, 5),
            zone="Yunze 云泽" if at < 7 else "Lishan 栗山",
            is_reference=deal is not None and told.chance.random() < 0.5,
            verified_on=verified,
        )
        login = next(login for login, user in told.people.items() if seller and user.id == seller.id)
        with told.as_(login) as session:
            session.add(profile)
    told.at(0, 6)
    told.crm.run_scores(told.crm.system("sample data"), _MODEL)
