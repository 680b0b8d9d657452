"""The language in which customers are chosen: what it reads, and where it says something is wrong."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pycrm import InvalidError
from pycrm.scoring.choice import parse, text_of
from pycrm.scoring.choice.syntax import Amount, Joined, Member, Not, Trait

NAMES = st.sampled_from(["grade", "T02", "Organization.industry", "exam.visits", "地区", "strategic"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.decimals(-(10**9), 10**9, places=2)
AMOUNTS = st.builds(Amount, NUMBERS, st.sampled_from(["CNY", "USD"]))
DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1))
VALUES = st.one_of(TEXTS, NUMBERS, AMOUNTS, DATES, st.booleans())
LEAVES = st.one_of(
    st.builds(Trait, NAMES, st.sampled_from(["", "is empty", "is not empty"])),
    st.builds(Trait, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"]), VALUES),
    st.builds(Trait, NAMES, st.sampled_from(["in", "not in"]), st.lists(TEXTS, min_size=1).map(tuple)),
    st.builds(Trait, NAMES, st.sampled_from(["older than", "newer than"]), st.integers(0, 36_500)),
    st.builds(Member, TEXTS),
)


def _joined(word: str, parts: list[Any]) -> Joined:
    """Joined as a text would be: what the same word joins is one list."""
    flat = [each for one in parts for each in (one.parts if _is(one, word) else (one,))]
    return Joined(word, tuple(flat))


def _is(one: Any, word: str) -> bool:
    return isinstance(one, Joined) and one.word == word


def _wider(inner: Any) -> Any:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(st.builds(Not, inner), st.builds(_joined, st.sampled_from(["and", "or"]), several))


TREES = st.recursive(LEAVES, _wider, max_leaves=12)


@settings(max_examples=60)
@given(TREES)
@example(Not(Joined("or", (Trait("a"), Trait("b")))))
def test_what_is_written_reads_as_it_was(tree: Any) -> None:
    """Whoever saves an expression finds it again as it was meant, whatever brackets it needs."""
    assert parse(text_of(tree)) == tree


@settings(max_examples=60)
@given(st.one_of(TEXTS, st.lists(st.sampled_from(["(", ")", "and", "in", "not", "a", '"', "3", "="]))))
def test_any_text_is_read_or_refused_with_its_place(text: Any) -> None:
    """No text does more than be read, or be refused with a place that lies in it or at its end."""
    said = " ".join(text) if isinstance(text, list) else text
    places = range(1, len(said) + 2)
    with suppress(InvalidError):
        parse(said)
        return
    with pytest.raises(InvalidError) as refused:
        parse(said)
    assert refused.value.data["position"] in places


def test_the_sentence_of_the_catalogue() -> None:
    """Bare words are texts, and `and` binds closer than `or`."""
    found: Any = parse("grade = A and last_contact_at older than 30 days and region in East")
    assert found == Joined(
        "and",
        (
            Trait("grade", "=", "A"),
            Trait("last_contact_at", "older than", 30),
            Trait("region", "in", ("East",)),
        ),
    )
    either: Any = parse("a or b and not c")
    assert either == Joined("or", (Trait("a"), Joined("and", (Trait("b"), Not(Trait("c"))))))
    assert parse("T02 >= 100000.50 USD") == Trait("T02", ">=", Amount(Decimal("100000.50"), "USD"))


MISTAKES = [
    ("", 1, "say whom to choose"),
    ("grade", None, ""),
    ("grade =", 8, "expected a value, not the end"),
    ("grade = A and", 14, "expected a field, an indicator, grade or score, not the end"),
    ("(grade = A", 11, "expected ), not the end"),
    ("grade = A region = East", 11, "expected and, or, or the end, not region"),
    ("score > 50 %", 12, "did not expect '%'"),
    ('name = "Hongda', 8, "did not expect"),
    ("birth older than soon", 18, "expected a number of days"),
    ("birth older than 30 weeks", 21, "expected days, not weeks"),
    ("on > 2026-02-30", 6, "there is no day 2026-02-30"),
    ("score > 0.1234567", 9, "a number has at most 6 places"),
    ("in segment", 11, "expected the code of a segment, not the end"),
    ("not " * 30 + "a", 85, "too many brackets"),
    ("(" * 30 + "a" + ")" * 30, 22, "too many brackets"),
    (" or ".join(["a"] * 101), 501, "more than 100 comparisons"),
    ("a" * 4001, 4000, "longer than 4000 signs"),
]


@pytest.mark.parametrize(("text", "position", "message"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(text: str, position: int | None, message: str) -> None:
    """Whoever mistypes an expression is told what is wrong, and where, counted from 1 (SEG-E1)."""
    if position is None:
        assert parse(text) == Trait(text)
        return
    with pytest.raises(InvalidError, match=re.escape(message)) as refused:
        parse(text)
    assert refused.value.data["position"] == position
    assert refused.value.fields[0].path == f"expression/{position}"
