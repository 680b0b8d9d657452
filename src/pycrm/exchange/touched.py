"""The records that one revision of an import touched, and taking back what it did to each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import UsedBy
from pycrm.declare.raw import RawKey
from pycrm.declare.table import key_column
from pycrm.entities.amendment import Amendment, AmendmentState
from pycrm.errors import ConflictError, NotFoundError, RefusedError
from pycrm.exchange.book import ImportPart
from pycrm.revision.erase.graph import links_to, place_of
from pycrm.revision.log import flush
from pycrm.revision.model import ChangeRow
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import Query, fetch_one, not_found
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["Done", "Outcome", "Touched", "take_back", "touched"]

# What makes a record that was not there, or not found.
_BEGINS = ("add", "restore")
_ENDED = (AmendmentState.REJECTED, AmendmentState.WITHDRAWN)


class Done(StrEnum):
    """What became of a record when an import was taken back."""

    ARCHIVED = "archived"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    LEFT = "left"
    SKIPPED = "skipped"
    """It goes with another record, or was taken back before."""


@attrs.frozen
class Touched:
    """What one revision did to one record: its acts by their versions, oldest first."""

    entity: str
    record: UUID
    acts: tuple[tuple[int, str], ...]

    @property
    def begins(self) -> bool:
        """Whether it was not to be found before."""
        return self.acts[0][1] in _BEGINS

    @property
    def version(self) -> int:
        """The last version that the import made."""
        return self.acts[-1][0]


@attrs.frozen
class Outcome:
    """What became of a record, and why it was left; `waits` where that may change when others are gone."""

    of: Touched
    done: Done
    code: str = ""
    reason: str = ""
    waits: bool = False
    is_hidden: bool = False


def touched(tx: Transaction, revision: UUID) -> list[Touched]:
    """What a revision touched, the newest records first."""
    table = ChangeRow.__table__.c
    rows = tx.fetch(
        sa.select(table.entity, table.record_id, table.version, table.act)
        .where(table.revision_id == sa.literal(revision, RawKey()))
        .order_by(table.record_id.desc(), table.entity, table.version)
    )
    found = []
    for (entity, key), those in groupby(rows, key=lambda row: (row[0], row[1])):
        id = unkey(key)
        assert id is not None
        found.append(Touched(entity, id, tuple((version, act) for _, _, version, act in those)))
    return found


def take_back(session: Session, whole: UUID, some: Sequence[Touched], because: str) -> list[Outcome]:
    """Take back what an import did to these records, as far as its actor may and nothing came after."""
    return _Taking(session, whole, some, because).outcomes()


@attrs.define
class _Since:
    """Of a record: whether others changed it since, and whether the import was taken back from it."""

    is_foreign: bool = False
    is_done: bool = False


class _Taking:
    def __init__(self, session: Session, whole: UUID, some: Sequence[Touched], because: str) -> None:
        self._session, self._tx = session, session.transaction
        self._whole, self._some, self._because = whole, some, because
        # In a dry run what this transaction did before is asked for like the rest.
        flush(self._tx)
        self._since = self._read_since()
        begun = [one for one in some if one.begins]
        self._users = self._read_users(begun)
        links = {user for users in self._users.values() for user in users}
        self._added = self._added_by_import({id for _, id in links} | {one.record for one in begun})
        self._gone: set[UUID] = set()

    def outcomes(self) -> list[Outcome]:
        """One for each, in their order."""
        return [self._outcome(one) for one in self._some]

    def _outcome(self, one: Touched) -> Outcome:
        try:
            with self._session.attempt():
                return self._taken_back(one)
        except NotFoundError as error:
            # Of what is out of sight no more is told than that it was left.
            return Outcome(one, Done.LEFT, error.code, error.message, is_hidden=True)
        except RefusedError as error:
            return Outcome(one, Done.LEFT, error.code, error.message)

    def _taken_back(self, one: Touched) -> Outcome:
        cls = self._tx.crm.record(one.entity, default=None)
        if cls is None:
            raise ConflictError(f"there is no {one.entity} any more: its plugin is away")
        if one.begins and self._goes_with_another(cls, one):
            return Outcome(one, Done.SKIPPED)
        record = fetch_one(self._tx, cls, one.record)
        if record is None:
            raise not_found(cls)
        since = self._since[one.entity, one.record]
        if cls is Amendment:
            return self._withdrawn(one, record, since)
        # What extends another record is no record of its own that could be put away: it is emptied.
        is_whole = one.begins and cls.__facet_of__ is None
        return self._archived(one, record, since) if is_whole else self._changed_back(one, record, since)

    def _goes_with_another(self, cls: Any, one: Touched) -> bool:
        """A party goes with its customer, and what extends something that was added with that."""
        if cls.__facet_of__ is None:
            return isinstance(cls.__scope__, UsedBy)
        # It has the key of what it extends.
        return (cls.__facet_of__, one.record) in self._added

    def _archived(self, one: Touched, record: Any, since: _Since) -> Outcome:
        if record.archived_at is not None:
            return Outcome(one, Done.SKIPPED)
        if since.is_foreign:
            raise ConflictError("it was changed since")
        others = self._users[one.record] - self._added
        users = {entity for entity, id in others if id not in self._gone}
        if users:
            reason = f"others hang on it since: {', '.join(sorted(users))}"
            return Outcome(one, Done.LEFT, ConflictError.code, reason, waits=True)
        self._session.archive(record, because=self._because)
        self._gone.add(one.record)
        return Outcome(one, Done.ARCHIVED)

    def _changed_back(self, one: Touched, record: Any, since: _Since) -> Outcome:
        if since.is_done:
            return Outcome(one, Done.SKIPPED)
        if since.is_foreign:
            raise ConflictError("it was changed since")
        if any(act == "move" for _, act in one.acts):
            raise ConflictError("it was moved to another stage: move it back")
        # The history of a customer tells of its party too, whose versions have the same numbers.
        told = self._session.history(record)
        kept = {revision.version: revision for revision in told if revision.entity == one.entity}
        for version, _ in reversed(one.acts):
            if version not in kept:
                raise not_found(type(record))
            self._session.revert(kept[version], because=self._because)
        return Outcome(one, Done.CHANGED)

    def _withdrawn(self, one: Touched, amendment: Any, since: _Since) -> Outcome:
        if amendment.state in _ENDED:
            return Outcome(one, Done.SKIPPED)
        if amendment.state is AmendmentState.APPLIED:
            if since.is_foreign:
                raise ConflictError("the amendment was agreed to since: take it back by itself")
            return Outcome(one, Done.SKIPPED)
        self._session.withdraw(amendment, because=self._because)
        return Outcome(one, Done.WITHDRAWN)

    def _read_since(self) -> dict[tuple[str, UUID], _Since]:
        """Of each record what the book tells of later versions."""
        change, part = ChangeRow.__table__.c, ImportPart.__table__.c
        found = {(one.entity, one.record): _Since() for one in self._some}
        last = {(one.entity, one.record): one.version for one in self._some}
        mine = sa.and_(
            part.revision_id == change.revision_id, part.import_id == sa.literal(self._whole, RawKey())
        )
        source = ChangeRow.__table__.outerjoin(ImportPart.__table__, mine)
        for some in pieces({one.record for one in self._some}):
            columns = (change.entity, change.record_id, change.version, part.takes_back)
            for entity, id, version, takes_back in self._tx.fetch(
                sa.select(*columns).select_from(source).where(change.record_id.in_(some))
            ):
                its: Any = (entity, unkey(id))
                if its in found and version > last[its]:
                    found[its].is_foreign |= takes_back is None
                    found[its].is_done |= bool(takes_back)
        return found

    def _read_users(self, begun: Iterable[Touched]) -> dict[UUID, set[tuple[str, UUID]]]:
        """Of each of these records the others, in sight and not put away, that link to it."""
        found: dict[UUID, set[tuple[str, UUID]]] = defaultdict(set)
        by_entity: dict[str, list[UUID]] = defaultdict(list)
        for one in begun:
            by_entity[one.entity].append(one.record)
        for entity, ids in by_entity.items():
            cls = self._tx.crm.record(entity, default=None)
            for linking, spec in links_to(self._tx, cls) if cls is not None else ():
                if linking is Amendment:
                    continue
                for id, linked in self._linked(linking, spec, ids):
                    found[linked].add((linking.__name__, id))
        return found

    def _linked(self, linking: Any, spec: Any, ids: Sequence[UUID]) -> Iterator[tuple[UUID, UUID]]:
        asked = Query(self._tx, linking, ())
        if asked.nothing:
            return
        user, linked = place_of(linking, spec)
        key = linking.__table__.c[key_column(linking)]
        for some in pieces(ids):
            statement = asked.select(key, linked).where(linked.in_(some))
            if user is not key:
                statement = statement.where(user == key)
            for id, to in self._tx.fetch(statement):
                yield unkey(id), unkey(to)  # type: ignore[misc]

    def _added_by_import(self, ids: Iterable[UUID]) -> set[tuple[str, UUID]]:
        """Those of the records that the import itself added, each with its kind."""
        change, part = ChangeRow.__table__.c, ImportPart.__table__.c
        mine = sa.select(part.revision_id).where(
            part.import_id == sa.literal(self._whole, RawKey()), part.takes_back.is_(False)
        )
        found: set[tuple[str, UUID]] = set()
        for some in pieces(set(ids)):
            begun = sa.select(change.entity, change.record_id).where(
                change.record_id.in_(some), change.version == 1, change.revision_id.in_(mine)
            )
            found.update(
                (entity, id) for entity, key in self._tx.fetch(begun) if (id := unkey(key)) is not None
            )
        return found
