"""Taking an import back as a whole: what it added is put away, what it changed is changed back.

What others touched or built upon since stays as it is and is listed (COR-24). Each batch is a transaction
of its own; called again, it goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawKey
from pycrm.declare.row import layout
from pycrm.entities.org import User
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.exchange import book
from pycrm.exchange.book import ImportPart, ImportRow
from pycrm.exchange.rehearsal import rehearsed
from pycrm.exchange.touched import Done, Outcome, Touched, take_back, touched
from pycrm.revision.amendment.policy import LEAST_REASON
from pycrm.revision.owner import may_assign
from pycrm.scope.actor import Source, unkey
from pycrm.scope.gateway import bounded
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.declare import Ref
    from pycrm.exchange.report import Progress
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["Import", "ImportRevert", "Left", "imports", "revert_import"]

_AT_ONCE = 500


@attrs.frozen
class Import:
    """An import that wrote something; `is_reverted` where any of it was taken back."""

    id: UUID
    at: datetime
    by: Ref[User] | None
    entity: str
    file: str
    is_reverted: bool


@attrs.frozen
class Left:
    """A record that stays as the import left it, and why; `record` is None where it is out of sight."""

    entity: str
    record: UUID | None
    code: str
    reason: str


@attrs.frozen
class ImportRevert:
    """What became of an import that was taken back.

    Args:
        archived: how many records that it had added were put away.
        changed: how many that it had changed were changed back.
        withdrawn: how many amendments that it had asked for and nobody had decided on.
        left: what stays, and why.
    """

    archived: int
    changed: int
    withdrawn: int
    left: tuple[Left, ...]
    dry_run: bool = False

    def summary(self) -> str:
        """One line for people."""
        told = f"{self.archived:,} put away, {self.changed:,} changed back, {self.withdrawn:,} withdrawn, "
        return f"{told}{len(self.left):,} left{' (dry run, nothing written)' if self.dry_run else ''}"


def imports(crm: CRM, who: Any, *, id: UUID | None = None, limit: int | None = 100) -> list[Import]:
    """The imports that `who` may take back, newest first: the own ones, and those of people to whom `who` may assign.

    Args:
        id: that one alone.
        limit: how many, None for all.

    Raises:
        InvalidError: the limit is no whole number, or a negative one.
    """
    most = bounded(limit)
    with crm.view(who) as session:
        tx = session.transaction
        found = list(islice(_in_hand(tx, id), most))
        taken = _taken_back(tx, [row.id for row in found])
        return [Import(row.id, row.at, row.by, row.entity, row.file, row.id in taken) for row in found]


def revert_import(
    crm: CRM,
    who: Any,
    whole: UUID,
    *,
    because: str,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportRevert:
    """Take an import back as a whole, as `who` may put records away and change them.

    A record that it added is put away, unless it was changed since or others that `who` sees hang on
    it; what it changed is changed back, unless the record was changed since; an amendment that waits is
    withdrawn. What stays is listed. Called again it goes on with what is left. A later import of the
    same rows brings the records back.

    Args:
        whole: `ImportReport.id`, or `Import.id`.
        because: the reason, of at least 5 characters.
        dry_run: tell what would happen and write nothing.
        progress: told how many of the import's batches are done, and of how many.

    Raises:
        NotFoundError: there is no such import, or it was another's to whom `who` may not assign.
        InvalidError: the reason is too short.
    """
    if not isinstance(because, str) or len(because.strip()) < LEAST_REASON:
        wrong = Problem("because", "required", f"say why, in {LEAST_REASON} characters or more")
        raise InvalidError(wrong.message, fields=[wrong])
    with crm.view(who, source=Source.IMPORT) as session:
        parts = _parts(session.transaction, whole)
    run = _Reverting(whole, because, progress)
    if not dry_run:
        return run.go(parts, lambda act: crm.run(who, act, source=Source.IMPORT))
    with rehearsed(crm, who) as session:
        found = run.go(parts, lambda act: act(session))
    return attrs.evolve(found, dry_run=True)


class _Reverting:
    def __init__(self, whole: UUID, because: str, progress: Progress | None) -> None:
        self._whole, self._because, self._progress = whole, because, progress
        self._counts: dict[Done, int] = dict.fromkeys(Done, 0)
        self._left: list[Outcome] = []

    def go(self, parts: Sequence[UUID], run: Callable[[Callable[[Session], Any]], Any]) -> ImportRevert:
        """Everything, the newest first; and what others hung on once more as long as others go."""
        for number, part in enumerate(parts, 1):
            some = run(partial(_touched, part))
            self._take(some, run)
            if self._progress is not None:
                self._progress(number, len(parts))
        waiting = [one.of for one in self._left if one.waits]
        while waiting:
            self._left = [one for one in self._left if not one.waits]
            self._take(waiting, run)
            still = [one.of for one in self._left if one.waits]
            if len(still) == len(waiting):
                break
            waiting = still
        counts = self._counts
        left = tuple(map(_left, self._left))
        return ImportRevert(counts[Done.ARCHIVED], counts[Done.CHANGED], counts[Done.WITHDRAWN], left)

    def _take(self, some: Sequence[Touched], run: Callable[[Callable[[Session], Any]], Any]) -> None:
        for start in range(0, len(some), _AT_ONCE):
            those = some[start : start + _AT_ONCE]

            def act(session: Session, those: Sequence[Touched] = those) -> list[Outcome]:
                found = take_back(session, self._whole, those, self._because)
                book.keep_part(session.transaction, self._whole, takes_back=True)
                return found

            for outcome in run(act):
                self._counts[outcome.done] += 1
                if outcome.done is Done.LEFT:
                    self._left.append(outcome)


def _left(outcome: Outcome) -> Left:
    record = None if outcome.is_hidden else outcome.of.record
    return Left(outcome.of.entity, record, outcome.code, outcome.reason)


def _parts(tx: Transaction, whole: UUID) -> list[UUID]:
    """The revisions that an import wrote, newest first."""
    if not isinstance(whole, UUID) or not list(_in_hand(tx, whole)):
        raise NotFoundError("there is no such import")
    part = ImportPart.__table__.c
    mine = part.import_id == sa.literal(whole, RawKey()), part.takes_back.is_(False)
    found = tx.fetch(sa.select(part.revision_id).where(*mine).order_by(part.revision_id.desc()))
    return [id for (key,) in found if (id := unkey(key)) is not None]


def _touched(part: UUID, session: Session) -> list[Touched]:
    return touched(session.transaction, part)


def _taken_back(tx: Transaction, ids: Sequence[UUID]) -> set[UUID | None]:
    """Those of the imports of which anything was taken back."""
    part, found = ImportPart.__table__.c, set()
    for some in pieces(ids):
        taken = sa.select(part.import_id).where(part.import_id.in_(some), part.takes_back.is_(True))
        found |= {unkey(id) for (id,) in tx.fetch(taken.distinct())}
    return found


def _in_hand(tx: Transaction, id: UUID | None) -> Iterator[ImportRow]:
    """The imports that the actor made, or made by people to whom the actor may give such records, newest first."""
    made, table, user = layout(ImportRow), ImportRow.__table__.c, User.__table__
    source = ImportRow.__table__.outerjoin(user, user.c.id == table.by_id)
    statement = sa.select(*(table[name] for name in made.names), user.c.home_unit_id).select_from(source)
    if id is not None:
        statement = statement.where(table.id == sa.literal(id, RawKey()))
    for *row, home in tx.fetch(statement.order_by(table.at.desc(), table.id.desc())):
        (one,) = made.build([row])
        if _may_take_back(tx, one, unkey(home)):
            yield one


def _may_take_back(tx: Transaction, row: ImportRow, home: UUID | None) -> bool:
    if tx.actor.is_system or (row.by is not None and row.by.id == tx.actor.id):
        return True
    cls = tx.crm.record(row.entity, default=None)
    return cls is not None and home is not None and may_assign(tx, cls, home)
