"""Whom a hook calls for records of one class, in order, and what that has taken them."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from operator import sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pycrm.plugin.report import Implementation

__all__ = ["Round"]

# So many are kept before they are summed up; of single ones that would cost as much as calling a small hook.
_MOST = 64


class Round:
    """The implementations of a hook that are called one after the other.

    Each step is a function and the place of its arguments in what `arguments` gives: plugins name few different
    ones. The implementations stand apart: of hooks that have nothing to say, most of the time goes to fetching
    what has not been looked at since the last act.
    """

    __slots__ = ("_picks", "_taken", "implementations", "steps")

    def __init__(self, implementations: Iterable[Implementation]) -> None:
        found = self.implementations = tuple(implementations)
        names = list(dict.fromkeys(one.names for one in found))
        self._picks = tuple(names)
        self.steps: tuple[tuple[Callable[..., object], int], ...]
        self.steps = tuple((one.function, names.index(one.names)) for one in found)
        self._taken: deque[array[float]] = deque()

    def arguments(self, given: Mapping[str, object]) -> list[tuple[object, ...]]:
        """The arguments that the functions name, in their order."""
        return [tuple([given[name] for name in names]) for names in self._picks]

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
