"""Forecasts, probabilities by experience, targets and snapshots are those of the catalogue, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import (
    CRM,
    FieldReading,
    FieldRule,
    Grant,
    InvalidError,
    Money,
    Move,
    Opportunity,
    Period,
    Role,
    RoleAssignment,
    Stage,
    StoreError,
    Target,
    User,
)
from pycrm.app.core import Core
from pycrm.entities.org import Action, Reach
from pycrm.forecast.book import ForecastLine, ForecastSnapshot
from pycrm.pipeline import SALES

from .conftest import Desk

Q3 = Period.quarter(2026, 3)


def yuan(amount: str) -> Money:
    """An amount in yuan."""
    return Money(amount, "CNY")


def open_deals(desk: Desk, who: str = "rep_a", close: date = date(2026, 9, 1)) -> list[Any]:
    """The three of PIP-S1: 100,000 at 60 %, 50,000 at 30 %, 200,000 at 90 %."""
    deals = desk.deals(who, "100000", "50000", "200000", close=close)
    for deal, to in zip(deals, ("quoted", "likely", "sure"), strict=True):
        desk.move(who, [deal], to)
    return deals


@pytest.fixture
def crm(open_crm: Any, monkeypatch: pytest.MonkeyPatch) -> CRM:
    """A CRM whose sales pipeline has stages of 30 and 90 % besides, in a second version."""
    more = (Stage("likely", "Likely", probability=30), Stage("sure", "Sure", probability=90))
    moves = [Move(f"{one.key}_go", "filed", one.key, "Go") for one in more]
    moves += [Move(f"{one.key}_close", one.key, to, "Close") for one in more for to in ("won", "lost")]
    wider = attrs.evolve(
        SALES, version=2, stages=(*SALES.stages[:5], *more, *SALES.stages[5:]), moves=(*SALES.moves, *moves)
    )
    monkeypatch.setattr(Core, "pipelines", (*Core.pipelines, wider))
    crm: CRM = open_crm()
    crm.migrate()
    return crm


def test_weighted_amounts_and_categories(crm: CRM, desk: Desk) -> None:
    """100,000 at 60 %, 50,000 at 30 % and 200,000 at 90 % weigh 255,000.00, in three categories (PIP-S1)."""
    open_deals(desk)
    desk.deals("rep_a", None, close=date(2026, 9, 1))
    desk.deals("rep_a", "999", close=date(2026, 10, 1))
    with crm.view("rep_a") as session:
        found = session.forecast(Q3)
    only = found.only
    assert (only.weighted, only.weighted_open, only.open) == (yuan("255000"), yuan("255000"), yuan("350000"))
    assert {one.name: (one.count, one.amount) for one in only.categories} == {
        "commit": (1, yuan("200000")),
        "best case": (1, yuan("100000")),
        "pipeline": (1, yuan("50000")),
        "omitted": (0, yuan("0")),
    }
    assert found.without_amount == 1
    assert (only.historic, only.blended, only.past) == (None, None, 0)


def test_each_record_is_rounded_by_itself(crm: CRM, desk: Desk) -> None:
    """Three times 0.05 at 10 % are three times 0.01, half up, not 0.02 (PIP-10)."""
    desk.deals("rep_a", "0.05", "0.05", "0.05", "0.04")
    desk.deals("rep_a", "92233720368547757.04")
    with crm.view("rep_a") as session:
        # 0.005 rounds to 0.01 and 0.004 to 0.00; the last weighs 9223372036854775.704.
        assert session.forecast(Q3).only.weighted == yuan("9223372036854775.73")
    desk.deals("rep_a", "92233720368547757.04")
    with crm.view("rep_a") as session, pytest.raises(InvalidError, match="too large"):
        session.forecast(Q3)


def history(desk: Desk) -> None:
    """Wins of eight quarters: shares 0.25 and 0.30 of the third one, and 300,000, 240,000, 270,000 last."""
    won = {
        "2024-08-01": "300000", "2024-11-01": "250000", "2025-02-01": "250000", "2025-05-01": "200000",
        "2025-08-01": "270000", "2025-11-01": "300000", "2026-02-01": "240000", "2026-05-01": "270000",
    }  # fmt: skip
    desk.at("2024-07-01")
    # An hour of history before, so that both years are whole.
    desk.move("rep_a", desk.deals("rep_a", "0.00", close=date(2024, 7, 1)), "won")
    for day, amount in won.items():
        desk.at(day)
        desk.move("rep_a", desk.deals("rep_a", amount, close=date.fromisoformat(day)), "won")


def test_three_methods(crm: CRM, desk: Desk) -> None:
    """80,000 won, 255,000 weighted, three quarters and an index of 1.10 give W, H and B (PIP-S2)."""
    history(desk)
    desk.at("2026-07-01")
    open_deals(desk)
    desk.move("rep_a", desk.deals("rep_a", "80000"), "won")
    with crm.view("rep_a") as session:
        only = session.forecast(Q3).only
        assert (only.won, only.weighted) == (yuan("80000"), yuan("335000"))
        assert (only.season.index, only.season.years, only.season.note) == (Decimal("1.10"), 2, "of 2 years")
        assert (only.historic, only.blended) == (yuan("297000"), yuan("319800"))
        assert session.forecast(Q3, blend="1").only.blended == yuan("335000")
        # Of one year alone: 270,000 of 1,080,000 are a quarter.
        assert session.forecast(Q3, years=1).only.historic == yuan("270000")
        for wrong in ("1.5", 0.6, "much"):
            with pytest.raises(InvalidError):
                session.forecast(Q3, blend=wrong)  # type: ignore[arg-type]
    with crm.view("rep_b") as session:
        assert (session.forecast(Q3).only.weighted, session.forecast(Q3).only.historic) == (yuan("0"), None)
    with crm.view("lead_e") as session:
        assert session.forecast(Q3).only.blended == yuan("319800")


def test_less_than_a_year_has_no_season(crm: CRM, desk: Desk) -> None:
    """With fewer than one full year of history the index is 1.00, and the answer says so (PIP-11)."""
    for day, amount in (("2025-11-01", "300"), ("2026-05-01", "270")):
        desk.at(day)
        desk.move("rep_a", desk.deals("rep_a", amount), "won")
    with crm.view("rep_a") as session:
        only = session.forecast(Q3).only
    assert (only.season.index, only.season.years) == (Decimal("1.00"), 0)
    assert "fewer than one full year" in only.season.note
    assert (only.historic, only.past) == (yuan("190"), 3)


def test_each_currency_has_its_own_outlook(crm: CRM, desk: Desk) -> None:
    """Yuan and dollars are forecast apart, and asking for the only one is refused."""
    desk.deals("rep_a", "1000", "200 USD")
    with crm.view("rep_a") as session:
        found = session.forecast(Q3)
    assert [one.weighted for one in found.outlooks] == [yuan("100"), Money("20", "USD")]
    with pytest.raises(InvalidError) as refused:
        _ = found.only
    assert refused.value.data["currencies"] == ["CNY", "USD"]


def closed(desk: Desk, won: int, lost: int) -> None:
    """So many that passed "quoted" and closed."""
    deals = desk.move("rep_a", desk.deals("rep_a", *["100"] * (won + lost)), "quoted")
    desk.move("rep_a", deals[:won], "won")
    desk.move("rep_a", deals[won:], "lost")


def test_probability_by_experience(crm: CRM, desk: Desk) -> None:
    """9 of 24 that passed "quoted" were won: 37.50 %; of 19 it is too few, and 60 % counts (PIP-S3)."""
    desk.at("2025-01-01")
    closed(desk, 20, 0)
    desk.at("2026-06-01")
    closed(desk, 7, 12)
    desk.deals("rep_a", "1000")
    desk.at("2026-06-30")
    with crm.view("rep_a") as session:
        quoted = {one.stage: one for one in session.chances()}["quoted"]
        assert (quoted.won, quoted.closed, quoted.is_enough, quoted.used) == (7, 19, False, Decimal(60))
        assert quoted.note == "too few: 19 closed"
    closed(desk, 2, 3)
    desk.move("rep_a", desk.deals("rep_a", "1000"), "quoted")
    with crm.view("lead_e") as session:
        quoted = {one.stage: one for one in session.chances()}["quoted"]
        assert (quoted.won, quoted.closed, quoted.empirical) == (9, 24, Decimal("37.50"))
        assert quoted.used == Decimal("37.50")
        # Of both open ones: all 24 passed "filed" too.
        assert session.forecast(Q3, empirical=True).only.weighted_open == yuan("750")
        assert session.forecast(Q3).only.weighted_open == yuan("700")
    with crm.view("rep_b") as session:
        assert {one.closed for one in session.chances()} == {0}


def test_targets_and_their_gap(crm: CRM, desk: Desk) -> None:
    """A person's and a unit's target are held against what was won, and the gap between them shows (PIP-15)."""
    terms: dict[str, Any] = {"since": Q3.since, "until": Q3.until}
    desk.at("2026-07-02")
    with crm.session("lead_e") as session:
        east = session.get(session.find(User, User.login == "lead_e")[0].home_unit)
        for who, amount in (("rep_a", "100000"), ("rep_c", "60000")):
            owner = session.find(User, User.login == who)[0]
            session.add(Target(amount=yuan(amount), **terms), owner=owner)
        session.add(Target(unit=east, amount=yuan("200000"), **terms))
        session.add(Target(amount=yuan("5"), since=date(2026, 1, 1), until=date(2026, 1, 31)))
    for who, amount in (("rep_a", "37500"), ("rep_c", "90000"), ("rep_w", "1")):
        desk.move(who, desk.deals(who, amount), "won")
    with crm.view("lead_e") as session:
        found = session.attainments(Target.since == Q3.since)
    shown = {one.target.amount.amount: (one.won, one.percent, one.gap) for one in found}
    assert shown == {
        Decimal(100000): (yuan("37500"), Decimal("37.50"), None),
        Decimal(60000): (yuan("90000"), Decimal("150.00"), None),
        Decimal(200000): (yuan("127500"), Decimal("63.75"), yuan("40000")),
    }
    with crm.view("rep_a") as session:
        (mine,) = session.attainments()
        assert (mine.won, mine.missing) == (yuan("37500"), yuan("62500"))
    for wrong in ({"amount": yuan("0")}, {"until": date(2026, 1, 1)}):
        with pytest.raises(InvalidError), crm.session("lead_e") as session:
            session.add(Target(**(terms | {"amount": yuan("1")} | wrong)))


def test_a_snapshot_is_compared_with_what_came(crm: CRM, desk: Desk) -> None:
    """300,000 was forecast for June and 270,000 won: bias +11.11 %, absolute error 11.11 % (PIP-S8)."""
    june = Period.month(2026, 6)
    desk.at("2026-06-01")
    deals = desk.move("rep_a", desk.deals("rep_a", "500000", close=date(2026, 6, 20)), "quoted")
    desk.at("2026-06-02")
    with crm.session("rep_a") as session:
        assert session.snapshot(june).sums == (yuan("300000"),)
    with crm.session("rep_a") as session:
        session.change(session.get(deals[0].ref), amount=yuan("270000"))
    desk.at("2026-06-25")
    desk.move("rep_a", deals, "won")
    with crm.view("rep_a") as session:
        assert session.accuracy(june) == []
    desk.at("2026-07-01")
    with crm.view("rep_a") as session:
        (one,) = session.accuracy(june)
        assert (one.forecast, one.actual) == (yuan("300000"), yuan("270000"))
        assert (one.bias, one.error) == (Decimal("11.11"), Decimal("11.11"))
    with crm.view("dir") as session:
        # What a colleague wrote down is not the whole.
        assert session.snapshots() == []


def test_snapshots_are_taken_on_mondays(crm: CRM, desk: Desk) -> None:
    """The jobs write down month and quarter once a week, and each reader is shown the own part (PIP-14)."""
    for who, amount in (("rep_a", "1000"), ("rep_w", "5000")):
        desk.deals(who, amount, close=date(2026, 7, 20))
    for moment, taken in (
        ("2026-07-05T23:00:00+08:00", 2),
        ("2026-07-06T00:04:00+08:00", 0),
        ("2026-07-06T00:05:00+08:00", 2),
        ("2026-07-06T09:00:00+08:00", 0),
        ("2026-07-20T09:00:00+08:00", 2),
    ):
        desk.clock.set(moment)
        assert crm.run_jobs().snapshots == taken, moment
    for login, sums in (("rep_a", "100"), ("lead_w", "500"), ("dir", "600")):
        with crm.view(login) as session:
            found = session.snapshots(Q3)
            assert [one.sums for one in found] == [(yuan(sums),)] * 3
            assert len(session.snapshots()) == 6
    with crm.view("rep_b") as session:
        assert {(one.sums, one.count) for one in session.snapshots()} == {((), 0)}


def test_a_snapshot_is_never_changed(crm: CRM, desk: Desk) -> None:
    """Whatever becomes of the deals, what was written down stays as it was, and nothing writes it anew."""
    deals = desk.deals("rep_a", "1000", "3000")
    with crm.session("rep_a") as session:
        session.snapshot(Q3)
    before = rows(crm)
    assert len(before["crm_forecast_line"]) == 2
    desk.move("rep_a", deals[:1], "lost")
    with crm.session("lead_e") as session:
        session.hand_over("rep_a", "rep_b", because="moves on")
        session.archive(session.get(deals[1].ref))
    with crm.view("rep_a") as session, pytest.raises(StoreError):
        session.snapshot(Q3)
    for book in (ForecastSnapshot, ForecastLine):
        with crm.session("dir") as session, pytest.raises(InvalidError):
            session.find(book)  # type: ignore[type-var]
        with crm.session("dir") as session, pytest.raises(InvalidError):
            session.change_where(book, stage="won")  # type: ignore[type-var]
    assert rows(crm) == before


def rows(crm: CRM) -> dict[str, list[str]]:
    """What the books of snapshots hold."""
    with crm.store.connect() as connection:
        return {
            name: sorted(repr(tuple(row)) for row in connection.execute(sa.text(f"SELECT * FROM {name}")))
            for name in ("crm_forecast_snapshot", "crm_forecast_line", "crm_forecast_total")
        }


@pytest.mark.parametrize("field", ["amount", "expected_close", "closed_on"])
def test_a_hidden_field_is_refused_as_an_unknown_one(crm: CRM, desk: Desk, field: str) -> None:
    """Who is not shown amounts or days gets no figure over them, in the words for an unknown field."""
    open_deals(desk)
    with crm.session(crm.system("test")) as session:
        person = session.add(User(login="blind", name="Blind", home_unit=desk.customer("rep_a").owner_unit))
        rule = FieldRule(entity="Opportunity", field_name=field, read=FieldReading.HIDDEN)
        grant = Grant(entity="*", action=Action.READ, reach=Reach.ALL)
        role = session.add(Role(name="blind", grants=[grant], rules=[rule]))
        unit = desk.customer("rep_a").owner_unit
        session.add(RoleAssignment(user=person, role=role, unit=unit, since=date(2026, 1, 1)))
    with crm.view("blind") as session:
        asked = {
            "forecast": lambda: session.forecast(Q3),
            "attainments": lambda: session.attainments(),
            "snapshots": lambda: session.snapshots(),
            "accuracy": lambda: session.accuracy(Period.month(2026, 5)),
            "funnel": lambda: session.funnel(Opportunity, amount=Opportunity.amount),
            "behind": lambda: session.behind(Opportunity, "filed", "left"),
            "time_in_stage": lambda: session.time_in_stage(Opportunity),
            "stalled": lambda: session.stalled(Opportunity),
            "chances": lambda: session.chances(),
        }
        refused = {name: words for name, ask in asked.items() if (words := refusal(ask))}
    assert all(words.startswith("unknown field") for words in refused.values())
    always = {"forecast", "snapshots", "accuracy", "attainments"}
    more = {"amount": {"funnel"}, "closed_on": {"chances"}}.get(field, set())
    assert refused.keys() == always | more


def refusal(ask: Callable[[], object]) -> str:
    """The words in which a question is refused, none where it is answered."""
    try:
        ask()
    except InvalidError as error:
        return str(error)
    return ""
