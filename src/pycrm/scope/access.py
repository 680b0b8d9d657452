"""What an actor may do with each field of a class, as people and programs are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import FieldReading
from pycrm.scope.fields import FieldRights, copies_of, field_rights

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["FieldAccess", "field_access"]


@attrs.frozen
class FieldAccess:
    """What an actor may do with one field."""

    read: FieldReading
    write: bool
    reveal: bool


def field_access(tx: Transaction, cls: Any) -> dict[str, FieldAccess]:
    """Each field with which the actor may do anything at all; see `Session.fields`."""
    rights = field_rights(tx, cls)
    if tx.whole:
        return _access(rights, cls)
    # It follows from the rights, which are kept with the actor as well.
    memo = ("access", tx.crm, cls)
    found: dict[str, FieldAccess] | None = tx.actor._bounds.get(memo)
    if found is None:
        found = tx.actor._bounds[memo] = _access(rights, cls)
    return dict(found)


def _access(rights: FieldRights, cls: Any) -> dict[str, FieldAccess]:
    found: dict[str, FieldAccess] = {}
    for name, spec in cls.__specs__.items():
        if name in copies_of(cls):
            continue
        covered = FieldReading.MASKED if name in rights.masked else FieldReading.PLAIN
        read = FieldReading.HIDDEN if name in rights.hidden else covered
        writes, reveals = spec.init and name not in rights.locked, name in rights.revealed
        if read is not FieldReading.HIDDEN or writes or reveals:
            found[name] = FieldAccess(read, writes, reveals)
    return found
