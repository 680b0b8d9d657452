"""Two years of invented business in an empty database: three regions, 38 people, 400 customers.

Every record is written by whoever would have written it, at the moment when that would have been, and
through the same verbs that anybody uses: so stage histories, owners and revisions are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random

from pycrm import (
    CRM,
    ConflictError,
    FixedClock,
    Money,
    OrgUnit,
    Product,
    ProductCategory,
    Region,
    Role,
    RoleAssignment,
    Session,
    Source,
    User,
)
from pycrm.entities.org import UnitKind
from pycrm.values import Identifiers

from b2b_project_sales.sample.acts import Book
from b2b_project_sales.sample.people import (
    ADMINISTRATOR,
    COMPANY,
    DIRECTOR,
    PEOPLE,
    REGIONS,
    Seller,
)
from b2b_project_sales.sample.plan import Calendar, plan
from b2b_project_sales.sample.words import CATALOGUE, SOURCES
from b2b_project_sales.story import tell as story

__all__ = ["BESIDE", "MODEL", "PEOPLE", "add", "story"]

# Enabled beside the example, so that its customers are worth something: by this model.
BESIDE = ("customer_value", "projects")
MODEL = "project"


def add(
    crm: CRM,
    *,
    seed: int = 21,
    today: date | None = None,
    customers: int = 400,
    opportunities: int = 2000,
    projects: int = 8,
) -> None:
    """Add the sample company, its customers and the two years of selling that lie before `today`.

    While it loads, the CRM's clock stands in the past and its identifiers come from the seed, so
    nobody else should use the CRM; both are put back at the end.

    Args:
        seed: equal seeds, days and sizes give equal data, down to the ids.
        today: the day before which everything lies; the CRM's own day if not given.
        customers, opportunities: how many.
        projects: how many of the opportunities have a project file, of at most eight that differ.

    Raises:
        ConflictError: the database has an organisation already.
    """
    calendar = Calendar(today or crm.calendar_day(crm.clock.now()))
    sittings = plan(seed, calendar.today, customers, opportunities, projects)
    with crm.replay(calendar.beginning, Random(seed)) as clock:
        with crm.session(crm.system("sample data")) as session:
            book = _company(session, calendar.beginning.date())
        for sitting in sittings:
            clock.set(sitting.moment)
            with crm.session(sitting.login) as session:
                for act in sitting.acts:
                    act.do(session, book)


def _company(session: Session, since: date) -> Book:
    """Units, people and their roles, and what is common knowledge."""
    if session.count(OrgUnit):
        raise ConflictError("the database has an organisation already; sample data go into an empty one")
    book = Book()
    roles = {role.name: role for role in session.find(Role)}

    def join(person: Seller, unit: OrgUnit, role: str) -> None:
        user = User(login=person.login, name=person.name, home_unit=unit, email=f"{person.login}@example.com")
        book.people[person.login] = session.add(user)
        session.add(RoleAssignment(user=book.people[person.login], role=roles[role], unit=unit, since=since))

    company = session.add(OrgUnit(name=COMPANY, code="beacon", kind=UnitKind.COMPANY))
    join(DIRECTOR, company, "top")
    join(ADMINISTRATOR, company, "administrator")
    for region in REGIONS:
        unit = _unit(session, region.name, UnitKind.REGION, company)
        join(region.manager, unit, "leader")
        for team in region.teams:
            below = _unit(session, team.name, UnitKind.TEAM, unit)
            if team.manager is not None:
                join(team.manager, below, "leader")
            for seller in team.sellers:
                join(seller, below, "staff")
    _common_knowledge(session, book)
    return book


def _unit(session: Session, name: str, kind: UnitKind, parent: OrgUnit) -> OrgUnit:
    return session.add(OrgUnit(name=name, code=name.lower(), kind=kind, parent=parent))


def _common_knowledge(session: Session, book: Book) -> None:
    book.sources = {name: session.add(Source(name=name)) for name in SOURCES}
    for region in REGIONS:
        whole = session.add(Region(name=region.name))
        for name, chinese in region.cities:
            book.cities[name] = session.add(Region(name=name, code=chinese, parent=whole))
    for name, rows in CATALOGUE.items():
        category = session.add(ProductCategory(name=name))
        for code, title, unit, _, cost in rows:
            book.products[code] = session.add(
                Product(code=code, name=title, category=category, unit=unit, standard_cost=Money(cost, "CNY"))
            )
