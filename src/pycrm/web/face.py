"""How pages speak HTTP: from a call to a visit, from what a page answers to what is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from pycrm.credential import Access
from pycrm.errors import ForbiddenError, RefusedError, SignInError
from pycrm.http import Answer as Sent
from pycrm.http import Call, Face, MustChangeError, form_token, with_form_cookie
from pycrm.http.problem import broken as failed
from pycrm.http.route import SAFE
from pycrm.revision.looking import Look
from pycrm.scope import Source
from pycrm.web.problem import failure, refused
from pycrm.web.visit import READS_ONLY, Answer, Visit

if TYPE_CHECKING:
    from pycrm.web.visit import Fields

__all__ = ["FACE", "SAID", "THEME", "Pages", "page_of", "sent", "visit_of"]

#: The cookies of the colours that somebody chose, and of what the last act has to tell.
THEME, SAID = "pycrm_theme", "pycrm_said"
_THEMES = ("auto", "light", "dark")
_YEAR = timedelta(days=365)


class Pages(Face):
    """Pages answer with pages; who is not signed in is led to the door and back again."""

    def refused(self, call: Call, error: RefusedError) -> Sent:
        """A page that says what was refused, in the visitor's language."""
        if isinstance(error, MustChangeError):
            return Sent.redirect("/account/password")
        if isinstance(error, SignInError) and call.route != "/sign-in":
            back = call.target + (f"?{call.raw_query.decode('ascii', 'replace')}" if call.raw_query else "")
            return Sent.redirect(
                f"/sign-in?{urlencode({'to': back})}" if call.method == "GET" else "/sign-in"
            )
        return sent(call, refused(visit_of(call), error))

    def broken(self, call: Call, error: BaseException) -> Sent:
        """A page that tells the request id and nothing else."""
        plain = failed(error, call.request)
        made = sent(call, failure(visit_of(call, known=False), plain.status, call.request))
        made.headers += [(name, value) for name, value in plain.headers if name == "retry-after"]
        return made

    def unknown(self, call: Call, status: int, code: str, message: str | None = None) -> Sent:
        """A page that says there is none."""
        return sent(call, failure(visit_of(call, known=False), status, call.request))


FACE = Pages(Source.PAGE, frozenset((Access.BROWSER,)))


def page_of(page: Callable[[Visit], Answer], **fixed: str) -> Callable[[Call], Sent]:
    """A page as a route has it; `fixed` are parts of its address that are always the same."""

    def act(call: Call) -> Sent:
        visit = visit_of(call)
        if visit.sees is not None and call.method not in SAFE:
            raise ForbiddenError(READS_ONLY)
        visit.params = {**visit.params, **fixed}
        return sent(call, page(visit))

    return act


def visit_of(call: Call, *, known: bool = True) -> Visit:
    """The visit that a call is; `known` unless it is told of before anybody was let in."""
    query: dict[str, list[str]] = {}
    for name, value in call.query:
        query.setdefault(name, []).append(value)
    form: Fields = call.form if call.method == "POST" and known else {}
    visitor = call.visitor
    theme = call.cookies.get(THEME, "auto")
    return Visit(
        call.crm,
        visitor.user if visitor is not None and known else None,
        call.target,
        params=call.path,
        query=query,
        form=form,
        files=call.uploads if form else {},
        language=call.language,
        theme=theme if theme in _THEMES else "auto",
        token=visitor.csrf if visitor is not None else form_token(call),
        sees=_look(call) if known else None,
        part=call.headers.get("x-part") == "1",
        said=unquote(call.cookies.get(SAID, ""))[:300],
    )


def _look(call: Call) -> Look | None:
    """The look that this call is, where its visitor sees what somebody else sees."""
    visitor = call.visitor
    if visitor is None or visitor.sees is None:
        return None
    return Look(visitor.user, visitor.sees.user, visitor.sees.because, call.target)


def sent(call: Call, answer: Answer) -> Sent:
    """What a page answers, as it is sent."""
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    headers = [(name.lower(), value) for name, value in answer.headers.items() if name != "Location"]
    secure = call.settings.is_secure
    if "Location" in answer.headers:
        made = Sent.redirect(answer.headers["Location"])
        made.headers += headers
    else:
        made = Sent(answer.status, body, answer.media, headers)
        if call.visitor is None and call.method == "GET":
            made = with_form_cookie(call, made)
        if SAID in call.cookies and answer.status < 400 and not call.headers.get("x-part"):
            made = made.with_cookie(SAID, "", secure=secure)
    made.work = answer.work
    for name, value in answer.cookies.items():
        age = _YEAR if name == THEME else timedelta(minutes=2)
        made = made.with_cookie(name, quote(value), secure=secure, age=age)
    return made
