"""The feed of opportunities tells of each how it stood on the day, by its own pipeline's version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest

from pycrm import CRM, FixedClock, Move, Plugin, Stage
from pycrm.pipeline import SALES
from pycrm.scoring import Indicator, Linear, Window, count, greatest, month_number, total, zero
from pycrm.scoring.feeds import opportunities as deals

from .records import Desk, desk_of

_SCALE = Linear(0, 10)


class Deals(Plugin):
    """Deals

    What the feed of opportunities says.
    """

    name = "deals"
    indicators = (
        Indicator("DL01", "Won", "赢单", "T", "count", zero(count(deals, where=deals.is_won)), _SCALE),
        Indicator(
            *("DL02", "Closed", "结案", "T", "count"),
            zero(count(deals, where=deals.closed_on.is_not(None))),
            _SCALE,
        ),
        Indicator("DL03", "Open", "在谈", "T", "money", zero(total(deals.weighted)), _SCALE),
        Indicator(
            *("DL04", "Won in ten days", "十日赢单", "T", "count"),
            zero(count(deals, where=deals.is_won, within=Window(10), by=deals.closed_on)),
            _SCALE,
        ),
        Indicator("DL05", "Month", "月份", "T", "month", month_number(greatest(deals.closed_on)), _SCALE),
    )


@pytest.fixture
def desk(open_crm: Callable[..., CRM], clock: FixedClock) -> Desk:
    """A desk with indicators over opportunities."""
    clock.set("2026-01-01T10:00:00+08:00")
    return desk_of(open_crm(plugins=(Deals,)), clock)


def test_a_deal_stands_where_it_stood(desk: Desk) -> None:
    """A deal weighs by its stage of the day, and is won from the day on that was entered, whenever that was."""
    hongda = desk.company("Hongda")
    desk.at("2026-01-10")
    deal = desk.deal(hongda, "1000")
    desk.at("2026-03-10")
    desk.move(deal, "quoted")
    desk.at("2026-04-15")
    desk.move(deal, "won", closed_on=date(2026, 4, 10))
    # 100,000 minor units at 10 %, then at 60 %.
    days = ("2026-01-09", "2026-01-10", "2026-03-09", "2026-03-10", "2026-04-09", "2026-04-10", "2026-04-15")
    assert [desk.value(hongda, "DL03", day) for day in days] == [0, 10_000, 10_000, 60_000, 60_000, 0, 0]
    assert [desk.value(hongda, "DL01", day) for day in days] == [0, 0, 0, 0, 0, 1, 1]
    assert desk.value(hongda, "DL04", "2026-04-15") == 1
    desk.at("2026-04-21")
    assert [desk.value(hongda, "DL04", day) for day in ("2026-04-19", "2026-04-20")] == [1, 0]


def test_what_was_lost_and_taken_up_again(desk: Desk) -> None:
    """A deal lost and reopened is lost in between alone; one thrown away is none, one in dollars has no amount."""
    hongda = desk.company("Hongda")
    other = desk.company("Other")
    gone, abroad = desk.deal(other, "100"), desk.deal(other, "100", "USD")
    desk.do(lambda session: session.archive(session.get(gone.ref)))
    assert desk.value(other, "DL03", "2026-01-01") == 0
    desk.move(abroad, "won", closed_on=date(2026, 1, 1))
    assert desk.value(other, "DL01", "2026-01-01") == 1
    deal = desk.deal(hongda, "500")
    desk.at("2026-02-01")
    desk.move(deal, "lost", lost_reason="price")
    desk.at("2026-03-01")
    desk.do(lambda session: session.move(session.get(deal.ref), to="reopen", because="they called"))
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    assert [desk.value(hongda, "DL02", day) for day in days] == [0, 1, 1, 0]
    assert desk.value(hongda, "DL05", "2026-02-28") == 2026 * 12 + 2
    assert [desk.value(hongda, "DL01", day) for day in days] == [0, 0, 0, 0]


def test_an_own_version(desk: Desk) -> None:
    """A deal is won in what its own version calls won, and weighs what the version says under which it runs."""
    hongda, dongfang = desk.company("Hongda"), desk.company("Dongfang")
    old, kept = desk.deal(hongda, "100"), desk.deal(dongfang, "100")
    desk.move(old, "won", closed_on=date(2026, 1, 1))
    desk.move(kept, "quoted")
    desk.at("2026-02-01")
    desk.do(lambda session: session.publish_pipeline(_second(), because="we sign now", failing="move"))
    assert desk.value(hongda, "DL01", "2026-02-01") == 1
    # 10,000 minor units at 75 instead of 60 %.
    assert desk.value(dongfang, "DL03", "2026-02-01") == 7_500
    desk.move(kept, "signed")
    assert [desk.value(dongfang, code, "2026-02-01") for code in ("DL01", "DL03")] == [1, 0]


def _second() -> Any:
    """Selling where deals are signed, and quotations are worth more."""
    stages = [attrs.evolve(one, probability=75) if one.key == "quoted" else one for one in SALES.stages]
    signed = Stage("signed", "Signed", kind="won")
    return attrs.evolve(
        SALES,
        version=2,
        stages=(*stages, signed),
        moves=(*SALES.moves, Move("sign", "quoted", "signed", "Sign")),
    )
