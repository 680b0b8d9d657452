"""Directives in the browser: a line above every page until it is read, and the page of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

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
