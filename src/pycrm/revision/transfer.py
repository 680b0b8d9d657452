"""Passing sets of records from hand to hand: one UPDATE a table, with history and ownership."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from pycrm.declare.policy import PARENT_PAIR, Owned, Through
from pycrm.declare.raw import RawInstant, to_text
from pycrm.entities.customer import OwnershipInterval
from pycrm.entities.org import Action
from pycrm.errors import InvalidError
from pycrm.revision.rows import change_row, id_of, noting, stamps
from pycrm.scope.predicate import renamed, scope_of

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Transfer", "case_of", "hold", "passing", "within"]

Condition = ColumnElement[bool]
_INTERVAL = ("entity", "record_id", "user_id", "unit_id", "since", "by_id", "reason")
_LONGEST_REASON = 400


def passing(tx: Transaction) -> list[Any]:
    """The classes whose records pass from hand to hand.

    What is private stays with its writer, and a handover with whom it concerned.
    """
    return [cls for cls in tx.crm.records() if cls.__scope__.passes_on]


def within(tx: Transaction, cls: Any, *actions: str) -> Condition:
    """The rows of a class in the actor's reach for all of these actions."""
    found: list[Any] = [sa.true()]
    for action in actions:
        scope = scope_of(tx, cls, action)
        if scope.nothing:
            return sa.false()
        if scope.where is not None:
            # Several scopes in one statement must not share the names of their parameters.
            found.append(renamed(scope.where, f"{cls.__tablename__}_{action}_"))
    return sa.and_(*found)


def case_of(value: Any, results: Mapping[UUID, Any], otherwise: Any = None) -> Any:
    """The result that belongs to the id that an expression gives."""
    whens = {id: sa.literal(found) if isinstance(found, str) else found for id, found in results.items()}
    return sa.case(*((value == id_of(id), found) for id, found in whens.items()), else_=otherwise)


@attrs.define(eq=False)
class Transfer:
    """Which records go from whom to whom.

    Args:
        givers: whose they are now.
        takers: who may get them, with the unit of each.
        chosen: the condition on rows that are meant to go; reach comes on top.
        root_taker: who gets a row of a class that has no parent: an expression, or None.
        rest: who gets what goes with no parent; None where nobody is named.
        is_whole: everything goes to one person, so that no row need ask its parent.
    """

    tx: Transaction
    givers: tuple[UUID, ...]
    takers: Mapping[UUID, UUID]
    chosen: Callable[[Any], Condition]
    root_taker: Callable[[Any], Any]
    rest: UUID | None
    is_whole: bool = False

    def going(self, cls: Any) -> Condition:
        """The rows that go: chosen, readable, and the actor's to assign."""
        return sa.and_(self.chosen(cls), within(self.tx, cls, Action.ASSIGN, Action.READ))

    def refused(self, cls: Any) -> Condition:
        """The chosen rows that the actor sees and may not assign."""
        reach = within(self.tx, cls, Action.ASSIGN)
        return sa.and_(self.chosen(cls), within(self.tx, cls, Action.READ), reach.is_not(sa.true()))

    def taker(self, cls: Any) -> Any:
        """Who gets a row that goes, as an expression; None where nobody ever does."""
        if self.rest is not None and len(self.takers) == 1:
            return id_of(self.rest)
        if isinstance(cls.__scope__, Owned):
            return self.root_taker(cls)
        root, rest = self._new_root_owner(cls), None if self.rest is None else id_of(self.rest)
        return rest if root is None else root if rest is None else sa.func.coalesce(root, rest)

    def at_root(self, cls: Any, leaf: Callable[[Any], Any], path: tuple[Any, ...] = ()) -> Any:
        """What `leaf` says of the record through which a row is seen; None where it never says anything."""
        policy = cls.__scope__
        if not isinstance(policy, Through):
            return leaf(cls) if isinstance(policy, Owned) else None
        if cls in path:
            raise InvalidError(f"{cls.__name__} is seen through itself: hand everything over to one person")
        table, options, known = cls.__table__.c, [], False
        for name in policy.links:
            spec = cls.__specs__[name]
            parent = self.tx.crm.record(spec.target)
            value, column = self.at_root(parent, leaf, (*path, cls)), table[spec.columns[0]]
            known = known or value is not None
            above = parent.__table__
            found = sa.select(value).select_from(above).where(above.c.id == column).correlate(cls.__table__)
            # Of several links the first that is set names the parent.
            options.append((column.is_not(None), sa.null() if value is None else found.scalar_subquery()))
        return sa.case(*options) if known else None

    def _new_root_owner(self, cls: Any) -> Any:
        def leaf(root: Any) -> Any:
            # What stays with its owner keeps what is seen through it.
            taker = self.taker(root) if root.__scope__.passes_on else None
            return None if taker is None else sa.case((self.going(root), taker))

        return self.at_root(cls, leaf)

    def _unit_of(self, taker: Any, otherwise: Any = None) -> Any:
        if otherwise is None and len(self.takers) == 1:
            return id_of(next(iter(self.takers.values())))
        return case_of(taker, {id: id_of(unit) for id, unit in self.takers.items()}, otherwise)

    # --- doing it ------------------------------------------------------------------------------

    def carry_out(self, act: str) -> dict[str, int]:
        """Move everything, and return how many records of each class went."""
        if not self.givers:
            return {}
        classes = passing(self.tx)
        moved = {cls.__name__: self._move(cls, act) for cls in classes if isinstance(cls.__scope__, Through)}
        self.rewrite_copies()
        # Rows ask the record at their root where it goes, so the roots come last.
        moved |= {cls.__name__: self._move(cls, act) for cls in classes if isinstance(cls.__scope__, Owned)}
        return {name: number for name, number in moved.items() if number}

    def rewrite_copies(self) -> None:
        """Give what others own, or nobody by itself, the new owner at its root."""
        for cls in self.tx.crm.records():
            if PARENT_PAIR not in cls.__scope__.pairs:
                continue
            table, root = cls.__table__, self._copied_owner(cls)
            if root is None:
                continue
            held = table.c.parent_owner_id.in_([id_of(giver) for giver in self.givers])
            held = held if self.is_whole else sa.and_(held, root.is_not(None))
            values = {"parent_owner_id": root, "parent_unit_id": self._unit_of(root)}
            self.tx.execute(sa.update(table).where(held).values(values))

    def _copied_owner(self, cls: Any) -> Any:
        return id_of(self.rest) if self.is_whole else self._new_root_owner(cls)

    def _move(self, cls: Any, act: str) -> int:
        taker = self.taker(cls)
        if taker is None:
            return 0
        if isinstance(cls.__scope__, Owned):
            return self._write(cls, act, taker, {})
        return self._write(cls, act, taker, self._copies(cls))

    def _copies(self, cls: Any) -> dict[str, Any]:
        """What a row that goes itself holds of its root's owner."""
        table, root = cls.__table__.c, self._copied_owner(cls)
        if root is None:
            return {}
        if self.is_whole:
            held = table.parent_owner_id.in_([id_of(giver) for giver in self.givers])
            values = {"parent_owner_id": root, "parent_unit_id": self._unit_of(root)}
            return {name: sa.case((held, value), else_=table[name]) for name, value in values.items()}
        return {
            "parent_owner_id": sa.func.coalesce(root, table.parent_owner_id),
            "parent_unit_id": self._unit_of(root, table.parent_unit_id),
        }

    def _write(self, cls: Any, act: str, taker: Any, copies: dict[str, Any]) -> int:
        write = _write_at_once if self.tx.dialect == "postgresql" else _write_in_turn
        return write(self, cls, act, taker, copies)

    def values(self, cls: Any, taker: Any) -> dict[str, Any]:
        """The columns of a row that goes, besides the copies."""
        return {
            "owner_id": taker,
            "owner_unit_id": self._unit_of(taker),
            **stamps(self.tx, cls),
        }

    def noted(self, before: Any, after: Any) -> Any:
        """The text of a change row: the owner before and after."""
        pairs = {
            (giver, taker): to_text({"owner": [str(giver), str(taker)]})
            for giver in self.givers
            for taker in self.takers
        }
        if len(pairs) == 1:
            return sa.literal(next(iter(pairs.values())))
        if len(self.givers) == 1:
            return case_of(after, {taker: text for (_, taker), text in pairs.items()})
        return case_of(before, {giver: text for (giver, _), text in pairs.items()})


def hold(tx: Transaction, cls: Any, id: UUID, owner: UUID, unit: UUID) -> None:
    """End the ownership of one record and begin the next."""
    tx.execute(_closing(tx, cls).where(OwnershipInterval.__table__.c.record_id == id))
    tx.execute(_opening(tx, sa.select(*_interval(tx, cls, *map(id_of, (id, owner, unit)))).where(sa.true())))


def _interval(tx: Transaction, cls: Any, row: Any, owner: Any, unit: Any) -> list[Any]:
    """The columns of the ownership that begins, in the order of `_INTERVAL`."""
    now = sa.bindparam(None, tx.moment, type_=RawInstant(), unique=True)
    said = sa.literal((tx.memo.get("reason") or "assigned")[:_LONGEST_REASON])
    return [sa.literal(cls.__name__), row, owner, unit, now, id_of(tx.actor.id), said]


def _opening(tx: Transaction, rows: Any) -> Any:
    """Begin the ownership of some rows; one that begins at the very same moment was none."""
    # A dialect is imported by who works on it: both would cost every start-up.
    insert: Any = import_module(f"sqlalchemy.dialects.{tx.dialect}").insert
    made = insert(OwnershipInterval.__table__).from_select(list(_INTERVAL), rows)
    replaced = {name: made.excluded[name] for name in ("user_id", "unit_id", "by_id", "reason")}
    return made.on_conflict_do_update(
        index_elements=["record_id", "since"], set_=replaced | {"until": sa.null()}
    )


def _closing(tx: Transaction, cls: Any) -> Any:
    table = OwnershipInterval.__table__
    now = sa.bindparam(None, tx.moment, type_=RawInstant(), unique=True)
    ends = sa.and_(table.c.entity == cls.__name__, table.c.until.is_(None), table.c.since < now)
    return sa.update(table).where(ends).values(until=now)


def _write_in_turn(transfer: Transfer, cls: Any, act: str, taker: Any, copies: dict[str, Any]) -> int:
    """On SQLite nobody else writes meanwhile: statement after statement, the rows themselves last."""
    tx, table, going = transfer.tx, cls.__table__, transfer.going(cls)
    text = transfer.noted(table.c.owner_id, taker)
    note = change_row(tx, cls, act, table.c.id, table.c.version + 1, text)
    number = tx.execute(noting(sa.select(*note).select_from(table).where(going)))
    if not number:
        return 0
    held = sa.select(table.c.id).where(going)
    tx.execute(_closing(tx, cls).where(OwnershipInterval.__table__.c.record_id.in_(held)))
    values = transfer.values(cls, taker)
    begun = _interval(tx, cls, table.c.id, values["owner_id"], values["owner_unit_id"])
    tx.execute(_opening(tx, sa.select(*begun).select_from(table).where(going)))
    tx.execute(sa.update(table).where(going).values(values | copies))
    return number


def _write_at_once(transfer: Transfer, cls: Any, act: str, taker: Any, copies: dict[str, Any]) -> int:
    """On PostgreSQL others write meanwhile: one statement, so that all parts mean the same rows."""
    tx, table = transfer.tx, cls.__table__
    new = transfer.values(cls, taker) | copies
    # What is the same for every row is set as it is; what is asked of the row is asked once.
    asked = {
        name: value
        for name, value in new.items()
        if name.endswith("_id") and not isinstance(value, sa.BindParameter)
    }
    old = (
        sa.select(table.c.id, table.c.owner_id.label("before"), *_labelled(asked.items()))
        .where(transfer.going(cls))
        .with_for_update(of=table)
        .cte("old")
    )
    given = {name: old.c[f"new_{name}"] for name in asked}
    moved = (
        sa.update(table)
        .where(table.c.id == old.c.id)
        .values(new | given)
        .returning(table.c.id, table.c.version, table.c.owner_id, table.c.owner_unit_id, old.c.before)
        .cte("moved")
    )
    begun = _interval(tx, cls, moved.c.id, moved.c.owner_id, moved.c.owner_unit_id)
    opened = _opening(tx, sa.select(*begun).select_from(moved)).cte("opened")
    closed = _closing(tx, cls).where(OwnershipInterval.__table__.c.record_id == moved.c.id).cte("closed")
    text = transfer.noted(moved.c.before, moved.c.owner_id)
    note = sa.select(*change_row(tx, cls, act, moved.c.id, moved.c.version, text)).select_from(moved)
    return tx.execute(noting(note).add_cte(opened, closed))


def _labelled(values: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    for name, value in values:
        yield value.label(f"new_{name}")
