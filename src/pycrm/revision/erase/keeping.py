"""Whom to erase because the time has come: nothing was written of them for long, or the law lets go of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import Administered
from pycrm.declare.raw import instant
from pycrm.declare.reference import Ref
from pycrm.declare.table import key_column
from pycrm.entities.erasure import Erasure, ErasurePart, LegalHold, RetentionPeriod
from pycrm.entities.party import Party, PartyKind
from pycrm.revision.erase.act import lasting_holds
from pycrm.revision.erase.graph import Graph, graph_of
from pycrm.revision.erase.root import above, is_root, party_link
from pycrm.revision.erase.term import months_after
from pycrm.scope.actor import unkey
from pycrm.scope.children import keys
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Expired", "expired", "keepable", "still"]

# So many people are looked at together.
_BATCH = 500
# A moment lies at most so far from its business day, wherever that is.
_SLACK = timedelta(days=2)


@attrs.frozen
class Expired:
    """Somebody whom ``pycrm jobs run`` erases: `record` is the party, or the lead of somebody who is none.

    `since` is the day on which something was last written of the person, or that from which the law does
    not demand any more what an erasure before had to leave; `because` becomes the reason of the erasure. The
    `name` is there for whoever looks beforehand.
    """

    record: Ref[Any]
    name: str
    since: date
    because: str


def keepable(classes: Iterable[Any]) -> set[str]:
    """The kinds of record for which a longest time of keeping can be set."""
    return {cls.__name__ for cls in classes if cls is Party or party_link(cls) is not None or is_root(cls)}


def expired(tx: Transaction, day: date) -> Iterator[Expired]:
    """Whoever is to be erased by that day; nobody upon whom a legal hold lies."""
    keeping = _Keeping(tx, day)
    for cls in keeping.roots:
        last = UUID(int=0)
        while ids := keeping.candidates(cls, last):
            yield from keeping.quiet(cls, ids)
            last = ids[-1]
    yield from keeping.released()


def still(tx: Transaction, one: Expired) -> Expired | None:
    """The same person, if still to be erased: meanwhile something may have been written, or done."""
    keeping = _Keeping(tx, tx.crm.calendar_day(tx.moment))
    cls, id = tx.crm.record(one.record.entity), one.record.id
    ids = keeping.candidates(cls, id, only=True) if cls in keeping.roots else []
    return next((found for found in (*keeping.quiet(cls, ids), *keeping.released(id))), None)


class _Keeping:
    """What was set, and what the tables say of it as of a day."""

    def __init__(self, tx: Transaction, day: date) -> None:
        self.tx, self.day = tx, day
        table = RetentionPeriod.__table__.c
        self.periods: dict[str, tuple[int, str]] = {
            entity: (months, reason)
            for entity, months, reason in tx.fetch(
                sa.select(table.entity, table.months, table.reason).where(table.archived_at.is_(None))
            )
        }

    @cached_property
    def linking(self) -> list[tuple[Any, Any]]:
        """The classes by which a party is somebody to us, each with its column."""
        found = [(cls, party_link(cls)) for cls in self.tx.crm.records()]
        return [(cls, cls.__table__.c[spec.columns[0]]) for cls, spec in found if spec is not None]

    @cached_property
    def roots(self) -> list[Any]:
        """The classes of which somebody may have to go."""
        alone = [cls for cls in self.tx.crm.records() if is_root(cls) and cls.__name__ in self.periods]
        parties = {Party.__name__, *(cls.__name__ for cls, _ in self.linking)} & set(self.periods)
        return [*([Party] if parties else []), *alone]

    def candidates(self, cls: Any, after: UUID, *, only: bool = False) -> list[UUID]:
        """Some of those of whom little speaks against it, in the order of their ids; or just that one."""
        key = cls.__table__.c[key_column(cls)]
        holds, erasures = LegalHold.__table__.c, Erasure.__table__.c
        statement = sa.select(key).where(
            key == after if only else key > after,
            self._still(cls),
            ~sa.exists().where(erasures.subject_id == key),
            ~sa.exists().where(holds.party_id == key, lasting_holds(self.tx)),
            *(self._of_party(key) if cls is Party else self._of_nobody(cls)),
        )
        rows = self.tx.fetch(statement.order_by(key).limit(_BATCH))
        return keys(rows)

    def _still(self, cls: Any) -> Any:
        """The condition that a row was not written for the shortest of all periods."""
        table = cls.__table__.c
        first = months_after(self.day, -min(months for months, _ in self.periods.values()))
        edge = datetime.combine(first + _SLACK, time(), self.tx.crm.zone)
        return sa.and_(
            table.created_at < edge,
            sa.or_(table.updated_at < edge, table.updated_by_id.is_(None)),
            *(table[cls.__specs__[name].columns[0]] < edge for name in cls.keeps_latest),
        )

    def _of_party(self, key: Any) -> Iterator[Any]:
        """A person who is nothing of which no period was set, and not merely a party unless one was for that."""
        yield Party.__table__.c.kind == PartyKind.PERSON.value
        known = [sa.exists().where(column == key) for _, column in self.linking]
        if Party.__name__ not in self.periods:
            yield sa.or_(*known)
        for cls, column in self.linking:
            against = ~self._still(cls) if cls.__name__ in self.periods else sa.true()
            yield ~sa.exists().where(column == key, against)

    def _of_nobody(self, cls: Any) -> Iterator[Any]:
        """It belongs to nobody of whom more is kept: such as the customer that a lead has become."""
        for spec, target, link in above(self.tx, cls):
            key, column = target.__table__.c[key_column(target)], cls.__table__.c[spec.columns[0]]
            person = sa.and_(
                Party.__table__.c.id == target.__table__.c[link.columns[0]],
                Party.__table__.c.kind == PartyKind.PERSON.value,
            )
            yield ~sa.exists().where(key == column, person)

    def quiet(self, cls: Any, ids: list[UUID]) -> Iterator[Expired]:
        """Those of whom nothing was written for the longest period of all that they are to us."""
        graph = graph_of(self.tx, cls, ids)
        last, kinds, names = self._last(graph), self._kinds(cls, graph), self._names(cls, ids)
        for id in ids:
            months, because = self._months(kinds[id])
            since = self.tx.crm.calendar_day(last[id])
            if months_after(since, months) <= self.day:
                why = f"nothing was written for {months} months: {because}"
                yield Expired(Ref.to(cls, id), names.get(id, ""), since, why)

    def _names(self, cls: Any, ids: list[UUID]) -> dict[UUID, str]:
        if "name" not in cls.__specs__:
            return {}
        key, name = cls.__table__.c[key_column(cls)], cls.__table__.c.name
        rows = list(self.tx.fetch(sa.select(key, name).where(key.in_(ids)))) if ids else []
        return dict(zip(keys(rows), (row[1] for row in rows), strict=True))

    def _last(self, graph: Graph) -> dict[UUID, datetime]:
        """When something was last written of each person; what the administration keeps is not of them."""
        last: dict[UUID, datetime] = {}
        for cls, places in (*graph.own.items(), *graph.beside.items()):
            if not isinstance(cls.__scope__, Administered):
                for id, moment in self._written(cls, places):
                    for root in places[id]:
                        last[root] = max(moment, last.get(root, moment))
        return last

    def _kinds(self, cls: Any, graph: Graph) -> dict[UUID, set[str]]:
        """What each person is to us; merely a party, or a lead, who is nothing else."""
        found: dict[UUID, set[str]] = {}
        for linking, _ in self.linking:
            for whom in graph.own.get(linking, {}).values():
                for root in whom:
                    found.setdefault(root, set()).add(linking.__name__)
        return {root: found.get(root, {cls.__name__}) for root in graph.own[cls]}

    def _months(self, names: set[str]) -> tuple[int, str]:
        """The longest period of somebody who is all of these, and why."""
        return max(self.periods[name] for name in names)

    def _written(self, cls: Any, ids: Iterable[UUID]) -> Iterator[tuple[UUID, datetime]]:
        """When each of the records and its facets was added, or last changed by somebody."""
        for one in (cls, *self.tx.crm.facets_of(cls)):
            table = one.__table__.c
            key = table[key_column(one)]
            moment = sa.type_coerce(_moment(table), table.created_at.type)
            for some in pieces(ids):
                rows = list(self.tx.fetch(sa.select(key, moment).where(key.in_(some))))
                yield from zip(keys(rows), (_read(row[1]) for row in rows), strict=True)

    def released(self, subject: UUID | None = None) -> Iterator[Expired]:
        """Those of whom an erasure left what the law demanded until a day that has come."""
        erasures, parts, holds = Erasure.__table__.c, ErasurePart.__table__.c, LegalHold.__table__.c
        later = sa.alias(Erasure.__table__)
        statement = (
            sa.select(erasures.subject_id, sa.func.min(parts.until), sa.func.min(parts.kept))
            .join_from(Erasure.__table__, ErasurePart.__table__, parts.parent_id == erasures.id)
            .where(
                parts.until <= self.day,
                ~sa.exists().where(
                    later.c.subject_id == erasures.subject_id, later.c.created_at > erasures.created_at
                ),
                ~sa.exists().where(holds.party_id == erasures.subject_id, lasting_holds(self.tx)),
            )
            .group_by(erasures.subject_id)
            .order_by(erasures.subject_id)
        )
        if subject is not None:
            statement = statement.where(erasures.subject_id == subject)
        for id, until, why in list(self.tx.fetch(statement)):
            found = self._named(unkey(id))
            if found is not None:
                yield Expired(*found, until, f"no longer demanded: {why}")

    def _named(self, id: Any) -> tuple[Ref[Any], str] | None:
        for cls in (Party, *(cls for cls in self.tx.crm.records() if is_root(cls))):
            key = cls.__table__.c[key_column(cls)]
            if self.tx.fetch(sa.select(key).where(key == id)):
                return Ref.to(cls, id), self._names(cls, [id]).get(id, "")
        return None


def _moment(table: Any) -> Any:
    """When somebody last wrote in a row; what the product changes by itself is nobody's dealing with the person."""
    return sa.case((table.updated_by_id.is_(None), table.created_at), else_=table.updated_at)


def _read(value: Any) -> datetime:
    """An instant as the drivers give it."""
    return value if isinstance(value, datetime) else instant(value)
