"""Importing customers from a table: time beside the driver's, growth, and memory.

Ours reads the table, looks up sources and owners, checks, claims and records, in a process of its
own. The driver gets the very rows that came of it, ready made, and writes them table by table into
an equal database, a thousand customers a transaction, by executemany on SQLite and COPY on
PostgreSQL.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.database import Server
from benchmarks.figure import LIMIT, Figure
from benchmarks.load import Shape, load
from benchmarks.timing import Timed, paired

__all__ = ["import_200k"]

GOAL, GROWTH, MOST_MB = 2.5, 1.3, 200
SMALL, LARGE = 20_000, 200_000
_BATCH = 1000
_ROOT = Path(__file__).parents[1]
# In the order in which they may be written: rows for one customer, and the key that keeps the rows of
# a batch together, since identifiers begin with their time.
_TABLES = {
    "crm_claim": (1, "record_id"),
    "crm_party": (1, "id"),
    "crm_contact_point": (1, "id"),
    "crm_customer": (1, "id"),
    "crm_customer_search": (1, "of_id"),
    "crm_ownership": (1, "record_id"),
    "crm_external_id": (1, "record_id"),
    "crm_change": (2, "record_id"),
}
# On SQLite the index of texts is a table of its own.
_SQLITE = {"crm_customer_search_fts": (1, "id")}
_REVISION = "crm_revision"
_MAPPING = """\
entity = "Customer"
source = "benchmark"
key = "No"
make = "organization"

[columns]
name = "Name"
email = "Email"
mobile = "Mobile"
source = { column = "Source", lookup = "Source.name" }
owner = { column = "Owner", lookup = "User.login" }
"""


def import_200k(bench: Bench) -> Iterator[Figure]:
    """Twenty thousand customers, two hundred thousand unless time is short, and the growth between."""
    server, folder = bench.server, bench.folder
    empty = server.create()
    try:
        shape = load(server, empty, "10k", empty=True)
        run = _Import(server, empty, shape, folder)
        small = run.paired(SMALL, bench.pairs(5))
        yield run.figure("import_20k", SMALL, small)
        if bench.quick:
            yield run.memory("import_20k_memory_mb", SMALL)
            return
        large = run.paired(LARGE, 3)
        yield run.figure("import_200k", LARGE, large)
        grown = (_grown(small[0], large[0]), _grown(small[1], large[1]))
        yield run.figure("import_growth_20k_to_200k", LARGE, grown, GROWTH)
        yield run.memory("import_200k_memory_mb", LARGE)
    finally:
        server.drop(empty)


def _grown(small: Timed, large: Timed) -> Timed:
    return Timed(large.wall / small.wall, large.cpu / small.cpu)


@attrs.define
class _Import:
    server: Server
    empty: str
    shape: Shape
    folder: Path
    peak_mb: float = 0.0

    def paired(self, number: int, pairs: int) -> tuple[Timed, Timed]:
        table, mapping = self.folder / f"{number}.csv", self.folder / "mapping.toml"
        _write_table(table, number, self.shape)
        mapping.write_text(_MAPPING, "utf-8")
        last: list[str] = []

        def ours() -> Timed:
            url = self.server.copy(self.empty)
            # Only the last one is kept, for the driver to take its rows from.
            while last:
                self.server.drop(last.pop())
            last.append(url)
            told = _child(url, self.shape.top, str(table), str(mapping))
            assert told["counts"]["imported"] == number, told
            self.peak_mb = told["peak_mb"] - told["base_mb"]
            return Timed(told["ms"], told["cpu_ms"])

        try:
            return paired(ours, lambda: self._written(last[0], number), pairs, warm=0)
        finally:
            while last:
                self.server.drop(last.pop())

    def _written(self, source: str, number: int) -> Timed:
        """The driver's time for the rows of an imported database, written into an equal one."""
        target = self.server.copy(self.empty)
        wall = cpu = 0.0
        try:
            with ExitStack() as stack:
                reading = stack.enter_context(closing(self.server.reader(source)))
                writing = stack.enter_context(closing(self.server.connect(target)))
                cursor = writing.cursor()
                every = _TABLES | (_SQLITE if self.server.name == "sqlite" else {})
                orders = {name: order for name, (_, order) in every.items()} | {_REVISION: "id"}
                tables = {
                    name: _stored(self.server, reading, cursor, name, order) for name, order in orders.items()
                }
                for _ in range(0, number, _BATCH):
                    batch = [(name, tables[name].take(_BATCH * rows)) for name, (rows, _) in every.items()]
                    batch.insert(0, (_REVISION, tables[_REVISION].take(1)))
                    cpu, wall = cpu - time.process_time(), wall - time.perf_counter()
                    cursor.execute(self.server.begin_write)
                    for name, rows in batch:
                        self.server.bulk(cursor, name, tables[name].columns, rows)
                    cursor.execute("COMMIT")
                    cpu, wall = cpu + time.process_time(), wall + time.perf_counter()
                left = {name: len(table.take(1)) for name, table in tables.items()}
                assert not any(left.values()), f"rows that the driver did not write: {left}"
        finally:
            self.server.drop(target)
        return Timed(wall * 1000, cpu * 1000)

    def figure(self, name: str, number: int, taken: tuple[Timed, Timed], goal: float = GOAL) -> Figure:
        ours, driver = taken
        return Figure(
            name=name,
            database=self.server.name,
            size=_size(number),
            ours_ms=ours.wall,
            reference="driver",
            reference_ms=driver.wall,
            goal=goal,
            ours_cpu=ours.cpu,
            reference_cpu=driver.cpu,
        )

    def memory(self, name: str, number: int) -> Figure:
        return Figure(
            name=name,
            database=self.server.name,
            size=_size(number),
            ours_ms=self.peak_mb,
            reference=LIMIT,
            reference_ms=MOST_MB,
            goal=1.0,
        )


def _size(number: int) -> str:
    return f"{number // 1000}k"


def _write_table(path: Path, number: int, shape: Shape) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("No", "Name", "Email", "Mobile", "Source", "Owner"))
        for row in range(number):
            reached = ("", f"139{row:08d}") if row % 2 else (f"office{row}@example.com", "")
            owner = shape.people[row * row % len(shape.people)].login
            writer.writerow((f"C{row:07d}", f"Company {row * 7919 % number}", *reached, "exhibition", owner))


def _child(*arguments: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.import_once", *arguments]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the import failed: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


@attrs.frozen
class _Stored:
    """The rows of a table of the imported database, from where the empty one ended."""

    columns: list[str]
    take: Callable[[int], list[Any]]


def _stored(server: Server, reading: Any, cursor: Any, table: str, order: str) -> _Stored:
    cursor.execute(f"SELECT count(*) FROM {table}")
    known = cursor.fetchone()[0]
    rows = server.stored(reading, table, order)
    if known:
        rows.fetchmany(known)
    return _Stored([column[0] for column in rows.description], rows.fetchmany)
