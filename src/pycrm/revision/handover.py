"""Handing over all that a person owns, seeing it beforehand, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import OWN_PAIR, Owned, Private, Through
from pycrm.declare.row import layout
from pycrm.entities.customer import Customer, OwnershipInterval
from pycrm.entities.handover import (
    UNDONE_WITHIN,
    Handover,
    HandoverCount,
    HandoverLine,
    HandoverPreview,
    HandoverReceiver,
    HandoverState,
    HandoverUndo,
)
from pycrm.entities.opportunity import Opportunity
from pycrm.entities.org import Action, User
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, Problem, StaleError
from pycrm.revision.add import add_all
from pycrm.revision.division import customer_taker, rest_of
from pycrm.revision.guard import guarded_update, stamp
from pycrm.revision.log import jsonable, note, revision_id
from pycrm.revision.model import ChangeRow
from pycrm.revision.owner import may_assign
from pycrm.revision.place import check_links, user_of, user_place
from pycrm.revision.rows import id_of
from pycrm.revision.transfer import Transfer, passing, within
from pycrm.scope.actor import bounds, unkey
from pycrm.scope.children import derived_write, with_children
from pycrm.scope.fields import field_rights, whole
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.organisation import forget_places
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["hand_over", "preview", "undo"]

_LEAST_REASON = 5
_LISTED = 100


class Plan:
    """What a handover would do: the giver, who takes what, and the transfer that follows."""

    def __init__(self, tx: Transaction, giver: Any, to: Any) -> None:
        self.tx = tx
        if all(bounds(tx.actor, cls, Action.ASSIGN).nothing for cls in passing(tx)):
            raise ForbiddenError("handing over is not granted")
        self.giver = user_of(tx, giver, "giver")
        self.rows = _receivers(tx, to)
        self.rest = rest_of(self.rows)
        takers = {row.receiver.id: user_place(tx, row.receiver.id) for row in self.rows}
        if self.giver.id in takers:
            wrong = Problem("receivers", "rule", "nobody hands over to themselves")
            raise InvalidError(wrong.message, fields=[wrong])
        self.transfer = Transfer(
            *(tx, (self.giver.id,), takers, self._chosen, self._root_taker, self.rest, False)
        )
        self.transfer.is_whole = len(takers) == 1 and self.rest is not None and self._moves_all_roots()

    def _chosen(self, cls: Any) -> Any:
        return cls.__table__.c.owner_id == id_of(self.giver.id)

    def _root_taker(self, cls: Any) -> Any:
        if cls is Customer:
            return self._customer_taker
        return None if self.rest is None else id_of(self.rest)

    @cached_property
    def _customer_taker(self) -> Any:
        return customer_taker(self.tx, self.rows, self.transfer.going(Customer))

    def _moves_all_roots(self) -> bool:
        """Whether nothing that others are seen through stays behind, in sight or not."""
        for cls in self.tx.crm.records():
            links = cls.__scope__.links if isinstance(cls.__scope__, Through) else ()
            above = [self.tx.crm.record(cls.__specs__[name].target) for name in links]
            if any(OWN_PAIR in one.__scope__.pairs and not one.__scope__.passes_on for one in above):
                return False
        for cls in passing(self.tx):
            if isinstance(cls.__scope__, Owned):
                reach = within(self.tx, cls, Action.ASSIGN, Action.READ)
                stays = sa.and_(self._chosen(cls), reach.is_not(sa.true()))
                if self.tx.fetch(sa.select(cls.__table__.c.id).where(stays).limit(1)):
                    return False
        return True

    def lines(self) -> tuple[HandoverLine, ...]:
        """What would move, counted."""
        return tuple(line for cls in passing(self.tx) for line in self._lines(cls))

    def _lines(self, cls: Any) -> Iterable[HandoverLine]:
        table, taker = cls.__table__.c, self.transfer.taker(cls)
        closed = field_rights(self.tx, cls).closed
        stages = (table[name] for name in ("stage", "state") if name in table and name not in closed)
        stage: Any = next(stages, sa.null())
        money = cls is Opportunity and "amount" not in closed
        columns = [(sa.null() if taker is None else taker).label("taker"), stage.label("stage")]
        columns += [table.amount_currency.label("currency"), table.amount.label("units")] if money else []
        # Counted outside, since parameters make two expressions of one.
        inner = sa.select(*columns).where(self.transfer.going(cls)).subquery()
        by = [inner.c[name] for name in ("taker", "stage", "currency") if name in inner.c]
        amount = sa.func.sum(inner.c.units) if money else sa.null()
        found: dict[tuple[Any, Any], list[Any]] = {}
        for to, at, *rest, number, units in self.tx.fetch(
            sa.select(*by, sa.func.count(), amount).group_by(*by).order_by(*by)
        ):
            held = found.setdefault((unkey(to), at), [0, []])
            held[0] += number
            held[1] += [Money.minor(int(units), rest[0])] if rest and rest[0] is not None else []
        for (to, at), (number, sums) in found.items():
            receiver: Ref[Any] | None = None if to is None else Ref("User", to)
            yield HandoverLine(cls.__name__, at, receiver, number, tuple(sums))

    def preview(self) -> HandoverPreview:
        """Counts, and what stands in the way."""
        lines = self.lines()
        far = {
            line.receiver.id
            for line in lines
            if line.receiver is not None
            and not may_assign(
                self.tx, self.tx.crm.record(line.entity), self.transfer.takers[line.receiver.id]
            )
        }
        return HandoverPreview(
            giver=self.giver,
            lines=lines,
            refused=_refused(self.transfer),
            out_of_reach=tuple(Ref("User", id) for id in self.transfer.takers if id in far),
            private=tuple(
                cls.__name__ for cls in self.tx.crm.records() if isinstance(cls.__scope__, Private)
            ),
        )

    def refuse_impossible(self, preview: HandoverPreview) -> None:
        """Raise what stands in the way; nothing was written."""
        if not preview.lines and not preview.refused:
            raise ConflictError("there is nothing to hand over")
        _refuse_unassignable(preview.refused)
        if preview.out_of_reach:
            data = {"receivers": [str(one.id) for one in preview.out_of_reach]}
            raise ForbiddenError("handing records to this person is not granted", data=data)
        nobody = [line for line in preview.lines if line.receiver is None]
        if nobody:
            counts: dict[str, int] = {}
            for line in nobody:
                counts[line.entity] = counts.get(line.entity, 0) + line.count
            missing = Problem("receivers", "required", "some records have no receiver")
            listed = {"counts": counts, "records": self._without_taker(list(counts))}
            raise InvalidError(missing.message, fields=[missing], data=listed)

    def _without_taker(self, names: list[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for cls in map(self.tx.crm.record, names):
            taker, table = self.transfer.taker(cls), cls.__table__.c
            nobody = sa.true() if taker is None else taker.is_(None)
            statement = sa.select(table.id).where(self.transfer.going(cls), nobody).order_by(table.id)
            found[cls.__name__] = [str(unkey(row[0])) for row in self.tx.fetch(statement.limit(_LISTED))]
        return found


def _receivers(tx: Transaction, to: Any) -> tuple[HandoverReceiver, ...]:
    if isinstance(to, HandoverReceiver):
        to = (to,)
    if not isinstance(to, Sequence) or isinstance(to, str):
        return (HandoverReceiver(receiver=user_of(tx, to, "receivers/0/receiver")),)
    for at, row in enumerate(to):
        if not isinstance(row, HandoverReceiver):
            wrong = Problem(f"receivers/{at}", "type", "expected a HandoverReceiver")
            raise InvalidError(wrong.message, fields=[wrong])
        row.check(tx.moment)
        check_links(tx, row)
    return tuple(to)


def _refused(transfer: Transfer) -> Mapping[str, int]:
    tx, found = transfer.tx, {}
    for cls in passing(tx):
        table = cls.__table__
        statement = sa.select(sa.func.count()).select_from(table).where(transfer.refused(cls))
        number = int(tx.fetch(statement)[0][0])
        if number:
            found[cls.__name__] = number
    return MappingProxyType(found)


def _refuse_unassignable(refused: Mapping[str, int]) -> None:
    if refused:
        raise ForbiddenError("assigning some of these records is not granted", data={"counts": dict(refused)})


def _reason(because: Any) -> str:
    if not isinstance(because, str) or len(because.strip()) < _LEAST_REASON:
        short = Problem("because", "required", f"a reason of at least {_LEAST_REASON} characters")
        raise InvalidError("a handover needs a reason", fields=[short])
    return because


def preview(tx: Transaction, giver: Any, to: Any) -> HandoverPreview:
    """See `Session.preview_handover`."""
    return Plan(tx, giver, to).preview()


def hand_over(tx: Transaction, giver: Any, to: Any, because: Any) -> Handover:
    """See `Session.hand_over`."""
    reason = _reason(because)
    plan = Plan(tx, giver, to)
    seen = plan.preview()
    plan.refuse_impossible(seen)
    made = _entered(tx, plan, seen, reason)
    _carry_out(plan.transfer, "hand_over", _by_entity(seen.lines))
    return made


def _by_entity(lines: Iterable[HandoverLine]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        found[line.entity] = found.get(line.entity, 0) + line.count
    return found


def _carry_out(transfer: Transfer, act: str, expected: dict[str, int]) -> None:
    moved = transfer.carry_out(act)
    forget_places(transfer.tx)
    if moved != expected:
        raise StaleError("records changed hands while they were handed over; try again")


def _entered(tx: Transaction, plan: Plan, seen: HandoverPreview, reason: str) -> Handover:
    """The record of the handover: the first receiver's, in the giver's unit."""
    counts = [
        HandoverCount(entity=line.entity, stage=line.stage, receiver=line.receiver, count=line.count)
        for line in seen.lines
        if line.receiver is not None
    ]
    draft = Handover(giver=plan.giver, receivers=plan.rows, reason=reason, counts=counts)
    tx.memo["handover"] = {
        "state": HandoverState.DONE,
        "revision": revision_id(tx),
        "done_at": tx.moment,
        "undone_at": None,
    }
    try:
        made = add_all(tx, [draft], [Ref("User", plan.rest or plan.rows[0].receiver.id)])[0]
    finally:
        del tx.memo["handover"]
    home = _home(tx, plan.giver.id)
    derived_write(tx, Handover, made.id, owner_unit=home)
    table = OwnershipInterval.__table__
    tx.execute(sa.update(table).where(table.c.record_id == made.id).values(unit_id=home))
    return layout(Handover).copy(made, {"owner_unit": Ref("OrgUnit", home)})  # type: ignore[no-any-return]


def _home(tx: Transaction, user: UUID) -> UUID:
    table = User.__table__.c
    found = unkey(tx.fetch(sa.select(table.home_unit_id).where(table.id == user))[0][0])
    assert found is not None
    return found


class Return:
    """What of a handover has not changed since, and so goes back."""

    def __init__(self, tx: Transaction, handover: Handover) -> None:
        self.tx = tx
        self.revision, self.giver = handover.revision, handover.giver.id
        givers = tuple({count.receiver.id for count in handover.counts})
        takers = {self.giver: user_place(tx, self.giver)}
        self.transfer = Transfer(
            tx, givers, takers, self._unchanged, lambda cls: id_of(self.giver), self.giver
        )

    def _moved(self, cls: Any, *further: Any) -> Any:
        """The rows that the handover moved."""
        change, row = ChangeRow.__table__.c, cls.__table__
        return (
            sa.exists()
            .where(
                change.record_id == row.c.id,
                change.entity == cls.__name__,
                change.revision_id == id_of(self.revision),
                *further,
            )
            .correlate(row)
        )

    def _unchanged(self, cls: Any) -> Any:
        row = cls.__table__.c
        same = sa.and_(
            row.owner_id.in_([id_of(giver) for giver in self.transfer.givers]),
            self._moved(cls, ChangeRow.__table__.c.version == row.version),
        )
        if isinstance(cls.__scope__, Owned):
            return same
        # What belongs to a record that stays is of no use without it.
        stays = self.transfer.at_root(cls, self._stays)
        return same if stays is None else sa.and_(same, sa.func.coalesce(stays, 0) == 0)

    def _stays(self, root: Any) -> Any:
        if not root.__scope__.passes_on:
            return None
        return sa.case((sa.and_(self._moved(root), self.transfer.going(root).is_not(sa.true())), 1), else_=0)

    def count(self) -> dict[str, int]:
        """How many records go back, by kind."""
        found = {}
        for cls in passing(self.tx):
            statement = sa.select(sa.func.count()).select_from(cls.__table__).where(self.transfer.going(cls))
            found[cls.__name__] = int(self.tx.fetch(statement)[0][0])
        return {name: number for name, number in found.items() if number}

    def kept(self) -> Iterable[Ref[Any]]:
        """The records in sight that do not go back."""
        for cls in passing(self.tx):
            table = cls.__table__.c
            stays = self.transfer.going(cls).is_not(sa.true())
            seen = within(self.tx, cls, Action.READ)
            statement = sa.select(table.id).where(self._moved(cls), stays, seen).order_by(table.id)
            for row in self.tx.fetch(statement):
                found = unkey(row[0])
                assert found is not None
                yield Ref(cls.__name__, found)


def undo(tx: Transaction, handover: Handover, because: Any) -> HandoverUndo:
    """See `Session.undo_handover`."""
    _reason(because)
    current = fetch_one(tx, Handover, handover.id)
    if current is None:
        raise not_found(Handover)
    if current.state is not HandoverState.DONE:
        raise ConflictError("the handover is undone already")
    if tx.moment > current.done_at + UNDONE_WITHIN:
        until = (current.done_at + UNDONE_WITHIN).isoformat()
        raise ConflictError("a handover is undone within 7 days", data={"until": until})
    with whole(tx):
        back = Return(tx, with_children(tx, [fetch_one(tx, Handover, handover.id)])[0])
    _refuse_unassignable(_refused(back.transfer))
    returned = back.count()
    home = back.transfer.takers[back.giver]
    if not all(may_assign(tx, tx.crm.record(name), home) for name in returned):
        raise ForbiddenError("handing records to this person is not granted")
    kept = tuple(back.kept())
    _carry_out(back.transfer, "undo_handover", returned)
    return HandoverUndo(_marked_undone(tx, handover), MappingProxyType(returned), kept)


def _marked_undone(tx: Transaction, handover: Handover) -> Handover:
    values = {"state": HandoverState.UNDONE, "undone_at": tx.moment}
    made = layout(Handover).copy(handover, values | stamp(tx, handover))
    guarded_update(tx, handover, made, values)
    specs = Handover.__specs__
    pairs = {
        name: [jsonable(specs[name], getattr(handover, name)), jsonable(specs[name], value)]
        for name, value in values.items()
    }
    note(tx, made, "undo_handover", pairs)
    return made  # type: ignore[no-any-return]
