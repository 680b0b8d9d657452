"""Grades that people set: by an amendment, for a time, beside the computed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
from house import enterprise

from pycrm import (
    CRM,
    Amendment,
    AmendmentMode,
    AmendmentPolicy,
    AmendmentRequiredError,
    Customer,
    FixedClock,
    GradeOverride,
    InvalidError,
    NotFoundError,
)
from pycrm.scoring.model import ScoreModel

from .shop import filed, marked, opened, sold
from .test_scores import TODAY, run

Open = Callable[..., CRM]
MARKED = ScoreModel("marked", 1, "Marked", {"C": 1}, "MC01:1")
ON_PAPER = "agreed with the board"
SET = {"grade": "A", "until": date(2026, 7, 31), "reason": "they build a second plant"}


@attrs.frozen
class World:
    """Two customers of rep_a with 70 and 30 points, so with the grades B and D."""

    crm: CRM
    customers: tuple[Customer, Customer]


@pytest.fixture
def world(open_crm: Open) -> World:
    """A shop that has scored its two customers."""
    return scored(open_crm)


@pytest.fixture
def sqlite_world(sqlite_database: str, clock: FixedClock) -> Iterator[World]:
    """The same on SQLite alone, for what no database has a part in."""

    def open_crm(**options: Any) -> CRM:
        return CRM(sqlite_database, clock=clock, **options)

    made = scored(open_crm)
    yield made
    made.crm.close()


def scored(open_crm: Open) -> World:
    """Open the shop, enter its people and customers, and run the model."""
    crm = opened(open_crm, MARKED)
    cast = enterprise(crm)
    first, second = filed(crm, 2, cast.people["rep_a"])
    marked(crm, first, TODAY, C01=70)
    marked(crm, second, TODAY, C01=30)
    run(crm, "marked")
    return World(crm, (first, second))


def set_grade(world: World, who: str = "lead_e", **values: Any) -> Any:
    """Ask for a grade of the first customer."""
    with world.crm.session(who) as session:
        customer = session.get(world.customers[0].ref)
        return session.amend(customer, because=ON_PAPER, **{**SET, **values})


def told(world: World, who: str = "rep_a") -> Any:
    """The score of the first customer as somebody is told it."""
    with world.crm.view(who) as session:
        return session.score(world.customers[0])


def listed(world: World, who: str = "rep_a", **options: Any) -> list[tuple[str, str]]:
    """Grade in force and computed grade of each customer in somebody's list, the best score first."""
    with world.crm.view(who) as session:
        found = session.scores("marked", **options)
        short = session.graded(world.customers)
        assert all(
            (short[one.customer.id].grade, short[one.customer.id].score) == (one.grade, one.score)
            for one in found
        )
        return [(one.grade, one.computed) for one in found]


def chosen(world: World) -> tuple[dict[str, int], int]:
    """How many customers have each grade, and how many an expression finds with an A."""
    with world.crm.view("dir") as session:
        return dict(Counter(session.grades().values())), len(session.choose("grade = A").customers)


def test_a_set_grade_is_in_force_until_its_day_and_leaves_the_score(world: World, clock: FixedClock) -> None:
    """VAL-7: until the end of 31 July the grade is A, with B shown beside it; score and runs stay as they are."""
    set_grade(world)
    run(world.crm, "marked")
    found = told(world)
    assert (found.grade, found.computed, found.own, found.score) == ("A", "B", "B", Decimal("70.00"))
    over = found.override
    assert (over.grade, over.until, over.reason) == ("A", date(2026, 7, 31), "they build a second plant")
    assert listed(world) == [("A", "B"), ("D", "D")]
    assert (listed(world, grade="A"), listed(world, grade="B")) == ([("A", "B")], [])
    with world.crm.view("rep_a") as session:
        history = session.score_history(world.customers[0])
        assert [(one.grade, one.override) for one in history] == [("B", None), ("B", None)]
        assert session.grade_changes(world.customers[0]) == []
    assert chosen(world) == ({"A": 1, "D": 1}, 1)
    clock.set("2026-07-31T23:59:59+08:00")
    assert told(world).grade == "A"
    clock.set("2026-08-01T00:00:00+08:00")
    ended = told(world)
    assert (ended.grade, ended.override, ended.score) == ("B", None, Decimal("70.00"))
    assert (listed(world, grade="A"), listed(world, grade="B")) == ([], [("B", "B")])
    assert chosen(world) == ({"B": 1, "D": 1}, 0)


def test_an_override_without_end_reason_or_known_grade_is_refused(sqlite_world: World) -> None:
    """VAL-E5: nobody sets a grade without end and reason, one that no model has, or one for days gone by."""
    world = sqlite_world
    for values, problems in (
        ({"until": None}, {"until": "required"}),
        ({"reason": None}, {"reason": "required"}),
        ({"until": None, "reason": None}, {"until": "required", "reason": "required"}),
        ({"reason": "why"}, {"reason": "type"}),
        ({"grade": "Z"}, {"grade": "unknown"}),
        ({"grade": "unrated"}, {"grade": "unknown"}),
        ({"until": date(2026, 6, 29)}, {"until": "range"}),
    ):
        with pytest.raises(InvalidError) as refused:
            set_grade(world, **values)
        assert {one.path: one.code for one in refused.value.fields} == problems
    assert told(world).override is None


def test_no_write_goes_past_the_amendment(sqlite_world: World) -> None:
    """Neither adding nor changing sets a grade: each is answered with what an amendment needs."""
    world = sqlite_world
    first = world.customers[0]
    with world.crm.session("lead_e") as session, pytest.raises(AmendmentRequiredError) as refused:
        session.add(GradeOverride(of=first, **SET))
    assert set(refused.value.data["current"]) == {"grade", "until", "reason"}
    set_grade(world)
    with world.crm.session("lead_e") as session:
        over = session.facet(first, GradeOverride)
        for values in ({"grade": "C"}, {"until": date(2027, 1, 1)}, {"reason": "for ever"}):
            with pytest.raises(AmendmentRequiredError):
                session.change(over, **values)
    assert told(world).override.until == date(2026, 7, 31)


def test_a_set_grade_waits_for_consent_where_a_policy_asks_for_it(sqlite_world: World) -> None:
    """With a policy the leader's word sets the grade that a salesperson asks for, and ends it again."""
    world = sqlite_world
    with world.crm.session("admin") as session:
        session.add(AmendmentPolicy(entity="GradeOverride", path="grade", mode=AmendmentMode.APPROVAL))
    asked = set_grade(world, who="rep_a", split=True)
    assert isinstance(asked, Amendment)
    assert told(world).grade == "B"
    with world.crm.session("lead_e") as session:
        assert session.approve(session.get(asked.ref)).state == "applied"
    assert told(world).grade == "A"
    with world.crm.session("rep_a") as session:
        session.amend(
            session.get(world.customers[0].ref), because="the plant is not built", until=date(2026, 6, 29)
        )
    assert told(world).override is None


def test_a_set_grade_is_seen_with_its_customer_and_its_fields(world: World) -> None:
    """Who does not see the customer learns nothing, and who may not see the set grade is told the computed one."""
    from scope.rights import ruled

    set_grade(world)
    with world.crm.view("rep_b") as session:
        assert session.scores("marked") == []
        assert session.graded(world.customers) == {}
        for ask in (session.score, session.grade_changes):
            with pytest.raises(NotFoundError):
                ask(world.customers[0])
    ruled(world.crm, "staff", ("GradeOverride.reason", "hidden", False))
    assert told(world).override == attrs.evolve(told(world, "lead_e").override, reason=None)
    ruled(world.crm, "staff", ("GradeOverride.grade", "hidden", False))
    assert (told(world).grade, told(world).override) == ("B", None)
    assert (listed(world, grade="A"), listed(world, grade="B")) == ([], [("B", "B")])
    assert listed(world, "lead_e", grade="A") == [("A", "B")]


def test_a_part_of_a_hidden_field_is_left_out_and_the_others_are_told(open_crm: Open) -> None:
    """Whoever may not see amounts is told 70 marks of the customer and its score, and nothing of its amount."""
    from scope.rights import ruled

    both = attrs.evolve(MARKED, key="both", weights={"T": 1, "C": 1}, items="MT90:1 MC01:1")
    crm = opened(open_crm, both)
    cast = enterprise(crm)
    (customer,) = filed(crm, 1, cast.people["rep_a"])
    marked(crm, customer, TODAY, C01=70)
    sold(crm, customer, TODAY, 900)
    run(crm, "both")
    ruled(crm, "staff", ("Sale.net", "hidden", False))
    with crm.view("rep_a") as session:
        found = session.score(customer, "both")
    # The only amount there is lies in the middle of all: 50 points, of which and of 70 the mean is 60.
    assert [one[5:] for one in found.parts] == [
        (None, "hidden", None, 0.0, 0.0),
        (70, "ok", 70.0, 0.5, 35.0),
    ]
    assert found.score == 60


def test_a_set_grade_lies_over_the_models_that_know_it(open_crm: Open) -> None:
    """A customer of two models with other grades has the set grade by the one that has it, and by the other its own."""
    medals = attrs.evolve(MARKED, key="medals", bands=(("gold", 60.0), ("silver", 0.0)))
    crm = opened(open_crm, MARKED, medals)
    (customer,) = filed(crm, 1)
    marked(crm, customer, TODAY, C01=70)
    for key in ("marked", "medals"):
        run(crm, key)
    with crm.session(crm.system("board")) as session:
        session.amend(customer, because=ON_PAPER, **{**SET, "grade": "silver"})
        assert session.score(customer, "marked").grade == "B"
        found = session.score(customer, "medals")
        assert (found.grade, found.computed) == ("silver", "gold")


def test_changes_of_grades_are_read_with_their_customer(open_crm: Open, clock: FixedClock) -> None:
    """A rise from D to A in a run is told to whoever sees the customer, by model and with its moment."""
    crm = opened(open_crm, MARKED, attrs.evolve(MARKED, key="other"))
    (customer,) = filed(crm, 1)
    marked(crm, customer, TODAY, C01=30)
    run(crm, "marked")
    run(crm, "other")
    clock.set("2026-07-01T09:00:00+08:00")
    marked(crm, customer, date(2026, 7, 1), C01=90)
    made = run(crm, "marked", date(2026, 7, 1))
    with crm.view(crm.system("looking")) as session:
        (change,) = session.grade_changes(customer)
        assert (change.model, change.former, change.grade, change.run) == ("marked", "D", "A", made.id)
        assert change.at == clock.now()
        assert [one.run for one in session.grade_changes(customer, "marked")] == [made.id]
        assert session.grade_changes(customer, "other") == []


def test_an_erased_person_has_no_scores_left(open_crm: Open, clock: FixedClock) -> None:
    """Scores with their inputs, changes of grades and what was set go with the person, and nobody else's do."""
    crm = opened(open_crm, MARKED)
    (company,) = filed(crm, 1)
    with crm.session(crm.system("cases")) as session:
        wang = session.add(Customer.person("Wang Lei", mobile="13800138000", source="shop"))
    for day, points in ((TODAY, 30), (date(2026, 7, 1), 90)):
        clock.set(f"{day}T09:00:00+08:00")
        for one in (company, wang):
            marked(crm, one, day, C01=points)
        run(crm, "marked", day)
    with crm.session(crm.system("board")) as session:
        session.amend(wang, because=ON_PAPER, **SET)
        session.erase(wang, because="asked for it in writing")
    with crm.view(crm.system("looking")) as session:
        left = session.get(wang.ref)
        assert (session.score(left), session.score_history(left), session.grade_changes(left)) == (
            None,
            [],
            [],
        )
        assert [one.customer.id for one in session.scores("marked")] == [company.id]
        assert len(session.score_history(company)) == 2
        assert len(session.grade_changes(company)) == 1
        assert session.facet(left, GradeOverride).reason == "[erased]"
