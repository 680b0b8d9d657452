"""What a session tells a person, as plain data that two worlds can be compared by."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from pycrm.values import Identifiers

__all__ = ["Act", "Answer", "answered", "apart", "reseed", "told"]

Act = Callable[[Session], object]
Answer = dict[str, Any]


def told(value: Any) -> Any:
    """The value as plain data: records by `dump`, which leaves out what was not read.

    Cursors stand as they are: two databases that are copies of one seal them with one key.
    """
    if isinstance(value, Record | Facet | Child):
        return {"entity": type(value).__name__} | told(dump(value))
    if isinstance(value, Row):
        return {name: told(getattr(value, name)) for name in type(value).__specs__}
    if isinstance(value, Page):
        return {"items": told(value.items), "next": value.next}
    if isinstance(value, Ref):
        return f"{value.entity}/{value.id}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date | datetime | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(told(name)): told(one) for name, one in value.items()}
    if isinstance(value, Sequence | Iterator) and not isinstance(value, str | bytes):
        return [told(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if attrs.has(type(value)):
        names = (one.name for one in attrs.fields(type(value)) if not one.name.startswith("_"))
        return {name: told(getattr(value, name)) for name in names}
    return value if isinstance(value, str | int | float | bytes | None) else str(value)


def answered(crm: CRM, who: Any, act: Act, *, write: bool = True) -> Answer:
    """What a session of that person answers: the value of the act, or the error in full."""
    try:
        with crm.session(who) if write else crm.view(who) as session:
            found = told(act(session))
        return {"answer": found}
    except RefusedError as error:
        return {"refused": type(error).__name__, **told(error.as_dict())}
    except CRMError as error:
        return {"failed": type(error).__name__, "message": str(error)}


def reseed(crm: CRM, key: str) -> None:
    """Let identifiers depend on what is being done, not on how much was done before."""
    crm.identifiers = Identifiers(crm.clock, random.Random(key))


def apart(worlds: tuple[CRM, CRM], viewer: str, asks: Mapping[str, Act]) -> list[str]:
    """A line for each ask that two worlds answer differently: its name and both answers."""
    found = []
    for name, ask in asks.items():
        for crm in worlds:
            reseed(crm, name)
        first, second = (answered(crm, viewer, ask) for crm in worlds)
        if first != second:
            found.append(f"{name}: {first} without what is hidden, {second} with it")
    return found
