"""Importing a table: streamed, in batches, each of them one transaction with its place in the file.

A batch that is refused is cut up until the row that cannot be taken stands alone: the others are
imported, that one is reported with its reason. A run that was killed goes on after its last batch;
a second run over the same file finds every record by its external id and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.demand import collector_at_rest
from pycrm.errors import InvalidError, Problem
from pycrm.exchange import book
from pycrm.exchange._spool import Seen
from pycrm.exchange.batch import take
from pycrm.exchange.draft import Drafts
from pycrm.exchange.mapping import Mapping
from pycrm.exchange.plan import Draft
from pycrm.exchange.reading import Limits, Position, TableReader
from pycrm.exchange.rehearsal import rehearsed
from pycrm.exchange.report import ImportReport, Progress, ReportMark, RowVerdict, Verdict
from pycrm.exchange.shape import Shape
from pycrm.revision.amendment.book import Draft as Proposed
from pycrm.revision.amendment.propose import draft_of
from pycrm.scope.actor import Source

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["import_file"]

_Path = str | os.PathLike[str]


def import_file(
    crm: CRM,
    who: Any,
    path: str | os.PathLike[str],
    mapping: Mapping | str | os.PathLike[str],
    *,
    files: AnyMapping[str, str | os.PathLike[str]] | None = None,
    dry_run: bool = False,
    report_path: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
    batch: int = 1000,
    because: str | None = None,
    evidence: Sequence[str] = (),
) -> ImportReport:
    """Import a table of delimited text as `who`.

    Each row is found again by its key, or is new. A new record belongs to `who`, or to the `owner`
    that the file names if `who` may assign to that person; later runs leave whose it is. A row with
    a `stage` is moved there through the gates of the pipeline.

    Key fields that differ are changed as `amend` would: at once where the policy asks for a reason
    alone, and where others have to agree by one batch of amendments, one for each record
    (`ImportReport.batch`). Without a reason such rows are refused.

    Args:
        path: the table.
        mapping: from its columns to fields, or the path of a mapping file (TOML).
        files: the tables of children that the mapping names, by name.
        dry_run: report what would happen and write nothing. It is one transaction: on SQLite others
            wait with their writing until it ends.
        report_path: where refused rows are written as they come (``.csv``, else JSON lines).
        progress: told after each batch how many bytes of how many are done.
        limits: how large a table may be.
        batch: how many records one transaction takes; a run that was killed goes on after its last.
        because: why it is imported, of at least 5 characters; kept in the history.
        evidence: what proves it, each as a text, where a policy asks for it.

    Returns:
        the report: how many rows were imported, updated, proposed, unchanged and refused, and why.

    Raises:
        InvalidError: the mapping is wrong, does not fit the header, or the reason is too short, and
            nothing was imported; or
            the table cannot be read to its end, and what stands before that place was imported.
        NotFoundError, ForbiddenError: there is no such user, or one who may not sign in.
    """
    if not isinstance(mapping, Mapping):
        mapping = Mapping.parse(_text(mapping), where=os.fspath(mapping))
    proposed = draft_of(because, evidence) if because is not None or evidence else None
    run = _Run(crm, who, mapping, Path(path), files or {}, limits, batch, proposed)
    with ExitStack() as stack:
        return run.dry(stack, report_path, progress) if dry_run else run.go(stack, report_path, progress)


def _text(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        wrong = Problem("mapping", "format", f"{os.fspath(path)} is not in UTF-8")
        raise InvalidError(wrong.message, fields=[wrong]) from None


class _Table:
    """The drafts of the table, batch by batch; a key that comes again is a problem of the later row."""

    def __init__(self, table: TableReader, drafts: Drafts, seen: Seen, key: str) -> None:
        self.table, self._drafts, self._seen, self._key = table, drafts, seen, key
        self._rows = iter(drafts)

    @property
    def position(self) -> Position:
        """The place after the last draft that was handed out."""
        return self._drafts.position

    def batches(self, size: int) -> Iterator[list[Draft]]:
        """The drafts from here to the end."""
        while drafts := [self._once(draft) for draft in islice(self._rows, size)]:
            yield drafts

    def skip_to(self, place: Position) -> bool:
        """Go past what was imported before, remembering its keys; False if this is another file."""
        for draft in self._rows:
            self._once(draft)
            if self.position.rows >= place.rows:
                break
        return self.position == place

    def orphans(self) -> Iterator[RowVerdict]:
        """Rows of children's tables that belong to no row of the table."""
        for one in self._drafts.orphans():
            where = f"{one.file}, line {one.line}"
            if one.problems:
                told = tuple(
                    attrs.evolve(problem, path=f"{one.file}/{problem.path}") for problem in one.problems
                )
                yield RowVerdict.refused(one.line, told, key=one.key)
            else:
                reason = f"{where}: no row of the table has the key {one.key}"
                yield RowVerdict(one.line, Verdict.REFUSED, one.key, "not_found", reason)

    def _once(self, draft: Draft) -> Draft:
        if not draft.key or self._seen.add(draft.key) or draft.problems:
            return draft
        message = f"line {draft.line}: an earlier row has the same key, {draft.key}"
        problem = Problem(f"line/{draft.line}/{self._key}", "duplicate", message)
        return Draft(draft.line, draft.key, {}, (problem,))


class _Run:
    def __init__(
        self,
        crm: CRM,
        who: Any,
        mapping: Mapping,
        path: Path,
        files: AnyMapping[str, _Path],
        limits: Limits | None,
        size: int,
        proposed: Proposed | None,
    ) -> None:
        if size < 1:
            raise InvalidError("a batch has at least one record")
        self.crm, self.who, self.mapping, self.path = crm, who, mapping, path
        self.files, self.limits, self.size = files, limits, size
        self._batch = crm.identifiers.new()
        self._said = proposed
        with crm.view(who, source=Source.IMPORT) as session:
            self.shape = Shape(session, mapping)
        self._fingerprint = self._same()

    def dry(self, stack: ExitStack, report_path: _Path | None, progress: Progress | None) -> ImportReport:
        """What would happen, in one transaction, so that a row finds those before it as in earnest."""
        table = self._open(stack)
        report = stack.enter_context(ImportReport(report_path, dry_run=True))
        with rehearsed(self.crm, self.who) as session:
            for batch in table.batches(self.size):
                with collector_at_rest():
                    _add(report, map(_unnamed, take(session, self.shape, batch, self._proposed)))
                self._forget(session)
                self._tell(progress, table)
            _add(report, table.orphans())
        return report

    def go(self, stack: ExitStack, report_path: _Path | None, progress: Progress | None) -> ImportReport:
        """Import batch by batch, from where an earlier run was killed."""
        table, mark = self._open(stack), self._resumed()
        if mark is not None and not table.skip_to(Position(**mark["position"])):
            table, mark = self._open(stack), None
        if mark is not None and "batch" in mark:
            # What is opened now is decided on together with what was opened before.
            self._batch = UUID(mark["batch"])
        resume = None if mark is None else ReportMark(**mark["report"])
        report = stack.enter_context(ImportReport(report_path, resume=resume))
        for batch in table.batches(self.size):
            self._keep(table, batch, report)
            self._tell(progress, table)
        _add(report, table.orphans())
        self.crm.run(self.who, self._end, source=Source.IMPORT)
        counts = report.counts
        report.batch = self._batch if counts[Verdict.PROPOSED] else None
        wrote = counts[Verdict.IMPORTED] + counts[Verdict.UPDATED] + counts[Verdict.PROPOSED]
        report.id = self._batch if wrote else None
        return report

    def _open(self, stack: ExitStack) -> _Table:
        """Open the tables and hold them against the mapping.

        Raises:
            InvalidError: they do not fit, and no row was read.
        """
        mapping = self.mapping
        table = stack.enter_context(mapping.open(self.path, limits=self.limits))
        further = {
            name: stack.enter_context(mapping.open(one, limits=self.limits))
            for name, one in self.files.items()
        }
        headers = {name: one.header for name, one in further.items()}
        plan = mapping.plan(table.header, self.shape.kinds, files=headers)
        drafts = stack.enter_context(Drafts(plan, table, further))
        return _Table(table, drafts, stack.enter_context(closing(Seen())), mapping.key[0])

    def _keep(self, table: _Table, batch: list[Draft], report: ImportReport) -> None:
        """Import a batch, and with it how far the run has come, in one transaction."""
        before = report.mark()

        def act(session: Session) -> None:
            # Called again where the database asks for it.
            report.rewind(before)
            _add(report, take(session, self.shape, batch, self._proposed))
            tx = session.transaction
            book.keep_part(tx, self._batch, takes_back=False, begun=self._row(session))
            state = {
                "position": attrs.asdict(table.position),
                "report": report.mark().as_dict(),
                "batch": str(self._batch),
            }
            book.store_run(tx, self._fingerprint, json.dumps(state))

        with collector_at_rest():
            self.crm.run(self.who, act, source=Source.IMPORT)

    @property
    def _proposed(self) -> Proposed | None:
        """What is said about every change of key data, with the batch that all of them belong to."""
        return None if self._said is None else attrs.evolve(self._said, batch=self._batch)

    def _row(self, session: Session) -> book.ImportRow:
        tx, entity = session.transaction, self.shape.cls.__name__
        return book.ImportRow(
            id=self._batch, at=tx.moment, by=tx.actor.ref, entity=entity, file=self.path.name[-300:]
        )

    def _end(self, session: Session) -> None:
        book.store_run(session.transaction, self._fingerprint, None)

    def _same(self) -> str:
        """The same files by the same mapping, the same person and for the same reason is the same run."""
        places = [self.path, *map(Path, self.files.values())]
        files = [(str(place.resolve()), os.path.getsize(place)) for place in places]
        parts = (files, repr(self.mapping), str(self.who), repr(self._said))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _resumed(self) -> Any:
        with self.crm.view(self.who) as session:
            state = book.load_run(session.transaction, self._fingerprint)
        return None if state is None else json.loads(state)

    def _tell(self, progress: Progress | None, table: _Table) -> None:
        if progress is not None:
            total = os.path.getsize(self.path)
            progress(min(table.table.bytes_read, total), total)

    @staticmethod
    def _forget(session: Session) -> None:
        """What a transaction keeps for its end, which a dry run has not: memory would grow with the file."""
        tx = session.transaction
        tx.changes.clear()
        for name in [name for name in tx.memo if type(name) is tuple and name[0] == "new"]:
            del tx.memo[name]


def _unnamed(verdict: RowVerdict) -> RowVerdict:
    """The verdict of a dry run, whose amendments there will not be."""
    return attrs.evolve(verdict, amendment="") if verdict.verdict is Verdict.PROPOSED else verdict


def _add(report: ImportReport, verdicts: Any) -> None:
    for verdict in verdicts:
        report.add(verdict)
