"""Beginning and ending a session of a browser: what the pages' forms for it come to."""

from __future__ import annotations

from datetime import timedelta

from pycrm.credential import change_password, count_try, end_session, sign_in
from pycrm.http.admit import LANGUAGE_COOKIE
from pycrm.http.answer import Answer
from pycrm.http.call import Call

__all__ = ["choose_language", "choose_password", "sign_in_by", "sign_out"]

_YEAR = timedelta(days=365)


def sign_in_by(call: Call, login: str, password: str, *, to: str = "/") -> Answer:
    """Let the person in who knows the password, under a new session id, and lead on to a path of ours.

    Raises:
        SignInError: name or password are wrong: one answer, and as slow, whichever it is.
        TooManyError: this name or this address was tried too often.
    """
    former = call.cookies.get(call.settings.cookie)
    opened = sign_in(
        call.crm, login, password, place=call.address, limits=call.settings.limits, former=former
    )
    return _held(call, Answer.redirect(to), opened.secret)


def sign_out(call: Call, *, to: str = "/") -> Answer:
    """End the session that the browser holds, here and not only in the browser."""
    said = call.cookies.get(call.settings.cookie)
    if said:
        end_session(call.crm, said)
    return _held(call, Answer.redirect(to), "")


def choose_password(call: Call, current: str, password: str, *, to: str = "/") -> Answer:
    """Give the visitor another password; every session of theirs ends, and this browser gets a new one.

    Raises:
        InvalidError: the current password is another one, or the new one is too weak or the same.
        TooManyError: the current password was tried too often.
    """
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


def _held(call: Call, answer: Answer, secret: str) -> Answer:
    return answer.with_cookie(
        call.settings.cookie, secret, secure=call.settings.is_secure, age=call.settings.longest
    )
