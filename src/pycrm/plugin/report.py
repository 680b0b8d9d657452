"""What became of the hooks that were called: counted, timed, failed, in quarantine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from pycrm.plugin.place import place_of, place_of_raise
from pycrm.plugin.signature import Hook

__all__ = ["Failure", "Implementation", "Measure", "Quarantine", "reason_of"]


@attrs.frozen
class Failure:
    """A hook that failed; `reason` names kind and place and no value, since values may be personal."""

    plugin: str
    hook: str
    reason: str


@attrs.frozen
class Quarantine:
    """A plugin's hook that is no longer called, because it failed `failures` times in a row."""

    plugin: str
    hook: str
    failures: int
    reason: str


@attrs.frozen
class Measure:
    """What one plugin's hook has cost: times in seconds, including what it called in its turn."""

    plugin: str
    hook: str
    calls: int
    refusals: int
    failures: int
    seconds: float
    slowest: float
    quarantine: Quarantine | None


@attrs.define(eq=False)
class Implementation:
    """One plugin's method for one hook, and its running account. Written under the caller's lock."""

    plugin: str
    hook: Hook
    function: Callable[..., object]
    names: tuple[str, ...]
    subjects: tuple[type, ...] = ()
    calls: int = 0
    refusals: int = 0
    failures: int = 0
    in_a_row: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    quarantine: Quarantine | None = None

    def concerns(self, cls: type) -> bool:
        """Whether the hook's annotation of `record` admits records of that class."""
        return not self.subjects or issubclass(cls, self.subjects)

    def enter(self, calls: int, seconds: Sequence[float]) -> None:
        """Enter so many calls, and what each of them took."""
        if calls:
            self.calls += calls
            self.seconds += sum(seconds)
            self.slowest = max(self.slowest, *seconds)

    @property
    def measure(self) -> Measure:
        return Measure(
            plugin=self.plugin,
            hook=self.hook.name,
            calls=self.calls,
            refusals=self.refusals,
            failures=self.failures,
            seconds=self.seconds,
            slowest=self.slowest,
            quarantine=self.quarantine,
        )

    def wrong(self, answer: object) -> str:
        """What is wrong with the answer, in words that do not show it; empty where nothing is."""
        chooses = self.hook.kind == "choose"
        if answer is None or (chooses and isinstance(answer, self.hook.answer)):
            return ""
        wanted = str(self.hook.answer) if chooses else "None"
        return f"it returned a {type(answer).__name__}, not {wanted} ({place_of(self.function)})"


def reason_of(error: BaseException) -> str:
    """Kind of an error, and the lines of the hook and of the raise, without what the error says."""
    return f"{type(error).__name__} at {place_of_raise(error)}"
