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

import attrs

from pycrm.errors import Problem
from pycrm.exchange.reading import Limits, read_table
from pycrm.exchange.writing import neutralise, restore

__all__ = ["ImportReport", "Progress", "ReportMark", "RowVerdict", "Verdict"]

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
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@attrs.frozen
class RowVerdict:
    """What became of the row that starts on `line`.

    `key` is its external id; a refused row has a `code` for programs (one of the error codes, or
    ``duplicate`` and ``held_elsewhere`` as in COR-24), a `reason` for people, and its problems.
    """

    line: int
    verdict: Verdict = attrs.field(converter=Verdict)
    key: str = ""
    code: str = ""
    reason: str = ""
    problems: tuple[Problem, ...] = ()

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


_COLUMNS = ("line", "verdict", "key", "code", "reason", "problems")


class ImportReport:
    """Counts every verdict and writes the refused ones (or all) to a file as they come.

    The file is CSV when its name ends in ``.csv``, else one JSON object a line. Without a file the
    first 10,000 refused rows are kept in memory; `lost` counts those beyond.
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
            everything: rows that were not refused go to the file too.
            resume: the mark of the last commit; what the file holds beyond it is cut off, since
                those rows come again.
        """
        self.dry_run = dry_run
        self.lost = 0
        self._everything = everything
        self._counts = Counter[str](resume.counts if resume else {})
        self._codes = Counter[str](resume.codes if resume else {})
        self._refused: list[RowVerdict] = []
        self._path = None if path is None else os.fspath(path)
        self._is_csv = self._path is not None and self._path.lower().endswith(".csv")
        self._file: io.BufferedRandom | None = None
        if self._path is not None:
            self._file = self._open(self._path, resume)

    def _open(self, path: str, resume: ReportMark | None) -> io.BufferedRandom:
        file = open(path, "r+b" if resume and os.path.exists(path) else "w+b")  # noqa: SIM115
        if resume:
            size = file.seek(0, io.SEEK_END)
            self.lost += size < resume.offset
            file.truncate(min(size, resume.offset))
            file.seek(0, io.SEEK_END)
        if self._is_csv and not file.tell():
            file.write(_csv_line(_COLUMNS))
        return file

    def add(self, verdict: RowVerdict) -> None:
        """Count a verdict and write it down."""
        self._counts[verdict.verdict.value] += 1
        is_refused = verdict.verdict is Verdict.REFUSED
        if is_refused:
            self._codes[verdict.code] += 1
        if not (is_refused or self._everything):
            return
        if self._file is not None:
            self._file.write(_as_csv(verdict) if self._is_csv else _as_json(verdict))
        elif is_refused and len(self._refused) < _KEPT:
            self._refused.append(verdict)
        elif is_refused:
            self.lost += 1

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
        more = sum(self._codes.values()) - sum(mark.codes.values())
        self._counts, self._codes = Counter[str](mark.counts), Counter[str](mark.codes)
        if self._file is not None:
            self._file.flush()
            self._file.truncate(mark.offset)
            self._file.seek(mark.offset)
            return
        beyond = min(more, self.lost)
        self.lost -= beyond
        del self._refused[len(self._refused) - (more - beyond) :]

    def refused(self) -> Iterator[RowVerdict]:
        """The refused rows in their order, out of the file when there is one."""
        if self._path is None:
            yield from self._refused
            return
        if self._file is not None and not self._file.closed:
            self._file.flush()
        reader = _read_csv if self._is_csv else _read_json
        for verdict in reader(self._path):
            if verdict.verdict is Verdict.REFUSED:
                yield verdict

    def summary(self) -> str:
        """One sentence: how many rows were imported, updated, unchanged and refused."""
        told = ", ".join(f"{number:,} {verdict.value}" for verdict, number in self.counts.items())
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
            yield RowVerdict(**content)


def _as_csv(verdict: RowVerdict) -> bytes:
    told = json.dumps([attrs.astuple(problem) for problem in verdict.problems], ensure_ascii=False)
    problems = told if verdict.problems else ""
    return _csv_line((verdict.line, verdict.verdict, verdict.key, verdict.code, verdict.reason, problems))


def _csv_line(cells: tuple[Any, ...]) -> bytes:
    """One line as bytes: the offset of each line must be known for the mark."""
    text = io.StringIO()
    csv.writer(text).writerow([cell if isinstance(cell, int) else neutralise(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _read_csv(path: str) -> Iterator[RowVerdict]:
    limits = Limits(cell_bytes=2**20, row_bytes=2**22)
    with read_table(path, encoding="utf-8", delimiter=",", limits=limits) as table:
        for row in table:
            line, verdict, key, code, reason, told = map(restore, row.values)
            problems = tuple(Problem(*parts) for parts in json.loads(told or "[]"))
            yield RowVerdict(int(line), Verdict(verdict), key, code, reason, problems)
