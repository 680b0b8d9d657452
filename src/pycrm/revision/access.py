"""Showing protected fields: recorded before any value is handed out, or not shown at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.row import layout
from pycrm.entities.org import Action, RoleAssignment, User
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.revision import apart
from pycrm.revision.model import Access, AccessRow
from pycrm.revision.sql import enter
from pycrm.scope.actor import bounds
from pycrm.scope.condition import unknown_field
from pycrm.scope.fields import field_rights, shown, whole
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.reason import leads

if TYPE_CHECKING:
    from uuid import UUID

    from pycrm.store import Transaction

__all__ = ["accesses", "reveal"]


def reveal(tx: Transaction, cls: Any, id: UUID, names: Sequence[str], because: str) -> Any:
    """The record as its reader sees it, and with these fields; see `Session.reveal`."""
    if not names:
        raise InvalidError("name the fields to show", fields=[Problem("names", "required", "no field named")])
    rights = field_rights(tx, cls)
    asked = tuple(dict.fromkeys(names))
    for name in asked:
        _refuse_unknown(cls, rights, name)
    with whole(tx):
        record = fetch_one(tx, cls, id)
    if record is None:
        raise not_found(cls)
    masked = [name for name in asked if name in rights.masked and name not in rights.revealed]
    _record(tx, record, asked, because, "refused" if masked else "shown")
    if masked:
        problems = [Problem(name, "forbidden", "is shown masked only") for name in masked]
        raise ForbiddenError(f"revealing {', '.join(masked)} is not granted", fields=problems)
    values = {name: getattr(record, name) for name in asked}
    return layout(cls).copy(shown(tx, record), values)


def _refuse_unknown(cls: Any, rights: Any, name: str) -> None:
    spec = cls.__specs__.get(name)
    if spec is None or spec.kind is None or (name in rights.hidden and name not in rights.revealed):
        raise unknown_field(name)


def _record(tx: Transaction, record: Any, names: tuple[str, ...], because: str, outcome: str) -> None:
    """Keep the look in a transaction of its own, since it happened whatever becomes of this one."""
    actor = tx.actor
    row = AccessRow(
        id=tx.crm.identifiers.new(),
        at=tx.moment,
        by=actor.ref,
        actor=actor.name,
        on_behalf=None if actor.on_behalf is None else Ref("User", actor.on_behalf),
        source=actor.source.value,
        purpose=because,
        entity=type(record).__name__,
        record=record.id,
        fields=names,
        query=f"reveal {type(record).__name__} {record.id}: {', '.join(names)}",
        outcome=outcome,
    )
    apart.keep(tx, lambda own: enter(own, AccessRow, "look", row, counted=False))


def accesses(tx: Transaction, record: Any) -> list[Access]:
    """Every look at protected fields of a record, newest first; see `Session.accesses`."""
    is_own = isinstance(record, User) and record.id == tx.actor.id
    if not is_own and bounds(tx.actor, RoleAssignment, Action.UPDATE).nothing and not leads(tx, record):
        raise ForbiddenError("only leaders of the record and administrators may ask who looked at it")
    made, table = layout(AccessRow), AccessRow.__table__.c
    rows = tx.fetch(
        sa.select(*(table[name] for name in made.names))
        .where(table.record_id == record.id, table.entity == type(record).__name__)
        .order_by(table.at.desc(), table.id.desc())
    )
    names = [attribute.name for attribute in attrs.fields(Access)]
    return [Access(*(getattr(row, name) for name in names)) for row in made.build(rows)]
