"""Putting records away and bringing them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, ForbiddenError
from pycrm.hooks import Change
from pycrm.revision.guard import guarded_update, stamp
from pycrm.revision.latest import renew_latest
from pycrm.revision.log import jsonable, note
from pycrm.revision.telling import tell
from pycrm.scope.actor import bounds

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["archive", "restore"]


def archive(tx: Transaction, record: Any) -> Any:
    """Put a record away; see `Session.archive`."""
    if record.archived_at is not None:
        raise ConflictError("the record is archived already")
    return _set(tx, record, "archive", tx.moment)


def restore(tx: Transaction, record: Any) -> Any:
    """Bring a record back; see `Session.restore`."""
    if record.archived_at is None:
        raise ConflictError("the record is not archived")
    return _set(tx, record, "restore", None)


def _set(tx: Transaction, record: Any, act: str, moment: Any) -> Any:
    cls = type(record)
    if bounds(tx.actor, cls, Action.DELETE).nothing:
        # Whoever cannot see it must not learn that it is there.
        if tx.session.find_one(cls, record.id) is None:
            raise tx.session.missing(cls)
        raise ForbiddenError(f"to {act} a {cls.__name__.lower()} is not granted")
    spec = cls.__specs__["archived_at"]
    changes = {"archived_at": Change(record.archived_at, moment)}
    hooks = tx.crm.hooks
    if hooks.has("before_change", cls):
        hooks.before("before_change", session=tx.session, record=record, changes=changes)
    made = layout(cls).copy(record, {"archived_at": moment} | stamp(tx, record))
    guarded_update(tx, record, made, {"archived_at": moment}, Action.DELETE)
    renew_latest(tx, record, made, changes)
    note(tx, made, act, {"archived_at": [jsonable(spec, one) for one in changes["archived_at"]]})
    return tell(tx, "record_changed", made, changes=changes)
