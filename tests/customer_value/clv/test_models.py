"""What holds of the two models whatever the customers."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from pycrm import InvalidError
from pycrm.plugins.customer_value.clv import (
    BgNbd,
    GammaGamma,
    Histories,
    Spending,
    fit_purchases,
    fit_spending,
    lifetime_values,
    maximum,
)

PUBLISHED = BgNbd(0.2426, 4.4135, 0.7929, 2.4258)
AMOUNTS = GammaGamma(6.2488, 3.7446, 1544.77)

parameters = st.floats(0.05, 20)
models = st.builds(BgNbd, parameters, parameters, parameters, parameters)
# Whole days, so that customers with the same history are common.
rows = st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(0, 9)).map(
    lambda row: (row[0], row[1] if row[0] else 0, (row[1] if row[0] else 0) + row[2])
)


def histories(*given: Sequence[float]) -> Histories:
    """Histories from rows of frequency, recency and age."""
    return Histories(*zip(*given, strict=True))


def crowd(size: int = 3000) -> Histories:
    """Customers who follow the story of the model with the published parameters, observed up to 39 whole weeks."""
    noise = np.random.default_rng(5)
    found = []
    for _ in range(size):
        rate, leaving = noise.gamma(0.2426, 1 / 4.4135), noise.beta(0.7929, 2.4258)
        age = int(noise.integers(27, 40))
        at, times, last = 0.0, 0, 0
        while (at := at + noise.exponential(1 / rate)) <= age:
            times, last = times + 1, math.ceil(at)
            if noise.random() < leaving:
                break
        found.append((times, last, age))
    return histories(*found)


def test_a_fit_of_grouped_customers_is_that_of_each() -> None:
    """Whoever counts equal histories first gets the same model, in whatever unit of time."""
    everybody = crowd()
    grouped = everybody.grouped()
    assert len(grouped) < len(everybody) / 3
    one, other = fit_purchases(everybody), fit_purchases(grouped)
    assert [other.r, other.alpha, other.a, other.b] == pytest.approx(
        [one.r, one.alpha, one.a, one.b], rel=1e-6
    )
    days = fit_purchases(
        Histories(grouped.frequency, grouped.recency * 7, grouped.age * 7, grouped.customers)
    )
    assert [days.r, days.alpha / 7, days.a, days.b] == pytest.approx(
        [one.r, one.alpha, one.a, one.b], rel=1e-6
    )
    single = Histories(grouped.frequency, grouped.recency, grouped.age)
    assert fit_purchases(single).r != pytest.approx(one.r, rel=0.01), "planted: the counts are left out"


def test_a_fit_finds_the_customers_it_was_made_of() -> None:
    """Customers made up with known parameters give these back, within what 3,000 of them can tell."""
    model = fit_purchases(crowd().grouped())
    assert model.r / model.alpha == pytest.approx(0.2426 / 4.4135, rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(0.7929 / (0.7929 + 2.4258), rel=0.3)
    assert model.r == pytest.approx(0.2426, rel=0.25)


@given(models, st.lists(rows, min_size=1, max_size=40))
def test_equal_histories_are_as_likely_grouped(model: BgNbd, given: list[tuple[int, int, int]]) -> None:
    """Grouping changes neither the number of customers nor how likely they are."""
    everybody = histories(*given)
    grouped = everybody.grouped()
    assert grouped.customers.sum() == len(given)
    assert len(grouped) == len(set(given))
    assert model.log_likelihood(grouped) == pytest.approx(model.log_likelihood(everybody), rel=1e-9, abs=1e-9)
    again = Spending([x for x, *_ in given], [x * t for x, t, _ in given])
    assert again.grouped().customers.sum() == len(given)
    assert AMOUNTS.log_likelihood(again.grouped()) == pytest.approx(AMOUNTS.log_likelihood(again), rel=1e-9)


@given(models, st.floats(0, 1000))
def test_who_never_bought_again_is_still_there(model: BgNbd, age: float) -> None:
    """In this model nobody leaves before a repeat purchase."""
    assert model.alive(Histories([0], [0], [age])).item() == 1


@given(models, st.integers(1, 200), st.floats(0.1, 50), st.floats(0, 50), st.floats(0.1, 50))
def test_silence_makes_it_likelier_that_a_customer_has_left(
    model: BgNbd, x: int, recency: float, silence: float, more: float
) -> None:
    """The longer nothing was bought, the less likely a customer is still there, and the less is expected."""
    ages = [recency + silence, recency + silence + more]
    sooner, later = model.alive(Histories([x, x], [recency, recency], ages)).tolist()
    assert 0 <= later <= sooner <= 1
    recent = model.alive(Histories([x], [ages[1]], [ages[1]])).item()
    assert later <= recent
    less, much = model.expected_purchases(Histories([x, x], [recency, recency], ages), 10)[::-1].tolist()
    assert less <= much * (1 + 1e-9)


@given(models, rows, st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_longer_time_brings_more_purchases(
    model: BgNbd, row: tuple[int, int, int], time: float, more: float
) -> None:
    """No time ahead brings no purchase, and a longer one never brings fewer."""
    one = histories(row)
    soon = model.expected_purchases(one, time).item()
    assert model.expected_purchases(one, 0).item() == 0
    assert 0 <= soon <= model.expected_purchases(one, time + more).item() * (1 + 1e-6) + 1e-9


def integrated(model: BgNbd, row: tuple[float, float, float], time: float) -> float:
    """The expectation of equation 10 by its definition, as an integral over the chance to leave."""
    x, t_x, age = row
    r, alpha, a, b = model.r, model.alpha, model.a, model.b

    def over(function: Callable[[float], float]) -> float:
        # p^(a - 1) is taken into the measure, since it has no bound at 0.
        return quad(lambda u: function(u ** (1 / a)), 0, 1, epsabs=0, epsrel=1e-10, limit=500)[0]

    def bought(p: float) -> float:
        ahead = -math.expm1(-(r + x) * math.log1p(p * time / (alpha + age))) / p
        return (1 - p) ** (b + x - 1) * ahead

    there = over(lambda p: (1 - p) ** (b + x - 1))
    gone = (
        over(lambda p: p * (1 - p) ** (b + x - 2)) * ((alpha + age) / (alpha + t_x)) ** (r + x) if x else 0.0
    )
    return over(bought) / (there + gone)


@pytest.mark.parametrize(
    ("a", "b"),
    [(0.7929, 2.4258), (1.0, 1.5), (1 + 1e-7, 1.5), (0.3, 1.2), (5.0, 4.0), (0.4, 1.6), (0.5, 2.0)],
)
@pytest.mark.parametrize("row", [(0, 0, 10), (2, 30.43, 38.86), (9, 35, 39)])
@pytest.mark.parametrize("time", [1, 39, 400])
def test_what_is_expected_is_the_integral(
    a: float, b: float, row: tuple[float, float, float], time: float
) -> None:
    """What is expected is what another program integrates, also beside the holes of the formula."""
    model = BgNbd(0.5, 3.0, a, b)
    assert model.expected_purchases(histories(row), time).item() == pytest.approx(
        integrated(model, row, time), rel=1e-6
    )


def test_what_is_expected_has_no_holes() -> None:
    """At a + b = 1 and at a = 1, where the formula divides by nothing, the expectation goes on smoothly."""
    nobody = Histories([0], [0], [10])
    for near in ((0.4, 0.6), (1.0, 2.0), (1.0, 1e-9)):
        steps = [BgNbd(0.5, 3, near[0] + aside, near[1] + 1e-3) for aside in (-1e-3, 0, 1e-3)]
        left, here, right = (one.expected_purchases(nobody, 39).item() for one in steps)
        assert here == pytest.approx((left + right) / 2, rel=1e-4)
    exact = BgNbd(0.5, 3, 0.4, 0.6).expected_purchases(nobody, 39).item()
    assert exact == pytest.approx(BgNbd(0.5, 3, 0.4, 0.6001).expected_purchases(nobody, 39).item(), rel=1e-3)


def test_a_very_frequent_customer_does_not_overflow() -> None:
    """100,000 purchases, long silence and long times give finite figures."""
    rows = histories((100_000, 38.9, 39), (300, 38, 39), (3, 1, 1e9), (0, 0, 0))
    for model in (PUBLISHED, BgNbd(5, 10, 3, 4), BgNbd(0.2, 4, 20, 30)):
        assert np.isfinite(model.expected_purchases(rows, 1000)).all()
        assert np.isfinite(model.log_likelihood(rows))
    # With a = 3 and b = 4 it tends to P(alive) * (a + b + x - 1) / (a - 1), here 153 * 0.15805.
    odds = 3 / 303 * ((10 + 39) / (10 + 38)) ** 305
    endless = BgNbd(5, 10, 3, 4).expected_purchases(histories((300, 38, 39)), 1e7).item()
    assert endless == pytest.approx(153 / (1 + odds), rel=1e-4)


@given(st.integers(1, 30), st.integers(1, 100_000), st.integers(1, 10))
def test_what_is_spent_lies_between_own_and_all(x: int, mean: int, more: int) -> None:
    """An expected amount lies between the customer's own mean and that of all, and nears its own with purchases."""
    everybody = AMOUNTS.expected_amount(Spending([0], [0])).item()
    fewer, later = AMOUNTS.expected_amount(Spending([x, x + more], [x * mean, (x + more) * mean])).tolist()
    assert min(mean, everybody) - 1e-6 <= fewer <= max(mean, everybody) + 1e-6
    assert abs(later - mean) <= abs(fewer - mean) + 1e-6


@settings(max_examples=20)
@given(st.integers(1, 24), st.floats(0, 0.2))
def test_a_rate_of_discount_takes_value(periods: int, rate: float) -> None:
    """A value grows with the horizon, and discounting never adds to it."""
    row, spent = Histories([2], [30.43], [38.86]), Spending([2], [4469])
    value = lifetime_values(PUBLISHED, AMOUNTS, row, spent, periods=periods, rate=rate).item()
    assert value <= lifetime_values(PUBLISHED, AMOUNTS, row, spent, periods=periods).item()
    assert value <= lifetime_values(PUBLISHED, AMOUNTS, row, spent, periods=periods + 1, rate=rate).item()


def test_a_value_is_a_discounted_sum() -> None:
    """The value over two periods is that of the first at its end and of the second at its."""
    row, spent = Histories([2], [30.43], [38.86]), Spending([2], [4469])
    one, two = (PUBLISHED.expected_purchases(row, length).item() for length in (13, 26))
    by_hand = 24.6545 * 100 * (one / 1.1 + (two - one) / 1.21)
    assert lifetime_values(
        PUBLISHED, AMOUNTS, row, spent, periods=2, length=13, rate=0.1
    ).item() == pytest.approx(by_hand, abs=1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([-1], [0], [5]), "frequency is not negative; -1 in row 0 is not"),
        (([1.5], [1], [5]), "frequency is a whole number; 1.5 in row 0 is not"),
        (([1, 1], [1, 6], [5, 5]), "recency is not above the age; 6.0 in row 1 is not"),
        (([1], [-1], [5]), "recency is not negative"),
        (([0], [1], [5]), "recency is 0 without a repeat purchase"),
        (([1], [0], [5]), "recency is above 0 with a repeat purchase"),
        (([1], [1], [math.inf]), "age is finite"),
        (([1], [math.nan], [5]), "recency is finite"),
        (([1], [1], [5], [0]), "customers is 1 or more"),
        (([1, 1], [1], [5]), "the same number of rows"),
        (([], [], []), "there is no customer"),
        ((["many"], [1], [5]), "something that is no number"),
        (([[1]], [1], [5]), "one column"),
    ],
)
def test_a_history_that_cannot_be_is_refused(columns: Sequence[object], said: str) -> None:
    """Nobody fits a history that cannot be; the refusal names column and row."""
    with pytest.raises(InvalidError, match=said) as refused:
        Histories(*columns)
    assert refused.value.fields[0].path.split("/")[0] in {"frequency", "recency", "age", "customers"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([1], [0]), "total is above 0 with a repeat purchase; 0 in row 0 is not"),
        (([1, 1], [-5, -6]), "-5 in row 0 is not, and 1 more"),
        (([0], [5]), "total is 0 without a repeat purchase"),
        (([1], [0.5]), "total is a whole number"),
        (([1], [2.0**60]), "total is a whole number"),
        (([-1], [5]), "frequency is not negative"),
    ],
)
def test_spending_that_cannot_be_is_refused(columns: Sequence[object], said: str) -> None:
    """Nobody fits amounts that cannot be, such as returns above purchases."""
    with pytest.raises(InvalidError, match=said):
        Spending(*columns)


def test_a_fit_without_repeat_buyers_is_refused() -> None:
    """Nobody gets a model of customers of whom none has bought again."""
    with pytest.raises(InvalidError, match="nobody has bought again"):
        fit_purchases(Histories([0, 0], [0, 0], [5, 9]))
    with pytest.raises(InvalidError, match="nobody has bought again"):
        fit_spending(Spending([0], [0]))


@pytest.mark.parametrize(
    "alike",
    [
        Histories([3], [20], [21], [50]),
        Histories([1], [5], [5]),
        Histories([0, 5], [0, 30], [30, 30], [1000, 1]),
        Histories([1, 2, 3, 4], [9, 9, 9, 9], [9, 9, 9, 9]),
    ],
)
def test_a_fit_that_does_not_converge_is_refused(alike: Histories) -> None:
    """Nobody is handed parameters that run away because the customers do not determine them."""
    with pytest.raises(InvalidError, match="did not converge") as refused:
        fit_purchases(alike)
    assert set(refused.value.data["reached"]) == {"r", "alpha", "a", "b"}


def test_a_search_that_is_believed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a search believed wherever it ends, customers who are all alike would get a model: the fault is seen."""
    monkeypatch.setattr(maximum, "_newton", lambda downhill, logs: np.zeros(len(logs)))
    monkeypatch.setattr(maximum, "_FAR", 40.0)
    assert isinstance(fit_purchases(Histories([3], [20], [21], [50])), BgNbd)


def test_amounts_that_are_all_alike_have_no_fit() -> None:
    """Nobody is handed a model of customers who all spend the same each time."""
    with pytest.raises(InvalidError, match="did not converge"):
        fit_spending(Spending([2, 3, 4], [2000, 3000, 4000]))


def test_expectations_out_of_range_are_refused() -> None:
    """Negative times, rates, rows that do not belong together and amounts without a mean are refused."""
    row, spent = Histories([2], [30.43], [38.86]), Spending([2], [4469])
    with pytest.raises(InvalidError, match="a time ahead"):
        PUBLISHED.expected_purchases(row, -1)
    with pytest.raises(InvalidError, match="a time ahead"):
        PUBLISHED.expected_purchases(row, math.nan)
    with pytest.raises(InvalidError, match="above 0 and finite, and a is 0"):
        BgNbd(1, 1, 0, 1)
    with pytest.raises(InvalidError, match="above 0 and finite, and v is inf"):
        GammaGamma(1, 1, math.inf)
    with pytest.raises(InvalidError, match="differ too much for a mean with 0 purchases"):
        GammaGamma(2, 0.9, 100).expected_amount(Spending([1, 0], [100, 0]))
    for wrong in ({"periods": 0}, {"periods": 1, "rate": -1}, {"periods": 1, "length": 0}):
        with pytest.raises(InvalidError):
            lifetime_values(PUBLISHED, AMOUNTS, row, spent, **wrong)
    with pytest.raises(InvalidError, match="the same rows"):
        lifetime_values(PUBLISHED, AMOUNTS, row, Spending([3], [4469]), periods=1)


@pytest.mark.parametrize(("missing", "said"), [("", "[]"), ("scipy", "pycrm[analytics]")])
def test_the_rules_need_no_mathematics_library(missing: str, said: str) -> None:
    """Whoever uses the rules alone loads neither NumPy nor SciPy, and without them is told what to install."""
    program = (
        "import sys; import pycrm.plugins.customer_value.clv as clv\n"
        f"missing = {missing!r}\n"
        "loaded = [name for name in ('numpy', 'scipy') if name in sys.modules]\n"
        "if not missing: print(loaded)\n"
        "else:\n"
        "    sys.modules[missing] = None\n"
        "    try: clv.fit_purchases\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said in done.stdout
