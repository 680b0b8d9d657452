"""Snapshots keep what history forecast and the blended forecast, for those who reach as far as their writer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pycrm import CRM, InvalidError, Money, Opportunity, Period
from pycrm.forecast import snapshot, whole

from .conftest import Desk

Q3 = Period.quarter(2026, 3)
# The last three quarters before the third of 2026; with less than a year of them the index is 1.00.
WON = {"2025-11-01": "300000", "2026-02-01": "240000", "2026-05-01": "270000"}


def yuan(amount: str) -> tuple[Money, ...]:
    """One amount in yuan."""
    return (Money(amount, "CNY"),)


@pytest.fixture
def taken(crm: CRM, desk: Desk) -> Desk:
    """The product has written down the quarter: of rep_a's wins 810,000 in three quarters, and 600,000 open."""
    for day, amount in WON.items():
        desk.at(day)
        desk.move("rep_a", desk.deals("rep_a", amount, close=date.fromisoformat(day)), "won")
    desk.at("2026-07-06")
    desk.move("rep_a", desk.deals("rep_a", "600000", close=date(2026, 8, 1)), "quoted")
    desk.deals("rep_w", "1000", close=date(2026, 8, 1))
    crm.run_jobs()
    return desk


def test_the_three_methods_are_kept(crm: CRM, taken: Desk) -> None:
    """W is 360,100, H 270,000 and B 0.6 W + 0.4 H = 324,060, and stay so whatever comes (PIP-11, PIP-14)."""
    with crm.session("rep_a") as session:
        (deal,) = session.find(Opportunity, Opportunity.stage == "quoted")
        session.change(deal, amount=Money("1", "CNY"))
    with crm.view("dir") as session:
        (found,) = session.snapshots(Q3)
    assert (found.sums, found.historic, found.blended) == (yuan("360100"), yuan("270000"), yuan("324060"))


def test_each_method_has_its_accuracy(crm: CRM, taken: Desk) -> None:
    """Of 300,000 won in the end, W was 20.03 % too high, H 10.00 % too low, B 8.02 % too high (PIP-S8)."""
    taken.at("2026-09-01")
    taken.move("rep_a", taken.deals("rep_a", "300000", close=date(2026, 9, 1)), "won")
    taken.at("2026-10-01")
    with crm.view("dir") as session:
        bias = {}
        for method in ("weighted", "historic", "blended"):
            (one,) = session.accuracy(Q3, method=method)
            bias[method] = (one.bias, one.error)
        with pytest.raises(InvalidError):
            session.accuracy(Q3, method="guessed")  # type: ignore[arg-type]
    assert bias == {
        "weighted": (Decimal("20.03"), Decimal("20.03")),
        "historic": (Decimal("-10.00"), Decimal("10.00")),
        "blended": (Decimal("8.02"), Decimal("8.02")),
    }


def test_the_whole_is_told_to_who_sees_the_whole(crm: CRM, taken: Desk) -> None:
    """A leader and a salesperson are told their part of the weighted forecast, and nothing of the whole's history."""
    for login, sums in (("lead_e", yuan("360000")), ("rep_w", yuan("100"))):
        with crm.view(login) as session:
            (found,) = session.snapshots(Q3)
            assert (found.sums, found.historic, found.blended) == (sums, (), ())
            assert session.snapshots(Q3, Opportunity.stage == "filed")[0].historic == ()
    with crm.view("dir") as session:
        (found,) = session.snapshots(Q3, Opportunity.stage == "quoted")
        assert (found.historic, found.blended) == ((), ())


def test_what_a_leader_wrote_down_is_the_leaders(crm: CRM, taken: Desk) -> None:
    """Who wrote a snapshot down is shown its history as long as the own reach does not shrink."""
    taken.clock.advance(minutes=1)
    with crm.session("lead_e") as session:
        made = session.snapshot(Q3)
    assert (made.historic, made.blended) == (yuan("270000"), yuan("324000"))
    with crm.view("lead_e") as session:
        assert [one.historic for one in session.snapshots(Q3)] == [(), yuan("270000")]


@pytest.mark.parametrize("fault", ["everybody is shown the whole", "the blended is the weighted"])
def test_planted_faults_are_met(crm: CRM, taken: Desk, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Were the reach forgotten, or one method taken for the other, the figures above would differ."""
    if fault.startswith("everybody"):
        monkeypatch.setattr(whole.Bounds, "covers", lambda self, other: True)
        with crm.view("rep_w") as session:
            assert session.snapshots(Q3)[0].historic == yuan("270000")
    else:
        monkeypatch.setattr(snapshot.Snapshot, "by", lambda self, method: self.sums)
        taken.at("2026-10-01")
        with crm.view("dir") as session:
            assert session.accuracy(Q3, method="blended")[0].forecast == yuan("360100")[0]
