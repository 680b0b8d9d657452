"""Signing in and out, a password of one's own, language and colours, and the files of the pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import UUID

from pycrm.errors import ForbiddenError, NotFoundError, RefusedError
from pycrm.http import Answer as Sent
from pycrm.http import (
    Call,
    choose_language,
    choose_password,
    look_as,
    look_no_more,
    sign_in_away,
    sign_in_back,
    sign_in_by,
    sign_out,
)
from pycrm.web.face import THEME, sent, visit_of
from pycrm.web.problem import sentences
from pycrm.web.render import bare
from pycrm.web.visit import READS_ONLY

if TYPE_CHECKING:
    from pycrm.web.visit import Answer

__all__ = [
    "away",
    "back",
    "enter",
    "leave",
    "look",
    "look_away",
    "password",
    "settle",
    "sign_in",
    "static",
    "take_password",
]

_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_THEMES = ("auto", "light", "dark")


def sign_in(call: Call) -> Sent:
    """The door."""
    return sent(call, _door(call, 200, (), ""))


def _door(call: Call, status: int, said: tuple[str, ...], login: str) -> Answer:
    visit = visit_of(call)
    title = visit.words("Sign in")
    to = call.form.get("to", [""])[-1] if call.method == "POST" else call.asked("to")
    oidc = call.settings.oidc
    company = None if oidc is None else visit.words(oidc.label)
    ways = {"company": company, "passwords": call.settings.passwords}
    return bare(visit, "sign-in.html", title, status=status, to=to, said=said, login=login, **ways)


def enter(call: Call) -> Sent:
    """Let somebody in, or say that name or password are wrong, and never which."""
    login, password, to = (call.form.get(name, [""])[-1] for name in ("login", "password", "to"))
    try:
        return sign_in_by(call, login, password, to=to or "/")
    except RefusedError as error:
        return _refused(call, error, login)


def _refused(call: Call, error: RefusedError, login: str) -> Sent:
    words = visit_of(call).words
    made = sent(call, _door(call, error.status, tuple(sentences(words, error)), login))
    if "seconds" in error.data:
        made.with_header("retry-after", str(error.data["seconds"]))
    return made


def away(call: Call) -> Sent:
    """To the company's own sign-in."""
    return sign_in_away(call, to=call.asked("to") or "/")


def back(call: Call) -> Sent:
    """Back from the company's own sign-in: in, or at the door with what is wrong."""
    try:
        return sign_in_back(call)
    except RefusedError as error:
        if isinstance(error, NotFoundError):
            raise
        return _refused(call, error, "")


def leave(call: Call) -> Sent:
    """Out of the door."""
    return sign_out(call, to="/sign-in")


def password(call: Call) -> Sent:
    """The form of a new password."""
    return sent(call, _password(call, 200, ()))


def _password(call: Call, status: int, said: tuple[str, ...]) -> Answer:
    visit = visit_of(call)
    must = call.who.must_change
    return bare(visit, "password.html", visit.words("Password"), status=status, said=said, must=must)


def take_password(call: Call) -> Sent:
    """Choose another password; every session of this person ends but this one."""
    current, new, again = (call.form.get(name, [""])[-1] for name in ("current", "password", "again"))
    words = visit_of(call).words
    if new != again:
        return sent(call, _password(call, 422, (words("The two were not the same."),)))
    try:
        return choose_password(call, current, new)
    except RefusedError as error:
        return sent(call, _password(call, error.status, tuple(sentences(words, error))))


def look(call: Call) -> Sent:
    """From now on the pages show what that person sees."""
    if call.who.sees is not None:
        raise ForbiddenError(READS_ONLY)
    try:
        user = UUID(call.path["id"])
    except ValueError:
        raise NotFoundError("no such user") from None
    return look_as(call, user, call.form.get("because", [""])[-1])


def look_away(call: Call) -> Sent:
    """The pages show what their own visitor sees again."""
    seen = call.who.sees
    return look_no_more(call, to="/" if seen is None else f"/users/{seen.user}")


def settle(call: Call) -> Sent:
    """The language and the colours that this browser is answered in from now on."""
    back = call.form.get("back", ["/"])[-1]
    theme = call.form.get("theme", [""])[-1]
    made = choose_language(call, call.form.get("language", [""])[-1], to=back)
    if theme in _THEMES:
        from datetime import timedelta

        secure = call.settings.is_secure
        made.with_cookie(THEME, theme, secure=secure, age=timedelta(days=365))
    return made


@cache
def _file(name: str) -> tuple[bytes, str] | None:
    ending = name.rpartition(".")[2]
    path = files("pycrm.web") / "static" / name
    # No part of a path: what is served lies in one folder.
    if ending not in _MEDIA or "/" in name or "\\" in name or name.startswith(".") or not path.is_file():
        return None
    return path.read_bytes(), f"{_MEDIA[ending]}; charset=utf-8"


def static(call: Call) -> Sent:
    """A file of the pages; its address holds the release, so that it may be kept for long."""
    found = _file(call.path["name"])
    if found is None:
        return call.face.unknown(call, 404, "not_found")
    return Sent(200, found[0], found[1], cached="public, max-age=86400")
