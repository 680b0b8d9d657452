"""The controls of forms: a list has dozens of them in its filter, and a template takes many times as long for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from pycrm.web.piece import text_of

if TYPE_CHECKING:
    from pycrm.web.entry import Entry
    from pycrm.web.words import Words

__all__ = ["control"]


def control(one: Entry, words: Words) -> Markup:
    """What is typed or chosen for one field."""
    return Markup(_MAKERS.get(one.widget, _line)(one, words))


def _named(one: Entry) -> str:
    return f'name="{text_of(one.name)}" id="{text_of(one.id)}"'


def _more(one: Entry) -> str:
    """What tells browsers, and those who read aloud, that something is wanted or wrong."""
    wanted = " required" if one.is_required else ""
    return wanted + (f' aria-invalid="true" aria-describedby="{text_of(one.id)}-error"' if one.error else "")


def _select(one: Entry, words: Words) -> str:
    none = ""
    if not one.is_required or not one.text:
        none = f'<option value="">{"" if one.is_required else "—"}</option>'
    options = "".join(
        f'<option value="{text_of(value)}"{" selected" if value == one.text else ""}>{text_of(label)}</option>'
        for value, label in one.options
    )
    return f"<select {_named(one)}{_more(one)}>{none}{options}</select>"


def _long(one: Entry, words: Words) -> str:
    size = f'rows="3" maxlength="{one.longest}"'
    return f"<textarea {_named(one)} {size}{_more(one)}>{text_of(one.text)}</textarea>"


def _money(one: Entry, words: Words) -> str:
    kinds = "".join(
        f"<option{' selected' if code == one.currency else ''}>{text_of(code)}</option>"
        for code in one.currencies
    )
    held = f'value="{text_of(one.text)}" inputmode="decimal" autocomplete="off"'
    label = text_of(words("Currency"))
    return (
        f'<div class="row tight"><input class="grow num" {_named(one)} {held}{_more(one)}>'
        f'<select class="currency" name="{text_of(one.name)}:currency" aria-label="{label}">{kinds}</select></div>'
    )


def _date(one: Entry, words: Words) -> str:
    form = 'placeholder="2026-06-30" inputmode="numeric" pattern="\\d{4}-\\d{2}-\\d{2}" maxlength="10"'
    return f'<input {_named(one)} value="{text_of(one.text)}" {form} autocomplete="off" data-day{_more(one)}>'


def _moment(one: Entry, words: Words) -> str:
    form = 'placeholder="2026-06-30 09:00" maxlength="25"'
    return f'<input {_named(one)} value="{text_of(one.text)}" {form} autocomplete="off"{_more(one)}>'


def _link(one: Entry, words: Words) -> str:
    name, text, hint = text_of(one.name), text_of(one.text), text_of(words("Name or code"))
    found = f'data-lookup="{text_of(one.lookup)}" autocomplete="off" placeholder="{hint}" maxlength="300"'
    return (
        f'<input {_named(one)} value="{text}" {found}{_more(one)}>'
        f'<input type="hidden" name="{name}:id" value="{text_of(one.ref)}">'
        f'<input type="hidden" name="{name}:was" value="{text}">'
    )


def _line(one: Entry, words: Words) -> str:
    number = ' inputmode="decimal"' if one.widget == "number" else ""
    size = f'maxlength="{one.longest}" autocomplete="off"'
    return f'<input {_named(one)} value="{text_of(one.text)}"{number} {size}{_more(one)}>'


_MAKERS: Mapping[str, Callable[[Entry, Words], str]] = {
    "select": _select,
    "text-long": _long,
    "money": _money,
    "date": _date,
    "moment": _moment,
    "link": _link,
}
