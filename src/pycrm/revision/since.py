"""What has changed since a moment: which records it moved in a list, and what was there before.

Most changes leave a list as it is: another channel moves no customer in a list of names. Only those
that touch what the list is filtered or sorted by have to be found before the list is read.

Keys are as the driver has them: of thousands, making each one a UUID takes longer than reading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
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

__all__ = ["Part", "later", "moved", "stamps"]

# So many changes of all kinds are looked through one by one; of more the database makes a plan.
_FEW = 5000
# Every change sets these, and no change row says so.
_STAMPS = frozenset(("version", "updated_at", "updated_by"))


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
        return _STAMPS.isdisjoint(self.fields)


def moved(tx: Transaction, cls: Any, parts: Sequence[Part], moment: datetime) -> list[Any]:
    """The keys of records that perhaps did not stand in a list then where they stand now.

    Some may be out of reach: whoever reads the records by these keys does not get those.
    """
    few = _few(tx, parts, moment)
    if few is None:
        return sorted({id for part in parts for id in _reached(tx, cls, part, moment)})
    table, own = cls.__table__.c, key_column(cls)
    found: set[Any] = set()
    for part in parts:
        changed = few.get(part.entity, set())
        if part.column == own:
            found |= changed
            continue
        for some in pieces(changed):
            found |= _read_keys(
                tx, sa.select(table[own]).where(table[part.column].in_([unkey(id) for id in some]))
            )
    return sorted(found)


def _few(tx: Transaction, parts: Sequence[Part], moment: datetime) -> dict[str, set[Any]] | None:
    """The keys of what was changed in a way that counts, by kind; None where too many acts were done since."""
    is_sqlite = tx.dialect == "sqlite"
    mark, place = ("?", "instr") if is_sqlite else ("%s", "strpos")
    # Left to itself, SQLite may begin with the changes, with all of them.
    join = "CROSS JOIN" if is_sqlite else "JOIN"
    values: list[Any] = []
    options: list[str] = []
    for part in parts:
        holds = [f"{place}(c.changes, {mark}) > 0" for _ in part.marks]
        touched = f" AND (c.act = 'add' OR {' OR '.join(holds)})" if holds else ""
        options.append(f"(c.entity = {mark}{touched})")
        values += [part.entity, *part.marks]
    at = driven(tx, moment)
    many = f"(SELECT count(*) FROM (SELECT 1 FROM crm_revision WHERE at > {mark} LIMIT {_FEW + 1}) AS r) > {_FEW}"
    text = (
        f"SELECT c.record_id, c.entity FROM crm_revision r {join} crm_change c ON c.revision_id = r.id "
        f"WHERE NOT {many} AND r.at > {mark} AND ({' OR '.join(options)}) "
        f"UNION ALL SELECT NULL, NULL WHERE {many}"
    )
    found: dict[str, set[Any]] = {}
    for id, entity in tx.run(text, (at, at, *values, at)).fetchall():
        if entity is None:
            return None
        found.setdefault(entity, set()).add(id)
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
