"""Scores on the command line: run, explained, tried, published, taken out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from scoring.shop import WHOLE, Shop, filed, marked
from scoring.test_scores import TODAY

from pycrm import CRM
from pycrm import Source as Origin

from .conftest import Pycrm


@pytest.fixture
def shop(sqlite_database: str, bare: Pycrm, clock: Any) -> Any:
    """A shop with a model and two customers of rep_a, one of whom has marks; commands run as the director."""
    from house import enterprise

    with CRM(sqlite_database, plugins=(Shop,), clock=clock) as crm:
        crm.migrate()
        cast = enterprise(crm)
        with crm.session(crm.system("cases")) as session:
            session.add(Origin(name="shop"))
            session.publish_score_model(WHOLE)
        customers = filed(crm, 2, cast.people["rep_a"])
        marked(crm, customers[0], TODAY, C01=80, C23=60, T02=90, T06=50, F03=40, F17=100, S02=70)

    def run(*arguments: str, who: str = "dir") -> Any:
        return bare(*arguments, "--as", who, "--database", sqlite_database, plugins=(Shop,))

    return run, customers


def test_a_director_runs_a_model_and_everybody_reads_why(shop: Any, tmp_path: Path) -> None:
    """A run says its grades, the explanation what they are made of, and which were set; staff may not run one."""
    run, customers = shop
    refused = run("score", "run", "whole", who="rep_a")
    assert refused.code == 3
    made = run("score", "run", "whole", "--json")
    assert (made.code, made.data["customers"], made.data["grades"]) == (0, 2, {"B": 1, "unrated": 1})
    told = run("score", "explain", customers[0].code, who="rep_a")
    assert told.code == 0
    assert "70.50" in told.out
    assert "MT02 Mark T02" in told.out
    data = run("score", "explain", customers[0].code, "--json").data
    assert (data["score"], data["grade"]) == ("70.50", "B")
    assert run("score", "explain", customers[0].code, who="rep_b").code == 4
    listed = run("score", "list", "whole", "--json", who="rep_a").data
    assert [(one["grade"], one["score"]) for one in listed] == [("B", "70.50"), ("unrated", None)]
    assert run("score", "list", "whole", "--json", who="rep_b").data == []
    asked = ("amend", "customer", customers[0].code, "--set", "grade=A", "--set", "reason=second plant")
    assert run(*asked, "--because", "the board agreed").code == 2
    assert run(*asked, "--set", "until=2026-12-31", "--because", "the board agreed").code == 0
    told = run("score", "explain", customers[0].code, who="rep_a")
    assert "A until 2026-12-31, second plant; computed B" in told.out
    listed = run("score", "list", "whole", "--grade", "A", "--json").data
    assert [(one["grade"], one["computed"], one["score"]) for one in listed] == [("A", "B", "70.50")]


def test_a_model_is_tried_and_published_from_a_file(shop: Any, tmp_path: Path) -> None:
    """A changed file is tried, refused with each fault, and published as the next version."""
    run, _ = shop
    run("score", "run", "whole")
    file = tmp_path / "next.json"
    file.write_text(json.dumps(run("score", "show", "whole", "--json").data | {"weights": {"T": 0}}), "utf-8")
    assert run("score", "try", str(file)).code == 2
    # T alone: 0.75 x 90 + 0.25 x 50 = 80, grade A.
    file.write_text(json.dumps(attrs.evolve(WHOLE, version=2, weights={"T": 1}).as_dict()), "utf-8")
    tried = run("score", "try", str(file), "--json").data
    assert {(one["from"], one["to"]): one["customers"] for one in tried["matrix"]} == {
        ("B", "A"): 1,
        ("unrated", "unrated"): 1,
    }
    assert run("score", "publish", str(file), "--because", "sales decide", who="rep_a").code == 3
    assert run("score", "publish", str(file), "--because", "sales decide").code == 0
    assert run("score", "publish", str(file)).code == 5
    assert [one["version"] for one in run("score", "models", "--json").data] == [1, 2]
    assert run("score", "show", "nothing").code == 4
    assert run("score", "try", str(tmp_path / "nothing.toml")).code == 2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_scores_are_taken_out_as_a_table(shop: Any, tmp_path: Path, ending: str) -> None:
    """Who may export gets a row for each customer in sight, with points and values; a file is never overwritten."""
    run, customers = shop
    run("score", "run", "whole")
    file = tmp_path / f"scores.{ending}"
    assert run("score", "export", "whole", str(file)).code == 0
    if ending == "csv":
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    else:
        from pyarrow import parquet

        rows = [{k: str(v) for k, v in one.items()} for one in parquet.read_table(file).to_pylist()]
    mine = next(one for one in rows if one["code"] == customers[0].code)
    assert (mine["score"], mine["grade"], mine["computed_grade"]) == ("70.50", "B", "B")
    assert (mine["MT02"], float(mine["MT02_points"])) == ("90", 90.0)
    assert len(rows) == 2
    assert run("score", "export", "whole", str(file)).code == 5
    assert run("score", "export", "whole", str(tmp_path / "scores.txt")).code == 2
