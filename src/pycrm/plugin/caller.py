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
from decimal import getcontext
from types import ModuleType
from typing import Any, Literal

import pluggy

from pycrm import hooks as core_hooks
from pycrm.errors import AroundError, DeclarationError, RefusedError, StoreError
from pycrm.hooks import PROJECT, HookKind
from pycrm.plugin.arithmetic import restored
from pycrm.plugin.errors import PluginDeclarationError, PluginError
from pycrm.plugin.model import Plugin
from pycrm.plugin.report import Failure, Implementation, Measure, Quarantine, reason_of
from pycrm.plugin.round import Round
from pycrm.plugin.running import MAX_DEPTH, Run, TooDeepError, leave, running, too_deep
from pycrm.plugin.signature import Hook, hook_problems, hooks_of, named_by, subjects_of, warn_retiring

__all__ = ["HookCaller"]

OnError = Literal["refuse", "isolate"]
Savepoint = Callable[[Any], AbstractContextManager[object]]
_log = logging.getLogger("pycrm.plugin")
_KEPT_FAILURES = 100
_VERBS: Mapping[HookKind, str] = {"before": "before", "past": "observe", "choose": "choose"}


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
        self._implementations: tuple[Implementation, ...] = ()
        self._implemented: frozenset[str] = frozenset()
        # The hooks that nobody implements.
        self._silent: dict[str, HookKind] = {}
        self._every: dict[str, tuple[Implementation, ...]] = {}
        self._rounds: dict[tuple[str, type | None], Round] = {}
        # Those that failed when they were called last, or are called no longer.
        self._troubled: set[Implementation] = set()
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
                    named_by(each.function),
                    subjects_of(each.function),
                )
                for each in sorted(given, key=lambda each: places[each.plugin_name])
            ]
            self._every[hook.name] = tuple(implementations)
            found += implementations
        self._implementations = tuple(sorted(found, key=lambda each: places[each.plugin]))
        self._implemented = frozenset(each.hook.name for each in found)
        self._silent = {name: hook.kind for name, hook in self._hooks.items() if not self._every[name]}
        self._is_frozen = True

    def has(self, hook: str, cls: type | None = None) -> bool:
        """Whether any plugin implements the hook, or with `cls` for records of that class."""
        if cls is None or hook not in self._implemented:
            return hook in self._implemented
        found = self._rounds.get((hook, cls)) or self._round(hook, cls)
        return bool(found.implementations)

    def _round(self, hook: str, cls: type | None) -> Round:
        found = self._rounds.get((hook, cls))
        if found is None:
            concerned = [one for one in self._every[hook] if cls is None or one.concerns(cls)]
            # Two threads that ask at once keep what is taken in one of the same.
            found = self._rounds.setdefault((hook, cls), Round(self._hooks[hook], concerned))
        return found

    def before(self, hook: str, /, **arguments: object) -> None:
        """Ask every plugin; the first refusal ends the asking and propagates.

        What plugins wrote when asked is undone where one of them refuses.

        Raises:
            RefusedError: a plugin refuses.
            PluginError: a plugin failed, and failures refuse.
        """
        if self._silent.get(hook) != "before":
            self._run(self._called("before", hook, arguments), arguments)

    def observe(self, hook: str, /, **arguments: object) -> None:
        """Tell every plugin.

        Raises:
            PluginError: a plugin failed, and failures refuse.
        """
        if self._silent.get(hook) != "past":
            self._run(self._called("past", hook, arguments), arguments)

    def choose(self, hook: str, /, **arguments: object) -> Any:
        """The first answer that is not None, or None where no plugin has one.

        Raises:
            PluginError: a plugin failed, and failures refuse.
        """
        if self._silent.get(hook) == "choose":
            return None
        return self._run(self._called("choose", hook, arguments), arguments)

    def _called(self, kind: HookKind, hook: str, arguments: Mapping[str, object]) -> Round:
        """Whom the hook calls with these arguments.

        Raises:
            DeclarationError: it is another kind of hook or takes other arguments, or none is called yet.
        """
        cls = type(arguments["record"]) if "record" in arguments else None
        round_ = self._rounds.get((hook, cls))
        if round_ is None and hook in self._every:
            round_ = self._round(hook, cls)
        if round_ is None or round_.hook.kind != kind:
            raise DeclarationError(f"{_VERBS[kind]}() knows no hook {hook}, or the caller is not frozen yet")
        if arguments.keys() != round_.hook.given:
            raise DeclarationError(f"hook {hook} is called with {', '.join(round_.hook.arguments)}")
        return round_

    def mark_write(self, session: object) -> None:
        """The session is about to write: set the savepoints of the hooks that are running on it."""
        run = running.get()
        if run is None:
            return
        unprotected: list[Run] = []
        while run is not None:
            if run.session is session and not run.is_protected:
                unprotected.append(run)
            run = run.parent
        # From the outside in: what a nested hook writes is part of what the outer one does.
        for run in reversed(unprotected):
            wanted = self._isolates or run.implementation.hook.kind == "before"
            if wanted and self._savepoint is not None:
                savepoint = self._savepoint(session)
                savepoint.__enter__()
                run.savepoints.append(savepoint)
                run.protected = run.implementation

    def refuse_ending(self, session: object) -> None:
        """Refuse to end a session in the midst of a hook that is called on it: half of an act would be kept.

        Raises:
            DeclarationError: a hook of the session is running; it is a failure of that plugin.
        """
        run = running.get()
        while run is not None:
            if run.session is session:
                raise DeclarationError("a hook does not end the session that it is called in")
            run = run.parent

    def report(self) -> tuple[Measure, ...]:
        """Calls, refusals, failures and times of each plugin's hooks that were called, in load order."""
        with self._lock:
            for each in [*self._rounds.values()]:
                each.sum_up()
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
                    self._troubled.discard(each)

    def _run(self, round_: Round, arguments: Mapping[str, object]) -> Any:
        if not round_.implementations:
            return None
        moments = [self._timer()]
        run = Run(arguments.get("session"), running.get(), round_.implementations, moments)
        if run.depth > MAX_DEPTH:
            raise TooDeepError(run.implementation.plugin, round_.hook.name, too_deep(run))
        token = running.set(run)
        answer: object = None
        context, timer = getcontext(), self._timer
        rules = precision, rounding = context.prec, context.rounding
        resting: list[Implementation] = []
        ended, troubled = moments.append, self._troubled
        try:
            # Many hooks have next to nothing to say: what is done for each of them is kept short.
            for function, given in round_.calls(arguments):
                if troubled and run.implementation.quarantine is not None:
                    resting.append(run.implementation)
                    ended(moments[-1])
                    continue
                try:
                    answer = function(*given)
                except BaseException as error:
                    moment = timer()
                    restored(context, rules)
                    try:
                        self._caught(run, error)
                    finally:
                        ended(moment)
                    continue
                moment = timer()
                if (
                    answer is not None
                    or troubled
                    or getcontext() is not context
                    or context.prec != precision
                    or context.rounding != rounding
                ):
                    try:
                        answer = self._taken(run, answer, restored(context, rules))
                    finally:
                        ended(moment)
                    if answer is not None:
                        break
                else:
                    ended(moment)
        except BaseException as error:
            while run.savepoints:
                leave(run.savepoints.pop(), error)
            raise
        finally:
            running.reset(token)
            self._enter(round_, moments, resting)
        while run.savepoints:
            leave(run.savepoints.pop(), None)
        return answer

    def _taken(self, run: Run, answer: object, wrong: str) -> object:
        """The answer of a hook, unless it or what the hook has left behind is wrong: that is a failure."""
        wrong = wrong or ("" if answer is None else run.implementation.wrong(answer))
        if wrong:
            self._fail(run, wrong, None)
            return None
        self._recovered(run.implementation)
        return answer

    def _recovered(self, implementation: Implementation) -> None:
        """It did what it should: failures before are none in a row."""
        if implementation.in_a_row:
            with self._lock:
                implementation.in_a_row = 0
                self._troubled.discard(implementation)

    def _enter(self, round_: Round, moments: list[float], resting: list[Implementation]) -> None:
        """Enter what the steps of a round took: together with others later, where all of them were taken."""
        if len(moments) > len(round_.implementations) and not resting:
            if round_.keep(moments):
                with self._lock:
                    round_.sum_up()
            return
        with self._lock:
            for one, began, ended in zip(round_.implementations, moments, moments[1:], strict=False):
                if one not in resting:
                    one.enter(1, (ended - began,))

    def _caught(self, run: Run, error: BaseException) -> None:
        """Raise again what is a refusal or no fault of the plugin; all else is a failure."""
        if isinstance(error, RefusedError) and run.implementation.hook.kind == "before":
            with self._lock:
                run.implementation.refusals += 1
            self._recovered(run.implementation)
            raise error
        if isinstance(error, TooDeepError) and run.parent is None:
            self._fail(run, error.reason, error)
        elif isinstance(error, self._passing) and not isinstance(error, AroundError):
            raise error
        else:  # sys.exit() in a plugin is a failure of that plugin, too
            self._fail(run, reason_of(error), error)

    def _fail(self, run: Run, reason: str, error: BaseException | None) -> None:
        """Record the failure, and raise or undo it."""
        implementation = run.implementation
        plugin, hook = implementation.plugin, implementation.hook.name
        with self._lock:
            implementation.failures += 1
            implementation.in_a_row += 1
            self._troubled.add(implementation)
            self._failures.append(Failure(plugin, hook, reason))
            if self._isolates and implementation.in_a_row >= self._quarantine_after:
                implementation.quarantine = Quarantine(plugin, hook, implementation.in_a_row, reason)
        if not self._isolates:
            raise PluginError(plugin, hook, reason) from error
        _log.error("plugin %s, hook %s failed: %s", plugin, hook, reason)
        if implementation.quarantine is not None:
            count = implementation.quarantine.failures
            _log.error("plugin %s, hook %s is in quarantine after %d failures in a row", plugin, hook, count)
        if run.is_protected:
            try:
                leave(run.savepoints.pop(), error or PluginError(plugin, hook, reason))
            except Exception as second:
                told = f"{reason}; what it wrote cannot be undone: {reason_of(second)}"
                raise PluginError(plugin, hook, told) from second
