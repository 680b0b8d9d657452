"""Choosing by an expression gives those of whom it is true, as a plain reading of it finds them."""

from __future__ import annotations

import operator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm import Customer, FixedClock, ForbiddenError, InvalidError, Money, Organization, Ref, TradeRole
from pycrm.scoring.choice import text_of
from pycrm.scoring.choice.syntax import Amount, Joined, Not, Trait
from pycrm.store import Transaction

from .world import World, sell

TODAY = date(2026, 6, 30)
# Name, employees, revenue, founded, industry, listed, region, trade role, bought in cents.
PEOPLE: list[tuple[Any, ...]] = [
    ("a", 95, Money("500", "CNY"), date(2026, 5, 31), "steel", True, "East", "middleman", 100_000),
    ("b", 80, Money("500.01", "CNY"), date(2026, 6, 1), "Steel works", False, "East coast", None, 99_999),
    ("c", 79, Money("500", "USD"), date(2026, 6, 30), None, True, "West", "end_user", None),
    ("d", 0, None, None, 'a "b" %', False, None, "institution", 0),
    ("e", None, Money("0", "CNY"), date(1999, 1, 1), "steel", False, "West", "middleman", 100_001),
]
GRADES = {"a": "A", "b": "A", "c": "B", "d": "D", "e": "D"}
NAMES = {"employees": 1, "annual_revenue": 2, "founded_on": 3, "industry": 4, "listed": 5, "region": 6}
NAMES |= {"trade_role": 7, "T02": 8}
INSIDE = {"East": {"East", "East coast"}, "West": {"West"}, "East coast": {"East coast"}}

TRAITS = st.one_of(
    st.builds(
        Trait,
        st.sampled_from(["employees", "score"]),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.sampled_from([Decimal(0), Decimal("79.5"), Decimal(80), Decimal(95)]),
    ),
    st.builds(
        Trait,
        st.sampled_from(["annual_revenue", "T02"]),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.sampled_from([Decimal(0), Decimal(500), Amount(Decimal(500), "USD"), Decimal("1000")]),
    ),
    st.builds(
        Trait,
        st.just("founded_on"),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.sampled_from([date(2026, 6, 1), TODAY]),
    ),
    st.builds(
        Trait,
        st.just("founded_on"),
        st.sampled_from(["older than", "newer than"]),
        st.sampled_from([0, 29, 30, 1]),
    ),
    st.builds(
        Trait,
        st.sampled_from(["industry", "grade"]),
        st.sampled_from(["=", "!=", "contains"]),
        st.sampled_from(["steel", "A", "%", '"b"', "teel"]),
    ),
    st.builds(
        Trait,
        st.sampled_from(["industry", "grade", "region"]),
        st.sampled_from(["in", "not in"]),
        st.sampled_from([("East",), ("West", "East coast")]),
    ),
    st.builds(Trait, st.just("region"), st.sampled_from(["=", "!="]), st.sampled_from(["East", "West"])),
    st.builds(
        Trait, st.just("trade_role"), st.sampled_from(["=", "!="]), st.sampled_from(["middleman", "end_user"])
    ),
    st.builds(Trait, st.just("listed"), st.sampled_from(["=", "!="]), st.booleans()),
    st.just(Trait("listed")),
    st.builds(Trait, st.sampled_from(sorted(NAMES)), st.sampled_from(["is empty", "is not empty"])),
)
TREES = st.recursive(
    TRAITS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Joined, st.sampled_from(["and", "or"]), st.tuples(inner, inner)),
    ),
    max_leaves=6,
)
SIGNS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _is_true(node: Any, one: tuple[Any, ...]) -> bool:
    """Whether an expression is true of a customer, read word by word."""
    if isinstance(node, Joined):
        found = [_is_true(part, one) for part in node.parts]
        return all(found) if node.word == "and" else any(found)
    if isinstance(node, Not):
        return not _is_true(node.part, one)
    value = {"grade": GRADES[one[0]], "score": Decimal(one[1] or 0)}.get(node.name)
    if node.name == "T02":
        # Who bought nothing bought for nought: the indicator says so.
        value = Money.minor(one[8] or 0, "CNY")
    elif node.name in NAMES:
        value = one[NAMES[node.name]]
    if node.sign in ("is empty", "is not empty"):
        return (value is None) == (node.sign == "is empty")
    if node.sign in ("!=", "not in"):
        return not _is_true(attrs.evolve(node, sign="=" if node.sign == "!=" else "in"), one)
    return value is not None and _holds(node, value)


def _holds(node: Trait, value: Any) -> bool:
    if node.sign == "":
        return bool(value)
    if node.sign in ("older than", "newer than"):
        age = (TODAY - value).days
        return age > node.value if node.sign == "older than" else 0 <= age < node.value
    if node.sign == "contains":
        return node.value in value
    if node.sign == "in" and node.name == "region":
        return any(value in INSIDE[name] for name in node.value)
    if node.sign == "in":
        return value in node.value
    if isinstance(value, Money):
        given = node.value if isinstance(node.value, Amount) else Amount(node.value, "CNY")
        return value.currency == given.currency and SIGNS[node.sign](value.amount, given.number)
    return bool(SIGNS[node.sign](value, node.value))


def enter_people(world: World) -> dict[Any, str]:
    """Enter those of the table, and grade them; gives their names."""
    drafts = []
    for name, employees, revenue, founded, industry, listed, region, role, _ in PEOPLE:
        details = {"employees": employees, "annual_revenue": revenue, "founded_on": founded}
        details |= {"industry": industry, "listed": listed, "region": region}
        details["trade_role"] = None if role is None else TradeRole(role)
        drafts.append(Customer.organization(name, phone="1", source="exhibition", **details))
    made = world.act(lambda s: s.add_all(drafts), "rep_a")
    sell(
        world, ({"customer": one.id, "net": row[8]} for one, row in zip(made, PEOPLE, strict=True) if row[8])
    )
    world.score()
    return {one.id: one.name for one in made}


def test_the_statement_chooses_as_a_reader_would(world: World, clock: FixedClock) -> None:
    """Whatever is asked, those are chosen of whom it is true, on both databases, by one statement."""
    names = enter_people(world)

    @settings(max_examples=40)
    @given(TREES)
    def compare(tree: Any) -> None:
        with world.crm.view("dir") as session:
            session.understand(tree)
            found = {names[one.id] for one in session.choose(text_of(tree)).customers}
        assert found == {one[0] for one in PEOPLE if _is_true(tree, one)}, text_of(tree)

    compare()
    ask_within_a_scope(world)
    _ask_of_another_day(world)
    _count_statements(world)
    _ask_for_former_grades(world, clock, names)


def ask_within_a_scope(world: World) -> None:
    """Others see none of them, and who may not read scores is not told how many there are."""
    for who, seen, everybody in (("rep_a", 5, None), ("rep_b", 0, None), ("lead_e", 5, None), ("dir", 5, 5)):
        with world.crm.view(who) as session:
            found = session.choose("listed or not listed")
            assert (len(found.customers), found.everybody) == (seen, everybody)
            if who != "dir":
                with pytest.raises(ForbiddenError):
                    session.grades()
    with world.crm.view(world.crm.system("without scores", grants=["Customer", "Party"])) as session:
        assert session.choose("listed or not listed").everybody is None


def _ask_of_another_day(world: World) -> None:
    """Before they were filed nobody is chosen, and no day to come is asked for."""
    with world.crm.view("dir") as session:
        assert session.choose("listed or not listed", as_of=TODAY - timedelta(1)).customers == ()
        assert session.choose("created_at >= 2026-06-30 and created_at < 2026-07-01").everybody == 5
        assert session.choose("created_at > 2026-06-30 or created_at <= 2026-06-29").everybody == 0
        with pytest.raises(InvalidError, match="has not come yet"):
            session.choose("listed", as_of=TODAY + timedelta(1))


def _count_statements(world: World) -> None:
    """Fields, indicators, grades and segments together are asked for by one statement."""
    asked = "employees > 3 and T02 >= 1 and T01 < 9 and grade = A and last_contact_at is empty and not in segment x"
    real, seen = Transaction.fetch, []

    def counted(self: Any, statement: Any, values: Any = None) -> Any:
        seen.append(statement)
        return real(self, statement, values)

    with pytest.MonkeyPatch.context() as patch, world.crm.view("dir") as session:
        found = session.understand(asked, segments=["x"]).node
        patch.setattr(Transaction, "fetch", counted)
        assert session.choose(found, segments=["x"]).everybody == 2
        assert len(seen) == 1


def _ask_for_former_grades(world: World, clock: FixedClock, names: dict[Any, str]) -> None:
    """A grade as of a day is that of the last full run until then, and of those refreshed after it."""
    ids = {name: id for id, name in names.items()}

    def employ(name: str, employees: int) -> None:
        def change(session: Any) -> None:
            party = session.get(Customer, ids[name]).party
            session.change(session.get(Organization, party.id), employees=employees)

        world.act(change, "rep_a")

    clock.set("2026-07-10T09:00:00+08:00")
    employ("d", 85)
    world.score()
    clock.set("2026-07-20T09:00:00+08:00")
    employ("c", 99)
    world.act(lambda session: session.refresh_scores("size", [Ref("Customer", ids["c"])]))
    expected = {
        "2026-06-29": "",
        "2026-06-30": "ab",
        "2026-07-09": "ab",
        "2026-07-10": "abd",
        "2026-07-20": "abcd",
    }
    with world.crm.view("dir") as session:
        for day, graded in expected.items():
            as_of = date.fromisoformat(day)
            grades = session.grades(as_of=as_of, model="size")
            assert {names[ref.id] for ref, grade in grades.items() if grade == "A"} == set(graded)
            chosen = session.choose("grade = A and score >= 79.5", as_of=as_of).customers
            assert {names[one.id] for one in chosen} == set(graded)
        assert session.grades(model="another") == {}
    with world.crm.view("lead_e") as session:
        assert len(session.choose("grade = A").customers) == 4
    _ask_for_set_grades(world, clock, ids)


def _ask_for_set_grades(world: World, clock: FixedClock, ids: dict[str, Any]) -> None:
    """A grade that people set counts until its last day, and not where its reader may not see it."""

    def set_grade(session: Any) -> None:
        customer = session.get(Customer, ids["a"])
        session.amend(
            customer, grade="D", until=date(2026, 7, 31), reason="owes us money", because="owes us money"
        )

    world.act(set_grade)
    for day, number in (
        (date(2026, 7, 19), 3),
        (date(2026, 7, 20), 3),
        (date(2026, 7, 31), 3),
        (date(2026, 8, 1), 4),
    ):
        clock.set(f"{day.isoformat()}T09:00:00+08:00")
        with world.crm.view("dir") as session:
            assert session.choose("grade = A", as_of=day).everybody == number
            assert session.grades(as_of=day)[Ref("Customer", ids["a"])] == (
                "D" if day.day in (20, 31) else "A"
            )
