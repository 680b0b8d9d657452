"""What verbs answer, as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from pycrm.declare import Ref
from pycrm.declare.codec import dump
from pycrm.values import Money

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """A value as JSON has it; a record with the fields that were read, a reference as kind and id."""
    if value is None or (isinstance(value, str | int | bool) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Ref):
        return {"entity": value.entity, "id": str(value.id)}
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [plain(one) for one in value]
    if hasattr(type(value), "__specs__"):
        return dump(value)
    if attrs.has(type(value)):
        return {one.name: plain(getattr(value, one.name)) for one in attrs.fields(type(value))}
    if isinstance(value, UUID):
        return str(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
