"""What the writer of a unique value is told of a record out of sight that holds it (S14, S15, T09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import (
    CRM,
    Action,
    ClaimPolicy,
    ConflictError,
    ContactPoint,
    ContactPointKind,
    Customer,
    FixedClock,
    ForbiddenError,
    Grant,
    Reach,
    RefusedError,
    Role,
    RoleAssignment,
)

Open = Callable[..., CRM]
NUMBER = "13800008000"


def opened(open_crm: Open, policy: ClaimPolicy, **options: Any) -> CRM:
    """The enterprise, with one policy for everything; the administrator decides on duplicates."""
    crm = open_crm(claims={"*": policy}, **options)
    cast = enterprise(crm)
    with crm.session(crm.system("test")) as session:
        grants = [Grant(entity="duplicates", action=Action.READ, reach=Reach.ALL)]
        arbiter = session.add(Role(name="arbiter", grants=grants))
        session.add(
            RoleAssignment(
                user=cast.people["admin"],
                role=arbiter,
                unit=cast.units["HQ"],
                since=crm.calendar_day(session.now),
            )
        )
    return crm


def enter(crm: CRM, login: str, name: str, number: str = NUMBER) -> Any:
    """Enter a customer; the answer as its writer has it."""
    try:
        with crm.session(login) as session:
            return session.add(Customer.organization(name, mobile=number, source="exhibition"))
    except RefusedError as refused:
        return refused.as_dict()


@pytest.mark.parametrize("policy", [ClaimPolicy.SILENT, ClaimPolicy.ARBITER])
def test_nothing_is_told_of_a_hidden_record(open_crm: Open, policy: ClaimPolicy) -> None:
    """rep_w enters the number of a customer in the East and is answered as if nobody had it."""
    crm = opened(open_crm, policy)
    first = enter(crm, "rep_a", "Hongda")
    second = enter(crm, "rep_w", "Hongda West")
    assert isinstance(second, Customer)
    with crm.view("admin") as session:
        pairs = [(one.record, one.other) for one in session.duplicates()]
    assert pairs == ([(second.party, first.party)] if policy is ClaimPolicy.ARBITER else [])


def test_a_hidden_record_is_a_refusal_and_no_more(open_crm: Open) -> None:
    """Under the policy ask, which is the default, the value is held elsewhere, by nobody named."""
    crm = opened(open_crm, ClaimPolicy.ASK)
    first = enter(crm, "rep_a", "Hongda")
    refused = enter(crm, "rep_w", "Hongda West")
    assert (refused["code"], refused["message"], refused["data"]) == (
        "conflict",
        "already held elsewhere",
        {},
    )
    assert str(first.party.id) not in str(refused)


def test_a_hidden_record_is_named_where_the_enterprise_wants_it(open_crm: Open) -> None:
    """Under the policy disclose the refusal carries the id of the record."""
    crm = opened(open_crm, ClaimPolicy.DISCLOSE)
    first = enter(crm, "rep_a", "Hongda")
    assert enter(crm, "rep_w", "Hongda West")["data"] == {"record": str(first.party.id), "entity": "Party"}


@pytest.mark.parametrize("policy", list(ClaimPolicy))
def test_a_record_in_sight_is_named_under_each_policy(open_crm: Open, policy: ClaimPolicy) -> None:
    """Whoever has the customer already is told which one it is, and nothing is saved twice."""
    crm = opened(open_crm, policy)
    first = enter(crm, "rep_a", "Hongda")
    for login in ("rep_a", "lead_e", "dir"):
        refused = enter(crm, login, "Hongda again")
        assert refused["data"] == {"record": str(first.party.id), "entity": "Party"}
    with crm.view("dir") as session:
        assert session.count(Customer) == 1


@pytest.mark.parametrize("policy", list(ClaimPolicy))
def test_a_value_that_is_given_up_is_free(open_crm: Open, policy: ClaimPolicy) -> None:
    """When the first customer has another number, the old one can be entered, and the new one not."""
    crm = opened(open_crm, policy)
    first = enter(crm, "rep_a", "Hongda")
    with crm.session("rep_a") as session:
        party = session.get(first.party)
        other = ContactPoint(kind=ContactPointKind.MOBILE, value="13900008000")
        session.change(party, contact_points=[other])
    assert isinstance(enter(crm, "rep_a", "Ningbo"), Customer)
    assert enter(crm, "rep_a", "Hongda again", "13900008000")["code"] == "conflict"


def test_nobody_spells_out_the_customers_of_others(open_crm: Open, clock: FixedClock) -> None:
    """After three answers in an hour there is a fourth one only in the next (T46)."""
    crm = opened(open_crm, ClaimPolicy.ASK, probes_per_hour=3)
    for index in range(4):
        enter(crm, "rep_a", f"Hongda {index}", f"1380000800{index}")
    said = [enter(crm, "rep_w", "guess", f"1380000800{index}")["code"] for index in range(4)]
    assert said == ["conflict", "conflict", "conflict", "forbidden"]
    assert isinstance(enter(crm, "rep_w", "Ningbo", "13900008000"), Customer)
    clock.advance(hours=1, seconds=1)
    assert enter(crm, "rep_w", "guess", "13800008003")["code"] == "conflict"


def test_guesses_within_one_session_count_too(open_crm: Open) -> None:
    """Neither going on after a refusal nor committing in the end takes a guess off the count."""
    crm = opened(open_crm, ClaimPolicy.ASK, probes_per_hour=3)
    enter(crm, "rep_a", "Hongda")
    said: list[str] = []
    with crm.session("rep_w") as session:
        for index in range(4):
            draft = Customer.organization(f"guess {index}", mobile=NUMBER, source="exhibition")
            with pytest.raises(RefusedError) as refused, session.attempt():
                session.add(draft)
            said.append(refused.value.code)
    assert said == ["conflict", "conflict", "conflict", "forbidden"]
    assert enter(crm, "rep_w", "guess")["code"] == "forbidden"


ACTS = st.lists(
    st.tuples(st.sampled_from(["rep_a", "rep_b", "rep_w"]), st.integers(0, 3)), min_size=1, max_size=8
)


@pytest.mark.parametrize("policy", [ClaimPolicy.SILENT, ClaimPolicy.ARBITER])
@given(acts=ACTS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_others_entered_changes_no_answer(
    open_crm: Open, policy: ClaimPolicy, acts: list[tuple[str, int]]
) -> None:
    """Each salesperson is answered as in a world without the others; the arbiter has the true pairs."""
    crm = opened_once(open_crm, policy)
    known: dict[str, dict[str, Any]] = {}
    offset = next(_OFFSETS) * 10
    wanted: set[tuple[Any, Any]] = set()
    for at, (login, number) in enumerate(acts):
        mobile = f"138{offset + number:08d}"
        given = enter(crm, login, f"{login} {at}", mobile)
        own = known.setdefault(login, {})
        # The world without the others: refused if, and only if, one's own customer has the number.
        assert isinstance(given, Customer) is (mobile not in own)
        if isinstance(given, Customer):
            wanted |= {(given.party, held[mobile]) for held in known.values() if mobile in held}
            own[mobile] = given.party
    with crm.view("admin") as session:
        ours = {party for held in known.values() for party in held.values()}
        found = {(one.record, one.other) for one in session.duplicates() if one.record in ours}
    assert found == (wanted if policy is ClaimPolicy.ARBITER else set())


_OFFSETS = iter(range(1, 10**6))
_OPENED: dict[Any, CRM] = {}


def opened_once(open_crm: Open, policy: ClaimPolicy) -> CRM:
    """One enterprise for all examples of a test."""
    crm = _OPENED.get(open_crm)
    if crm is None:
        crm = _OPENED[open_crm] = opened(open_crm, policy)
    return crm


def test_duplicates_are_for_those_who_decide_on_them(open_crm: Open) -> None:
    """Not even the director reads the pairs without the right to."""
    crm = opened(open_crm, ClaimPolicy.ARBITER)
    for login in ("rep_a", "dir"):
        with crm.view(login) as session, pytest.raises(ForbiddenError):
            session.duplicates()


def test_one_act_does_not_enter_a_value_twice(open_crm: Open) -> None:
    """Two new customers with the same number are refused together, though the policy is silent."""
    crm = opened(open_crm, ClaimPolicy.SILENT)
    drafts = [
        Customer.organization(name, mobile=NUMBER, source="exhibition") for name in ("Hongda", "Ningbo")
    ]
    with pytest.raises(ConflictError), crm.session("rep_a") as session:
        session.add_all(drafts)
