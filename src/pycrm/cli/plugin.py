"""Commands about plugins: what is installed and loaded, a new one, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from pycrm.cli.answer import Table
from pycrm.cli.call import UNNAMED, Call, command, group

__all__ = ["plugin"]

plugin = group("Plugins that are installed and loaded.")


@plugin.callback()
def _part() -> None:
    """Plugins that are installed and loaded."""


def list_plugins(call: Call) -> None:
    """List what is loaded with its contents, and what is installed besides."""
    from pycrm.plugin import discover

    with call.crm(new=True) as crm:
        loaded = crm.registry.describe()
    names = {one.name for one in loaded}
    resting = [one for one in discover() if one.name not in names]
    rows = [[one.name, one.version, "loaded", one.title, _contents(one)] for one in loaded]
    rows += [[one.name, one.version, "installed", "", f"--plugin {one.name}"] for one in resting]
    data = {
        "loaded": [attrs.asdict(one) for one in loaded],
        "installed": [
            {"name": one.name, "version": one.version, "distribution": one.distribution} for one in resting
        ],
    }
    call.answer(data, Table(["Name", "Version", "State", "Title", "Contents"], rows))


def new(
    call: Call,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name: lower-case, the prefix of its tables.")
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="FOLDER", help="Where its folder is made.")
    ] = Path(),
) -> None:
    """Write a new plugin as an installable package, with tests that pass."""
    from pycrm.cli.scaffold import write_package

    written = write_package(name, into)
    folder = into / name.replace("_", "-")
    call.answer(
        {"plugin": name, "folder": str(folder), "files": [str(one) for one in written]},
        f"wrote {len(written)} files into {folder}",
        f"next: cd {folder} && pip install -e '.[test]' && pytest",
    )


def check(
    call: Call, name: Annotated[str, typer.Argument(metavar="NAME", help="The name it is installed by.")]
) -> None:
    """Say everything that is wrong with an installed plugin; name what it requires with --plugin."""
    from pycrm.app.examine import examine

    beside = [one for one in call.plugins if one != name]
    wrong = examine([*beside, name])
    call.answer({"plugin": name, "ok": not wrong, "wrong": wrong}, *(wrong or [f"{name}: nothing is wrong"]))
    if wrong:
        raise typer.Exit(1)


def _contents(one: Any) -> str:
    counted = (
        ("record", one.records),
        ("facet", one.facets),
        ("pipeline", one.pipelines),
        ("hook", one.hooks),
    )
    return ", ".join(f"{len(some)} {word}{'s' * (len(some) > 1)}" for word, some in counted if some)


command(plugin, "list", shared=UNNAMED)(list_plugins)
command(plugin, "new", shared=("json",))(new)
command(plugin, "check", shared=("plugins", "json"))(check)
