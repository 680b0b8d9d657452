"""Where the processes of a benchmark run: its own on one processor, those of the server on the others.

A backend of PostgreSQL stays for long on the processor where the scheduler put it, beside its client or
away from it, and of two equal connections one can take 1.4 times as long as the other for a whole run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.database import Server

__all__ = ["placed"]


@contextmanager
def placed(server: Server, url: str) -> Iterator[None]:
    """Keep this process and the server's apart, where the machine allows it: new connections follow."""
    everywhere = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    if len(everywhere) < 2:
        yield
        return
    first, *others = sorted(everywhere)
    theirs = _family(server.process(url))
    _put([0], {first})
    _put(theirs, set(others))
    try:
        yield
    finally:
        _put([0, *theirs], everywhere)


def _family(server: int | None) -> list[int]:
    """The process that takes connections, first, and those that it has started."""
    if server is None or not Path(f"/proc/{server}/stat").exists():  # it runs elsewhere
        return []
    numbers = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    return [server, *(number for number in numbers if _parent(number) == server)]


def _parent(number: int) -> int | None:
    with suppress(OSError):
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def _put(processes: list[int], processors: set[int]) -> None:
    for process in processes:
        with suppress(PermissionError, ProcessLookupError):
            os.sched_setaffinity(process, processors)
