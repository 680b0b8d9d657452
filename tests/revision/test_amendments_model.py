"""Whatever is asked for, decided, withdrawn and written in between, amendments end as a small model says."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pycrm import CRM, ApprovalState, Approver, Customer, FixedClock
from pycrm.revision.amendment import AmendmentLine, book, due, judge, route, together
from revision.amending import flow, policy, step, world
from revision.amendment_model import FIRST, PEOPLE, VALUES, Model, Played, differences

EXAMPLES = int(os.environ.get("PYCRM_EXAMPLES", "2000"))
COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}

WHO = st.sampled_from(PEOPLE[:3] * 3 + PEOPLE[3:])
FIELD = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name]))
)
AMEND = st.tuples(
    *(st.just("amend"), WHO, st.lists(FIELD, min_size=1, max_size=3).map(lambda some: dict(sorted(some)))),
    st.sampled_from((0, 0, 0, 1, 2, -1)),
)
VERBS = ("approve",) * 6 + ("rebase",) * 2 + ("reject", "return_", "submit", "withdraw", "override")
DECIDE = st.tuples(st.sampled_from(VERBS), WHO, st.integers(0, 5))
WRITE = st.tuples(st.just("write"), st.sampled_from(("dir", "dir", "lead_e")), FIELD).map(
    lambda act: (act[0], act[1], *act[2])
)
ACTS = st.lists(
    st.one_of(AMEND, DECIDE, DECIDE, DECIDE, WRITE, st.tuples(st.just("pass_days"), st.integers(1, 2))),
    min_size=4,
    max_size=14,
)


class Stage:
    """A CRM in which every example gets a customer of its own."""

    def __init__(self, crm: CRM, clock: FixedClock) -> None:
        self.crm, self.clock, self.number = crm, clock, 0
        world(crm)
        # Nobody is late here: that is another test's business.
        hours = {"remind_after": 9000, "escalate_after": 9000}
        flow(crm, "leader", step(), **hours)
        flow(crm, "size", step(), step(Approver.TOP, condition="percent > 20"), **hours)
        for path, name in (
            ("Party.name", "leader"),
            ("Organization.legal_representative", "leader"),
            ("Organization.employees", "size"),
        ):
            policy(crm, path, flow=name)

    def differences(self, acts: list[tuple[Any, ...]]) -> list[str]:
        """Where pycrm and the model part."""
        self.number += 1
        first = {name: some[0] for name, some in VALUES.items()}
        with self.crm.session("rep_a") as session:
            details = {name: value for name, value in first.items() if name != "name"}
            draft = Customer.organization(
                "A", email=f"c{self.number}@example.com", source="exhibition", **details
            )
            customer = session.add(draft)
        day = (self.crm.calendar_day(self.clock.now()) - FIRST).days
        return differences(Model(first, day), Played(self.crm, self.clock, customer), acts)


@pytest.fixture
def stage(crm: CRM, clock: FixedClock) -> Stage:
    """A stage on the test's database."""
    return Stage(crm, clock)


def _agree(stage: Stage, examples: int) -> None:
    @given(acts=ACTS)
    @settings(max_examples=examples, **COMMON)
    def play(acts: list[tuple[Any, ...]]) -> None:
        assert stage.differences(acts) == []

    play()


def test_amendments_end_as_the_model_says(stage: Stage) -> None:
    """State, values, refusals and inboxes follow the rules, whatever people do and in whatever order."""
    _agree(stage, 15)


@pytest.mark.torture
def test_amendments_end_as_the_model_says_for_long(stage: Stage) -> None:
    """The same, over thousands of stories."""
    _agree(stage, EXAMPLES)


Fault = Callable[[pytest.MonkeyPatch], None]

FAULTS: dict[str, Fault] = {
    "no conflict is seen": lambda patch: patch.setattr(
        AmendmentLine, "is_conflicting", property(lambda line: False)
    ),
    "the submitter may decide": lambda patch: (
        patch.setattr(judge, "is_author", lambda tx, one: False),
        patch.setattr(route.Approvers, "_able", lambda self, one, people: list(dict.fromkeys(people))),
    )[0],
    "a day to come has come": lambda patch: patch.setattr(together, "is_ahead", lambda tx, one: False),
    "paths stay taken": lambda patch: patch.setattr(book, "release_paths", lambda tx, one: None),
    "each step is needed": lambda patch: patch.setattr(route, "_is_needed", lambda step, some: True),
    "what is agreed is not done": lambda patch: patch.setattr(together, "perform", lambda *given: None),
    "paths are not taken": lambda patch: patch.setattr(book, "claim_paths", lambda *given: None),
    "the day of an amendment is never due": lambda patch: patch.setattr(due, "settle", lambda tx, one: one),
    "a decision does not count": lambda patch: patch.setattr(
        together, "decided", lambda tx, one, task, state, because: {task.id: {"state": ApprovalState.LAPSED}}
    ),
}


ASKED = ("amend", "rep_a", {"name": "B"}, 0)
LATER = ("amend", "rep_a", {"name": "B"}, 1)
AGREED = ("approve", "lead_e", 0)
# What people would have to do for each fault to show.
STORIES: dict[str, list[tuple[Any, ...]]] = {
    "no conflict is seen": [ASKED, ("write", "dir", "name", "C"), AGREED],
    "the submitter may decide": [("amend", "lead_e", {"name": "B"}, 0), AGREED],
    "a day to come has come": [LATER, AGREED],
    "paths stay taken": [ASKED, ("reject", "lead_e", 0), ASKED],
    "each step is needed": [("amend", "rep_a", {"employees": 110}, 0), AGREED],
    "what is agreed is not done": [ASKED, AGREED],
    "paths are not taken": [ASKED, ASKED],
    "the day of an amendment is never due": [LATER, AGREED, ("pass_days", 1)],
    "a decision does not count": [
        *(("amend", "rep_a", {"employees": 150}, 0), AGREED, ("withdraw", "rep_a", 0)),
    ],
}


def _planted(database: str) -> Stage:
    clock = FixedClock("2026-06-30T09:00:00+08:00")
    return Stage(CRM(database, clock=clock, random=random.Random(7)), clock)


def test_each_planted_fault_is_found(sqlite_database: str) -> None:
    """Each of nine faults makes pycrm and the model part in a story that is fine without it."""
    stage = _planted(sqlite_database)
    assert FAULTS.keys() == STORIES.keys()
    for fault, acts in STORIES.items():
        assert stage.differences(acts) == [], fault
        with pytest.MonkeyPatch.context() as patch:
            FAULTS[fault](patch)
            assert stage.differences(acts) != [], fault
    stage.crm.close()


@pytest.mark.torture
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_chance(
    sqlite_database: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random stories find each of the faults too."""
    stage = _planted(sqlite_database)
    FAULTS[fault](monkeypatch)
    found: list[str] = []

    @seed(20260630)
    @given(acts=ACTS)
    @settings(max_examples=EXAMPLES, phases=[Phase.generate], database=None, **COMMON)
    def play(acts: list[tuple[Any, ...]]) -> None:
        if not found:
            found.extend(stage.differences(acts))

    play()
    stage.crm.close()
    assert found != []
