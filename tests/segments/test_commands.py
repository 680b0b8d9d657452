"""Segments at the command line, under the plugin's own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli.conftest import Pycrm, bare

from pycrm import CRM, FixedClock
from pycrm.plugins.segments import Segment, SegmentKind
from pycrm.plugins.segments.treating import add_defaults

from .world import PLUGINS, World, customers

__all__ = ["bare"]


def test_segments_at_the_command_line(
    sqlite_database: str, clock: FixedClock, bare: Pycrm, tmp_path: Path
) -> None:
    """Whoever leads adds, tries, fills and refreshes segments, and serves customers, from a terminal."""

    def run(*words: str, who: str = "dir", code: int = 0) -> Any:
        options = ("--as", who, "--json", "--database", sqlite_database)
        said = bare("segments", *words, *options, plugins=PLUGINS)
        assert said.code == code, said
        return said.refusal if code else said.data

    with CRM(sqlite_database, plugins=PLUGINS, clock=clock) as crm:
        world = World(crm)
        some = customers(world, "rep_a", [90, 85, 50])
        world.score()
        world.act(lambda s: s.add(Segment(code="few", name="Few", kind=SegmentKind.STATIC)))
        world.act(add_defaults)
    seen = run("preview", "grade = A", "--language", "zh")
    assert (seen["in_scope"], seen["everybody"], seen["in_words"]) == (2, 2, "等级为A")
    assert len(seen["examples"]) == 2
    refused = run("preview", "grade = A and colour = red", code=2)
    assert (refused["code"], refused["data"]) == ("invalid", {"position": 15})
    run("add", "best", "Best", "grade = A")
    assert run("refresh") == [{"code": "best", "entered": 2, "left": 0, "members": 2}]
    listing = tmp_path / "codes.txt"
    listing.write_text(f"{some[2].code}\nNOSUCH\n", "utf-8")
    filled = run("fill", "few", str(listing))
    assert (filled["added"], [one["path"] for one in filled["problems"]]) == (1, ["1/code"])
    served = run("serve")
    # Price tier and account period of each customer wait together.
    assert (served["new"], served["amendments"], served["notices"]) == (3, 3, 0)
    table = bare("segments", "list", "--as", "dir", "--database", sqlite_database, plugins=PLUGINS)
    assert [line.split()[:4] for line in table.out.splitlines() if "dynamic" in line or "static" in line] == [
        ["best", "Best", "dynamic", "2"],
        ["few", "Few", "static", "1"],
    ]
    assert "Look at all dynamic segments anew" in bare("segments", "--help", plugins=PLUGINS).out
