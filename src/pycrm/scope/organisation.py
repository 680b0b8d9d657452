"""The closure table of units and the copies of owners, kept in step with the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import OWN_PAIR, PARENT_PAIR, Through
from pycrm.entities.org import OrgUnit, UnitClosure, User
from pycrm.errors import ConflictError, Problem
from pycrm.scope.children import keys

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["catch_up", "follow", "move_unit", "place_unit"]


def place_unit(tx: Transaction, unit: UUID, parent: UUID | None) -> None:
    """Enter a new unit under its parent into the closure."""
    closure = UnitClosure.__table__
    tx.execute(sa.insert(closure).values(ancestor_id=unit, descendant_id=unit, depth=0))
    if parent is not None:
        above = sa.select(
            closure.c.ancestor_id,
            sa.bindparam("unit", unit, type_=closure.c.descendant_id.type),
            closure.c.depth + 1,
        ).where(closure.c.descendant_id == parent)
        tx.execute(sa.insert(closure).from_select(["ancestor_id", "descendant_id", "depth"], above))


def refuse_circle(tx: Transaction, unit: UUID, parent: UUID | None) -> None:
    """Refuse to place a unit below itself.

    Raises:
        ConflictError: it would make a circle (COR-E6).
    """
    if parent is None:
        return
    closure = UnitClosure.__table__.c
    inside = sa.select(closure.depth).where(closure.ancestor_id == unit, closure.descendant_id == parent)
    if tx.fetch(inside):
        problem = Problem("parent", "rule", "would make a cycle")
        raise ConflictError("a unit cannot be placed below itself: it would make a cycle", fields=[problem])


def move_unit(tx: Transaction, unit: UUID, parent: UUID | None) -> None:
    """Hang a unit with everything below it under another parent; no record is touched."""
    closure = UnitClosure.__table__
    if tx.dialect == "postgresql":
        tx.run("LOCK TABLE crm_unit_closure IN SHARE ROW EXCLUSIVE MODE")
    refuse_circle(tx, unit, parent)
    up, down = closure.alias("up"), closure.alias("down")
    outside = sa.select(up.c.ancestor_id).where(up.c.descendant_id == unit, up.c.ancestor_id != unit)
    inside = sa.select(down.c.descendant_id).where(down.c.ancestor_id == unit)
    tx.execute(
        sa.delete(closure).where(closure.c.ancestor_id.in_(outside), closure.c.descendant_id.in_(inside))
    )
    if parent is not None:
        joined = (
            sa.select(up.c.ancestor_id, down.c.descendant_id, up.c.depth + down.c.depth + 1)
            .select_from(up.join(down, sa.true()))
            .where(up.c.descendant_id == parent, down.c.ancestor_id == unit)
        )
        tx.execute(sa.insert(closure).from_select(["ancestor_id", "descendant_id", "depth"], joined))


def follow(tx: Transaction, user: UUID, unit: UUID) -> None:
    """A person moved to another unit and takes all records along: their unit is rewritten."""
    for cls in tx.crm.records():
        pairs = cls.__scope__.pairs if cls.__scope__ is not None else ()
        table = cls.__table__
        for owner, place in (OWN_PAIR, PARENT_PAIR):
            if (owner, place) in pairs:
                tx.execute(
                    sa.update(table).where(table.c[f"{owner}_id"] == user).values({f"{place}_id": unit})
                )
    forget_places(tx)


def carry(tx: Transaction, entity: str, id: UUID, pair: Sequence[Ref[Any] | None]) -> None:
    """A record went to another parent: all that is seen through it takes over the new root's owner.

    `pair` is the owner and the unit at the root.
    """
    forget_places(tx)
    for cls in tx.crm.records():
        policy = cls.__scope__
        for at, name in enumerate(policy.links if isinstance(policy, Through) else ()):
            if cls.__specs__[name].target != entity:
                continue
            table = cls.__table__
            column, *before = (table.c[cls.__specs__[link].columns[0]] for link in (name, *policy.links[:at]))
            # Of several links the first that is set names the parent.
            where = sa.and_(column == id, *(one.is_(None) for one in before))
            below = keys(tx.fetch(sa.select(table.c.id).where(where)))
            values = dict(zip((f"{part}_id" for part in PARENT_PAIR), pair, strict=True))
            if below:
                tx.execute(sa.update(table).where(where).values(values))
            for one in below:
                carry(tx, cls.__name__, one, pair)


def catch_up(tx: Transaction, classes: Sequence[Any]) -> None:
    """Copy the owners and units anew for classes whose plugin was away while people and records moved.

    `classes` come in the order of loading: what others are seen through stands before them, or is one of
    them and is copied once more.
    """
    waiting = [cls for cls in classes if cls.__scope__ is not None and cls.__scope__.pairs]
    for cls in waiting:
        if OWN_PAIR in cls.__scope__.pairs:
            table, user = cls.__table__, User.__table__
            home = sa.select(user.c.home_unit_id).where(user.c.id == table.c.owner_id).scalar_subquery()
            tx.execute(sa.update(table).where(table.c.owner_id.is_not(None)).values(owner_unit_id=home))
    # A child of a child of one plugin takes as many rounds as it stands deep.
    below = [cls for cls in waiting if isinstance(cls.__scope__, Through)]
    for _ in below:
        for cls in below:
            _copy_parents(tx, cls)


def _copy_parents(tx: Transaction, cls: Any) -> None:
    table = cls.__table__
    found: dict[str, list[tuple[Any, Any]]] = {part: [] for part in PARENT_PAIR}
    for link in cls.__scope__.links:
        spec = cls.__specs__[link]
        parent = tx.crm.record(spec.target)
        above, column = parent.__table__.alias(f"up_{link}"), table.c[spec.columns[0]]
        pair = PARENT_PAIR if PARENT_PAIR in parent.__scope__.pairs else OWN_PAIR
        for part, source in zip(PARENT_PAIR, pair, strict=True):
            copied = sa.select(above.c[f"{source}_id"]).where(above.c.id == column).scalar_subquery()
            found[part].append((column.is_not(None), copied))
    # Of several links the first that is set names the parent.
    values = {f"{part}_id": sa.case(*cases, else_=sa.null()) for part, cases in found.items()}
    tx.execute(sa.update(table).values(values))


def forget_places(tx: Transaction) -> None:
    """Owners and units that the session has read before are to be read again."""
    for memo in [one for one in tx.memo if isinstance(one, tuple) and one[0] in ("home", "place", "new")]:
        del tx.memo[memo]


def is_empty(tx: Transaction, unit: UUID) -> bool:
    """Whether no unit lies below this one."""
    table = OrgUnit.__table__.c
    below: Any = tx.fetch(sa.select(table.id).where(table.parent_id == unit, table.archived_at.is_(None)))
    return not below
