"""The CDNOW sample gives the figures that were published of it."""

from __future__ import annotations

import pytest
from realdata.where import realdata

from pycrm import InvalidError
from pycrm.plugins.customer_value.clv import Histories, Spending, fit_purchases, fit_spending, lifetime_values

from . import cdnow
from .faults import OF_PURCHASES, OF_SPENDING, Plant

pytestmark = pytest.mark.realdata


def close(value: float) -> object:
    """Within half a percent."""
    return pytest.approx(value, rel=0.005)


def purchases_are_as_published() -> None:
    """Fader, Hardie and Lee (2005), table 2; and what their notes expect of customer 1."""
    everybody = cdnow.histories(realdata("cdnow_sample", "CDNOW_sample.txt"))
    assert len(everybody) == 2357
    grouped = everybody.grouped()
    model = fit_purchases(grouped)
    assert (model.r, model.alpha) == (close(0.2426), close(4.4135))
    assert (model.a, model.b) == (close(0.7929), close(2.4258))
    # Half a percent of a sum of logarithms is nothing to go by.
    assert model.log_likelihood(everybody) == pytest.approx(-9582.43, abs=0.01)
    first = Histories(everybody.frequency[:1], everybody.recency[:1], everybody.age[:1])
    assert model.alive(first).item() == close(0.7266)
    assert model.expected_purchases(first, 39).item() == close(1.2259)


def spending_is_as_published() -> None:
    """Fader and Hardie (2013), in US cents; the first expectations are worked out from their figures."""
    everybody = cdnow.spending(realdata("cdnow_sample", "CDNOW_sample.txt"))
    assert everybody.customers.sum() == 946
    model = fit_spending(everybody.grouped())
    assert (model.p, model.q, model.v) == (close(6.2488), close(3.7446), close(1544.77))
    # 6.2488 * 1544.77 / 2.7446; and 6.2488 * (1544.77 + 4469) / (2 * 6.2488 + 2.7446) for customer 1.
    expected = model.expected_amount(Spending([0, 2], [0, 4469])).tolist()
    assert expected == [close(3517.1), close(2465.5)]


def test_customers_of_cdnow_buy_as_published() -> None:
    """An analyst who fits the sample gets the parameters and expectations of the paper."""
    purchases_are_as_published()


@pytest.mark.parametrize("plant", OF_PURCHASES, ids=lambda plant: plant.__name__)
def test_a_wrong_fit_of_purchases_is_seen(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault planted in the model of purchases leaves the published figures standing."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, InvalidError)):
        purchases_are_as_published()


def test_customers_of_cdnow_spend_as_published() -> None:
    """An analyst who fits what was spent gets the parameters of the paper."""
    spending_is_as_published()


@pytest.mark.parametrize("plant", OF_SPENDING, ids=lambda plant: plant.__name__)
def test_a_wrong_fit_of_spending_is_seen(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault planted in the model of amounts leaves the published figures standing."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, InvalidError)):
        spending_is_as_published()


def test_a_customer_of_cdnow_is_worth_what_is_expected() -> None:
    """Undiscounted, the value of customer 1 over 39 weeks is 1.2259 purchases of 24.66 dollars."""
    path = realdata("cdnow_sample", "CDNOW_sample.txt")
    purchases = fit_purchases(cdnow.histories(path).grouped())
    amounts = fit_spending(cdnow.spending(path).grouped())
    one, spent = Histories([2], [213 / 7], [272 / 7]), Spending([2], [4469])
    worth = lifetime_values(purchases, amounts, one, spent, periods=39).item()
    assert worth == close(1.2259 * 2466)
    assert lifetime_values(purchases, amounts, one, spent, periods=3, length=13).item() == worth
    assert lifetime_values(purchases, amounts, one, spent, periods=39, rate=0.01).item() < worth * 0.9
