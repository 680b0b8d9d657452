"""Projects at the command line, under the plugin's own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli.conftest import Pycrm, bare
from house import enterprise

from pycrm import CRM, FixedClock, Task

from .world import FILED, PLUGINS, World

__all__ = ["bare"]


@pytest.fixture
def filed(tmp_path: Path) -> tuple[str, World]:
    """A SQLite file with one project that was decided for, and its address."""
    address = f"sqlite:///{tmp_path}/projects.db"
    crm = CRM(address, plugins=PLUGINS, clock=FixedClock(FILED))
    crm.migrate()
    enterprise(crm)
    world = World.entered(crm)
    world.decide()
    world.allow(1_000)
    world.spend("tech_1", 820)
    return address, world


def test_the_jobs_of_a_day_remind_of_projects(filed: tuple[str, World]) -> None:
    """Whoever runs the jobs each night has everybody told who is to act, once."""
    _, world = filed
    for _ in range(2):
        world.crm.run_jobs()
    with world.view("dir") as session:
        told = [one.title for one in session.find(Task) if world.name in one.title]
    assert len(told) == 5
    assert f"Costs reach 80 % of a budget: {world.name}" in told


def test_projects_at_the_command_line(filed: tuple[str, World], bare: Pycrm) -> None:
    """Who leads a project reads its state, its people, its costs and what is overdue, from a terminal."""
    address, world = filed

    def run(*words: str, who: str = "rep_a", code: int = 0) -> Any:
        said = bare("projects", *words, "--as", who, "--json", "--database", address, plugins=PLUGINS)
        assert said.code == code, said
        return said.refusal if code else said.data

    (line,) = run("list")
    assert (line["name"], line["stage"], line["support"]) == (world.name, "information", "23.33")
    assert line["cost_used"] == "82.00"
    (theirs,) = run("list", who="tech_1")
    assert theirs == line | {"cost_used": None}
    number = line["number"]
    people = run("map", number)
    assert {one["name"]: (one["stance"], one["influence"]) for one in people} == {
        **{"User": (2, 3), "Technical": (1, 4), "Procurement": (-1, 3), "Decision": (0, 5)},
    }
    assert {one["in_charge"] for one in people} == {"Rep_A"}
    travel, together = run("costs", number)
    assert (travel["kind"], travel["used"], together["kind"]) == ("travel", "82.00", "total")
    assert [one["used"] for one in run("costs", number, who="tech_1")] == [None, None]
    why = run("health", world.name)
    assert (why["completeness"], why["missing"]) == ("62.50", ["funding", "competitors", "needs"])
    index = run("support", number, who="tech_1")
    assert (index["index"], index["coverage"], index["unknown"]) == ("23.33", "0.00", 0)
    assert len(run("overdue")) == 4
    assert run("overdue", who="tech_1") == run("similar", number) == []
    refused = run("health", number, who="rep_b", code=4)
    assert refused["code"] == "not_found"
    assert "The number of a project" in bare("projects", "map", "--help", plugins=PLUGINS).out
