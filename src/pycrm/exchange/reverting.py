"""Taking an import back as a whole: what it added is put away, what it changed is changed back.

What others touched or built upon since stays as it is and is listed (COR-24). Each batch is a transaction
of its own; called again, it goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
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
from pycrm.exchange.touched import Done, Outcome, Touched, take_back, touched
from pycrm.revision.owner import may_assign
from pycrm.scope.actor import Source, unkey
from pycrm.scope.gateway import bounded

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.declare import Ref
    from pycrm.exchange.report import Progress
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["Import", "ImportRevert", "Left", "imports", "revert_import"]

_AT_ONCE = 500
_LEAST_REASON = 5


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


class _DryRunError(Exception):
    """Ends the transaction of a dry run, so that nothing of it is kept."""


def imports(crm: CRM, who: Any, *, limit: int | None = 100) -> list[Import]:
    """The imports that `who` may take back, newest first: the own ones, and those of people to whom `who` may assign.

    Args:
        limit: how many, None for all.

    Raises:
        InvalidError: the limit is no whole number, or a negative one.
    """
    most = bounded(limit)
    with crm.view(who) as session:
        tx, table, made = session.transaction, ImportRow.__table__.c, layout(ImportRow)
        rows = tx.fetch(
            sa.select(*(table[name] for name in made.names)).order_by(table.at.desc(), table.id.desc())
        )
        part = ImportPart.__table__.c
        taken = {
            unkey(id)
            for (id,) in tx.fetch(sa.select(part.import_id).where(part.takes_back.is_(True)).distinct())
        }
        found = (row for row in made.build(rows) if _is_in_hand(tx, row))
        return [
            Import(row.id, row.at, row.by, row.entity, row.file, row.id in taken)
            for row, _ in zip(found, iter(int, 1) if most is None else range(most), strict=False)
        ]


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
    if not isinstance(because, str) or len(because.strip()) < _LEAST_REASON:
        wrong = Problem("because", "required", f"say why, in {_LEAST_REASON} characters or more")
        raise InvalidError(wrong.message, fields=[wrong])
    with crm.view(who, source=Source.IMPORT) as session:
        parts = _parts(session.transaction, whole)
    run = _Reverting(whole, because, progress)
    if not dry_run:
        return run.go(parts, lambda act: crm.run(who, act, source=Source.IMPORT))
    try:
        with crm.session(who, source=Source.IMPORT) as session:
            found = run.go(parts, lambda act: act(session))
            raise _DryRunError
    except _DryRunError:
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
    made, table = layout(ImportRow), ImportRow.__table__.c
    columns = (table[name] for name in made.names)
    rows = made.build(tx.fetch(sa.select(*columns).where(table.id == sa.literal(whole, RawKey()))))
    if not rows or not _is_in_hand(tx, rows[0]):
        raise NotFoundError("there is no such import")
    part = ImportPart.__table__.c
    mine = part.import_id == sa.literal(whole, RawKey()), part.takes_back.is_(False)
    found = tx.fetch(sa.select(part.revision_id).where(*mine).order_by(part.revision_id.desc()))
    return [id for (key,) in found if (id := unkey(key)) is not None]


def _touched(part: UUID, session: Session) -> list[Touched]:
    return touched(session.transaction, part)


def _is_in_hand(tx: Transaction, row: ImportRow) -> bool:
    """Whether the actor made the import, or may give such records to who made it."""
    if tx.actor.is_system or (row.by is not None and row.by.id == tx.actor.id):
        return True
    cls = tx.crm.record(row.entity, default=None)
    if cls is None or row.by is None:
        return False
    user = User.__table__.c
    rows = tx.fetch(sa.select(user.home_unit_id).where(user.id == sa.literal(row.by.id, RawKey())))
    unit = unkey(rows[0][0]) if rows else None
    return unit is not None and may_assign(tx, cls, unit)
