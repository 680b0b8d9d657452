"""The act of erasing: may it be done, what goes, what the law keeps, and the evidence of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.record import child_class
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.entities.erasure import Erasure, ErasurePart, LegalHold
from pycrm.entities.org import Action
from pycrm.entities.party import Party
from pycrm.errors import ForbiddenError, HeldError, InvalidError, Problem
from pycrm.revision.add import add_all
from pycrm.revision.erase.amendments import erase_amendments, proposed
from pycrm.revision.erase.graph import Graph, graph_of, is_erased, lists_of
from pycrm.revision.erase.others import forget, forget_imports
from pycrm.revision.erase.past import Words, erase_books, erase_changes, goes
from pycrm.revision.erase.root import root_of
from pycrm.revision.erase.term import months_after
from pycrm.revision.erase.write import write
from pycrm.revision.log import flush
from pycrm.revision.model import ERASED, ChangeRow
from pycrm.scope.actor import bounds
from pycrm.scope.children import with_children
from pycrm.scope.fields import whole
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["erase", "hold_seal", "lasting_holds", "refuse_held"]

_LEAST_REASON = 5
# A shorter text is found in what others wrote of other people.
_STRONG = 6


def erase(tx: Transaction, record: Any, because: str) -> Erasure:
    """Erase the person behind a record; see `Session.erase`."""
    if bounds(tx.actor, Erasure, Action.CREATE).nothing:
        raise ForbiddenError("erasing people is not granted")
    if len(because.strip()) < _LEAST_REASON:
        short = Problem("because", "required", f"a reason of at least {_LEAST_REASON} characters")
        raise InvalidError("an erasure needs a reason", fields=[short])
    with whole(tx):
        root = root_of(tx, record)
        refuse_held(tx, root.id)
        hold_seal(tx)
        flush(tx)
        return _erase(tx, root, because, _pseudonym(tx, root.id))


def _pseudonym(tx: Transaction, subject: UUID) -> str:
    """What takes the place of the person's name: as at an erasure before, if there was one."""
    table = Erasure.__table__.c
    before: list[Any] = tx.fetch(sa.select(table.pseudonym).where(table.subject_id == subject).limit(1))
    return str(before[0][0]) if before else f"Erased {tx.crm.identifiers.bytes(4).hex()}"


def hold_seal(tx: Transaction) -> None:
    """Let what is sealed and what is not stay so until this is committed."""
    if tx.dialect == "postgresql":
        tx.run("SELECT pg_advisory_xact_lock(hashtext('pycrm seal ' || current_schema()))")


def lasting_holds(tx: Transaction) -> Any:
    """The condition under which a legal hold lasts today."""
    table, today = LegalHold.__table__.c, tx.crm.calendar_day(tx.moment)
    return sa.and_(table.archived_at.is_(None), sa.or_(table.until.is_(None), table.until >= today))


def refuse_held(tx: Transaction, party: UUID) -> None:
    """Nothing of a person goes while a legal hold lasts.

    Raises:
        HeldError: one does; ``data["reason"]`` says why.
    """
    table = LegalHold.__table__.c
    rows: list[Any] = tx.fetch(sa.select(table.reason).where(table.party_id == party, lasting_holds(tx)))
    if rows:
        raise HeldError(f"a legal hold forbids it: {rows[0][0]}", data={"reason": rows[0][0]})


def _erase(tx: Transaction, root: Any, because: str, pseudonym: str) -> Erasure:
    graph = graph_of(tx, type(root), [root.id])
    beside = {cls: set(ids) for cls, ids in graph.beside.items()}
    words = _words(tx, root)
    parts: list[ErasurePart] = []
    all_gone: dict[Any, set[UUID]] = {}
    for cls, ids in list(_own(tx, graph)):
        rows = list(_read(tx, cls, ids))
        kept = [row for row in rows if _is_retained(tx, row)]
        gone = [row for row in rows if not _is_retained(tx, row)]
        is_named = cls in (Party, type(root)) or "name" in cls.mirrors
        for row in gone:
            _empty(tx, row, pseudonym if is_named else None)
        flush(tx)
        all_gone[cls] = {row.id for row in gone}
        changed = erase_changes(tx, cls, all_gone[cls], words, partial(goes, cls))
        if gone:
            parts.append(ErasurePart(entity=cls.__name__, rows=len(gone), changes=changed))
        if kept:
            why = cls.__retain__.why
            until = min(_retained_until(tx, row) for row in kept)
            parts.append(ErasurePart(entity=cls.__name__, rows=len(kept), kept=why, until=until))
        forget(tx, [row.id for row in gone], words)
    for cls, ids in beside.items():
        for row in list(_read(tx, cls, ids)):
            _wash(tx, row, words)
        flush(tx)
        erase_changes(tx, cls, ids, words)
    amendments, changed = erase_amendments(tx, all_gone, beside, words)
    if amendments:
        parts.append(ErasurePart(entity="Amendment", rows=amendments, changes=changed))
    forget_imports(tx, words)
    books = erase_books(tx, words)
    if books:
        parts.append(ErasurePart(entity="looks and exports", rows=books))
    tx.memo["erasing"] = True
    try:
        evidence = Erasure(
            subject=root.id, pseudonym=pseudonym, reason=words.out_of(because), parts=tuple(parts)
        )
        made: Erasure = add_all(tx, [evidence], [None])[0]
    finally:
        del tx.memo["erasing"]
    return made


def _own(tx: Transaction, graph: Graph) -> Iterator[tuple[Any, set[UUID]]]:
    for cls, places in graph.own.items():
        yield cls, set(places)
        for facet in tx.crm.facets_of(cls):
            yield facet, set(places)


def _read(tx: Transaction, cls: Any, ids: Iterable[UUID]) -> Iterator[Any]:
    made, table, wanted = layout(cls), cls.__table__.c, list(ids)
    for some in pieces(wanted):
        columns = [table[name] for name in made.names]
        found = made.build(tx.fetch(sa.select(*columns).where(table[key_column(cls)].in_(some))))
        yield from with_children(tx, found)


def _is_retained(tx: Transaction, row: Any) -> bool:
    """Whether the law demands the row for some time yet."""
    return type(row).__retain__ is not None and tx.crm.calendar_day(tx.moment) < _retained_until(tx, row)


def _retained_until(tx: Transaction, row: Any) -> date:
    """The day from which the law does not demand the row any more."""
    return months_after(tx.crm.calendar_day(row.created_at), 12 * type(row).__retain__.years)


def _empty(tx: Transaction, row: Any, pseudonym: str | None) -> None:
    """Take everything personal and every free text out of a record, and note that it went."""
    cls = type(row)
    values, told = {}, {}
    for spec in cls.__specs__.values():
        if spec.child is None and is_erased(cls, spec):
            old, new = getattr(row, spec.name), _nothing(cls, spec, pseudonym)
            if old != new:
                values[spec.name] = new
                told[spec.name] = [None if old is None else ERASED, list(new) if new == () else new]
    for spec, child in lists_of(cls):
        if any(is_erased(child, inner) for inner in child.__specs__.values()):
            told |= _drop_rows(tx, child, spec, getattr(row, spec.name))
    if values or told:
        mirrored = {name: value for name, value in told.items() if name not in cls.mirrors}
        write(tx, row, values, mirrored)


def _nothing(cls: Any, spec: Any, pseudonym: str | None) -> Any:
    if spec.name == "name" and pseudonym is not None:
        return pseudonym
    if spec.nullable:
        return None
    if spec.kind.name == "texts":
        return ()
    if spec.kind.name == "text":
        return ERASED
    raise InvalidError(f"{cls.__name__}.{spec.name} is personal and cannot be empty")


def _drop_rows(tx: Transaction, child: Any, spec: Any, rows: Iterable[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for row in rows:
        tx.execute(sa.delete(child.__table__).where(child.__table__.c.id == row.id))
        told[f"{spec.name}/{row.id}/position"] = [row.position, None]
    return told


def _wash(tx: Transaction, row: Any, words: Words) -> None:
    """Take the person's name and addresses out of the texts of somebody else's record."""
    cls = type(row)
    values = {}
    for spec in cls.__specs__.values():
        if spec.kind is not None and spec.init and spec.kind.name == "text" and not spec.target:
            old = getattr(row, spec.name)
            if old is not None and words.out_of(old) != old:
                values[spec.name] = words.out_of(old)
    if values:
        write(tx, row, values, {name: [ERASED, value] for name, value in values.items()})


def _words(tx: Transaction, root: Any) -> Words:
    """The person's names, and what else identifies: now, and in all that history knows."""
    names: set[str] = {name} if (name := getattr(root, "name", None)) else set()
    strong: set[str] = set()
    for entity, path, pair in (*_written(tx, root.id), *proposed(tx, root.id)):
        cls = tx.crm.record(entity, default=None)
        found = {value for value in pair if isinstance(value, str) and value != ERASED}
        if cls is not None and path == "name":
            names |= found
        elif cls is not None and _identifies(cls, path):
            strong |= found
    return Words(
        tuple(one for one in names if len(one) > 1), tuple(one for one in strong if len(one) >= _STRONG)
    )


def _written(tx: Transaction, record: UUID) -> Iterator[tuple[str, str, list[Any]]]:
    table = ChangeRow.__table__.c
    for entity, text in tx.fetch(sa.select(table.entity, table.changes).where(table.record_id == record)):
        for path, pair in json.loads(text).items():
            yield entity, path, pair


def _identifies(cls: Any, path: str) -> bool:
    name, _, rest = path.partition("/")
    spec = cls.__specs__.get(name)
    is_row = spec is not None and spec.child is not None and rest
    if is_row:
        spec = child_class(cls, spec).__specs__.get(rest.rpartition("/")[2])
    if spec is None or spec.kind is None or spec.kind.name != "text":
        return False
    return bool(spec.special or (spec.personal and is_row))
