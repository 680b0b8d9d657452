"""Whom a hook calls for records of one class, in order, and what that has taken them."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, groupby, repeat
from operator import sub
from typing import TYPE_CHECKING

from pycrm.plugin.frozen import frozen

if TYPE_CHECKING:
    from pycrm.plugin.report import Implementation
    from pycrm.plugin.signature import Hook

__all__ = ["Round"]

# So many are kept before they are summed up; of single ones that would cost as much as calling a small hook.
_MOST = 64

# What hooks of every kind are called with, and cannot change.
_FROZEN = frozenset(("session", "record"))


class Round:
    """The implementations of a hook that are called one after the other.

    Plugins name few different arguments, so that the functions stand in runs that are called alike. The
    implementations stand apart: of hooks that have nothing to say, most of the time goes to fetching what has
    not been looked at since the last act.
    """

    __slots__ = ("_runs", "_taken", "hook", "implementations")

    def __init__(self, hook: Hook, implementations: Iterable[Implementation]) -> None:
        self.hook = hook
        found = self.implementations = tuple(implementations)
        self._runs = [
            (names, tuple(one.function for one in alike))
            for names, alike in groupby(found, key=lambda one: one.names)
        ]
        self._taken: deque[array[float]] = deque()

    def calls(
        self, given: Mapping[str, object]
    ) -> Iterator[tuple[Callable[..., object], tuple[object, ...]]]:
        """Each function with the arguments that it names, frozen, in the order of the implementations."""
        kept = {name: value if name in _FROZEN else frozen(value) for name, value in given.items()}
        runs = [
            zip(functions, repeat(tuple([kept[name] for name in names]))) for names, functions in self._runs
        ]
        return runs[0] if len(runs) == 1 else chain.from_iterable(runs)

    def keep(self, moments: list[float]) -> bool:
        """Keep when each step began, and when the last ended; whether it is time to sum up."""
        # As bare numbers, which take an eighth of the memory, and none of what is at hand for the work.
        self._taken.append(array("d", moments))
        return len(self._taken) >= _MOST

    def sum_up(self) -> None:
        """Enter what was kept in the accounts of the implementations; under the caller's lock."""
        rounds = [self._taken.popleft() for _ in range(len(self._taken))]
        moments = list(zip(*rounds, strict=True))
        for one, began, ended in zip(self.implementations, moments, moments[1:], strict=False):
            one.enter(len(rounds), [*map(sub, ended, began)])
