"""Amendments of erased records: what was proposed goes like what was written, and nothing waits any more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.revision.amendment.book import CLOSED, release_paths, with_tasks
from pycrm.revision.amendment.model import AmendmentLineRow
from pycrm.revision.erase.past import Words, emptied, erase_changes, goes, without
from pycrm.revision.erase.write import write
from pycrm.revision.log import flush
from pycrm.revision.model import ERASED
from pycrm.scope.actor import unkey
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["erase_amendments", "proposed"]

_TEXTS = ("reason", "evidence", "verdict")

Kinds = Mapping[Any, set[UUID]]


def erase_amendments(tx: Transaction, gone: Kinds, beside: Kinds, words: Words) -> tuple[int, int]:
    """Erase amendments of the person's records, and take the person out of those of other records.

    An open one of the person's own is withdrawn: there is nothing left that it could change.

    Returns:
        How many were about the person, and how many of their change rows were changed.
    """
    own = _about(tx, gone)
    others = _about(tx, beside) - own
    pairs = {(cls.__name__, id) for cls, ids in gone.items() for id in ids}
    for amendment in _read(tx, own):
        _erase_lines(tx, amendment.id, pairs, words)
        _empty(tx, amendment)
    for amendment in _read(tx, others):
        _erase_lines(tx, amendment.id, set(), words)
        _wash(tx, amendment, words)
    flush(tx)
    changed = erase_changes(tx, Amendment, own, words, _is_text)
    erase_changes(tx, Amendment, others, words)
    return len(own), changed


def proposed(tx: Transaction, record: UUID) -> Iterator[tuple[str, str, list[Any]]]:
    """What amendments of a record ever proposed: its class, the path, and values before and after."""
    table = AmendmentLineRow.__table__.c
    found = sa.select(table.entity, table.path, table.base, table.new).where(table.record_id == record)
    for entity, path, base, new in tx.fetch(found):
        old, wanted = json.loads(base), json.loads(new)
        if isinstance(old, dict) or isinstance(wanted, dict):
            for name in {**(old or {}), **(wanted or {})}:
                yield entity, f"{path}/{name}", [(old or {}).get(name), (wanted or {}).get(name)]
        else:
            yield entity, path, [old, wanted]


def _is_text(path: str) -> bool:
    return path in _TEXTS or path.endswith("/comment")


def _about(tx: Transaction, kinds: Kinds) -> set[UUID]:
    line, whole = AmendmentLineRow.__table__.c, Amendment.__table__.c
    found: set[UUID] = set()
    for cls, ids in kinds.items():
        wanted = list(ids)
        for some in pieces(wanted):
            for wish, entity, record in (
                (line.amendment_id, line.entity, line.record_id),
                (whole.id, whole.entity, whole.record_id),
            ):
                rows = tx.fetch(sa.select(wish).where(entity == cls.__name__, record.in_(some)))
                found |= {_uuid(one) for (one,) in rows}
    return found


def _read(tx: Transaction, ids: set[UUID]) -> Iterator[Amendment]:
    made, table, wanted = layout(Amendment), Amendment.__table__.c, sorted(ids)
    for some in pieces(wanted):
        rows = tx.fetch(sa.select(*(table[name] for name in made.names)).where(table.id.in_(some)))
        yield from with_tasks(tx, made.build(rows))


def _erase_lines(tx: Transaction, amendment: UUID, pairs: set[tuple[str, UUID]], words: Words) -> None:
    table = AmendmentLineRow.__table__.c
    names = ("round", "seq", "entity", "record_id", "path", "base", "new")
    rows = tx.fetch(sa.select(*(table[name] for name in names)).where(table.amendment_id == amendment))
    for round, seq, entity, record, path, *texts in rows:
        cls = tx.crm.record(entity) if (entity, _uuid(record)) in pairs else None
        base, new = (
            json.dumps(_left(cls, path, json.loads(text), words), ensure_ascii=False) for text in texts
        )
        mine = sa.and_(table.amendment_id == amendment, table.round == round, table.seq == seq)
        if [base, new] != texts:
            tx.execute(sa.update(AmendmentLineRow.__table__).where(mine).values(base=base, new=new))


def _left(cls: Any, path: str, value: Any, words: Words) -> Any:
    """What is left of a value: of the person's own record by its declaration, of others without the words."""
    if isinstance(value, dict):
        return {name: _left(cls, f"{path}/{name}", one, words) for name, one in value.items()}
    return emptied(value) if cls is not None and goes(cls, path) else without(value, words)


def _empty(tx: Transaction, amendment: Amendment) -> None:
    values: dict[str, Any] = {"reason": ERASED, "evidence": (), "verdict": None}
    told: dict[str, Any] = {
        name: [ERASED, list(values[name]) if values[name] == () else values[name]]
        for name in _TEXTS
        if getattr(amendment, name)
    }
    if amendment.state not in CLOSED:
        values["state"] = AmendmentState.WITHDRAWN
        told["state"] = [amendment.state.value, AmendmentState.WITHDRAWN.value]
        release_paths(tx, [amendment])
        for task in amendment.tasks:
            if task.state is ApprovalState.PENDING:
                told |= _write_task(tx, task, "state", ApprovalState.LAPSED.value, task.state.value)
    for task in amendment.tasks:
        if task.comment is not None:
            told |= _write_task(tx, task, "comment", None, ERASED)
    write(tx, amendment, values, told)


def _wash(tx: Transaction, amendment: Amendment, words: Words) -> None:
    values: dict[str, Any] = {}
    for name in _TEXTS:
        old = getattr(amendment, name)
        new = words.out_of(old) if isinstance(old, str) else old and tuple(words.out_of(one) for one in old)
        if new != old:
            values[name] = new
    told = {name: [ERASED, list(new) if isinstance(new, tuple) else new] for name, new in values.items()}
    for task in amendment.tasks:
        if task.comment is not None and words.out_of(task.comment) != task.comment:
            told |= _write_task(tx, task, "comment", words.out_of(task.comment), ERASED)
    if told:
        write(tx, amendment, values, told)


def _write_task(tx: Transaction, task: ApprovalTask, name: str, new: Any, old: Any) -> dict[str, Any]:
    table = ApprovalTask.__table__
    tx.execute(sa.update(table).where(table.c.id == task.id).values({name: new}))
    return {f"tasks/{task.id}/{name}": [old, new]}


def _uuid(value: Any) -> UUID:
    found = unkey(value)
    assert found is not None
    return found
