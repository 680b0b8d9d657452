"""The changes after a moment: one range of the book, since revisions are numbered by their moments.

Keys are as the driver has them: of thousands, making each one a UUID takes longer than reading them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.scope.actor import key
from pycrm.store.pieces import pieces
from pycrm.values import first_after

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Later", "beginning", "later", "later_all"]


@attrs.frozen
class Later:
    """One change after the moment: of which version, by which act, and what was there before.

    `stamp` is when and by whom the record had been changed before, where that was before the moment.
    """

    version: int
    act: str
    before: Mapping[str, Any]
    stamp: tuple[Any, Any] | None


#: Of each kind the changes by the keys of its records, newest first.
Changes = dict[str, dict[Any, list[Later]]]


def beginning(tx: Transaction, moment: datetime) -> Any:
    """The key of a revision, as the driver takes it, from which on all are later than the moment."""
    return key(tx, first_after(moment))


def later(tx: Transaction, wanted: Mapping[str, Iterable[Any]], moment: datetime) -> Changes:
    """The changes after the moment of the records with these keys, given by kind."""
    found: Changes = {kind: {} for kind in wanted}
    keys = {one: None for some in wanted.values() for one in some}
    for some in pieces(keys):
        among, values = "= ANY(%s)", [some]
        if tx.dialect == "sqlite":
            among, values = f"IN ({', '.join('?' * len(some))})", some
        _read(tx, found, f"c.record_id {among}", values, moment)
    return found


def later_all(tx: Transaction, kinds: Collection[str], moment: datetime, most: int) -> Changes | None:
    """The changes of all records of some kinds after the moment; None where these are more than `most`."""
    mark = "?" if tx.dialect == "sqlite" else "%s"
    text = f"SELECT count(*) FROM (SELECT 1 FROM crm_change WHERE revision_id >= {mark} LIMIT {mark}) few"
    ((number,),) = tx.run(text, (beginning(tx, moment), most + 1)).fetchall()
    if number > most:
        return None
    found: Changes = {kind: {} for kind in kinds}
    _read(tx, found, "1 = 1", (), moment)
    return found


def _read(tx: Transaction, found: Changes, among: str, values: Sequence[Any], moment: datetime) -> None:
    """Put what the book holds of some records in its place."""
    mark = "?" if tx.dialect == "sqlite" else "%s"
    first, kinds = beginning(tx, moment), ", ".join(mark for _ in found)
    # The same is done to many: of equal texts one is read.
    read: dict[str, dict[str, Any]] = {}
    for kind, id, version, act, text, at, by in tx.run(
        "SELECT c.entity, c.record_id, c.version, c.act, c.changes, r.at, r.by_id FROM crm_change c "
        "LEFT JOIN crm_change b ON b.record_id = c.record_id AND b.version = c.version - 1 "
        f"AND b.entity = c.entity AND b.revision_id < {mark} "
        f"LEFT JOIN crm_revision r ON r.id = b.revision_id WHERE {among} AND c.entity IN ({kinds}) "
        f"AND c.revision_id >= {mark} ORDER BY c.record_id, c.version DESC",
        (first, *values, *found, first),
    ).fetchall():
        before = read.get(text)
        if before is None:
            before = read[text] = {path: old for path, (old, _) in json.loads(text).items()}
        stamp = None if at is None else (at, by)
        found[kind].setdefault(id, []).append(Later(version, act, before, stamp))
