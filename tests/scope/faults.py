"""Faults to plant in the scope, each of which the comparison with the reference must see.

They reach into the rooms on purpose: a fault lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import CRM, Customer
from pycrm.revision import change
from pycrm.scope import actor, aggregate, gateway, organisation, paging, predicate, sharing
from pycrm.scope.children import any_record
from pycrm.session import reading, unit

Plant = Callable[[pytest.MonkeyPatch], None]


def _bounded(patch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    bounds = predicate.bounds
    patch.setattr(predicate, "bounds", lambda who, cls, action: change(bounds(who, cls, action)))


def unit_for_subtree(patch: pytest.MonkeyPatch) -> None:
    """A leader of a subtree sees the unit itself alone."""
    _bounded(patch, lambda held: attrs.evolve(held, units=held.units + held.roots, roots=()))


def subtree_for_unit(patch: pytest.MonkeyPatch) -> None:
    """A leader of one unit sees those below too."""
    _bounded(patch, lambda held: attrs.evolve(held, units=(), roots=held.units + held.roots))


def own_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody sees what is their own."""
    _bounded(patch, lambda held: attrs.evolve(held, own=False))


def other_entity(patch: pytest.MonkeyPatch) -> None:
    """What is granted for customers holds for everything."""
    bounds = predicate.bounds
    patch.setattr(predicate, "bounds", lambda who, cls, action: bounds(who, Customer, action))


def one_level_off(patch: pytest.MonkeyPatch) -> None:
    """A subtree begins below its own unit."""
    pair = predicate._pair

    def off(who: Any, reach: Any, owner: Any, unit: Any, terms: Any) -> list[Any]:
        found = pair(who, attrs.evolve(reach, roots=()), owner, unit, terms)
        if reach.roots:
            terms.shape.append(("roots", len(reach.roots)))
            closure = predicate.UnitClosure.__table__.c
            above = closure.ancestor_id.in_([terms.bind(root) for root in reach.roots])
            below = sa.select(closure.descendant_id).where(above, closure.depth > sa.literal_column("0"))
            found.append(predicate.Path(unit.in_(below), unit, below))
        return found

    patch.setattr(predicate, "_pair", off)


def own_forgotten_of_parent(patch: pytest.MonkeyPatch) -> None:
    """The owner of a customer does not see what others do there."""
    pair = predicate._pair

    def without(who: Any, reach: Any, owner: Any, unit: Any, terms: Any) -> list[Any]:
        own = reach.own and not owner.name.startswith("parent")
        return pair(who, attrs.evolve(reach, own=own), owner, unit, terms)

    patch.setattr(predicate, "_pair", without)


def parent_forgotten(patch: pytest.MonkeyPatch) -> None:
    """An opportunity is seen through its own owner alone."""
    pair = predicate._pair
    patch.setattr(
        predicate, "_pair", lambda *given: [] if given[2].name.startswith("parent") else pair(*given)
    )


class _Both:
    """SQLAlchemy, where either has become both."""

    or_ = staticmethod(sa.and_)

    def __getattr__(self, name: str) -> Any:
        return getattr(sa, name)


def both_for_either(patch: pytest.MonkeyPatch) -> None:
    """A record must be in reach by every path instead of by one."""
    patch.setattr(predicate, "sa", _Both())


def dates_ignored(patch: pytest.MonkeyPatch) -> None:
    """A role counts before it begins and after it has ended."""
    resolve, today = actor.resolve, CRM.calendar_day

    def every(tx: Any, who: Any, **options: Any) -> Any:
        held: list[Any] = []
        for days in (-9, -1, 0, 1):
            shifted = timedelta(days=days)
            patch.setattr(CRM, "calendar_day", lambda crm, moment, by=shifted: today(crm, moment) + by)
            found = resolve(tx, who, **options)
            held += found.held
        patch.setattr(CRM, "calendar_day", today)
        return attrs.evolve(found, held=tuple(held))

    patch.setattr(unit, "resolve", every)


def day_late(patch: pytest.MonkeyPatch) -> None:
    """A role begins and ends a day late."""
    today = CRM.calendar_day
    patch.setattr(CRM, "calendar_day", lambda crm, moment: today(crm, moment) - timedelta(days=1))


def archived_counted(patch: pytest.MonkeyPatch) -> None:
    """What was archived is counted."""
    query = aggregate.query
    patch.setattr(aggregate, "query", lambda tx, cls, conditions=(): query(tx, cls, conditions, True))


def archived_paged(patch: pytest.MonkeyPatch) -> None:
    """What was archived is on the pages of lists."""
    query = paging.query
    for room in (paging, gateway):
        patch.setattr(room, "query", lambda tx, cls, conditions=(): query(tx, cls, conditions, True))


def tree_not_moved(patch: pytest.MonkeyPatch) -> None:
    """A unit moves, and what is derived from the tree stays."""
    patch.setattr(organisation, "move_unit", lambda tx, moved, parent: None)


def records_left_behind(patch: pytest.MonkeyPatch) -> None:
    """A person moves to another unit, and the records stay."""
    patch.setattr(organisation, "follow", lambda tx, user, home: None)


def copies_left_behind(patch: pytest.MonkeyPatch) -> None:
    """An opportunity goes to another customer and stays with the former owner's people."""
    patch.setattr(change, "_new_place", lambda tx, made, differing: {})


def got_without_scope(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id gets the record."""
    patch.setattr(reading, "fetch_one", any_record)


def read_without_scope(patch: pytest.MonkeyPatch) -> None:
    """A condition on the customer reads customers that are hidden."""
    scope_of = gateway.scope_of

    def open_to_conditions(tx: Any, cls: Any, *action: Any) -> Any:
        found = scope_of(tx, cls, *action)
        return predicate.Scope(None, (), {}) if cls is Customer and found.where is not None else found

    patch.setattr(gateway, "scope_of", open_to_conditions)


def share_beyond_its_giver(patch: pytest.MonkeyPatch) -> None:
    """A share shows the record though its giver sees it no more."""
    patch.setattr(sharing, "reached", lambda tx, who, cls, action, ids: set(ids))


def share_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A share goes on after its last day."""
    today = sharing._today
    patch.setattr(sharing, "_today", lambda tx: today(tx) - timedelta(days=9))


def share_without_what_hangs_on_it(patch: pytest.MonkeyPatch) -> None:
    """A shared customer comes without its opportunities."""
    plain = predicate._shared

    def alone(tx: Any, who: Any, cls: Any, *more: Any) -> list[Any]:
        return plain(tx, who, cls, *more) if cls is Customer else []

    patch.setattr(predicate, "_shared", alone)


def passed_on(patch: pytest.MonkeyPatch) -> None:
    """Whoever stands in for somebody passes on what others gave that person."""
    base, deep = sharing._base, []

    def wide(tx: Any, id: Any) -> Any:
        found = base(tx, id)
        if found is None or deep:
            return found
        deep.append(id)
        try:
            return sharing.widened(tx, found)
        finally:
            deep.pop()

    patch.setattr(sharing, "_base", wide)


def nothing_given(patch: pytest.MonkeyPatch) -> None:
    """Shares and delegations give nothing."""
    patch.setattr(unit, "widened", lambda tx, who: who)


FAULTS: tuple[Plant, ...] = (
    *(unit_for_subtree, subtree_for_unit, own_forgotten, other_entity, one_level_off),
    *(own_forgotten_of_parent, parent_forgotten, both_for_either, dates_ignored, day_late),
    *(archived_counted, archived_paged, tree_not_moved, records_left_behind, copies_left_behind),
    *(got_without_scope, read_without_scope),
    *(share_beyond_its_giver, share_for_ever, share_without_what_hangs_on_it, passed_on, nothing_given),
)
