"""What decides about the records of a list: their own fields, and those of what they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.generate import json_text
from pycrm.declare.table import key_column
from pycrm.revision.model import ChangeRow
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import query
from pycrm.store.pieces import pieces
from pycrm.values import first_after

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["STAMPS", "Part", "led_to", "owners_of", "reached", "repeated", "where_in"]

#: Every change sets these, and no change row says so.
STAMPS = frozenset(("version", "updated_at", "updated_by"))

#: Links that lead from a record to another: of each step the class and the column.
Path = tuple[tuple[Any, str], ...]


@attrs.frozen
class Part:
    """Fields that decide about the records of a list: their own, those of a facet, or of what a path leads to."""

    entity: str
    fields: frozenset[str]
    path: Path = ()

    @property
    def marks(self) -> list[str]:
        """What the text of a change holds where it touches one of the fields."""
        return [f"{json_text(field)}:[" for field in sorted(self.fields)]

    @property
    def every(self) -> bool:
        """Whether each change counts, whatever it touches."""
        return not STAMPS.isdisjoint(self.fields)

    def counts(self, change: Any, holds: Sequence[Any]) -> Any:
        """That a change counts which is of this kind; `holds` says that its text holds each of the marks."""
        return sa.true() if self.every else sa.or_(change.act == "add", *holds)


def repeated(tx: Transaction, cls: Any, fields: Collection[str] | None = None) -> Sequence[Part]:
    """Where what a class repeats of others really stands, of all such fields or of these.

    A contact's name is its person's, and whoever repeats the contact's name repeats that of the person.
    """
    found: dict[Path, tuple[str, list[str]]] = {}
    for name in _mirrors(cls):
        if fields is None or name in fields:
            at, path = cls, []
            while name in _mirrors(at):
                spec = at.__specs__[_mirrors(at)[name]]
                path.append((at, spec.columns[0]))
                at = tx.crm.record(spec.target)
            found.setdefault(tuple(path), (at.__name__, []))[1].append(name)
    return [Part(entity, frozenset(names), path) for path, (entity, names) in found.items()]


def _mirrors(cls: Any) -> Mapping[str, str]:
    # A facet repeats nothing.
    return getattr(cls, "mirrors", {})


def owners_of(tx: Transaction, parts: Iterable[Part], changed: Mapping[str, Collection[Any]]) -> set[Any]:
    """The keys of the records about which something decides that was changed, given by kind."""
    found: set[Any] = set()
    for part in parts:
        keys = set(changed.get(part.entity, ()))
        for cls, column in reversed(part.path):
            table = cls.__table__.c
            own, link = table[key_column(cls)], table[column]
            keys = {id for id, _ in _pairs(tx, own, link, link, keys)}
        found |= keys
    return found


def led_to(tx: Transaction, path: Path, keys: Mapping[Any, Any]) -> dict[Any, Any]:
    """Where a path leads whose first link has been followed: by the given keys, instead of the given values."""
    found = dict(keys)
    for cls, column in path[1:]:
        table = cls.__table__.c
        own = table[key_column(cls)]
        to = dict(_pairs(tx, own, table[column], own, set(found.values())))
        found = {one: to[key] for one, key in found.items() if key in to}
    return found


def _pairs(
    tx: Transaction, own: Any, link: Any, among: Any, keys: Collection[Any]
) -> Iterator[tuple[Any, Any]]:
    for some in pieces(keys):
        yield from tx.fetch(sa.select(own, link).where(among.in_([unkey(id) for id in some])))


def reached(tx: Transaction, cls: Any, parts: Sequence[Part], moment: datetime) -> set[Any]:
    """The keys of records in reach that perhaps did not stand in a list then where they stand now."""
    return {id for part in parts for id in _reached(tx, cls, part, moment)}


def _reached(tx: Transaction, cls: Any, part: Part, moment: datetime) -> Iterator[Any]:
    """The records in reach that changes of one kind may have moved."""
    change, asked = ChangeRow.__table__.c, query(tx, cls, (), archived=True)
    if asked.nothing:
        return
    own = column = cls.__table__.c[key_column(cls)]
    for at, (step, name) in enumerate(part.path):
        table = cls.__table__ if not at else step.__table__.alias(f"step_{at}")
        if at:
            asked.source = asked.source.join(table, table.c[key_column(step)] == column)
        column = table.c[name]
    asked.source = asked.source.join(
        ChangeRow.__table__, sa.and_(change.record_id == column, change.entity == part.entity)
    )
    holds = [where_in(tx, change.changes, sa.literal(mark, sa.Text())) > 0 for mark in part.marks]
    first = sa.bindparam(None, first_after(moment), type_=change.revision_id.type, unique=True)
    found = asked.select(own).distinct().where(change.revision_id >= first, part.counts(change, holds))
    yield from (id for (id,) in tx.fetch(found))


def where_in(tx: Transaction, text: Any, part: Any) -> Any:
    """Where a text holds another one, nought where it does not."""
    return (sa.func.instr if tx.dialect == "sqlite" else sa.func.strpos)(text, part)
