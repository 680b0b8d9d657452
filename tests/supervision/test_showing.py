"""Directives in the browser: a line above every page until it is read, and the page of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import UUID

import pytest
from serving.browser import Browser
from web.conftest import Reader, signed_in

from pycrm import CRM, FixedClock
from pycrm.plugins.supervision import DirectiveKind, Supervision
from pycrm.plugins.supervision.directing import issue
from pycrm.serve import application

from .world import World, shanghai

TEXT = "send the revised drawing by Thursday"


Reading = Callable[..., Reader]


@pytest.fixture
def reading(sqlite_database: str, clock: FixedClock) -> Iterator[Reading]:
    """Who looks at the pages of a company in which lead_e has told rep_a what to do."""
    with CRM(sqlite_database, plugins=[Supervision], clock=clock) as crm, ExitStack() as stack:
        world = World(crm)
        world.at("06-30 08:00")
        hongda = world.customer("rep_a")
        world.at("06-30 15:00")
        world.visit("rep_a", hongda, "06-30 10:00")
        due = shanghai("07-02 18:00")
        world.act("lead_e", lambda s: issue(s, hongda, TEXT, kind=DirectiveKind.INSTRUCTION, due_at=due))
        app = application(crm)
        stack.callback(app.desk.close)

        def read(login: str, language: str = "en") -> Reader:
            cookies = {"pycrm": signed_in(crm, login), "pycrm_language": language}
            return Reader(stack.enter_context(closing(Browser(app, cookies=cookies))))

        yield read


def test_a_directive_stands_above_every_page_until_it_is_read(reading: Reading) -> None:
    """rep_a sees it on any page and notes it from there; rep_b, and lead_e who wrote it, see no banner (SUP-5)."""
    mine = reading("rep_a")
    for path in ("/", "/customers", "/tasks/new"):
        page = mine.see(path)
        assert f"Directive {TEXT} 2026-07-02" in page.words
    for other in ("rep_b", "lead_e"):
        assert TEXT not in reading(other).see("/customers").words
    page = mine.see("/customers")
    form = next(one for one in page.forms if one.action.endswith("/move"))
    after = mine.follow(mine.send(form, to="open"))
    assert "Customers" in after.words
    assert TEXT not in after.words
    assert "Read" in mine.see("/supervision/directives").words


def test_an_answer_is_given_on_the_page_of_directives(reading: Reading) -> None:
    """What rep_a answers puts the directive on the other list; lead_e finds it answered, rep_b finds nothing."""
    mine = reading("rep_a", "zh")
    page = mine.see("/supervision/directives")
    assert TEXT in page.words.partition("我已回复")[0]
    assert "宏达" in page.words or "Hongda" in page.words
    path = next(one for one in page.links() if "new?directive=" in one)
    form = mine.see(path).form(path.partition("?")[0])
    mine.follow(mine.send(form, text="It goes out on Wednesday"))
    page = mine.see("/supervision/directives")
    assert TEXT in page.words.partition("我已回复")[2]
    leader = reading("lead_e").see("/supervision/directives")
    assert f"Written by you 1 {TEXT}" in leader.words
    assert "Answered" in leader.words
    assert TEXT not in reading("rep_b").see("/supervision/directives").words


def test_a_person_sees_the_own_day_writes_the_log_and_submits_it(reading: Reading) -> None:
    """rep_a finds what was recorded on 06-30, writes remark and plan, and one button submits; it is in time."""
    mine = reading("rep_a")
    page = mine.see("/supervision/day")
    assert "2026-06-30" in page.words
    path = next(one for one in page.links() if "new?on=2026-06-30" in one)
    form = mine.see(path).form(path.partition("?")[0])
    mine.follow(mine.send(form, remark="Hongda wants two pumps", plan="Send the drawing"))
    page = mine.see("/supervision/day")
    assert "Hongda wants two pumps" in page.words
    assert "Send the drawing" in page.words
    assert "looked at the pumps" in page.words
    button = next(one for one in page.forms if one.action.startswith("/logs/"))
    mine.follow(mine.send(button, to="submit"))
    page = mine.see("/supervision/day")
    assert "Submitted" in page.words
    assert not [one for one in page.forms if one.action.startswith("/logs/")]


def test_a_leader_looks_at_days_of_the_scope_and_comments_on_entries(reading: Reading) -> None:
    """lead_e opens the desk, finds rep_a and the call of the day, and may comment; rep_b is told of no such day."""
    leader = reading("lead_e", "zh")
    desk = leader.see("/supervision/desk")
    assert "员工今日" in desk.words
    paths = [one for one in desk.links() if "/supervision/day?person=" in one]
    pages = {one: leader.see(one) for one in paths}
    (path,) = [one for one, page in pages.items() if "Hongda" in page.words]
    assert any("directives/new?customer=" in one or "new?activity=" in one for one in pages[path].links())
    other = reading("rep_b")
    assert other.ask(path).status == 404
    for wrong in ("person=nobody", "on=2026-02-30", f"person={UUID(int=0)}"):
        assert other.ask(f"/supervision/day?{wrong}").status in (404, 422), wrong
