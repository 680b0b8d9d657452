"""Credit limits, contribution around a day and shares by margin class, by figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycrm import InvalidError, MarginClass
from pycrm.plugins.customer_value.clv import (
    ContributionChange,
    CreditRule,
    Earning,
    Sale,
    contribution,
    contribution_around,
    credit,
    margin_shares,
    suggest_credit,
)

HIGH, MID, LOW = MarginClass.HIGH, MarginClass.MID, MarginClass.LOW
DAY = date(2026, 6, 1)


def credit_of(purchased: int = 36_000_000, **given: object) -> int | None:
    """The limit of a customer who buys 30,000.00 a month, has 60 days and pays 97.5 % on time, unless said."""
    usual = {"months": 12, "account_days": 60, "on_time": Decimal("97.5")}
    found = suggest_credit(purchased, **usual | given)  # type: ignore[arg-type]
    return None if found is None else found.limit


def test_a_credit_limit_follows_purchases_terms_and_payment() -> None:
    """Finance sees what a customer buys within its account period, and less of it for one who pays late."""
    # 30,000.00 a month x 60 / 30 x 1.2 = 72,000.00.
    assert credit_of() == 7_200_000
    assert credit_of(on_time=Decimal(95)) == 7_200_000
    # x 0.7 = 50,400.00, rounded down to whole thousands.
    assert credit_of(on_time=Decimal("94.99")) == 5_000_000
    # x 0.4 = 28,800.00; x 0.3 = 21,600.00 where nothing has fallen due.
    assert credit_of(on_time=Decimal(60)) == 2_800_000
    assert credit_of(on_time=None) == 2_100_000
    assert credit_of(on_time=Decimal("59.99")) == 0
    assert credit_of(account_days=30) == 3_600_000
    assert credit_of(account_days=0) == 0
    assert credit_of(overdue_days=60) == 7_200_000
    assert credit_of(overdue_days=61) == 0
    assert credit_of(-1) == 0
    assert credit_of(months=2) is None


def test_a_credit_suggestion_tells_its_reasons() -> None:
    """Finance sees of what a limit was made."""
    found = suggest_credit(36_000_000, months=12, account_days=60, on_time=Decimal(80))
    assert found is not None
    assert (found.monthly, found.factor) == (3_000_000, Decimal("0.7"))
    assert found.reason == "80 % was paid on time: 0.7 of what is bought in 60 days"
    late = suggest_credit(36_000_000, months=12, account_days=60, on_time=Decimal(80), overdue_days=90)
    assert late is not None
    assert late.reason == "an item has been overdue for 90 days, more than 60"


def test_a_credit_rule_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """An enterprise sets its own steps, cap and rounding, in any order."""
    rule = CreditRule(
        by_punctuality=[(Decimal(0), Decimal("0.1")), (Decimal(50), Decimal(2))],
        headroom=Decimal(1),
        highest=10_000_050,
        rounding=100,
        fewest_months=1,
    )
    assert credit_of(on_time=Decimal(49), rule=rule) == 600_000
    assert credit_of(on_time=Decimal(50), rule=rule) == 10_000_000
    assert credit_of(months=1, on_time=Decimal(0), rule=rule) == 7_200_000
    monkeypatch.setattr(credit, "_MONTH", 31)
    assert credit_of() != 7_200_000, "planted: a month has 31 days"


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": Decimal(-1)},
        {"longest_overdue": -1},
        {"headroom": Decimal("-0.1")},
        {"highest": -1},
        {"rounding": 0},
        {"fewest_months": 0},
        {"by_punctuality": [(Decimal(101), Decimal(1))]},
        {"by_punctuality": [(Decimal(50), Decimal(-1))]},
    ],
)
def test_a_credit_rule_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """Nobody sets a rule of negative factors or amounts."""
    with pytest.raises(InvalidError):
        CreditRule(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"months": -1}, {"account_days": -1}, {"overdue_days": -1}, {"on_time": Decimal("100.01")}]
)
def test_credit_of_impossible_facts_is_refused(wrong: dict[str, object]) -> None:
    """Nobody gets a limit from facts that cannot be."""
    with pytest.raises(InvalidError):
        credit_of(**wrong)


EARNINGS = [
    Earning(DAY - timedelta(days=31), 99_999),
    Earning(DAY - timedelta(days=30), 10_000, 6_000, 500),
    Earning(DAY - timedelta(days=1), 2_000, 1_500),
    Earning(DAY, 9_000, 4_000, 1_000),
    Earning(DAY + timedelta(days=29), 1_000),
    Earning(DAY + timedelta(days=30), 99_999),
]


def test_contribution_is_compared_around_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader sees what a customer contributed in the 30 days before a day and in the 30 from it on."""
    found = contribution_around(DAY, EARNINGS, days=30)
    # 3,500 + 500 before; 4,000 + 1,000 after.
    assert found == ContributionChange(30, 4_000, 5_000)
    assert (found.change, found.percent) == (1_000, Decimal("25.00"))
    monkeypatch.setattr(contribution.Earning, "contribution", property(lambda self: self.net))
    assert contribution_around(DAY, EARNINGS, days=30) != found, "planted: costs are left out"


def test_a_time_that_is_not_over_is_compared_with_one_as_long() -> None:
    """Five days of a new owner are compared with the five days before, and none with none."""
    assert contribution_around(DAY, EARNINGS, as_of=DAY + timedelta(days=4)) == ContributionChange(
        5, 500, 4_000
    )
    assert contribution_around(DAY, EARNINGS, as_of=DAY - timedelta(days=1)) is None
    with pytest.raises(InvalidError, match="one day at least"):
        contribution_around(DAY, EARNINGS, days=0)


def test_a_rise_from_nothing_has_no_percentage() -> None:
    """Where nothing was contributed before there is no percentage; a loss turned into gain is a rise."""
    assert ContributionChange(30, 0, 5).percent is None
    assert ContributionChange(30, -100, 50).percent == Decimal("150.00")
    assert ContributionChange(30, 300, 100).percent == Decimal("-66.67")


def test_sales_are_divided_among_margin_classes() -> None:
    """A leader sees that one salesperson lives on low margins and another on high ones."""
    sales = [
        Sale("ana", LOW, 20_000),
        Sale("bob", HIGH, 10_000),
        Sale("ana", MID, 10_001),
        Sale("ana", LOW, 5_000),
        Sale("ana", LOW, -1_000),
        Sale("bob", None, 5_000),
        Sale("cai", HIGH, 500),
        Sale("cai", LOW, -500),
        Sale("dan", LOW, -10),
    ]
    found = margin_shares(sales)
    shares = {who: {one: (part.net, part.percent) for one, part in own.items()} for who, own in found.items()}
    # 24,000 and 10,001 of 34,001; 10,000 and 5,000 of 15,000.
    assert shares == {
        "ana": {LOW: (24_000, Decimal("70.59")), MID: (10_001, Decimal("29.41"))},
        "bob": {HIGH: (10_000, Decimal("66.67")), None: (5_000, Decimal("33.33"))},
        "cai": {HIGH: (500, None), LOW: (-500, None)},
        "dan": {LOW: (-10, None)},
    }
    assert margin_shares([]) == {}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(-99, 999)), max_size=20))
def test_shares_add_up_to_the_sales(rows: list[tuple[str, str, int]]) -> None:
    """The classes of a salesperson hold all that was sold, each to within a hundredth of a percent."""
    for seller, own in margin_shares(Sale(*row) for row in rows).items():
        whole = sum(net for who, _, net in rows if who == seller)
        assert sum(one.net for one in own.values()) == whole
        if whole > 0:
            assert abs(sum(one.percent or 0 for one in own.values()) - 100) <= Decimal("0.02")
