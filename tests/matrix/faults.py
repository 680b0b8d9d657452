"""Faults to plant in scope, gateway and verbs, each of which the matrix must see (S33)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scope import faults as scope_faults

from pycrm.entities.org import Action
from pycrm.exchange import exporting
from pycrm.revision import access, add, assign, claim, guard, owner
from pycrm.scope import actor, predicate, reason, sharing
from pycrm.scope.children import any_record
from pycrm.session import reading

Plant = Callable[[pytest.MonkeyPatch], None]
# Each fault, and the trials by which it shows.
FAULTS: dict[str, tuple[Plant, tuple[str, ...]]] = {}


def through(*trials: str) -> Callable[[Plant], Plant]:
    """Enter a fault with the trials that must see it."""

    def enter(plant: Plant) -> Plant:
        FAULTS[plant.__name__.replace("_", " ")] = plant, trials
        return plant

    return enter


@through("change")
def updating_checks_the_reading_scope_alone(patch: pytest.MonkeyPatch) -> None:
    """Whoever reads a record may change it."""
    _guard_by(patch, Action.UPDATE)


@through("archive", "restore")
def archiving_checks_the_reading_scope_alone(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds the right to delete puts away whatever is in sight."""
    _guard_by(patch, Action.DELETE)


def _guard_by(patch: pytest.MonkeyPatch, action: str) -> None:
    scope_of = guard.scope_of
    patch.setattr(
        guard,
        "scope_of",
        lambda tx, cls, asked, *more: scope_of(tx, cls, Action.READ if asked == action else asked, *more),
    )


@through("archive")
def archiving_without_scope(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id may put the record away."""
    patch.setattr(guard, "scope_of", lambda *given: predicate.Scope(None, (), {}))


@through("export")
def exporting_without_the_right(patch: pytest.MonkeyPatch) -> None:
    """Whoever reads may take out."""
    patch.setattr(exporting, "bounds", lambda who, cls, action: actor.Bounds(everything=True))
    query = exporting.Query
    patch.setattr(exporting, "Query", lambda tx, cls, conditions, action: query(tx, cls, conditions))


@through("assign afar", "add for another")
def assigning_outside_the_reach(patch: pytest.MonkeyPatch) -> None:
    """A record goes to anybody, whoever hands it on."""
    for module in (assign, owner):
        patch.setattr(module, "may_assign", lambda tx, cls, unit: True)


@through("add", "add all")
def adding_without_the_right(patch: pytest.MonkeyPatch) -> None:
    """Whoever signs in may add."""
    patch.setattr(add, "_permitted", lambda tx, cls: None)


@through("add")
def linking_to_anything(patch: pytest.MonkeyPatch) -> None:
    """A new record hangs on one that its author does not see."""
    patch.setattr(add, "check_links", lambda tx, record: None)


@through("share")
def sharing_on(patch: pytest.MonkeyPatch) -> None:
    """What was shared or delegated is passed on."""
    patch.setattr(sharing, "_within_own_leader", lambda tx, share: True)
    reached = sharing.reached

    def by_anything(tx: Any, who: Any, *asked: Any) -> Any:
        is_asker = tx.actor is not None and who.name == tx.actor.name
        return reached(tx, tx.actor if is_asker else who, *asked)

    patch.setattr(sharing, "reached", by_anything)


@through("why", "accesses")
def asking_by_a_share(patch: pytest.MonkeyPatch) -> None:
    """Whoever was lent a record may ask who else has it."""
    for module in (reason, access):
        patch.setattr(module, "leads", lambda tx, record: bool(reason.reasons(tx, tx.actor, record, "read")))


@through("duplicates")
def a_reach_of_none_that_gives(patch: pytest.MonkeyPatch) -> None:
    """A grant of reach none counts as a grant."""
    patch.setattr(
        claim,
        "may_function",
        lambda who, function, action: any(one.entity == function for one in who.held if one.action == action),
    )


@through("get", "children")
def got_by_id(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id gets the record."""
    patch.setattr(reading, "fetch_one", any_record)
    patch.setattr(reading.Reading, "_in_sight", lambda self, record: record)


@through("find", "count")
def a_role_reads_what_another_kind_allows(patch: pytest.MonkeyPatch) -> None:
    """What is granted for customers holds for everything."""
    scope_faults.other_entity(patch)


@through("find", "page", "count")
def a_leader_of_a_subtree_sees_the_unit_alone(patch: pytest.MonkeyPatch) -> None:
    """Who leads a subtree sees nothing below."""
    scope_faults.unit_for_subtree(patch)


@through("get", "find")
def shares_give_nothing(patch: pytest.MonkeyPatch) -> None:
    """What is shared stays hidden."""
    patch.setattr(predicate, "_shared", lambda *given: [])


@through("export", "archive", "assign")
def a_share_to_read_gives_everything(patch: pytest.MonkeyPatch) -> None:
    """A shared record is its receiver's to do with what the role allows."""
    shared = predicate._shared
    patch.setattr(
        predicate, "_shared", lambda tx, who, cls, action, *more: shared(tx, who, cls, Action.READ, *more)
    )


@through("find", "count")
def a_reach_of_none_is_all(patch: pytest.MonkeyPatch) -> None:
    """A grant of reach none gives everything."""
    bounds = predicate.bounds

    def wide(who: Any, cls: Any, action: str) -> Any:
        found = bounds(who, cls, action)
        return actor.Bounds(everything=True) if found.nothing else found

    patch.setattr(predicate, "bounds", wide)


__all__ = ["FAULTS"]
