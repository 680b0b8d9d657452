"""Running the command line in this process, on the test's database and at the test's time."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from house import Cast, enterprise
from typer.testing import CliRunner

from pycrm import CRM, FixedClock
from pycrm.cli import app
from pycrm.plugin import discover

EXAMPLE = Path(__file__).parents[2] / "examples" / "b2b_project_sales"


@attrs.frozen
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The answer as a program reads it."""
        return json.loads(self.out)

    @property
    def refusal(self) -> Any:
        """The error as a program reads it."""
        return json.loads(self.err)


Pycrm = Callable[..., Said]


@pytest.fixture
def bare(clock: FixedClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pycrm:
    """Run a command as it stands, in an empty folder and with no settings around it."""
    for name in ("PYCRM_AS", "PYCRM_DATABASE", "PYCRM_PLUGINS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, input: str | None = None, **settings: Any) -> Said:
        done = CliRunner().invoke(
            app, list(arguments), input=input, obj={"clock": clock} | settings, catch_exceptions=False
        )
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def pycrm(database: str, bare: Pycrm) -> Pycrm:
    """Run a command on the test's database."""

    def run(*arguments: str, **more: Any) -> Said:
        return bare(*arguments, "--database", database, **more)

    return run


@pytest.fixture
def cast(crm: CRM) -> Cast:
    """The catalogue's people in their units, without customers."""
    return enterprise(crm)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The name of the example's plugin, made known where nobody has installed it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    ((name, target),) = project["entry-points"]["pycrm.plugins"].items()
    if name not in {one.name for one in discover()}:
        known = tmp_path / "known" / "b2b_project_sales-0.dist-info"
        known.mkdir(parents=True)
        (known / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
        (known / "entry_points.txt").write_text(f"[pycrm.plugins]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(EXAMPLE / "src")
        monkeypatch.syspath_prepend(known.parent)
    return str(name)
