"""Signing in, and whom the secret of a browser or of a program names.

Whoever knows no password learns nothing here: a name that there is and one that there is not take the
same time and get the same answer, and both are counted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from pycrm.credential.hashing import is_right
from pycrm.credential.looking import seeing_of
from pycrm.credential.model import (
    Access,
    AttemptRow,
    Limits,
    Opened,
    PasswordRow,
    ResetRow,
    Scope,
    SignInRow,
    TokenRow,
    Visit,
)
from pycrm.credential.rows import digest, insert, keyed, moment, secret
from pycrm.declare import Ref
from pycrm.entities.org import User, UserState
from pycrm.errors import SignInError, TooManyError
from pycrm.scope.actor import key, unkey
from pycrm.store.apart import reading, writing

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.store import Transaction

__all__ = ["TOKEN_MARK", "count_try", "end_session", "end_sessions", "sign_in", "sign_in_proved", "visit_of"]

#: How the secret of a token begins, so that people and scanners know one when they see it.
TOKEN_MARK = "pycrm_"
_WINDOW = timedelta(minutes=1)
# A session is noted as seen, and a token as used, this often at most: reading should write nothing.
_NOTED = timedelta(minutes=1)
_WRONG = "the name or the password is wrong"


def sign_in(
    crm: CRM, login: Any, password: Any, *, place: str, limits: Limits, former: str | None = None
) -> Opened:
    """Begin a session of a browser for whoever knows the password.

    Args:
        place: the address of the client.
        former: the secret that the browser held before; that session ends.

    Raises:
        SignInError: the name or the password is wrong, or the person may not sign in.
        TooManyError: this name or this address was tried too often within the last minute.
    """
    name = login if isinstance(login, str) else ""
    attempt = count_try(crm, name, place=place, limits=limits)
    found = _person(crm, name)
    right = is_right(password, None if found is None else found[3])
    if found is None or not right:
        raise SignInError(_WRONG)
    user, known, full, _, temporary = found
    visit = Visit(user, known, full, Access.BROWSER, must_change=temporary)
    return _begin(crm, visit, attempt, limits, former)


def sign_in_proved(
    crm: CRM, login: str, attempt: AttemptRow, *, limits: Limits, former: str | None = None
) -> Opened:
    """Begin a session of a browser for a person whom somebody else has proved, such as the company's own sign-in.

    Args:
        attempt: what `count_try` has counted before anything was asked.
        former: as of `sign_in`.

    Raises:
        SignInError: there is no such person, or one who may not sign in.
    """
    user = User.__table__.c
    found = []
    if "\x00" not in login and login.encode("utf-8", "ignore").decode() == login:
        with reading(crm) as tx:
            found = tx.fetch(
                sa.select(user.id, user.login, user.name).where(user.login == login, *_may_sign_in(user))
            )
    if not found:
        raise SignInError("nobody is known here by this account")
    id = unkey(found[0][0])
    assert id is not None
    visit = Visit(id, found[0][1], found[0][2], Access.BROWSER)
    return _begin(crm, visit, attempt, limits, former, is_proved=True)


def _begin(
    crm: CRM,
    visit: Visit,
    attempt: AttemptRow,
    limits: Limits,
    former: str | None,
    *,
    is_proved: bool = False,
) -> Opened:
    made, user = secret(), visit.user
    with writing(crm) as tx:
        if former is not None:
            _delete(tx, SignInRow, SignInRow.__table__.c.id == digest(former))
        _delete(tx, AttemptRow, AttemptRow.__table__.c.login == attempt.login)
        _delete(tx, SignInRow, SignInRow.__table__.c.until < tx.moment)
        until = tx.moment + limits.longest
        row = SignInRow(
            id=digest(made),
            user=Ref("User", user),
            at=tx.moment,
            seen_at=tx.moment,
            until=until,
            is_proved=is_proved,
        )
        insert(tx, row)
    return Opened(made, visit)


def count_try(crm: CRM, login: str, *, place: str, limits: Limits, what: str = "") -> AttemptRow:
    """Count one more try, before anything is compared: many at once are not more than one by one.

    Args:
        what: of which kind, where it is none to sign in; each kind is counted by itself.

    Raises:
        TooManyError: this name or this address was tried too often within the last minute.
    """
    name, address = named(crm, login, what), keyed(crm, f"{what}place", place)
    table = AttemptRow.__table__
    with writing(crm) as tx:
        one_by_one(tx, name, address)
        since = table.c.at > tx.moment - _WINDOW
        for column, value in ((table.c.login, name), (table.c.place, address)):
            rows = tx.fetch(
                sa.select(table.c.at)
                .where(column == value, since)
                .order_by(table.c.at.desc())
                .limit(limits.tries)
            )
            if len(rows) == limits.tries:
                first = moment(tx, rows[-1][0])
                assert first is not None
                wait = (first + _WINDOW - tx.moment).total_seconds()
                raise TooManyError("too many tries: wait a minute", seconds=max(1, round(wait)))
        made = AttemptRow(id=uuid4(), at=tx.moment, login=name, place=address)
        _delete(tx, AttemptRow, table.c.at < tx.moment - 60 * _WINDOW)
        insert(tx, made)
    return made


def named(crm: CRM, login: str, what: str = "") -> UUID:
    """The keyed hash under which tries of a login are counted."""
    return keyed(crm, f"{what}login", login.strip().casefold()[:200])


def one_by_one(tx: Transaction, *counted: UUID) -> None:
    """Wait for others who count the same; on SQLite writers wait for each other anyway."""
    if tx.dialect == "postgresql":
        for one in sorted(each.int for each in counted):
            tx.run("SELECT pg_advisory_xact_lock(%s)", [one % 2**63])


def _person(crm: CRM, login: str) -> tuple[UUID, str, str, str, bool] | None:
    """Id, login, name, hash and whether the password is temporary, of a person who may sign in."""
    user, kept = User.__table__.c, PasswordRow.__table__.c
    statement = (
        sa.select(user.id, user.login, user.name, kept.hash, kept.is_temporary)
        .select_from(User.__table__.join(PasswordRow.__table__, kept.user_id == user.id))
        .where(user.login == login, user.archived_at.is_(None), user.state == UserState.ACTIVE.value)
    )
    try:
        with reading(crm) as tx:
            rows = tx.fetch(statement)
    except UnicodeEncodeError:
        return None
    if not rows or "\x00" in login:
        return None
    id, known, full, hash, temporary = rows[0]
    found = unkey(id)
    assert found is not None
    return found, known, full, hash, bool(temporary)


def visit_of(crm: CRM, said: str, access: Access, limits: Limits) -> Visit | None:
    """Whom a secret names by now; None where it names nobody, or nobody any more."""
    if len(said) > 200:
        return None
    return _browser(crm, said, limits) if access is Access.BROWSER else _program(crm, said)


def _browser(crm: CRM, said: str, limits: Limits) -> Visit | None:
    with reading(crm) as tx:
        text, _ = tx.store.text("visit", _browsers)
        row = tx.run(text, [key(tx, digest(said))]).fetchone()
        now = tx.moment
    if row is None:
        return None
    user, login, name, temporary = row[:4]
    seen, until = moment(tx, row[4]), moment(tx, row[5])
    assert seen is not None
    assert until is not None
    if now >= until or now >= seen + limits.idle:
        end_session(crm, said)
        return None
    if now >= seen + _NOTED:
        table = SignInRow.__table__
        with writing(crm) as tx:
            tx.execute(sa.update(table).where(table.c.id == digest(said)).values(seen_at=now))
    found = unkey(user)
    assert found is not None
    sees = seeing_of(unkey(row[7]), row[8], moment(tx, row[9]), now)
    return Visit(found, login, name, Access.BROWSER, must_change=bool(temporary and not row[6]), sees=sees)


def _browsers() -> Any:
    user, kept, held = User.__table__.c, PasswordRow.__table__.c, SignInRow.__table__.c
    joined = SignInRow.__table__.join(User.__table__, user.id == held.user_id).outerjoin(
        PasswordRow.__table__, kept.user_id == user.id
    )
    return (
        sa.select(
            *(user.id, user.login, user.name, kept.is_temporary),
            *(held.seen_at, held.until, held.is_proved, held.sees_id, held.sees_because, held.sees_since),
        )
        .select_from(joined)
        .where(held.id == sa.bindparam("id", type_=held.id.type), *_may_sign_in(user))
    )


def _program(crm: CRM, said: str) -> Visit | None:
    if not said.startswith(TOKEN_MARK):
        return None
    with reading(crm) as tx:
        text, _ = tx.store.text("token", _programs)
        row = tx.run(text, [key(tx, digest(said))]).fetchone()
        now = tx.moment
    if row is None:
        return None
    user, login, name, scope = row[:4]
    until, used = moment(tx, row[4]), moment(tx, row[5])
    assert until is not None
    if now >= until:
        return None
    if used is None or now >= used + _NOTED:
        table = TokenRow.__table__
        with writing(crm) as tx:
            tx.execute(sa.update(table).where(table.c.digest == digest(said)).values(used_at=now))
    found = unkey(user)
    assert found is not None
    return Visit(found, login, name, Access.TOKEN, Scope(scope))


def _programs() -> Any:
    user, held = User.__table__.c, TokenRow.__table__.c
    return (
        sa.select(user.id, user.login, user.name, held.scope, held.until, held.used_at)
        .select_from(TokenRow.__table__.join(User.__table__, user.id == held.user_id))
        .where(
            held.digest == sa.bindparam("digest", type_=held.digest.type),
            held.revoked_at.is_(None),
            *_may_sign_in(user),
        )
    )


def _may_sign_in(user: Any) -> tuple[Any, ...]:
    return user.archived_at.is_(None), user.state == sa.literal_column(f"'{UserState.ACTIVE.value}'")


def end_session(crm: CRM, said: str) -> None:
    """End the session of a browser: its secret names nobody any more."""
    with writing(crm) as tx:
        _delete(tx, SignInRow, SignInRow.__table__.c.id == digest(said))


def end_sessions(tx: Transaction, user: UUID) -> None:
    """End every session, token and link to a new password that a person has, with the transaction."""
    _delete(tx, SignInRow, SignInRow.__table__.c.user_id == user)
    _delete(tx, ResetRow, ResetRow.__table__.c.user_id == user)
    table = TokenRow.__table__
    held = sa.update(table).where(table.c.user_id == user, table.c.revoked_at.is_(None))
    tx.execute(held.values(revoked_at=tx.moment))


def _delete(tx: Transaction, cls: Any, condition: Any) -> None:
    tx.execute(sa.delete(cls.__table__).where(condition))
