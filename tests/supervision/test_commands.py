"""Supervision at the command line, under the plugin's own name."""

from __future__ import annotations

from typing import Any

from cli.conftest import Pycrm, bare

from pycrm import CRM, FixedClock
from pycrm.plugins.supervision import Supervision
from pycrm.plugins.supervision.directing import issue

from .world import World

__all__ = ["bare"]


def test_supervision_at_the_command_line(sqlite_database: str, clock: FixedClock, bare: Pycrm) -> None:
    """Leaders say where people work and look at the desk; staff submit logs and read what was said."""

    def run(*words: str, who: str, code: int = 0) -> Any:
        options = ("--as", who, "--json", "--database", sqlite_database)
        said = bare("supervision", *words, *options, plugins=[Supervision])
        assert said.code == code, said
        return said.refusal if code else said.data

    with CRM(sqlite_database, plugins=[Supervision], clock=clock) as crm:
        world = World(crm)
        hongda = world.customer("rep_a")
        world.act("lead_e", lambda s: issue(s, hongda, "call them"))
    assert [one["text"] for one in run("unread", who="rep_a")] == ["call them"]
    assert run("unread", who="rep_b") == []
    mine = run("day", who="rep_a")
    assert (mine["on"], mine["log"], mine["unread"], mine["tasks"]) == ("2026-06-30", "open", 1, [])
    assert run("place", "rep_a", "--zone", "Europe/Berlin", who="rep_b", code=3)["code"] == "forbidden"
    assert run("place", "rep_a", "--zone", "Mars/Base", who="lead_e", code=2)["code"] == "invalid"
    assert "is submitted" in run("submit", "--remark", "a good day", "--plan", "call", who="rep_a")
    assert run("submit", who="rep_a", code=5)["code"] == "conflict"
    assert [one["person"] for one in run("desk", who="lead_e2")] == ["lead_e2", "rep_c"]
    # From 06-15 to 06-30 lie 11 working days.
    found = run("log-share", "rep_a", "2026-06", who="lead_e")
    assert (found["expected"], found["on_time"], found["missing"]) == (11, 1, 9)
    assert run("log-share", "rep_a", "yesterday", who="lead_e", code=2)["code"] == "invalid"
    assert run("uncared", who="lead_w") == []
    assert "what each of your people is doing" in bare("supervision", "--help", plugins=[Supervision]).out
