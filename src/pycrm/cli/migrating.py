"""Commands about migrations: taking those that a database lacks, writing the next one of a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pycrm.cli.call import UNNAMED, Call, Group, command, group

__all__ = ["migrate"]

_TAKING = "run"


class _Taking(Group):
    """A group that takes migrations where no other of its commands is named: ``pycrm migrate``."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = [_TAKING, *args]
        return super().parse_args(ctx, args)


migrate = group("Migrations of pycrm and of plugins; alone it takes those that are missing.", kind=_Taking)


@migrate.callback()
def _part() -> None:
    """Migrations of pycrm and of plugins; alone it takes those that are missing."""


def run(call: Call) -> None:
    """Bring the database up to date with pycrm and its plugins; what ``pycrm migrate`` does alone."""
    with call.crm(new=True) as crm:
        steps = crm.migrate()
    call.answer({"steps": steps}, *(steps or ["nothing to do: the database is up to date"]))


def new(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="PLUGIN", help="The name that the plugin is installed by.")],
    words: Annotated[str, typer.Argument(help="What the step does, in a few words: 'rooms of visits'.")],
) -> None:
    """Write the next migration of a plugin: what it declares beyond its migrations so far.

    No database is looked at. Read what is written before you ship it: a renamed column looks like one
    dropped and one added. What the plugin requires is named by --plugin.
    """
    from pycrm.app import CRM
    from pycrm.app.setup import make_migration

    given = call.options
    crm = CRM("sqlite://", **{**given, "plugins": dict.fromkeys((*given["plugins"], name))})
    try:
        made = make_migration(crm, name, words)
    finally:
        crm.close()
    if made is None:
        told = f"nothing was written: the migrations of {name} lead to what it declares"
    else:
        here = Path.cwd()
        told = f"wrote {made.relative_to(here) if made.is_relative_to(here) else made}"
    call.answer({"plugin": name, "file": None if made is None else str(made)}, told)


command(migrate, _TAKING, shared=UNNAMED)(run)
command(migrate, "new", shared=("plugins", "json"))(new)
