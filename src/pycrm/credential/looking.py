"""Through whose eyes the holder of a browser's session looks for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from pycrm.credential.model import Seeing, SignInRow
from pycrm.credential.rows import digest
from pycrm.store.apart import writing

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["begin_seeing", "end_seeing", "seeing_of"]

# Whoever forgets to go back is back by then.
_LONGEST = timedelta(hours=1)


def begin_seeing(crm: CRM, said: str, user: UUID, because: str) -> None:
    """Keep that the session of this secret sees what that person sees; whoever calls has asked for the right."""
    _write(crm, said, user, because)


def end_seeing(crm: CRM, said: str) -> None:
    """Let the session of this secret see what its own person sees again."""
    _write(crm, said, None, None)


def _write(crm: CRM, said: str, user: UUID | None, because: str | None) -> None:
    table = SignInRow.__table__
    with writing(crm) as tx:
        given = {"sees_id": user, "sees_because": because, "sees_since": tx.moment if user else None}
        tx.execute(sa.update(table).where(table.c.id == digest(said)).values(given))


def seeing_of(user: UUID | None, because: str | None, since: datetime | None, now: datetime) -> Seeing | None:
    """What the row of a session says of it; None where it looks with its own person's eyes."""
    if user is None or since is None or now >= since + _LONGEST:
        return None
    return Seeing(user, because or "")
