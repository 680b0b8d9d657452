"""What plugins show: each behind its right, and behind a boundary that holds what goes wrong."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from pycrm import CRM, Money, Panel, Screen, User
from pycrm.plugin import Plugin, PluginDeclarationError
from pycrm.plugins.customer_value import CustomerValue
from pycrm.plugins.projects import ProjectFile, ProjectRole, Projects, TeamMember
from pycrm.plugins.segments import Segments
from pycrm.plugins.supervision import Supervision
from pycrm.web.words import Words, lacking, words_of

from .conftest import Company

WEB = Path(__file__).parents[2] / "src" / "pycrm" / "web"


def test_a_panel_that_fails_leaves_the_page_whole(shown: Company, caplog: pytest.LogCaptureFixture) -> None:
    """The box says that it is not available, the page stands, and neither page nor log tells a value."""
    page = shown.reader("rep_a").see(shown.customer())
    assert "Broken box odd not available" in page.words
    assert "Box of deals odd Deals 1" in page.words
    assert "Ms Li of" in page.words
    assert "91440300MA5F" not in page.text
    assert "91440300MA5F" not in caplog.text
    assert "odd/broken" in caplog.text


def test_a_panel_asks_for_its_right(shown: Company) -> None:
    """What is for administrators alone stands on nobody else's page."""
    for who in ("rep_a", "dir"):
        assert "Box of administrators" not in shown.reader(who).see(shown.customer()).words


def test_tiles_finds_and_banners_stand_behind_rights_and_a_boundary(
    shown: Company, caplog: pytest.LogCaptureFixture
) -> None:
    """What a plugin shows of a day, finds and tells: with its right, of one's own, and whole beside what fails."""
    reader = shown.reader("rep_a")
    day = reader.see("/")
    assert "Tile of deals odd Deals 1" in day.words
    assert "Broken tile odd not available" in day.words
    assert "Tile of nothing" not in day.words
    assert "Do this Call Hongda Logistics 宏达物流 today Noted" in day.words
    found = reader.see("/search?q=odd").words
    assert "Deals by their need" in found
    assert "Deal of Pumps for Hongda Logistics 宏达物流 found" in found
    assert "Secret Foods" not in f"{day.words} {found}"
    for one in ("Tile of administrators", "Banner of administrators", "Broken banner"):
        assert one not in day.words
    for one in ("Finds of administrators", "Broken finds"):
        assert one not in found
    for one in ("tile odd/broken", "finder odd/broken", "banner odd/broken"):
        assert one in caplog.text
    assert "91440300MA5F" not in f"{day.text} {found} {caplog.text}"


def test_a_banner_is_put_away_where_it_was_read(company: Company) -> None:
    """Whoever notes a line above a list is back at that list, without it; nobody is led elsewhere."""
    reader = company.reader("rep_a")
    page = reader.see("/customers?sort=-name")
    form = next(one for one in page.forms if one.action.startswith("/tasks/"))
    assert form.value("back") == "/customers?sort=-name"
    noted = reader.send(form, to="start")
    assert noted.header("location") == "/customers?sort=-name"
    assert "Do this" not in reader.follow(noted).words
    again = reader.send(form, to="finish", back="//elsewhere.example/")
    assert again.header("location") == form.action.removesuffix("/move")


def test_a_screen_of_a_plugin_stands_in_the_menu_of_who_may_open_it(shown: Company) -> None:
    """The director finds pursuits in the menu, the administrator neither the entry nor the page."""
    director = shown.reader("dir", "zh").see("/b2b/pursuits")
    assert "项目跟踪" in director.words
    assert "没有在跟项目" in director.words
    admin = shown.reader("admin")
    assert "/b2b/pursuits" not in set(admin.see("/").links())
    assert admin.ask("/b2b/pursuits").status == 404


def test_what_hangs_on_a_record_stands_on_its_page_and_not_in_the_menu(company: Company) -> None:
    """The director finds the project files in the menu, and who works on one on its page, called by the name."""
    crm, deal = company.crm, company.deal()
    with crm.session(crm.system("a project")) as session:
        project = session.add(
            ProjectFile(
                customer=deal.customer,
                opportunity=deal,
                name="Waterworks",
                investment_scale=Money("1000000", "CNY"),
                our_scope_value=Money("320000", "CNY"),
                bid_date=date(2026, 12, 1),
                scope="pumps",
            )
        )
        person = session.find(User, User.login == "rep_a")[0]
        session.add(TeamMember(project=project, user=person, role=ProjectRole.LEAD, since=date(2026, 6, 30)))
    director = company.reader("dir")
    entries = set(director.see("/").links())
    assert "/projects" in entries
    assert "/members" not in entries
    page = director.see(f"/projects/{project.id}")
    assert f"Team members 1 New: Team members {person.name} · Lead" in page.words
    # The board sums our part, which changes freely, and not the scale of the whole.
    board = director.see("/board/projects").words
    assert "¥320,000" in board
    assert "2026-12-01" in board
    assert "¥1,000,000" not in board


def test_what_is_no_panel_is_refused_at_start_up() -> None:
    """A plugin that lists a screen among its panels, or words that are none, is told so with its line."""
    screen = Screen("day", "Day", lambda session, asked: {}, "x/day.html", permission="customer.read")
    for entry, value in (
        ("panels", (screen,)),
        ("tiles", (screen,)),
        ("finders", (screen,)),
        ("banners", (screen,)),
        ("screens", (Panel("a", "A", "Customer", lambda s, r: {}, permission="customer.read"),)),
        ("words", {"zh": 1}),
    ):
        with pytest.raises(PluginDeclarationError, match=entry):
            type("Wrong", (Plugin,), {"__doc__": "Wrong", "name": "wrong", entry: value})


def sentences() -> set[str]:
    """Every sentence that templates and pages say themselves."""
    found = set()
    for path in (WEB / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        found |= {
            one
            for pair in re.findall(r"""\bt\(\s*(?:"([^"]+)"|'([^']+)')[,)]""", text)
            for one in pair
            if one
        }
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_words = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "words"
            if is_words and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def test_every_sentence_of_the_pages_is_said_in_chinese() -> None:
    """No sentence of a template or a page lacks its Chinese; one that is new and untold is noticed."""
    chinese = Words("zh")
    said = sentences()
    assert len(said) > 200
    assert sorted(one for one in said if chinese(one) == one) == []
    assert (
        chinese("A sentence that nobody has put into Chinese")
        == "A sentence that nobody has put into Chinese"
    )


def test_every_label_of_core_and_example_is_said_in_chinese(shown: Company) -> None:
    """Kinds of record, fields and choices have Chinese names; what a plugin lacks is listed."""
    assert [one for one in lacking(shown.crm, "zh") if not one.endswith(".of")] == []
    bare = Words("zh")
    assert bare.record("ProjectFile") == "Project file"
    assert "GoDecision.go" not in bare._table


def test_every_label_of_the_bundled_plugins_is_said_in_chinese() -> None:
    """Each bundled plugin brings the Chinese names of its records, fields and choices."""
    with CRM("sqlite://", plugins=[CustomerValue, Segments, Supervision, Projects]) as crm:
        assert [one for one in lacking(crm, "zh") if not one.endswith(".of")] == []
        assert words_of(crm, "zh").record("WorkLog") == "工作日志"
