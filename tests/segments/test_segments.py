"""Segments: what may be saved, who is in one, and who is told of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from pycrm import (
    Activity,
    ActivityKind,
    ConflictError,
    Customer,
    FieldReading,
    FieldRule,
    FixedClock,
    ForbiddenError,
    InvalidError,
    Organization,
    Outcome,
    Role,
)
from pycrm.plugins.segments import Segment, SegmentKind, SegmentMember, Treatment
from pycrm.plugins.segments.membership import import_members, members, preview, refresh

from .world import World, customers

LEADS = "grade = A and last_contact_at older than 30 days and region in East"


def _contact(world: World, who: str, some: Any, days: int, outcome: Outcome | None = None) -> None:
    def enter(session: Any) -> None:
        for one in some:
            at = session.now - timedelta(days=days)
            session.add(
                Activity(
                    kind=ActivityKind.CALL, customer=one, started_at=at, summary="talked of this and that",
                    outcome=outcome,
                )
            )  # fmt: skip

    # What is that old a leader enters.
    world.act(enter, who)


def test_the_preview_of_the_catalogue(world: World) -> None:
    """Of 40 customers 9 are chosen: the leader of East sees 6 of them, top management all (SEG-S1)."""
    mine = customers(world, "lead_e", [90] * 6 + [50] * 10, region="East")
    theirs = customers(world, "lead_w", [85] * 3 + [50] * 7, region="East coast")
    elsewhere = customers(world, "lead_w", [95] * 6, region="West")
    recent = customers(world, "lead_e", [99] * 8, region="East")
    _contact(world, "lead_e", [*mine[:12], *recent], 31)
    _contact(world, "lead_w", [*theirs, *elsewhere], 40)
    _contact(world, "lead_e", recent, 30)
    # Nobody was reached: that was no contact.
    _contact(world, "lead_e", mine[:6], 2, Outcome.NO_ANSWER)
    world.score()
    with world.crm.view("lead_e") as session:
        seen = preview(session, LEADS)
    assert (seen.in_scope, seen.everybody, len(seen.examples)) == (6, None, 6)
    assert {one.id for one in seen.examples} == {one.id for one in mine[:6]}
    with world.crm.view("dir") as session:
        assert session.count(Customer) == 40
        seen = preview(session, LEADS)
        chinese = preview(session, LEADS, language="zh").in_words
    assert (seen.in_scope, seen.everybody, len(seen.examples)) == (9, 9, 9)
    assert seen.in_words == (
        "Grade is A, and Last contact is more than 30 days ago, and Region is East or part of it"
    )
    assert chinese == "等级为A，且最近联系在30天以前，且地区属于East"


def _segment(world: World, code: str, expression: str, who: Any = "dir") -> Segment:
    made: Segment = world.act(
        lambda session: session.add(Segment(code=code, name=code.title(), expression=expression)), who
    )
    return made


WRONG = [
    ("colour = red", 1, "unknown", "unknown field: colour"),
    ("strategic and Person.id_no = x", 15, "forbidden", "Person.id_no belongs to a special category of data"),
    ("gender = female", 1, "forbidden", "nobody is treated by gender"),
    ("birth_date > 1990-01-01", 1, "forbidden", "nobody is treated by birth_date"),
    ("score > A", 9, "type", "score is a number, and is compared with one"),
    ("grade > A", 1, "type", "grade is a text and is not compared by >"),
    ("grade", 1, "type", "grade stands for no condition"),
    ("employees older than 3 days", 1, "type", "employees is a number and is not compared by older than"),
    ("founded_on > 30", 14, "type", "founded_on is a date, and is compared with one"),
    ("needs contains tea", 1, "type", "needs is a list and is not compared by contains"),
    ("lifecycle = lost", 13, "unknown", "lifecycle is never lost: it is prospect, visitor, buyer"),
    ("region in Eastt", 11, "unknown", "no such region: Eastt"),
    ("parent_group = Hongda", 16, "unknown", "a customer cannot be named by a text"),
    ("in segment nobody", 1, "unknown", "there is no segment nobody"),
    ("XE02 > 3", 1, "unknown", "unknown field: XE02"),
    ("annual_revenue > true", 18, "type", "annual_revenue is a amount, and is compared with one"),
]


def test_what_makes_no_sense_is_not_saved(world: World) -> None:
    """Nobody saves an expression with a wrong name or an unlike comparison; its place is told (SEG-1)."""
    for expression, position, code, message in WRONG:
        with pytest.raises(InvalidError) as refused:
            _segment(world, "wrong", expression)
        assert refused.value.data["position"] == position
        found = [(one.code, one.message) for one in refused.value.fields]
        assert found == [(code, f"position {position}: {message}")]
    with pytest.raises(InvalidError) as refused:
        _segment(world, "wrong", "colour = red or gender = x or T99 > 3")
    assert [one.path for one in refused.value.fields] == ["expression/1", "expression/17", "expression/31"]
    _hide_a_field(world)


def _hide_a_field(world: World) -> None:
    """What some role is shown masked decides on no segment, and chooses nobody for who has that role."""
    with world.crm.session(world.crm.system("rights")) as session:
        staff = session.find(Role, Role.name == "staff", children=True)[0]
        hidden = FieldRule(entity="Organization", field_name="industry", read=FieldReading.HIDDEN)
        session.change(staff, rules=[*staff.rules, hidden])
    customers(world, "dir", [90], industry="steel")
    with world.crm.view("dir") as session:
        assert session.choose("industry = steel").everybody == 1
    for expression, who in (("industry = steel", "rep_a"), ("Organization.industry is empty", "rep_a")):
        with world.crm.view(who) as session, pytest.raises(InvalidError, match="unknown field"):
            session.choose(expression)
    with pytest.raises(InvalidError, match="not for everybody"):
        _segment(world, "steel", "industry = steel")


def test_members_come_and_go_by_days(world: World, clock: FixedClock) -> None:
    """Who was in a segment on a day has one answer, and the day of leaving is the first without (SEG-S4)."""
    clock.set("2026-04-01T09:00:00+08:00")
    big, small = customers(world, "rep_a", [90, 10])
    large = _segment(world, "large", "employees >= 50")
    _segment(world, "others", "not in segment large and lifecycle = prospect")
    done = world.act(refresh)
    assert [(one.code, one.entered, one.left, one.members) for one in done] == [
        ("large", 1, 0, 1),
        ("others", 1, 0, 1),
    ]
    clock.set("2026-05-20T09:00:00+08:00")
    company = world.act(lambda session: session.get(Organization, big.party.id), "rep_a")
    world.act(lambda session: session.change(company, employees=20), "rep_a")
    with world.crm.view("dir") as session:
        seen = preview(session, large)
    assert (seen.in_scope, seen.entering, seen.leaving) == (0, 0, 1)
    done = world.act(refresh)
    assert [(one.code, one.entered, one.left, one.members) for one in done] == [
        ("large", 0, 1, 0),
        ("others", 1, 0, 2),
    ]
    assert world.act(lambda session: refresh(session, ["others"]))[0].entered == 0
    with world.crm.view("dir") as session:
        days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 19), date(2026, 5, 20)]
        assert [len(members(session, large, day)) for day in days] == [0, 1, 1, 1, 0]
        chosen = [
            session.choose("in segment large", as_of=day, segments=["large"]).everybody for day in days[1:]
        ]
        assert chosen == [1, 1, 1, 0]
    with world.crm.view("rep_b") as session:
        assert members(session, large, date(2026, 5, 1)) == []
    with pytest.raises(ForbiddenError):
        world.act(refresh, "lead_e")
    _refuse_circles(world)
    _refuse_use(world, large)
    _import(world, [big, small])


def _refuse_circles(world: World) -> None:
    """A segment that comes back to itself is refused, with the way (SEG-4)."""
    with pytest.raises(InvalidError, match="a circle: me > me") as refused:
        _segment(world, "me", "strategic or in segment me")
    assert refused.value.data["position"] == 14
    first = world.act(lambda session: session.find(Segment, Segment.code == "large")[0])
    with pytest.raises(InvalidError, match="a circle: large > others > large"):
        world.act(lambda session: session.change(first, expression="in segment others"))


def _refuse_use(world: World, large: Segment) -> None:
    """What goes by a segment keeps it from being put away, and is listed (SEG-12)."""
    world.act(
        lambda session: session.add(
            Treatment(name="Large ones", priority=1, segment=large, contact_days=9, since=date(2026, 4, 1))
        )
    )
    with pytest.raises(ConflictError) as refused:
        world.act(lambda session: session.archive(large))
    assert refused.value.data["uses"] == ["Segment others", "Treatment Large ones"]


def _import(world: World, mine: list[Customer]) -> None:
    """Who lists customers enters those in sight; others are as unknown as what is not there (SEG-E4)."""
    hidden = customers(world, "rep_w", [5])[0]
    listed = world.act(lambda s: s.add(Segment(code="listed", name="Listed", kind=SegmentKind.STATIC)))
    codes = [mine[0].code, hidden.code, "NOSUCH", mine[0].code, mine[1].code]
    found = world.act(lambda session: import_members(session, listed, codes, why="fair"), "lead_e")
    assert (found.added, found.known) == (2, 0)
    assert [(one.path, one.code) for one in found.problems] == [
        ("1/code", "not_found"),
        ("2/code", "not_found"),
    ]
    again = world.act(lambda session: import_members(session, listed, codes[:1]), "lead_e")
    assert (again.added, again.known, again.problems) == (0, 1, ())
    with pytest.raises(InvalidError, match="its expression"):
        world.act(lambda s: import_members(s, s.find(Segment, Segment.code == "large")[0], codes), "lead_e")
    for act in (
        lambda s: s.add(SegmentMember(segment=listed, customer=mine[0], since=date(2026, 5, 20))),
        lambda s: s.change(s.find(SegmentMember)[0], until=date(2026, 5, 19)),
        lambda s: s.change_where(SegmentMember, until=date(2026, 5, 19)),
    ):
        with pytest.raises(ForbiddenError, match="who is in a segment"):
            world.act(act, "rep_a")
    with pytest.raises(InvalidError, match="dynamic segment has an expression"):
        world.act(lambda s: s.add(Segment(code="x", name="x")))
