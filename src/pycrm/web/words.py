"""Words of the pages in the reader's language: labels of what is declared, and sentences of the pages.

English is what declarations and templates say; another language is a table of those texts, and of names
such as ``Customer.many``, ``Customer.channel`` or ``Lifecycle.prospect``. Tables of plugins come after core's,
so that a product renames what it likes. What a table lacks stays English, and is told by `lacking`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pycrm.declare.word import plural

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.declare.field import Spec

__all__ = ["LANGUAGES", "Words", "lacking", "words_of"]

#: The languages that core speaks, each by its own name.
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}

_CHINESE = re.compile(r"\(([\u4e00-\u9fff]+)\)")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def _core(language: str) -> tuple[Mapping[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Core's table of a language, and its patterns for sentences that hold names and numbers."""
    path = files("pycrm.web") / "words" / f"{language}.toml"
    data = tomllib.loads(path.read_text("utf-8"))
    table = {key: text for part in ("words", "names") for key, text in data.get(part, {}).items()}
    patterns = tuple((re.compile(one["said"]), one["here"]) for one in data.get("patterns", ()))
    return table, patterns


class Words:
    """The words of one language in one CRM."""

    def __init__(self, language: str, tables: Iterable[Mapping[str, str]] = ()) -> None:
        self.language = language
        table, patterns = _core(language)
        self._table: dict[str, str] = dict(table)
        found = list(patterns)
        for one in tables:
            self._table |= one
            found += [(_pattern(text), here) for text, here in one.items() if "{" in text]
        self._patterns = tuple(found)
        self._members: dict[Any, str] = {}

    def __call__(self, text: str, **values: Any) -> str:
        """A sentence of the pages, with values in the places of their names in braces."""
        found = self._table.get(text, text)
        return found.format(**values) if values else found

    def record(self, cls: Any) -> str:
        """What one of a kind of record is called."""
        name = cls if isinstance(cls, str) else cls.__name__
        return self._table.get(name) or _spaced(name)

    def many(self, cls: Any) -> str:
        """What several of them are called."""
        name = cls if isinstance(cls, str) else cls.__name__
        one = _spaced(name)
        # What is called limits is several already.
        several = one if one.endswith("s") and not one.endswith("ss") else plural(one)
        return self._table.get(f"{name}.many") or self._table.get(name) or several

    def field(self, cls: Any, spec: Spec) -> str:
        """What a field is called: as the table renames it, as it is declared in this language, in English."""
        renamed = self._table.get(f"{cls.__name__}.{spec.name}")
        if renamed is None and self.language == "zh":
            renamed = spec.zh
        return renamed or self._table.get(spec.label) or spec.label

    def value(self, member: Enum) -> str:
        """What a member of an enumeration is called."""
        # Members of two enumerations may be equal to one text, and so to one another.
        known = (member.__class__, member)
        found = self._members.get(known)
        if found is None:
            key = f"{type(member).__name__}.{member.value}"
            found = self._members[known] = self._table.get(key) or _sentence(str(member.value))
        return found

    def stage(self, stage: Any) -> str:
        """What a stage or a move is called."""
        return str(stage.label_in(self.language))

    def said(self, text: str) -> str:
        """A sentence that a rule has said, as far as this language knows it."""
        known = self._table.get(text)
        if known is not None:
            return known
        for pattern, answer in self._patterns:
            match = pattern.fullmatch(text)
            if match:
                inner = {name: self.said(part) for name, part in match.groupdict().items() if part}
                return answer.format(*match.groups(), **inner)
        return text


def _pattern(text: str) -> re.Pattern[str]:
    """What a sentence with names in braces looks like once there are values in their places."""
    parts = re.split(r"\{(\w+)\}", text)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    )


def words_of(crm: CRM, language: str) -> Words:
    """The words of a language in a CRM, with what its plugins call things."""
    kept: dict[str, Words] = crm.keepers.setdefault("words", {})
    if language not in kept:
        tables = [one.words.get(language, {}) for one in crm.registry.plugins]
        kept[language] = Words(language, [_declared(crm) if language == "zh" else {}, *tables])
    return kept[language]


def _declared(crm: CRM) -> dict[str, str]:
    """The Chinese names of plugins' records, which stand in parentheses in their docstrings."""
    core, _ = _core("zh")
    found = {cls.__name__: _CHINESE.search(cls.__doc__ or "") for cls in crm.registry.tables.values()}
    return {name: match[1] for name, match in found.items() if match and name not in core}


def lacking(crm: CRM, language: str) -> Iterator[str]:
    """The names and labels that a language has no words for, one after the other in alphabetical order."""
    words = words_of(crm, language)
    found = set()
    for cls in crm.registry.tables.values():
        specs = [spec for spec in cls.__specs__.values() if not spec.derived]
        if language == "zh":
            found |= {f"{cls.__name__}.{one.name}" for one in specs if words.field(cls, one) == one.label}
        for spec in specs:
            members: Any = getattr(spec.kind, "python", None)
            if isinstance(members, type) and issubclass(members, Enum):
                keys = {f"{members.__name__}.{one.value}" for one in members}
                found |= {key for key in keys if key not in words._table}
    found |= {cls.__name__ for cls in crm.records() if cls.__name__ not in words._table}
    yield from sorted(found)


def _spaced(name: str) -> str:
    return _HUMPS.sub(" ", name).capitalize()


def _sentence(value: str) -> str:
    return value.replace("_", " ").capitalize() if len(value) > 1 else value
