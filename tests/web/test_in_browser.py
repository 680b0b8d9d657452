"""What the script of the pages does, in a real browser: cards are dragged, lists follow, dialogs ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pycrm.http import Settings
from pycrm.serve import application

from .chromium import Chromium, chromium, is_there, served_at
from .conftest import Company

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(is_there() is None, reason="needs chromium"),
]


@pytest.fixture
def served(company_apart: Company) -> Iterator[str]:
    """The address at which the company is served."""
    company_apart.app = application(company_apart.crm, Settings(docs=True))
    with served_at(company_apart.app) as address:
        yield address


@pytest.fixture
def browser(company_apart: Company, tmp_path: Path) -> Iterator[Chromium]:
    """The browser of a salesperson."""
    with chromium(tmp_path / "browser", pycrm=company_apart.secrets["rep_a"], pycrm_language="en") as made:
        yield made


def test_a_card_is_dragged_and_a_refused_one_asks(
    company_apart: Company, served: str, browser: Chromium
) -> None:
    """A card goes where it is dropped; where a need has to be known a dialog asks, and then it goes."""
    browser.open(f"{served}/board/opportunities")
    browser.drag("[data-stage=filed] [data-card]", "[data-stage=contacted]")
    browser.until("document.querySelector('[data-stage=contacted] [data-card]')?.dataset.card")
    assert company_apart.deal().stage == "contacted"
    browser.drag("[data-stage=contacted] [data-card]", "[data-stage=need_confirmed]")
    assert "Not yet" in browser.until("document.querySelector('dialog')?.innerText")
    assert company_apart.deal().stage == "contacted"
    field = "document.querySelector('dialog [name=\"m:need\"]')"
    browser.value(
        f"{field}.value = 'Two pumps by August'; document.querySelector('dialog button.main').click()"
    )
    browser.until("document.querySelector('[data-stage=need_confirmed] [data-card]')?.dataset.card")
    assert company_apart.deal().need == "Two pumps by August"
    # The refusal itself is all that the browser has noted.
    assert [one for one in browser.complaints if "409" not in one] == []


def test_a_list_follows_what_is_typed(served: str, browser: Chromium) -> None:
    """Words narrow the list and the address while one types, ticks show what can be done, Ctrl K finds the box."""
    browser.open(f"{served}/customers")
    typing = "const box = document.querySelector('[data-filter] [name=q]'); box.focus(); box.value = {!r};"
    typing += " box.dispatchEvent(new Event('input', {{bubbles: true}}));"
    browser.value("{ " + typing.format("nobody is called so") + " }")
    browser.until("document.querySelector('#list .empty')?.innerText")
    assert browser.value("document.activeElement.name") == "q"
    browser.value("{ " + typing.format("hongda") + " }")
    browser.until("document.querySelectorAll('#list tbody tr').length === 1")
    assert browser.value("location.search") == "?q=hongda"
    assert not browser.value("document.querySelector('.bulk').classList.contains('on')")
    browser.value("document.querySelector('tbody input').click()")
    assert browser.value("document.querySelector('.bulk').classList.contains('on')")
    browser.do(
        "Input.dispatchKeyEvent", type="keyDown", modifiers=2, key="k", code="KeyK", windowsVirtualKeyCode=75
    )
    assert browser.value("document.activeElement.id") == "find"
    assert browser.complaints == []


def test_no_page_is_wider_than_a_telephone(company_apart: Company, served: str, browser: Chromium) -> None:
    """At 360 pixels nothing but tables and boards has to be pushed sideways (ALL-2)."""
    browser.do("Emulation.setDeviceMetricsOverride", width=360, height=780, deviceScaleFactor=1, mobile=True)
    deal = f"/opportunities/{company_apart.deal().id}"
    own = company_apart.customer()
    for path in (
        "/",
        "/customers",
        own,
        f"{own}/edit",
        deal,
        "/inbox",
        "/calendar",
        "/search",
        "/opportunities/new",
    ):
        browser.open(f"{served}{path}")
        assert browser.value("document.documentElement.scrollWidth") <= 360, path
    assert browser.complaints == []


def test_the_documents_are_read_and_tried(served: str, browser: Chromium) -> None:
    """Swagger UI shows what the reader may ask for, answers a question, and asks nobody outside."""
    browser.do("Page.navigate", url=f"{served}/api/v1/docs")
    browser.until("document.querySelectorAll('.opblock').length > 50")
    asked = browser.value("performance.getEntriesByType('resource').map(one => one.name)")
    assert [one for one in asked if not one.startswith((served, "data:"))] == []
    assert browser.complaints == []
