"""One visit to a page: who asks for what, and in which language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import attrs

from pycrm.errors import ForbiddenError
from pycrm.scope import Source
from pycrm.web.words import Words, words_of

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.http import Upload
    from pycrm.revision.looking import Look
    from pycrm.session import Session
    from pycrm.work import Act

__all__ = ["READS_ONLY", "Answer", "Visit", "redirect"]

T = TypeVar("T")
#: What is told to who tries to do something while seeing what somebody else sees.
READS_ONLY = "you see what somebody else sees: nothing can be done until you go back"
Fields = Mapping[str, Sequence[str]]


@attrs.define(slots=False)
class Visit:
    """What a page is asked for.

    Args:
        who: the person signed in; None before that.
        path: of the address; `params` are its variable parts.
        query, form: each name with all its values; `files` are those that came with the form.
        theme: ``light``, ``dark`` or ``auto``.
        token: what a form has to bring back, so that nobody else's page can send it.
        sees: what somebody else sees is shown, and nothing can be done.
        part: whether only the part that changes is wanted, by a page that is open already.
        said: what the act before this page has to tell.
    """

    crm: CRM
    who: Any
    path: str
    params: Mapping[str, str] = attrs.field(factory=dict)
    query: Fields = attrs.field(factory=dict)
    form: Fields = attrs.field(factory=dict)
    files: Mapping[str, Sequence[Upload]] = attrs.field(factory=dict)
    language: str = "en"
    theme: str = "auto"
    token: str = ""
    sees: Look | None = None
    part: bool = False
    said: str = ""

    @cached_property
    def words(self) -> Words:
        """The words of the reader's language."""
        return words_of(self.crm, self.language)

    def view(self) -> Session:
        """A session that only reads, of the visitor or of whose eyes the visitor looks through."""
        return self.crm.view(self.who if self.sees is None else self.sees, source=Source.PAGE)

    def run(self, function: Callable[[Session], T]) -> T:
        """What the function does in a writing session of the visitor, committed.

        Raises:
            ForbiddenError: the visitor looks through somebody else's eyes.
        """
        if self.sees is not None:
            raise ForbiddenError(READS_ONLY)
        return self.crm.run(self.who, function, source=Source.PAGE)

    def asked(self, name: str, default: str = "") -> str:
        """The last value of a name in the address."""
        found = self.query.get(name)
        return found[-1].strip() if found else default

    def typed(self, name: str, default: str = "") -> str:
        """The last value of a name in the form."""
        found = self.form.get(name)
        return found[-1] if found else default

    def address(self, **changed: Any) -> str:
        """This address with some words of it changed, or left out where None; pages begin anew."""
        words = {name: list(values) for name, values in self.query.items() if name != "after"}
        for name, value in changed.items():
            words.pop(name, None)
            if value is not None:
                words[name] = list(value) if isinstance(value, list | tuple) else [str(value)]
        query = urlencode([(name, one) for name, values in words.items() for one in values])
        return f"{self.path}?{query}" if query else self.path


@attrs.frozen
class Answer:
    """What a page answers; `work` is what is done beside, with the id under which it is told of."""

    body: str | bytes = ""
    status: int = 200
    media: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cookies: Mapping[str, str] = attrs.field(factory=dict)
    work: tuple[UUID, Act] | None = None


def redirect(path: str, said: str = "") -> Answer:
    """Go on there with a GET, so that nothing is sent twice, and tell there what was done."""
    return Answer(status=303, headers={"Location": path}, cookies={"pycrm_said": said} if said else {})
