"""The story that `make demo` tells of one project, with its figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from b2b_project_sales import ProjectSales
from b2b_project_sales.sample import add
from b2b_project_sales.story import tell

from pycrm import CRM, FixedClock
from pycrm.plugins.projects import Projects, blocks, overview, picture

from .conftest import NOW

# Whatever the seed says of everybody else, this is what happens with the projects.
TOLD = {
    "The file": [
        "Desalination plant 海水淡化: 86,000,000.00 CNY are invested, 2,000,000.00 CNY of it with us",
        "Information > Initiated > Strategy > Technical acceptance > Bid > Won > Handed over",
    ],
    "Survey": [
        "funding: approved, says their planner, on the telephone (60 % sure)",
        "funding: applied, says their bookkeeping (80 % sure)",
        "100.00 % is known; contradiction: funding",
    ],
    # 16 + 20 + 12 + 3 + 12 + 6 with a veto, then 16 + 20 + 12 + 6 + 12 + 6 (PRJ-S1).
    "Go or no-go": [
        "round 1: 69.00 of 100, no_go, vetoed by Competition",
        "round 2: 72.00 of 100, go",
        "strategy, approved: Cheaper over ten years, not today",
    ],
    # PRJ-S3 and PRJ-S4.
    "Costs against budget": [
        "travel: 98,400.00 CNY of 120,000.00 CNY, 82.00 %",
        "total: 98,400.00 CNY of 120,000.00 CNY, 82.00 %",
        "contract 2,000,000.00 CNY - goods 1,500,000.00 CNY - pursuit 98,400.00 CNY = 401,600.00 CNY, 20.08 %",
    ],
    "Bid": [
        "2 of 2 documents were checked by a second person",
        "1. We, 2,000,000.00 CNY",
        "2. Norlake, 2,080,000.00 CNY",
    ],
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> CRM:
    """A small sample, as of the catalogue's day."""
    path: Path = tmp_path_factory.mktemp("story") / "story.db"
    crm = CRM(f"sqlite:///{path}", plugins=[Projects(), ProjectSales()], clock=FixedClock(NOW))
    crm.migrate()
    add(crm, today=date(2026, 6, 30), customers=12, opportunities=20)
    return crm


def test_the_story_of_one_project_has_its_figures(small: CRM) -> None:
    """Survey, veto and go, people and support, team, costs, bid and handing over are told as they happened."""
    told: dict[str, Any] = {one.title: list(one.lines) for one in tell(small)}
    assert {title: told[title] for title in TOLD} == TOLD
    people = told["People at the customer"]
    # (5 x 1 + 4 x 1 + 3 x 2 - 3 x 1) of 2 x 15, in percent.
    assert people[-1] == "support 40.00, 0 stances unknown"
    assert [line.rpartition(" (")[0].split(": ")[0].split()[1:] for line in people[1:3]] == [
        ["+0", "to", "-1"],
        ["-1", "to", "+1"],
    ]
    team = {line.split(", ")[1].split(":")[0]: line.split(": ")[1] for line in told["Team"][:-1]}
    assert team == {
        "lead": "sees the file, and the customer, 2 of its costs",
        "commercial": "sees the file, not the customer, 0 of its costs",
        "overseas": "sees the file, not the customer, 0 of its costs",
        "technical": "left the team, not the customer, 1 of its costs",
    }
    # The manager of the region, perhaps one of the team, and the director.
    assert told["Team"][-1] in [f"of 34 others {number} see it: the managers above" for number in (2, 3)]
    end = told["Handing over"]
    assert len({line.rpartition("by ")[2] for line in end[:4]}) == 1
    assert end[-1] == "4 weekly reports, 1 of them from another time zone"
    assert any("Waterworks extension" in line and "lost to Norlake" in line for line in told["All projects"])


def test_the_sample_has_eight_projects_over_all_stages(small: CRM) -> None:
    """One is red by its costs, one was stopped by a veto, one has answers that contradict each other (appendix F)."""
    with small.view("zhou") as session:
        lines = overview(session, closed=True)
        assert sorted(one.stage for one in lines) == [
            *("bid", "handed_over", "information", "lost", "negotiation", "stopped", "strategy", "technical"),
        ]
        (red,) = [one for one in lines if one.health == "red"]
        assert (red.stage, str(red.cost_used)) == ("strategy", "110.00")
        doubted = []
        for one in lines:
            seen = picture(session, session.get(one.project))
            if any(state.is_contradicted for state in blocks(seen)) and seen.is_open:
                doubted.append(one.stage)
        assert doubted == ["information"]
        stopped = next(one for one in lines if one.stage == "stopped")
        evaluation = picture(session, session.get(stopped.project)).evaluation
        assert evaluation is not None
        assert (str(evaluation.total), evaluation.decision) == ("69.00", "no_go")


def test_without_projects_there_is_no_story(tmp_path: Path) -> None:
    """Whoever deletes the sample's projects is told nothing, rather than an error."""
    crm = CRM(f"sqlite:///{tmp_path}/empty.db", plugins=[Projects(), ProjectSales()], clock=FixedClock(NOW))
    crm.migrate()
    add(crm, today=date(2026, 6, 30), customers=2, opportunities=0, projects=0)
    assert tell(crm) == []
    crm.close()
