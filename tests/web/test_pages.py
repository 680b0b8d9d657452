"""Every page, for everybody who may open it: it is there, it shows what it must and never what it may not."""

from __future__ import annotations

import re
from collections import deque
from datetime import date
from typing import Any

import pytest

from pycrm import Role, RoleAssignment
from pycrm.web import catalog
from pycrm.web.catalog import classes

from .conftest import Company, Reader
from .reading import Page

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
HIDDEN = ("Secret Foods", "保密食品", "139 0000 0002", "13900000002", "93,000", "93K")


def walked(reader: Reader, most: int) -> dict[str, Page]:
    """Each kind of page that can be reached from the first one by links, once."""
    found: dict[str, Page] = {}
    todo = deque(["/"])
    kinds: set[str] = set()
    while todo and len(found) < most:
        path = todo.popleft()
        plain = path.partition("?")[0]
        kind = _ID.sub("ID", plain)
        if kind in kinds or plain.endswith((".csv", ".ics")):
            continue
        kinds.add(kind)
        found[path] = reader.see(path)
        todo += found[path].links()
    return found


@pytest.mark.parametrize("who", ["rep_a", "lead_e", "admin"])
def test_every_page_that_a_menu_or_a_link_offers_is_there(shown: Company, who: str) -> None:
    """Whoever follows every link comes to a page each time, and a salesperson never to others' customers."""
    pages = walked(shown.reader(who), 60)
    assert len(pages) > (20 if who == "admin" else 40)
    told = {path: page.text for path, page in pages.items()}
    if who == "lead_e":
        assert any("Secret Foods" in text for text in told.values())
    else:
        leaks = [(path, word) for path, text in told.items() for word in HIDDEN if word in text]
        assert leaks == []
    if who == "admin":
        assert not any("Hongda" in text for text in told.values())
        assert {"/admin/units", "/admin/roles", "/admin/pipelines", "/admin/plugins"} <= pages.keys()
    else:
        assert any(path.startswith("/board/") for path in pages)


def test_who_is_not_signed_in_is_led_to_the_door_and_back(shown: Company) -> None:
    """A page that somebody wanted comes after the door; a wrong password says neither which nor why."""
    stranger = shown.reader(None)
    reply = stranger.ask("/customers?q=pump")
    assert (reply.status, reply.header("location")) == (303, "/sign-in?to=%2Fcustomers%3Fq%3Dpump")
    door = stranger.see(reply.header("location")).form("/sign-in")
    refused = stranger.send(door, login="rep_a", password="wrong")
    assert refused.status == 401
    assert "the name or the password is wrong" in refused.text
    assert 'value="rep_a"' in refused.text
    inside = stranger.send(door, login="rep_a", password="a horse in the orchard")
    assert (inside.status, inside.header("location")) == (303, "/customers?q=pump")


def test_what_is_out_of_sight_looks_like_what_there_is_not(shown: Company) -> None:
    """The address of a colleague's customer and one that was never given out show the same page."""
    reader = shown.reader("rep_a")
    hidden, missing = shown.customer("rep_b"), "/customers/0193a8ee-2680-7433-89d9-f776913ef39d"
    for end in ("", "/edit"):
        pages = [reader.see(path + end, 404).words for path in (hidden, missing)]
        assert pages[0] == pages[1]
    assert reader.see(hidden.replace("/customers", "/access/customers"), 404)


def test_administration_is_no_page_of_a_salesperson(shown: Company) -> None:
    """Units, roles and plugins are not there for who does not keep them."""
    reader = shown.reader("rep_a")
    for path in (
        "/admin/units",
        "/admin/roles",
        "/admin/plugins",
        "/handover",
        "/admin/Units",
        "/admin/units/",
    ):
        assert reader.ask(path).status == 404, path


def test_the_day_shows_what_is_late_and_the_task_is_ticked(company: Company) -> None:
    """A salesperson sees the own late task and deal, ticks the task, and it is gone."""
    reader = company.reader("rep_a")
    day = reader.see("/")
    assert "Call Hongda Logistics 宏达物流" in day.words
    assert "¥86K" in day.words
    tick = next(form for form in day.forms if form.action.endswith("/done"))
    after = reader.follow(reader.send(tick))
    assert "Done" in after.words
    assert "Call Hongda" not in after.words


def test_the_page_of_a_customer_shows_all_of_it(shown: Company) -> None:
    """Facts, people by department and who is missing there, what happened, deals, and how to call."""
    page = shown.reader("rep_a").see(shown.customer())
    for words in ("Hongda Logistics", "logistics", "138 0000 0001", "Ms Li of", "User", "Nobody known in: "):
        assert words in page.words
    for words in (
        "Asked Hongda Logistics",
        "Pumps for Hongda",
        "¥86,000",
        "Technical, Procurement, Decision",
    ):
        assert words in page.words
    assert any(found.get("href") == "tel:13800000001" for found in page.of("a"))


def test_a_talk_is_written_down_from_the_page(company: Company) -> None:
    """What was said stands on the timeline; too short a text comes back with what is wrong."""
    reader, path = company.reader("rep_a"), company.customer()
    form = reader.see(path).form(f"{path}/talk")
    short = reader.send(form, text="Called", kind="visit")
    assert short.status == 422
    assert 'value="Called"' in short.text
    made = reader.follow(
        reader.send(form, text="They want two pumps", kind="visit", next_step="send a quotation")
    )
    assert "They want two pumps" in made.words
    assert "send a quotation" in made.words


def test_chinese_and_english_are_whole(shown: Company) -> None:
    """A Chinese page has no English sentence of ours, an English one no Chinese unit of numbers."""
    chinese = shown.reader("dir", "zh").see("/")
    for words in ("我的一天", "在跟商机", "星期二", "¥17.9万", "管理层"):
        assert words in chinese.words, words
    english = shown.reader("dir", "en").see("/")
    assert "¥179K" in english.words
    assert not {"万", "亿"} & set(english.words)
    html = next(found for tag, found in english.elements if tag == "html")
    assert html["lang"] == "en"


def test_language_and_colours_are_chosen_without_scripts(shown: Company) -> None:
    """A button in the head changes the language of this browser, another its colours."""
    reader = shown.reader("rep_a")
    form = reader.see("/customers").form("/settings")
    page = reader.follow(reader.post(form.action, [*form.fields, ("language", "zh"), ("theme", "dark")]))
    assert "在列表中查找" in page.text
    assert page.of("html")[0]["data-theme"] == "dark"


def test_every_kind_of_record_has_its_list_its_form_and_its_board(shown: Company) -> None:
    """The director opens each of them, of core and plugins; what is not the director's to add or see is refused."""
    reader = shown.reader("dir")
    kinds = classes(shown.crm)
    assert len(kinds) > 40
    for slug, cls in kinds.items():
        reply = reader.ask(f"/{slug}")
        assert reply.status == 200, slug
        assert reader.ask(f"/{slug}/new").status == 200, slug
        if cls.__pipeline__ is not None:
            assert reader.ask(f"/board/{slug}").status == 200, slug


def _menu_follows_roles(company: Company) -> None:
    reader, crm = company.reader("rep_a"), company.crm
    assert "/handover" not in reader.see("/customers").links()
    with crm.session(crm.system("promotion")) as session:
        (leader,) = session.find(Role, Role.name == "leader")
        unit, user = company.cast.units["East"], company.cast.people["rep_a"]
        given = session.add(RoleAssignment(user=user, role=leader, unit=unit, since=date(2026, 1, 1)))
    assert "/handover" in reader.see("/customers").links()
    with crm.session(crm.system("back again")) as session:
        session.archive(session.get(given.ref))
    assert "/handover" not in reader.see("/customers").links()


def test_the_menu_follows_a_change_of_roles(company: Company) -> None:
    """Who is made a leader finds the handover in the menu of the next page, and no longer once that is over."""
    _menu_follows_roles(company)


def test_a_menu_that_is_kept_by_name_is_noticed(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were menus kept for each person and not for what they may do, a promotion would go unseen."""
    kept: dict[Any, Any] = {}

    def by_name(session: Any, what: Any, make: Any) -> Any:
        return kept.setdefault((session.actor.name, what), make())

    monkeypatch.setattr(catalog, "kept_for", by_name)
    with pytest.raises(AssertionError):
        _menu_follows_roles(company)
