"""What importing pycrm costs: a room is imported when somebody enters it."""

from __future__ import annotations

import ast
import gc
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import pycrm
from pycrm.demand import collector_at_rest, on_demand

ROOT = Path(pycrm.__file__).parent
PACKAGES = [
    ".".join(("pycrm", *page.parent.relative_to(ROOT).parts))
    for page in sorted(ROOT.rglob("__init__.py"))
    if "on_demand(__name__" in page.read_text("utf-8")
]
# What only some sessions need, and what only a CRM that is made needs.
APART = (
    *(
        "pycrm.forecast.outlook",
        "pycrm.scoring.model",
        "pycrm.pipeline.publishing",
        "pycrm.revision.erase.act",
    ),
    *("pycrm.revision.amendment.decide", "pycrm.scope.raw.door", "pycrm.app.core", "pycrm.plugin.model"),
    *("cattrs", "alembic", "statemachine", "typer"),
)


def loaded(program: str) -> str:
    """Which of these modules a program has loaded at its end."""
    ending = f"import sys; print(*sorted({set(APART)!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; {ending}"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_naming_a_crm_and_a_record_loads_no_room_apart() -> None:
    """Who imports CRM and Customer does not pay for forecasts, amendments or plugins."""
    assert loaded("from pycrm import CRM, Customer") == ""
    # The tooth: what makes it dearer is named.
    assert loaded("from pycrm import CRM, Customer; import pycrm.scope.raw.door") == "pycrm.scope.raw.door"


def told(package: ModuleType) -> Iterator[str]:
    """The names that type checkers read in a package."""
    assert package.__file__ is not None
    for node in ast.walk(ast.parse(Path(package.__file__).read_text("utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                assert isinstance(each, ast.ImportFrom)
                yield from (alias.asname or alias.name for alias in each.names)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_room_has_what_it_says(name: str) -> None:
    """Whatever a room lists, and whatever type checkers are told of it, is there when it is asked for."""
    package = importlib.import_module(name)
    for each in {*told(package), *package.__all__}:
        assert getattr(package, each) is not None
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing_of_the_sort'"):
        _ = package.nothing_of_the_sort


def test_a_name_is_looked_up_once() -> None:
    """After its first use a name of a room is an attribute like any other."""
    room = sys.modules["room_of_a_test"] = ModuleType("room_of_a_test")
    try:
        find = on_demand("room_of_a_test", {"errors": ("InvalidError",)})
        with pytest.raises(ModuleNotFoundError):
            find("InvalidError")
        sys.modules["room_of_a_test.errors"] = pycrm.errors
        assert find("InvalidError") is pycrm.InvalidError
        assert vars(room)["InvalidError"] is pycrm.InvalidError
    finally:
        sys.modules.pop("room_of_a_test.errors", None)
        del sys.modules["room_of_a_test"]


def fail() -> None:
    assert not gc.isenabled()
    raise ZeroDivisionError


@pytest.mark.parametrize("was_enabled", [True, False])
def test_garbage_is_collected_again_afterwards(was_enabled: bool) -> None:
    """Making what stays leaves the collector as it was, also where it fails."""
    (gc.enable if was_enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), collector_at_rest():
            fail()
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable()
