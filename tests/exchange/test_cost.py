"""Reading is cheap to import and does not grow with the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

READING = """
import resource, sys
from pycrm.exchange import Drafts, Mapping, read_table
mapping = Mapping.parse('entity = "A"\\nsource = "s"\\nkey = "a"\\n[columns]\\nb = "b"\\nc = "c"\\n')
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def run(path):
    with read_table(path) as table:
        return sum(1 for _ in Drafts(mapping.plan(table.header, {"b": "text", "c": "int"}), table))
rows = run(sys.argv[1])
before = peak()
rows += run(sys.argv[2])
print(rows, peak() - before)
"""


def test_reading_brings_in_nothing_heavy() -> None:
    """Whoever only reads a table pays neither for SQLAlchemy nor for other formats."""
    program = "import sys, pycrm.exchange.reading; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "sqlite3", "tomllib", "zoneinfo", "json", "cattrs", "pluggy"}
    assert heavy.isdisjoint(loaded.stdout.split())


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of sixty megabytes is read in the same few megabytes as a small one."""
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text("a,b,c\n" + "".join(f"{n},{'x' * 40},{n}\n" for n in range(20_000)), "utf-8")
    line = f"1,{'x' * 1200},2\n"
    large.write_text("a,b,c\n" + line * 50_000, "utf-8")
    command = [sys.executable, "-c", READING, str(small), str(large)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows, growth = map(int, told.split())
    assert rows == 70_000
    assert growth < 20
