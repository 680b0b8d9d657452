"""A pytest session that runs no test itself: it forks, once to see what covers what, then for each mutant."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import pytest
from hypothesis import Phase, settings

from .mutants import Mutant
from .plant import NotPlantedError, plant

__all__ = ["Outcome", "Server"]

PATIENCE = 10
# What a busy machine may take for nothing.
GRACE = 60.0


@attrs.frozen
class Outcome:
    """What became of a mutant: killed, hanging, survived, same (no other program) or untested."""

    mutant: Mutant
    what: str
    test: str = ""
    ran: int = 0
    of: int = 0


class _Late(BaseException):
    pass


class Server:
    """Plugin of pytest: the session's items are the tests, and each mutant has a process of its own."""

    def __init__(self, source: Path, mutants: list[Mutant], budget: float, told: Callable[[Outcome], None]):
        self.source, self.mutants, self.budget, self.told = source, mutants, budget, told
        self.failed: list[str] = []
        self.red: list[str] = []
        self.kills: dict[tuple[str, str], Counter[str]] = {}
        self.costs: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """A failure is a failure: nothing is made of it that is easier to read."""
        plain = settings(
            settings.get_profile("suite"),
            phases=(Phase.explicit, Phase.generate),
            derandomize=True,
            database=None,
        )
        settings.register_profile("mutation", plain)
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        if report.failed:
            self.failed.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run mutants instead of tests."""
        # The suite freezes what is loaded, and what is frozen is not found.
        gc.unfreeze()
        self.items = {item.nodeid: item for item in session.items}
        # The templates of the databases are made once, by the first test of each.
        first = {
            item.callspec.params.get("database"): item for item in session.items if hasattr(item, "callspec")
        }
        # Followed by no test of a module, each leaves nothing behind but what the whole session has.
        self.session = session
        for item in first.values():
            self._run(item)
        self.costs, self.lines, self.failed = self._forked(self._watched, 3600.0)
        # A test that is red before anything was changed says nothing of a change.
        self.red, self.failed = sorted(set(self.failed)), []
        for mutant in self.mutants:
            self.told(self._outcome(mutant))
        return True

    def _run(self, item: Any) -> None:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=self.session)

    def _forked(self, work: Callable[[], Any], limit: float) -> Any:
        """What a function gives in a process of its own; None where it took too long or died."""
        out, into = os.pipe()
        process = os.fork()
        if not process:
            os.close(out)
            said_by_server = os.dup(2)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(null, stream)
            signal.signal(signal.SIGALRM, self._late)
            signal.setitimer(signal.ITIMER_REAL, limit, 5.0)
            try:
                given = work()
            except _Late:
                given = None
            except BaseException:
                os.write(said_by_server, traceback.format_exc().encode())
                given = None
            with os.fdopen(into, "wb") as pipe:
                pickle.dump(given, pipe)
            os._exit(0)
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            said = pipe.read()
        os.waitpid(process, 0)
        return pickle.loads(said) if said else None

    def _late(self, *_: Any) -> None:
        raise _Late

    def _watched(self) -> Any:
        """Run every test once, and note its cost and the lines that it comes by."""
        costs: dict[str, float] = {}
        lines: dict[str, dict[int, set[str]]] = {}
        source, at = f"{self.source}/", {"test": ""}

        def note(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                file = frame.f_code.co_filename.removeprefix(source)
                lines.setdefault(file, {}).setdefault(frame.f_lineno, set()).add(at["test"])
            return note

        def watch(frame: FrameType, event: str, _: Any) -> Any:
            return note if frame.f_code.co_filename.startswith(source) else None

        threading.settrace(watch)
        sys.settrace(watch)
        for name, item in self.items.items():
            at["test"], began = name, time.perf_counter()
            self._run(item)
            costs[name] = time.perf_counter() - began
        sys.settrace(None)
        return costs, lines, self.failed

    def _covering(self, mutant: Mutant) -> list[str]:
        """The tests that come by a mutant: first those that killed its neighbours, then the cheapest."""
        of_file = self.lines.get(mutant.file, {})
        if (mutant.names and not mutant.place) or (mutant.place[:1].isupper() and "." not in mutant.place):
            tests: Iterable[str] = set().union(*of_file.values()) if of_file else ()
        else:
            first, last = mutant.lines
            tests = {name for line in range(first, last + 1) for name in of_file.get(line, ())}
        tests = set(tests) - set(self.red)
        kills = self.kills.get((mutant.file, mutant.place), Counter())
        return sorted(tests, key=lambda name: (-kills[name], self.costs[name], name))

    def _outcome(self, mutant: Mutant) -> Outcome:
        tests = self._covering(mutant)
        if not tests:
            return Outcome(mutant, "untested")
        chosen, cost = [], 0.0
        for name in tests:
            if chosen and cost + self.costs[name] > self.budget:
                break
            chosen.append(name)
            cost += self.costs[name]
        found = self._forked(lambda: self._tried(mutant, chosen), PATIENCE * cost + GRACE)
        if found is None:
            return Outcome(mutant, "hanging", of=len(tests))
        what, test, ran = found
        if what == "killed":
            self.kills.setdefault((mutant.file, mutant.place), Counter())[test] += 1
        return Outcome(mutant, what, test, ran, len(tests))

    def _tried(self, mutant: Mutant, tests: list[str]) -> tuple[str, str, int]:
        try:
            plant(mutant, self.source / mutant.file)
        except NotPlantedError:
            return "same", "", 0
        for ran, name in enumerate(tests, 1):
            self._run(self.items[name])
            if self.failed:
                return "killed", name, ran
        return "survived", "", len(tests)
