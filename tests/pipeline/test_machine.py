"""Records driven at random through random processes: what sessions foretell, do, refuse and keep."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import attrs
import pytest
from house import enterprise
from hypothesis import event, given, settings
from hypothesis import strategies as st
from revision.world import CLOSE, differing, tables

from pycrm import CRM, Customer, FixedClock, Money, Opportunity, Plugin, RefusedError

from .session_faults import FAULTS, Plant
from .statechart import Model
from .strategies import made

BEGUN = "2026-06-30T09:00:00+08:00"
PROCESSES = 16
ACTS = 5


def _objects(word: str) -> Any:
    return lambda record: f"{word} objects" if word in record.name else None


class Fair(Plugin):
    """Fair

    Deals that run through processes drawn at random.
    """

    name = "fair"
    pipelines = tuple(
        attrs.evolve(made(random.Random(seed), nested=seed % 4 > 0), key=f"random{seed}")
        for seed in range(PROCESSES)
    )
    guards = {"exam.reported": _objects("unreported"), "billing.paid": _objects("unpaid")}


class Driver:
    """One deal, and somebody who moves it at random."""

    def __init__(self, crm: CRM, clock: FixedClock, customer: Any, seed: int) -> None:
        self.crm, self.clock, self.chance = crm, clock, random.Random(seed)
        pipeline = Fair.pipelines[seed % PROCESSES]
        self.model, self.moved = Model(pipeline), 0
        name = self.chance.choice(("plain",) * 6 + ("unpaid", "unreported"))
        with crm.session("rep_a") as session:
            deal = Opportunity(customer=customer, name=name, expected_close=CLOSE)
            self.deal = session.add(deal, pipeline=pipeline.key)

    def drive(self) -> None:
        """Some acts, each held against what was foretold of it."""
        for _ in range(ACTS):
            self.clock.advance(hours=self.chance.randint(1, 30))
            with self.crm.view("rep_a") as session:
                offered = session.moves(self.deal)
            assert {one.key for one in offered} == self.declared()
            if not offered:
                break
            self.act(self.chance.choice(offered), offered)
            self.check()

    def declared(self) -> set[str]:
        """The moves that lead out of where the deal stands, by the declaration alone."""
        leaves = self.deal.stage_config or (self.deal.stage,)
        active = {key for leaf in leaves for key in self.model.lines[leaf]}
        return {move.key for _, move in self.model.ways(active)}

    def act(self, one: Any, offered: list[Any]) -> None:
        """Take one of the moves that were offered, as it is or with what it needs."""
        is_one = [each.target for each in offered].count(one.target) == 1
        to = one.target if is_one else one.key
        because = "because" if self.chance.random() < 0.9 else None
        values: dict[str, Any] = {}
        if self.chance.random() < 0.9:
            given = {"amount": Money("10", "CNY"), "need": "pumps", "closed_on": date(2027, 1, 1)}
            wanted = {need["name"] for need in one.missing if need["kind"] == "field"}
            values = {name: value for name, value in given.items() if name in wanted}
        before = tables(self.crm)
        with self.crm.session("rep_a") as session:
            tried = session.try_move(self.deal, to, because=because, **values)
        assert differing(before, tables(self.crm)) == []
        moved = self.done(to, because, values)
        if isinstance(moved, RefusedError):
            assert tried.refusal is not None
            assert (type(tried.refusal), tried.refusal.as_dict()) == (type(moved), moved.as_dict())
            assert differing(before, tables(self.crm)) == []
            given = {*values, *(["reason"] if because else [])}
            lacking = [need for need in one.missing if need.get("name", need["kind"]) not in given]
            assert lacking or not is_one
        else:
            assert (tried.record.stage, tried.record.stage_config) == (moved.stage, moved.stage_config)
            needed = [need for need in one.missing if need["kind"] not in ("field", "reason")]
            assert needed == []
            self.deal, self.moved = moved, self.moved + 1

    def done(self, to: str, because: str | None, values: dict[str, Any]) -> Any:
        """The deal moved, or the refusal."""
        try:
            with self.crm.session("rep_a") as session:
                return session.move(self.deal, to, because=because, **values)
        except RefusedError as refused:
            return refused

    def check(self) -> None:
        """What holds at every moment: where the deal stands, and that its stays follow without gap."""
        leaves = self.deal.stage_config or (self.deal.stage,)
        assert self.model.is_legal(leaves)
        with self.crm.view("rep_a") as session:
            stays = session.stages(self.deal)
        for region in {one.region for one in stays}:
            mine = [one for one in stays if one.region == region]
            for one, two in pairwise(mine):
                assert one.until is not None
                assert one.until <= two.since
                assert region or one.until == two.since
        standing = [one.stage for one in stays if one.until is None]
        active = {key for leaf in leaves for key in self.model.lines[leaf]}
        regions = {key for key in active if self.is_region(key)}
        assert sorted(standing) == sorted(active - regions)
        (main,) = [one for one in stays if one.until is None and not one.region]
        assert (main.stage, main.since) == (self.deal.stage, self.deal.stage_at)
        whole = sum(
            ((one.until or self.clock.now()) - one.since for one in stays if not one.region), timedelta()
        )
        assert whole == self.clock.now() - self.deal.created_at

    def is_region(self, key: str) -> bool:
        """Whether a stage is one of several that are active at once."""
        line = self.model.lines[key]
        return len(line) > 1 and self.model.nodes[line[-2]].parallel


@pytest.fixture
def fair(open_crm: Callable[..., CRM]) -> tuple[CRM, Any]:
    """A CRM with the random processes, and a customer."""
    crm = open_crm(plugins=[Fair])
    crm.migrate()
    enterprise(crm)
    with crm.session("rep_a") as session:
        return crm, session.add(
            Customer.organization("Ningbo Pump", mobile="13900000001", source="exhibition")
        )


def driven(crm: CRM, clock: FixedClock, customer: Any, examples: int) -> None:
    """Drive so many deals, most of which have to get somewhere."""
    counts: Counter[bool] = Counter()

    @given(seed=st.integers(0, 2**32))
    @settings(deadline=None, max_examples=examples, database=None)
    def drive(seed: int) -> None:
        driver = Driver(crm, clock, customer, seed)
        driver.drive()
        counts[driver.moved > 0] += 1
        event(f"moves: {driver.moved}")

    drive()
    assert counts[True] >= 0.6 * counts.total(), "too few of the deals move at all"


def test_random_records_keep_to_random_processes(fair: Any, clock: FixedClock) -> None:
    """A trial foretells each move, a refusal changes no table, and time divides among stages and regions."""
    driven(fair[0], clock, fair[1], 10)


def test_planted_faults_are_met(sqlite_database: str, clock: FixedClock) -> None:
    """Each fault planted into what sessions write, refuse and tell of moves makes some deal go wrong."""
    with CRM(sqlite_database, clock=clock, random=random.Random(7), plugins=[Fair]) as crm:
        crm.migrate()
        enterprise(crm)
        with crm.session("rep_a") as session:
            draft = Customer.organization("Ningbo Pump", mobile="13900000001", source="exhibition")
            customer = session.add(draft)
        missed = [name for name, plant in FAULTS.items() if not _met(crm, clock, customer, plant)]
    assert missed == []


def _met(crm: CRM, clock: FixedClock, customer: Any, plant: Plant) -> bool:
    """Whether one of some deals shows a fault."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        for seed in range(40):
            clock.set(BEGUN)
            try:
                Driver(crm, clock, customer, seed).drive()
            except Exception:
                # An error is as good a sign as a figure that is wrong.
                return True
    return False


@pytest.mark.torture
def test_many_random_records_keep_to_random_processes(fair: Any, clock: FixedClock) -> None:
    """The same, of a thousand deals."""
    driven(fair[0], clock, fair[1], 1000)
