"""A day of each role in a real browser, from the sign-in on; with `PYCRM_PICTURES` a folder gets what they saw."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from revision.amending import policy

from pycrm import Customer
from pycrm.http import Settings
from pycrm.serve import application

from .chromium import Chromium, chromium, is_there, served_at
from .conftest import PASSWORD, Company, signed_in

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(is_there() is None, reason="needs chromium"),
]

Come = Callable[..., "Person"]


class Person:
    """Somebody before a browser, who types, presses and reads."""

    def __init__(self, browser: Chromium, address: str) -> None:
        self.browser, self.address = browser, address

    def go(self, path: str) -> None:
        """Open a page."""
        self.browser.open(f"{self.address}{path}")

    def type(self, field: str, text: str) -> None:
        """Fill in the first field that a selector finds, as hands would."""
        self.browser.value(f"document.querySelector({field!r}).focus()")
        self.browser.do("Input.insertText", text=text)

    def press(self, button: str) -> None:
        """Press the first button that a selector finds, and wait until another page has come of it."""
        self.browser.value("window.before = true; 1")
        self.browser.value(f"document.querySelector({button!r}).click()")
        self.browser.until("!window.before && document.readyState === 'complete'")

    def reads(self, text: str) -> bool:
        """Whether the page says so."""
        return bool(self.browser.value(f"document.body.innerText.includes({text!r})"))

    def links(self, part: str) -> list[str]:
        """Where the page leads, of addresses with this part."""
        chosen = f'a[href*="{part}"]'
        found = f"[...document.querySelectorAll({chosen!r})].map((one) => one.getAttribute('href'))"
        return list(self.browser.value(found))

    def complaints(self) -> list[str]:
        """What the browser complains of; what it merely mentions is left out."""
        return [one for one in self.browser.complaints if '"level": "info"' not in one]

    def keep(self, name: str) -> None:
        """Keep a picture of what is seen, where a folder is named for that."""
        folder = os.environ.get("PYCRM_PICTURES")
        if folder:
            shot = self.browser.do("Page.captureScreenshot", format="png")
            (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


@pytest.fixture
def come(company_apart: Company, tmp_path: Path) -> Iterator[Come]:
    """Somebody opens the first page, is asked who it is, and signs in."""
    company_apart.app = application(company_apart.crm, Settings())
    with ExitStack() as stack:
        address = stack.enter_context(served_at(company_apart.app))

        def made(login: str, *, width: int = 1400, language: str = "en") -> Person:
            signed_in(company_apart.crm, login)
            place = tmp_path / f"browser-{login}"
            browser = stack.enter_context(chromium(place, pycrm_language=language))
            size: dict[str, Any] = {"width": width, "height": 900, "deviceScaleFactor": 1}
            browser.do("Emulation.setDeviceMetricsOverride", mobile=width < 500, **size)
            person = Person(browser, address)
            browser.do("Page.navigate", url=f"{address}/customers")
            browser.until("document.querySelector('[name=password]')?.name")
            person.type("[name=login]", login)
            person.type("[name=password]", PASSWORD)
            person.press("form[action='/sign-in'] button.main")
            assert browser.value("location.pathname") == "/customers"
            return person

        yield made


def test_a_salesperson_at_the_door_of_a_customer(company_apart: Company, come: Come) -> None:
    """On a telephone rep_a finds the customer, notes what was said with the next step, and sees both at once."""
    ana = come("rep_a", width=390)
    assert ana.reads("Hongda Logistics")
    assert not ana.reads("Secret Foods")
    path = company_apart.customer()
    ana.go(path)
    ana.type("[name=text]", "They want two feed pumps by August")
    ana.browser.value("document.querySelector('.saying details').open = true; 1")
    ana.type("[name=next_step]", "Send the quotation")
    ana.type("[name=next_on]", "2026-07-03")
    ana.press("form[action$='/talk'] button.main")
    assert ana.reads("They want two feed pumps by August")
    assert ana.reads("Send the quotation")
    assert ana.browser.value("document.documentElement.scrollWidth") <= 390
    ana.keep("story-salesperson")
    assert ana.complaints() == []


def test_a_leader_decides_what_waits(company_apart: Company, come: Come) -> None:
    """lead_e finds a change of key data with the old beside the new and its reason, agrees, and it is in force."""
    crm = company_apart.crm
    policy(crm, "Customer.strategic")
    with crm.session("rep_a") as session:
        (hongda,) = session.find(Customer)
        session.amend(hongda, strategic=True, because="they buy for six works now")
    eva = come("lead_e")
    eva.go("/inbox")
    assert eva.reads("they buy for six works now")
    assert eva.reads("Strategic")
    eva.keep("story-leader")
    eva.type("[name=because]", "seen their plans")
    eva.press("button[value=approve]")
    assert not eva.reads("they buy for six works now")
    with crm.view("lead_e") as session:
        assert session.get(hongda.ref).strategic
    assert eva.complaints() == []


def test_a_director_with_ten_minutes(company_apart: Company, come: Come) -> None:
    """In Chinese dir sees the funnel, opens the deals behind a number, and asks who sees one of them and why."""
    gu = come("dir", language="zh")
    gu.go("/reports/funnel")
    assert gu.browser.value("document.querySelectorAll('svg').length") > 0
    gu.keep("story-director")
    behind = gu.links("/reports/funnel/")
    assert behind
    gu.go(behind[0])
    deals = [one for one in gu.links("/opportunities/") if not one.endswith("/new")]
    assert deals
    gu.go(f"/access{deals[0]}")
    assert gu.reads("lead_e")
    assert gu.complaints() == []


def test_an_administrator_sets_the_house_in_order(company_apart: Company, come: Come) -> None:
    """admin adds a field to customers, finds it on the form, and looks at units, roles and plugins."""
    fang = come("admin")
    fang.go("/custom-fields/new")
    for name, text in (("entity", "Customer"), ("name", "parking"), ("label", "Parking")):
        fang.type(f"[name$={name!r}]", text)
    fang.browser.value("document.querySelector('[name$=\"kind\"]').value = 'text'; 1")
    fang.press("main form button.main")
    assert fang.reads("parking")
    fang.go("/admin/units")
    assert fang.reads("East-2")
    fang.keep("story-administrator")
    fang.go("/admin/roles")
    assert fang.reads("leader")
    fang.go("/admin/plugins")
    assert fang.reads("projects")
    assert fang.complaints() == []
