"""The command that serves a CRM over HTTP."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import tell
from pycrm.cli.call import UNNAMED, Call, Origin, address, command
from pycrm.errors import DeclarationError, InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.http import Settings
    from pycrm.serve import Application
    from pycrm.settings import Loaded

__all__ = ["add_to"]

# Of the extra `web`, in the order in which they would be missed.
_NEEDED = ("msgspec", "litestar", "jinja2", "multipart", "pwdlib", "uvicorn")


def serve(
    call: Call,
    host: Annotated[
        str | None, typer.Option("--host", help="The address to listen on; else 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="The port; else 8000.")] = None,
    origin: Origin = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Processes, else one; more on PostgreSQL alone."),
    ] = None,
    docs: Annotated[
        bool,
        typer.Option("--docs", help="Serve Swagger UI at /api/v1/docs, of the extra docs or the settings."),
    ] = False,
    proxy: Annotated[
        str | None,
        typer.Option("--proxy", help="The address of the proxy before it, whose word on clients is taken."),
    ] = None,
) -> None:
    """Serve pages and REST face; without --origin to this machine alone."""
    _refuse_without_extra()
    import uvicorn

    from pycrm.settings import http_settings, trace

    said = {"serve.host": host, "serve.port": port, "origin": origin, "serve.workers": workers}
    said |= {"serve.docs": docs or None, "serve.proxy": proxy}
    loaded = call.loaded.with_options(said)
    settings = http_settings(loaded)
    with call.crm() as crm:
        crm.refuse_unmigrated()
        where, dialect = address(crm), crm.store.dialect
    _refuse_several(call, loaded["serve.workers"], dialect)
    listening = f"http://{loaded['serve.host']}:{loaded['serve.port']}"
    tell(f"serving {where} at {loaded['origin'] or listening}")
    options = _options(loaded)
    if loaded["serve.workers"] == 1:
        trace(loaded)
        uvicorn.run(_made(call, settings), **options)
        return
    # Each of the processes reads the file and the environment by itself; what options said goes with the latter.
    os.environ |= loaded.as_environment()
    factory = "pycrm.settings:application"
    uvicorn.run(factory, factory=True, workers=loaded["serve.workers"], **options)


def _refuse_several(call: Call, workers: int, dialect: str) -> None:
    if workers == 1:
        return
    message = None
    if dialect != "postgresql":
        message = "several processes need PostgreSQL"
    elif call.is_product:
        message = "a product with settings of its own starts its processes itself"
    if message is not None:
        raise InvalidError(message, fields=[Problem("workers", "rule", message)])


def _options(loaded: Loaded) -> dict[str, Any]:
    proxy = loaded["serve.proxy"]
    return {
        "host": loaded["serve.host"],
        "port": loaded["serve.port"],
        "access_log": False,
        "log_config": _LOGGING,
        "server_header": False,
        "proxy_headers": proxy is not None,
        "forwarded_allow_ips": proxy or "",
        # Longer than proxies keep theirs: who hangs up first while the other asks is told of as a failure.
        "timeout_keep_alive": 75,
        # Who is being answered when the server is told to end is answered, in less than what services are given.
        "timeout_graceful_shutdown": 20,
    }


def _refuse_without_extra() -> None:
    for name in _NEEDED:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise DeclarationError(f"serving needs {error.name}: pip install 'pycrm[web]'") from error


def _made(call: Call, settings: Settings) -> Application:
    from pycrm.app import CRM
    from pycrm.serve import application

    return application(CRM.open(call.database, **call.options), settings)


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
