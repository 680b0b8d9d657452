"""Funnels, conversion and times of pipelines beside the class's own, and of the stages within a stage.

The hand case runs in the process of `pipeline.desk`, in which legal and finance look at a deal at once,
and which signs by itself when both agree.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pipeline.desk import desk
from revision.world import CLOSE

from pycrm import CRM, Contact, Customer, FixedClock, InvalidError, Money, Opportunity, RefusedError
from pycrm.entities.customer import Department
from pycrm.forecast import Period, leaving

HOUR = timedelta(hours=1)
OWN = {"pipeline": "project"}
REVIEW = OWN | {"within": "review"}
# In the order of each region; after the last of one goes forward whoever goes to signing.
ORDER = {
    "legal": ("legal_waiting", "legal_paused", "legal_agreed"),
    "finance": ("finance_waiting", "finance_agreed"),
}
ALIVE = {"legal_waiting", "legal_agreed", "finance_waiting", "finance_agreed"}


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    """The desk, with a customer of rep_a who has somebody that decides."""
    made, _, _ = desk(open_crm)
    with made.session("rep_a") as session:
        customer = session.add(
            Customer.organization("Ningbo Pump", mobile="13900000001", source="exhibition")
        )
        session.add(
            Contact.named("Li", customer=customer, department=Department.DECISION, mobile="13600000001")
        )
    return made


def deals(crm: CRM, number: int, pipeline: str = "project", **values: Any) -> list[Any]:
    """Deals of rep_a's customer, of 100 yuan each."""
    with crm.session("rep_a") as session:
        (customer,) = session.find(Customer)
        return [
            session.add(
                Opportunity(
                    customer=customer,
                    name=f"Deal {at}",
                    amount=Money("100", "CNY"),
                    expected_close=CLOSE,
                    need="pumps",
                    **values,
                ),
                pipeline=pipeline,
            )
            for at in range(number)
        ]


def went(crm: CRM, deal: Any, *moves: str) -> Any:
    """The deal after these moves of rep_a."""
    for to in moves:
        with crm.session("rep_a") as session:
            values = {"lost_reason": "price"} if to == "drop" else {}
            values |= {"because": "they called"} if to == "reopen" else {}
            deal = session.move(deal, to, **values)
    return deal


def numbers(session: Any, **asked: Any) -> dict[str, tuple[int, int, int]]:
    """Of each stage what stands in it, what left and what went forward, where there is any."""
    found = {one.stage: (one.count, one.left, one.forward) for one in session.funnel(Opportunity, **asked)}
    for stage, (count, left, forward) in found.items():
        behind = [
            len(session.behind(Opportunity, stage, number, **asked))
            for number in ("standing", "left", "forward")
        ]
        assert behind == [count, left, forward], stage
    return {stage: each for stage, each in found.items() if any(each)}


@pytest.fixture
def four(crm: CRM) -> list[Any]:
    """One deal signed by itself, one on hold, one with finance waiting, one drafted; one more of the sales."""
    signed, held, waits, drafted = deals(crm, 4)
    deals(crm, 1, "sales")
    signed = went(crm, signed, "submit", "agree_legal", "agree_finance")
    held = went(crm, held, "submit", "agree_legal", "hold")
    waits = went(crm, waits, "submit", "agree_legal")
    assert (signed.stage, held.stage, waits.stage) == ("signing", "waiting", "review")
    return [signed, held, waits, drafted]


def test_each_pipeline_has_its_own_funnel(crm: CRM, four: list[Any]) -> None:
    """Of three deals that left the draft all went forward, of two that left the review one; sales stand alone."""
    with crm.view("rep_a") as session:
        assert numbers(session) == {"filed": (1, 0, 0)}
        assert numbers(session, **OWN) == {
            "drafted": (1, 3, 3),
            "review": (1, 2, 1),
            "signing": (1, 0, 0),
            "waiting": (1, 0, 0),
        }
        found = {one.stage: one for one in session.funnel(Opportunity, amount=Opportunity.amount, **OWN)}
        assert (found["review"].conversion, found["review"].sums) == (
            Decimal("50.00"),
            (Money("100", "CNY"),),
        )
    with crm.view("rep_b") as session:
        assert numbers(session, **OWN) == {}


def test_stages_within_a_stage_have_a_funnel(crm: CRM, four: list[Any]) -> None:
    """What leaves the review for signing went forward from both regions, what goes on hold from neither."""
    with crm.view("rep_a") as session:
        assert numbers(session, **REVIEW) == {
            "legal_waiting": (0, 3, 3),
            "legal_agreed": (1, 2, 1),
            "finance_waiting": (1, 2, 1),
            "finance_agreed": (0, 1, 1),
        }
    went(crm, four[1], "resume")
    with crm.view("rep_a") as session:
        # What came back stands there again, and has not left.
        assert numbers(session, **REVIEW) == {
            "legal_waiting": (0, 3, 3),
            "legal_agreed": (2, 1, 1),
            "finance_waiting": (2, 1, 1),
            "finance_agreed": (0, 1, 1),
        }


def test_time_within_ends_with_the_act_that_leaves(crm: CRM, clock: FixedClock) -> None:
    """Finance agrees at hour 5 and so signs at once: it waited 5 hours and stood agreed for none."""
    (deal,) = deals(crm, 1)
    deal = went(crm, deal, "submit")
    clock.advance(hours=2)
    deal = went(crm, deal, "agree_legal")
    clock.advance(hours=3)
    went(crm, deal, "agree_finance")
    clock.advance(hours=40)
    with crm.view("rep_a") as session:
        found = {one.stage: one.total / HOUR for one in session.time_in_stage(Opportunity, **REVIEW)}
        assert {stage: hours for stage, hours in found.items() if hours} == {
            "legal_waiting": 2,
            "legal_agreed": 3,
            "finance_waiting": 5,
        }
        outer = {one.stage: one.total / HOUR for one in session.time_in_stage(Opportunity, **OWN)}
        assert (outer["review"], outer["signing"]) == (5, 40)


def test_the_forecast_knows_the_chances_of_every_pipeline(crm: CRM, four: list[Any]) -> None:
    """100 in signing at 90, in review at 50, drafted at 10 and filed at 10 per cent, on hold at none: 160."""
    with crm.view("rep_a") as session:
        found = session.forecast(Period.quarter(2026, 4)).only
        assert found.weighted_open == Money("160", "CNY")
        assert found.open == Money("500", "CNY")
        assert [one.stage for one in session.chances(**OWN)] == ["drafted", "review", "signing", "waiting"]
        assert session.odds(**OWN).verdict == "too few"


def test_an_unknown_pipeline_is_refused(crm: CRM) -> None:
    """Whoever asks for the pipeline of another class, or for a stage that holds none, is told what is wrong."""
    with crm.view("rep_a") as session:
        for asked, path in (
            ({"pipeline": "lead"}, "pipeline"),
            ({"pipeline": "nothing"}, "pipeline"),
            ({"within": "review"}, "within"),
            (OWN | {"within": "drafted"}, "within"),
        ):
            for ask in (session.funnel, session.time_in_stage):
                with pytest.raises(InvalidError) as refused:
                    ask(Opportunity, **asked)
                assert refused.value.fields[0].path == path


# --- random histories ------------------------------------------------------------------------------------


def lived(crm: CRM, clock: FixedClock, draw: random.Random) -> list[Any]:
    """Let six deals go random ways."""
    found = deals(crm, 6)
    for _ in range(60):
        clock.advance(minutes=draw.choice((1, 7, 90)))
        at = draw.randrange(len(found))
        with crm.view("rep_a") as session:
            ways = [one.key for one in session.moves(found[at]) if not one.missing and one.key != "win"]
        # Once signed or lost little happens any more.
        better = [one for one in ways if one not in ("drop", "sign")] or ways
        if better:
            try:
                found[at] = went(crm, found[at], draw.choice(better))
            except RefusedError:
                continue
    clock.advance(minutes=5)
    return found


def conversions(
    session: Any, found: list[Any], since: datetime, until: datetime
) -> Counter[tuple[str, bool]]:
    """Of each stage within the review how many left it for good in a period, and whether forward."""
    counted = Counter[tuple[str, bool]]()
    for deal in found:
        stays = [one for one in session.stages(deal) if one.since < until]
        for region, order in ORDER.items():
            here = [one for one in stays if one.region == region]
            for stage in {one.stage for one in here}:
                last = [one for one in here if one.stage == stage][-1]
                if last.until is None or not since <= last.until < until:
                    continue
                after = here[here.index(last) + 1 :]
                if after and after[0].since == last.until:
                    to = after[0].stage
                    ahead = to in ALIVE and order.index(to) > order.index(stage)
                else:
                    ahead = any(one.stage == "signing" and one.since == last.until for one in stays)
                counted[stage, ahead] += 1
    return counted


def differing(crm: CRM, found: list[Any], draw: random.Random) -> Iterator[str]:
    """In which periods the database says otherwise than what the deals went through."""
    with crm.view("rep_a") as session:
        begun, length = found[0].created_at, (session.now - found[0].created_at) // timedelta(minutes=1)
        for _ in range(10):
            since, until = sorted(begun + timedelta(minutes=draw.randrange(length + 2)) for _ in range(2))
            counted = Counter[tuple[str, bool]]()
            asked = REVIEW | {"since": since, "until": until}
            for stage, (_, left, forward) in numbers(session, **asked).items():
                counted[stage, True], counted[stage, False] = forward, left - forward
            if +counted != conversions(session, found, since, until):
                yield f"{since} to {until}"


@pytest.mark.parametrize("seed", [3, 8])
def test_random_ways_within_are_counted_as_their_stays_say(crm: CRM, clock: FixedClock, seed: int) -> None:
    """Over random periods what left the stages within, and what went forward, is what the stays tell."""
    found = lived(crm, clock, random.Random(seed))
    assert list(differing(crm, found, random.Random(5))) == []


@pytest.mark.parametrize("name", ["ends", "ahead"])
def test_planted_faults_within_are_seen(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Were only the own region looked at, or nothing around it forward, the stays would say so."""
    found = lived(crm, clock, random.Random(3))
    right: Any = getattr(leaving, name)
    wrong: dict[str, Callable[..., Any]] = {
        "ends": lambda entry, later, of: [
            later.c.record_id == entry.record_id,
            later.c.region == entry.region,
            later.c.seq > entry.seq,
        ],
        "ahead": lambda pipeline, key: list(right(pipeline, key))[:1],
    }
    monkeypatch.setattr(leaving, name, wrong[name])
    assert list(differing(crm, found, random.Random(5)))
