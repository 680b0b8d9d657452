"""Importing and exporting tables at the command line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from revision.amending import policy

from pycrm import CRM, Customer

from .conftest import Pycrm

MAPPING = """
entity = "Customer"
source = "old"
key = "no"
make = "organization"

[columns]
name = "name"
email = "mail"
source = { value = "exhibition", lookup = "Source.name" }
"""
ROWS = "no,name,mail\n1,宁波泵业,one@example.com\n2,=1+1,two@example.com\n3,Third,not an address\n"


@pytest.fixture
def table(bare: Pycrm) -> tuple[str, ...]:
    """A file of three customers, the last of them wrong, and what its columns mean."""
    Path("rows.csv").write_text(ROWS, "utf-8")
    Path("rows.toml").write_text(MAPPING, "utf-8")
    return ("import", "rows.csv", "--mapping", "rows.toml")


def test_an_import_says_what_became_of_each_row(
    crm: CRM, cast: Any, pycrm: Pycrm, table: tuple[str, ...]
) -> None:
    """A salesperson tries a file, imports it, and imports it again without effect."""
    counts = {"imported": 2, "updated": 0, "unchanged": 0, "refused": 1}
    tried = pycrm(*table, "--dry-run", "--as", "rep_a", "--json")
    assert (tried.code, tried.data["rows"], tried.data["dry_run"]) == (0, 3, True)
    assert {name: tried.data[name] for name in counts} == counts
    assert pycrm("list", "customers", "--as", "rep_a", "--json").data["items"] == []
    done = pycrm(*table, "--report", "report.csv", "--as", "rep_a")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("3 rows: 2 imported")
    assert "expected an email address" in done.out
    assert "expected an email address" in Path("report.csv").read_text("utf-8")
    again = pycrm(*table, "--as", "rep_a", "--json").data
    assert (again["imported"], again["unchanged"], again["refused"]) == (0, 2, 1)
    with crm.view("rep_a") as session:
        assert session.count(Customer) == 2
    with crm.view("rep_b") as session:
        assert session.count(Customer) == 0


def test_an_import_is_taken_back(crm: CRM, cast: Any, pycrm: Pycrm, table: tuple[str, ...]) -> None:
    """A salesperson sees what taking back would do, takes the file back, and lists what was done."""
    done = pycrm(*table, "--as", "rep_a", "--json").data
    why = ("--because", "the wrong file", "--as", "rep_a")
    with crm.session("rep_a") as session:
        (kept,) = session.find(Customer, Customer.name == "=1+1")
        session.change(kept, channel="fair")
    tried = pycrm("revert-import", done["import"], *why, "--dry-run", "--json").data
    assert (tried["archived"], len(tried["left"]), tried["dry_run"]) == (1, 1, True)
    said = pycrm("revert-import", done["import"], *why)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("1 put away, 0 changed back, 0 withdrawn, 1 left")
    assert str(kept.id) in said.out
    assert "it was changed since" in said.out
    (listed,) = pycrm("imports", "--as", "rep_a", "--json").data["imports"]
    assert (listed["import"], listed["by"], listed["file"], listed["reverted"]) == (
        done["import"],
        "rep_a",
        "rows.csv",
        True,
    )
    assert pycrm("imports", "--as", "rep_b").out.strip() == "no imports"
    refused = pycrm("revert-import", done["import"], "--because", "not mine at all", "--as", "rep_b")
    assert (refused.code, refused.out) == (4, "")


def test_an_import_that_cannot_begin_is_refused(cast: Any, pycrm: Pycrm, table: tuple[str, ...]) -> None:
    """A mapping that does not fit, is no text, or a table that is not there imports nothing."""
    Path("other.toml").write_text(MAPPING.replace('"mail"', '"post"'), "utf-8")
    Path("latin.toml").write_bytes(b'entity = "\xff"')
    Path("folder").mkdir()
    for arguments, code in (
        (("import", "rows.csv", "--mapping", "other.toml"), 2),
        (("import", "rows.csv", "--mapping", "latin.toml"), 2),
        (("import", "nowhere.csv", "--mapping", "rows.toml"), 2),
        ((*table, "--table", "lines=nowhere.csv"), 2),
        ((*table, "--report", "nowhere/report.csv"), 1),
    ):
        said = pycrm(*arguments, "--as", "rep_a")
        assert (arguments, said.code, said.out) == (arguments, code, "")
        assert "Traceback" not in said.err


def test_export_writes_what_one_may_export(cast: Any, pycrm: Pycrm, table: tuple[str, ...]) -> None:
    """The leader exports the unit's customers without a live formula; a salesperson may not export."""
    pycrm(*table, "--as", "rep_a")
    out = ("export", "customers", "--columns", "name,owner", "--out", "out.csv")
    Path("out.csv").write_text("yesterday's")
    assert pycrm(*out, "--as", "rep_a").code == 3
    assert Path("out.csv").read_text() == "yesterday's"
    said = pycrm(*out, "--as", "lead_e", "--json")
    assert (said.code, said.data) == (0, {"rows": 2, "file": "out.csv"})
    with open("out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert (rows[0], sorted(row[0] for row in rows[1:])) == (["name", "owner"], ["'=1+1", "宁波泵业"])
    assert pycrm(*out, "--where", "name~泵", "--as", "dir", "--json").data["rows"] == 1
    assert pycrm(*out, "--as", "lead_w", "--json").data["rows"] == 0
    assert sorted(path.name for path in Path().glob("out*")) == ["out.csv"]


def test_key_data_of_an_import_wait_as_one_batch(
    crm: CRM, cast: Any, pycrm: Pycrm, table: tuple[str, ...]
) -> None:
    """A salesperson is shown what would wait, asks for it, and the leader decides on all but one at once."""
    policy(crm, "Party.name")
    rows = "no,name,mail\n" + "".join(f"{n},{{}} {n},n{n}@example.com\n" for n in range(5))
    Path("rows.csv").write_text(rows.replace("{}", "Firm"), "utf-8")
    assert pycrm(*table, "--as", "rep_a", "--json").data["imported"] == 5
    Path("rows.csv").write_text(rows.replace("{}", "Works"), "utf-8")
    refused = pycrm(*table, "--as", "rep_a")
    assert "name: changes only by an amendment, which needs a reason" in refused.out
    words = (*table, "--because", "the register says so", "--as", "rep_a")
    tried = pycrm(*words, "--dry-run")
    assert "5 records would go into one batch" in tried.out
    assert "Firm 4" in tried.out
    assert "Works 4" in tried.out
    done = pycrm(*words, "--json").data
    assert (done["proposed"], done["refused"]) == (5, 0)
    batch = done["batch"]
    (item,) = pycrm("inbox", "--as", "lead_e", "--json").data["items"]
    assert (item["batch"], len(item["amendments"])) == (batch, 5)
    listed = pycrm("inbox", "--as", "lead_e").out
    assert "5 records" in listed
    assert "2 more" in listed
    assert len(pycrm("inbox", batch, "--as", "lead_e", "--json").data["items"]) == 5
    one = item["amendments"][0]["record"]["id"]
    no = pycrm("reject", one, "--because", "not this one", "--as", "lead_e")
    assert (no.code, no.out.strip()) == (0, f"{one}: rejected")
    all_ = pycrm("approve", batch, "--as", "lead_e", "--json").data["items"]
    assert sorted(each["state"] for each in all_) == ["applied"] * 4 + ["rejected"]
    assert pycrm("inbox", "--as", "lead_e").out.strip() == "nothing waits for you"
    assert pycrm("withdraw", batch, "--as", "rep_a").code == 5
    assert pycrm("inbox", batch, "--as", "rep_w").code == 4
    with crm.view("lead_e") as session:
        assert sum(each.name.startswith("Works") for each in session.find(Customer)) == 4
