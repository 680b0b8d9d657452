"""The book of elevations: no session runs as a system actor without a row that says so."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from pycrm.declare.raw import instant
from pycrm.declare.row import layout
from pycrm.entities.org import Action, RoleAssignment
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.revision import apart
from pycrm.revision.model import Elevation, ElevationRow
from pycrm.revision.sql import enter
from pycrm.scope.actor import Actor, bounds
from pycrm.scope.gateway import bounded
from pycrm.values import utc

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["elevations", "keep"]


def keep(tx: Transaction) -> None:
    """Write down that this session runs as a system actor, if it does.

    Raises:
        StoreError: the row could not be written; the session does not begin then.
    """
    if tx.actor.is_system:
        row = _row(tx.actor, tx.moment)
        # Not counted as something that the session wrote: no verb stands behind it.
        apart.keep(tx, lambda own: enter(own, ElevationRow, "elevation", row, counted=False))


def _row(actor: Actor, moment: datetime) -> ElevationRow:
    return ElevationRow(
        # Not of the CRM's own source, whose order a reading session must not change.
        id=uuid4(),
        at=moment,
        purpose=actor.purpose or actor.name,
        grants=" ".join(actor.grants),
        source=actor.source.value,
    )


def elevations(tx: Transaction, since: datetime | None, limit: int) -> list[Elevation]:
    """The rows of the book, newest first; see `pycrm.Session.elevations`."""
    if bounds(tx.actor, RoleAssignment, Action.READ).nothing:
        raise ForbiddenError("who used a system actor is read by those who may read role assignments")
    if since is not None and (not isinstance(since, datetime) or since.tzinfo is None):
        wrong = Problem("since", "type", "an instant with its time zone is expected")
        raise InvalidError(wrong.message, fields=[wrong])
    table = ElevationRow.__table__.c
    statement = sa.select(*(table[name] for name in layout(ElevationRow).names))
    if since is not None:
        statement = statement.where(table.at >= utc(since))
    statement = statement.order_by(table.at.desc(), table.id.desc()).limit(bounded(limit))
    return [
        Elevation(instant(at) if tx.dialect == "sqlite" else utc(at), purpose, tuple(grants.split()), source)
        for _, at, purpose, grants, source in tx.fetch(statement)
    ]
