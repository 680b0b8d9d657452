"""Beginning and ending a session of a browser: what the pages' forms for it come to."""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

from pycrm.credential import (
    begin_seeing,
    change_password,
    count_try,
    end_seeing,
    end_session,
    sign_in,
    sign_in_proved,
)
from pycrm.errors import DeclarationError, ForbiddenError, NotFoundError, SignInError
from pycrm.http.admit import LANGUAGE_COOKIE
from pycrm.http.answer import Answer
from pycrm.http.call import Call
from pycrm.http.oidc import LASTS, Provider, Way, provider
from pycrm.revision.looking import Look

__all__ = [
    "BACK",
    "choose_language",
    "choose_password",
    "look_as",
    "look_no_more",
    "refuse_passwords",
    "sign_in_away",
    "sign_in_back",
    "sign_in_by",
    "sign_out",
]

_YEAR = timedelta(days=365)


def refuse_passwords(call: Call) -> None:
    """Refuse whatever is about passwords where nobody comes in by one."""
    if not call.settings.passwords:
        raise ForbiddenError("people come in here by the company's own sign-in")


def sign_in_by(call: Call, login: str, password: str, *, to: str = "/") -> Answer:
    """Let the person in who knows the password, under a new session id, and lead on to a path of ours.

    Raises:
        ForbiddenError: nobody comes in by a password here (`Settings.passwords`).
        SignInError: name or password are wrong: one answer, and as slow, whichever it is.
        TooManyError: this name or this address was tried too often.
    """
    refuse_passwords(call)
    former = call.cookies.get(call.settings.cookie)
    opened = sign_in(
        call.crm, login, password, place=call.address, limits=call.settings.limits, former=former
    )
    return _held(call, Answer.redirect(to), opened.secret)


#: Holds the way to the company's own sign-in and back, until it was gone.
_WAY = "pycrm_way"
#: Where the issuer sends people back to.
BACK = "/sign-in/company/back"


def sign_in_away(call: Call, *, to: str = "/") -> Answer:
    """Send the browser to the company's own sign-in, from where it comes back to `sign_in_back`.

    Raises:
        NotFoundError: none is declared (`Settings.oidc`).
        StoreError: the issuer does not answer.
    """
    asked, now = _provider(call), call.crm.clock.now()
    way = Way.new(now, to)
    answer = Answer.away(asked.address(way, call.settings.address + BACK, now))
    secure = call.settings.is_secure
    return answer.with_cookie(_WAY, way.sealed(call.crm), secure=secure, age=LASTS)


def sign_in_back(call: Call) -> Answer:
    """Let in whom the company's own sign-in has proved, under a new session id, and lead on to where they wanted.

    Raises:
        SignInError: this browser began no such way, or nobody is known here by the account.
        TooManyError: from this address it was tried too often.
        StoreError: the issuer does not answer.
    """
    asked, now = _provider(call), call.crm.clock.now()
    limits = call.settings.limits
    # Of the person nothing is known yet, so that tries of the address alone are counted.
    attempt = count_try(call.crm, call.address, place=call.address, limits=limits, what="company ")
    way = Way.opened(call.crm, call.cookies.get(_WAY, ""), now)
    said = call.asked("state")
    if way is None or not hmac.compare_digest(way.state.encode(), said.encode("utf-8", "replace")):
        raise SignInError("begin the sign-in anew: this one took too long, or was begun elsewhere")
    # Who answers for another issuer sends a code that is not for us (RFC 9207).
    if call.asked("iss", asked.oidc.issuer) != asked.oidc.issuer or not call.asked("code"):
        raise SignInError("the account was not shown")
    login = asked.login(way, call.asked("code"), call.settings.address + BACK, now)
    former = call.cookies.get(call.settings.cookie)
    opened = sign_in_proved(call.crm, login, attempt, limits=limits, former=former)
    answer = _held(call, Answer.redirect(way.to), opened.secret)
    return answer.with_cookie(_WAY, "", secure=call.settings.is_secure)


def _provider(call: Call) -> Provider:
    if call.settings.oidc is None:
        raise NotFoundError("no such page")
    try:
        import joserfc  # noqa: F401
    except ModuleNotFoundError as error:
        raise DeclarationError(
            f"the company's sign-in needs {error.name}: pip install 'pycrm[web]'"
        ) from error
    return provider(call.crm, call.settings.oidc)


def sign_out(call: Call, *, to: str = "/") -> Answer:
    """End the session that the browser holds, here and not only in the browser."""
    said = call.cookies.get(call.settings.cookie)
    if said:
        end_session(call.crm, said)
    return _held(call, Answer.redirect(to), "")


def choose_password(call: Call, current: str, password: str, *, to: str = "/") -> Answer:
    """Give the visitor another password; every session of theirs ends, and this browser gets a new one.

    Raises:
        ForbiddenError: nobody comes in by a password here (`Settings.passwords`).
        InvalidError: the current password is another one, or the new one is too weak or the same.
        TooManyError: the current password was tried too often.
    """
    refuse_passwords(call)
    login = call.who.login
    # Guessing the present password is a try to sign in, and counted as one.
    count_try(call.crm, login, place=call.address, limits=call.settings.limits)
    call.run(lambda session: change_password(session, current, password))
    return sign_in_by(call, login, password, to=to)


def choose_language(call: Call, language: str, *, to: str = "/") -> Answer:
    """Answer this browser in that language from now on; one that there is not changes nothing."""
    answer = Answer.redirect(to)
    if language not in call.settings.languages:
        return answer
    return answer.with_cookie(LANGUAGE_COOKIE, language, secure=call.settings.is_secure, age=_YEAR)


def look_as(call: Call, user: UUID, because: str, *, to: str = "/") -> Answer:
    """Let the pages of this browser's session show what somebody else sees, for an hour at most, and lead on.

    Raises:
        NotFoundError, ForbiddenError, InvalidError: as of `CRM.view`.
    """
    with call.crm.view(Look(call.who.user, user, because, "begun"), source=call.face.source):
        pass
    begin_seeing(call.crm, call.cookies.get(call.settings.cookie, ""), user, because)
    return Answer.redirect(to)


def look_no_more(call: Call, *, to: str = "/") -> Answer:
    """Let the pages show what their own person sees again."""
    end_seeing(call.crm, call.cookies.get(call.settings.cookie, ""))
    return Answer.redirect(to)


def _held(call: Call, answer: Answer, secret: str) -> Answer:
    return answer.with_cookie(
        call.settings.cookie, secret, secure=call.settings.is_secure, age=call.settings.longest
    )
