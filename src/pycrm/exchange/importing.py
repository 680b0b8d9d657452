"""Importing a table: streamed, in batches, each of them one transaction with its place in the file.

A batch that is refused is halved until the row that cannot be taken stands alone: the others are
imported, that one is reported with its reason. A run that was killed goes on after its last batch;
a second run over the same file finds every record by its external id and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import InvalidError, Problem, RefusedError
from pycrm.exchange import book
from pycrm.exchange.draft import Drafts
from pycrm.exchange.mapping import Mapping
from pycrm.exchange.merge import update
from pycrm.exchange.plan import Draft
from pycrm.exchange.reading import Limits, Position, TableReader
from pycrm.exchange.report import ImportReport, Progress, ReportMark, RowVerdict, Verdict
from pycrm.exchange.resolve import References
from pycrm.exchange.shape import Shape
from pycrm.scope.actor import Source

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["import_file"]

_BATCH = 1000


class _DryRunError(Exception):
    """Ends the transaction of a dry run, so that nothing of it is kept."""


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
) -> ImportReport:
    """Import a table of delimited text as `who`.

    Args:
        path: the table.
        mapping: from its columns to fields, or the path of a mapping file (TOML).
        files: the tables of children that the mapping names, by name.
        dry_run: report what would happen and write nothing.
        report_path: where refused rows are written as they come (``.csv``, else JSON lines).
        progress: told after each batch how many bytes of how many are done.
        limits: how large a table may be.

    Returns:
        the report: how many rows were imported, updated, unchanged and refused, and why.

    Raises:
        InvalidError: the mapping is wrong or does not fit the header; nothing was imported then.
        NotFoundError, ForbiddenError: there is no such user, or one who may not sign in.
    """
    if not isinstance(mapping, Mapping):
        mapping = Mapping.parse(_text(mapping), where=os.fspath(mapping))
    run = _Run(crm, who, mapping, Path(path), dry_run)
    return run.go(files or {}, report_path, progress, limits)


def _text(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        wrong = Problem("mapping", "format", f"{os.fspath(path)} is not in UTF-8")
        raise InvalidError(wrong.message, fields=[wrong]) from None


@attrs.frozen
class _Prepared:
    """A draft whose record could be made: new, or to be compared with one that is there."""

    draft: Draft
    record: Any
    values: dict[str, Any]
    owner: Any
    stage: str | None


class _Run:
    def __init__(self, crm: CRM, who: Any, mapping: Mapping, path: Path, dry_run: bool) -> None:
        self.crm, self.who, self.mapping, self.path = crm, who, mapping, path
        self.dry_run = dry_run
        self.shape = Shape(crm, mapping)
        self.entity: str = self.shape.cls.__name__

    def go(
        self,
        files: AnyMapping[str, str | os.PathLike[str]],
        report_path: str | os.PathLike[str] | None,
        progress: Progress | None,
        limits: Limits | None,
    ) -> ImportReport:
        mark = None if self.dry_run else self._resumed()
        start = Position(**mark["position"]) if mark else None
        with ExitStack() as stack:
            table = stack.enter_context(self.mapping.open(self.path, limits=limits, start=start))
            further = {name: stack.enter_context(self.mapping.open(one)) for name, one in files.items()}
            headers = {name: one.header for name, one in further.items()}
            plan = self.mapping.plan(table.header, self.shape.kinds, files=headers)
            drafts = stack.enter_context(Drafts(plan, table, further))
            resume = ReportMark(**mark["report"]) if mark else None
            report = ImportReport(report_path, dry_run=self.dry_run, resume=resume)
            try:
                self._batches(drafts, table, report, progress)
            finally:
                report.close()
        return report

    def _batches(
        self, drafts: Drafts, table: TableReader, report: ImportReport, progress: Progress | None
    ) -> None:
        total = os.path.getsize(self.path)
        rows = iter(drafts)
        if self.dry_run:
            try:
                with self._session() as session:
                    # One transaction, so that a row finds those before it as it would in earnest.
                    for batch in _batched(rows):
                        _report(report, self._batch(session, batch))
                        _tell(progress, table.bytes_read, total)
                    raise _DryRunError
            except _DryRunError:
                return
        for batch in _batched(rows):
            with self._session() as session:
                _report(report, self._batch(session, batch))
                state = {"position": attrs.asdict(drafts.position), "report": report.mark().as_dict()}
                book.store_run(session.transaction, self._fingerprint, json.dumps(state))
            _tell(progress, table.bytes_read, total)
        with self._session() as session:
            book.store_run(session.transaction, self._fingerprint, None)

    def _session(self) -> Session:
        return self.crm.session(self.who, source=Source.IMPORT)

    @property
    def _fingerprint(self) -> str:
        """The same file by the same mapping and the same person is the same run."""
        size = os.path.getsize(self.path)
        parts = (str(self.path.resolve()), size, repr(self.mapping), str(self.who))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _resumed(self) -> Any:
        with self.crm.view(self.who) as session:
            state = book.load_run(session.transaction, self._fingerprint)
        return None if state is None else json.loads(state)

    def _batch(self, session: Session, drafts: list[Draft]) -> list[RowVerdict]:
        references = References(self.crm, session)
        references.prepare(draft.values for draft in drafts)
        known = book.find(session.transaction, self.entity, (draft.key for draft in drafts))
        verdicts: list[RowVerdict] = []
        fresh: list[_Prepared] = []
        taken: set[str] = set()
        for draft in drafts:
            try:
                if draft.problems:
                    raise _RefusedRowError(RowVerdict.refused(draft.line, draft.problems, key=draft.key))
                values = references.resolved(self.shape.values(draft.values))
                if draft.key in taken:
                    verdicts += self._add(session, fresh)
                    fresh, known = [], known | book.find(session.transaction, self.entity, [draft.key])
                if draft.key in known:
                    verdicts.append(self._update(session, draft, known[draft.key], values))
                else:
                    fresh.append(self._prepare(draft, values))
                    taken.add(draft.key)
            except _RefusedRowError as refusal:
                verdicts.append(refusal.verdict)
            except RefusedError as error:
                verdicts.append(_refused(draft, error))
        verdicts += self._add(session, fresh)
        return sorted(verdicts, key=lambda verdict: verdict.line)

    def _prepare(self, draft: Draft, values: dict[str, Any]) -> _Prepared:
        owner, stage = values.pop("owner", None), values.pop("stage", None)
        try:
            record = self.shape.constructor(**values)
        except TypeError as error:
            # A required field that the mapping leaves out.
            raise _RefusedRowError(
                _refused_text(draft, str(error).partition(") ")[2] or str(error))
            ) from None
        return _Prepared(draft, record, values, owner, stage)

    def _add(self, session: Session, fresh: list[_Prepared]) -> list[RowVerdict]:
        """Add records all at once, or by halves where one of them is refused."""
        if not fresh:
            return []
        try:
            with session.attempt():
                made = session.add_all([one.record for one in fresh], owners=[one.owner for one in fresh])
                pairs = zip(fresh, made, strict=True)
                book.enter(session.transaction, self.entity, [(p.draft.key, m.id) for p, m in pairs])
                for one, record in zip(fresh, made, strict=True):
                    if one.stage is not None and one.stage != record.stage:
                        session.move(record, one.stage, because="imported")
        except RefusedError as error:
            if len(fresh) == 1:
                return [_refused(fresh[0].draft, error)]
            half = len(fresh) // 2
            return [*self._add(session, fresh[:half]), *self._add(session, fresh[half:])]
        return [RowVerdict(one.draft.line, Verdict.IMPORTED, one.draft.key) for one in fresh]

    def _update(self, session: Session, draft: Draft, id: Any, values: dict[str, Any]) -> RowVerdict:
        values.pop("owner", None)
        stage = values.pop("stage", None)
        record = session.find_one(self.shape.cls, id)
        if record is None:
            return _refused_text(draft, "already held elsewhere", "held_elsewhere")
        with session.attempt():
            changed = update(session, record, values, self.shape.make is not None)
            current = session.get(self.shape.cls, id)
            if stage is not None and current.stage != stage:
                session.move(current, stage, because="imported")
                changed = True
        return RowVerdict(draft.line, Verdict.UPDATED if changed else Verdict.UNCHANGED, draft.key)


class _RefusedRowError(Exception):
    def __init__(self, verdict: RowVerdict) -> None:
        self.verdict = verdict


def _refused(draft: Draft, error: RefusedError) -> RowVerdict:
    code = "held_elsewhere" if "held elsewhere" in error.message and not error.data else error.code
    verdict = RowVerdict(draft.line, Verdict.REFUSED, draft.key, code, error.message, error.fields)
    return verdict


def _refused_text(draft: Draft, text: str, code: str = "invalid") -> RowVerdict:
    return RowVerdict(draft.line, Verdict.REFUSED, draft.key, code, text)


def _report(report: ImportReport, verdicts: Iterable[RowVerdict]) -> None:
    for verdict in verdicts:
        report.add(verdict)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(min(done, total), total)


def _batched(rows: Iterator[Draft]) -> Iterator[list[Draft]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
