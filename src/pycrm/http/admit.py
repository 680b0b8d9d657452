"""Who comes in, and what is refused before anything is done in their name."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from pycrm.credential import visit_of
from pycrm.credential.model import Access, Scope
from pycrm.errors import ForbiddenError, InvalidError, SignInError
from pycrm.http.answer import Answer
from pycrm.http.call import Call, Visitor
from pycrm.http.face import MustChangeError
from pycrm.http.route import SAFE, Route
from pycrm.http.settings import Settings

__all__ = ["CSRF_COOKIE", "LANGUAGE_COOKIE", "admit", "form_token", "language_of", "with_form_cookie"]

LANGUAGE_COOKIE = "pycrm_language"
#: Binds forms to a browser that has no session yet.
CSRF_COOKIE = "pycrm_form"
_FOREIGN = "this did not come from one of our own pages: load the page again"


def admit(call: Call, route: Route) -> None:
    """Put the visitor into the call, or refuse.

    A program that shows a token is known by it alone; its cookies, if a browser added any, count for
    nothing. Whoever is known by a cookie proves, for whatever changes something, that one of our own
    pages asked for it.

    Raises:
        SignInError: nobody is known by what was shown, and the route is for people who are.
        ForbiddenError: the token only reads; the password is temporary; a foreign page asked.
    """
    call.visitor = _visitor(call)
    if call.visitor is None:
        if not route.is_open:
            raise SignInError("sign in first")
        if call.method not in SAFE:
            _refuse_foreign(call, form_token(call))
        return
    if call.visitor.access is Access.BROWSER:
        if call.method not in SAFE:
            _refuse_foreign(call, call.visitor.csrf)
        if call.visitor.must_change and not (route.is_open or route.is_unchanged):
            raise MustChangeError("choose a password of your own first")
    elif call.visitor.scope is Scope.READ and call.method not in SAFE:
        raise ForbiddenError("this token only reads")


def _visitor(call: Call) -> Visitor | None:
    shown = call.headers.get("authorization")
    if shown is not None and Access.TOKEN in call.face.accesses:
        kind, _, said = shown.partition(" ")
        if kind.lower() != "bearer":
            raise SignInError("show a token: Authorization: Bearer …")
        found = _named(call, said.strip(), Access.TOKEN)
        if found is None:
            raise SignInError("this token names nobody, or nobody any more")
        return found
    said = call.cookies.get(call.settings.cookie, "")
    if said and Access.BROWSER in call.face.accesses:
        return _named(call, said, Access.BROWSER)
    return None


def _named(call: Call, said: str, access: Access) -> Visitor | None:
    visit = visit_of(call.crm, said, access, call.settings.limits)
    if visit is None:
        return None
    csrf = _bound(call, "session", said) if access is Access.BROWSER else ""
    return Visitor(
        *(visit.user, visit.login, visit.name, call.language, visit.access),
        scope=visit.scope,
        must_change=visit.must_change,
        sees=visit.sees,
        csrf=csrf,
    )


def _bound(call: Call, what: str, said: str) -> str:
    """A proof that only a page which we gave to the holder of this secret can send back."""
    return hmac.new(call.crm.secret, f"csrf\x00{what}\x00{said}".encode(), hashlib.sha256).hexdigest()


def form_token(call: Call) -> str:
    """What forms send back for somebody who has not signed in; of use with `with_form_cookie`."""
    held: str = call.memo.get(CSRF_COOKIE) or call.cookies.get(CSRF_COOKIE, "")
    if not 20 <= len(held) <= 100:
        if call.method not in SAFE:
            return ""
        held = secrets.token_urlsafe(24)
    call.memo[CSRF_COOKIE] = held
    return _bound(call, "form", held)


def with_form_cookie(call: Call, answer: Answer) -> Answer:
    """The answer with the cookie that `form_token` is bound to."""
    form_token(call)
    return answer.with_cookie(CSRF_COOKIE, call.memo[CSRF_COOKIE], secure=call.settings.is_secure)


def _refuse_foreign(call: Call, wanted: str) -> None:
    site = call.headers.get("sec-fetch-site")
    origin = call.headers.get("origin")
    ours = call.settings.origin or f"http://{call.headers.get('host', '')}"
    if site not in (None, "same-origin") or (origin is not None and origin.lower() != ours.lower()):
        raise ForbiddenError(_FOREIGN)
    shown = call.headers.get("x-csrf-token")
    if shown is None:
        try:
            shown = (call.form.get("csrf") or [""])[-1]
        except InvalidError:
            shown = ""
    if not wanted or not hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode()):
        raise ForbiddenError(_FOREIGN)


def language_of(settings: Settings, headers: Mapping[str, str]) -> str:
    """The language to answer in: what the person chose, else what the browser asks for."""
    known: Sequence[str] = settings.languages
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == LANGUAGE_COOKIE and value in known:
            return value
    asked: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "")[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for _, tag in sorted(asked, key=lambda one: one[0]) if tag in known), known[0])
