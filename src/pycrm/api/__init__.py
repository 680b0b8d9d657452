"""The REST face: every record of core and plugins under ``/api/v1``, from its declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pycrm.http import Answer, Call, Face, Route

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["FACE", "routes"]

FACE = Face()


def routes(crm: CRM) -> Iterator[Route]:
    """Every route of the face."""
    yield Route("GET", "/api/v1/me", _me, FACE)


def _me(call: Call) -> Answer:
    who = call.who
    return Answer.json({"id": str(who.user), "login": who.login, "name": who.name, "access": who.access})
