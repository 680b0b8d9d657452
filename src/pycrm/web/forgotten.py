"""The pages of a forgotten password, and what the messages say that lead to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pycrm.credential import ResetMade, is_reset
from pycrm.errors import RefusedError, SignInError
from pycrm.http import Answer as Sent
from pycrm.http import Call, Message, reset_by, send_link
from pycrm.web.face import sent, visit_of
from pycrm.web.problem import sentences
from pycrm.web.render import bare
from pycrm.web.visit import redirect

if TYPE_CHECKING:
    from pycrm.web.visit import Answer
    from pycrm.web.words import Words

__all__ = ["ask", "forgotten", "reset", "take"]

_SAVED = "The new password holds: sign in with it."


def forgotten(call: Call) -> Sent:
    """Where a link is asked for."""
    return sent(call, _asking(call))


def _asking(
    call: Call, status: int = 200, said: tuple[str, ...] = (), login: str = "", is_asked: bool = False
) -> Answer:
    visit = visit_of(call)
    return bare(
        *(visit, "forgotten.html", visit.words("A forgotten password")),
        status=status,
        said=said,
        login=login,
        is_asked=is_asked,
        sends=call.settings.messenger is not None and call.settings.passwords,
        minutes=round(call.settings.reset.total_seconds() / 60),
    )


def ask(call: Call) -> Sent:
    """Ask for a link: the answer is one and the same, whoever is asked for."""
    login, words = call.form.get("login", [""])[-1], visit_of(call).words
    try:
        return send_link(call, login, partial(_with_link, words), sent(call, _asking(call, is_asked=True)))
    except RefusedError as error:
        made = sent(call, _asking(call, error.status, tuple(sentences(words, error)), login))
        return (
            made.with_header("retry-after", str(error.data["seconds"])) if "seconds" in error.data else made
        )


def _with_link(words: Words, made: ResetMade, link: str) -> Message:
    lines = (
        words(
            "{name}, by this link you choose a new password for {login}:", name=made.name, login=made.login
        ),
        link,
        words("It is good once and for a short time. Whoever did not ask for it need not do anything."),
    )
    return Message(made.email or "", words("A new password"), "\n\n".join(lines) + "\n")


def reset(call: Call) -> Sent:
    """Where a password is chosen by a link; programs that look at links in mails use up none of them."""
    key = call.asked("key")
    return sent(call, _choosing(call, key if is_reset(call.crm, key) else ""))


def _choosing(call: Call, key: str, status: int = 200, said: tuple[str, ...] = ()) -> Answer:
    visit = visit_of(call)
    title = visit.words("A password of your own")
    return bare(visit, "reset.html", title, status=status if key else 410, said=said, key=key)


def take(call: Call) -> Sent:
    """Choose the password, and lead to the door."""
    key, new, again = (call.form.get(name, [""])[-1] for name in ("key", "password", "again"))
    words = visit_of(call).words
    if new != again:
        return sent(call, _choosing(call, key, 422, (words("The two were not the same."),)))
    try:
        done = reset_by(call, key, new, partial(_told, words))
    except SignInError:
        return sent(call, _choosing(call, ""))
    except RefusedError as error:
        return sent(call, _choosing(call, key, error.status, tuple(sentences(words, error))))
    made = sent(call, redirect("/sign-in", words(_SAVED)))
    return made if done.after is None else made.then(done.after)


def _told(words: Words, made: ResetMade, _: str) -> Message:
    lines = (
        words("{name}, the password of {login} was chosen anew by a link.", name=made.name, login=made.login),
        words("If that was not you, tell whoever keeps the users here at once."),
    )
    return Message(made.email or "", words("Your password was changed"), "\n\n".join(lines) + "\n")
