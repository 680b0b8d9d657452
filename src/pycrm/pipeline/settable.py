"""Which fields moves may set."""

from __future__ import annotations

from typing import Any

from pycrm.declare.derive import triggers
from pycrm.declare.reference import per_class

__all__ = ["settable"]


@per_class
def settable(cls: Any) -> frozenset[str]:
    """The fields that a move may set: plain ones, of which nothing else is derived."""
    return frozenset(
        name
        for name, spec in cls.__specs__.items()
        if spec.init and spec.kind is not None and not (spec.key or spec.target or name in triggers(cls))
    )
