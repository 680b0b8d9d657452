"""Exporting records as a table: a right of its own, over rows in its reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from pycrm.declare.codec import seen
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError
from pycrm.exchange.writing import TableWriter
from pycrm.revision import exports
from pycrm.scope.actor import bounds
from pycrm.scope.fields import copies_of, field_rights
from pycrm.scope.gateway import Query, unknown_field

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["export_csv"]

MOST_ROWS = 5000


def export_csv(
    session: Session,
    cls: type[Any],
    stream: BinaryIO,
    conditions: Iterable[Any] = (),
    columns: Sequence[str] | None = None,
) -> int:
    """Write the records in the actor's export reach as CSV (UTF-8) and return their number.

    Who took out which columns by which filter, and how many rows, is kept before the first is
    written; `Session.exports` reads it.

    Cells that a spreadsheet would take for a formula are neutralised; `restore` gives them back.

    Args:
        columns: names of fields; all that are no lists of rows when left out. Masked fields are
            written masked, and special-category fields only where they are named.

    Raises:
        ForbiddenError: exporting these records is not granted.
        InvalidError: an unknown or hidden field, or more than 5,000 rows in one act (SCO-9).
    """
    if bounds(session.actor, cls, Action.EXPORT).nothing:
        raise ForbiddenError(f"exporting {cls.__name__.lower()} records is not granted")
    names = _columns(session, cls, columns)
    conditions = tuple(conditions)
    asked = Query(session.transaction, cls, conditions, action=Action.EXPORT)
    records = asked.records(limit=MOST_ROWS + 1)
    if len(records) > MOST_ROWS:
        raise InvalidError(f"more than {MOST_ROWS:,} rows; narrow the filter", data={"most": MOST_ROWS})
    exports.note(session.transaction, cls, names, conditions, len(records))
    specs = cls.__specs__
    money = [name for name in names if specs[name].kind.name == "money"]
    with TableWriter(stream, names, money=money) as writer:
        for record in records:
            writer.write([_plain(seen(record, name)) for name in names])
    return len(records)


def _columns(session: Session, cls: Any, columns: Sequence[str] | None) -> list[str]:
    rights = field_rights(session.transaction, cls)
    specs = {
        name: spec
        for name, spec in cls.__specs__.items()
        if spec.kind is not None and name not in rights.hidden | copies_of(cls)
    }
    if columns is None:
        return [name for name, spec in specs.items() if not spec.special]
    for name in columns:
        if name not in specs:
            raise unknown_field(name)
    return list(columns)


def _plain(value: Any) -> Any:
    return value.id if hasattr(value, "entity") else value
