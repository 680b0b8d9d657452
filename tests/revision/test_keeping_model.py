"""Random dealings with people, and a small model that says whose time of keeping is over on a random day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import (
    CRM,
    Contact,
    Customer,
    FixedClock,
    Lead,
    LeadContactPoint,
    LegalHold,
    Note,
    RetentionPeriod,
    Source,
)
from pycrm.entities.customer import Department
from pycrm.entities.party import ContactPointKind
from pycrm.revision.erase import keeping

KINDS = ("Customer", "Contact", "Lead")
NAMES = ("Ann", "Ben", "Cai", "Dov")
BEGIN = date(2026, 6, 30)

# So many days later somebody does one thing with one of the people.
_acts = st.tuples(
    st.integers(0, 200), st.sampled_from(["enter", "employ", "lead", "note", "hold"]), st.sampled_from(NAMES)
)
_stories = st.lists(_acts, min_size=4, max_size=14)
_periods = st.dictionaries(st.sampled_from(KINDS), st.integers(1, 30), max_size=3)


class World:
    """The CRM and the model, in step."""

    def __init__(self, crm: CRM, clock: FixedClock) -> None:
        self.crm, self.clock = crm, clock
        self.kinds: dict[str, set[str]] = {}
        self.written: dict[str, date] = {}
        self.held: dict[str, date] = {}
        self.refs: dict[str, Any] = {}
        self.leads: dict[str, Any] = {}
        self.day = BEGIN
        with crm.session("rep_a") as session:
            self.firm = session.add(Customer.organization("Works", mobile="13900000001", source="exhibition"))

    def act(self, days: int, what: str, name: str) -> None:
        """One thing, where it can be done."""
        self.day += timedelta(days=days)
        self.clock.set(datetime.combine(self.day, datetime.min.time(), self.crm.zone) + timedelta(hours=9))
        with self.crm.session(self.crm.system("suit") if what == "hold" else "rep_a") as session:
            done = getattr(self, f"_{what}")(session, name)
        if done:
            self.written[done] = self.day

    def _enter(self, session: Any, name: str) -> str | None:
        if name in self.refs:
            return None
        mobile = f"1380013800{NAMES.index(name)}"
        made = session.add(Customer.person(name, mobile=mobile, source="exhibition"))
        self.refs[name], self.kinds[name] = made.party, {"Customer"}
        return name

    def _employ(self, session: Any, name: str) -> str | None:
        if name not in self.refs or "Contact" in self.kinds[name]:
            return None
        session.add(Contact(person=self.refs[name], customer=self.firm, department=Department.USER))
        self.kinds[name].add("Contact")
        return name

    def _lead(self, session: Any, name: str) -> str | None:
        alone = f"lead {name}"
        if alone in self.refs:
            return None
        points = [LeadContactPoint(kind=ContactPointKind.WECHAT, value=alone)]
        source = session.named(Source, "exhibition")
        self.refs[alone] = session.add(Lead(name=alone, contact_points=points, source=source)).ref
        self.kinds[alone] = {"Lead"}
        return alone

    def _note(self, session: Any, name: str) -> str | None:
        if name in self.refs:
            (customer,) = session.find(Customer, Customer.party == self.refs[name])
            session.add(Note(customer=customer, body="was here"))
            return name
        if f"lead {name}" in self.refs:
            session.add(Note(lead=self.refs[f"lead {name}"], body="was here"))
            return f"lead {name}"
        return None

    def _hold(self, session: Any, name: str) -> None:
        if name in self.refs:
            until = self.day + timedelta(days=400)
            session.add(LegalHold(party=self.refs[name], reason="a suit", until=until))
            self.held[name] = max(until, self.held.get(name, until))

    def expected(self, periods: dict[str, int], day: date) -> set[Any]:
        """Whom the model lets go."""
        gone = set()
        for name, kinds in self.kinds.items():
            if kinds <= set(periods) and self.held.get(name, date.min) < self.day:
                months = max(periods[kind] for kind in kinds)
                last = self.written[name]
                count = (day.year - last.year) * 12 + day.month - last.month - (day.day < last.day)
                if count >= months:
                    gone.add(self.refs[name])
        return gone


def played(crm: CRM, clock: FixedClock, story: Any, periods: dict[str, int], ahead: int) -> None:
    """Play a story, and compare whom the product and the model let go by a day ahead."""
    crm.migrate()
    enterprise(crm)
    world = World(crm, clock)
    for one in story:
        world.act(*one)
    with crm.session(crm.system("privacy")) as session:
        for entity, months in periods.items():
            session.add(RetentionPeriod(entity=entity, months=months, reason="minimisation"))
    day = world.day + timedelta(days=ahead)
    assert {one.record for one in crm.expired(day)} == world.expected(periods, day)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=_stories, periods=_periods, ahead=st.integers(0, 900))
def test_whom_the_model_lets_go_the_product_does(story: Any, periods: dict[str, int], ahead: int) -> None:
    """Whatever was entered, noted and held, on SQLite in memory: the same people."""
    clock = FixedClock(f"{BEGIN}T09:00:00+08:00")
    with CRM("sqlite://", clock=clock) as crm:
        played(crm, clock, story, periods, ahead)


# Everybody entered, two employed, one of them noted late, one held.
STORY = [
    *((0, "enter", name) for name in NAMES),
    *((0, "lead", name) for name in NAMES[:2]),
    (10, "employ", "Ann"),
    (0, "employ", "Ben"),
    (90, "note", "Ben"),
    (20, "note", "Cai"),
    (30, "hold", "Dov"),
]
PERIODS = {"Customer": 3, "Contact": 4, "Lead": 2}


@pytest.mark.parametrize("left_out", [None, "Contact"])
def test_a_long_story_ends_alike_on_both(
    open_crm: Callable[..., CRM], clock: FixedClock, left_out: str | None
) -> None:
    """With a period for every kind and without one of them, on both databases as in the model."""
    played(open_crm(), clock, STORY, {one: PERIODS[one] for one in PERIODS if one != left_out}, 60)


@pytest.mark.parametrize("fault", ["holds", "kinds", "links", "shortest"])
def test_the_model_sees_a_rule_that_is_missing(
    open_crm: Callable[..., CRM], clock: FixedClock, fault: str
) -> None:
    """Were holds, other kinds or links forgotten, or the shortest period taken, the story would tell."""
    with pytest.MonkeyPatch.context() as patch:
        _plant(patch, fault)
        with pytest.raises((AssertionError, KeyError)):
            test_a_long_story_ends_alike_on_both(open_crm, clock, "Contact" if fault == "kinds" else None)


def _plant(patch: pytest.MonkeyPatch, fault: str) -> None:
    import sqlalchemy as sa

    from pycrm.entities.party import Party, PartyKind
    from pycrm.revision.erase.graph import Graph

    if fault == "holds":
        patch.setattr(keeping, "lasting_holds", lambda tx: sa.false())
    elif fault == "kinds":
        person = Party.__table__.c.kind == PartyKind.PERSON.value
        patch.setattr(keeping._Keeping, "_of_party", lambda self, key: iter([person]))
        patch.setattr(keeping._Keeping, "_months", lambda self, names: max(self.periods.values()))
    elif fault == "links":
        patch.setattr(keeping, "graph_of", lambda tx, cls, ids: Graph({cls: {id: {id} for id in ids}}))
        patch.setattr(keeping._Keeping, "_months", lambda self, names: min(self.periods.values()))
    else:
        patch.setattr(
            keeping._Keeping, "_months", lambda self, names: min(self.periods[one] for one in names)
        )
