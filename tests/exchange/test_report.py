"""The report of an import names every row that was refused, and survives a kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pycrm.errors import Problem
from pycrm.exchange import ImportReport, ReportMark, RowVerdict, Verdict

BAD = Problem("line/3/Total", "format", "line 3, Total: '12abc' is not a number")
ROWS = [
    RowVerdict(2, Verdict.IMPORTED, "old:1"),
    RowVerdict.refused(3, (BAD,), key="old:2"),
    RowVerdict(4, Verdict.UPDATED, "old:3"),
    RowVerdict(5, Verdict.REFUSED, "old:4", "held_elsewhere", "already held elsewhere"),
    RowVerdict(7, Verdict.UNCHANGED, "old:5"),
]


def test_counts_and_the_summary() -> None:
    """Whoever imports reads in one sentence what became of the rows."""
    report = ImportReport(dry_run=True)
    for row in ROWS:
        report.add(row)
    report.count(Verdict.UNCHANGED, 1000)
    assert report.counts == {
        Verdict.IMPORTED: 1,
        Verdict.UPDATED: 1,
        Verdict.PROPOSED: 0,
        Verdict.UNCHANGED: 1001,
        Verdict.REFUSED: 2,
    }
    assert report.codes == {"invalid": 1, "held_elsewhere": 1}
    assert report.summary() == (
        "1,005 rows: 1 imported, 1 updated, 1,001 unchanged, 2 refused (dry run, nothing written)"
    )
    assert list(report.refused()) == [ROWS[1], ROWS[3]]
    assert ROWS[1].reason == "line 3, Total: '12abc' is not a number"


@pytest.mark.parametrize("name", ["report.jsonl", "report.csv"])
def test_refused_rows_go_to_a_file_and_come_back(tmp_path: Path, name: str) -> None:
    """The file holds what was refused and why, for people and for programs."""
    path = tmp_path / name
    with ImportReport(path) as report:
        for row in ROWS:
            report.add(row)
        assert list(report.refused()) == [ROWS[1], ROWS[3]]
    assert list(report.refused()) == [ROWS[1], ROWS[3]]
    text = path.read_text("utf-8")
    if name.endswith(".csv"):
        told = list(csv.DictReader(text.splitlines()))
        assert [(row["line"], row["code"], row["reason"]) for row in told] == [
            ("3", "invalid", BAD.message),
            ("5", "held_elsewhere", "already held elsewhere"),
        ]
    else:
        assert [json.loads(line)["line"] for line in text.splitlines()] == [3, 5]


def test_a_report_of_everything(tmp_path: Path) -> None:
    """Asked for, the file holds the rows that went well too."""
    path = tmp_path / "all.jsonl"
    with ImportReport(path, everything=True) as report:
        for row in ROWS:
            report.add(row)
        assert [row.line for row in report.refused()] == [3, 5]
    assert [json.loads(line)["verdict"] for line in path.read_text("utf-8").splitlines()] == [
        "imported",
        "refused",
        "updated",
        "refused",
        "unchanged",
    ]


def test_reasons_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    """A key that looks like a formula is neutralised in the CSV report and read back as it was."""
    path = tmp_path / "report.csv"
    row = RowVerdict(2, Verdict.REFUSED, "=1+1", "invalid", "@home\nand more")
    with ImportReport(path) as report:
        report.add(row)
        assert list(report.refused()) == [row]
    assert "'=1+1" in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["report.jsonl", "report.csv"])
def test_a_resumed_report_has_each_row_once(tmp_path: Path, name: str) -> None:
    """What was reported after the last commit is reported again by the resumed run, and stands once."""
    path = tmp_path / name
    report = ImportReport(path)
    for row in ROWS[:3]:
        report.add(row)
    mark = json.loads(json.dumps(report.mark().as_dict()))
    report.add(ROWS[3])
    report.close()
    with ImportReport(path, resume=ReportMark(**mark)) as resumed:
        for row in ROWS[3:]:
            resumed.add(row)
        assert list(resumed.refused()) == [ROWS[1], ROWS[3]]
        assert resumed.rows == 5
        assert resumed.codes == {"invalid": 1, "held_elsewhere": 1}
        assert not resumed.lost


def test_a_report_that_lost_its_file_says_so(tmp_path: Path) -> None:
    """When somebody removed the file between the runs, the counts stand and the loss is told."""
    path = tmp_path / "report.jsonl"
    with ImportReport(path) as report:
        report.add(ROWS[1])
        mark = report.mark()
    path.unlink()
    with ImportReport(path, resume=mark) as resumed:
        assert resumed.lost == 1
        assert resumed.counts[Verdict.REFUSED] == 1


def test_memory_is_bounded_without_a_file() -> None:
    """Without a file ten thousand refused rows are kept, the others counted."""
    report = ImportReport()
    for line in range(10_003):
        report.add(RowVerdict(line, Verdict.REFUSED, code="invalid"))
    assert len(list(report.refused())) == 10_000
    assert report.lost == 3
    assert report.counts[Verdict.REFUSED] == 10_003


def test_a_killed_run_leaves_its_report(tmp_path: Path) -> None:
    """What was marked before a kill -9 is in the file afterwards."""
    path = tmp_path / "report.jsonl"
    program = (
        "import sys, time\n"
        "from pycrm.exchange import ImportReport, RowVerdict\n"
        "report = ImportReport(sys.argv[1])\n"
        "for line in range(500):\n"
        "    report.add(RowVerdict(line, 'refused', code='invalid', reason='no'))\n"
        "print(report.mark().offset, flush=True)\n"
        "report.add(RowVerdict(500, 'refused'))\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        offset = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    mark = ReportMark(offset, {"refused": 500}, {"invalid": 500})
    with ImportReport(path, resume=mark) as report:
        assert [row.line for row in report.refused()] == list(range(500))
        assert not report.lost
