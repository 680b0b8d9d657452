"""What both faces over HTTP share: who comes in, what is refused before any verb runs, how errors look.

A face is a list of `Route`s, each a plain function of one `Call` that gives an `Answer`. It runs in a
thread of its own, so it reads and writes by a session as any other program does; neither it nor this
room knows anything of ASGI beyond `pycrm.http.desk`, nor of SQLAlchemy at all.
"""

from pycrm.http.admit import form_token, with_form_cookie
from pycrm.http.answer import Answer, is_ours
from pycrm.http.call import Call, Visitor
from pycrm.http.desk import Desk
from pycrm.http.face import Face, MustChangeError
from pycrm.http.forgotten import link_to, reset_by, send_link
from pycrm.http.form import Upload
from pycrm.http.messenger import ConsoleMessenger, FileMessenger, Message, Messenger, SmtpMessenger
from pycrm.http.oidc import Oidc
from pycrm.http.problem import problem
from pycrm.http.route import Route
from pycrm.http.settings import Settings
from pycrm.http.signing import (
    BACK,
    choose_language,
    choose_password,
    look_as,
    look_no_more,
    sign_in_away,
    sign_in_back,
    sign_in_by,
    sign_out,
)

__all__ = [
    "BACK",
    "Answer",
    "Call",
    "ConsoleMessenger",
    "Desk",
    "Face",
    "FileMessenger",
    "Message",
    "Messenger",
    "MustChangeError",
    "Oidc",
    "Route",
    "Settings",
    "SmtpMessenger",
    "Upload",
    "Visitor",
    "choose_language",
    "choose_password",
    "form_token",
    "is_ours",
    "link_to",
    "look_as",
    "look_no_more",
    "problem",
    "reset_by",
    "send_link",
    "sign_in_away",
    "sign_in_back",
    "sign_in_by",
    "sign_out",
    "with_form_cookie",
]
