"""Pipelines at the command line: looked at, checked, compared, drawn and published."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import attrs
import pytest
from pipeline.selling import house, second, with_stage
from revision.world import differing, tables

from pycrm import CRM, Opportunity, Plugin
from pycrm.pipeline import SALES, Pipeline
from pycrm.pipeline.toml import toml

from .conftest import Pycrm

MAP = ("--map", "contacted=need_confirmed")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Version 2 of PIP-S7 as somebody wrote it down."""
    path = tmp_path / "second.toml"
    path.write_text(toml(second()), encoding="utf-8")
    return str(path)


def test_a_version_is_published_after_a_look(crm: CRM, pycrm: Pycrm, file: str) -> None:
    """The preview is shown and asked about; no answer changes nothing, yes publishes what was shown."""
    house(crm)
    before = tables(crm)
    words = ("pipeline", "publish", file, "--because", "shorter", "--as", "lead_e")
    refused = pycrm(*words, "--yes", "--json")
    assert (refused.code, refused.refusal["fields"][0]["path"]) == (2, "mapping/contacted")
    assert len(refused.refusal["data"]["records"]["contacted"]) == 4
    said = pycrm(*words, *MAP, input="n\n")
    assert said.code == 1
    assert "3 records that lack something keep their version" in said.out
    assert "and 1 more" in said.out
    assert pycrm(*words, *MAP, "--json").code == 2
    assert differing(before, tables(crm)) == []
    said = pycrm(*words, *MAP, input="y\n")
    assert said.code == 0
    assert "published version 2 of sales; 15 records came over" in said.out
    with crm.view("dir") as session:
        assert session.count(Opportunity, Opportunity.pipeline_version == 2) == 15
    listed = pycrm("pipeline", "list", "--as", "admin", "--json").data
    assert [(one["version"], one["state"], one["reason"]) for one in listed if one["key"] == "sales"] == [
        (1, "retired", None),
        (2, "published", "shorter"),
    ]
    assert "lead_e" in pycrm("pipeline", "list", "--as", "admin").out


def test_a_version_is_looked_at_and_taken_home(crm: CRM, pycrm: Pycrm, file: str, tmp_path: Path) -> None:
    """Anybody sees stages, moves and drawings of what is in force, and exports it as it is read again."""
    house(crm)
    said = pycrm("pipeline", "show", "sales", "--as", "rep_a")
    assert "Need confirmed" in said.out
    assert "1 published" in said.out
    assert pycrm("pipeline", "show", "sales", "--mermaid", "--as", "rep_a").out.startswith("stateDiagram-v2")
    drawing = tmp_path / "sales.svg"
    assert (
        pycrm("pipeline", "show", "sales", "--svg", str(drawing), "--language", "zh", "--as", "rep_a").code
        == 0
    )
    assert ElementTree.fromstring(drawing.read_text("utf-8")).get("aria-label") == "销售过程 1"
    assert Pipeline.from_toml(pycrm("pipeline", "export", "sales", "--as", "rep_a").out) == SALES
    found = pycrm("pipeline", "diff", "sales", file, "--as", "rep_a", "--json").data
    assert ["contacted", "removed"] in [[one["key"], one["change"]] for one in found]
    same = pycrm("pipeline", "diff", "sales", "1", "--as", "rep_a")
    assert same.out == "version 1 does not differ from version 1\n"
    assert pycrm("pipeline", "show", "sales", "--version", "7", "--as", "rep_a").code == 4
    assert pycrm("pipeline", "show", "sales", "--version", "0", "--as", "rep_a").code == 3


def test_a_file_is_checked_without_publishing(crm: CRM, pycrm: Pycrm, file: str, tmp_path: Path) -> None:
    """Every problem of a file is named with its place (PIP-18, PIP-E5)."""
    assert "sales version 2 can work" in pycrm("pipeline", "check", file).out
    wrong = with_stage(second(), "quoted", required=("amont",))
    wrong = attrs.evolve(wrong, moves=tuple(one for one in wrong.moves if one.target != "negotiating"))
    path = tmp_path / "wrong.toml"
    path.write_text(toml(wrong), encoding="utf-8")
    said = pycrm("pipeline", "check", str(path), "--json")
    found = {one["path"]: one["message"] for one in said.refusal["fields"]}
    assert said.code == 2
    assert found["stages/2/required/0"] == "there is no field amont"
    assert "negotiating cannot be reached" in found["stages/3"]


class Shop(Plugin):
    """A shop

    It declares a second version of the sales process.
    """

    name = "shop"
    pipelines = (with_stage(attrs.evolve(SALES, version=2), "quoted", label="From code"),)


def test_the_doctor_names_what_code_declares_in_vain(crm: CRM, pycrm: Pycrm) -> None:
    """A version declared under a number that was published by hand is named by the doctor and shown."""
    house(crm)
    with crm.session("admin") as session:
        session.publish_pipeline(
            with_stage(attrs.evolve(SALES, version=2), "quoted", label="Offered"), because="other words"
        )
    assert "Pipelines" not in pycrm("doctor").out
    said = pycrm("doctor", plugins=[Shop]).out
    assert "published by hand: sales 2" in said
    shown = pycrm("pipeline", "show", "sales", "--as", "admin", plugins=[Shop])
    assert "version 2 is declared by a plugin too" in shown.out


class Edited(Plugin):
    """A shop

    It declares the second version of the sales process with other words.
    """

    name = "shop"
    pipelines = (with_stage(attrs.evolve(SALES, version=2), "quoted", label="Edited"),)


def test_the_doctor_names_what_was_edited_in_vain(crm: CRM, pycrm: Pycrm) -> None:
    """A version that was stored from code and edited since fails with the doctor, and the remedy is said."""
    house(crm)
    assert pycrm("migrate", plugins=[Shop]).code == 0
    said = pycrm("doctor", plugins=[Edited])
    assert "published, and edited in code since, which has no effect: sales 2" in said.out
    assert "declare what was edited under the next number" in said.out
