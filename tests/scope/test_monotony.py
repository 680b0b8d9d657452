"""Taking a right away gives nobody anything, and a moved unit counts as if it had always stood there (T04)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from evidence import asked_for, keep, next_seed
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pycrm import CRM, FixedClock
from pycrm.entities.org import FieldReading, Reach
from pycrm.scope import actor, fields, organisation, predicate
from pycrm.session import unit

from .monotony import Enterprise, enterprise, gains, moved_apart
from .worlds import TODAY, Assigned, StandIn, World, rich_world, settle, worlds

EXAMPLE = "what one person may do after one right less, compared with what it was before"
CHECKS = 100_000
# So many enterprises are one chunk of the long run.
ENTERPRISES = 100
COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [
        *(HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large),
    ],
}
Plant = Callable[[pytest.MonkeyPatch], None]


def checks(crm: CRM, world: World, chance: int) -> Iterator[str | None]:
    """Of each check of one enterprise: None, or what is wrong."""
    made = enterprise(crm, world, chance)
    for words, gained in gains(made, chance):
        yield f"{words} gained {sorted(gained)}" if gained else None
    # Roles as they were entered: the unit moves in an enterprise from which nothing was taken.
    for words, apart in moved_apart(Enterprise(settle(crm, world))):
        yield f"{words} differs by {sorted(apart)}" if apart else None


@given(world=worlds(), chance=st.integers(0, 2**32))
@settings(max_examples=6, **COMMON)
def test_taking_a_right_gives_nobody_anything(sqlite_crm: CRM, world: World, chance: int) -> None:
    """Without a grant, a role, a share or a delegation nobody has a row, a field or an action more."""
    assert [one for one in checks(sqlite_crm, world, chance) if one] == []


@pytest.fixture
def sqlite_crm(sqlite_database: str, clock: FixedClock) -> Iterator[CRM]:
    """A CRM on SQLite with identifiers of its own."""
    crm = CRM(sqlite_database, clock=clock)
    yield crm
    crm.close()


def none_that_takes(patch: pytest.MonkeyPatch) -> None:
    """A grant of reach none takes what another gives."""
    bounds = actor._bounds

    def taking(who: Any, cls: Any, action: str) -> Any:
        taken = any(
            one.reach is Reach.NONE and one.action == action and one.entity in ("*", cls.__name__)
            for one in who.held
        )
        return actor.Bounds() if taken else bounds(who, cls, action)

    patch.setattr(actor, "_bounds", taking)


def narrowest_counts(patch: pytest.MonkeyPatch) -> None:
    """Of several grants the narrowest counts."""
    _bounded(
        patch, lambda held: attrs.evolve(held, everything=False, units=(), roots=()) if held.own else held
    )


def wider_without(patch: pytest.MonkeyPatch) -> None:
    """Who holds nothing for a kind of record gets all of it."""
    _bounded(patch, lambda held: actor.Bounds(everything=True) if held.nothing else held)


def _bounded(patch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    bounds = predicate.bounds
    patch.setattr(predicate, "bounds", lambda who, cls, action: change(bounds(who, cls, action)))


def strictest_rule(patch: pytest.MonkeyPatch) -> None:
    """Of several roles the one that hides a field counts."""
    rank = {FieldReading.HIDDEN: 2, FieldReading.MASKED: 1, FieldReading.PLAIN: 0}
    patch.setattr(fields, "_RANK", rank)


def delegation_replaces(patch: pytest.MonkeyPatch) -> None:
    """Who stands in for somebody has that person's reach instead of the own."""
    widened = unit.widened

    def replaced(tx: Any, who: Any) -> Any:
        found = widened(tx, who)
        given_ = tuple(one for one in found.held if one.giver is not None)
        return attrs.evolve(found, held=given_ or found.held)

    patch.setattr(unit, "widened", replaced)


def share_replaces(patch: pytest.MonkeyPatch) -> None:
    """Whom a record is shared with sees what is shared alone."""
    pair = predicate._pair
    patch.setattr(predicate, "_pair", lambda who, *more: [] if who.shares else pair(who, *more))


def tree_not_moved(patch: pytest.MonkeyPatch) -> None:
    """A unit moves, and what is derived from the tree stays."""
    patch.setattr(organisation, "move_unit", lambda tx, moved, parent: None)


FAULTS: tuple[Plant, ...] = (
    *(none_that_takes, narrowest_counts, wider_without, strictest_rule),
    *(delegation_replaces, share_replaces, tree_not_moved),
)


def plural_world() -> World:
    """The rich enterprise, in which people hold several roles and stand in for each other."""
    rich = rich_world()
    further = [Assigned(user, "own", "hq", TODAY, None) for user in ("top", "east", "west", "desk")]
    further += [Assigned("rep", "subtree", "east2", TODAY, None), Assigned("west", "none", "hq", TODAY, None)]
    absences = (*rich.delegations, StandIn("east", "west", TODAY, TODAY), StandIn("rep", "top", TODAY, TODAY))
    return attrs.evolve(rich, assignments=(*rich.assignments, *further), delegations=absences)


def caught(crm: CRM, plant: Plant) -> bool:
    """Whether some check fails in that enterprise, with and without what is lent, while a fault is planted."""
    rich = plural_world()
    alone = attrs.evolve(rich, shares=(), delegations=())
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return any(any(checks(crm, world, chance)) for chance in range(12) for world in (alone, rich))


def test_the_enterprise_of_the_faults_is_right(sqlite_crm: CRM) -> None:
    """In the enterprise that faults are looked for in, nobody gains by a loss."""
    assert [one for one in checks(sqlite_crm, plural_world(), 1) if one] == []


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_seen(sqlite_crm: CRM, plant: Plant) -> None:
    """Were rights to take, roles to narrow, or trees to lag behind, somebody would gain by a loss."""
    assert caught(sqlite_crm, plant)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_hundred_thousand_checks(sqlite_crm: CRM) -> None:
    """In a hundred thousand checks nobody gains, and the figures are kept as evidence."""
    tried, wanted, failures = 0, asked_for(CHECKS), []
    while tried < wanted and not failures:
        tried += _chunk(sqlite_crm, failures)
    assert failures == []


def _chunk(crm: CRM, failures: list[str]) -> int:
    """Check some enterprises and keep the figures; gives the number of checks."""
    chance, began, made = next_seed("T04", "sqlite"), time.monotonic(), 0
    found: list[str | None] = []

    @seed(chance)
    @settings(max_examples=ENTERPRISES, phases=(Phase.generate,), **COMMON)
    @given(world=worlds(), chance=st.integers(0, 2**32))
    def check(world: World, chance: int) -> None:
        nonlocal made
        made += 1
        found.extend(checks(crm, world, chance))

    check()
    failures += [one for one in found if one]
    figures = {
        "database": "sqlite",
        "seed": chance,
        "examples": len(found),
        "enterprises": made,
        "failures": len(failures),
        "seconds": round(time.monotonic() - began),
    }
    keep("T04", EXAMPLE, CHECKS, figures)
    return len(found)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_how_many_faults_are_seen(sqlite_crm: CRM) -> None:
    """Each planted fault is seen, which is kept as evidence."""
    seen = [plant.__name__ for plant in FAULTS if caught(sqlite_crm, plant)]
    keep("T04", EXAMPLE, CHECKS, {"database": "sqlite", "planted": len(FAULTS), "caught": len(seen)})
    assert len(seen) == len(FAULTS)
