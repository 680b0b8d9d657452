"""Who sees what, a second time: plain Python over plain data, without SQL and without pycrm."""

from __future__ import annotations

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
    """Whether a person reads a record: by any grant, through its owner or its customer's (SCO-4, SCO-5)."""
    owners = [record.owner] + ([world.customers[record.customer].owner] if record.customer else [])
    return any(
        covers(world, held, reach, owner)
        for held in world.assignments
        if held.user == user and held.since <= today and (held.until is None or today <= held.until)
        for entity, reach in world.roles[held.role]
        if entity in ("*", record.entity)
        for owner in owners
    )
