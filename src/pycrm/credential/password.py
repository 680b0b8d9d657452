"""Passwords: which are taken, how they are kept, and whether one is right.

They are normalised to NFKC, since the same password is typed differently on different machines, and
hashed by argon2id over all their bytes: nothing is cut at a length or at a NUL. What is asked of them
is length and that nobody guesses them first (NIST SP 800-63B, 3.1.1): no signs of certain kinds.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.credential.door import end_sessions
from pycrm.credential.hashing import hashed, is_right, normal
from pycrm.credential.model import PasswordRow
from pycrm.credential.rows import insert
from pycrm.declare import Ref
from pycrm.entities.org import Action, User
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.scope.actor import bounds
from pycrm.session.act import Act

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["LEAST_LENGTH", "change_password", "keep", "refuse_weak", "set_password"]

#: The fewest signs of a password.
LEAST_LENGTH = 10
_LONGEST = 1000


@cache
def _common() -> frozenset[str]:
    """The passwords that are tried first, in small letters."""
    text = Path(__file__).with_name("common.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def refuse_weak(password: Any, login: str, name: str = "") -> None:
    """Refuse what nobody should use as a password.

    Raises:
        InvalidError: it is too short or too long, holds signs that cannot be typed, is one of those
            that are tried first, or is made of the person's own name.
    """
    message = _weakness(password, login, name)
    if message is not None:
        raise InvalidError(f"password: {message}", fields=[Problem("password", "rule", message)])


def _weakness(password: Any, login: str, name: str) -> str | None:
    if not isinstance(password, str):
        return "expected text"
    text = normal(password)
    if len(text) < LEAST_LENGTH:
        return f"use at least {LEAST_LENGTH} signs"
    if len(text) > _LONGEST:
        return f"use at most {_LONGEST} signs"
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn") for sign in text):
        return "it holds a sign that cannot be typed"
    if len(set(text)) < 4:
        return "it is the same few signs again and again"
    folded = text.casefold()
    stem = folded.strip("0123456789!?.-_ ")
    own = {word for word in (*login.casefold().split("@"), *name.casefold().split()) if len(word) >= 3}
    if folded in _common() or stem in _common():
        return "it is one of the passwords that are tried first"
    if stem in own or folded in own:
        return "it is made of your own name"
    return None


def set_password(session: Session, user: Any, password: str, *, is_temporary: bool = False) -> None:
    """Give a person a password; sessions and tokens that the person has end.

    Args:
        user: the record of the person.
        is_temporary: whether the person has to choose another one at the next sign-in.

    Raises:
        ForbiddenError: the actor may not change users.
        InvalidError: the password is too weak.
    """
    if bounds(session.actor, User, Action.UPDATE).nothing:
        raise ForbiddenError("this person's password is not yours to set")
    found = session.get(User, user.id)
    refuse_weak(password, found.login, found.name)
    with Act(session):
        keep(session.transaction, found.id, hashed(password), session.actor.ref, is_temporary=is_temporary)


def change_password(session: Session, current: str, password: str) -> None:
    """Give oneself another password; every session of oneself ends, and a new one has to be begun.

    Raises:
        InvalidError: the current password is another one, or the new one is too weak or the same.
    """
    if session.actor.id is None:
        raise ForbiddenError("only a person has a password")
    tx, table = session.transaction, PasswordRow.__table__.c
    rows = tx.fetch(sa.select(table.hash).where(table.user_id == session.actor.id))
    if not is_right(current, rows[0][0] if rows else None):
        wrong = Problem("current", "rule", "this is not your password")
        raise InvalidError(wrong.message, fields=[wrong])
    if normal(current) == normal(password):
        same = Problem("password", "rule", "choose another one than the present one")
        raise InvalidError(same.message, fields=[same])
    person = User.__table__.c
    refuse_weak(
        password, *tx.fetch(sa.select(person.login, person.name).where(person.id == session.actor.id))[0]
    )
    keep(session.transaction, session.actor.id, hashed(password), session.actor.ref)


def keep(tx: Transaction, user: UUID, hash: str, by: Ref[User] | None, *, is_temporary: bool = False) -> None:
    """Keep the hash of a new password; whatever let the person in before ends."""
    row = PasswordRow(
        user=Ref("User", user), hash=hash, changed_at=tx.moment, changed_by=by, is_temporary=is_temporary
    )
    table = PasswordRow.__table__
    tx.execute(sa.delete(table).where(table.c.user_id == user))
    insert(tx, row)
    end_sessions(tx, user)
