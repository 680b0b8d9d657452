"""The comparisons in policies and flows, and the business calendar behind their deadlines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm import BusinessCalendar, Money
from pycrm.revision.amendment.condition import Condition

SHANGHAI = timezone(timedelta(hours=8))

CASES: list[tuple[str, Any, Any, bool | None]] = [
    ("percent <= 20", 100_000, 115_000, True),
    ("percent <= 20", 100_000, 120_000, True),
    ("percent <= 20", 100_000, 130_000, False),
    ("percent <= 20", Money(100, "CNY"), Money("120.01", "CNY"), False),
    # Of nought nothing is a percentage, and yuan are no dollars.
    ("percent <= 20", 0, 5, None),
    ("percent <= 20", None, 5, None),
    ("percent <= 20", Money(1, "CNY"), Money(1, "USD"), None),
    ("new > 100000 CNY", None, Money(100_001, "CNY"), True),
    ("new > 100000 CNY", None, Money(100_000, "CNY"), False),
    ("change < -10", 30, 19, True),
    ("change < -10", 30, 20, False),
    ("old = none", None, 5, True),
    ("old != none", None, 5, False),
    ("new = 'A' or new = 'B'", "C", "B", True),
    ("new = true", False, True, True),
    ("old = none and percent > 20", 5, 10, False),
    ("old = none or percent > 20", None, 10, True),
    ("percent > 20 and new = 'x'", 5, 7, None),
    ("(new > 1 or new > 2) and (old > 1)", Decimal("1.5"), Decimal("1.5"), True),
]


@pytest.mark.parametrize(("text", "old", "new", "truth"), CASES)
def test_a_condition_says_what_it_says(text: str, old: Any, new: Any, truth: bool | None) -> None:
    """Whoever reads a condition can tell by hand what it says of a change."""
    assert Condition.parse(text).holds(old, new) is truth


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new",
        "new >",
        "new > > 1",
        "new ~ 1",
        "price > 1",
        "new > 1 and",
        "(new > 1",
        "new > 1)",
        "new.x > 1",
        "__import__('os')",
        "new > 1; old > 1",
        "(" * 50 + "new > 1" + ")" * 50,
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    """Nothing but comparisons is taken for a condition."""
    with pytest.raises(ValueError, match=r"\w"):
        Condition.parse(text)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-200, 200))
@settings(max_examples=200)
def test_a_percentage_is_exact(old: int, new: int, bound: int) -> None:
    """A change is held against a percentage exactly, whatever the figures."""
    expected = None if old == 0 else Fraction((new - old) * 100, abs(old)) <= bound
    found = Condition.parse(f"percent <= {bound}").holds(old, new)
    # Rounded at the two hundred and fortieth digit, which no bound comes near.
    assert found is expected


def test_june_2026_has_twenty_one_working_days() -> None:
    """22 weekdays less the holiday on Friday 19 (DOMAIN 0.4); a make-up Saturday makes 22 again."""
    first, last = date(2026, 6, 1), date(2026, 6, 30)
    june = BusinessCalendar(SHANGHAI, holidays=[date(2026, 6, 19)])
    assert june.working_days(first, last) == 21
    made_up = BusinessCalendar(SHANGHAI, holidays=[date(2026, 6, 19)], makeup=[date(2026, 6, 27)])
    assert made_up.working_days(first, last) == 22


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-06-26T16:00", 16, "2026-06-30T14:00"),
        ("2026-06-26T16:00", 32, "2026-07-02T12:00"),
        ("2026-06-26T16:00", 2, "2026-06-26T18:00"),
        ("2026-06-26T16:00", 0, "2026-06-26T16:00"),
        # At night and at the weekend the clock stands still.
        ("2026-06-27T03:00", 1, "2026-06-29T10:00"),
        ("2026-06-30T20:00", 9, "2026-07-01T18:00"),
        ("2026-06-30T08:00", 1, "2026-06-30T10:00"),
        # Across the holiday on Friday 19.
        ("2026-06-18T17:00", 2, "2026-06-22T10:00"),
    ],
)
def test_business_hours_are_counted_on(begin: str, hours: float, end: str) -> None:
    """So many hours of work later it is that time, nights, weekends and holidays left out."""
    calendar = BusinessCalendar(SHANGHAI, holidays=[date(2026, 6, 19)])
    since, until = (datetime.fromisoformat(one).replace(tzinfo=SHANGHAI) for one in (begin, end))
    assert calendar.after(since, hours) == until
    assert calendar.after(since, hours).tzinfo is UTC


def test_hours_without_a_zone_or_below_nought_are_refused() -> None:
    """Nobody counts from a moment that is none, or backwards, or where nobody works."""
    calendar = BusinessCalendar(SHANGHAI)
    with pytest.raises(ValueError, match="time zone"):
        calendar.after(datetime(2026, 6, 26, 16), 1)
    with pytest.raises(ValueError, match="negative"):
        calendar.after(datetime(2026, 6, 26, 16, tzinfo=UTC), -1)
    never = BusinessCalendar(SHANGHAI, holidays=[date(2026, 1, 1) + timedelta(days=at) for at in range(5000)])
    with pytest.raises(ValueError, match="nobody works"):
        never.after(datetime(2026, 6, 26, 16, tzinfo=UTC), 1)
