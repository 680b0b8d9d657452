"""What long runs have shown, kept under docs/evidence: one file a test, to which each run adds its figures.

A long test runs in chunks. Each has a seed of its own and is written down when it ends, so that a run
may be stopped and another go on, and one process on each database may run at the same time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pycrm import __version__

__all__ = ["SEED", "asked_for", "keep", "next_seed", "of_database"]

FOLDER = Path(__file__).parents[1] / "docs" / "evidence"
SEED = 20260630


def asked_for(usual: int) -> int:
    """How many examples a long test is to add: `PYCRM_EXAMPLES`, or as many as are usual."""
    return int(os.environ.get("PYCRM_EXAMPLES", usual))


def of_database(address: str) -> str:
    """The kind of database, as it is kept."""
    return address.partition(":")[0].partition("+")[0]


def next_seed(test: str, database: str, folder: Path = FOLDER) -> int:
    """The seed of the next chunk on that database: one that no chunk in the file has had."""
    with _file(test, folder) as file:
        used = [one["seed"] for one in _read(file)["runs"] if one["database"] == database and "seed" in one]
    # Far apart, so that two databases are not asked the same.
    first = SEED + (10**6 if database == "postgresql" else 0)
    return max(used, default=first - 1) + 1


def keep(test: str, example: str, goal: int, figures: dict[str, Any], folder: Path = FOLDER) -> None:
    """Add the figures of one run: its database, examples and failures, and what else is to be known.

    `example` says what is counted, `goal` how many are wanted. The file adds up all runs.
    """
    with _file(test, folder) as file:
        kept = _read(file)
        runs = [*kept["runs"], {**figures, "version": __version__}]
        runs.sort(key=lambda one: (str(one["database"]), one.get("seed", 0)))
        found = {
            "test": test,
            "example": example,
            "goal": goal,
            "examples": sum(one.get("examples", 0) for one in runs),
            "failures": sum(one.get("failures", 0) for one in runs),
            "runs": runs,
        }
        file.seek(0)
        file.truncate()
        file.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def _file(test: str, folder: Path) -> Iterator[TextIO]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{test}.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read(file: TextIO) -> dict[str, Any]:
    file.seek(0)
    text = file.read()
    found: dict[str, Any] = json.loads(text) if text else {"runs": []}
    return found
