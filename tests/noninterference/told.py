"""What a session tells, as plain data that two worlds can be compared by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from pycrm import CRM, Child, CRMError, Facet, Page, Record, Ref, RefusedError
from pycrm.declare.codec import dump
from pycrm.declare.record import Row

Answer = dict[str, Any]


def told(value: Any) -> Any:
    """The value as plain data: records by `dump`, which leaves out what was not read."""
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
    if isinstance(value, list | tuple | Iterator):
        return [told(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if attrs.has(type(value)):
        names = (one.name for one in attrs.fields(type(value)) if not one.name.startswith("_"))
        return {name: told(getattr(value, name)) for name in names}
    return value if isinstance(value, str | int | float | bytes | None) else str(value)


def answered(crm: CRM, who: Any, act: Callable[[Any], Any], *, write: bool) -> Answer:
    """What a session of that person answers: the value of the act, or the error in full."""
    try:
        with crm.session(who) if write else crm.view(who) as session:
            found = told(act(session))
        return {"answer": found}
    except RefusedError as error:
        return {"refused": type(error).__name__, **told(error.as_dict())}
    except CRMError as error:
        return {"failed": type(error).__name__, "message": str(error)}


def records_in(answer: Any) -> Iterator[tuple[str, UUID]]:
    """Every record that an answer holds, as its class and id."""
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str) and "entity" in answer and "version" in answer:
            yield answer["entity"], UUID(answer["id"])
        for one in answer.values():
            yield from records_in(one)
    elif isinstance(answer, list):
        for one in answer:
            yield from records_in(one)
