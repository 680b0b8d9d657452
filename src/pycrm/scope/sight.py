"""How an actor is shown what a path names: one answer for history, amendments, imports and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.declare.record import child_class
from pycrm.entities.org import FieldReading
from pycrm.scope.fields import field_rights

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["is_shown", "reading"]


def reading(tx: Transaction, cls: Any, path: str) -> FieldReading:
    """How the value of a path is read: of a field, or of a field of a row (``lines/<id>/qty``)."""
    name, _, rest = path.partition("/")
    rights, field = field_rights(tx, cls), name
    if rest and name not in rights.hidden and name in cls.__specs__:
        rights, field = field_rights(tx, child_class(cls, cls.__specs__[name])), rest.rpartition("/")[2]
    if field in rights.hidden:
        return FieldReading.HIDDEN
    return FieldReading.MASKED if field in rights.masked else FieldReading.PLAIN


def is_shown(tx: Transaction, cls: Any, name: str) -> bool:
    """Whether a field is shown as it is, of a list all that its rows hold."""
    spec = cls.__specs__[name]
    if name in field_rights(tx, cls).covered:
        return False
    return spec.child is None or not field_rights(tx, child_class(cls, spec)).covered
