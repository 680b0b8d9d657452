"""Each check of the contract finds the plugin that breaks it, and no other check does."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Customer, DeclarationError, Field, Link, Plugin, Record, field, link, one_of, through
from pycrm.app.examine import examine
from pycrm.app.setup import make_migration
from pycrm.testing import Databases, GoldContract, PluginContract, SilverContract, striving
from pycrm.testing.checks import CHECKS, LEVELS, is_loadable
from pycrm.testing.fixtures import shared
from pycrm.testing.importing import inner_imports
from pycrm.testing.trial import Trial

from .bad import FAULTS, FURTHER, Good, lagging

QUALITY = Path(__file__).parents[2] / "docs" / "quality"


@pytest.fixture(scope="module")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Where the plugins are tried; one kind is enough to see whether a check sees."""
    return shared(request.config, "sqlite")


def red(trial: Trial) -> dict[str, list[str]]:
    """The checks that a plugin does not pass, with what they say."""
    names = LEVELS["bronze"] if is_loadable(trial) else ("loading", "hooks")
    found = {name: list(CHECKS[name](trial)) for name in names}
    return {name: said for name, said in found.items() if said}


def write_steps(folder: Path, plugin: Any, edit: Any) -> None:
    """Write the plugin's first migration into the package ``loyal_steps`` in that folder."""
    versions = folder / "loyal_steps" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "__init__.py").write_text("")
    crm = CRM("sqlite://", plugins=[plugin])
    made = make_migration(crm, plugin.name, "first", versions)
    crm.close()
    assert made is not None
    made.write_text(edit(made.read_text("utf-8")), "utf-8")


def tried(plugin: Any, edit: Any, databases: Databases, folder: Path, patch: pytest.MonkeyPatch) -> Trial:
    """A plugin whose first migration was edited, on trial."""
    if plugin.migrations:
        patch.syspath_prepend(folder)
        patch.delitem(sys.modules, "loyal_steps", raising=False)
        write_steps(folder, plugin, edit)
        importlib.invalidate_caches()
    return Trial(plugin, databases=databases)


def test_a_good_plugin_passes(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author whose plugin keeps all promises hears of nothing."""
    trial = tried(Good, lambda text: text, databases, tmp_path, monkeypatch)
    assert red(trial) == {}
    further = (*LEVELS["silver"], *LEVELS["gold"])
    assert {name: list(CHECKS[name](trial)) for name in further} == {name: [] for name in further}


EACH = pytest.mark.parametrize(
    ("check", "plugin", "edit"), FAULTS, ids=lambda it: getattr(it, "__name__", it)
)


@EACH
def test_each_fault_is_found_by_its_check(
    check: str,
    plugin: Any,
    edit: Any,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An author with one fault hears of it from the check that is about it."""
    assert list(CHECKS[check](tried(plugin, edit, databases, tmp_path, monkeypatch))) != []


@pytest.mark.torture
@EACH
def test_each_fault_is_found_by_one_check_alone(
    check: str,
    plugin: Any,
    edit: Any,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An author with one fault hears of it from no other check."""
    assert list(red(tried(plugin, edit, databases, tmp_path, monkeypatch))) == [check]


@pytest.mark.parametrize(("check", "plugin"), FURTHER, ids=lambda it: getattr(it, "__name__", it))
def test_what_a_good_plugin_would_not_do_is_found(check: str, plugin: Any, databases: Databases) -> None:
    """An author who strives for more hears what is missing, from the check that is about it."""
    assert list(CHECKS[check](Trial(plugin, databases=databases))) != []


def test_one_database_is_not_gold(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author who never tried PostgreSQL is told so."""
    monkeypatch.setattr(striving, "KINDS", ("sqlite",))
    told = list(CHECKS["databases"](Trial(Good, databases=databases)))
    assert told == ["not tried on postgresql: name a server in PYCRM_TEST_POSTGRESQL"]


def test_a_migration_that_lags_behind_is_named(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author who added a field and no migration is told which column is missing, before anything else."""
    trial = tried(Good, lagging, databases, tmp_path, monkeypatch)
    assert list(CHECKS["migrations"](trial)) == ["column loyal_card.note is missing"]
    assert examine([Good]) == ["migrations: column loyal_card.note is missing"]


def test_a_migration_that_lacks_what_is_asked_for_at_once_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author whose migrations lack a column that pycrm itself asks for reads of it, and of what to do."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "loyal_steps", raising=False)
    write_steps(tmp_path, Good, lambda text: text.replace("'number'", "'figure'"))
    importlib.invalidate_caches()
    crm = CRM("sqlite://", plugins=[Good])
    with pytest.raises(DeclarationError, match=r"loyal_card.number is missing.*pycrm migrate new loyal"):
        crm.migrate()
    crm.close()


def test_an_empty_folder_of_migrations_is_named(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An author who named a package of migrations and wrote none is told so."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "loyal_steps", raising=False)
    (tmp_path / "loyal_steps" / "versions").mkdir(parents=True)
    (tmp_path / "loyal_steps" / "__init__.py").write_text("")
    importlib.invalidate_caches()
    assert list(CHECKS["migrations"](Trial(Good, databases=databases))) == [
        "loyal_steps holds no migration yet"
    ]


def odd(value: int) -> None:
    """Only some numbers, and nobody can tell which."""
    if value not in (4711, 4713):
        raise ValueError("4711 or 4713")


class Lane(Record, table="lane_lane", scope=through("customer", owned=True)):
    """A lane whose declaration tells all that an example needs (赛道)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    surface: Field[str] = field("Surface", zh="路面", validator=one_of("clay", "grass"))
    limit: Field[int] = field("Limit", zh="限额", restricted=True)


class Gate(Record, table="lane_gate", scope=through("customer", owned=True)):
    """A gate of which nobody can tell the numbers (门)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    number: Field[int] = field("Number", zh="编号", validator=odd)
    second: Field[int] = field("Second", zh="副号", validator=odd)


class Bell(Record, table="lane_bell", scope=through("customer", owned=True)):
    """A bell with such numbers (钟)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    number: Field[int] = field("Number", zh="编号", validator=odd)
    second: Field[int] = field("Second", zh="副号", validator=odd)


class Lanes(Plugin):
    """Lanes"""

    name = "lane"
    records = (Lane, Gate, Bell)


def test_examples_take_what_a_declaration_names(databases: Databases) -> None:
    """An author says nothing of values that `one_of` names, nor of fields that only some roles may write."""
    made = Trial(Lanes, databases=databases).add(Lane, "ana")
    assert made.surface in ("clay", "grass")


def test_all_examples_that_are_refused_are_named_at_once(databases: Databases) -> None:
    """An author of whose records no example can be made reads of every one of them, and of every field."""
    told = list(CHECKS["scope"](Trial(Lanes, databases=databases)))
    assert [line.partition(":")[0] for line in told] == ["Gate.number", "Bell.number"]
    assert all(".second: its validators refuse all that was tried" in line for line in told)


INNER = """
from typing import TYPE_CHECKING

import pycrm.scoring
from pycrm import Plugin
from pycrm.store import Store
from pycrm.scoring._inner import thing

if TYPE_CHECKING:
    from pycrm.session import Session


def late():
    import pycrm.revision.model
"""


def test_what_a_plugin_imports_of_the_inside_is_named(tmp_path: Path) -> None:
    """An author reads the line of each import of what may change (T59), and none of those that stay."""
    (tmp_path / "inner.py").write_text(INNER, "utf-8")
    told = [f"{line} {name}" for line, name in sorted(inner_imports(tmp_path / "inner.py"))]
    assert told == ["6 pycrm.store.Store", "7 pycrm.scoring._inner.thing", "14 pycrm.revision.model"]


def test_each_rule_has_its_page() -> None:
    """An author who misses a rule finds a page with its level and its test."""
    pages = {page.stem: page.read_text("utf-8") for page in QUALITY.glob("*.md")}
    index = pages.pop("index")
    assert pages.keys() == CHECKS.keys()
    tests = {"bronze": PluginContract, "silver": SilverContract, "gold": GoldContract}
    for level, names in LEVELS.items():
        own = [name for name in vars(tests[level]) if name.startswith("test_")]
        for name, test in zip(names, own, strict=True):
            assert f"{level.capitalize()}, `{test}`" in pages[name]
            assert f"({name}.md) | `{test}` |" in index
