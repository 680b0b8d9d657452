"""What became of each row of an import, kept in a file that survives a kill."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Protocol, Self
from uuid import UUID

import attrs

from pycrm.errors import Problem
from pycrm.exchange.reading import Limits, read_table
from pycrm.exchange.writing import neutralise, restore

__all__ = ["ImportReport", "KeyChange", "Progress", "ReportMark", "RowVerdict", "Verdict"]

_KEPT = 10_000


class Progress(Protocol):
    """Told now and then how far an import has come, for a progress bar."""

    def __call__(self, done: int, total: int | None, /) -> None:
        """`done` of `total` bytes; None where the size of the source is not known."""
        ...


class Verdict(StrEnum):
    """What became of a row, or in a dry run would have."""

    IMPORTED = "imported"
    UPDATED = "updated"
    PROPOSED = "proposed"
    """Key data of its record wait for those who have to agree; other fields are written."""
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@attrs.frozen
class KeyChange:
    """One path of a record's key data, with the values before and after as JSON has them."""

    path: str
    base: Any
    new: Any


@attrs.frozen
class RowVerdict:
    """What became of the row that starts on `line`.

    `key` is its external id; a refused row has a `code` for programs (one of the error codes, or
    ``duplicate`` and ``held_elsewhere`` as in COR-24), a `reason` for people, and its problems. A
    proposed one has its `changes`, and `amendment` is the id under which they wait; a row that
    changes nothing has one where an open amendment asks for the same already.
    """

    line: int
    verdict: Verdict = attrs.field(converter=Verdict)
    key: str = ""
    code: str = ""
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    amendment: str = ""
    changes: tuple[KeyChange, ...] = ()

    @classmethod
    def refused(
        cls, line: int, problems: tuple[Problem, ...], *, key: str = "", code: str = "invalid"
    ) -> RowVerdict:
        """A row that cannot be imported because of these problems."""
        reason = "; ".join(problem.message for problem in problems[:5])
        return cls(line, Verdict.REFUSED, key, code, reason, problems)


@attrs.frozen
class ReportMark:
    """The state of a report at a commit: stored with it, so that a resumed import goes on from there."""

    offset: int
    counts: Mapping[str, int]
    codes: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The mark as plain JSON values; ``ReportMark(**mark)`` is the way back."""
        return {"offset": self.offset, "counts": dict(self.counts), "codes": dict(self.codes)}


_COLUMNS = ("line", "verdict", "key", "code", "reason", "problems", "amendment", "changes")
_LISTED = (Verdict.REFUSED, Verdict.PROPOSED)


class ImportReport:
    """Counts every verdict and writes the refused and the proposed ones (or all) to a file as they come.

    The file is CSV when its name ends in ``.csv``, else one JSON object a line. Without a file the
    first 10,000 of each sort are kept in memory; `lost` counts those beyond. `batch` is the id of
    the amendments that were opened, None where there are none; `id` that of the import, by which it
    is taken back (`revert_import`), None where it wrote nothing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        dry_run: bool = False,
        everything: bool = False,
        resume: ReportMark | None = None,
    ) -> None:
        """Begin a report, or go on with one.

        Args:
            path: where the rows go.
            dry_run: nothing is written to the CRM; verdicts say what would have happened.
            everything: rows that were written, or stay as they are, go to the file too.
            resume: the mark of the last commit; what the file holds beyond it is cut off, since
                those rows come again.
        """
        self.dry_run = dry_run
        self.batch: UUID | None = None
        self.id: UUID | None = None
        self._missing = 0
        self._everything = everything
        self._counts = Counter[str](resume.counts if resume else {})
        self._codes = Counter[str](resume.codes if resume else {})
        self._kept: dict[Verdict, list[RowVerdict]] = {verdict: [] for verdict in _LISTED}
        self._beyond = Counter[Verdict]()
        self._path = None if path is None else os.fspath(path)
        self._is_csv = self._path is not None and self._path.lower().endswith(".csv")
        self._file: io.BufferedRandom | None = None
        if self._path is not None:
            self._file = self._open(self._path, resume)

    def _open(self, path: str, resume: ReportMark | None) -> io.BufferedRandom:
        file = open(path, "r+b" if resume and os.path.exists(path) else "w+b")  # noqa: SIM115
        if resume:
            size = file.seek(0, io.SEEK_END)
            self._missing += size < resume.offset
            file.truncate(min(size, resume.offset))
            file.seek(0, io.SEEK_END)
        if self._is_csv and not file.tell():
            file.write(_csv_line(_COLUMNS))
        return file

    def add(self, verdict: RowVerdict) -> None:
        """Count a verdict and write it down."""
        self._counts[verdict.verdict.value] += 1
        if verdict.verdict is Verdict.REFUSED:
            self._codes[verdict.code] += 1
        is_listed = verdict.verdict in _LISTED
        if not (is_listed or self._everything):
            return
        if self._file is not None:
            self._file.write(_as_csv(verdict) if self._is_csv else _as_json(verdict))
        elif is_listed and len(self._kept[verdict.verdict]) < _KEPT:
            self._kept[verdict.verdict].append(verdict)
        elif is_listed:
            self._beyond[verdict.verdict] += 1

    def count(self, verdict: Verdict, number: int = 1) -> None:
        """Count rows that were not refused, without writing each down."""
        self._counts[Verdict(verdict).value] += number

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rows had each verdict."""
        return {verdict: self._counts[verdict.value] for verdict in Verdict}

    @property
    def codes(self) -> dict[str, int]:
        """How many refused rows had each code."""
        return dict(self._codes)

    @property
    def lost(self) -> int:
        """How many listed rows are counted and not kept."""
        return self._missing + self._beyond.total()

    @property
    def rows(self) -> int:
        """How many rows have a verdict."""
        return sum(self._counts.values())

    def mark(self) -> ReportMark:
        """Hand the file to the operating system, and say where it stands.

        Call it before the commit that the rows belong to, and store it there.
        """
        offset = 0
        if self._file is not None:
            self._file.flush()
            offset = self._file.tell()
        return ReportMark(offset, dict(self._counts), dict(self._codes))

    def rewind(self, mark: ReportMark) -> None:
        """Forget what came after the mark: the rows behind it come again."""
        more = {one: self._counts[one.value] - mark.counts.get(one.value, 0) for one in _LISTED}
        self._counts, self._codes = Counter[str](mark.counts), Counter[str](mark.codes)
        if self._file is not None:
            self._file.flush()
            self._file.truncate(mark.offset)
            self._file.seek(mark.offset)
            return
        for one, kept in self._kept.items():
            beyond = min(more[one], self._beyond[one])
            self._beyond[one] -= beyond
            del kept[len(kept) - (more[one] - beyond) :]

    def refused(self) -> Iterator[RowVerdict]:
        """The refused rows in their order, out of the file when there is one."""
        return self._listed(Verdict.REFUSED)

    def proposed(self) -> Iterator[RowVerdict]:
        """The rows whose key data wait for others, as `refused`."""
        return self._listed(Verdict.PROPOSED)

    def _listed(self, wanted: Verdict) -> Iterator[RowVerdict]:
        if self._path is None:
            yield from self._kept[wanted]
            return
        if self._file is not None and not self._file.closed:
            self._file.flush()
        reader = _read_csv if self._is_csv else _read_json
        for verdict in reader(self._path):
            if verdict.verdict is wanted:
                yield verdict

    def summary(self) -> str:
        """One sentence: how many rows were imported, updated, unchanged and refused, or proposed."""
        told = ", ".join(
            f"{number:,} {verdict.value}"
            for verdict, number in self.counts.items()
            if number or verdict is not Verdict.PROPOSED
        )
        return f"{self.rows:,} rows: {told}" + (" (dry run, nothing written)" if self.dry_run else "")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _as_json(verdict: RowVerdict) -> bytes:
    content = attrs.asdict(verdict, filter=lambda field, value: value not in ("", ()))
    return (json.dumps(content, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _read_json(path: str) -> Iterator[RowVerdict]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            content = json.loads(line)
            content["problems"] = tuple(Problem(**problem) for problem in content.get("problems", ()))
            content["changes"] = tuple(KeyChange(**change) for change in content.get("changes", ()))
            yield RowVerdict(**content)


def _as_csv(verdict: RowVerdict) -> bytes:
    told = (verdict.line, verdict.verdict, verdict.key, verdict.code, verdict.reason)
    return _csv_line((*told, _as_tuples(verdict.problems), verdict.amendment, _as_tuples(verdict.changes)))


def _as_tuples(some: tuple[Any, ...]) -> str:
    return json.dumps([attrs.astuple(one) for one in some], ensure_ascii=False) if some else ""


def _csv_line(cells: tuple[Any, ...]) -> bytes:
    """One line as bytes: the offset of each line must be known for the mark."""
    text = io.StringIO()
    csv.writer(text).writerow([cell if isinstance(cell, int) else neutralise(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _read_csv(path: str) -> Iterator[RowVerdict]:
    limits = Limits(cell_bytes=2**20, row_bytes=2**22)
    with read_table(path, encoding="utf-8", delimiter=",", limits=limits) as table:
        for row in table:
            line, verdict, key, code, reason, told, amendment, differing = map(restore, row.values)
            problems = tuple(Problem(*parts) for parts in json.loads(told or "[]"))
            changes = tuple(KeyChange(*parts) for parts in json.loads(differing or "[]"))
            yield RowVerdict(int(line), Verdict(verdict), key, code, reason, problems, amendment, changes)
