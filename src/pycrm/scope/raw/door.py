"""The door itself: who may use it, how much it gives, and which database answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, StoreError
from pycrm.scope.actor import Actor, may_function
from pycrm.scope.raw.model import LONGEST_TEXT, Asked, Rows
from pycrm.scope.raw.text import plain, refused

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["sql"]

_ENTITY = "sql"


def sql(tx: Transaction, text: str, parameters: dict[str, Any], most: int, seconds: float) -> Rows:
    """Run one reading statement within the actor's reach; see `pycrm.Session.sql`."""
    actor: Actor | None = tx.actor
    if actor is None:
        raise StoreError("use the session in a with block")
    if actor.looker is not None or not _may(actor):
        raise ForbiddenError("raw SQL needs a grant that names it: entity sql, action read")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT or "\0" in text:
        raise refused(f"a statement is a text of 1 to {LONGEST_TEXT} characters without NUL", "type")
    if type(most) is not int or not 0 < most < 2**31 or not 0.001 <= seconds <= 86_400:
        raise refused("a limit is a whole number of rows, and at most a day of seconds", "range")
    given = {name: plain(name, value) for name, value in parameters.items()}
    asked = Asked(text.strip().removesuffix(";"), given, most, seconds)
    if tx.dialect == "sqlite":
        from pycrm.scope.raw.sqlite import rows
    else:
        from pycrm.scope.raw.postgresql import rows
    return rows(tx, asked)


def _may(actor: Actor) -> bool:
    """A right of its own: neither ``*`` nor top management's reach over everything includes it."""
    if actor.is_system:
        return any(grant in (_ENTITY, f"{_ENTITY}.{Action.READ}") for grant in actor.grants)
    return may_function(actor, _ENTITY, Action.READ)
