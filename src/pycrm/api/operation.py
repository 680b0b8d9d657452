"""What documents tell of a route: the same facts from which it is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Operation", "Parameter"]


@attrs.frozen
class Parameter:
    """A parameter of the address: its name, the schema of its values, and what it is for."""

    name: str
    schema: Mapping[str, Any]
    about: str
    is_required: bool = False


@attrs.frozen
class Operation:
    """One route as a document tells it.

    Args:
        name: unique among all, ``customers_list``.
        about: a sentence.
        entity: whose list it belongs to.
        answer: the schema of what it answers, `status` its status.
        body: the schema of what it takes.
        parameters: of the address.
        needs_version: whether the header ``If-Match`` is asked for.
        is_act: whether the header ``Idempotency-Key`` is heeded.
        needs_body: whether there must be one.
    """

    name: str
    about: str
    entity: str
    answer: Any = None
    status: int = 200
    body: Any = None
    parameters: tuple[Parameter, ...] = ()
    needs_version: bool = False
    is_act: bool = False
    needs_body: bool = True
    media: str = "application/json"
    others: Mapping[int, Any] = attrs.field(factory=dict)
