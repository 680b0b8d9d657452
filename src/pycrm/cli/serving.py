"""The command that serves a CRM over HTTP."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import tell
from pycrm.cli.call import UNNAMED, Call, address, command
from pycrm.errors import DeclarationError, InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.http import Settings
    from pycrm.serve import Application

__all__ = ["add_to", "worker"]

_WORKER = "PYCRM_SERVE"
# Of the extra `web`, in the order in which they would be missed.
_NEEDED = ("msgspec", "litestar", "jinja2", "multipart", "pwdlib", "uvicorn")


def serve(
    call: Call,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port.")] = 8000,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            envvar="PYCRM_ORIGIN",
            help="The address under which people reach it, such as https://crm.example.com.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Processes; more than one on PostgreSQL.")
    ] = 1,
    docs: Annotated[
        Path | None,
        typer.Option("--docs", metavar="FOLDER", help="Of swagger-ui-dist, to be served at /api/v1/docs."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option("--proxy", help="The address of the proxy before it, whose word on clients is taken."),
    ] = None,
) -> None:
    """Serve pages and REST face; without --origin to this machine alone."""
    _refuse_without_extra()
    import uvicorn

    from pycrm.http import Settings

    settings = Settings(origin=origin, docs=docs)
    with call.crm() as crm:
        crm.refuse_unmigrated()
        where, dialect = address(crm), crm.store.dialect
    if workers > 1 and dialect != "postgresql":
        wrong = Problem("workers", "rule", "several processes need PostgreSQL")
        raise InvalidError(wrong.message, fields=[wrong])
    if workers > 1 and call.settings:
        wrong = Problem("workers", "rule", "a product with settings of its own starts its processes itself")
        raise InvalidError(wrong.message, fields=[wrong])
    tell(f"serving {where} at {origin or f'http://{host}:{port}'}")
    options: dict[str, Any] = {"host": host, "port": port, "access_log": False, "log_config": _LOGGING}
    options |= {
        "server_header": False,
        "proxy_headers": proxy is not None,
        "forwarded_allow_ips": proxy or "",
    }
    if workers == 1:
        uvicorn.run(_made(call, settings), **options)
        return
    said = (call.database, " ".join(call.plugins), origin or "", str(docs or ""))
    os.environ[_WORKER] = "\n".join(said)
    uvicorn.run("pycrm.cli.serving:worker", factory=True, workers=workers, **options)


def _refuse_without_extra() -> None:
    for name in _NEEDED:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise DeclarationError(f"serving needs {error.name}: pip install 'pycrm[web]'") from error


def worker() -> Application:
    """The application of one of several processes, by what the first one was told."""
    from pycrm.http import Settings

    database, plugins, origin, docs = os.environ[_WORKER].split("\n")
    settings = Settings(origin=origin or None, docs=Path(docs) if docs else None)
    return _made(Call(database=database, plugins=tuple(plugins.split())), settings)


def _made(call: Call, settings: Settings) -> Application:
    from pycrm.app import CRM
    from pycrm.serve import application

    given = dict(call.settings)
    plugins = (*given.pop("plugins", ()), *call.plugins)
    return application(CRM.open(call.database, plugins=plugins, **given), settings)


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "pycrm.http.log.Lines"}},
    "handlers": {
        "out": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}
    },
    "loggers": {
        "pycrm": {"handlers": ["out"], "level": "INFO", "propagate": False},
        # What it says of its own start and end has its values apart, and is said above.
        "uvicorn": {"handlers": ["out"], "level": "WARNING", "propagate": False},
    },
}


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "serve", shared=UNNAMED)(serve)
