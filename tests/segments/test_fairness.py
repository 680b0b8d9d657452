"""Fairness: who pays another price than others alike, who gets what, and for which reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pycrm import Activity, ActivityKind, Direction, ForbiddenError, InvalidError, Region
from pycrm.plugins.segments import FairnessFinding, FindingState, Segment, SegmentKind, Serving
from pycrm.plugins.segments.fairness import (
    Answering,
    by_answers,
    by_group,
    compare_prices,
    reasons,
    record_findings,
)
from pycrm.plugins.segments.membership import import_members
from pycrm.plugins.segments.serving import serve

from .test_treatments import treatment
from .world import World, customers, sell

JUNE = (date(2026, 6, 1), date(2026, 6, 30))


def test_prices_are_compared_with_those_of_customers_alike(world: World) -> None:
    """Who pays more than 10 % beside the median of 4 alike is a finding, unless a reason is on record."""
    a, b, c, d, e = customers(world, "rep_a", [90] * 5)
    (small,) = customers(world, "rep_a", [50])
    world.score()
    # Prices 100, 100, 100, 110, 111 and 88 a piece: the median is 100, and 110 is within.
    sold = [(a, 100), (b, 100), (c, 100), (d, 110), (e, 111), (e, 88)]
    rows: list[dict[str, Any]] = [
        {"customer": one.id, "product": "P", "net": price * 500, "qty": 5.0, "origin": f"o{at}"}
        for at, (one, price) in enumerate(sold)
    ]
    # Another grade, another quantity, a return, another month: none of them is compared with these.
    rows.append({"customer": small.id, "product": "P", "net": 90_000, "qty": 5.0})
    rows.append({"customer": a.id, "product": "P", "net": 70_000, "qty": 10.0})
    rows.append({"customer": a.id, "product": "P", "net": -90_000, "qty": 5.0, "is_return": True})
    rows.append({"customer": a.id, "product": "P", "net": 90_000, "qty": 5.0, "on": date(2026, 5, 31)})
    sell(world, rows)
    with world.crm.view("dir") as session:
        found = compare_prices(session, *JUNE)
        contract = compare_prices(session, *JUNE, approved={"o4": "contract 17"})
    told = [(one.customer, one.percent, one.reason) for one in found.findings]
    assert told == [(e.ref, Decimal("11.00"), None), (e.ref, Decimal("-12.00"), None)]
    assert {one.group for one in found.findings} == {"0 to below 10, grade A"}
    assert (found.groups, found.too_small) == (1, 2)
    assert [(one.percent, one.reason) for one in contract.explained] == [(Decimal("11.00"), "contract 17")]
    with world.crm.view("lead_e") as session, pytest.raises(ForbiddenError):
        compare_prices(session, *JUNE)
    written = world.act(lambda s: record_findings(s, found, *JUNE))
    assert [(one.customer, one.deviation) for one in written] == [(e.ref, Decimal("-12.00"))]
    assert world.act(lambda s: record_findings(s, found, *JUNE)) == []
    with world.crm.view("rep_b") as session:
        assert session.find(FairnessFinding) == []
    with pytest.raises(InvalidError, match="say why it is closed"):
        world.act(lambda s: s.change(written[0], state=FindingState.EXPLAINED))
    world.act(lambda s: s.change(written[0], state=FindingState.EXPLAINED, reason="a trial order"), "rep_a")
    _explain_by_tier(world, e, [a, b, c, d])


def _explain_by_tier(world: World, one: Any, others: list[Any]) -> None:
    """A price tier of few explains a price, and that which most have explains none."""
    world.act(lambda s: s.add(Segment(code="few", name="Few", kind=SegmentKind.STATIC)))
    few = world.act(lambda s: s.find(Segment, Segment.code == "few")[0])
    world.act(lambda s: import_members(s, few, [one.code]))
    special = treatment(world, "Few", 20, segment=few, price_tier=1)
    treatment(world, "All A", 10, grade="A", price_tier=2)
    world.act(serve, world.crm.system("serving customers"))
    assert len(world.act(lambda s: s.decide(s.inbox(), "approve"), "lead_e")) == 5
    with world.crm.view("dir") as session:
        found = compare_prices(session, *JUNE)
        told = reasons(session)
    assert found.findings == ()
    assert {one.reason for one in found.explained} == {special.reason}
    assert [(row.dimension, row.value, row.treatment, row.customers) for row in told.rows] == [
        ("price_tier", "1", "Few", 1),
        ("price_tier", "2", "All A", 4),
    ]
    assert told.without == ()
    # A tier that somebody set by hand is given by no treatment: it is listed.
    with world.crm.session("dir") as session:
        serving = session.facet(others[0], Serving)
        assert serving is not None
        session.override(serving, because="promised by hand", price_tier=0)
    with world.crm.view("dir") as session:
        assert reasons(session).without == ((others[0].ref, "price_tier", "0"),)


def test_small_groups_are_not_shown(world: World) -> None:
    """Means are shown of 5 customers or more, by grade and region and by nothing that a person is."""
    some = customers(world, "rep_a", [90, 90, 90, 90, 95], region="East", channel="shop")
    customers(world, "rep_w", [50] * 4, region="West")
    world.score()
    with world.crm.view("dir") as session:
        grades = by_group(session, "XE01")
        regions = by_group(session, "XE01", by="region")
        channels = by_group(session, "XE01", "T04", by="channel")
        assert session.count(Region) == 3
        for wrong in ("gender", "Person.birth_date", "colour"):
            with pytest.raises(InvalidError):
                by_group(session, "XE01", by=wrong)
    assert [(one.name, one.customers, one.means["XE01"]) for one in grades] == [
        ("A", 5, Decimal("91.00")),
        ("C", None, None),
    ]
    assert [(one.name, one.customers) for one in regions] == [("East", 5), ("West", None)]
    assert [(one.name, one.customers, one.means) for one in channels] == [
        ("none", None, {"XE01": None, "T04": None}),
        ("shop", 5, {"XE01": Decimal("91.00"), "T04": None}),
    ]
    _answer(world, some)


def _answer(world: World, some: list[Any]) -> None:
    """Who has to be answered within an hour and waits for two was answered late; grades of few are not told."""
    treatment(world, "Fast", 10, grade="A", first_response_hours=1)
    world.act(serve, world.crm.system("serving customers"))
    # Monday 10:00 to 12:00 is two business hours, and to 10:30 half an hour.
    asked = datetime(2026, 6, 29, 2, tzinfo=UTC)

    def talk(session: Any) -> None:
        for at, one in enumerate(some):
            answered = asked + timedelta(minutes=30 if at == 0 else 120)
            for moment, direction in ((asked, Direction.IN), (answered, Direction.OUT)):
                session.add(
                    Activity(
                        kind=ActivityKind.CALL,
                        customer=one,
                        started_at=moment,
                        direction=direction,
                        summary="talked of this and that",
                    )
                )

    world.act(talk, "rep_a")
    with world.crm.view("dir") as session:
        found = by_answers(session, *JUNE)
        assert by_answers(session, date(2026, 5, 1), date(2026, 5, 31)) == []
    # Four of two hours and one of a half: 8.5 / 5.
    assert found == [Answering("A", 5, 5, 4, Decimal("1.70"))]
