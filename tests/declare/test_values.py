"""Values: exact money, clean text, instants and identifiers."""

from __future__ import annotations

import functools
import operator
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycrm import FixedClock, Money
from pycrm.values import (
    Identifiers,
    clean_text,
    currency_digits,
    decimal_of,
    first_after,
    parse_instant,
    plain_phone,
    utc,
)

UNITS = st.integers(-(10**15), 10**15)


def test_money_is_exact() -> None:
    """Ten times ten cents is one unit, and adding keeps every cent."""
    assert sum([Money("0.10", "CNY")] * 9, Money("0.10", "CNY")) == Money(1, "CNY")
    assert Money("12.50", "CNY") - Money("13", "CNY") == Money("-0.50", "CNY")
    assert -Money("12.50", "CNY") == Money.minor(-1250, "CNY")
    assert Money("12.5", "CNY").amount == Decimal("12.50")
    assert (str(Money("1234567.8", "CNY")), repr(Money("1", "JPY"))) == (
        "1,234,567.80 CNY",
        "Money('1', 'JPY')",
    )
    assert (bool(Money(0, "CNY")), bool(Money("0.01", "CNY"))) == (False, True)


def test_two_currencies_never_meet() -> None:
    """Nobody adds, subtracts or compares yuan and dollars; they are only unequal."""
    yuan, dollar = Money(1, "CNY"), Money(1, "USD")
    for act in ("__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"):
        with pytest.raises(ValueError, match="CNY and USD"):
            getattr(yuan, act)(dollar)
        with pytest.raises(TypeError, match="money"):
            getattr(yuan, act)(1)
    assert yuan != dollar
    assert yuan != 1


# ISO 4217, list one (minor units).
@pytest.mark.parametrize(
    ("digits", "currencies"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (2, "CNY USD EUR HKD TWD GBP CHF SGD"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_currencies_have_their_own_decimals(digits: int, currencies: str) -> None:
    """An amount has the decimals of its currency in ISO 4217, and one more is refused."""
    for currency in currencies.split():
        assert currency_digits(currency) == digits
        smallest = Decimal(1).scaleb(-digits)
        assert Money(smallest, currency).units == 1
        with pytest.raises(ValueError, match=f"{digits} decimal places"):
            Money(smallest / 10, currency)


# HALF_UP, by hand.
@pytest.mark.parametrize(
    ("typed", "rounded"),
    [
        ("2.344", "2.34"),
        ("2.345", "2.35"),
        ("2.3449999999999999999999999999", "2.34"),
        ("-2.345", "-2.35"),
        ("0.005", "0.01"),
        ("-0.004", "0.00"),
        ("9999999999999999.995", "10000000000000000.00"),
    ],
)
def test_rounding_is_half_up(typed: str, rounded: str) -> None:
    """Half a cent is rounded away from zero, whatever decimal context the caller has set."""
    assert Money.rounded(typed, "CNY") == Money(rounded, "CNY")
    with localcontext() as context:
        context.prec = 3
        assert Money.rounded(typed, "CNY") == Money(rounded, "CNY")


def test_a_product_is_rounded_once() -> None:
    """A product is rounded from its exact value: rounding twice would give one cent more."""
    # 12345678901234567.89 x 0.5 = 6172839450617283.945
    assert Money("12345678901234567.89", "CNY").times("0.5") == Money("6172839450617283.95", "CNY")
    # 0.01 x 0.4999999999999999999999999999 is below half a cent.
    assert Money("0.01", "CNY").times("0.4999999999999999999999999999") == Money(0, "CNY")
    # 90000000000000000.01 x (0.5 - 10^-30) = 45000000000000000.005 - 0.00000000000009 is below half
    # a cent; 28 digits would make it half a cent first.
    assert Money("90000000000000000.01", "CNY").times("0.499999999999999999999999999999") == Money(
        "45000000000000000.00", "CNY"
    )


@given(UNITS, st.decimals("-1000", "1000", places=9))
def test_a_product_equals_exact_arithmetic(units: int, factor: Decimal) -> None:
    """A product is what fractions give, rounded half up."""
    exact = Fraction(units) * Fraction(factor)
    half_up = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert Money.minor(units, "CNY").times(factor).units == half_up


@pytest.mark.parametrize(
    "typed",
    [
        "1e1000000",
        "1e-1000000",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "",
        "x",
        "1_000",
        " 1",
        "1\n",
        "１２",
        "٣",
        "0.001",
        "1.000000000000000000000000000001",
        "9" * 5000,
        "92233720368547758.08",
        1.5,
        True,
        None,
    ],
)
def test_no_amount_of_that_currency_is_refused_at_once(typed: Any) -> None:
    """A huge exponent, a float or a fraction of a cent is refused within a tenth of a second."""
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=r"."):
        Money(typed, "CNY")
    assert time.perf_counter() - begun < 0.1


def test_bounds_hold_for_every_way_to_an_amount() -> None:
    """The largest amount that both databases hold is taken, one cent more never."""
    most = Money("92233720368547758.07", "CNY")
    assert most.units == 2**63 - 1
    for way in (
        lambda: most + Money("0.01", "CNY"),
        lambda: -most - Money("0.01", "CNY"),
        lambda: most.times(2),
        lambda: most.times("1e29"),
        lambda: Money.rounded("1e29", "CNY"),
        lambda: Money.minor(2**63, "CNY"),
        lambda: Money.minor(1.0, "CNY"),  # type: ignore[arg-type]
        lambda: Money(10**5000, "CNY"),
        lambda: decimal_of(Decimal("1e31")),
    ):
        with pytest.raises(ValueError, match=r"."):
            way()
    for currency in ("cny", "CN", "CNYX", "１２３", "", None):
        with pytest.raises(ValueError, match="three capital letters"):
            Money(1, currency)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("100", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("0.05", [3, 3, 3, 1], ["0.02", "0.02", "0.01", "0.00"]),
        ("-1", [1, 1, 1], ["-0.33", "-0.33", "-0.34"]),
        ("10", [0, 1], ["0", "10"]),
    ],
)
def test_shares_by_hand(total: str, weights: list[int], parts: list[str]) -> None:
    """The cents that are left over go to the largest remainders, the first of equals first."""
    assert Money(total, "CNY").split(weights) == tuple(Money(part, "CNY") for part in parts)


@given(UNITS, st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_shares_add_up(units: int, weights: list[int]) -> None:
    """Shares add up to the whole, each is within a cent of its due, and a larger rest comes first."""
    parts = [part.units for part in Money.minor(units, "CNY").split(weights)]
    assert sum(parts) == units
    due = [Fraction(units * weight, sum(weights)) for weight in weights]
    floors = [share.numerator // share.denominator for share in due]
    extra = [part - floor for part, floor in zip(parts, floors, strict=True)]
    assert set(extra) <= {0, 1}
    rests = [share - floor for share, floor in zip(due, floors, strict=True)]
    got = [rest for rest, one in zip(rests, extra, strict=True) if one]
    lacked = [rest for rest, one in zip(rests, extra, strict=True) if not one]
    assert not got or not lacked or min(got) >= max(lacked)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_shares_need_weights(weights: list[int]) -> None:
    """Nobody splits by nothing or by a negative weight."""
    with pytest.raises(ValueError, match="weights"):
        Money(1, "CNY").split(weights)


def test_text_is_cleaned_or_refused() -> None:
    """Text is stored in normal form C; what a database cannot hold is refused."""
    assert clean_text("Cafe\u0301 北京 \U0001f600") == "Caf\u00e9 北京 \U0001f600"
    for bad, words in (("a\x00b", "NUL"), ("\ud83d", "surrogate"), ("x" * 4001, "4000")):
        with pytest.raises(ValueError, match=words):
            clean_text(bad)
    assert clean_text("e\u0301" * 10, longest=10) == "\u00e9" * 10


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86-138-0013-8000", "13800138000"),
        ("0086 138 0013 8000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("١٣٨٠٠١٣٨٠٠٠", "13800138000"),
        ("86138001", "86138001"),
        ("+86\u00a0138\u20110013-8000", "13800138000"),
        ("138\x1c0013\t8000 ext", "13800138000"),
        ("+1 (212) 555-0100", "12125550100"),
        ("none", ""),
    ],
)
def test_telephone_numbers_compare_by_their_digits(typed: str, plain: str) -> None:
    """Two spellings of a number are one number (COR-5)."""
    assert plain_phone(typed) == plain


@pytest.mark.parametrize(
    "typed",
    [
        "2026-06-30T09:00:00",
        "2026-06-30",
        "20260630T090000Z",
        "2026-W27-2T09:00Z",
        "2026-06-30x09:00:00Z",
        "x",
        "0001-01-01T00:00:00+14:00",
        "2026-06-30T09:00:00+08:00" * 9,
        None,
        5,
    ],
)
def test_an_instant_has_one_form_and_a_zone(typed: Any) -> None:
    """Text that names no zone, or is written in some rare form, is no instant."""
    with pytest.raises(ValueError, match=r"."):
        parse_instant(typed)


def test_instants_are_utc() -> None:
    """Nine in Shanghai is one in UTC, and a time without zone is refused."""
    nine = datetime(2026, 6, 30, 9, tzinfo=timezone(timedelta(hours=8)))
    one = datetime(2026, 6, 30, 1, tzinfo=UTC)
    assert utc(nine) == one
    for typed in ("2026-06-30T09:00:00+08:00", "2026-06-30T01:00:00Z", "2026-06-30T01:00:00.000+00:00"):
        assert parse_instant(typed) == one
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 6, 30, 9))


def test_identifiers_are_laid_out_as_the_standard_says() -> None:
    """An identifier is a UUID of version 7 with the milliseconds in front (RFC 9562, 5.7)."""
    # The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22.00 GMT-05:00 is 0x017F22E279B0.
    clock = FixedClock("2022-02-22T14:22:22-05:00")
    made = Identifiers(clock).new()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.hex[:12] == "017f22e279b0"
    clock.advance(milliseconds=1)
    assert Identifiers(clock).new().hex[:12] == "017f22e279b1"


def test_identifiers_have_a_random_tail_and_no_counter() -> None:
    """Identifiers of one millisecond tell nothing of each other, and every free bit is used."""
    source = Identifiers(FixedClock("2026-06-30T09:00:00Z"))
    made = [source.new() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert sum(one < other for one, other in pairwise(made)) in range(850, 1150)
    fixed = (0xF << 76) | (0b11 << 62)
    seen_one = seen_zero = 0
    for one in made:
        seen_one |= one.int
        seen_zero |= ~one.int
    both = seen_one & seen_zero & (2**80 - 1)
    assert both == (2**80 - 1) & ~fixed


def test_identifiers_of_a_moment_sort_as_moments_do() -> None:
    """An identifier of a moment tells it to the microsecond (RFC 9562, 6.2, method 3), and all else is random."""
    moment = datetime(2022, 2, 22, 19, 22, 22, 456, UTC)
    source = Identifiers(FixedClock("2026-06-30T09:00:00Z"))
    made = source.at(moment)
    # 456 microseconds are 0.456 of a millisecond, of which 12 bits hold floor(0.456 * 4096) = 1867 = 0x74b.
    assert (made.version, made.variant, made.hex[:16]) == (7, "specified in RFC 4122", "017f22e279b0774b")
    instants = [moment + timedelta(microseconds=at) for at in (*range(1200), 10**6, 10**9)]
    identifiers = [source.at(one) for one in instants]
    assert identifiers == sorted(identifiers)
    for before, id, after in zip(instants, identifiers[1:], instants[1:], strict=False):
        assert first_after(before) <= id < first_after(after)
    some = [source.at(moment).int for _ in range(200)]
    tail = 2**62 - 1
    assert functools.reduce(operator.or_, some) & tail == tail
    assert functools.reduce(operator.and_, some) & tail == 0
    assert first_after(datetime(1, 1, 1, tzinfo=UTC)) < made < first_after(datetime.max.replace(tzinfo=UTC))


def test_identifiers_can_be_repeated() -> None:
    """With a seeded source and a fixed clock a test gets the same identifiers again."""
    clock = FixedClock("2026-06-30T09:00:00Z")
    runs = [[Identifiers(clock, random.Random(seed)).new() for _ in range(3)] for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_many_identifiers_are_drawn_as_one_by_one() -> None:
    """Whoever asks for a thousand identifiers at once gets those that a thousand requests would give."""
    clock = FixedClock("2022-02-22T14:22:22-05:00")
    at_once = Identifiers(clock, random.Random(7)).several(64)
    source = Identifiers(clock, random.Random(7))
    assert at_once == [source.new() for _ in range(64)]
    assert {(one.version, one.variant, one.hex[:12]) for one in at_once} == {
        (7, "specified in RFC 4122", "017f22e279b0")
    }
    assert len({UUID(str(one)) for one in Identifiers(clock).several(1000)}) == 1000
    assert Identifiers(clock).several(0) == []


@pytest.mark.parametrize(
    ("place", "fault", "test"),
    [
        ("ROUND_HALF_UP", ROUND_HALF_EVEN, lambda: test_rounding_is_half_up("-2.345", "-2.35")),
        ("ROUND_HALF_UP", ROUND_DOWN, lambda: test_rounding_is_half_up("0.005", "0.01")),
        ("EXACT", Context(prec=28), test_a_product_is_rounded_once),
        ("currency_digits", lambda _: 2, lambda: test_currencies_have_their_own_decimals(0, "JPY")),
        ("unicodedata.normalize", lambda _, text: text, test_text_is_cleaned_or_refused),
    ],
    ids=["half even", "down", "rounded twice", "two decimals", "no normal form"],
)
def test_a_fault_in_the_arithmetic_is_seen(
    monkeypatch: pytest.MonkeyPatch, place: str, fault: Any, test: Callable[[], None]
) -> None:
    """Rounding to even or down, rounding twice, or a lost normal form each turn a test above red."""
    monkeypatch.setattr(f"pycrm.values.{place}", fault)
    with pytest.raises((AssertionError, pytest.fail.Exception, ValueError, ArithmeticError)):
        test()


def test_a_share_that_is_cut_off_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that are rounded down without sharing out the rest turn the test above red."""

    def cut(money: Money, weights: list[int]) -> tuple[Money, ...]:
        return tuple(Money.minor(money.units * one // sum(weights), money.currency) for one in weights)

    monkeypatch.setattr(Money, "split", cut)
    with pytest.raises(AssertionError):
        test_shares_by_hand("100", [1, 1, 1], ["33.34", "33.33", "33.33"])


def test_another_layout_of_identifiers_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identifiers that are counted up, or are all random, turn the tests above red."""
    counted = iter(range(10**6))
    first = Identifiers(FixedClock("2026-06-30T09:00:00Z")).new().int
    monkeypatch.setattr(Identifiers, "new", lambda _: UUID(int=first + next(counted)))
    with pytest.raises(AssertionError):
        test_identifiers_have_a_random_tail_and_no_counter()
    monkeypatch.setattr(Identifiers, "new", lambda _: uuid4())
    with pytest.raises(AssertionError):
        test_identifiers_are_laid_out_as_the_standard_says()
