"""JSON text from outside is bounded before it is read."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycrm import InvalidError
from pycrm.declare.json_text import parse

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(value: Any, escaped: bool) -> None:
    """Whatever is within the bounds arrives unchanged, as text and as bytes."""
    text = json.dumps(value, ensure_ascii=escaped)
    assert parse(text) == value
    assert parse(text.encode("utf-8", "surrogatepass") if escaped else text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"amount": 1, "amount": 1000}', "the key 'amount' stands there twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands there twice"),
        ("[" * 33 + "]" * 33, "32 levels"),
        ("[" * 500_000, "32 levels"),
        ('{"a":' * 300_000, "32 levels"),
        ("NaN", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("1e1000000", "30 digits"),
        ("1e-1000000", "30 digits"),
        ("9" * 5000, "40 characters"),
        ("0." + "1" * 5000, "40 characters"),
        (b"\xff\xfe", "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        ("", "no JSON"),
        ("[1,]", "no JSON"),
        ("{'a': 1}", "no JSON"),
        ('"' + "\\" * 999_999, "no JSON"),
        ('"' * 999_999, "no JSON"),
        ("[" + " " * 3_000_000 + "]", "longer than 2000000 bytes"),
    ],
    ids=range(19),
)
def test_hostile_text_is_refused_at_once(text: str | bytes, words: str) -> None:
    """Repeated keys, deep nesting, huge numbers and no JSON at all are refused within two seconds."""
    begun = time.perf_counter()
    with pytest.raises(InvalidError, match=words):
        parse(text)
    assert time.perf_counter() - begun < 2


def test_the_bounds_are_where_they_are_said_to_be() -> None:
    """Thirty-two levels, brackets within texts and a byte-order mark are taken."""
    assert parse("[" * 32 + "]" * 32) is not None
    assert parse(json.dumps(["[" * 99])) == ["[" * 99]
    assert parse(b'\xef\xbb\xbf{"a": 1.50}') == {"a": Decimal("1.50")}
    assert json.loads('{"amount": 1, "amount": 1000}') == {"amount": 1000}
