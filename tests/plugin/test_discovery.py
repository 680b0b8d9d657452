"""Finding plugins by their entry points, and importing only those that are enabled."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycrm.plugin import PluginDeclarationError, discover, load

from .samples import message, refused

GOOD = '''
from pycrm.plugin import Plugin

class Vet(Plugin):
    """Veterinary clinic"""
    name = "{name}"
'''


class Site:
    """A folder of installed distributions, each of one module with one plugin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def install(self, name: str, code: str = GOOD, *, dist: str = "", version: str = "1.4") -> str:
        """A distribution that offers the plugin of that name; the name of its module."""
        dist = dist or f"{name}-dist"
        module = f"{dist.replace('-', '_')}_module"
        (self.folder / f"{module}.py").write_text(code.format(name=name), "utf-8")
        info = self.folder / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[pycrm.plugins]\n{name} = {module}:Vet\n", "utf-8")
        self.modules.append(module)
        return module


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Site(tmp_path)
    yield made
    for module in made.modules:
        sys.modules.pop(module, None)


def test_discovery_imports_nothing(site: Site) -> None:
    """A plugin that is installed and not enabled costs and does nothing."""
    modules = [site.install("vet"), site.install("bad", "raise SystemExit('imported')")]
    found = {each.name: each for each in discover()}
    assert found["vet"].target == "vet_dist_module:Vet"
    assert (found["vet"].distribution, found["vet"].version) == ("vet-dist", "1.4")
    assert "bad" in found
    assert not set(modules) & set(sys.modules)


def test_only_enabled_plugins_are_imported(site: Site) -> None:
    """Enabling one plugin by name imports it and not its neighbour."""
    enabled, disabled = site.install("vet"), site.install("pool")
    loaded = load(["vet"])
    assert [plugin.name for plugin in loaded.plugins] == ["vet"]
    assert enabled in sys.modules
    assert disabled not in sys.modules


def test_an_installed_plugin_has_the_version_of_its_distribution(site: Site) -> None:
    """A plugin that states no version has that of the package it came in."""
    site.install("vet", version="2.5")
    (vet,) = load(["vet"]).describe()
    assert (vet.version, vet.distribution) == ("2.5", "vet-dist")
    site.install("exam", GOOD + '    requires = ("vet>=3",)\n')
    assert message(lambda: load(["exam", "vet"])).endswith("is version 2.5")
    site.install("pool", GOOD + '    version = "7.0"\n', version="2.5")
    assert load(["pool"]).describe()[0].version == "7.0"


def test_an_unknown_plugin_is_named_with_the_nearest(site: Site) -> None:
    """An administrator who misspells a plugin is told what it might have been."""
    site.install("membership")
    said = message(lambda: load(["menbership"]))
    assert said == "no plugin menbership is installed; did you mean membership?"


def test_a_requirement_that_is_installed_but_not_enabled_is_said(site: Site) -> None:
    """An administrator learns that a missing plugin needs only to be enabled."""
    site.install("billing")
    site.install("exam", GOOD + '    requires = ("billing",)\n')
    assert message(lambda: load(["exam"])).endswith("requires billing, which is installed but not enabled")


def test_one_name_in_two_distributions_is_refused(site: Site) -> None:
    """Which of two packages would be loaded is not left to chance."""
    site.install("vet", dist="vet-one")
    site.install("vet", dist="vet-two")
    said = message(lambda: load(["vet"]))
    assert said == (
        "plugin vet is offered by vet-one 1.4 (vet_one_module:Vet) and by vet-two 1.4 (vet_two_module:Vet)"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", r"cannot be imported: ZeroDivisionError: division by zero \(.*vet_dist_module.py:1\)"),
        ("raise SystemExit(3)", r"cannot be imported: SystemExit: 3 \(.*vet_dist_module.py:1\)"),
        ("import gone_away_entirely", r"ModuleNotFoundError: No module named 'gone_away_entirely'"),
        ("Vet = 7", r"is a int, not a Plugin"),
        ("Vet = int", r"is a type, not a Plugin"),
        ("", r"cannot be imported: AttributeError"),
        (GOOD.replace('"{name}"', '"other"'), r"calls itself other \(.*vet_dist_module.py:4\)"),
        (GOOD + "    record = ()\n", r"record is no entry of a plugin"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named(site: Site, code: str, said: str) -> None:
    """The name, the package and the place of a broken plugin are in the message."""
    site.install("vet", code)
    site.install("exam", GOOD + '    requires = ("vet",)\n')
    with pytest.raises(PluginDeclarationError, match=said) as caught:
        load(["vet", "exam"])
    (problem,) = caught.value.problems
    assert problem.message.startswith("plugin vet (vet_dist_module:Vet of vet-dist 1.4)")


def test_several_broken_plugins_are_said_at_once(site: Site) -> None:
    """One broken plugin does not hide another."""
    site.install("vet", "1 / 0")
    error = refused(lambda: load(["vet", "gone"]))
    assert [problem.path for problem in error.problems] == ["vet", "gone"]
