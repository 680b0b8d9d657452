"""What proves who somebody is: passwords, sessions of a browser, and tokens of programs.

Nothing in its tables lets anybody in: passwords are kept as argon2id hashes, sessions and tokens as
digests of secrets that were told once. Faces over HTTP ask here whom a secret names; what that person
may do is decided by the session that is opened for them.
"""

from pycrm.credential.door import count_try, end_session, end_sessions, sign_in, sign_in_proved, visit_of
from pycrm.credential.looking import begin_seeing, end_seeing
from pycrm.credential.model import Access, Opened, ResetMade, Scope, Seeing, TokenMade, TokenShown, Visit
from pycrm.credential.password import LEAST_LENGTH, change_password, set_password
from pycrm.credential.reset import ask_reset, is_reset, make_reset, reset_password, send_reset
from pycrm.credential.token import make_token, revoke_token, tokens

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
