"""A new plugin is whole from the start: its tests pass, and the checkers have nothing against it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pycrm import InvalidError
from pycrm.cli import app
from pycrm.cli.scaffold import write_package

SOURCE = Path(__file__).parents[2] / "src"
NAME = "dog_walking"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a new plugin, as the command writes it."""
    folder = tmp_path_factory.mktemp("new")
    before = set(sys.modules)
    done = CliRunner().invoke(app, ["plugin", "new", NAME, "--into", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    yield folder / "dog-walking"
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == NAME:
            del sys.modules[name]


def said(folder: Path, *command: str, **settings: str) -> str:
    """What a program says when it fails in that folder; nothing when it succeeds."""
    quiet = {name: value for name, value in os.environ.items() if name != "PYCRM_TEST_POSTGRESQL"}
    # What else is installed beside pytest is none of the author's.
    quiet |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    found = (
        quiet | {"PYTHONPATH": f"{SOURCE}{os.pathsep}src", "MYPYPATH": f"{SOURCE}{os.pathsep}src"} | settings
    )
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=found, capture_output=True, text=True, check=False
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def test_its_tests_pass(package: Path) -> None:
    """Whoever begins a plugin begins with green tests, without a network or a server."""
    assert said(package, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "-x") == ""


def test_the_checkers_have_nothing_against_it(package: Path) -> None:
    """Whoever begins a plugin begins with code that ruff and mypy in its strict mode accept."""
    assert said(package, "ruff", "check", "--no-cache", ".") == ""
    planted = package / "src" / NAME / "planted.py"
    planted.write_text("import os\n", "utf-8")
    assert "planted.py" in said(package, "ruff", "check", "--no-cache", ".")
    planted.unlink()
    assert said(package, "ruff", "format", "--no-cache", "--check", ".") == ""
    cache = str(SOURCE.parent / ".mypy_cache" / "typing")
    assert said(package, "mypy", "--cache-dir", cache) == ""


@pytest.mark.parametrize("name", ["Loyalty", "json", "crm", "class", "a" * 31, "two words"])
def test_names_that_are_none_are_refused(name: str, tmp_path: Path) -> None:
    """Nobody gets a package that would hide another, or that no plugin could be in."""
    with pytest.raises(InvalidError):
        write_package(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(package: Path) -> None:
    """Whoever says the same name twice keeps what they wrote."""
    done = CliRunner().invoke(app, ["plugin", "new", NAME, "--into", str(package.parent)])
    assert done.exit_code == 2
    assert "already" in done.stderr


def offered(folder: Path, module: str, text: str, patch: Any) -> None:
    """Install a plugin called `shop` as a distribution would."""
    known = folder / "shop-0.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text("Name: shop\nVersion: 1.2\n")
    (known / "entry_points.txt").write_text(f"[pycrm.plugins]\nshop = {module}:Shop\n")
    (folder / f"{module}.py").write_text(text, "utf-8")
    patch.syspath_prepend(folder)


SHOP = '''
from pycrm import Field, Plugin, Record, field, hookimpl, reference

class Shelf(Record, table="shop_shelf", scope=reference()):
    """A shelf."""
    name: Field[str] = field("Name")

class Shop(Plugin):
    """Shop"""
    name = "shop"
    records = (Shelf,)
'''
WRONG = SHOP.replace(", scope=reference()", "") + "    @hookimpl\n    def before_ad(self): ...\n"


def test_migrations_are_written_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author has the next migration written into the plugin's own package, and none where nothing changed."""

    def says(*command: str) -> tuple[int, str]:
        # On a terminal that breaks no line.
        done = CliRunner(env={"COLUMNS": "500"}).invoke(app, [*command])
        return done.exit_code, (done.stdout or done.stderr).strip()

    offered(tmp_path, "shop_stepped", f'{SHOP}    migrations = "shop_steps"\n', monkeypatch)
    assert says("migrate", "new", "shop", "first tables") == (
        1,
        "Error: plugin shop: there is no package shop_steps of migrations",
    )
    (tmp_path / "shop_steps").mkdir()
    (tmp_path / "shop_steps" / "__init__.py").write_text("", "utf-8")
    invalidate_caches()
    none = (
        "migrations: shop_steps holds none yet: write the first with `pycrm migrate new shop 'what it does'`"
    )
    assert says("plugin", "check", "shop") == (1, none)
    made = tmp_path / "shop_steps" / "versions" / "0001_first_tables.py"
    assert says("migrate", "new", "shop", "first tables") == (0, f"wrote {made}")
    assert "shop_shelf" in made.read_text("utf-8")
    assert says("migrate", "new", "shop", "again")[1].startswith("nothing was written")
    assert [one.name for one in made.parent.glob("*.py")] == [made.name]


SAMPLED = (
    SHOP
    + """    sample = "shop_sampled:add"

def add(crm):
    from pycrm.testing import Organisation
    with Organisation.found(crm).system() as session:
        session.add(Shelf(name="first"))
"""
)


def test_sample_data_come_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries a plugin fills an empty database by one command; a function that is not there is named."""
    monkeypatch.chdir(tmp_path)
    offered(tmp_path, "shop_sampled", SAMPLED, monkeypatch)
    done = CliRunner().invoke(app, ["sample", "shop"])
    assert done.exit_code == 0, done.stderr
    assert "who may act, with --as: admin, ana, ben" in done.stdout
    assert "first" in CliRunner().invoke(app, ["list", "shelf", "--as", "ana"]).stdout
    assert CliRunner().invoke(app, ["sample", "shop"]).exit_code == 5
    text = SHOP + '    sample = "shop_nowhere:fill"\n    templates = "shop_templates"\n'
    monkeypatch.undo()
    offered(tmp_path / "wrong", "shop_wrong", text, monkeypatch)
    assert CliRunner().invoke(app, ["plugin", "check", "shop"]).stdout.splitlines() == [
        "shop: sample names shop_nowhere:fill, and there is no shop_nowhere",
        "shop: there is no package shop_templates of templates",
    ]


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author reads of every mistake in one go, and of none where there is none."""
    offered(tmp_path / "good", "shop_good", SHOP, monkeypatch)
    done = CliRunner().invoke(app, ["plugin", "check", "shop"])
    assert (done.exit_code, done.stdout.strip()) == (0, "shop: nothing is wrong")
    monkeypatch.undo()
    offered(tmp_path / "bad", "shop_bad", WRONG, monkeypatch)
    done = CliRunner().invoke(app, ["plugin", "check", "shop"])
    assert done.exit_code == 1
    assert "no scope declared" in done.stdout
    assert "hook before_ad" in done.stdout
    done = CliRunner().invoke(app, ["plugin", "check", "nowhere"])
    assert (done.exit_code, "no plugin nowhere is installed" in done.stdout) == (1, True)
