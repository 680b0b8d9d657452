"""Commands about the settings of an installation: what holds and from where, and whether it is sound."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pycrm.cli.answer import Table
from pycrm.cli.call import UNNAMED, Call, command, group
from pycrm.errors import CRMError

if TYPE_CHECKING:
    from pycrm.cli.doctor import Finding

__all__ = ["settings"]

settings = group("The settings of this installation.")


def show(call: Call) -> None:
    """List every setting with its value and where that comes from; secrets are not shown."""
    told = [
        {"name": one.key.name, "value": one.shown, "from": one.source, "about": one.key.about}
        for one in call.loaded
    ]
    rows = [[one["name"], one["value"], one["from"]] for one in told]
    data = {"file": None if call.loaded.path is None else str(call.loaded.path), "items": told}
    call.answer(data, Table(["Name", "Value", "From"], rows, whole=frozenset([0])))


def check(call: Call) -> None:
    """Say whether the settings are sound, and what is missing for others to be served."""
    findings = list(_examined(call))
    call.answer(
        {"ok": all(one.ok for one in findings), "checks": [one.as_dict() for one in findings]},
        *(str(one) for one in findings),
    )
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


def _examined(call: Call) -> Iterator[Finding]:
    from pycrm.cli.doctor import Finding
    from pycrm.settings import http_settings

    loaded = call.loaded
    where = "none was read, only the environment" if loaded.path is None else str(loaded.path)
    yield Finding("File", True, where)
    yield from (_kept(one.key.name, one.file) for one in loaded if one.file is not None)
    try:
        http_settings(loaded)
    except CRMError as error:
        yield Finding("Serving", False, str(error), "see `pycrm settings show`")
        return
    origin = loaded["origin"]
    if origin is None:
        yield Finding("Origin", True, "none: this machine alone is served", "set origin, to serve others")
    elif origin.startswith("https://"):
        yield Finding("Origin", True, origin)
    else:
        yield Finding(
            "Origin", False, f"{origin}: passwords go unprotected", "put a proxy with TLS before it"
        )
    way = next((name for name in ("mail.host", "mail.folder", "mail.console") if loaded[name]), None)
    mailed = "none: nobody is sent a link to a new password" if way is None else f"by {way}"
    yield Finding("Mail", True, mailed, "" if way else "set mail.host and mail.sender")


def _kept(name: str, path: Path) -> Finding:
    """Whether a secret is read by nobody else on this machine."""
    from pycrm.cli.doctor import Finding

    if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return Finding("Secret", False, f"everybody reads {path}, of {name}", f"say chmod o= {path}")
    return Finding("Secret", True, f"{name} is in {path}")


command(settings, "show", shared=UNNAMED)(show)
command(settings, "check", shared=UNNAMED)(check)
