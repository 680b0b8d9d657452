"""Scores as a table: a row for each customer in export reach, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycrm.entities.customer import Customer
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, DeclarationError, ForbiddenError, InvalidError, Problem
from pycrm.exchange.exporting import MOST_ROWS
from pycrm.exchange.writing import TableWriter
from pycrm.revision import exports
from pycrm.scope.actor import bounds
from pycrm.scope.gateway import Query
from pycrm.scoring.explain import Score, scores
from pycrm.scoring.measure import may

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["export_scores"]

_FIXED = ("code", "name", "model", "version", "as_of", "score", "grade", "computed_grade", "own_grade")


def export_scores(session: Session, model: str, file: Path) -> int:
    """Write the scores of today into a new file and return the number of customers.

    Columns are the customer's code and name, the day, score and grades, and of each indicator its value
    and points; amounts are in minor units. It is kept who took them out, as with `export_csv`. Whoever may
    read ``scores`` as a whole takes out any number.

    Args:
        file: a name that ends in ``.csv`` or ``.parquet``; Parquet needs ``pycrm[analytics]``.

    Raises:
        ForbiddenError: exporting customers is not granted.
        InvalidError: another ending, or more than 5,000 rows without that right.
        ConflictError: the file is there.
    """
    tx = session.transaction
    if bounds(session.actor, Customer, Action.EXPORT).nothing:
        raise ForbiddenError("exporting customer records is not granted")
    if file.suffix not in (".csv", ".parquet"):
        wrong = Problem("file", "format", "a file of scores ends in .csv or .parquet")
        raise InvalidError(wrong.message, fields=[wrong])
    if file.exists():
        raise ConflictError(f"{file} is there already")
    asked = Query(tx, Customer, (), action=Action.EXPORT)
    people = {} if asked.nothing else {one.id: one for one in asked.records()}
    found = [one for one in scores(tx, model, (), None, None) if one.customer.id in people]
    if len(found) > MOST_ROWS and not may(tx, Action.READ):
        raise InvalidError(f"more than {MOST_ROWS:,} rows", data={"most": MOST_ROWS})
    names = list(_columns(found))
    exports.note(tx, Customer, names, (), len(found))
    rows = (_row(people[one.customer.id], one) for one in found)
    # Under another name until it is whole.
    part = file.with_name(f"{file.name}.part")
    try:
        if file.suffix == ".csv":
            with part.open("wb") as stream, TableWriter(stream, names) as writer:
                for row in rows:
                    writer.write([_exact(value) for value in row])
        else:
            _parquet(part, names, list(rows))
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return len(found)


def _columns(found: list[Score]) -> Iterator[str]:
    yield from _FIXED
    for part in found[0].parts if found else ():
        yield part.indicator
        yield f"{part.indicator}_points"


def _row(customer: Any, one: Score) -> list[Any]:
    grades = [one.grade, one.computed, one.own]
    fixed = [customer.code, customer.name, one.model, one.version, one.as_of, one.score, *grades]
    return fixed + [value for part in one.parts for value in (part.value, part.points)]


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _parquet(file: Path, names: list[str], rows: list[list[Any]]) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise DeclarationError(f"Parquet needs {error.name}: pip install 'pycrm[analytics]'") from error
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
    table = pa.table({name: _typed(list(column)) for name, column in zip(names, columns, strict=True)})
    parquet.write_table(table, file)


def _typed(column: list[Any]) -> list[Any]:
    """A column of one type: whole numbers and fractions among each other are fractions."""
    if any(isinstance(one, float) for one in column):
        return [None if one is None else float(one) for one in column]
    return column
