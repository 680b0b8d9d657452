"""Two worlds that differ only in what one person may not see: whatever that person asks, both answer alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pycrm.testing.databases import Databases
from pycrm.testing.organisation import Organisation
from pycrm.testing.told import Act, apart, reseed

__all__ = ["tell_apart"]


def tell_apart(
    databases: Databases,
    plugins: Iterable[Any],
    viewer: str,
    enter: Callable[[Organisation], object],
    hide: Callable[[Organisation], object],
    asks: Mapping[str, Act],
) -> list[str]:
    """Where a person learns something of what was hidden: a line for each ask, none where all is tight.

    The same is entered into two databases. In the second more happens, of which the person may see nothing:
    a colleague's record, another value of a hidden field. Then both are asked the same, acts that write
    among it, and each answer is compared whole, errors with their words. Identifiers are drawn alike.

    Args:
        databases: where the two worlds are made.
        viewer: the login of the person in the sample organisation who must not tell them apart.
        enter: adds what both worlds have.
        hide: does, in the second world alone, what the person may not see.
        asks: by a name, what the person asks or does in a session of its own.

    Returns:
        for each ask whose answers differ, its name and both answers.
    """
    given = tuple(plugins)
    worlds = [Organisation(databases.open(given)) for _ in range(2)]
    for at, world in enumerate(worlds):
        reseed(world.crm, "entered")
        enter(world)
        reseed(world.crm, f"hidden {at}")
        if at:
            hide(world)
    return apart((worlds[0].crm, worlds[1].crm), viewer, asks)
