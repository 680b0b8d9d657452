"""The public operations of a session: one list, which the two-world test and others walk.

A public verb of `Session` is either in `OPERATIONS` or, with a reason, in `EXCLUDED`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from pycrm import Session

from .pick import Pick

__all__ = ["EXCLUDED", "OPERATIONS", "Operation", "public_verbs", "unlisted"]

Call = Callable[[Any, Pick], Any]


@attrs.frozen
class Operation:
    """One way to ask or to act as somebody.

    `verbs` are the public verbs of `Session` that it calls, `call` does so with arguments that the
    pick draws; `writes` says that it needs a session that writes. `weight` is how often it comes.
    """

    name: str
    verbs: tuple[str, ...]
    call: Call
    writes: bool
    weight: int


OPERATIONS: dict[str, Operation] = {}

# What is public and no operation on data.
EXCLUDED = {
    "calendar": "the working days of the enterprise, which are common knowledge",
    "crm": "the CRM itself, which answers about declarations and hands out sessions",
    "transaction": "the way in for the product's own rooms and for plugins' migrations; it has no scope",
    "beyond": "rows that a plugin's rule counts whoever acts, its author's word as a guard is; no face offers it",
    "card": "the name of a hidden customer, told on purpose to who sees something of it (SCO-5)",
    "random_bytes": "noise, which depends on nothing",
}


def operation(*verbs: str, writes: bool = False, weight: int = 2, name: str = "") -> Callable[[Call], Call]:
    """Enter a function as an operation that calls these verbs."""

    def enter(call: Call) -> Call:
        title = name or call.__name__.replace("_", " ").strip()
        if title in OPERATIONS:
            raise ValueError(f"there are two operations called {title}")
        OPERATIONS[title] = Operation(title, verbs, call, writes, weight)
        return call

    return enter


def public_verbs(cls: type = Session) -> set[str]:
    """Every public name of a session class, of the classes it is made of, and of its instances."""
    made_in_init = {"crm", "transaction"}
    return made_in_init | {name for name in dir(cls) if not name.startswith("_")}


def unlisted(cls: type = Session) -> set[str]:
    """The public verbs that no operation calls and that nobody has excluded with a reason."""
    called = {verb for one in OPERATIONS.values() for verb in one.verbs}
    return public_verbs(cls) - called - set(EXCLUDED)
