"""Lists that are merged from streams: the same rows in the same order as the rules give, for everybody."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from house import Cast, enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import CRM, Customer, FixedClock, InvalidError, NotReadError, Opportunity

from .compare import reached, sees_all
from .faults_streams import BOUNDED, EVERYWHERE, FILTERED, WALKED, Plant, walking
from .rights import ruled, statements
from .worlds import CLASSES, TODAY, Assigned, Kept, Lent, Settled, StandIn, World, settle

NOW = "2026-06-30T09:00:00+08:00"
ORDERS: dict[str, Any] = {"Customer": Customer.name, "Opportunity": Opportunity.expected_close}
MOST_PAGES = 60


def crowded(customers: dict[str, Kept], opportunities: dict[str, Kept]) -> World:
    """Six units with a person each, and five more who reach several of them in different ways."""
    reaches = {reach: (("*", reach),) for reach in ("own", "unit", "subtree")}
    people = {"in a": "a", "in aa": "aa", "in ab": "ab", "in b": "b", "in c": "c", "in hq": "hq"}
    rows = (
        *(("head", "subtree", "hq"), ("nested", "subtree", "a"), ("nested", "subtree", "aa")),
        *(("nested", "subtree", "c"), ("units", "unit", "a"), ("units", "unit", "b")),
        *(("units", "own", "hq"), ("standin", "unit", "c"), ("mixed", "own", "a"), ("mixed", "unit", "b")),
        *(("mixed", "subtree", "a"), ("in a", "own", "a"), ("in b", "own", "b"), ("in c", "own", "c")),
    )
    world = World(
        {"hq": None, "a": "hq", "aa": "a", "ab": "a", "b": "hq", "c": "hq"},
        people | {"head": "hq", "nested": "b", "units": "hq", "standin": "c", "mixed": "b"},
        reaches,
        tuple(Assigned(*row, TODAY, None) for row in rows),
        customers,
        opportunities,
        moved=None,
        transferred=("head", "hq"),
        redirected=("", ""),
        size=1,
        falling=False,
        delegations=tuple(StandIn(giver, "standin", TODAY, TODAY) for giver in ("in a", "in b")),
    )
    lent = next((name for name, kept in customers.items() if kept.owner == "in c"), None)
    return attrs.evolve(world, shares=(Lent(lent, "in c", "mixed", None),)) if lent else world


OWNERS = ("in a", "in aa", "in ab", "in b", "in c", "in hq", "mixed")


@st.composite
def crowds(draw: st.DrawFn) -> World:
    """That enterprise with up to thirty customers and ten opportunities, many of them alike."""
    kept = st.tuples(st.sampled_from(OWNERS), st.sampled_from("xyz"), st.sampled_from([False] * 4 + [True]))
    customers = {
        f"c{at:02}": Kept("Customer", owner, archived, name)
        for at, (owner, name, archived) in enumerate(draw(st.lists(kept, min_size=1, max_size=30)))
    }
    deal = st.tuples(kept, st.sampled_from(list(customers)), st.integers(1, 3))
    opportunities = {
        f"o{at:02}": Kept("Opportunity", owner, archived, name, customer, None, day(days))
        for at, ((owner, name, archived), customer, days) in enumerate(draw(st.lists(deal, max_size=10)))
    }
    return crowded(customers, opportunities)


def day(days: int) -> Any:
    """So many days after the catalogue's today."""
    return TODAY.replace(month=7, day=days)


# A condition of each class, and who meets it.
NAMES = ("x", "z", "name 1", "name 3", "name 5")
CONDITIONS: dict[str, tuple[Any, Callable[[Kept], bool]]] = {
    "Customer": (Customer.name.in_(NAMES), lambda kept: kept.name in NAMES),
    "Opportunity": (
        Opportunity.expected_close > day(1),
        lambda kept: kept.close is not None and kept.close > day(1),
    ),
}
# How many customers somebody owns there, where it is not four.
UNEVEN = {"in a": 7, "in aa": 1, "in ab": 0}


def rich_crowd() -> World:
    """That enterprise with some customers of each person, all alike, the third of each archived."""
    customers = {
        f"c{at} {owner}": Kept("Customer", owner, at == 2, f"name {at}")
        for at in range(max(UNEVEN.values()))
        for owner in OWNERS
        if at < UNEVEN.get(owner, 4)
    }
    opportunities = {
        f"o {owner}": Kept("Opportunity", owner, False, "deal", customer, None, day(1 + at % 2))
        for at, (owner, customer) in enumerate(zip(OWNERS, reversed(customers), strict=False))
    }
    return crowded(customers, opportunities)


def differences(crm: CRM, world: World, sizes: tuple[int, ...] = (1, 2, 3, 50)) -> Iterator[str]:
    """Where pages, the first rows and capped counts are not what the reference gives."""
    made = settle(crm, world)
    for user, entity, falling in itertools.product(world.users, CLASSES, (False, True)):
        live = {name: kept for name, kept in reached(made, user, entity).items() if not kept.archived}
        assert not sees_all(world, user)
        for what, given_, expected in _asked(made, user, entity, falling, live, sizes):
            if given_ != expected:
                yield f"{user} {entity} {what} falling={falling}: {given_}, by the reference {expected}"


def _asked(
    made: Settled, user: str, entity: str, falling: bool, live: dict[str, Kept], sizes: tuple[int, ...]
) -> Iterator[tuple[str, Any, Any]]:
    cls, ids = CLASSES[entity], made.ids(entity)
    names = {id: name for name, id in ids.items()}
    expected = sorted(live, key=lambda name: (live[name].close or live[name].name, ids[name]))
    expected = expected[::-1] if falling else expected
    order = ORDERS[entity].desc() if falling else ORDERS[entity]
    condition, is_met = CONDITIONS[entity]
    met = [name for name in expected if is_met(live[name])]
    with made.crm.view(made.users[user]) as session:
        if falling == (entity == "Customer"):
            # One direction of each is enough, and cheaper.
            pages = list(itertools.islice(turned(session, cls, order, 2, condition), MOST_PAGES))
            yield "pages with a condition", [names[one.id] for page in pages for one in page], met
        for size in sizes:
            pages = list(itertools.islice(turned(session, cls, order, size), MOST_PAGES))
            yield f"pages of {size}", [names[one.id] for page in pages for one in page], expected
            yield f"counted to {size}", session.count(cls, limit=size), min(size, len(expected))
            if not falling:
                found = session.find(cls, order=order, limit=size)
                yield f"first {size}", [names[one.id] for one in found], expected[:size]


def turned(session: Any, cls: Any, order: Any, size: int, *conditions: Any) -> Iterator[Any]:
    """The pages of a list, one after the other."""
    after = None
    while True:
        page = session.page(cls, *conditions, order=order, size=size, after=after)
        yield page
        after = page.next
        if after is None:
            return


@given(world=crowds())
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[
        *(HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large),
    ],
)
def test_everybody_turns_the_pages_that_the_rules_give(crm: CRM, world: World) -> None:
    """Whoever owns what: each reads every row once, in order, by any way of reach and pages of any size."""
    assert list(differences(crm, world)) == []


def test_the_crowd_of_the_faults_is_right(crm: CRM) -> None:
    """In the enterprise that faults are looked for in, everybody's pages are what the rules give."""
    assert list(differences(crm, rich_crowd())) == []


def test_the_crowd_walks_to_the_same_pages(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is led along the list, and to the merge where that finds too few, turns the same pages."""
    walking(monkeypatch)
    assert list(differences(crm, rich_crowd())) == []


@pytest.mark.parametrize("plant", EVERYWHERE + WALKED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_in_the_streams_is_seen(
    crm: CRM, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the streams wrong in this way, somebody in that enterprise would turn other pages."""
    plant(monkeypatch)
    if plant in WALKED:
        walking(monkeypatch)
    assert next(differences(crm, rich_crowd()), None)


@pytest.mark.parametrize("plant", FILTERED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_in_the_walk_with_conditions_is_seen(
    sqlite_database: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a walk with conditions wrong in this way, somebody in that enterprise would turn other pages."""
    walking(monkeypatch)
    plant(monkeypatch)
    with CRM(sqlite_database, clock=FixedClock(NOW)) as crm:
        assert next(differences(crm, rich_crowd()), None)


@pytest.mark.postgresql
@pytest.mark.parametrize("plant", BOUNDED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_in_the_bounded_merge_is_seen(
    postgresql_database: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the merge of units wrong in this way, somebody in that enterprise would turn other pages."""
    plant(monkeypatch)
    with CRM(postgresql_database, clock=FixedClock(NOW)) as crm:
        assert next(differences(crm, rich_crowd()), None)


@pytest.fixture
def people(crm: CRM) -> Cast:
    """The people of the catalogue with their customers."""
    return enterprise(crm, customers=True)


def asked(crm: CRM, login: str, ask: Callable[[Any], Any]) -> str:
    """The last statement that a question of somebody sends."""
    with crm.view(login) as session:
        session.count(Customer, limit=1)
        with statements() as seen:
            ask(session)
    return seen[-1]


def test_pages_of_leaders_are_merged(crm: CRM, people: Cast, database: str) -> None:
    """Who leads a subtree gets a bounded merge on PostgreSQL, who also has a share a union on both."""
    is_server = database.startswith("postgresql")
    for ask in (
        lambda session: session.page(Customer, order=Customer.name),
        lambda session: session.page(Customer, order=Customer.name.desc()),
        lambda session: session.find(Customer, order=Customer.name, limit=50),
        lambda session: session.count(Customer, limit=10_001),
    ):
        assert ("LATERAL" in asked(crm, "lead_e", ask)) == is_server
        assert "LATERAL" not in asked(crm, "rep_a", ask) + asked(crm, "dir", ask)
        assert "UNION SELECT" not in asked(crm, "rep_a", ask)
    with crm.session("rep_b") as session:
        (theirs,) = session.find(Customer, limit=1)
        session.share(theirs, user=people.people["rep_a"], because="joint visit")
    text = asked(crm, "rep_a", lambda session: session.page(Customer, order=Customer.name))
    assert "UNION SELECT" in text
    assert " OR " not in text


def far(owner: str, name: str, number: int) -> dict[str, Kept]:
    """So many customers of somebody, of names that begin alike."""
    return {
        f"{name}{at:02} {owner}": Kept("Customer", owner, False, f"{name} {at:02}") for at in range(number)
    }


def test_who_reaches_much_of_the_list_walks_along_it(crm: CRM) -> None:
    """Of four units in six pages are found along the list; where a walk finds too few the merge answers."""
    made = settle(crm, crowded(far("in a", "m", 9) | far("in b", "n", 60) | far("in c", "z", 9), {}))

    def sent(size: int, after: str | None) -> tuple[list[str], list[bool], str]:
        with statements() as seen:
            page = session.page(Customer, order=Customer.name, size=size, after=after)
        own = [text for text in seen if "FROM crm_customer" in text]
        assert page.next is not None
        return [one.name for one in page], ["CASE WHEN" in text for text in own], page.next

    with crm.view(made.users["nested"]) as session:
        names, ways, after = sent(1, None)
        assert (names, ways) == (["m 00"], [True])
        assert sent(1, after)[:2] == (["m 01"], [True])
        after = sent(7, after)[2]
        assert sent(1, after)[:2] == (["m 08"], [True, False])
        assert sent(1, after)[:2] == (["m 08"], [False])
        assert sent(1, None)[:2] == (["m 00"], [True])


def test_hidden_fields_stay_hidden_on_merged_pages(crm: CRM, people: Cast) -> None:
    """A leader whose role hides a field reads none of it, and cannot order by it."""
    ruled(crm, "leader", ("Customer.channel", "hidden"), ("Customer.name", "hidden"))
    with crm.view("lead_e") as session, pytest.raises(InvalidError):
        session.page(Customer, order=Customer.name)
    ruled(crm, "leader", ("Customer.name", "plain"))
    with crm.view("lead_e") as session:
        page = session.page(Customer, order=Customer.name, size=5)
        with pytest.raises(NotReadError):
            _ = page.items[0].channel
        assert len(page) == 5
