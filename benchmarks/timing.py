"""Taking time: pairs of runs in alternation, so that what disturbs one side disturbs both."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import attrs

__all__ = ["Timed", "Used", "cpu_of", "in_turn", "paired", "timed", "used_by"]


@attrs.frozen
class Timed:
    """Milliseconds of one run, by the wall and of this process's CPU."""

    wall: float
    cpu: float


def timed(act: Callable[[], Any]) -> Timed:
    """Run once. What the act returns is let go after the clock has stopped."""
    cpu, wall = time.process_time(), time.perf_counter()
    kept = act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    del kept
    return Timed(wall * 1000, cpu * 1000)


def paired(
    ours: Callable[[], Any], reference: Callable[[], Any], pairs: int, *, warm: int = 3
) -> tuple[Timed, Timed]:
    """The medians of both, run in turn: ours, reference, ours, reference …

    An act may return a `Timed` of its own, where only part of it or another process counts.
    """
    first, second = in_turn((ours, reference), pairs, warm=warm)
    return first, second


def in_turn(acts: Sequence[Callable[[], Any]], rounds: int, *, warm: int = 3) -> list[Timed]:
    """The median of each act, run in turn as `paired` runs two."""
    found: list[list[Timed]] = [[] for _ in acts]
    for number in range(-warm, rounds):
        if number in (-warm, 0):
            gc.collect()
        for kept, act in zip(found, acts, strict=True):
            taken = _taken(act)
            if number >= 0:
                kept.append(taken)
    return [_median(runs) for runs in found]


def _taken(act: Callable[[], Any]) -> Timed:
    own: list[Timed] = []

    def run() -> Any:
        answer = act()
        if isinstance(answer, Timed):
            own.append(answer)
        return answer

    taken = timed(run)
    return own[0] if own else taken


def _median(runs: Sequence[Timed]) -> Timed:
    return Timed(median(one.wall for one in runs), median(one.cpu for one in runs))


@attrs.frozen
class Used:
    """What a program took: time, the most memory it held at once, and the milliseconds that it named itself."""

    time: Timed
    mebibytes: float
    own: float


def cpu_of(*arguments: str, byte_code: str) -> Timed:
    """Run this Python with these arguments in a process of its own and take its CPU time.

    Args:
        byte_code: the folder where compiled modules are kept, whatever the environment says of
            them: who installs pycrm has it compiled.

    Raises:
        RuntimeError: it failed.
    """
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PYTHONPYCACHEPREFIX"] = byte_code
    return _run(arguments, surroundings, sys.executable)[0]


def used_by(
    *arguments: str, surroundings: dict[str, str] | None = None, python: str = sys.executable
) -> Used:
    """Run a Python with these arguments in a process of its own and take what it uses.

    What it says last on its standard output are its own milliseconds and `held`.

    Raises:
        RuntimeError: it failed.
    """
    taken, told = _run(arguments, surroundings, python)
    own, held = (float(one) for one in told[-2:])
    return Used(taken, held, own)


def _run(
    arguments: Sequence[str], surroundings: dict[str, str] | None, python: str
) -> tuple[Timed, list[str]]:
    """The time that a program takes, and the words that it says."""
    begun = time.perf_counter()
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [python, *arguments], env=surroundings, stdout=subprocess.PIPE, stderr=complaints
        ) as process,
    ):
        assert process.stdout is not None
        told = process.stdout.read().decode().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        if process.returncode:
            said = complaints.read().decode()[-500:]
            raise RuntimeError(f"python {' '.join(arguments)} failed: {said}")
    wall = time.perf_counter() - begun
    return Timed(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000), told
