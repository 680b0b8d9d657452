"""Plugins fail alone: what a failing hook does to the act, to its own writes and to other plugins."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from pycrm.errors import ConflictError, RefusedError, StoreError
from pycrm.plugin import HookCaller, Plugin, PluginError, Quarantine

from .samples import Ledger, Ticks, hooked, place

ADDED: dict[str, Any] = {"session": None, "record": None}


def calling(*plugins: Plugin, **options: Any) -> HookCaller:
    """A frozen caller of these plugins; nothing is written, so there is nothing to undo."""
    caller = HookCaller(plugins, **{"savepoint": lambda session: nullcontext()} | options)
    caller.freeze()
    return caller


def ledger_with(*plugins: Plugin, **options: Any) -> tuple[Ledger, HookCaller]:
    """A session that can set savepoints, and the caller that uses them."""
    ledger = Ledger()
    caller = calling(*plugins, savepoint=lambda session: session.savepoint(), **options)
    ledger.mark = caller.mark_write
    return ledger, caller


def divide(self: Any) -> None:
    1 / 0  # noqa: B018


def exit_process(self: Any) -> None:
    sys.exit("the plugin has had enough")


def raise_base(self: Any) -> None:
    raise BaseException("not even an Exception")


def refuse_late(self: Any) -> None:
    raise ConflictError("too late to refuse")


class HostileError(Exception):
    """An error that fails when it is shown."""

    def __str__(self) -> str:
        raise RuntimeError("cannot be shown")

    __repr__ = __str__


def raise_hostile(self: Any) -> None:
    raise HostileError


FAILURES = [divide, exit_process, raise_base, refuse_late, raise_hostile, lambda self: "junk"]
ids = ["Exception", "SystemExit", "BaseException", "late refusal", "hostile", "junk"]


@pytest.mark.parametrize("fail", FAILURES, ids=ids)
def test_by_default_a_failure_stops_the_act(fail: Callable[..., object]) -> None:
    """A failing observer stops the act; plugin and hook are named, and nothing that may be personal."""
    later: list[int] = []
    caller = calling(
        hooked("exam", record_added=fail), hooked("last", record_added=lambda self: later.append(1))
    )
    with pytest.raises(PluginError) as caught:
        caller.observe("record_added", **ADDED)
    assert (caught.value.plugin, caught.value.hook) == ("exam", "record_added")
    assert str(caught.value).startswith("plugin exam, hook record_added: ")
    assert not isinstance(caught.value, RefusedError)
    assert later == []
    for text in ("enough", "division by zero", "too late", "not even"):
        assert text not in str(caught.value)


def test_a_failure_names_kind_and_place_and_keeps_its_cause() -> None:
    """A developer is led to the line that raised, and finds the whole error as the cause."""
    with pytest.raises(PluginError) as caught:
        calling(hooked("exam", record_added=divide)).observe("record_added", **ADDED)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.reason.startswith("ZeroDivisionError at ")
    assert caught.value.reason.endswith(place(__file__, "1 / 0  # noqa"))


def test_a_failure_in_a_library_names_the_line_of_the_plugin_too() -> None:
    """A developer sees which line of the plugin called what failed elsewhere."""
    import json

    def parse(self: Any) -> None:
        json.loads("{")

    with pytest.raises(PluginError) as caught:
        calling(hooked("exam", record_added=parse)).observe("record_added", **ADDED)
    assert place(__file__, 'json.loads("{")') in caught.value.reason
    assert "raised in " in caught.value.reason
    assert "decoder.py:" in caught.value.reason


@pytest.mark.parametrize("fail", FAILURES, ids=ids)
def test_isolated_a_failure_is_recorded_and_the_others_run(fail: Callable[..., object]) -> None:
    """One plugin's failure does not keep the others from being told, and is seen in the report."""
    told: list[str] = []
    caller = calling(
        hooked("first", record_added=lambda self: told.append("first")),
        hooked("exam", record_added=fail),
        hooked("last", record_added=lambda self: told.append("last")),
        on_error="isolate",
    )
    caller.observe("record_added", **ADDED)
    assert told == ["first", "last"]
    (failure,) = caller.failures
    assert (failure.plugin, failure.hook) == ("exam", "record_added")
    assert [(measure.plugin, measure.calls, measure.failures) for measure in caller.report()] == [
        ("first", 1, 0),
        ("exam", 1, 1),
        ("last", 1, 0),
    ]


def test_isolated_a_refusal_still_refuses() -> None:
    """A plugin that refuses is heard in either setting; only what it did not mean is isolated."""
    caller = calling(
        hooked("broken", before_add=divide), hooked("exam", before_add=refuse_late), on_error="isolate"
    )
    with pytest.raises(ConflictError):
        caller.before("before_add", **ADDED)


def test_the_log_tells_of_a_failure_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """An operator reads which plugin failed and where; what the error says may be personal."""

    def fail(self: Any) -> None:
        raise ValueError("ana@example.test")

    caller = calling(hooked("exam", record_added=fail), on_error="isolate", quarantine_after=1)
    with caplog.at_level(logging.ERROR, "pycrm.plugin"):
        caller.observe("record_added", **ADDED)
    assert "plugin exam, hook record_added failed: ValueError at " in caplog.text
    assert "is in quarantine after 1 failures in a row" in caplog.text
    assert "example.test" not in caplog.text
    assert "example.test" not in repr(caller.failures) + repr(caller.quarantined)


@pytest.mark.parametrize("error", [StoreError("gone"), KeyboardInterrupt(), GeneratorExit()])
@pytest.mark.parametrize("on_error", ["refuse", "isolate"])
def test_errors_of_the_world_pass_through(error: BaseException, on_error: Any) -> None:
    """A lost database or an interrupt inside a hook is no fault of the plugin and reaches the caller."""

    def fail(self: Any) -> None:
        raise error

    caller = calling(hooked("exam", record_added=fail), on_error=on_error)
    with pytest.raises(type(error)):
        caller.observe("record_added", **ADDED)
    assert caller.failures == ()


def test_further_errors_can_be_passed() -> None:
    """The store may name the errors that make a whole unit be tried again."""

    def fail(self: Any) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        calling(hooked("exam", record_added=fail), on_error="isolate", passing=(TimeoutError,)).observe(
            "record_added", **ADDED
        )


def test_failures_in_a_row_lead_to_quarantine() -> None:
    """A hook that keeps failing is no longer called, with a reason; its other hooks and plugins are."""
    told: list[str] = []
    caller = calling(
        hooked("exam", record_added=divide, before_add=lambda self: told.append("before")),
        hooked("last", record_added=lambda self: told.append("last")),
        on_error="isolate",
        quarantine_after=3,
    )
    for _ in range(5):
        caller.before("before_add", **ADDED)
        caller.observe("record_added", **ADDED)
    assert told == ["before", "last"] * 5
    (quarantine,) = caller.quarantined
    assert isinstance(quarantine, Quarantine)
    assert (quarantine.plugin, quarantine.hook, quarantine.failures) == ("exam", "record_added", 3)
    assert quarantine.reason.startswith("ZeroDivisionError at ")
    report = {(measure.plugin, measure.hook): measure for measure in caller.report()}
    assert report["exam", "record_added"].calls == 3
    assert report["exam", "record_added"].quarantine == quarantine


def test_a_success_between_failures_keeps_a_hook_out_of_quarantine() -> None:
    """A hook that fails now and then goes on being called."""
    outcomes = iter([divide, divide, lambda self: None, divide, divide])
    caller = calling(
        hooked("exam", record_added=lambda self: next(outcomes)(self)), on_error="isolate", quarantine_after=3
    )
    for _ in range(5):
        caller.observe("record_added", **ADDED)
    assert caller.quarantined == ()
    assert len(caller.failures) == 4


def test_quarantine_is_reversible() -> None:
    """An administrator who has mended the cause lets the hook be called again."""
    caller = calling(
        hooked("exam", record_added=divide, before_add=divide), on_error="isolate", quarantine_after=1
    )
    caller.observe("record_added", **ADDED)
    caller.before("before_add", **ADDED)
    caller.release("exam", "record_added")
    assert [each.hook for each in caller.quarantined] == ["before_add"]
    caller.release("exam")
    assert caller.quarantined == ()
    caller.observe("record_added", **ADDED)
    assert len(caller.failures) == 3


def test_a_failing_check_that_refuses_is_never_put_in_quarantine() -> None:
    """Where failures refuse, a broken check goes on refusing: it does not open after some attempts."""
    caller = calling(hooked("exam", before_add=divide), quarantine_after=1)
    for _ in range(3):
        with pytest.raises(PluginError):
            caller.before("before_add", **ADDED)
    assert caller.quarantined == ()


def writer(line: str) -> Callable[..., None]:
    """A hook that writes one line."""
    return lambda self, session: session.write(line)


def write_and_fail(self: Any, session: Ledger) -> None:
    session.write("half")
    raise ValueError


def test_a_savepoint_is_set_at_the_first_write_only() -> None:
    """A hook that writes nothing costs no savepoint, and one that writes twice costs one."""

    def twice(self: Any, session: Ledger) -> None:
        session.write("one")
        session.write("two")

    ledger, caller = ledger_with(
        hooked("reader", record_added=lambda self, session: None),
        hooked("writer", record_added=twice),
        on_error="isolate",
    )
    ledger.write("before any hook")
    caller.observe("record_added", session=ledger, record=None)
    ledger.write("after every hook")
    assert ledger.savepoints == ["set 1", "release 1"]
    assert ledger.lines == ["before any hook", "one", "two", "after every hook"]


def test_isolated_what_a_failing_hook_wrote_is_undone() -> None:
    """Of a hook that fails half-way nothing stays, and of the hooks around it everything."""
    ledger, caller = ledger_with(
        hooked("first", record_added=writer("first")),
        hooked("exam", record_added=write_and_fail),
        hooked("last", record_added=writer("last")),
        on_error="isolate",
    )
    caller.observe("record_added", session=ledger, record=None)
    assert ledger.lines == ["first", "last"]
    assert ledger.savepoints == ["set 1", "set 2", "undo 2", "set 3", "release 3", "release 1"]


def test_isolated_what_a_hook_wrote_before_a_wrong_answer_is_undone() -> None:
    """A hook that writes and then returns junk has failed, and its write is undone."""

    def junk(self: Any, session: Ledger) -> str:
        session.write("half")
        return "junk"

    ledger, caller = ledger_with(hooked("exam", record_added=junk), on_error="isolate")
    caller.observe("record_added", session=ledger, record=None)
    assert ledger.lines == []


@pytest.mark.parametrize("on_error", ["refuse", "isolate"])
def test_a_refusal_undoes_what_was_written_when_asked(on_error: Any) -> None:
    """When the second plugin refuses, nothing stays of what the first wrote when it was asked."""

    def refuse(self: Any, session: Ledger) -> None:
        session.write("refuser")
        raise ConflictError("no")

    ledger, caller = ledger_with(
        hooked("first", before_add=writer("first")), hooked("exam", before_add=refuse), on_error=on_error
    )
    ledger.write("before any hook")
    with pytest.raises(ConflictError):
        caller.before("before_add", session=ledger, record=None)
    assert ledger.lines == ["before any hook"]


def test_where_failures_refuse_an_observer_needs_no_savepoint() -> None:
    """The whole act fails with a failing observer, so the hot path has no savepoint."""
    ledger, caller = ledger_with(hooked("first", record_added=writer("first")))
    caller.observe("record_added", session=ledger, record=None)
    assert ledger.savepoints == []


def test_a_savepoint_that_cannot_be_undone_fails_the_act() -> None:
    """A hook that committed under the core's feet stops the act, though failures are isolated."""

    @contextmanager
    def broken(session: Ledger) -> Any:
        try:
            yield
        except ValueError:
            raise OSError("no such savepoint") from None

    ledger = Ledger()
    caller = calling(hooked("exam", record_added=write_and_fail), on_error="isolate", savepoint=broken)
    ledger.mark = caller.mark_write
    with pytest.raises(PluginError, match="cannot be undone: OSError at"):
        caller.observe("record_added", session=ledger, record=None)


def test_the_writes_of_a_nested_hook_belong_to_the_outer_one() -> None:
    """A hook whose write makes other hooks run takes their writes with it when it fails."""

    def outer(self: Any, session: Ledger) -> None:
        caller.observe("record_changed", session=session, record=None, changes={})
        raise ValueError

    ledger, caller = ledger_with(
        hooked("outer", record_added=outer),
        hooked("inner", record_changed=writer("inner")),
        hooked("other", record_added=writer("other")),
        on_error="isolate",
    )
    caller.observe("record_added", session=ledger, record=None)
    assert ledger.lines == ["other"]
    assert ledger.savepoints[:4] == ["set 1", "set 2", "release 2", "undo 1"]
    assert [failure.plugin for failure in caller.failures] == ["outer"]


def test_a_hook_on_one_session_sets_no_savepoint_on_another() -> None:
    """A hook that opens a session of its own writes there as anybody else does."""
    other = Ledger()

    def elsewhere(self: Any, session: Ledger) -> None:
        other.mark = caller.mark_write
        other.write("elsewhere")

    ledger, caller = ledger_with(hooked("exam", record_added=elsewhere), on_error="isolate")
    caller.observe("record_added", session=ledger, record=None)
    assert other.lines == ["elsewhere"]
    assert (ledger.savepoints, other.savepoints) == ([], [])


def changing(self: Any, session: Ledger) -> None:
    session.write("again")
    session.changes()  # type: ignore[attr-defined]


@pytest.mark.parametrize("on_error", ["refuse", "isolate"])
def test_hooks_that_call_each_other_without_end_are_stopped(on_error: Any) -> None:
    """A plugin that changes the record whose change it observes fails, instead of the whole process."""
    ledger, caller = ledger_with(hooked("loop", record_changed=changing), on_error=on_error)

    def changes() -> None:
        caller.observe("record_changed", session=ledger, record=None, changes={})

    ledger.changes = changes  # type: ignore[attr-defined]
    if on_error == "refuse":
        with pytest.raises(
            PluginError, match=r"hooks call each other more than 16 deep: … > loop\.record_changed"
        ):
            changes()
    else:
        changes()
        assert ledger.lines == []
        assert [failure.plugin for failure in caller.failures] == ["loop"]


def test_time_is_measured_by_plugin_and_hook() -> None:
    """An operator sees which plugin's hook takes how long, in all and at worst."""
    ticks = Ticks()
    durations = iter([0.5, 2.0, 0.25])

    def slow(self: Any) -> None:
        ticks.now += next(durations)

    caller = calling(
        hooked("slow", record_added=slow, before_add=slow),
        hooked("quick", record_added=lambda self: None),
        timer=ticks.timer,
    )
    for _ in range(2):
        caller.observe("record_added", **ADDED)
    caller.before("before_add", **ADDED)
    shown = {
        (measure.plugin, measure.hook): (measure.calls, measure.seconds, measure.slowest)
        for measure in caller.report()
    }
    assert shown == {
        ("slow", "before_add"): (1, 0.25, 0.25),
        ("slow", "record_added"): (2, 2.5, 2.0),
        ("quick", "record_added"): (2, 0.0, 0.0),
    }


def test_a_failing_call_is_measured_too() -> None:
    """A hook that fails after a long time does not hide that time."""
    ticks = Ticks()

    def slow(self: Any) -> None:
        ticks.now += 3
        raise ValueError

    caller = calling(hooked("slow", record_added=slow), timer=ticks.timer)
    with pytest.raises(PluginError):
        caller.observe("record_added", **ADDED)
    assert [(measure.calls, measure.failures, measure.seconds) for measure in caller.report()] == [(1, 1, 3)]


def test_calls_from_many_threads_are_all_counted() -> None:
    """Requests run in threads and share one caller: each call is told once and counted once."""
    told: list[int] = []
    caller = calling(hooked("exam", record_added=lambda self: told.append(1)))

    def work() -> None:
        for _ in range(500):
            caller.observe("record_added", **ADDED)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4000
    assert caller.report()[0].calls == 4000


def test_the_list_of_failures_is_bounded() -> None:
    """A hook that fails all day does not fill the memory."""
    caller = calling(hooked("exam", record_added=divide), on_error="isolate", quarantine_after=1000)
    for _ in range(150):
        caller.observe("record_added", **ADDED)
    assert len(caller.failures) == 100
    assert caller.report()[0].failures == 150
