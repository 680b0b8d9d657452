"""The records that run in older versions of a pipeline, counted and judged as sets, whoever owns them.

Gates are judged here for all records and not for what somebody sees: whoever publishes a version answers
for all of them. What is told of single records is a matter of `told_of`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import InvalidError
from pycrm.pipeline.carry import Route
from pycrm.pipeline.facts import Requirement, is_filled
from pycrm.pipeline.gate import Need
from pycrm.pipeline.wheres import condition
from pycrm.scope.actor import bounds
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import query

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Crowd", "Group", "Person", "in_sight", "told_of"]

_BATCH = 500


@attrs.frozen
class Group:
    """The records that stand in the same place of one version."""

    version: int
    stage: str
    leaves: tuple[str, ...]
    count: int


@attrs.frozen
class Crowd:
    """The living records of one pipeline that run in versions before one."""

    tx: Transaction
    cls: Any
    key: str
    below: int

    def groups(self) -> list[Group]:
        """How many stand where, in the order of versions; archived records stay as they are."""
        table = self.cls.__table__.c
        place = (table.pipeline_version, table.stage, table.stage_config)
        statement = (
            sa.select(*place, sa.func.count())
            .where(table.pipeline == self.key, table.pipeline_version < self.below)
            .where(table.archived_at.is_(None))
            .group_by(*place)
        )
        found = [
            Group(version, stage, _leaves(config) or (stage,), number)
            for version, stage, config, number in self.tx.fetch(statement)
        ]
        return sorted(found, key=lambda group: (group.version, group.stage, group.leaves))

    def batches(
        self, version: int, stage: str, routes: Sequence[Route] = (), *, locked: bool = False
    ) -> Iterator[list[Person]]:
        """The records of one stage with what their routes count, 500 at a time in the order of their ids.

        Args:
            locked: hold them until the transaction ends.
        """
        counted = _Counted(self.tx, self.cls, routes)
        made, last = layout(self.cls), None
        table = counted.table
        while True:
            statement = (
                sa.select(*(table.c[name] for name in made.names), *counted.columns)
                .where(table.c.pipeline == self.key, table.c.pipeline_version == version)
                .where(table.c.stage == stage, table.c.archived_at.is_(None))
                .order_by(table.c.id)
                .limit(_BATCH)
            )
            if last is not None:
                key = table.c.id
                statement = statement.where(key > sa.bindparam(None, last, type_=key.type, unique=True))
            if locked and self.tx.dialect == "postgresql":
                statement = statement.with_for_update(of=table)
            rows, width = self.tx.fetch(statement), len(made.names)
            records = made.build([row[:width] for row in rows])
            yield [
                Person(record, counted.numbers(row[width:]))
                for record, row in zip(records, rows, strict=True)
            ]
            if len(rows) < _BATCH:
                return
            last = records[-1].id


@attrs.frozen
class Person:
    """A record that is judged, with the numbers of what it has in other tables."""

    record: Any
    numbers: Mapping[str, int]

    @property
    def leaves(self) -> tuple[str, ...]:
        """The innermost stages in which it stands."""
        return self.record.stage_config or (self.record.stage,)

    def missing(self, route: Route, words: Mapping[str, Mapping[str, str]]) -> list[Requirement]:
        """What it lacks of what a route asks for, as refusals of moves say it."""
        names = [name for name in route.fields if not self._is_filled(name)]
        found: list[Requirement] = []
        for need in route.needs:
            is_met = self.numbers[_number_of(need)] >= need.least
            if not need.then and not is_met:
                found.append({"kind": "record", "name": need.key, "label": need.label, "entity": need.entity})
            for name in need.then if is_met else ():
                if name not in names and not self._is_filled(name):
                    names.append(name)
        return [*({"kind": "field", "name": name, **words.get(name, {})} for name in names), *found]

    def _is_filled(self, name: str) -> bool:
        return self.numbers[name] > 0 if name in self.numbers else is_filled(getattr(self.record, name))


class _Counted:
    """What is counted beside the columns of a record: rows of its lists, and records that are needed."""

    def __init__(self, tx: Transaction, cls: Any, routes: Sequence[Route]) -> None:
        # Under a name of its own: a need may count other records of the same class.
        self.table = cls.__table__.alias("judged")
        self._tx, self._cls = tx, cls
        parts: dict[str, Any] = {}
        for route in routes:
            named = (*route.fields, *(name for need in route.needs for name in need.then))
            parts |= {name: self._rows(name) for name in named if cls.__specs__[name].child is not None}
            parts |= {_number_of(need): self._needed(need) for need in route.needs}
        self._names, self.columns = tuple(parts), tuple(parts.values())

    def numbers(self, row: Sequence[Any]) -> Mapping[str, int]:
        """The numbers of one row by their names."""
        return dict(zip(self._names, row, strict=True))

    def _rows(self, name: str) -> Any:
        child = self._tx.crm.record(self._cls.__specs__[name].child).__table__
        return self._number(child, [child.c.parent_id == self.table.c.id])

    def _needed(self, need: Need) -> Any:
        cls = self._tx.crm.record(need.entity)
        where = [condition(cls, one) for one in need.where]
        if any(spec.child == need.entity for spec in self._cls.__specs__.values()):
            return self._number(cls.__table__, [cls.__table__.c.parent_id == self.table.c.id, *where])
        for other, own in need.match.items():
            column = own if own == "id" else self._cls.__specs__[own].columns[0]
            where.append(getattr(cls, other) == self.table.c[column])
        if "archived_at" in cls.__specs__:
            where.append(cls.__table__.c.archived_at.is_(None))
        return self._number(cls.__table__, where)

    def _number(self, table: Any, where: Sequence[Any]) -> Any:
        found = sa.select(sa.func.count()).select_from(table).where(*where)
        return found.correlate(self.table).scalar_subquery()


def _number_of(need: Need) -> str:
    """The name of a need among numbers: two versions may ask for different things by one key."""
    return f"need/{need!r}"


def _leaves(config: Any) -> tuple[str, ...]:
    """The innermost stages as the driver gave them."""
    found = json.loads(config) if isinstance(config, str) else config
    return tuple(found or ())


# --- what is told of single records ------------------------------------------------------------------


def in_sight(tx: Transaction, cls: Any, conditions: Sequence[Any], limit: int) -> list[Any]:
    """Records that meet the conditions and that the actor sees, at most so many."""
    if limit < 1:
        return []
    try:
        return query(tx, cls, conditions).records((), limit)
    except InvalidError:
        # A rule hides from the actor where records stand.
        return []


def told_of(tx: Transaction, cls: Any, way: Route) -> bool:
    """Whether the actor may be told which records in sight lack what on a way, and so which do not.

    That a field is empty or filled is a value of it; that no record is there tells of those that are hidden.
    """
    rights = field_rights(tx, cls)
    closed = rights.closed | rights.covered
    for name in (*way.fields, *(name for need in way.needs for name in need.then)):
        if not closed.isdisjoint((name, *cls.__specs__[name].columns)):
            return False
    for need in way.needs:
        needed = tx.crm.record(need.entity)
        is_row = any(spec.child == need.entity for spec in cls.__specs__.values())
        if not field_rights(tx, needed).closed.isdisjoint(where.field for where in need.where):
            return False
        if not is_row and not bounds(tx.actor, needed, Action.READ).everything:
            return False
    return True
