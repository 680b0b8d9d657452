"""Erasing in sealed books: values become tombstones, and the chain is told of each row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import attrs
import sqlalchemy as sa

from pycrm.declare.generate import json_text
from pycrm.revision.erase.graph import is_erased
from pycrm.revision.log import revision_id
from pycrm.revision.model import ERASED, AccessRow, ChangeRow, ExportRow
from pycrm.revision.seal.digest import change_digest
from pycrm.revision.seal.model import TombstoneRow, UnsealedRow
from pycrm.revision.seal.rows import Key, Source, items
from pycrm.revision.sql import insert_rows
from pycrm.scope.actor import key, unkey

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Words", "emptied", "erase_books", "erase_changes", "goes", "without"]

_AT_ONCE = 200


@attrs.frozen
class Words:
    """What the person was called and reached by, longest first."""

    names: tuple[str, ...]
    strong: tuple[str, ...]

    def out_of(self, text: str, *, names: bool = True) -> str:
        """The text without them."""
        for word in sorted((*self.strong, *(self.names if names else ())), key=len, reverse=True):
            text = text.replace(word, ERASED)
        return text


#: Says of a path whether its values go.
Goes = Callable[[str], bool]


def erase_changes(
    tx: Transaction, cls: Any, ids: Iterable[UUID], words: Words, gone: Goes | None = None
) -> int:
    """Erase what the change rows of these records hold; how many rows were changed.

    Args:
        gone: which values of the person's own records go whole, and with them every reason; of the
            records of others only the words do.
    """
    wanted, number = list(ids), 0
    for start in range(0, len(wanted), _AT_ONCE):
        for row in _changes_of(tx, cls, wanted[start : start + _AT_ONCE]):
            number += _erase_change(tx, row, words, gone)
    return number


def _changes_of(tx: Transaction, cls: Any, ids: list[UUID]) -> list[Any]:
    table = ChangeRow.__table__.c
    names = ("salt", "record_id", "revision_id", "version", "entity", "act", "reason", "changes")
    return tx.fetch(
        sa.select(*(table[name] for name in names)).where(
            table.record_id.in_(ids), table.entity == cls.__name__, table.act != "erase"
        )
    )


def _erase_change(tx: Transaction, row: Any, words: Words, gone: Goes | None) -> int:
    salt, record, revision, version, entity, act, reason, text = row
    kept: dict[str, list[Any]] = json.loads(text)
    made = {
        path: [emptied(value) if gone and gone(path) else without(value, words) for value in pair]
        for path, pair in kept.items()
    }
    why = reason and (ERASED if gone else words.out_of(reason))
    if made == kept and why == reason:
        return 0
    new = json_text(made)
    fresh = uuid4()
    table = ChangeRow.__table__.c
    its, of = _bytes(record), _bytes(revision)
    before = change_digest(_bytes(salt), its, of, version, entity, act, reason, text)
    after = change_digest(fresh.bytes, its, of, version, entity, act, why, new)
    mine = sa.and_(table.record_id == _uuid(record), table.version == version, table.entity == entity)
    tx.execute(sa.update(ChangeRow.__table__).where(mine).values(changes=new, reason=why, salt=fresh))
    _bury(tx, (its, version, entity), _uuid(revision), before, after)
    return 1


def goes(cls: Any, path: str) -> bool:
    """Whether the values of a path go, of a record that is the person's own."""
    from pycrm.declare.record import child_class

    name, _, rest = path.partition("/")
    spec = cls.__specs__.get(name)
    if spec is None:
        return True
    if spec.child is None or not rest:
        return is_erased(cls, spec)
    child = child_class(cls, spec)
    inner = child.__specs__.get(rest.rpartition("/")[2])
    return inner is None or is_erased(child, inner)


def emptied(value: Any) -> Any:
    """The tombstone of a value."""
    return value if value is None or value == [] else ERASED


def without(value: Any, words: Words) -> Any:
    """The value without the words."""
    if isinstance(value, str):
        return words.out_of(value)
    if isinstance(value, list):
        return [without(one, words) for one in value]
    return value


def erase_books(tx: Transaction, words: Words) -> int:
    """Take what identifies the person out of the books of looks and exports; how many rows changed."""
    return sum(
        _erase_book(tx, cls, kind, names, words)
        for cls, kind, names in ((AccessRow, "look", ("purpose",)), (ExportRow, "export", ("conditions",)))
    )


def _erase_book(tx: Transaction, cls: Any, kind: str, names: tuple[str, ...], words: Words) -> int:
    table, number = cls.__table__.c, 0
    held = [table[name].like(f"%{_escaped(word)}%", escape="!") for name in names for word in words.strong]
    if not held:
        return 0
    found = tx.fetch(sa.select(table.id, *(table[name] for name in names)).where(sa.or_(*held)))
    for id, *texts in found:
        before = _digest(tx, cls, kind, _uuid(id))
        values = {name: words.out_of(text, names=False) for name, text in zip(names, texts, strict=True)}
        tx.execute(sa.update(cls.__table__).where(table.id == _uuid(id)).values(**values, salt=uuid4()))
        after = _digest(tx, cls, kind, _uuid(id))
        _bury(tx, (_bytes(id), 0, kind), _uuid(id), before, after)
        number += 1
    return number


def _digest(tx: Transaction, cls: Any, kind: str, id: UUID) -> bytes:
    mark = "?" if tx.dialect == "sqlite" else "%s"
    source = Source(cls.__tablename__, "id", "id", f"WHERE s.id = {mark}", (key(tx, id),), is_long=False)
    ((found,),) = items(tx, source, kind)
    return found[-1]


def _bury(tx: Transaction, which: Key, item: UUID, before: bytes, after: bytes) -> None:
    """Leave a tombstone, unless the row is not sealed yet: then the seal takes it as it is now."""
    waiting = UnsealedRow.__table__.c
    if tx.fetch(sa.select(waiting.id).where(waiting.id == item)):
        return
    record, version, entity = which
    table = TombstoneRow.__table__.c
    revision = revision_id(tx)
    mine = sa.and_(
        table.record_id == UUID(bytes=record),
        table.version == version,
        table.entity == entity,
        table.revision_id == revision,
    )
    again = tx.execute(sa.update(TombstoneRow.__table__).where(mine).values(after=after.hex()))
    if not again:
        row = (key(tx, UUID(bytes=record)), version, entity, key(tx, revision), before.hex(), after.hex())
        insert_rows(tx, TombstoneRow, [row])


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else value.bytes


def _uuid(value: Any) -> UUID:
    found = unkey(value)
    assert found is not None
    return found
