"""The story that an example tells of its sample data, for programs and for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pycrm.cli.answer import Part

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["Chapter", "Story", "told"]


class Chapter(Protocol):
    """A part of a story: its title, and its lines."""

    @property
    def title(self) -> str:
        """What it is about."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """What happened, one line each."""
        ...


Story = Callable[["CRM"], Sequence[Chapter]]
"""What a module of sample data may offer under the name `story`."""


def told(crm: CRM, story: Story | None) -> tuple[list[dict[str, Any]], list[Part]]:
    """The chapters of a story; nothing where there is none."""
    chapters = [] if story is None else list(story(crm))
    data = [{"title": one.title, "lines": list(one.lines)} for one in chapters]
    parts: list[Part] = []
    for one in chapters:
        parts += [one.title, *(f"  {line}" for line in one.lines), ""]
    return data, parts
