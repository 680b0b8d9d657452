"""The records that an answer of a session holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

__all__ = ["records_in"]


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
