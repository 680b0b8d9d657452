"""Commands about plugins: what is installed and enabled, a new one, and what is wrong with one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from pycrm.cli.answer import Table, say
from pycrm.cli.call import UNNAMED, Call, command, group
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.app.enabling import Fate

__all__ = ["plugin"]

plugin = group("Plugins that are installed, enabled and loaded.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name it is installed by.")]


@plugin.callback()
def _part() -> None:
    """Plugins that are installed, enabled and loaded."""


def list_plugins(call: Call) -> None:
    """List what is loaded with its contents, what is left out and why, and what is installed besides."""
    from pycrm.app.enabling import enabled
    from pycrm.plugin import discover

    names = enabled(call.database, schema=call.settings.get("schema"))
    # A plugin that does not load is to be seen here, and not to keep the others from being seen.
    tolerant = attrs.evolve(call, settings={**call.settings, "on_error": "isolate"})
    with tolerant.crm(new=True) as crm:
        loaded, left = crm.registry.describe(), crm.left_out
    if any(one.name in call.plugins for one in left):
        with call.crm(new=True):  # whoever names a plugin for this call is refused as anywhere else
            pass
    known = {one.name for one in loaded} | {one.name for one in left}
    resting = [one for one in discover() if one.name not in known]
    states = {one.name: "enabled" if one.name in names else "loaded" for one in loaded}
    rows: list[list[str]] = [
        [one.name, one.version, states[one.name], one.title, _contents(one)] for one in loaded
    ]
    rows += [[one.name, "", "left out", "", one.reason] for one in left]
    rows += [[one.name, one.version, "installed", "", f"pycrm plugin enable {one.name}"] for one in resting]
    data = {
        "loaded": [attrs.asdict(one) | {"state": states[one.name]} for one in loaded],
        "left_out": [attrs.asdict(one) for one in left],
        "installed": [
            {"name": one.name, "version": one.version, "distribution": one.distribution} for one in resting
        ],
    }
    call.answer(data, Table(["Name", "Version", "State", "Title", "Contents"], rows))


def enable(call: Call, name: Name) -> None:
    """Load a plugin whenever this database is opened, and make its tables."""
    from pycrm.app import enabling

    _refuse_absent(call)
    steps = enabling.enable(call.database, name, **call.options)
    call.answer({"plugin": name, "steps": steps}, *steps, f"enabled {name}")


def disable(call: Call, name: Name) -> None:
    """Load a plugin no longer; its data stay where they are."""
    from pycrm.app import enabling

    _refuse_absent(call)
    enabling.disable(call.database, name, **call.options)
    call.answer({"plugin": name}, f"disabled {name}: its data stay, and are there when it is enabled again")


def uninstall(
    call: Call,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and do nothing.")] = False,
) -> None:
    """Disable a plugin and drop its tables with all their rows, once somebody has agreed."""
    from pycrm.app import enabling

    _refuse_absent(call)
    found = enabling.fate(call.database, name, **call.options)
    if dry_run:
        call.answer(attrs.asdict(found) | {"done": False}, _table(found), _kept(found), "nothing was done")
        return
    if not yes:
        if call.json:
            asked = Problem("yes", "required", "give --yes, since nobody can be asked, or --dry-run")
            raise InvalidError(asked.message, fields=[asked])
        say(_table(found), _kept(found))
        typer.confirm(f"Drop the tables of {name}? They cannot be brought back.", abort=True, err=True)
    found = enabling.uninstall(call.database, name, **call.options)
    call.answer(
        attrs.asdict(found) | {"done": True}, f"uninstalled {name}: {sum(found.rows.values())} rows are gone"
    )


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


def check(call: Call, name: Name) -> None:
    """Say everything that is wrong with an installed plugin, and what will be; name what it requires with --plugin."""
    from pycrm.app.examine import examine
    from pycrm.hooks import HookDeprecationWarning

    beside = [one for one in call.plugins if one != name]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", HookDeprecationWarning)
        wrong = examine([*beside, name])
    soon = list(dict.fromkeys(str(one.message) for one in heard if one.category is HookDeprecationWarning))
    data = {"plugin": name, "ok": not wrong, "wrong": wrong, "soon": soon}
    call.answer(data, *(wrong or [f"{name}: nothing is wrong"]), *soon)
    if wrong:
        raise typer.Exit(1)


def _refuse_absent(call: Call) -> None:
    """Refuse what was not set up."""
    with call.crm(bare=True):
        pass


def _table(found: Fate) -> Table:
    rows = [[name, str(number), "dropped"] for name, number in found.rows.items()]
    rows += [[name, str(number), "rows of it deleted"] for name, number in found.belongings.items()]
    return Table(["Table", "Rows", "What becomes of them"], rows)


def _kept(found: Fate) -> str:
    return f"{found.kept} changes stay in the history, which is sealed"


def _contents(one: Any) -> str:
    counted = (
        ("record", one.records),
        ("facet", one.facets),
        ("pipeline", one.pipelines),
        ("hook", one.hooks),
    )
    return ", ".join(f"{len(some)} {word}{'s' * (len(some) > 1)}" for word, some in counted if some)


command(plugin, "list", shared=UNNAMED)(list_plugins)
command(plugin, "enable", shared=UNNAMED)(enable)
command(plugin, "disable", shared=UNNAMED)(disable)
command(plugin, "uninstall", shared=UNNAMED)(uninstall)
command(plugin, "new", shared=("json",))(new)
command(plugin, "check", shared=("plugins", "json"))(check)
