"""Pages as a browser without scripts reads them: elements, words, and forms with all that they would send."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import attrs

__all__ = ["Form", "Page", "read"]


@attrs.define
class Form:
    """A form: where it goes, and each field with its values as it stands."""

    action: str
    method: str
    fields: list[tuple[str, str]] = attrs.field(factory=list)
    buttons: list[tuple[str, str]] = attrs.field(factory=list)

    def value(self, name: str) -> str | None:
        return next((text for known, text in self.fields if known == name), None)

    def filled(self, **typed: str) -> list[tuple[str, str]]:
        """What it sends once these fields hold these texts; ``party__name`` stands for ``party:name``."""
        given = {name.replace("__", ":").replace("--", "."): text for name, text in typed.items()}
        return self.sent(given)

    def sent(self, given: dict[str, str]) -> list[tuple[str, str]]:
        kept = [(name, text) for name, text in self.fields if name not in given]
        return [*kept, *given.items()]


@attrs.define
class Page(HTMLParser):
    """One page: its elements with their attributes, its text, its forms."""

    text: str = ""
    elements: list[tuple[str, dict[str, str]]] = attrs.field(factory=list)
    forms: list[Form] = attrs.field(factory=list)
    said: list[str] = attrs.field(factory=list)
    _select: tuple[str, list[tuple[str, bool]]] | None = None
    _area: str | None = None

    def __attrs_pre_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.elements.append((tag, found))
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get")))
        form = self.forms[-1] if self.forms else None
        if form is None:
            return
        if tag == "input" and "name" in found:
            kind = found.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in found:
                form.fields.append((found["name"], found.get("value", "")))
        elif tag == "select":
            self._select = (found.get("name", ""), [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((found.get("value", ""), "selected" in found))
        elif tag == "textarea":
            self._area = found.get("name", "")
            form.fields.append((self._area, ""))
        elif tag == "button" and "name" in found:
            form.buttons.append((found["name"], found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None:
            name, options = self._select
            chosen = next(
                (value for value, is_chosen in options if is_chosen), options[0][0] if options else ""
            )
            self.forms[-1].fields.append((name, chosen))
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if self._area is not None:
            name, text = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = (name, text + data)

    def form(self, action: str) -> Form:
        """The form that goes there."""
        return next(one for one in self.forms if one.action == action)

    @property
    def words(self) -> str:
        """All its text, white space as one space."""
        return " ".join(" ".join(self.said).split())

    def links(self) -> Iterator[str]:
        """Where it leads to within the product."""
        for tag, found in self.elements:
            if tag == "a" and found.get("href", "").startswith("/"):
                yield found["href"].partition("#")[0]

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element of that name."""
        return [found for known, found in self.elements if known == tag]


def read(text: str) -> Page:
    """Read a page."""
    page: Any = Page(text)
    page.feed(text)
    page.close()
    return page  # type: ignore[no-any-return]
