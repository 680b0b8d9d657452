"""How much history there is, by kind of record, and what of it exceeds its budget."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.policy import Budget
from pycrm.declare.raw import instant

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["HistorySize", "history_size"]


@attrs.frozen
class HistorySize:
    """The history of one kind of record.

    `values` are the bytes of values and reasons as they are stored. `beside` is the kind's share, by
    its rows, of all else that the table of changes and its indexes take: keys, salts, page headers and
    room in half-filled pages, so that of a small database it says little. Revisions and seals have
    tables of their own and are not in it.
    """

    entity: str
    rows: int
    values: int
    beside: int
    oldest: datetime
    budget: Budget | None = None
    excess: tuple[str, ...] = ()


def history_size(tx: Transaction) -> list[HistorySize]:
    """Weigh the history, the most rows first; see `pycrm.CRM.history_size`."""
    weigh = _PLAIN if tx.dialect == "sqlite" else "pg_column_size({})"
    values, why = weigh.format("c.changes"), weigh.format("c.reason")
    found = tx.run(
        f"SELECT c.entity, count(*), sum({values} + coalesce({why}, 0)), min(r.at) "
        "FROM crm_change c JOIN crm_revision r ON r.id = c.revision_id "
        "GROUP BY c.entity ORDER BY count(*) DESC, c.entity"
    ).fetchall()
    beside = _beside(tx, sum(int(row[2]) for row in found))
    total = sum(int(row[1]) for row in found)
    return [_judged(tx, row, round(beside * int(row[1]) / total)) for row in found]


# Bytes, where the length of a text counts letters.
_PLAIN = "length(CAST({} AS BLOB))"


def _beside(tx: Transaction, values: int) -> int:
    """The bytes of the table of changes with its indexes and what is kept out of line, without the values."""
    text = "SELECT pg_total_relation_size('crm_change')"
    if tx.dialect == "sqlite":
        if not tx.run(f"SELECT 1 FROM pragma_compile_options WHERE compile_options = '{_WEIGHS}'").fetchone():
            return _estimated(tx)
        text = (
            "SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name IN "
            "(SELECT name FROM sqlite_schema WHERE tbl_name = 'crm_change')"
        )
    return int(tx.run(text).fetchone()[0]) - values


_WEIGHS = "ENABLE_DBSTAT_VTAB"


def _estimated(tx: Transaction) -> int:
    """An SQLite that cannot weigh its tables: the names in table and key, and what else a row was found to take."""
    text = f"SELECT sum(2 * length(entity) + length(act)) + {_A_ROW} * count(*) FROM crm_change"
    return int(tx.run(text).fetchone()[0])


# Measured over 20,000 rows: 148 grown, 141 after VACUUM.
_A_ROW = 150


def _judged(tx: Transaction, row: Any, beside: int) -> HistorySize:
    entity, rows, values, at = row
    oldest = at if isinstance(at, datetime) else instant(at)
    budget = _budget(tx, entity)
    excess: list[str] = []
    if budget is not None and budget.rows is not None and rows > budget.rows:
        excess.append(f"{rows - budget.rows:,} rows over {budget.rows:,}")
    if budget is not None and budget.years is not None:
        since = _years_before(tx.crm.calendar_day(tx.moment), budget.years)
        if tx.crm.calendar_day(oldest) < since:
            excess.append(f"older than {budget.years} years")
    return HistorySize(entity, int(rows), int(values), beside, oldest, budget, tuple(excess))


def _years_before(day: date, years: int) -> date:
    # Of 29 February most years have none.
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if is_leap_day else day.day)


def _budget(tx: Transaction, entity: str) -> Budget | None:
    """That of the class, or else of its plugin; nobody declares one for what is not loaded."""
    cls = tx.crm.record(entity, default=None)
    if cls is None:
        return None
    own: Budget | None = cls.__budget__
    return own if own is not None else tx.crm.registry.plugin_of(cls).budget
