"""The command line: the third face, which speaks to the session and to nothing below it.

`app` is the Typer application, `main` the entry point of ``pycrm`` and of ``python -m pycrm``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pycrm.cli import (
    amending,
    converting,
    credential,
    erasing,
    forecasting,
    handing,
    organisation,
    record,
    serving,
    setup,
    table,
)
from pycrm.cli.access import access, report
from pycrm.cli.answer import refuse
from pycrm.cli.call import Group, group
from pycrm.cli.history import history
from pycrm.cli.migrating import migrate
from pycrm.cli.pipeline import pipeline
from pycrm.cli.plugin import plugin
from pycrm.cli.scoring import score
from pycrm.cli.settings import settings
from pycrm.errors import InvalidError

__all__ = ["app", "main"]


class _Root(Group):
    """Our own commands, and behind them those of plugins, each group under the plugin's name."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = super().get_command(ctx, cmd_name)
        if found is None:
            from pycrm.cli.offered import offered

            part = offered(cmd_name, ctx.obj)
            found = None if part is None else typer.main.get_command(part)
        return found


app = group("Keep customers, sales and who may see them.", name="pycrm", kind=_Root)


def _version(wanted: bool) -> None:
    if wanted:
        from pycrm import __version__

        typer.echo(f"pycrm {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep customers, sales and who may see them."""


setup.add_to(app)
serving.add_to(app)
credential.add_to(organisation.user)
record.add_to(app)
table.add_to(app)
handing.add_to(app, organisation.user)
converting.add_to(app)
erasing.add_to(app, amending.jobs)
amending.add_to(app)
forecasting.add_to(app)
for part, name in (
    (organisation.user, "user"),
    (organisation.unit, "unit"),
    (migrate, "migrate"),
    (access, "access"),
    (history, "history"),
    (report, "report"),
    (amending.jobs, "jobs"),
    (pipeline, "pipeline"),
    (score, "score"),
    (plugin, "plugin"),
    (credential.token, "token"),
    (settings, "settings"),
):
    app.add_typer(part, name=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code.

    The codes: 0 done, 1 the world or a declaration is broken, and those of a refusal: 2 invalid,
    3 forbidden, 4 not found, 5 conflict or stale, 6 a gate, an amendment or a hold.
    """
    said = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign of somebody's name shows another, and does not fail.
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")
    if "--json" not in said:
        app(said, prog_name="pycrm")
    try:
        sys.exit(app(said, prog_name="pycrm", standalone_mode=False) or 0)
    except typer.TyperException as error:
        sys.exit(refuse(InvalidError(error.format_message()), json=True))
    except typer.Abort:
        sys.exit(1)
