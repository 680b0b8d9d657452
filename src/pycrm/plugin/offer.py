"""What a plugin shows: in the menu, on records, on the day, above every page, in the search, on pages of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

__all__ = ["Banner", "Finder", "Hint", "Menu", "Panel", "Screen", "Tile"]


@attrs.frozen
class Menu:
    """An entry of the menu.

    Args:
        label: the English words; other languages stand in the plugin's `words`.
        path: where it leads, from the root: ``/projects`` or ``/b2b/pursuits``.
        permission: who sees it: ``project.read`` is whoever may read some project.
        icon: the name of one of the icons of core.
    """

    label: str
    path: str
    permission: str = attrs.field(kw_only=True)
    icon: str = attrs.field(default="puzzle", kw_only=True)


@attrs.frozen
class Panel:
    """A box on the page of a record of any plugin.

    Args:
        key: its name within the plugin, lower-case.
        label: its heading, in English.
        of: the record class, or its name, on whose page it stands.
        data: called with a session of the reader and the record; what it returns the template is given,
            and None leaves the panel out. What it raises, other than that the reader may not, leaves
            "not available" in its place.
        template: a template of the plugin, such as ``b2b/budget.html``; without one the data are a
            mapping of labels to values.
        permission: as of a `Menu`.
        wide: whether it takes the whole width of the page, above everything else.
    """

    key: str
    label: str
    of: Any
    data: Callable[[Any, Any], Mapping[str, Any] | None]
    template: str | None = attrs.field(default=None, kw_only=True)
    permission: str = attrs.field(kw_only=True)
    wide: bool = attrs.field(default=False, kw_only=True)

    @property
    def entity(self) -> str:
        """The name of the record class on whose page it stands."""
        return self.of if isinstance(self.of, str) else str(self.of.__name__)


@attrs.frozen
class Screen:
    """A page of the plugin's own, under ``/<plugin>/<key>``.

    Args:
        key: its name within the plugin, lower-case.
        label: its title, in English.
        data: called with a session of the reader and the words of the address; the template gets what
            it returns.
        template: a template of the plugin, such as ``b2b/pursuits.html``.
        permission: as of a `Menu`; whoever lacks it is told that there is no such page.
    """

    key: str
    label: str
    data: Callable[[Any, Mapping[str, str]], Mapping[str, Any]]
    template: str
    permission: str = attrs.field(kw_only=True)


@attrs.frozen
class Tile:
    """A box on everybody's own day, the first page.

    Args:
        key: its name within the plugin, lower-case.
        label: its heading, in English.
        data: called with a session of the reader; what it returns is shown as that of a `Panel`, and None leaves
            the tile out.
        template: as of a `Panel`.
        permission: as of a `Menu`.
    """

    key: str
    label: str
    data: Callable[[Any], Mapping[str, Any] | None]
    template: str | None = attrs.field(default=None, kw_only=True)
    permission: str = attrs.field(kw_only=True)


@attrs.frozen
class Hint:
    """One line that is found or told: what it says, the record that it leads to, and what stands below it.

    Args:
        record: a record or a reference to one, on whose page one looks further.
        move: a move of that record which puts the line away, such as reading it; None where there is none.
    """

    text: str
    record: Any
    under: str = ""
    move: str | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Finder:
    """A way of finding things that their own words do not name, in the search for everything.

    Args:
        key: its name within the plugin, lower-case.
        label: the heading of what it finds, in English.
        find: called with a session of the reader and the words; a few `Hint`, the best first.
        permission: as of a `Menu`.
    """

    key: str
    label: str
    find: Callable[[Any, str], Iterable[Hint]]
    permission: str = attrs.field(kw_only=True)


@attrs.frozen
class Banner:
    """What stands above every page until it is put away.

    Args:
        key: its name within the plugin, lower-case.
        label: what each line begins with, in English.
        data: called with a session of the reader at each page, so one short reading at most; a few `Hint`.
        permission: as of a `Menu`.
    """

    key: str
    label: str
    data: Callable[[Any], Iterable[Hint]]
    permission: str = attrs.field(kw_only=True)
