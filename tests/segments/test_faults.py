"""Were a rule of segments and treatments broken, what holds it would fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, ConflictError, Customer, FieldReading, FieldRule, FixedClock, InvalidError, Ref, Role
from pycrm.plugins.segments import (
    Segment,
    SegmentKind,
    SegmentMember,
    Treatment,
    TreatmentState,
    fairness,
    membership,
    rules,
    treating,
    trial,
)
from pycrm.scoring.choice import checking, choosing, clause, terms
from pycrm.scoring.feeds import segments
from pycrm.scoring.value import count

from .test_choosing import ask_within_a_scope, enter_people
from .world import PLUGINS, World

Patch = pytest.MonkeyPatch
DAY = date(2026, 5, 20)


def _chosen(world: World, text: str, **options: Any) -> set[str]:
    with world.crm.view("dir") as session:
        ids = {one.id for one in session.choose(text, **options).customers}
        return {one.name for one in session.find(Customer) if one.id in ids}


def _not_is_the_opposite(world: World) -> None:
    assert _chosen(world, "not industry = steel") == {"b", "c", "d"}


def _ages_are_days(world: World) -> None:
    assert _chosen(world, "founded_on older than 29 days") == {"a", "e"}


def _regions_hold_their_parts(world: World) -> None:
    assert _chosen(world, "region in East") == {"a", "b"}


def _the_day_of_leaving_is_without(world: World) -> None:
    assert _chosen(world, "in segment listed", as_of=DAY, segments=["listed"]) == {"a"}


def _the_list_says_the_same(world: World) -> None:
    with world.crm.view("dir") as session:
        listed = session.find(Segment, Segment.code == "listed")[0]
        assert len(membership.members(session, listed, DAY)) == 1


def _what_roles_hide_decides_nothing(world: World) -> None:
    with world.crm.view("dir") as session, pytest.raises(InvalidError):
        session.understand("trade_role = middleman", for_all=True)


def _the_higher_priority_comes_first(world: World) -> None:
    with world.crm.view("dir") as session:
        found = treating.effective(session.find(Treatment), "A", (), date(2026, 6, 30))
    assert found["contact_days"].value == 7


def _equals_are_refused(world: World) -> None:
    one = Treatment(
        name="x",
        priority=9,
        grade="A",
        contact_days=3,
        reason="You buy a lot from us.",
        since=date(2026, 2, 1),
        state=TreatmentState.PUBLISHED,
    )
    with world.crm.session("dir") as session, session.attempt(), pytest.raises(ConflictError):
        session.add(one)


def _circles_are_refused(world: World) -> None:
    with world.crm.session("dir") as session, session.attempt(), pytest.raises(InvalidError):
        session.add(Segment(code="me", name="Me", expression="in segment me"))


def _few_are_told(world: World) -> None:
    assert trial.compared([Decimal(1)] * 19, [Decimal(1)] * 300, None, "count").is_too_few


def _small_groups_are_kept_back(world: World) -> None:
    with world.crm.view("dir") as session:
        assert [one.customers for one in fairness.by_group(session, "XE01")] == [None, None, None]


def _identity(condition: Any) -> Any:
    return condition


def _still_in(code: str) -> Any:
    here = sa.or_(segments.until.is_(None), segments.until >= clause.as_of())
    return count(segments, where=sa.and_(segments.code == sa.literal(code, sa.Text()), here))


def _older(ending: int = 0, days: int | None = None) -> Any:
    return _WINDOW(days, ending=max(0, ending - 2))


_WINDOW = clause.Window
_INTERVALS = membership._intervals


def _with_the_day(session: Any, segment: Any, day: date) -> Any:
    left = session.find(SegmentMember, SegmentMember.segment == segment.id, SegmentMember.until == day)
    return [*_INTERVALS(session, segment, day), *left]


FAULTS: dict[str, tuple[Callable[[Patch], object], Callable[[World], None]]] = {
    "what is missing is neither true nor false": (
        lambda patch: patch.setattr(clause, "_sure", _identity),
        _not_is_the_opposite,
    ),
    "an age begins two days early": (lambda patch: patch.setattr(clause, "Window", _older), _ages_are_days),
    "regions have no parts": (
        lambda patch: patch.setattr(checking, "_is_within", lambda one, top, above: one == top),
        _regions_hold_their_parts,
    ),
    "the day of leaving counts": (
        lambda patch: patch.setattr(clause, "_membership", _still_in),
        _the_day_of_leaving_is_without,
    ),
    "the day of leaving is listed": (
        lambda patch: patch.setattr(membership, "_intervals", _with_the_day),
        _the_list_says_the_same,
    ),
    "everybody is told how many there are": (
        lambda patch: patch.setattr(choosing, "may", lambda tx, action: True),
        ask_within_a_scope,
    ),
    "everybody's customers are chosen": (
        lambda patch: patch.setattr(
            choosing.Clause, "__init__", _over_everybody(choosing.Clause.__init__, choosing.everybody)
        ),
        ask_within_a_scope,
    ),
    "rules of roles are passed over": (
        lambda patch: patch.setattr(terms, "_ruled", lambda tx: frozenset()),
        _what_roles_hide_decides_nothing,
    ),
    "the newer treatment comes first": (
        lambda patch: patch.setattr(treating, "_first", lambda one: one.since),
        _the_higher_priority_comes_first,
    ),
    "equal treatments stand side by side": (
        lambda patch: patch.setattr(rules, "refuse_overlap", lambda *given: None),
        _equals_are_refused,
    ),
    "circles are let through": (
        lambda patch: patch.setattr(rules, "_way", lambda *given: []),
        _circles_are_refused,
    ),
    "few are enough": (lambda patch: patch.setattr(trial, "FEWEST", 10), _few_are_told),
    "small groups are shown": (
        lambda patch: patch.setattr(fairness, "LEAST_SHOWN", 1),
        _small_groups_are_kept_back,
    ),
}


def _over_everybody(real: Any, everybody: Any) -> Any:
    def init(self: Any, crm: CRM, asked: Any, population: Any, **options: Any) -> None:
        real(self, crm, asked, everybody(), **options)

    return init


@pytest.fixture
def entered(sqlite_database: str, clock: FixedClock) -> Iterator[World]:
    """People with grades, two treatments, and a list that one of two has left."""
    crm = CRM(sqlite_database, plugins=PLUGINS, clock=clock)
    world = World(crm)
    clock.set("2026-01-02T09:00:00+08:00")
    names = enter_people(world)
    clock.set("2026-06-30T09:00:00+08:00")
    world.score()
    with world.crm.session(world.crm.system("what is there")) as session:
        listed = session.add(Segment(code="listed", name="Listed", kind=SegmentKind.STATIC))
        for id, name in names.items():
            if name in ("a", "b"):
                until = DAY if name == "b" else None
                since = date(2026, 4, 1)
                session.add(
                    SegmentMember(segment=listed, customer=Ref("Customer", id), since=since, until=until)
                )
        for priority, days, since in ((9, 7, date(2026, 1, 1)), (8, 30, date(2026, 2, 1))):
            session.add(
                Treatment(
                    name=f"T{priority}",
                    priority=priority,
                    grade="A",
                    contact_days=days,
                    since=since,
                    reason="You buy a lot from us.",
                    state=TreatmentState.PUBLISHED,
                )
            )
        staff = session.find(Role, Role.name == "staff", children=True)[0]
        hidden = FieldRule(entity="Customer", field_name="trade_role", read=FieldReading.HIDDEN)
        session.change(staff, rules=[*staff.rules, hidden])
    yield world
    crm.close()


def test_each_fault_is_seen(entered: World, monkeypatch: Patch) -> None:
    """Each planted fault turns what holds that rule red, which without it is green."""
    for name, (plant, check) in FAULTS.items():
        check(entered)
        with monkeypatch.context() as patch:
            plant(patch)
            try:
                check(entered)
            except (AssertionError, pytest.fail.Exception):
                continue
            pytest.fail(f"nobody saw that {name}")
