"""Tokens: the way in for programs, in the name of a person and never beyond what that person may do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from pycrm.credential.door import TOKEN_MARK
from pycrm.credential.model import Scope, TokenMade, TokenRow, TokenShown
from pycrm.credential.rows import digest, insert, moment, secret
from pycrm.entities.org import Action, User
from pycrm.errors import ForbiddenError, InvalidError, NotFoundError, Problem
from pycrm.scope.actor import bounds, unkey
from pycrm.session.act import Act
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["make_token", "revoke_token", "tokens"]

_LONGEST_DAYS = 366


def make_token(session: Session, name: str, *, scope: Scope = Scope.READ, days: int = 90) -> TokenMade:
    """Make a token for oneself; its secret is told this once.

    Args:
        name: what it is for, up to 100 characters.
        days: after how many it ends, 1 to 366.

    Raises:
        InvalidError: no name, or too long a time.
        ForbiddenError: the actor is no person.
    """
    actor = session.actor
    if actor.ref is None:
        raise ForbiddenError("only a person has tokens")
    problems = []
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        problems.append(Problem("name", "required", "say in up to 100 characters what it is for"))
    if type(days) is not int or not 1 <= days <= _LONGEST_DAYS:
        problems.append(Problem("days", "range", f"a token lasts 1 to {_LONGEST_DAYS} days"))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)
    said = TOKEN_MARK + secret()
    with Act(session):
        row = TokenRow(
            id=uuid4(),
            digest=digest(said),
            user=actor.ref,
            name=clean_text(name.strip()),
            scope=scope,
            at=session.now,
            until=session.now + timedelta(days=days),
        )
        insert(session.transaction, row)
    return TokenMade(said, TokenShown(row.id, actor.name, row.name, scope, row.at, row.until, None, None))


def tokens(session: Session) -> list[TokenShown]:
    """The actor's own tokens, newest first; those of everybody for whoever may change users."""
    tx, table, user = session.transaction, TokenRow.__table__.c, User.__table__.c
    statement = (
        sa.select(
            *(table.id, user.login, table.name, table.scope),
            *(table.at, table.until, table.used_at, table.revoked_at),
        )
        .select_from(TokenRow.__table__.join(User.__table__, user.id == table.user_id))
        .order_by(table.at.desc(), table.id)
    )
    if not _keeps_users(session):
        statement = statement.where(table.user_id == session.actor.id)
    return [_shown(tx, row) for row in tx.fetch(statement)]


def _shown(tx: Any, row: Any) -> TokenShown:
    id, login, name, scope, *times = row
    return TokenShown(unkey(id), login, name, Scope(scope), *(moment(tx, one) for one in times))  # type: ignore[arg-type]


def revoke_token(session: Session, id: UUID) -> None:
    """End a token; it names nobody from the commit on.

    Raises:
        NotFoundError: there is no such token, or it is somebody else's.
    """
    table = TokenRow.__table__
    found = sa.update(table).where(table.c.id == id, table.c.revoked_at.is_(None))
    if not _keeps_users(session):
        found = found.where(table.c.user_id == session.actor.id)
    with Act(session):
        if not session.transaction.execute(found.values(revoked_at=session.now)):
            raise NotFoundError("no such token")


def _keeps_users(session: Session) -> bool:
    return not bounds(session.actor, User, Action.UPDATE).nothing
