"""The order of customers by their last activity: derived, kept in step, and read by whoever may read it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import Cast
from revision.test_concurrent import at_once

from pycrm import CRM, Activity, Customer, Grant, InvalidError, Role, RoleAssignment, Share, Source
from pycrm.entities.activity import ActivityKind
from pycrm.entities.org import Action, Reach
from pycrm.revision import add, archive, change
from pycrm.scope import fields
from scope.rights import ruled, statements


def filed(crm: CRM, login: str, *names: str) -> list[Customer]:
    """Customers of somebody."""
    with crm.session(login) as session:
        session.named(Source, "exhibition")
        return session.add_all(
            Customer.organization(name, email=f"{name.lower()}@example.com", source="exhibition")
            for name in names
        )


def call(customer: Customer, moment: datetime) -> Activity:
    """A call with a customer."""
    return Activity(kind=ActivityKind.CALL, customer=customer, started_at=moment, summary="talked of pumps")


def from_scratch(crm: CRM) -> dict[Any, datetime]:
    """When the last activity of each customer was, from all activities that are not archived."""
    with crm.view(crm.system("check")) as session:
        found = {one.id: one.created_at for one in session.find(Customer)}
        for one in session.find(Activity):
            if one.customer is not None:
                found[one.customer.id] = max(found[one.customer.id], one.started_at)
    return found


def kept(crm: CRM) -> dict[Any, datetime]:
    """When it was by the customers' own word."""
    with crm.view(crm.system("check")) as session:
        return {one.id: one.active_at for one in session.find(Customer)}


def act(session: Any, draw: random.Random, customers: list[Customer]) -> None:
    """Add one or several activities, change time or customer of one, put one away or bring it back."""

    def some() -> Activity:
        return call(draw.choice(customers), session.now - timedelta(minutes=draw.randrange(6000)))

    known = session.find(Activity, archived=True)
    kind = draw.choice(("add", "several", "time", "customer", "away", "away", "back")) if known else "add"
    one = draw.choice(known) if known else None
    if kind == "add":
        session.add(some())
    elif kind == "several":
        session.add_all(some() for _ in range(4))
    elif kind == "time":
        session.change(one, started_at=session.now - timedelta(minutes=draw.randrange(6000)))
    elif kind == "customer":
        session.change(one, customer=draw.choice(customers))
    elif kind == "away" and one.archived_at is None:
        session.archive(one)
    elif kind == "back" and one.archived_at is not None:
        session.restore(one)


def live(crm: CRM, clock: Any, seed: int, acts: int = 25) -> int:
    """Random acts, a while after the customers were filed; how often the two then differed."""
    customers = filed(crm, "dir", "Pump", "Valve", "Steel")
    clock.advance(days=5)
    draw, wrong = random.Random(seed), 0
    for _ in range(acts):
        with crm.session("dir") as session:
            act(session, draw, customers)
        wrong += kept(crm) != from_scratch(crm)
        clock.advance(minutes=1)
    return wrong


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_latest_of_all_activities(crm: CRM, cast: Cast, clock: Any, seed: int) -> None:
    """After any acts on activities each customer names the latest that counts, unchanged itself."""
    assert live(crm, clock, seed) == 0
    with crm.view("dir") as session:
        assert {one.version for one in session.find(Customer)} == {1}
        for one in session.find(Customer):
            assert [past.act for past in session.history(one) if past.entity == "Customer"] == ["add"]


@pytest.mark.parametrize(("module", "name"), [(add, "raise"), (change, "renew"), (archive, "renew")])
def test_what_does_not_follow_is_seen(
    crm: CRM, cast: Cast, clock: Any, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    """Where adding, changing or putting away an activity leaves the customer, the recomputing finds it."""
    monkeypatch.setattr(module, f"{name}_latest", lambda *given: None)
    assert live(crm, clock, 1, acts=40) > 0


def test_it_costs_one_statement(crm: CRM, cast: Cast, clock: Any) -> None:
    """One activity more costs one guarded update, and forty at once cost one too."""
    customers = filed(crm, "rep_a", *(f"Pump {number}".replace(" ", "") for number in range(20)))
    clock.advance(days=1)
    for number in (1, 40):
        with statements() as seen, crm.session("rep_a") as session:
            session.add_all(call(customers[at % 20], session.now) for at in range(number))
        assert len([one for one in seen if one.startswith("UPDATE crm_customer")]) == 1
    assert kept(crm) == from_scratch(crm)


def test_two_at_once_miss_nothing(crm: CRM, cast: Cast, clock: Any) -> None:
    """One adds an activity while another puts a later one away: the customer names the one that is left."""
    (pump,) = filed(crm, "rep_a", "Pump")
    clock.advance(days=2)
    now = clock.now()
    for turn in range(6):
        with crm.session("rep_a") as session:
            later = session.add(call(pump, now - timedelta(minutes=1)))

        def put_away(later: Any = later) -> None:
            with crm.session("rep_a") as session:
                session.archive(session.get(later.ref))

        def enter(turn: int = turn) -> None:
            with crm.session("rep_a") as session:
                session.add(call(pump, now - timedelta(hours=9 - turn)))

        assert at_once(put_away, enter) == [None, None]
        assert kept(crm) == from_scratch(crm)


def narrow(crm: CRM, cast: Cast, customers: Reach, activities: Reach | None) -> None:
    """Let fin_1 read customers and activities so far, and nothing else."""
    grants = [Grant(entity="Customer", action=Action.READ, reach=customers)]
    if activities is not None:
        grants.append(Grant(entity="Activity", action=Action.READ, reach=activities))
    with crm.session(crm.system("roles")) as session:
        held = session.find(RoleAssignment, RoleAssignment.user == cast.people["fin_1"])
        session.archive(held[0])
        role = session.add(Role(name="bookkeeper", grants=grants))
        unit = cast.units["HQ"]
        since = held[0].since
        session.add(RoleAssignment(user=cast.people["fin_1"], role=role, unit=unit, since=since))


def asks(session: Any) -> list[Callable[[], Any]]:
    """The ways to ask for it."""
    moment = session.now - timedelta(days=1)
    return [
        lambda: session.page(Customer, order=Customer.active_at),
        lambda: session.page(Customer, order=Customer.active_at.desc()),
        lambda: session.find(Customer, order=Customer.active_at.desc()),
        lambda: session.find(Customer, Customer.active_at > moment),
        lambda: session.count(Customer, distinct=Customer.active_at),
    ]


R = Reach


@pytest.mark.parametrize(
    ("customers", "activities", "is_read"),
    [
        *((R.ALL, R.ALL, True), (R.SUBTREE, R.SUBTREE, True), (R.OWN, R.OWN, True), (R.OWN, R.ALL, True)),
        *((R.UNIT, R.SUBTREE, True), (R.ALL, R.SUBTREE, False), (R.ALL, R.OWN, False), (R.ALL, None, False)),
        *((R.SUBTREE, R.UNIT, False), (R.OWN, None, False), (R.OWN, R.UNIT, False), (R.OWN, R.NONE, False)),
    ],
)
def test_whoever_does_not_read_the_activities_is_not_told(
    crm: CRM, cast: Cast, customers: Reach, activities: Reach | None, is_read: bool
) -> None:
    """A reader whose reach on activities is narrower than on customers is refused as by an unknown field."""
    filed(crm, "rep_a", "Pump")
    narrow(crm, cast, customers, activities)
    with crm.view("fin_1") as session:
        assert ("active_at" in session.fields(Customer)) == is_read
        for ask in asks(session):
            if is_read:
                ask()
            else:
                with pytest.raises(InvalidError, match="active_at"):
                    ask()
        for one in session.find(Customer):
            assert hasattr(one, "active_at") == is_read


def test_a_reach_that_is_not_looked_at_is_seen(crm: CRM, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reach on activities does not count, whoever has none reads when the last one was."""
    (pump,) = filed(crm, "rep_a", "Pump")
    narrow(crm, cast, Reach.ALL, Reach.OWN)
    monkeypatch.setattr(fields, "_follow_latest", lambda *given: None)
    with crm.view("fin_1") as session:
        assert session.get(pump.ref).active_at == pump.created_at


def test_a_hidden_time_hides_the_latest(crm: CRM, cast: Cast) -> None:
    """Staff who are not shown when activities were are not shown when the last one was."""
    filed(crm, "rep_a", "Pump")
    ruled(crm, "staff", ("Activity.started_at", "hidden"))
    with crm.view("rep_a") as session, pytest.raises(InvalidError):
        session.find(Customer, order=Customer.active_at)


def test_a_share_shows_no_more_than_its_giver_reads(crm: CRM, cast: Cast) -> None:
    """Whoever is lent a customer by somebody without sight of activities is not told of the last one."""
    (pump,) = filed(crm, "fin_1", "Pump")
    (valve,) = filed(crm, "rep_a", "Valve")
    narrow(crm, cast, Reach.OWN, None)
    with crm.session(crm.system("sharing")) as session:
        lent = Share(entity="Customer", record=pump.id, user=cast.people["rep_b"])
        session.add(lent, owner=cast.people["fin_1"])
    with crm.view("rep_b") as session:
        assert "active_at" not in session.fields(Customer)
        assert [one.id for one in session.find(Customer)] == [pump.id]
    with crm.view("rep_a") as session:
        assert session.get(valve.ref).active_at == valve.created_at


def test_the_past_does_not_tell_it(crm: CRM, cast: Cast, clock: Any) -> None:
    """A list of the past is not sorted or filtered by it, and shows none: it has no history."""
    (pump,) = filed(crm, "rep_a", "Pump")
    then = clock.now()
    clock.advance(days=1)
    with crm.session("rep_a") as session:
        session.add(call(pump, session.now))
    with crm.view("rep_a") as session:
        assert session.get(pump.ref).active_at == session.now
        assert not hasattr(session.as_of(pump, then), "active_at")
        assert [hasattr(one, "active_at") for one in session.find(Customer, as_of=then)] == [False]
        with pytest.raises(InvalidError, match="active_at"):
            session.find(Customer, order=Customer.active_at.desc(), as_of=then)
        with pytest.raises(InvalidError, match="active_at"):
            session.count(Customer, Customer.active_at > then, as_of=then)


def test_pages_by_it_lose_nobody(crm: CRM, cast: Cast, clock: Any) -> None:
    """Pages by last activity, newest first, give each customer once, in that order."""
    customers = filed(crm, "rep_a", *"ABCDEFG")
    clock.advance(days=1)
    for at in (3, 1, 5):
        with crm.session("rep_a") as session:
            session.add(call(customers[at], session.now))
        clock.advance(minutes=1)
    with crm.view("rep_a") as session:
        found, after = [], None
        while True:
            page = session.page(Customer, order=Customer.active_at.desc(), size=2, after=after)
            found += [one.name for one in page.items]
            after = page.next
            if after is None:
                break
    assert found[:3] == ["F", "B", "D"]
    assert sorted(found) == list("ABCDEFG")
