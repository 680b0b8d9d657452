"""What has changed since a moment: which records it moved in a list, and what was there before.

Most changes leave a list as it is: another channel moves no customer in a list of names. Only those
that touch what the list is filtered or sorted by have to be found before the list is read.

Keys are as the driver has them: of thousands, making each one a UUID takes longer than reading them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.generate import json_text
from pycrm.declare.table import key_column
from pycrm.revision.history import driven
from pycrm.revision.model import ChangeRow, RevisionRow
from pycrm.revision.undo import Later
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import query
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["STAMPS", "Part", "later", "owners_of", "reached", "stamps"]

#: Every change sets these, and no change row says so.
STAMPS = frozenset(("version", "updated_at", "updated_by"))


@attrs.frozen
class Part:
    """What decides about the records of a list: fields of their class, or of what a column of theirs leads to."""

    entity: str
    column: str
    fields: frozenset[str]

    @property
    def marks(self) -> list[str]:
        """What the text of a change holds where it touches one of the fields; nothing where every change counts."""
        return [f"{json_text(field)}:[" for field in sorted(self.fields)] if self._is_chosen else []

    @property
    def _is_chosen(self) -> bool:
        return STAMPS.isdisjoint(self.fields)


def reached(tx: Transaction, cls: Any, parts: Sequence[Part], moment: datetime) -> list[Any]:
    """The keys of records in reach that perhaps did not stand in a list then where they stand now."""
    return sorted({id for part in parts for id in _reached(tx, cls, part, moment)})


def owners_of(
    tx: Transaction, cls: Any, parts: Sequence[Part], changed: Mapping[str, Collection[Any]]
) -> set[Any]:
    """The keys of the records about which something decides that was changed, given by kind."""
    table, own = cls.__table__.c, key_column(cls)
    found: set[Any] = set()
    for part in parts:
        keys = changed.get(part.entity, ())
        if part.column == own:
            found.update(keys)
            continue
        for some in pieces(keys):
            found |= _read_keys(
                tx, sa.select(table[own]).where(table[part.column].in_([unkey(id) for id in some]))
            )
    return found


def _reached(tx: Transaction, cls: Any, part: Part, moment: datetime) -> set[Any]:
    """The records in reach that changes of one kind may have moved."""
    change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
    asked, column = query(tx, cls, (), archived=True), cls.__table__.c[part.column]
    if asked.nothing:
        return set()
    asked.source = asked.source.join(
        ChangeRow.__table__, sa.and_(change.record_id == column, change.entity == part.entity)
    ).join(RevisionRow.__table__, revision.id == change.revision_id)
    found = asked.select(cls.__table__.c[key_column(cls)]).distinct()
    found = found.where(revision.at > sa.bindparam(None, moment, type_=revision.at.type, unique=True))
    place = sa.func.instr if tx.dialect == "sqlite" else sa.func.strpos
    holds = [place(change.changes, sa.literal(mark, sa.Text())) > 0 for mark in part.marks]
    return _read_keys(tx, found.where(sa.or_(change.act == "add", *holds)) if holds else found)


def _read_keys(tx: Transaction, statement: Any) -> set[Any]:
    return {id for (id,) in tx.fetch(statement)}


def later(tx: Transaction, entity: str, ids: Iterable[Any], moment: datetime) -> dict[Any, list[Later]]:
    """The changes of the records with these keys after the moment, newest first."""
    names = "c.record_id, c.version, c.act, c.changes"
    found: dict[Any, list[Later]] = {}
    for id, version, act, text in _read(tx, names, entity, ids, ">", moment, "DESC"):
        before = {path: old for path, (old, _) in json.loads(text).items()}
        found.setdefault(id, []).append(Later(version, act, before))
    return found


def stamps(tx: Transaction, entity: str, ids: Iterable[Any], moment: datetime) -> dict[Any, tuple[Any, Any]]:
    """When and by whom each record was last changed before the moment, as the driver gives it."""
    rows = _read(tx, "c.record_id, r.at, r.by_id", entity, ids, "<=", moment, "ASC")
    return {id: (at, by) for id, at, by in rows}


def _read(
    tx: Transaction, names: str, entity: str, ids: Iterable[Any], side: str, moment: datetime, order: str
) -> Iterator[Any]:
    """What the book of changes holds of these records on one side of the moment, by version."""
    for some in pieces(ids):
        mark, among, values = "%s", "= ANY(%s)", [some]
        if tx.dialect == "sqlite":
            mark, among, values = "?", f"IN ({', '.join('?' * len(some))})", some
        yield from tx.run(
            f"SELECT {names} FROM crm_change c JOIN crm_revision r ON r.id = c.revision_id "
            f"WHERE c.record_id {among} AND c.entity = {mark} AND r.at {side} {mark} "
            f"ORDER BY c.record_id, c.version {order}",
            (*values, entity, driven(tx, moment)),
        ).fetchall()
