"""How passwords are hashed and compared."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from pycrm.errors import DeclarationError

__all__ = ["hashed", "is_right", "normal"]

# What is longer is no password of ours, and hashing it would be work for nothing.
_MOST = 4000


@cache
def _hasher() -> Any:
    try:
        from pwdlib import PasswordHash
        from pwdlib.hashers.argon2 import Argon2Hasher
    except ModuleNotFoundError as error:
        raise DeclarationError(f"passwords need {error.name}: pip install 'pycrm[web]'") from error
    # OWASP Password Storage Cheat Sheet, the first of its equal choices: 46 MiB, one pass, one lane. Ten people
    # who sign in at once take half a gigabyte, and a core less than a second.
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=47104, parallelism=1),))


@cache
def _nobodys() -> str:
    """The hash that is compared with where there is none, so that this takes as long."""
    return hashed("nobody's password")


def normal(password: str) -> str:
    """The password in the one form in which it is hashed."""
    return unicodedata.normalize("NFKC", password)


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its salt and its parameters."""
    return str(_hasher().hash(normal(password)))


def is_right(password: Any, kept: str | None) -> bool:
    """Whether the password is the one whose hash is kept; it takes as long where none is."""
    kept_by_nobody = _nobodys()
    text = normal(password) if isinstance(password, str) and len(password) <= _MOST else ""
    try:
        found = bool(_hasher().verify(text, kept or kept_by_nobody))
    except UnicodeEncodeError:
        # Half a sign, which nobody can have typed.
        found = bool(_hasher().verify("", kept or kept_by_nobody))
    return found and kept is not None and text != ""
