"""A plugin that misbehaves in every way in every hook breaks neither the core nor the other plugins (T56)."""

from __future__ import annotations

import decimal
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from evidence import keep, of_database
from house import enterprise

from pycrm import CRM, Customer, FixedClock, Note, RefusedError, StoreError, Task, hooks
from pycrm.app.setup import differences
from pycrm.plugin import HookCaller, PluginError, caller
from pycrm.store import Transaction

from .misbehaving import HOOKS, MODES, REFUSALS, Chaos, Watch, surroundings

# Ways of misbehaving that a caller of hooks sees as nothing wrong: they are slow, or leave the process changed.
HARMLESS = {"sleep", "swallow", "re-enter", "leave a thread", "locale", "time zone"}
SHORT = ("before_add", "record_changed", "choose_owner")


class Bench:
    """One CRM with a plugin that misbehaves and one behind it that watches."""

    def __init__(self, address: str, heads: Path, on_error: str) -> None:
        self.chaos, self.watch, self.on_error = Chaos(), Watch(), on_error
        self.crm = CRM(
            address,
            plugins=(self.chaos, self.watch),
            on_error=on_error,
            clock=FixedClock("2026-06-30T09:00:00+08:00"),
            random=random.Random(7),
            heads=heads,
        )
        enterprise(self.crm)
        self.numbers = itertools.count()
        with self.crm.session("rep_a") as session:
            draft = Customer.organization("Hongda", source="exhibition", email="h@example.com")
            self.customer = session.add(draft)

    def act(self, hook: str) -> Any:
        """The act in the midst of which a hook is called, as rep_a."""
        title = f"task {next(self.numbers)}"
        with self.crm.session("rep_a") as session:
            if hook in ("before_add", "record_added", "choose_owner"):
                return session.add(Task(title=title, due_at=session.now, customer=self.customer))
            if hook in ("before_change", "record_changed"):
                return session.change(session.get(self.customer.ref), channel=title)
            return session.move(self.task, to="in_progress")

    def __call__(self, hook: str, mode: str) -> str:
        """Let the plugin misbehave in an act; what is wrong afterwards, or nothing."""
        self.task = self._task()
        before = self._held()
        self.chaos.hook, self.chaos.mode = hook, mode
        self.watch.told.clear()
        context = decimal.getcontext()
        try:
            made = self.act(hook)
            error: BaseException | None = None
        except (RefusedError, PluginError) as raised:
            made, error = None, raised
        finally:
            self.chaos.hook = ""
        wrong = list(self._wrong(hook, mode, made, error, before))
        if decimal.getcontext() is not context or context.prec != 28:
            wrong.append("decimals are rounded otherwise")
        self.crm.hooks.release("chaos")
        return "; ".join(wrong)

    def _wrong(self, hook: str, mode: str, made: Any, error: Any, before: Any) -> Iterable[str]:
        is_refusal = mode in REFUSALS and hook.startswith("before_")
        fails = mode not in HARMLESS and not is_refusal
        stops = is_refusal or (fails and self.on_error == "refuse")
        if stops is (error is None):
            yield f"the act {'went through' if error is None else f'was stopped: {error!r}'}"
        if error is not None and self._held() != before:
            yield "something was kept of an act that was stopped"
        with self.crm.view("dir") as session:
            if session.count(Note, Note.body == "half"):
                yield "half of what the hook did was kept"
        if error is None and not {hook} <= set(self.watch.told):
            yield "the plugin behind it was not told"
        failed = {one.hook for one in self.crm.hooks.failures if one.plugin == "chaos"}
        if fails and hook not in failed:
            yield "the failure was not noted"
        if made is not None:
            with self.crm.view("rep_a") as session:
                now = session.get(made.ref)
                told = [one.version for one in session.history(now)]
            # A customer's history has that of its party in it.
            if set(told) != set(range(1, now.version + 1)):
                yield f"version {now.version} has a history of {told}"

    def _task(self) -> Task:
        with self.crm.session("rep_a") as session:
            return session.add(Task(title="to move", due_at=session.now, customer=self.customer))

    def _held(self) -> Any:
        with self.crm.view("dir") as session:
            tasks = sorted((str(one.id), one.version, one.stage) for one in session.find(Task))
            return tasks, session.get(self.customer.ref).version, session.count(Note)

    def end(self) -> None:
        """What holds when all is over: the tables are as declared, and history is a chain."""
        assert differences(self.crm) == []
        self.crm.seal()
        assert self.crm.verify().holds


def tried(bench: Bench, hooks: Iterable[str], modes: Iterable[str]) -> dict[tuple[str, str], str]:
    """Every mode in every hook, and what was wrong afterwards."""
    found = {}
    with surroundings():
        for hook, mode in itertools.product(hooks, modes):
            if wrong := bench(hook, mode):
                found[hook, mode] = wrong
    return found


@pytest.fixture
def bench(sqlite_database: str, tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    """Make a bench on a SQLite file for a setting."""
    made: list[Bench] = []

    def make(on_error: str) -> Bench:
        made.append(Bench(sqlite_database, tmp_path / "heads", on_error))
        return made[-1]

    yield make
    for one in made:
        one.crm.close()


def test_every_hook_and_five_and_twenty_ways() -> None:
    """No hook is left out when one is added, and there are as many ways to go wrong as were promised."""
    assert set(HOOKS) == {name for name, one in vars(hooks).items() if hasattr(one, "pycrm_spec")}
    assert len(MODES) >= 25


def test_whatever_a_hook_does_the_core_holds_and_the_others_run(bench: Callable[[str], Bench]) -> None:
    """In each way of misbehaving the act goes through whole, the others are told, and the failure is to be seen."""
    isolating = bench("isolate")
    assert tried(isolating, SHORT, MODES) == {}
    isolating.end()


def test_where_failures_refuse_nothing_is_left_of_the_act(bench: Callable[[str], Bench]) -> None:
    """By the other setting each failure stops the act, of which nothing is kept."""
    refusing = bench("refuse")
    assert tried(refusing, ["record_added"], MODES) == {}
    refusing.end()


@pytest.mark.parametrize(
    ("home", "name", "modes"),
    [
        (HookCaller, "refuse_ending", {"commit", "close the session"}),
        (caller, "restored", {"decimal precision", "decimal context"}),
        (Transaction, "savepoint", {"write and fail"}),
    ],
)
def test_the_bench_sees_what_is_not_held(
    bench: Callable[[str], Bench], monkeypatch: pytest.MonkeyPatch, home: Any, name: str, modes: set[str]
) -> None:
    """Were a hook free to end its session, to round decimals otherwise, or to leave half of its work, it shows."""
    isolating = bench("isolate")
    planted: Any = nullcontext if name == "savepoint" else str
    monkeypatch.setattr(home, name, lambda *given: planted())
    for mode in modes:
        try:
            found = tried(isolating, ["record_changed"], [mode])
        except StoreError:
            continue  # the session was over before its time
        finally:
            decimal.setcontext(decimal.Context())
        assert found, mode


def test_who_keeps_failing_is_left_out_for_a_reason_that_is_shown(bench: Callable[[str], Bench]) -> None:
    """After five failures in a row a hook is not called any more, and the doctor's report says where it failed."""
    isolating = bench("isolate")
    isolating.chaos.hook, isolating.chaos.mode = "record_added", "raise"
    isolating.watch.told.clear()
    for _ in range(7):
        isolating.act("record_added")
    (left,) = isolating.crm.hooks.quarantined
    assert (left.plugin, left.hook, left.failures) == ("chaos", "record_added", 5)
    assert left.reason.startswith("ZeroDivisionError at ")
    assert isolating.watch.told.count("record_added") == 7


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.parametrize("on_error", ["isolate", "refuse"])
def test_all_of_it_everywhere(database: str, tmp_path: Path, on_error: str) -> None:
    """Every mode in every hook on both databases; how many were tried, and how long an act took, is kept."""
    bench, began = Bench(database, tmp_path / "heads", on_error), time.monotonic()
    found = tried(bench, HOOKS, MODES)
    bench.end()
    figures = {
        "database": of_database(database),
        "on_error": on_error,
        "examples": len(HOOKS) * len(MODES),
        "hooks": len(HOOKS),
        "modes": len(MODES),
        "failures": len(found),
        "seconds": round(time.monotonic() - began),
    }
    bench.crm.close()
    keep("T56", "one way of misbehaving in one hook, in the midst of an act", 500, figures)
    assert found == {}
