"""A CRM and its application by settings, for the command line and for servers that start by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError, Problem
from pycrm.settings.loaded import Loaded
from pycrm.settings.source import load

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.http import Messenger, Oidc, Settings
    from pycrm.serve import Application

__all__ = ["application", "http_settings", "made_crm", "trace"]

_PLAIN = (
    *(
        "origin",
        "serve.port",
        "serve.docs",
        "serve.compress",
        "serve.traces",
        "serve.threads",
        "serve.waiting",
    ),
    *("serve.body", "serve.tries", "serve.languages", "serve.passwords"),
)
_TIMES = {
    "serve.idle_minutes": ("idle", timedelta(minutes=1)),
    "serve.longest_hours": ("longest", timedelta(hours=1)),
    "serve.reset_minutes": ("reset", timedelta(minutes=1)),
}


def http_settings(loaded: Loaded) -> Settings:
    """How a CRM is served by these settings.

    Raises:
        DeclarationError: the origin is no address, or mail would go unprotected.
        InvalidError: the settings of mail do not fit together.
    """
    from pycrm.http import Settings

    given = loaded.set_of(*_PLAIN)
    if loaded["serve.docs_folder"] is not None:
        given["docs"] = loaded["serve.docs_folder"]
    for name, (argument, one) in _TIMES.items():
        if loaded.values[name].is_set:
            given[argument] = loaded[name] * one
    return Settings(**given, messenger=_messenger(loaded), oidc=_oidc(loaded))


def _oidc(loaded: Loaded) -> Oidc | None:
    from pycrm.http import Oidc

    names = ("oidc.issuer", "oidc.client", "oidc.secret", "oidc.claim", "oidc.label", "oidc.scopes")
    given = loaded.set_of(*names)
    if not given:
        return None
    for name in ("issuer", "client"):
        if name not in given:
            raise _wrong(f"oidc.{name}", f"oidc.{next(iter(given))} is set, and oidc.{name} is not")
    return Oidc(**given)


def _messenger(loaded: Loaded) -> Messenger | None:
    from pycrm.http import ConsoleMessenger, FileMessenger, SmtpMessenger

    ways = [name for name in ("mail.host", "mail.folder", "mail.console") if loaded[name]]
    if len(ways) > 1:
        raise _wrong(ways[1], f"{' and '.join(ways)} are set: messages go one way")
    if ways == ["mail.folder"]:
        return FileMessenger(loaded["mail.folder"], **loaded.set_of("mail.sender"))
    if ways == ["mail.console"]:
        return ConsoleMessenger()
    given = loaded.set_of("mail.port", "mail.security", "mail.login", "mail.password", "mail.sender")
    if not ways:
        if given:
            raise _wrong("mail.host", f"mail.{next(iter(given))} is set, and mail.host is not")
        return None
    if "sender" not in given:
        raise _wrong("mail.sender", "mail.host is set, and mail.sender is not")
    return SmtpMessenger(loaded["mail.host"], **given)


def _wrong(name: str, message: str) -> InvalidError:
    return InvalidError(message, fields=[Problem(name, "rule", message)])


def made_crm(loaded: Loaded, **more: Any) -> CRM:
    """The CRM of these settings, with the plugins that are enabled in its database."""
    from pycrm.app import CRM

    plugins = (*more.pop("plugins", ()), *loaded["plugins"])
    return CRM.open(loaded["database"], plugins=plugins, **{**loaded.of_crm(), **more})


def application() -> Application:
    """The application by the settings around: ``uvicorn --factory pycrm.settings:application``."""
    from pycrm.serve import application as made

    loaded = load()
    trace(loaded)
    return made(made_crm(loaded), http_settings(loaded))


def trace(loaded: Loaded) -> None:
    """Send the spans of this process on, where the settings ask for them.

    Raises:
        DeclarationError: what sends them is not installed.
    """
    if loaded["serve.traces"]:
        from pycrm.http.tracing import export

        export()
