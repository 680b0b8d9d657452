"""A served CRM: the organisation of the catalogue, behind forms like those of the pages."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from house import Cast, enterprise

from pycrm import CRM, FixedClock, User
from pycrm.credential import Access, Scope, make_token, set_password
from pycrm.http import (
    Answer,
    Call,
    Face,
    Route,
    Settings,
    choose_password,
    form_token,
    sign_in_by,
    sign_out,
    with_form_cookie,
)
from pycrm.scope import Source
from pycrm.serve import Application, application

from .browser import Browser, Reply
from .documented import Checked, Document

PASSWORD = "a horse in the orchard"
PAGES = Face(Source.PAGE, frozenset((Access.BROWSER,)))


def _form(call: Call) -> Answer:
    """A page with a form, for whoever comes."""
    if call.visitor is not None:
        return Answer.json({"csrf": call.visitor.csrf, "login": call.visitor.login})
    return with_form_cookie(call, Answer.json({"csrf": form_token(call)}))


def _sign_in(call: Call) -> Answer:
    return sign_in_by(call, call.form["login"][0], call.form["password"][0], to=call.asked("to", "/"))


def _password(call: Call) -> Answer:
    return choose_password(call, call.form["current"][0], call.form["password"][0])


def _fail(call: Call) -> Answer:
    """Fail with a secret at hand."""
    secret = f"id number {call.asked('secret')}"
    raise ValueError(f"no way with {secret}")


def _rename(call: Call) -> Answer:
    def act(session: Any) -> str:
        person = session.get(User, call.who.user)
        return str(session.change(person, mobile=call.form["mobile"][0]).mobile)

    return Answer.text(call.run(act))


FORMS = (
    Route("GET", "/test/form", _form, PAGES, is_open=True),
    Route("POST", "/test/sign-in", _sign_in, PAGES, is_open=True),
    Route("POST", "/test/sign-out", lambda call: sign_out(call), PAGES, is_unchanged=True),
    Route("POST", "/test/password", _password, PAGES, is_unchanged=True),
    Route("GET", "/test/mine", lambda call: Answer.text(call.who.login), PAGES),
    Route("POST", "/test/mine", _rename, PAGES),
    Route("GET", "/test/fail", _fail, PAGES, is_open=True),
)


@attrs.define
class Served:
    """A CRM and the application that serves it, with the forms of a page under ``/test``."""

    crm: CRM
    clock: FixedClock
    cast: Cast
    make: Callable[..., Application]
    browsers: list[Browser] = attrs.field(factory=list)
    apps: list[Application] = attrs.field(factory=list)

    @property
    def app(self) -> Application:
        if not self.apps:
            self.serve()
        return self.apps[-1]

    def serve(self, **settings: Any) -> Application:
        """Serve it under these settings from now on."""
        self.apps.append(self.make(self.crm, Settings(**settings)))
        return self.apps[-1]

    def browser(self, **more: Any) -> Browser:
        """A browser of somebody who has not signed in."""
        self.browsers.append(Browser(self.app, **more))
        return self.browsers[-1]

    def signed_in(self, login: str, password: str = PASSWORD) -> Browser:
        """The browser of a person who has signed in by the form."""
        browser = self.browser()
        reply = sign_in(browser, login, password)
        assert reply.status == 303, reply.text
        return browser

    def program(self, login: str, scope: Scope = Scope.WRITE, **more: Any) -> Browser:
        """A program that shows a token of that person."""
        made = self.crm.run(login, lambda session: make_token(session, "a test", scope=scope))
        return self.browser(headers={"authorization": f"Bearer {made.secret}"}, **more)

    def checked(self, login: str) -> Browser:
        """A program of that person whose every answer is held against the document."""
        program = self.program(login)
        document = Document(program.get("/api/v1/openapi.json").data)
        self.browsers.append(Checked(program.app, headers=program.headers, document=document))
        return self.browsers[-1]

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        for app in self.apps:
            app.desk.close()
        self.crm.close()


def sign_in(browser: Browser, login: str, password: str, **more: Any) -> Reply:
    """What the form of the sign-in answers."""
    csrf = browser.get("/test/form").data["csrf"]
    form = {"csrf": csrf, "login": login, "password": password}
    return browser.post("/test/sign-in", form=form, **more)


def csrf_of(browser: Browser) -> str:
    """What a form of that browser sends back."""
    return str(browser.get("/test/form").data["csrf"])


def with_forms(crm: CRM, settings: Settings | None = None) -> Application:
    """The application with the forms of these tests beside its own routes."""
    return application(crm, settings, more=FORMS)


def give_passwords(crm: CRM, cast: Cast, *logins: str) -> None:
    """Give people the password of these tests."""

    def act(session: Any) -> None:
        for login in logins:
            set_password(session, cast.people[login], PASSWORD)

    crm.run(crm.system("test passwords"), act)


@pytest.fixture(scope="session")
def house_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A SQLite file with the organisation, of whom some have a password."""
    path = tmp_path_factory.mktemp("served") / "house.db"
    shutil.copy(sqlite_template, path)
    clock = FixedClock("2026-06-30T09:00:00+08:00")
    crm = CRM(f"sqlite:///{path}", clock=clock, random=random.Random(3))
    cast = enterprise(crm)
    give_passwords(crm, cast, "rep_a", "lead_e", "admin")
    crm.close()
    return path, cast


@pytest.fixture
def served(house_template: tuple[Path, Cast], sqlite_database: str, clock: FixedClock) -> Iterator[Served]:
    """The organisation on SQLite, served."""
    path, cast = house_template
    shutil.copy(path, sqlite_database.removeprefix("sqlite:///"))
    made = Served(CRM(sqlite_database, clock=clock, random=random.Random(7)), clock, cast, with_forms)
    yield made
    made.close()


@pytest.fixture
def served_on_both(open_crm: Callable[..., CRM], clock: FixedClock) -> Iterator[Served]:
    """The organisation on SQLite and on PostgreSQL, served."""
    crm = open_crm()
    cast = enterprise(crm)
    give_passwords(crm, cast, "rep_a")
    made = Served(crm, clock, cast, with_forms)
    yield made
    made.close()
