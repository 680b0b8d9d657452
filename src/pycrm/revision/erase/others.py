"""What pycrm's own books keep of erased records: what goes with them, reasons, unfinished imports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.revision.erase.past import Words
from pycrm.revision.model import ERASED
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["forget", "forget_imports"]

# Books that stay and hold a reason, which is free text.
_REASONS = ("crm_ownership", "crm_stage_entry")


def forget(tx: Transaction, ids: list[UUID], words: Words) -> None:
    """Drop what goes with these records by its declaration, and the person's words from reasons."""
    gone = [cls for cls in tx.crm.classes() if cls.__goes_with__ is not None]
    for some in pieces(ids):
        for cls in gone:
            tx.execute(sa.delete(cls.__table__).where(cls.__table__.c[cls.__goes_with__].in_(some)))
        for cls in _books(tx, _REASONS):
            table = cls.__table__.c
            spoken = sa.or_(*(table.reason.contains(word, autoescape=True) for word in _every(words)))
            mine = sa.and_(table.record_id.in_(some), spoken)
            tx.execute(sa.update(cls.__table__).where(mine).values(reason=ERASED))


def forget_imports(tx: Transaction, words: Words) -> None:
    """Drop the state of unfinished imports that holds what identifies the person: they begin anew."""
    for cls in _books(tx, ("crm_import_run",)):
        for word in words.strong:
            held = cls.__table__.c.state.contains(word, autoescape=True)
            tx.execute(sa.delete(cls.__table__).where(held))


def _every(words: Words) -> Iterable[str]:
    return (*words.names, *words.strong)


def _books(tx: Transaction, names: tuple[str, ...]) -> list[Any]:
    # Some lie in rooms above this one, so they are found by their tables.
    return [cls for cls in tx.crm.classes() if cls.__tablename__ in names]
