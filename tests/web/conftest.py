"""A small company behind its pages, and people who look at them without a line of JavaScript."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from house import Cast, enterprise
from serving.browser import Browser, Reply

from pycrm import (
    CRM,
    Activity,
    Banner,
    Contact,
    Customer,
    Finder,
    FixedClock,
    Hint,
    Money,
    Opportunity,
    Panel,
    Plugin,
    Product,
    ProductCategory,
    Task,
    Tile,
)
from pycrm.credential import set_password, sign_in
from pycrm.credential.model import Limits
from pycrm.entities.activity import ActivityKind
from pycrm.entities.customer import Department
from pycrm.serve import application

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "b2b_project_sales" / "src"))

from .reading import Form, Page, read

PASSWORD = "a horse in the orchard"
NOW = "2026-06-30T09:00:00+08:00"
WHO = ("rep_a", "lead_e", "dir", "admin")


def _failing(session: Any, record: Any) -> Any:
    raise RuntimeError("the tax number is 91440300MA5F")


def _deals(session: Any, record: Any) -> Any:
    return {"Deals": session.count(Opportunity)}


def _failing_alone(session: Any) -> Any:
    return _failing(session, None)


def _found(session: Any, text: str) -> Any:
    return [Hint(f"Deal of {one.name}", one, "found") for one in session.find(Opportunity) if text == "odd"]


def _told(session: Any) -> Any:
    mine = (Task.owner == session.actor.id, Task.stage == "open")
    own = session.find(Task, *mine, order=Task.due_at, limit=3)
    return [Hint(one.title, one, "today", move="start") for one in own]


class Odd(Plugin):
    """Odd

    Of each sort of thing that is shown one that fails, one for administrators, and one that tells something.
    """

    name = "odd"
    tiles = (
        Tile("broken", "Broken tile", _failing_alone, permission="customer.read"),
        Tile("kept", "Tile of administrators", lambda session: {"secret": 1}, permission="role.update"),
        Tile("all", "Tile of deals", lambda session: _deals(session, None), permission="opportunity.read"),
        Tile("none", "Tile of nothing", lambda session: None, permission="customer.read"),
    )
    finders = (
        Finder("broken", "Broken finds", _failing, permission="customer.read"),
        Finder("kept", "Finds of administrators", _found, permission="role.update"),
        Finder("deals", "Deals by their need", _found, permission="opportunity.read"),
    )
    banners = (
        Banner("broken", "Broken banner", _failing_alone, permission="customer.read"),
        Banner("kept", "Banner of administrators", _told, permission="role.update"),
        Banner("tasks", "Do this", _told, permission="task.read"),
    )
    panels = (
        Panel("broken", "Broken box", Customer, _failing, permission="customer.read"),
        Panel(
            "kept", "Box of administrators", Customer, lambda s, r: {"secret": 1}, permission="role.update"
        ),
        Panel("deals", "Box of deals", "Customer", _deals, permission="opportunity.read"),
    )


def plugins() -> list[Any]:
    from b2b_project_sales import ProjectSales

    from pycrm.plugins.projects import Projects

    return [Projects(), ProjectSales(), Odd()]


def fill(crm: CRM) -> Cast:
    """The organisation with two salespeople's customers; those of rep_b are never rep_a's to see."""
    cast = enterprise(crm)
    with crm.session("dir") as session:
        category = session.add(ProductCategory(name="Pumps"))
        session.add(Product(code="P1", name="Feed pump", category=category, unit="piece"))
    add_business(crm, "rep_a", "Hongda Logistics 宏达物流", "13800000001", 86000)
    add_business(crm, "rep_b", "Secret Foods 保密食品", "13900000002", 93000)
    return cast


def add_business(crm: CRM, login: str, name: str, mobile: str, amount: int) -> Any:
    """A customer with a contact, a deal, a task that is late and a call."""
    with crm.session(login) as session:
        made = session.add(
            Customer.organization(name, mobile=mobile, source="exhibition", industry="logistics")
        )
        session.add(
            Contact.named(
                f"Ms Li of {name}", customer=made, department=Department.USER, email=f"{mobile}@example.com"
            )
        )
        deal = session.add(
            Opportunity(
                customer=made,
                name=f"Pumps for {name}",
                amount=Money(str(amount), "CNY"),
                expected_close=date(2026, 9, 1),
            )
        )
        late = session.now - timedelta(days=1)
        session.add(Task(title=f"Call {name}", due_at=late, customer=made, opportunity=deal))
        session.add(
            Activity(
                kind=ActivityKind.CALL,
                customer=made,
                started_at=session.now - timedelta(hours=2),
                summary=f"Asked {name} what they need",
            )
        )
        return made


@attrs.define
class Reader:
    """Somebody in front of a browser."""

    browser: Browser

    def ask(self, path: str) -> Reply:
        return self.browser.get(path)

    def see(self, path: str, status: int = 200) -> Page:
        """A page, which has to be there."""
        reply = self.ask(path)
        assert reply.status == status, (path, reply.status, read(reply.text).words[-400:])
        return read(reply.text)

    def send(self, form: Form, **typed: str) -> Reply:
        """Fill in a form and send it."""
        return self.post(form.action, form.filled(**typed))

    def post(self, path: str, fields: Any) -> Reply:
        from urllib.parse import urlencode

        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.browser.ask("POST", path, body=urlencode(fields).encode(), headers=kind)

    def follow(self, reply: Reply) -> Page:
        """Where an act led to."""
        assert reply.status == 303, (reply.status, read(reply.text).words[-600:])
        return self.see(reply.header("location").partition("#")[0])


@attrs.define
class Company:
    """The company, its people's sessions, and what serves it."""

    crm: CRM
    clock: FixedClock
    cast: Cast
    secrets: dict[str, str]
    app: Any = None
    browsers: list[Browser] = attrs.field(factory=list)

    def reader(self, login: str | None, language: str = "en") -> Reader:
        if self.app is None:
            self.app = application(self.crm)
        cookies = {"pycrm_language": language}
        if login is not None:
            if login not in self.secrets:
                self.secrets[login] = signed_in(self.crm, login)
            cookies["pycrm"] = self.secrets[login]
        self.browsers.append(Browser(self.app, cookies=cookies))
        return Reader(self.browsers[-1])

    def one(self, cls: Any, name: str) -> Any:
        """The record of that name, whoever owns it."""
        with self.crm.view(self.crm.system("looking it up")) as session:
            return session.find(cls, cls.name == name)[0]

    def customer(self, owner: str = "rep_a") -> str:
        """The address of a salesperson's customer."""
        name = {"rep_a": "Hongda Logistics 宏达物流", "rep_b": "Secret Foods 保密食品"}[owner]
        return f"/customers/{self.one(Customer, name).id}"

    def deal(self) -> Any:
        return self.one(Opportunity, "Pumps for Hongda Logistics 宏达物流")

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        if self.app is not None:
            self.app.desk.close()
        self.crm.close()


def signed_in(crm: CRM, login: str) -> str:
    """The secret of a session of a browser for that person."""
    from pycrm import User

    def act(session: Any) -> None:
        set_password(session, session.find(User, User.login == login)[0], PASSWORD)

    crm.run(crm.system("test passwords"), act)
    limits = Limits(timedelta(hours=2), timedelta(hours=12), 100)
    return sign_in(crm, login, PASSWORD, place=login, limits=limits).secret


@pytest.fixture(scope="session")
def company_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The company in a SQLite file, and the sessions of those who look at it."""
    path = tmp_path_factory.mktemp("company") / "company.db"
    shutil.copy(sqlite_template, path)
    crm = CRM(f"sqlite:///{path}", plugins=plugins(), clock=FixedClock(NOW), random=random.Random(3))
    crm.migrate()
    cast = fill(crm)
    secrets = {login: signed_in(crm, login) for login in WHO}
    crm.close()
    return path, cast, secrets


@pytest.fixture
def company(written: Company, company_file: Any) -> Company:
    """The company on SQLite, as it was at the beginning; its CRM has served other tests before."""
    path, _, secrets = company_file
    crm = written.crm
    file = str(crm.store.url.database)
    crm.store.dispose()
    for end in ("-wal", "-shm"):
        Path(file + end).unlink(missing_ok=True)
    shutil.copy(path, file)
    # What a CRM knows of people and roles was read from the file as it was.
    crm.actors.clear()
    crm.role_grants.clear()
    written.secrets = dict(secrets)
    return written


@pytest.fixture(scope="session")
def written(company_file: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The CRM of all tests that write into a copy of the company."""
    made = _company(company_file, tmp_path_factory.mktemp("written"))
    yield made
    made.close()


@pytest.fixture
def company_apart(company_file: Any, tmp_path: Path) -> Iterator[Company]:
    """The company with a CRM of its own, for what changes what the CRM remembers."""
    made = _company(company_file, tmp_path)
    yield made
    made.close()


def _company(company_file: Any, folder: Path) -> Company:
    path, cast, secrets = company_file
    file = folder / "company.db"
    shutil.copy(path, file)
    clock = FixedClock(NOW)
    crm = CRM(f"sqlite:///{file}", plugins=plugins(), clock=clock, random=random.Random(7))
    return Company(crm, clock, cast, dict(secrets))


@pytest.fixture(scope="session")
def shown(company_file: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The company for tests that only look: one CRM for all of them."""
    made = _company(company_file, tmp_path_factory.mktemp("shown"))
    yield made
    made.close()


@pytest.fixture
def company_on_both(open_crm: Callable[..., CRM], clock: FixedClock) -> Iterator[Company]:
    """The company on SQLite and on PostgreSQL."""
    crm = open_crm(plugins=plugins())
    crm.migrate()
    made = Company(crm, clock, fill(crm), {})
    yield made
    made.close()


def today() -> date:
    return datetime.fromisoformat(NOW).date()
