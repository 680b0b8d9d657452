"""Calling hooks so that plugins fail alone.

pluggy carries specifications and implementations; the calls are made here, because a bare pluggy
call ends at the first exception, runs the last plugin first and hands out what the core goes on to
use. Plugins are trusted but fallible: this protects against mistakes, not against malice, and a
hook that never returns is not interrupted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Literal

import pluggy

from pycrm import hooks as core_hooks
from pycrm.errors import AroundError, DeclarationError, RefusedError, StoreError
from pycrm.hooks import PROJECT
from pycrm.plugin.arithmetic import Arithmetic
from pycrm.plugin.errors import PluginDeclarationError, PluginError
from pycrm.plugin.frozen import frozen
from pycrm.plugin.model import Plugin
from pycrm.plugin.report import Failure, Implementation, Measure, Quarantine, reason_of
from pycrm.plugin.signature import Hook, hook_problems, hooks_of, picker, subjects_of, warn_retiring

__all__ = ["HookCaller"]

OnError = Literal["refuse", "isolate"]
Savepoint = Callable[[Any], AbstractContextManager[object]]
_log = logging.getLogger("pycrm.plugin")
_MAX_DEPTH = 16
_KEPT_FAILURES = 100


class _TooDeepError(PluginError):
    """Hooks that call each other without end; it is for the outermost of them to answer for."""


class _Run:
    """One hook being called on a session, and the savepoints set in it, in their order."""

    __slots__ = ("depth", "implementation", "parent", "protected", "savepoints", "session")

    def __init__(self, session: object, parent: _Run | None, first: Implementation) -> None:
        self.session = session
        self.parent = parent
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.savepoints: list[AbstractContextManager[object]] = []
        self.implementation = first
        # Whether a savepoint was set for the implementation that is running.
        self.protected = False


_running: ContextVar[_Run | None] = ContextVar("pycrm_hook", default=None)


class HookCaller:
    """The hooks of one CRM, called in the order in which its plugins were loaded.

    - `plugins` in that order; `specs` are the modules that specify hooks.
    - `on_error` says what becomes of a failure, that is of any exception but a refusal by a
      ``before_`` hook, and of a wrong answer. ``"refuse"`` stops the act with a `PluginError`.
      ``"isolate"`` undoes what that hook wrote, records the failure and goes on with the other
      plugins; a failed check then counts as not made.
    - After `quarantine_after` failures in a row an isolated hook is no longer called, until
      `release`.
    - `savepoint` makes, for a session, a context that undoes what is written within it when it is
      left by an exception. The session calls `mark_write` before it writes, and the savepoint is
      set at a hook's first write, where it may be needed: in every ``before_`` hook, in others
      where failures are isolated. Isolating needs one: what cannot be undone is not passed over.
    - `passing` are errors of the world rather than of the plugin: they pass through a hook as they
      are, never wrapped, isolated or counted. `StoreError` always does, but for statements sent around the session.
    - `timer` returns seconds.

    Raises:
        DeclarationError: a setting is none of those above, or failures are isolated without savepoint.
        PluginDeclarationError: the specifications contradict each other.
    """

    def __init__(
        self,
        plugins: Iterable[Plugin],
        *,
        specs: Iterable[ModuleType] = (core_hooks,),
        on_error: OnError = "refuse",
        quarantine_after: int = 5,
        savepoint: Savepoint | None = None,
        passing: tuple[type[BaseException], ...] = (),
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        if on_error not in ("refuse", "isolate"):
            raise DeclarationError(f'on_error is "refuse" or "isolate", not {on_error!r}')
        if on_error == "isolate" and savepoint is None:
            raise DeclarationError("failing hooks can be isolated only with savepoints")
        if quarantine_after < 1:
            raise DeclarationError("quarantine_after is at least 1")
        specs = tuple(specs)
        self._plugins = tuple(plugins)
        self._hooks: Mapping[str, Hook] = hooks_of(specs)
        self._manager = pluggy.PluginManager(PROJECT)
        for module in specs:
            self._manager.add_hookspecs(module)
        self._isolates = on_error == "isolate"
        self._quarantine_after = quarantine_after
        self._savepoint = savepoint
        self._passing: tuple[type[BaseException], ...]
        self._passing = (KeyboardInterrupt, GeneratorExit, StoreError, PluginError, *passing)
        self._timer = timer
        self._lock = threading.Lock()
        self._failures: deque[Failure] = deque(maxlen=_KEPT_FAILURES)
        self._before: dict[str, tuple[Implementation, ...]] = {}
        self._observed: dict[str, tuple[Implementation, ...]] = {}
        self._chosen: dict[str, tuple[Implementation, ...]] = {}
        self._implementations: tuple[Implementation, ...] = ()
        self._implemented: frozenset[str] = frozenset()
        self._every: dict[str, tuple[Implementation, ...]] = {}
        self._by_class: dict[tuple[str, type], tuple[Implementation, ...]] = {}
        self._is_frozen = False

    def check_pending(self) -> None:
        """Check every hook method of every plugin against the specifications.

        Raises:
            PluginDeclarationError: a hook does not exist, takes an argument that it is not given,
                is a coroutine or generator, asks to be called out of order, or lacks its mark;
                each named with file and line.
        """
        problems = list(hook_problems(self._plugins, self._hooks))
        if problems:
            raise PluginDeclarationError(problems)

    def freeze(self) -> None:
        """Check as `check_pending` does and fix the calls of each hook; before this none is called.

        Raises:
            PluginDeclarationError: as `check_pending`.
        """
        if self._is_frozen:
            return
        self.check_pending()
        for plugin in self._plugins:
            self._manager.register(plugin, name=plugin.name)
        self._manager.check_pending()
        warn_retiring(self._plugins, self._hooks)
        places = {plugin.name: number for number, plugin in enumerate(self._plugins)}
        found: list[Implementation] = []
        for hook in self._hooks.values():
            given = getattr(self._manager.hook, hook.name).get_hookimpls()
            implementations = [
                Implementation(
                    each.plugin_name,
                    hook,
                    each.function,
                    picker(each.function),
                    subjects_of(each.function),
                )
                for each in sorted(given, key=lambda each: places[each.plugin_name])
            ]
            calls = {"before": self._before, "past": self._observed, "choose": self._chosen}[hook.kind]
            calls[hook.name] = self._every[hook.name] = tuple(implementations)
            found += implementations
        self._implementations = tuple(sorted(found, key=lambda each: places[each.plugin]))
        self._implemented = frozenset(each.hook.name for each in found)
        self._is_frozen = True

    def has(self, hook: str, cls: type | None = None) -> bool:
        """Whether any plugin implements the hook, or with `cls` for records of that class."""
        if hook not in self._implemented:
            return False
        return cls is None or bool(self._concerned(hook, cls))

    def _concerned(self, hook: str, cls: type) -> tuple[Implementation, ...]:
        found = self._by_class.get((hook, cls))
        if found is None:
            each: Iterable[Implementation] = self._every[hook]
            found = self._by_class[hook, cls] = tuple(one for one in each if one.concerns(cls))
        return found

    def before(self, hook: str, /, **arguments: object) -> None:
        """Ask every plugin; the first refusal ends the asking and propagates.

        What plugins wrote when asked is undone where one of them refuses.

        Raises:
            RefusedError: a plugin refuses.
            PluginError: a plugin failed, and failures refuse.
        """
        try:
            implementations = self._before[hook]
        except KeyError:
            raise _unknown("before", hook) from None
        if implementations:
            self._run(implementations, arguments)

    def observe(self, hook: str, /, **arguments: object) -> None:
        """Tell every plugin.

        Raises:
            PluginError: a plugin failed, and failures refuse.
        """
        try:
            implementations = self._observed[hook]
        except KeyError:
            raise _unknown("observe", hook) from None
        if implementations:
            self._run(implementations, arguments)

    def choose(self, hook: str, /, **arguments: object) -> Any:
        """The first answer that is not None, or None where no plugin has one.

        Raises:
            PluginError: a plugin failed, and failures refuse.
        """
        try:
            implementations = self._chosen[hook]
        except KeyError:
            raise _unknown("choose", hook) from None
        return self._run(implementations, arguments) if implementations else None

    def mark_write(self, session: object) -> None:
        """The session is about to write: set the savepoints of the hooks that are running on it."""
        run = _running.get()
        if run is None:
            return
        unprotected: list[_Run] = []
        while run is not None:
            if run.session is session and not run.protected:
                unprotected.append(run)
            run = run.parent
        # From the outside in: what a nested hook writes is part of what the outer one does.
        for run in reversed(unprotected):
            wanted = self._isolates or run.implementation.hook.kind == "before"
            if wanted and self._savepoint is not None:
                savepoint = self._savepoint(session)
                savepoint.__enter__()
                run.savepoints.append(savepoint)
                run.protected = True

    def refuse_ending(self, session: object) -> None:
        """Refuse to end a session in the midst of a hook that is called on it: half of an act would be kept.

        Raises:
            DeclarationError: a hook of the session is running; it is a failure of that plugin.
        """
        run = _running.get()
        while run is not None:
            if run.session is session:
                raise DeclarationError("a hook does not end the session that it is called in")
            run = run.parent

    def report(self) -> tuple[Measure, ...]:
        """Calls, refusals, failures and times of each plugin's hooks that were called, in load order."""
        with self._lock:
            return tuple(each.measure for each in self._implementations if each.calls)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The last hundred failures, oldest first."""
        with self._lock:
            return tuple(self._failures)

    @property
    def quarantined(self) -> tuple[Quarantine, ...]:
        """The hooks that are no longer called, and why."""
        found = [each.quarantine for each in self._implementations]
        return tuple(quarantine for quarantine in found if quarantine is not None)

    def release(self, plugin: str, hook: str | None = None) -> None:
        """Call the plugin's hooks again (or only this one), once the cause of the failures is mended."""
        with self._lock:
            for each in self._implementations:
                if each.plugin == plugin and hook in (None, each.hook.name):
                    each.quarantine = None
                    each.in_a_row = 0

    def _run(self, implementations: tuple[Implementation, ...], arguments: Mapping[str, object]) -> Any:
        hook = implementations[0].hook
        if arguments.keys() != hook.given:
            raise DeclarationError(f"hook {hook.name} is called with {', '.join(hook.arguments)}")
        if "record" in arguments:
            implementations = self._concerned(hook.name, type(arguments["record"]))
            if not implementations:
                return None
        given = {name: frozen(value) for name, value in arguments.items()}
        run = _Run(arguments.get("session"), _running.get(), implementations[0])
        if run.depth > _MAX_DEPTH:
            raise _TooDeepError(implementations[0].plugin, hook.name, _too_deep(run))
        token = _running.set(run)
        called: list[tuple[Implementation, float]] = []
        answer: object = None
        arithmetic, now = Arithmetic(), self._timer()
        try:
            for implementation in implementations:
                if implementation.quarantine is not None:
                    continue
                run.implementation, run.protected = implementation, False
                started = now
                try:
                    answer = implementation.function(*implementation.pick(given))
                except BaseException as error:
                    answer = None
                    arithmetic.left()
                    self._caught(run, error)
                else:
                    wrong = arithmetic.left()
                    if answer is not None:
                        wrong = wrong or implementation.wrong(answer)
                    if wrong:
                        answer = None
                        self._fail(run, wrong, None)
                    elif implementation.in_a_row:
                        implementation.in_a_row = 0
                finally:
                    now = self._timer()
                    called.append((implementation, now - started))
                if answer is not None:
                    break
        except BaseException as error:
            while run.savepoints:
                _leave(run.savepoints.pop(), error)
            raise
        finally:
            _running.reset(token)
            with self._lock:
                for implementation, seconds in called:
                    implementation.calls += 1
                    implementation.seconds += seconds
                    if seconds > implementation.slowest:
                        implementation.slowest = seconds
        while run.savepoints:
            _leave(run.savepoints.pop(), None)
        return answer

    def _caught(self, run: _Run, error: BaseException) -> None:
        """Raise again what is a refusal or no fault of the plugin; all else is a failure."""
        if isinstance(error, RefusedError) and run.implementation.hook.kind == "before":
            with self._lock:
                run.implementation.refusals += 1
                run.implementation.in_a_row = 0
            raise error
        if isinstance(error, _TooDeepError) and run.parent is None:
            self._fail(run, error.reason, error)
        elif isinstance(error, self._passing) and not isinstance(error, AroundError):
            raise error
        else:  # sys.exit() in a plugin is a failure of that plugin, too
            self._fail(run, reason_of(error), error)

    def _fail(self, run: _Run, reason: str, error: BaseException | None) -> None:
        """Record the failure, and raise or undo it."""
        implementation = run.implementation
        plugin, hook = implementation.plugin, implementation.hook.name
        with self._lock:
            implementation.failures += 1
            implementation.in_a_row += 1
            self._failures.append(Failure(plugin, hook, reason))
            if self._isolates and implementation.in_a_row >= self._quarantine_after:
                implementation.quarantine = Quarantine(plugin, hook, implementation.in_a_row, reason)
        if not self._isolates:
            raise PluginError(plugin, hook, reason) from error
        _log.error("plugin %s, hook %s failed: %s", plugin, hook, reason)
        if implementation.quarantine is not None:
            count = implementation.quarantine.failures
            _log.error("plugin %s, hook %s is in quarantine after %d failures in a row", plugin, hook, count)
        if run.protected:
            try:
                _leave(run.savepoints.pop(), error or PluginError(plugin, hook, reason))
            except Exception as second:
                told = f"{reason}; what it wrote cannot be undone: {reason_of(second)}"
                raise PluginError(plugin, hook, told) from second


def _unknown(verb: str, hook: str) -> DeclarationError:
    return DeclarationError(f"{verb}() knows no hook {hook}, or the caller is not frozen yet")


def _too_deep(run: _Run) -> str:
    way: list[str] = []
    parent: _Run | None = run
    while parent is not None and len(way) < 4:
        way.insert(0, f"{parent.implementation.plugin}.{parent.implementation.hook.name}")
        parent = parent.parent
    return f"hooks call each other more than {_MAX_DEPTH} deep: … > {' > '.join(way)}"


def _leave(savepoint: AbstractContextManager[object], error: BaseException | None) -> None:
    if error is None:
        savepoint.__exit__(None, None, None)
    else:
        savepoint.__exit__(type(error), error, error.__traceback__)
