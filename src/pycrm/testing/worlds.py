"""Two worlds that differ only in what one person may not see: whatever that person asks, both answer alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from pycrm.app import CRM
from pycrm.declare import Child, Facet, Record, Ref
from pycrm.declare.codec import dump
from pycrm.declare.record import Row
from pycrm.errors import CRMError, RefusedError
from pycrm.scope.paging import Page
from pycrm.session import Session
from pycrm.testing.databases import Databases
from pycrm.testing.organisation import Organisation
from pycrm.values import Identifiers

__all__ = ["tell_apart"]

Act = Callable[[Session], object]


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
        _reseed(world.crm, "entered")
        enter(world)
        _reseed(world.crm, f"hidden {at}")
        if at:
            hide(world)
    found = []
    for name, ask in asks.items():
        for world in worlds:
            _reseed(world.crm, name)
        first, second = (_answer(world.crm, viewer, ask) for world in worlds)
        if first != second:
            found.append(f"{name}: {first} without what is hidden, {second} with it")
    return found


def _reseed(crm: CRM, key: str) -> None:
    """Let identifiers depend on what is being done, not on how much was done before."""
    crm.identifiers = Identifiers(crm.clock, random.Random(key))


def _answer(crm: CRM, who: str, ask: Act) -> Any:
    try:
        with crm.session(who) as session:
            return _told(ask(session))
    except RefusedError as error:
        return {"refused": type(error).__name__, **_told(error.as_dict())}
    except CRMError as error:
        return {"failed": type(error).__name__, "message": str(error)}


def _told(value: Any) -> Any:
    """The value as plain data: records without what was not read."""
    if isinstance(value, Record | Facet | Child):
        return {"entity": type(value).__name__} | _told(dump(value))
    if isinstance(value, Row):
        return {name: _told(getattr(value, name)) for name in type(value).__specs__}
    if isinstance(value, Page):
        # The cursor is sealed with the key of each database.
        return {"items": _told(value.items), "has_next": value.next is not None}
    if isinstance(value, Ref):
        return f"{value.entity}/{value.id}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date | datetime | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(_told(name)): _told(one) for name, one in value.items()}
    if isinstance(value, list | tuple | Iterator):
        return [_told(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if attrs.has(type(value)):
        names = (one.name for one in attrs.fields(type(value)) if not one.name.startswith("_"))
        return {name: _told(getattr(value, name)) for name in names}
    return value if isinstance(value, str | int | float | bytes | None) else str(value)
