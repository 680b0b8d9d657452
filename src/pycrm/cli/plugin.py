"""Commands about plugins: what is installed, and what is loaded."""

from __future__ import annotations

from typing import Any

import attrs

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


def _contents(one: Any) -> str:
    counted = (
        ("record", one.records),
        ("facet", one.facets),
        ("pipeline", one.pipelines),
        ("hook", one.hooks),
    )
    return ", ".join(f"{len(some)} {word}{'s' * (len(some) > 1)}" for word, some in counted if some)


command(plugin, "list", shared=UNNAMED)(list_plugins)
