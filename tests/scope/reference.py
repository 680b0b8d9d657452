"""Who sees what, a second time: plain Python over plain data, without SQL and without pycrm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .worlds import Assigned, Kept, World


def is_below(world: World, unit: str | None, root: str) -> bool:
    """Whether a unit is another one or lies below it, by walking up."""
    while unit is not None:
        if unit == root:
            return True
        unit = world.units[unit]
    return False


def covers(world: World, held: Assigned, reach: str, owner: str | None) -> bool:
    """Whether one grant, held by one assignment, covers what that person owns."""
    if reach in ("all", "none") or owner is None:
        return reach == "all"
    home = world.users[owner]
    return {
        "own": owner == held.user,
        "unit": home == held.unit,
        "subtree": is_below(world, home, held.unit),
    }[reach]


def sees(world: World, user: str, record: Kept, today: date) -> bool:
    """Whether a person reads a record: by the own roles, by somebody else's reach, or by a share."""
    return (
        by_roles(world, user, record, today)
        or any(by_roles(world, giver, record, today) for giver in absent(world, user, today))
        or any(
            # The record itself: another may be equal to it in all that is kept here.
            any(record is each for each in (shared, *hanging_on(world, one.record)))
            and by_roles(world, one.giver, shared, today)
            for one in world.shares
            for shared in [world.records[one.record]]
            if one.receiver in (user, world.users[user]) and (one.until is None or today <= one.until)
        )
    )


def absent(world: World, user: str, today: date) -> list[str]:
    """Whom this person stands in for today."""
    return [
        one.giver for one in world.delegations if one.receiver == user and one.since <= today <= one.until
    ]


def hanging_on(world: World, name: str) -> list[Kept]:
    """The opportunities of a customer."""
    return [one for one in world.opportunities.values() if one.customer == name]


def by_roles(world: World, user: str, record: Kept, today: date) -> bool:
    """By any grant, through the record's owner or its customer's (SCO-4, SCO-5)."""
    return any(True for _ in reaching(world, user, record, today))


def reaching(world: World, user: str, record: Kept, today: date) -> Iterator[tuple[str, str, str]]:
    """The grants that reach a record: role, class and reach of each."""
    owners = [record.owner] + ([world.customers[record.customer].owner] if record.customer else [])
    for held in world.assignments:
        if held.user != user or today < held.since or (held.until is not None and held.until < today):
            continue
        for entity, reach in world.roles[held.role]:
            if entity in ("*", record.entity) and any(covers(world, held, reach, one) for one in owners):
                yield held.role, entity, reach
