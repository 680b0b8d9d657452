"""Exporting records as a table: a right of its own, over rows in its reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError
from pycrm.exchange.beside import columns_of, facets_beside
from pycrm.exchange.writing import TableWriter
from pycrm.revision import exports
from pycrm.scope.actor import bounds
from pycrm.scope.gateway import Query

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
        columns: names of fields; all that are no lists of rows when left out. Fields of a facet are named by
            its class, ``household.animals``; so are those of a party's facets where customers or contacts are
            written, ``organization.tax_id``. Masked fields are written masked, and special-category fields
            only where they are named.

    Raises:
        ForbiddenError: exporting these records is not granted.
        InvalidError: an unknown or hidden field, or more than 5,000 rows in one act (SCO-9).
        TooManyError: the person would have taken out more than `exported_per_hour` rows within the hour.
    """
    if bounds(session.actor, cls, Action.EXPORT).nothing:
        raise ForbiddenError(f"exporting {cls.__name__.lower()} records is not granted")
    wanted = columns_of(session, cls, columns)
    names = [one.path for one in wanted]
    conditions = tuple(conditions)
    asked = Query(session.transaction, cls, conditions, action=Action.EXPORT)
    records = asked.records(limit=MOST_ROWS + 1)
    if len(records) > MOST_ROWS:
        raise InvalidError(f"more than {MOST_ROWS:,} rows; narrow the filter", data={"most": MOST_ROWS})
    exports.note(session.transaction, cls, names, conditions, len(records))
    money = [one.path for one in wanted if one.kind == "money"]
    facets = facets_beside(session, records, wanted)
    with TableWriter(stream, names, money=money) as writer:
        for record in records:
            writer.write([_plain(one.value(record, facets)) for one in wanted])
    return len(records)


def _plain(value: Any) -> Any:
    return value.id if hasattr(value, "entity") else value
