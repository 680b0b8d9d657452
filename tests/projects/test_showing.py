"""Projects in the browser: how each is doing, who decides on it, and what it costs, to who may see these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from serving.browser import Browser
from web.conftest import Reader, signed_in

from pycrm import CRM, Contact, Department
from pycrm.plugins.projects import ProjectFile, Stakeholder, StakeholderDepartment, StakeholderRole
from pycrm.plugins.projects.drawing import stakeholder_map
from pycrm.serve import application

from .world import World

Reading = Callable[..., Reader]


@pytest.fixture
def reading(world: World) -> Iterator[Reading]:
    """Who looks at the pages of the company."""
    with ExitStack() as stack:
        app = application(world.crm)
        stack.callback(app.desk.close)

        def read(login: str, language: str = "en") -> Reader:
            cookies = {"pycrm": signed_in(world.crm, login), "pycrm_language": language}
            return Reader(stack.enter_context(closing(Browser(app, cookies=cookies))))

        yield read


def test_the_map_places_people_by_influence_and_stance(world: World) -> None:
    """Six columns of 102 after a margin of 28, rows of 64 below 28: each stands where both of its figures say."""
    with world.view() as session:
        people = world.picture(session).of(world.picture(session).desk.stakeholders)
        drawn = stakeholder_map(people, lambda text: text)
    placed = {
        name: (look, int(x), int(y), int(r))
        for look, x, y, r, name in re.findall(
            r'<g class="(\w+)"><title>[^<]*</title><circle cx="(\d+)" cy="(\d+)" r="(\d+)"/><text[^>]*>(\w+)<',
            drawn,
        )
    }
    assert placed == {
        "Decision": ("open", 283, 52, 16),
        "Technical": ("warm", 385, 116, 14),
        "User": ("for", 487, 180, 12),
        "Procurement": ("cool", 181, 180, 12),
    }
    assert "Decision: Influence 5, Stance +0" in drawn


def test_whoever_shares_a_place_stands_beside_and_nobody_breaks_out(world: World) -> None:
    """Two of one place share its width, one whose stance is not known has a column, and names stay text."""
    with world.as_("rep_a") as session:
        user = world.stakeholder(session, "user")
        session.change(user, stance=None, stance_evidence="she left the room")
        hostile = Contact.named(
            '<b onclick="x">',
            customer=world.project(session).customer,
            department=Department.DECISION,
            email=f"b@{world.name.replace(' ', '').lower()}.example.com",
        )
        session.add(
            Stakeholder(
                project=world.project(session),
                contact=session.add(hostile),
                department=StakeholderDepartment.FINANCE,
                role=StakeholderRole.BUYER,
                influence=1,
                our_person=world.people["rep_a"],
            )
        )
        session.change(
            world.stakeholder(session, "procurement"), influence=4, stance=1, stance_evidence="said so"
        )
        people = world.picture(session).of(world.picture(session).desk.stakeholders)
        drawn = stakeholder_map(people, lambda text: text)
    assert {int(x) for x in re.findall(r'cx="(\d+)" cy="116"', drawn)} == {360, 410}
    assert 'class="unknown"' in drawn
    assert "<b onclick" not in drawn
    assert "&lt;b onclick=&quot;x&quot;&gt;" in drawn


def test_the_page_of_a_project_shows_health_people_and_costs(world: World, reading: Reading) -> None:
    """The lead reads what was spent of the budget, a member of the team only the own costs, a stranger nothing."""
    world.allow(20_000)
    world.decide()
    world.spend("rep_a", 15_000)
    world.spend("tech_1", 1_000)
    with world.view() as session:
        path = f"/projects/{world.project(session).id}"
    lead = reading("rep_a").see(path)
    assert "Who decides projects" in lead.words
    assert "people-map" in lead.text
    assert "Travel 80 % ¥16,000 / ¥20,000" in lead.words
    assert "Costs" in lead.words
    assert "80 % of a budget is used" in lead.words
    member = reading("tech_1", "zh").see(path)
    assert "¥1,000" in member.words
    assert "¥16,000" not in member.words
    assert "/ ¥20,000" not in member.words
    assert "有预算已用 80 %" in member.words
    assert reading("rep_b").ask(path).status == 404


def test_the_day_and_the_search_tell_of_projects_in_sight(enterprise_crm: CRM, reading: Reading) -> None:
    """The lead's day names the project that no report was written of, the search finds it by who decides."""
    # The day names a few, of equal ones those that come first, and other tests have left many.
    world = World.entered(enterprise_crm, "Abbey mill")
    with world.crm.session("rep_a") as session:
        project = session.find(ProjectFile, ProjectFile.name == world.name)[0]
        works = session.get(project.opportunity).customer
        draft = Contact.named(
            "Zhuge", customer=works, department=Department.USER, email="z@abbey.example.com"
        )
        session.add(
            Stakeholder(
                project=project,
                contact=session.add(draft),
                department=StakeholderDepartment.USER,
                role=StakeholderRole.INFLUENCER,
                influence=3,
                stance=0,
                our_person=world.people["rep_a"],
            )
        )
    day = reading("rep_a").see("/")
    assert world.name in day.words.partition("Projects projects")[2]
    found = reading("rep_a").see("/search?q=zhuge").words
    assert "Projects of these people" in found
    assert world.name in found
    other = reading("rep_b")
    assert world.name not in other.see("/").words
    assert world.name not in other.see("/search?q=zhuge").words
