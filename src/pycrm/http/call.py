"""One call over HTTP: what was asked, by whom, and the sessions in which it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import attrs

from pycrm.credential.model import Access, Scope, Seeing
from pycrm.errors import InvalidError, Problem
from pycrm.http.form import Upload, form_of
from pycrm.http.settings import Settings

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.http.face import Face
    from pycrm.session import Session

__all__ = ["Call", "Visitor"]

T = TypeVar("T")


@attrs.frozen
class Visitor:
    """Who asks: the person that a session or a token names, the language to answer in, how they came.

    `csrf` is what a form of one of our own pages has to send back in its field of that name, or a
    script in the header ``X-CSRF-Token``. `sees` is through whose eyes pages are looked at for a while; other
    faces are the person's own.
    """

    user: UUID
    login: str
    name: str
    language: str
    access: Access
    scope: Scope = Scope.WRITE
    must_change: bool = False
    sees: Seeing | None = None
    csrf: str = attrs.field(default="", repr=False)


@attrs.define(eq=False, slots=False)
class Call:
    """One request and what is known of it.

    `path` holds the parameters of the route, `query` those of the address in order; header names are
    in small letters. `request` is the id under which the log speaks of it.
    """

    crm: CRM
    settings: Settings
    face: Face
    method: str
    route: str
    path: Mapping[str, str]
    raw_query: bytes
    headers: Mapping[str, str]
    body: bytes
    request: str
    address: str
    language: str
    target: str = ""
    visitor: Visitor | None = None
    memo: dict[Any, Any] = attrs.field(factory=dict)

    # --- what was asked ------------------------------------------------------------------------

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the address, in order.

        Raises:
            InvalidError: they are no UTF-8, or far too many.
        """
        try:
            return parse_qsl(
                self.raw_query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
            )
        except ValueError:
            wrong = Problem("query", "format", "the parameters of the address cannot be read")
            raise InvalidError(wrong.message, fields=[wrong]) from None

    def asked(self, name: str, default: str = "") -> str:
        """The last value of a parameter of the address."""
        return next((value for known, value in reversed(self.query) if known == name), default)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        try:
            return {name: one.value for name, one in SimpleCookie(self.headers.get("cookie", "")).items()}
        except CookieError:
            return {}

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """What a form sent, each field with all its values; raises as `json`."""
        return self._sent[0]

    @cached_property
    def uploads(self) -> dict[str, list[Upload]]:
        """The files that a form sent."""
        return self._sent[1]

    @cached_property
    def _sent(self) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
        return form_of(self.headers.get("content-type", ""), self.body)

    def json(self) -> Any:
        """What a program sent.

        Raises:
            InvalidError: it is no JSON, holds a key twice, or is nested far too deep.
        """
        try:
            return json.loads(self.body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            message = str(error) if isinstance(error, _KeyTwiceError) else "expected JSON in UTF-8"
            raise InvalidError(message, fields=[Problem("", "format", message)]) from None

    # --- the sessions in which it is answered ----------------------------------------------------

    @property
    def who(self) -> Visitor:
        """Who asks, on a route that is for people who have signed in."""
        assert self.visitor is not None
        return self.visitor

    def view(self) -> Session:
        """A session of the visitor that only reads: ``with call.view() as session``."""
        return self.crm.view(self.who.user, source=self.face.source)

    def run(self, function: Callable[[Session], T], *, operation: str | None = None) -> T:
        """Call a function in a writing session of the visitor; its answer is committed."""
        return self.crm.run(self.who.user, function, operation=operation, source=self.face.source)


class _KeyTwiceError(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwiceError("a key stands twice in one object")
    return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")
