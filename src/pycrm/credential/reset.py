"""Links by which people who forgot their password choose another one.

Whoever asks for a link learns nothing of whether there is such a login: what is answered, and what is
done before the answer, is the same for all. `ask_reset` only counts; `send_reset` makes the link, after
the answer, and does the same work for a login that there is not. A link is good once and for a short time, and
ends with the password that it was made for, with the person's right to sign in, and with the person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.credential.door import count_try, named, one_by_one
from pycrm.credential.hashing import hashed
from pycrm.credential.model import Limits, PasswordRow, ResetMade, ResetRow
from pycrm.credential.password import keep, refuse_weak
from pycrm.credential.rows import digest, insert, secret
from pycrm.declare import Ref
from pycrm.entities.org import Action, User, UserState
from pycrm.errors import ForbiddenError, InvalidError, Problem, SignInError
from pycrm.scope.actor import bounds, unkey
from pycrm.session.act import Act
from pycrm.store.apart import reading, writing

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["ask_reset", "is_reset", "make_reset", "reset_password", "send_reset"]

_WHAT = "reset "
# So many links are sent for one login within an hour, however many ask: a mailbox is not to be filled.
_MOST, _HOUR = 3, timedelta(hours=1)
_LONGEST_HOURS = 7 * 24
_OVER = "this link is no longer good: ask for another one"


def ask_reset(crm: CRM, login: str, *, place: str, limits: Limits) -> None:
    """Count that a link is asked for; `send_reset` makes it once this was answered.

    Raises:
        TooManyError: for this login or from this address too many were asked for within the last minute.
    """
    count_try(crm, login, place=place, limits=limits, what=_WHAT)


def send_reset(crm: CRM, login: str, *, lasts: timedelta) -> ResetMade | None:
    """Make a link for the person of that login; None where nobody is to be sent one.

    That is who has no password or no mailbox, may not sign in, or was sent three within the hour.
    """
    if "\x00" in login or not _is_text(login):
        return None
    counted = named(crm, login, _WHAT)
    said = secret()
    table = ResetRow.__table__
    with writing(crm) as tx:
        one_by_one(tx, counted)
        recent = sa.select(table.c.id).where(table.c.login == counted, table.c.at > tx.moment - _HOUR)
        sent = tx.fetch(recent.limit(_MOST))
        found = tx.fetch(_forgetful(login))
        # Those within the hour are still counted when they are over.
        tx.execute(sa.delete(table).where(table.c.until < tx.moment - _HOUR))
        if len(sent) == _MOST:
            return None
        id, known, name, email = found[0] if found else (None, "", "", None)
        row = _row(tx, said, unkey(id), counted, lasts)
        insert(tx, row)
    return ResetMade(said, known, name, email, row.until) if found else None


def _is_text(login: str) -> bool:
    """Whether it can be asked of a database: half a sign cannot."""
    return login.encode("utf-8", "ignore").decode() == login


def _forgetful(login: str) -> Any:
    """Who has that login, a password and a mailbox, and may sign in: id, login, name, mailbox."""
    user, kept = User.__table__.c, PasswordRow.__table__.c
    return (
        sa.select(user.id, user.login, user.name, user.email)
        .select_from(User.__table__.join(PasswordRow.__table__, kept.user_id == user.id))
        .where(user.login == login.strip(), user.email.is_not(None), *_may_sign_in())
    )


def _may_sign_in() -> tuple[Any, ...]:
    user = User.__table__.c
    return user.archived_at.is_(None), user.state == UserState.ACTIVE.value


def _row(tx: Transaction, said: str, user: UUID | None, counted: UUID, lasts: timedelta) -> ResetRow:
    return ResetRow(
        id=digest(said),
        user=None if user is None else Ref("User", user),
        login=counted,
        at=tx.moment,
        until=tx.moment + lasts,
    )


def make_reset(session: Session, user: Any, *, hours: int = 24) -> ResetMade:
    """Make a link for a person, also for one who never had a password; it is handed over by other means.

    Args:
        user: the record of the person.
        hours: after how many the link ends, 1 to 168.

    Raises:
        ForbiddenError: the actor may not change users, or this person may not sign in.
        InvalidError: too long a time.
    """
    if bounds(session.actor, User, Action.UPDATE).nothing:
        raise ForbiddenError("this person's password is not yours to set")
    if type(hours) is not int or not 1 <= hours <= _LONGEST_HOURS:
        wrong = Problem("hours", "range", f"a link lasts 1 to {_LONGEST_HOURS} hours")
        raise InvalidError(wrong.message, fields=[wrong])
    found = session.get(User, user.id)
    if found.state is not UserState.ACTIVE or found.archived_at is not None:
        raise ForbiddenError("this person may not sign in")
    said = secret()
    with Act(session):
        counted = named(session.crm, found.login, _WHAT)
        row = _row(session.transaction, said, found.id, counted, timedelta(hours=hours))
        insert(session.transaction, row)
    return ResetMade(said, found.login, found.name, found.email, row.until)


def is_reset(crm: CRM, said: str) -> bool:
    """Whether a link is good by now; looking at it does not use it up."""
    with reading(crm) as tx:
        return _person(tx, said) is not None


def reset_password(crm: CRM, said: str, password: str) -> ResetMade:
    """Choose a password by a link, which is used up; every session, token and other link of the person ends.

    Returns:
        Whose password it was, to tell the person; its secret is good for nothing any more.

    Raises:
        SignInError: the link is no longer good.
        InvalidError: the password is too weak; the link stays good.
    """
    with reading(crm) as tx:
        found = _person(tx, said)
    if found is None:
        raise SignInError(_OVER)
    refuse_weak(password, *found[1:3])
    # Takes its time by purpose, so no other writer waits for it.
    hash = hashed(password)
    table = ResetRow.__table__
    with writing(crm) as tx:
        # Of several who use it at once one deletes the row, and only as long as the person may sign in.
        still = _person(tx, said)
        if still is None or not tx.execute(sa.delete(table).where(table.c.id == digest(said))):
            raise SignInError(_OVER)
        keep(tx, found[0], hash, None)
        return ResetMade("", *found[1:], tx.moment)


def _person(tx: Transaction, said: str) -> tuple[UUID, str, str, str | None] | None:
    """Id, login, name and mailbox of whom a link is for; None where it is no longer good."""
    if not 40 <= len(said) <= 50:
        return None
    user, held = User.__table__.c, ResetRow.__table__.c
    rows = tx.fetch(
        sa.select(user.id, user.login, user.name, user.email)
        .select_from(ResetRow.__table__.join(User.__table__, user.id == held.user_id))
        .where(held.id == digest(said), held.until > tx.moment, *_may_sign_in())
    )
    if not rows:
        return None
    id = unkey(rows[0][0])
    assert id is not None
    return id, rows[0][1], rows[0][2], rows[0][3]
