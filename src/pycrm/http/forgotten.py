"""Choosing a password anew by a link: what the pages' forms for it come to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from pycrm.credential import ResetMade, ask_reset, reset_password, send_reset
from pycrm.http.answer import Answer
from pycrm.http.call import Call
from pycrm.http.messenger import Message
from pycrm.http.settings import Settings
from pycrm.http.signing import refuse_passwords

__all__ = ["link_to", "reset_by", "send_link"]

#: What a message says to whom, with the link where there is one.
Letter = Callable[[ResetMade, str], Message]


def link_to(settings: Settings, made: ResetMade) -> str:
    """The address of the page on which a password is chosen by this link."""
    return f"{settings.address}/reset?{urlencode({'key': made.secret})}"


def send_link(call: Call, login: str, letter: Letter, answer: Answer) -> Answer:
    """The answer, after which the person of that login is sent a link, if there is one who can be.

    Args:
        letter: what the message says.

    Raises:
        ForbiddenError: nobody comes in by a password here.
        TooManyError: for this login or from this address too many were asked for within the last minute.
    """
    refuse_passwords(call)
    crm, settings, messenger = call.crm, call.settings, call.settings.messenger
    ask_reset(crm, login, place=call.address, limits=settings.limits)
    if messenger is None:
        return answer

    def act() -> None:
        made = send_reset(crm, login, lasts=settings.reset)
        if made is not None:
            messenger.send(letter(made, link_to(settings, made)))

    return answer.then(act)


def reset_by(call: Call, said: str, password: str, letter: Letter, *, to: str = "/") -> Answer:
    """Choose a password by a link, tell its person by a message, and lead on to a path of ours.

    The person has to sign in: whoever found the link in a mailbox is not let in without a further step.

    Raises:
        ForbiddenError: nobody comes in by a password here.
        SignInError: the link is no longer good.
        InvalidError: the password is too weak; the link stays good.
    """
    refuse_passwords(call)
    made, messenger = reset_password(call.crm, said, password), call.settings.messenger
    answer = Answer.redirect(to)
    if messenger is None or made.email is None:
        return answer
    return answer.then(lambda: messenger.send(letter(made, "")))
