"""The forms of what a pipeline is written with: keys, labels, numbers, names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from pycrm.errors import Problem
from pycrm.values import clean_text

__all__ = ["DOTTED", "each", "fields_of", "is_whole", "key_of", "label_of", "text_of", "within"]

DOTTED: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
_BREAKS = frozenset(("Cc", "Zl", "Zp"))
_LONGEST_LABEL = 200


def key_of(key: str, path: str) -> Iterator[Problem]:
    """A key is lower-case letters, digits and underscores."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        message = f"{key!r} must be lower-case letters, digits and _, begin with a letter, at most 60"
        yield Problem(path, "format", message)


def label_of(label: str, translations: Mapping[str, str], path: str) -> Iterator[Problem]:
    """A label says something in one line, in every language."""
    prefix = f"{path}/" if path else ""
    yield from text_of(label, f"{prefix}label")
    for language, text in translations.items():
        if not _LANGUAGE.fullmatch(language):
            message = f"{language!r} is not a language such as zh or zh_TW"
            yield Problem(f"{prefix}translations/{language}", "format", message)
        yield from text_of(text, f"{prefix}translations/{language}")


def text_of(text: str, path: str) -> Iterator[Problem]:
    """A text in one line that says something."""
    if not isinstance(text, str) or not text.strip():
        yield Problem(path, "required", "must be a text that says something")
        return
    try:
        clean_text(text, longest=_LONGEST_LABEL)
    except ValueError as error:
        yield Problem(path, "format", str(error))
    else:
        if any(unicodedata.category(character) in _BREAKS for character in text):
            yield Problem(path, "format", "holds a control character or a line break")


def is_whole(value: object) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def within(value: object, path: str, least: int, most: int) -> Iterator[Problem]:
    """A whole number between two."""
    if not isinstance(value, int) or not is_whole(value):
        yield Problem(path, "type", "must be a whole number")
    elif not least <= value <= most:
        yield Problem(path, "range", f"must be from {least} to {most}")


def fields_of(names: tuple[str, ...], path: str, fields: Collection[str] | None) -> Iterator[Problem]:
    """Names of fields, each once, and known where the fields are at hand."""
    return each(names, path, _KEY, "field", fields)


def each(
    names: tuple[str, ...], path: str, form: re.Pattern[str], noun: str, known: Collection[str] | None
) -> Iterator[Problem]:
    """Names of one form, each once, and known where those at hand are given."""
    for place, name in enumerate(names):
        if not isinstance(name, str) or not form.fullmatch(name):
            yield Problem(f"{path}/{place}", "format", f"{name!r} is not the name of a {noun}")
        elif known is not None and name not in known:
            yield Problem(f"{path}/{place}", "unknown", f"there is no {noun} {name}")
        if names.index(name) < place:
            yield Problem(f"{path}/{place}", "rule", f"{name} is named twice")
