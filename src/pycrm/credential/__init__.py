"""What proves who somebody is: passwords, sessions of a browser, and tokens of programs.

Nothing in its tables lets anybody in: passwords are kept as argon2id hashes, sessions and tokens as
digests of secrets that were told once. Faces over HTTP ask here whom a secret names; what that person
may do is decided by the session that is opened for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.credential.door import count_try as count_try
    from pycrm.credential.door import end_session as end_session
    from pycrm.credential.door import end_sessions as end_sessions
    from pycrm.credential.door import sign_in as sign_in
    from pycrm.credential.door import sign_in_proved as sign_in_proved
    from pycrm.credential.door import visit_of as visit_of
    from pycrm.credential.looking import begin_seeing as begin_seeing
    from pycrm.credential.looking import end_seeing as end_seeing
    from pycrm.credential.model import Access as Access
    from pycrm.credential.model import Opened as Opened
    from pycrm.credential.model import ResetMade as ResetMade
    from pycrm.credential.model import Scope as Scope
    from pycrm.credential.model import Seeing as Seeing
    from pycrm.credential.model import TokenMade as TokenMade
    from pycrm.credential.model import TokenShown as TokenShown
    from pycrm.credential.model import Visit as Visit
    from pycrm.credential.password import LEAST_LENGTH as LEAST_LENGTH
    from pycrm.credential.password import change_password as change_password
    from pycrm.credential.password import set_password as set_password
    from pycrm.credential.reset import ask_reset as ask_reset
    from pycrm.credential.reset import is_reset as is_reset
    from pycrm.credential.reset import make_reset as make_reset
    from pycrm.credential.reset import reset_password as reset_password
    from pycrm.credential.reset import send_reset as send_reset
    from pycrm.credential.token import make_token as make_token
    from pycrm.credential.token import revoke_token as revoke_token
    from pycrm.credential.token import tokens as tokens

_HOMES = {
    "door": ("count_try", "end_session", "end_sessions", "sign_in", "sign_in_proved", "visit_of"),
    "looking": ("begin_seeing", "end_seeing"),
    "model": ("Access", "Opened", "ResetMade", "Scope", "Seeing", "TokenMade", "TokenShown", "Visit"),
    "password": ("LEAST_LENGTH", "change_password", "set_password"),
    "reset": ("ask_reset", "is_reset", "make_reset", "reset_password", "send_reset"),
    "token": ("make_token", "revoke_token", "tokens"),
}

__all__ = [
    "LEAST_LENGTH",
    "Access",
    "Opened",
    "ResetMade",
    "Scope",
    "Seeing",
    "TokenMade",
    "TokenShown",
    "Visit",
    "ask_reset",
    "begin_seeing",
    "change_password",
    "count_try",
    "end_seeing",
    "end_session",
    "end_sessions",
    "is_reset",
    "make_reset",
    "make_token",
    "reset_password",
    "revoke_token",
    "send_reset",
    "set_password",
    "sign_in",
    "sign_in_proved",
    "tokens",
    "visit_of",
]

__getattr__ = on_demand(__name__, _HOMES)
