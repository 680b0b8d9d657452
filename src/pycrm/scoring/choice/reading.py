"""An expression in plain words, in English and in Chinese, for who does not read the language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pycrm.scoring.choice.syntax import (
    CONTAINS,
    EMPTY,
    FILLED,
    NEWER,
    NONE_OF,
    OLDER,
    ONE_OF,
    Amount,
    Joined,
    Member,
    Node,
    Not,
    Trait,
)
from pycrm.scoring.choice.terms import Sort, Term

__all__ = ["in_words"]

_EN = {
    "and": ", and ",
    "or": ", or ",
    "list": " or ",
    "not": "it is not so that {}",
    "group": "({})",
    "segment": "in the segment {}",
    "is": "{} is so",
    "=": "{} is {}",
    "!=": "{} is not {}",
    "<": "{} is below {}",
    "<=": "{} is at most {}",
    ">": "{} is above {}",
    ">=": "{} is at least {}",
    "day <": "{} is before {}",
    "day <=": "{} is on or before {}",
    "day >": "{} is after {}",
    "day >=": "{} is on or after {}",
    ONE_OF: "{} is {}",
    NONE_OF: "{} is not {}",
    "within": "{} is {} or part of it",
    "without": "{} is neither {} nor part of it",
    CONTAINS: "{} contains {}",
    EMPTY: "{} is not known",
    FILLED: "{} is known",
    OLDER: "{} is more than {} days ago",
    NEWER: "{} is less than {} days ago",
    "yes": "yes",
    "no": "no",
}
_ZH = {
    "and": "，且",
    "or": "，或",
    "list": "或",
    "not": "并非{}",
    "group": "（{}）",
    "segment": "属于客户群{}",
    "is": "是{}",
    "=": "{}为{}",
    "!=": "{}不为{}",
    "<": "{}低于{}",
    "<=": "{}不高于{}",
    ">": "{}高于{}",
    ">=": "{}不低于{}",
    "day <": "{}早于{}",
    "day <=": "{}不晚于{}",
    "day >": "{}晚于{}",
    "day >=": "{}不早于{}",
    ONE_OF: "{}为{}",
    NONE_OF: "{}不为{}",
    "within": "{}属于{}",
    "without": "{}不属于{}",
    CONTAINS: "{}包含{}",
    EMPTY: "{}未知",
    FILLED: "{}已知",
    OLDER: "{}在{}天以前",
    NEWER: "{}在{}天以内",
    "yes": "是",
    "no": "否",
}
_LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def in_words(node: Node, terms: Mapping[str, Term], language: str = "en") -> str:
    """An expression as a sentence.

    Args:
        terms: what its names stand for, as `Checked` tells.
        language: ``en`` or ``zh``.
    """
    said = _Sentence(terms, language).of(node)
    return said[:1].upper() + said[1:]


class _Sentence:
    """Says the parts of one expression in one language."""

    def __init__(self, terms: Mapping[str, Term], language: str) -> None:
        self._terms, self._zh = terms, language == "zh"
        self._words = _LANGUAGES[language]

    def of(self, node: Node) -> str:
        words = self._words
        if isinstance(node, Joined):
            return words[node.word].join(self._grouped(part) for part in node.parts)
        if isinstance(node, Not):
            return words["not"].format(self._grouped(node.part))
        if isinstance(node, Member):
            return words["segment"].format(node.code)
        return self._test(node)

    def _grouped(self, part: Node) -> str:
        said = self.of(part)
        return self._words["group"].format(said) if isinstance(part, Joined) else said

    def _test(self, one: Trait) -> str:
        term = self._terms[one.name]
        label = term.zh if self._zh else term.label
        if term.sort is Sort.TRUTH and one.sign == "":
            return self._words["is"].format(label)
        sign = one.sign
        if term.sort in (Sort.DATE, Sort.INSTANT) and f"day {sign}" in self._words:
            sign = f"day {sign}"
        elif term.sort is Sort.LINK and sign in (ONE_OF, NONE_OF):
            sign = "within" if sign == ONE_OF else "without"
        return self._words[sign].format(label, self._value(one.value))

    def _value(self, value: Any) -> str:
        if isinstance(value, tuple):
            return self._words["list"].join(self._value(one) for one in value)
        if isinstance(value, bool):
            return self._words["yes" if value else "no"]
        if isinstance(value, Amount):
            return f"{value.number:,f} {value.currency}"
        if isinstance(value, Decimal):
            return f"{value:,f}"
        return value.isoformat() if isinstance(value, date) else str(value)
