"""The first minute: the example company in a file, and three views of it."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .conftest import Pycrm


@pytest.fixture
def small(example: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example with 12 customers and 30 opportunities instead of hundreds."""
    sample = import_module("b2b_project_sales.sample")
    monkeypatch.setattr(sample, "add", partial(sample.add, customers=12, opportunities=30, projects=1))
    return example


def test_the_demo_shows_three_views_of_one_company(bare: Pycrm, small: str) -> None:
    """The director sees all 12 customers and 30 opportunities, the manager part, the seller fewer."""
    said = bare("demo", "--json")
    assert (said.code, said.err) == (0, "")
    seller, manager, director = said.data["views"]
    assert (director["customers"], director["opportunities"]) == (12, 30)
    for lower, upper in ((seller, manager), (manager, director)):
        assert lower["customers"] <= upper["customers"]
        assert lower["opportunities"] <= upper["opportunities"]
    assert seller["opportunities"] < director["opportunities"]
    assert (seller["scope"], director["scope"]) == ("your own", "everything")
    for view in said.data["views"]:
        assert sum(stage["count"] for stage in view["stages"]) == view["opportunities"]
    listed = bare(
        *("list", "customers", "--as", director["login"], "--json"),
        *("--database", "sqlite:///demo.db", "--plugin", "projects", "--plugin", small),
    )
    assert len(listed.data["items"]) == 12


def test_the_demo_is_made_once_and_anew_on_request(bare: Pycrm, small: str) -> None:
    """A second demo shows the file that is there; with --fresh it is made again."""
    first = bare("demo")
    assert (first.code, "sees 12 customers and 30 opportunities" in first.out) == (0, True)
    assert "What to type next:" in first.out
    made = Path("demo.db").stat().st_ino
    assert (bare("demo").out, Path("demo.db").stat().st_ino) == (first.out, made)
    assert bare("demo", "--fresh").code == 0
    assert Path("demo.db").stat().st_ino != made
    assert sorted(path.name for path in Path().glob("demo.db*")) == ["demo.db"]


def test_the_demo_never_overwrites_another_file(bare: Pycrm, example: str) -> None:
    """A file that is no database is left as it is, whatever was asked for."""
    Path("letter.txt").write_text("Dear customer")
    said = bare("demo", "--file", "letter.txt", "--fresh")
    assert (said.code, Path("letter.txt").read_text()) == (2, "Dear customer")


def test_without_the_example_the_demo_says_how_to_get_it(
    bare: Pycrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has not installed the example is told how."""
    import pycrm.plugin

    def nothing() -> tuple[Any, ...]:
        return ()

    monkeypatch.setattr(pycrm.plugin, "discover", nothing)
    said = bare("demo", "--json")
    assert (said.code, said.refusal["code"]) == (1, "declaration")
    assert "make demo" in said.refusal["message"]


def test_plugins_are_listed_whether_loaded_or_not(
    bare: Pycrm, example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator sees the core, the example as installed, and its contents once it is loaded."""
    resting = bare("plugin", "list", "--json").data
    assert [one["name"] for one in resting["loaded"]] == ["core"]
    assert example in [one["name"] for one in resting["installed"]]
    both = ("--plugin", "projects", "--plugin", example)
    loaded = bare("plugin", "list", "--json", *both).data
    assert loaded["loaded"][2]["facets"] == ["BuyerProfile"]
    text = bare("plugin", "list", *both).out
    assert "17 records, 3 pipelines, 3 hooks" in text
    assert "1 facet, 2 hooks" in text
    monkeypatch.setenv("PYCRM_PLUGINS", f"projects,{example},nowhere")
    said = bare("plugin", "list", "--json")
    assert [one["path"] for one in said.refusal["fields"]] == ["nowhere"]
    monkeypatch.delenv("PYCRM_PLUGINS")
    unknown = bare("plugin", "list", "--plugin", "nowhere", "--json")
    assert (unknown.code, unknown.refusal["fields"][0]["path"]) == (1, "nowhere")
