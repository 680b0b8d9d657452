"""The book of changes within one unit of work: written once, at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.declare.field import Spec
from pycrm.declare.generate import json_text
from pycrm.declare.row import layout
from pycrm.errors import AlreadyDoneError, ConflictError, InvalidError, Problem
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.revision.sql import enter, insert_rows
from pycrm.scope.actor import key, unkey
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["begun", "flush", "jsonable", "note", "note_new", "note_text", "refuse_repeated", "revision_id"]


def _encode(changes: dict[str, Any]) -> str:
    text = ""
    for path, (before, after) in changes.items():
        text += f",{json_text(path)}:[{json_text(before)},{json_text(after)}]"
    return f"{{{text[1:]}}}"


def jsonable(spec: Spec, value: Any) -> Any:
    """The value of a field as the history keeps it."""
    if value is None or spec.kind is None:
        return value
    return spec.kind.jsonable(value)


def note(tx: Transaction, record: Any, act: str, changes: dict[str, Any]) -> None:
    """Keep one change of one record for the revision of this unit of work.

    `changes` maps the path of each field to a pair of its values before and after. A second change
    of the same record within one unit of work has a version and a row of its own.
    """
    note_text(tx, record, act, layout(type(record)).key(record, tx.dialect), _encode(changes))


def note_text(tx: Transaction, record: Any, act: str, identity: Any, text: str) -> None:
    """The same where the key is at hand as the driver takes it, and the changes are as they are kept."""
    name = type(record).__name__
    if act != "add" and "new" in tx.memo:
        known = ("new", name, record.id)
        if known in tx.memo:
            tx.memo[known] = (record, tx.memo[known][1])
    tx.changes.append((identity, record.version, name, act, tx.memo.get("reason"), text))


def note_new(tx: Transaction, cls: Any, identity: Any, parts: list[str]) -> None:
    """Keep the values with which a record begins, given as parts of JSON text."""
    text = "{" + ",".join(parts) + "}"
    tx.changes.append((identity, 1, cls.__name__, "add", tx.memo.get("reason"), text))


def flush(tx: Transaction) -> UUID | None:
    """Write the revision and its change rows; returns the revision's id if there is one.

    Raises:
        AlreadyDoneError: this operation id has been used before.
    """
    if not tx.changes:
        return tx.memo.get("revision")
    revision = revision_id(tx)
    rows = [
        (record, version, entity, key(tx, revision), *rest) for record, version, entity, *rest in tx.changes
    ]
    # Whoever undoes this finds what was noted in the former list.
    tx.changes = []
    if len(rows) == 1 and "revision" not in tx.memo:
        begun(tx, (ChangeRow, rows[0]))
    else:
        begun(tx)
        insert_rows(tx, ChangeRow, rows)
    return revision


def revision_id(tx: Transaction) -> UUID:
    """The id of this unit of work's revision, written or not.

    It begins with the moment of the revision, so that all that was changed since a moment is one range
    of the index of changes by revision.
    """
    found: UUID | None = tx.memo.get("revision_id")
    if found is None:
        found = tx.memo["revision_id"] = tx.crm.identifiers.at(tx.moment)
    return found


def begun(tx: Transaction, beside: tuple[Any, Sequence[Any]] | None = None) -> UUID:
    """Write the revision of this unit of work, unless it is written, and return its id; raises as `flush`.

    Args:
        beside: a row that is written with it; see `pycrm.revision.sql.enter`.
    """
    written: UUID | None = tx.memo.get("revision")
    if written is not None:
        return written
    actor = tx.actor
    row = RevisionRow(
        id=revision_id(tx),
        at=tx.moment,
        by=actor.ref,
        actor=actor.name,
        on_behalf=_giver(tx),
        source=actor.source.value,
        purpose=actor.purpose,
        operation=tx.operation,
    )
    try:
        enter(tx, RevisionRow, "revision", row, beside=beside)
    except ConflictError as error:
        raise AlreadyDoneError("this operation has taken effect before") from error
    tx.memo["revision"] = row.id
    return row.id


def _giver(tx: Transaction) -> Any:
    giver = tx.memo.get("on_behalf", tx.actor.on_behalf)
    return None if giver is None else Ref("User", giver)


def refuse_repeated(tx: Transaction) -> None:
    """Refuse an operation id that has taken effect.

    Raises:
        AlreadyDoneError: with the revision that the operation wrote.
        InvalidError: it is no text that can be stored, or longer than 200 characters.
    """
    if tx.operation is None:
        return
    try:
        tx.operation = clean_text(tx.operation, longest=200)
    except ValueError as error:
        raise InvalidError(f"operation: {error}", fields=[Problem("operation", "type", str(error))]) from None
    import sqlalchemy as sa

    table = RevisionRow.__table__.c
    rows = tx.fetch(sa.select(table.id).where(table.operation == tx.operation))
    if rows:
        raise AlreadyDoneError(
            "this operation has taken effect before", data={"revision": str(unkey(rows[0][0]))}
        )
