"""Which hooks are being called, one within another, and the savepoints set for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pycrm.plugin.errors import PluginError

if TYPE_CHECKING:
    from pycrm.plugin.report import Implementation

__all__ = ["MAX_DEPTH", "Run", "TooDeepError", "leave", "running", "too_deep"]

MAX_DEPTH = 16


class TooDeepError(PluginError):
    """Hooks that call each other without end; it is for the outermost of them to answer for."""


class Run:
    """One hook being called on a session, as far as it has come, and the savepoints set in it, in their order.

    `moments` are when it began and when each implementation ended.
    """

    __slots__ = ("depth", "implementations", "moments", "parent", "protected", "savepoints", "session")

    def __init__(
        self, session: object, parent: Run | None, called: Sequence[Implementation], moments: Sequence[float]
    ) -> None:
        self.session = session
        self.parent = parent
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.savepoints: list[AbstractContextManager[object]] = []
        self.implementations = called
        self.moments = moments
        # The implementation for which a savepoint was set last.
        self.protected: Implementation | None = None

    @property
    def implementation(self) -> Implementation:
        """The one that is running."""
        return self.implementations[len(self.moments) - 1]

    @property
    def is_protected(self) -> bool:
        """Whether a savepoint was set for the implementation that is running."""
        return self.protected is self.implementation


running: ContextVar[Run | None] = ContextVar("pycrm_hook", default=None)


def too_deep(run: Run) -> str:
    """What is said of hooks that call each other without end."""
    way: list[str] = []
    parent: Run | None = run
    while parent is not None and len(way) < 4:
        way.insert(0, f"{parent.implementation.plugin}.{parent.implementation.hook.name}")
        parent = parent.parent
    return f"hooks call each other more than {MAX_DEPTH} deep: … > {' > '.join(way)}"


def leave(savepoint: AbstractContextManager[object], error: BaseException | None) -> None:
    """Leave a savepoint: what was written within is kept, or with an error undone."""
    if error is None:
        savepoint.__exit__(None, None, None)
    else:
        savepoint.__exit__(type(error), error, error.__traceback__)
