"""RFM, classes, lifetime value and churn, by figures worked out by hand or given in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycrm import InvalidError
from pycrm.plugins.customer_value.clv import (
    Band,
    Bands,
    Dimension,
    churn,
    churn_risk,
    expected_lifetime_value,
    pareto,
    rfm,
)

R, F, M = Dimension.RECENCY, Dimension.FREQUENCY, Dimension.MONEY

# Points by upper bound, from low to high; money in cents.
CATALOGUE: Mapping[Dimension, Sequence[tuple[int | None, int]]] = {
    R: [(30, 5), (60, 4), (120, 3), (240, 2), (None, 1)],
    F: [(1, 1), (2, 2), (5, 3), (11, 4), (None, 5)],
    M: [(1_000_000, 1), (5_000_000, 2), (20_000_000, 3), (50_000_000, 4), (None, 5)],
}


def ladder(
    which: Dimension, steps: Sequence[tuple[int | None, int]], channel: str | None = None
) -> list[Band]:
    """Bands from their upper bounds and points."""
    bounds = [0, *(up_to for up_to, _ in steps)]
    return [
        Band(which, points, above or 0, up_to, channel)
        for above, (up_to, points) in zip(bounds, steps, strict=False)
    ]


BANDS = [band for which, steps in CATALOGUE.items() for band in ladder(which, steps)]


@pytest.mark.parametrize(
    ("recency", "frequency", "money", "code"),
    [
        (81, 4, 20_000_000, "333"),  # VAL-S5
        (81, 4, 20_000_001, "334"),  # VAL-S5
        (0, 1, 1, "511"),
        (30, 1, 1_000_000, "511"),
        (31, 2, 1_000_001, "422"),
        (60, 3, 5_000_000, "432"),
        (121, 6, 50_000_000, "244"),
        (240, 11, 50_000_000, "244"),
        (241, 12, 50_000_001, "155"),
        (10, 2, 0, "521"),
        (10, 2, -500, "521"),
        (None, 0, 0, "111"),
        (None, 0, 99, "111"),
    ],
)
def test_customers_have_points_by_bands(recency: int | None, frequency: int, money: int, code: str) -> None:
    """A leader sees the points of a customer, a bound belonging to the band below it (VAL-13)."""
    assert Bands(BANDS).points(recency=recency, frequency=frequency, money=money).code == code


def test_a_bound_that_lies_outside_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the upper bound left out of its band, 200,000.00 would have four points: the fault is seen."""
    shifted = [Band(b.dimension, b.points, b.above, b.up_to) for b in BANDS]
    bands = Bands(shifted)
    assert bands.points(recency=81, frequency=4, money=20_000_000).code == "333"
    of = rfm.Bands._of
    monkeypatch.setattr(
        rfm.Bands, "_of", lambda self, which, channel, value: of(self, which, channel, value + 1)
    )
    assert bands.points(recency=81, frequency=4, money=20_000_000).code != "333"


def test_a_channel_may_have_bands_of_its_own() -> None:
    """Purchases through a channel are measured by its own bands, and by those of all where it has none."""
    bands = Bands([*BANDS, *ladder(M, [(1_000, 2), (None, 4)], "portal")])
    given = {"recency": 81, "frequency": 4, "money": 20_000_000}
    assert bands.points(**given).code == "333"
    assert bands.points(**given, channel="portal").code == "334"
    assert bands.points(**given | {"money": 1_000}, channel="portal").code == "332"
    assert bands.points(**given, channel="shop").code == "333"


def _of(which: Dimension, *bands: tuple[int, int | None]) -> list[Band]:
    kept = [band for band in BANDS if band.dimension is not which]
    return kept + [Band(which, 3, above, up_to) for above, up_to in bands]


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        (_of(R, (0, 30), (20, None)), "bands of recency for every channel overlap above 20"),
        (_of(R, (0, 30), (40, None)), "leave a gap from 30 to 40"),
        (_of(F, (1, 30), (30, None)), "begins at 1, not at 0"),
        (_of(M, (-5, 30), (30, None)), "begins at -5, not at 0"),
        (_of(M, (0, 30), (30, 60)), "ends at 60"),
        (_of(M, (0, None), (60, None)), "overlap above 60"),
        (_of(M, (0, 0), (0, None)), "holds nothing"),
        (_of(M), "there are no bands of money for every channel"),
        ([], "there are no bands"),
        ([*BANDS, Band(M, 3, 5, None, "portal")], "of money for portal begins at 5"),
        ([Band(R, 6, 0), Band(F, 1, 0), Band(M, 1, 0)], "points are 1 to 5, not 6"),
        (
            [Band(R, 1, 0, channel="a"), Band(F, 1, 0), Band(M, 1, 0), Band(R, 1, 0, channel="b")],
            "there are no bands of recency for every channel",
        ),
    ],
)
def test_bands_that_are_no_ladder_are_refused(bands: list[Band], said: str) -> None:
    """An administrator cannot set bands that overlap, leave gaps or do not begin at 0 (VAL-E2)."""
    with pytest.raises(InvalidError, match=said):
        Bands(bands)


@pytest.mark.parametrize(("recency", "frequency"), [(-1, 2), (None, 2), (3, -1)])
def test_impossible_purchases_have_no_points(recency: int | None, frequency: int) -> None:
    """Nobody has purchases and no last one, or a last one to come."""
    with pytest.raises(InvalidError):
        Bands(BANDS).points(recency=recency, frequency=frequency, money=5)


def test_customers_are_classed_by_contribution() -> None:
    """A leader sees that 2 of 6 customers bring 80 % (VAL-S6)."""
    given = dict(zip("abcdef", (500, 300, 120, 60, 20, -40), strict=True))
    found = pareto(given)
    assert "".join(found.classes[key] for key in "abcdef") == "AABBCC"
    assert (found.customers, found.customer_share, found.contribution_share) == (
        2,
        Decimal("33.33"),
        Decimal("80.00"),
    )


def test_the_customer_who_crosses_belongs_to_the_class() -> None:
    """Who lifts the sum over a limit is still of the better class, and equals are ranked by their key."""
    assert pareto({"z": 10, "a": 79, "b": 11}).classes == {"a": "A", "b": "A", "z": "B"}
    assert pareto({"b": 50, "a": 50}, a=50, b=50).classes == {"a": "A", "b": "C"}
    assert pareto({"a": 100}).classes == {"a": "A"}
    assert pareto({"a": 1, "b": 1, "c": 1}, a=Decimal("33.33"), b=Decimal("33.34")).classes == {
        "a": "A",
        "b": "B",
        "c": "C",
    }


def test_without_contribution_nobody_is_of_class_a() -> None:
    """Where nobody contributes there is no share to tell."""
    found = pareto({"a": 0, "b": -5})
    assert (found.classes, found.customers) == ({"a": "C", "b": "C"}, 0)
    assert (found.customer_share, found.contribution_share) == (Decimal("0.00"), None)
    assert pareto({}).customer_share is None


@pytest.mark.parametrize(("a", "b"), [(0, 95), (96, 95), (80, 101), (-1, 50)])
def test_limits_of_classes_that_cannot_be_are_refused(a: int, b: int) -> None:
    """An administrator cannot set limits of classes in the wrong order."""
    with pytest.raises(InvalidError, match="limits of classes"):
        pareto({"a": 1}, a=a, b=b)


@given(st.dictionaries(st.integers(0, 99), st.integers(-100, 1000), max_size=30))
def test_class_a_brings_its_part_and_no_customer_too_many(contributions: dict[int, int]) -> None:
    """Class A brings 80 % or more, and without its last customer it would not."""
    found = pareto(contributions)
    whole = sum(one for one in contributions.values() if one > 0)
    best = [contributions[key] for key, one in found.classes.items() if one == "A"]
    assert sum(best) * 100 >= whole * 80
    assert not best or sum(best[:-1]) * 100 < whole * 80
    assert all(one > 0 for one in best)


def test_a_lifetime_value_is_exact() -> None:
    """A mean yearly contribution of 10,000 is worth 22,199.61 (VAL-S9)."""
    assert expected_lifetime_value([1_000_000]) == 2_219_961
    assert expected_lifetime_value([900_000, 1_000_000, 1_100_000]) == 2_219_961
    assert expected_lifetime_value([9_999_999, 900_000, 1_000_000, 1_100_000]) == 2_219_961
    assert expected_lifetime_value([-1_000_000]) == -2_219_961
    # 100 * (0.5 + 0.25) = 75; one unit over one year is 0.5, which rounds away from zero.
    half = {"retention": Decimal("0.5"), "interest": Decimal(0)}
    assert expected_lifetime_value([100], **half, years=2) == 75
    assert expected_lifetime_value([1], **half, years=1) == 1
    assert expected_lifetime_value([-1], **half, years=1) == -1
    assert expected_lifetime_value([]) is None


def test_a_lifetime_value_out_of_range_is_refused() -> None:
    """Nobody retains more than all, discounts by all, or looks ahead no year."""
    for wrong in ({"retention": Decimal("1.01")}, {"retention": Decimal("-0.1")}, {"years": 0}):
        with pytest.raises(InvalidError):
            expected_lifetime_value([1], **wrong)
    for interest in (Decimal(-1), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(InvalidError, match="interest"):
            expected_lifetime_value([1], interest=interest)


def days(*given: int) -> list[date]:
    """Dates so many days after the new year of 2026."""
    return [date(2026, 1, 1) + timedelta(days=day) for day in given]


MONTHLY = [date(2026, 1, 10), date(2026, 2, 9), date(2026, 3, 11), date(2026, 4, 10)]


@pytest.mark.parametrize(
    ("bought", "silence", "regularity", "risk"),
    [
        # Intervals of 30, 30, 30: k = 3, y = 3 * 81 / 30 = 8.1, 1 - e^-8.1 * (1 + 8.1 + 32.805) = 0.987280.
        (MONTHLY, 81, 3, "98.73"),
        # y = 3 and k = 3 after one interval: 1 - e^-3 * 8.5 = 0.576810.
        (MONTHLY, 30, 3, "57.68"),
        (MONTHLY, 0, 3, "0.00"),
        # Intervals of 10 and 50: mean 30, variance 800, 900 / 800 = 1.1, k = 1: 1 - e^-1 = 0.632121.
        (days(0, 10, 60), 30, 1, "63.21"),
        # Intervals of 20 and 40: variance 200, 4.5, but no more than 2 intervals prove: 1 - e^-2 * 3 = 0.593994.
        (days(0, 20, 60), 30, 2, "59.40"),
        (MONTHLY, 10_000, 3, "100.00"),
        # 30 intervals of one day and one silent week: k is 20 at most, y = 140; nothing is left.
        (days(*range(31)), 7, 20, "100.00"),
    ],
)
def test_the_risk_of_churn_is_by_the_own_intervals(
    bought: list[date], silence: int, regularity: int, risk: str
) -> None:
    """A salesperson sees how unusual the silence of a customer is for this customer."""
    found = churn_risk(bought, max(bought) + timedelta(days=silence))
    assert (found.silence, found.regularity, found.risk) == (silence, regularity, Decimal(risk))
    assert not found.is_too_few


def test_the_same_silence_alarms_more_of_a_regular_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer who came every month is missed sooner than one who came as often at random."""
    end = days(150)[0]
    regular, random = churn_risk(days(0, 30, 60, 90), end), churn_risk(days(0, 5, 80, 90), end)
    assert regular.interval == random.interval == Decimal("30.00")
    assert (regular.risk or 0) > (random.risk or 0)
    monkeypatch.setattr(churn, "_regularity", lambda gaps, mean: 1)
    assert churn_risk(days(0, 30, 60, 90), end).risk == random.risk, "planted: regularity does not count"


def test_fewer_than_three_purchases_say_nothing() -> None:
    """Nobody is called at risk by two purchases; one day counts once, and days to come do not count."""
    for bought in ([], days(5), days(5, 9), days(5, 5, 9), days(5, 9, 99)):
        found = churn_risk(bought, days(20)[0])
        assert found.is_too_few
        assert (found.risk, found.interval, found.regularity) == (None, None, None)
    assert churn_risk([], days(20)[0]).silence is None
    assert churn_risk(days(5, 9, 99), days(20)[0]).silence == 11
    assert churn_risk([*MONTHLY, date(2026, 7, 1)], date(2026, 6, 30)) == churn_risk(
        MONTHLY, date(2026, 6, 30)
    )


@given(
    st.lists(st.integers(0, 400), min_size=3, max_size=40, unique=True),
    st.integers(0, 500),
    st.integers(1, 200),
)
def test_the_risk_of_churn_grows_with_silence(bought: list[int], silence: int, more: int) -> None:
    """The risk is a percentage, and never falls while a customer stays away."""
    last = max(days(*bought))
    risks = [churn_risk(days(*bought), last + timedelta(days=at)).risk for at in (silence, silence + more)]
    assert risks[0] is not None and risks[1] is not None  # noqa: PT018
    assert 0 <= risks[0] <= risks[1] <= 100
