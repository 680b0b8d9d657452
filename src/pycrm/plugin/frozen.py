"""Frozen copies of what is handed to plugins."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pycrm.values import Money

__all__ = ["frozen"]

# What most fields hold, looked up first: this runs before every hook.
_PLAIN = frozenset((str, int, bool, type(None), UUID, date, datetime, Decimal, Money))


def frozen(value: Any) -> Any:
    """The value in a form that its reader cannot change.

    Containers are copied and frozen, all the way down; records, money, dates and texts are frozen
    by themselves and stand as they are, as does a mapping that is only for reading: whoever hands it
    out has frozen it. It is a copy, so that what a plugin keeps does not change when the core goes on.

    >>> frozen({"lines": [1, 2]})
    mappingproxy({'lines': (1, 2)})
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is MappingProxyType:
        return value
    if kind is dict:
        return MappingProxyType({key: frozen(each) for key, each in value.items()})
    if kind is list:
        return tuple([frozen(each) for each in value])
    if isinstance(value, tuple):
        for each in value:
            if type(each) not in _PLAIN:
                break
        else:
            return value
        if kind is tuple:
            return tuple([frozen(each) for each in value])
        # Named tuples such as Change; other kinds of tuples are their own.
        return value._make([frozen(each) for each in value]) if hasattr(value, "_make") else value
    if kind is set:
        return frozenset(value)
    if kind is bytearray:
        return bytes(value)
    return value
