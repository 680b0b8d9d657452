"""How a CRM is served."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from pycrm.credential.model import Limits
from pycrm.errors import DeclarationError
from pycrm.http.messenger import Messenger
from pycrm.http.oidc import Oidc

__all__ = ["Settings"]

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@attrs.frozen
class Settings:
    """How a CRM is served over HTTP.

    Args:
        origin: the address under which people reach it, ``https://crm.example.com``. Without it only the
            machine itself is answered: a request to any other host is refused.
        idle, longest: see `Limits`.
        tries: how often a name, and how often an address, may be tried within a minute.
        body: the most bytes of a request.
        threads: how many requests are worked on at the same time in one process.
        waiting: how many more may wait; the next one is told to come back (503).
        docs: Swagger UI, to be served at ``/api/v1/docs``: True is the one that the extra ``docs`` installs, a path
            the folder of another distribution (``swagger-ui-dist``); without it there is no such page.
        languages: of the pages, the first one being that of people who ask for none of them.
        compress: whether long answers are compressed for who can read that; see `pycrm.http.packing`.
        traces: whether each request leaves a span for OpenTelemetry; see `pycrm.http.tracing`.
        port: under which this machine reaches it where there is no origin, for links in messages.
        messenger: what sends messages; without one nobody is sent a link to a new password.
        reset: for how long such a link is good.
        oidc: the company's own sign-in, beside passwords.
        passwords: whether people come in by passwords too; without them there has to be the company's own sign-in.

    Raises:
        DeclarationError: the origin is no address of a server, or there is no way in at all.
    """

    origin: str | None = None
    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=12)
    tries: int = 10
    body: int = 2**20
    threads: int = 10
    waiting: int = 200
    docs: Path | bool | None = None
    languages: tuple[str, ...] = ("en", "zh")
    compress: bool = True
    traces: bool = False
    port: int = 8000
    messenger: Messenger | None = None
    reset: timedelta = timedelta(minutes=30)
    oidc: Oidc | None = None
    passwords: bool = True

    def __attrs_post_init__(self) -> None:
        if not self.passwords and self.oidc is None:
            raise DeclarationError(
                "without passwords people need the company's own sign-in: declare its issuer"
            )
        if self.origin is None:
            return
        parts = urlsplit(self.origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise DeclarationError(f"{self.origin} is no origin: say https://crm.example.com")

    @property
    def is_secure(self) -> bool:
        """Whether people come by TLS, so that cookies are kept to it."""
        return self.origin is not None and self.origin.startswith("https://")

    @property
    def address(self) -> str:
        """How links in messages begin; what a request says of its host has no part in it."""
        return self.origin or f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        """The name of the cookie of a session: over TLS one that no other host can set."""
        return "__Host-pycrm" if self.is_secure else "pycrm"

    @property
    def limits(self) -> Limits:
        """How long sessions last and how often somebody may try."""
        return Limits(self.idle, self.longest, self.tries)

    def is_ours(self, host: str) -> bool:
        """Whether a request for that host is meant for us: a foreign name may point to this machine."""
        if self.origin is not None:
            return host.lower() == urlsplit(self.origin).netloc.lower()
        try:
            return (urlsplit(f"//{host}").hostname or "") in _LOOPBACK
        except ValueError:
            return False
